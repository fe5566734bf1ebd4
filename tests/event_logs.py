"""Logs that no chain emitted, and the tables they decode to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
from hypothesis import strategies as st

from aztec_butler.core import columns, events
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.events_fields import event_fields, record_names
from aztec_butler.core.logs import RawLog

ROLLUP, OTHER_ROLLUP, GSE, TOKEN, SOMEBODY, NOBODY = (
    "0x" + f"{number:040d}" for number in (1, 2, 3, 4, 77, 0)
)
TIME = 1_780_272_000


def block_hash(number: int, chain: int = 0) -> str:
    """Of a block; chains differ in the first byte."""
    return f"0x{chain:02x}{number:062x}"


def log(
    record: str,
    block: int,
    index: int = 0,
    *,
    address: str = ROLLUP,
    chain: int = 0,
    timed: bool = True,
    **values,
) -> RawLog:
    """The raw log of an event; values that are not named are zero or empty."""
    kind = getattr(events, record)
    given = {field.name: zero(field.type) for field in event_fields(kind.event)} | values
    position = events.Position(
        address=address,
        block_number=block,
        block_hash=block_hash(block, chain),
        transaction_hash=f"0x{block:060x}{index:04x}",
        transaction_index=index,
        log_index=index,
        block_timestamp=TIME + 12 * block if timed else None,
    )
    return events.encode(kind(position=position, **given))


def slashed(block: int, index: int = 0, amount: int = 10**18, **options) -> RawLog:
    """Somebody was slashed."""
    return log("RollupSlashed", block, index, attester=SOMEBODY, amount_wei=amount, **options)


def tables(logs: Iterable[RawLog], roles: Mapping[str, str] | str = "rollup") -> dict[str, pa.Table]:
    """Logs as columns, by record."""
    return dict(columns.decode(logs, roles).tables)


def role_of(record: str) -> str:
    """The role whose event it is."""
    return record_names()[record][0]


def zero(of):
    """The smallest value of an ABI type."""
    if isinstance(of, Array):
        return (zero(of.item),) * (of.size or 0)
    if isinstance(of, Tuple):
        return tuple(zero(component) for component in of.components)
    if of.name == "address":
        return NOBODY
    if of.name == "string":
        return ""
    if of.name == "bool":
        return False
    return bytes(getattr(of, "size", 0)) if of.name.startswith("bytes") else 0


def value_of(of):
    """Any value of an ABI type, for hypothesis."""
    if isinstance(of, Array):
        return st.lists(value_of(of.item), max_size=3).map(tuple)
    if isinstance(of, Tuple):
        return st.tuples(*map(value_of, of.components))
    if of.name == "address":
        return st.sampled_from([ROLLUP, OTHER_ROLLUP, SOMEBODY, NOBODY])
    if of.name == "bool":
        return st.booleans()
    if of.name == "bytes":
        return st.binary(max_size=70)
    if of.name.startswith("bytes"):
        return st.binary(min_size=of.size, max_size=of.size)
    return st.sampled_from([0, 1, 2**of.bits - 1]) | st.integers(0, 2**of.bits - 1)
