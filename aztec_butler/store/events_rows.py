"""What has to hold of logs before they are stored."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from aztec_butler.core.errors import InputError
from aztec_butler.core.events import check_role
from aztec_butler.core.events_fields import record_names
from aztec_butler.core.hexes import parse_address
from aztec_butler.store.events_arrays import numbers
from aztec_butler.store.events_schema import ColumnsError, check_events, wide_columns

_HASH = re.compile("0x[0-9a-f]{64}")


def checked_contracts(contracts: Mapping[str, str]) -> dict[str, str]:
    """The roles by checksummed address.

    Raises:
        InputError: no address, no such role.
    """
    for role in contracts.values():
        check_role(role)
    return {parse_address(address): role for address, role in contracts.items()}


def checked_hash(value: Any, name: str) -> str:
    """A block's hash, in lower case.

    Raises:
        InputError: it is none.
    """
    if not isinstance(value, str) or not _HASH.fullmatch(value.lower()):
        raise InputError(f"a {name} is 0x and 64 hex digits", value=value)
    return value.lower()


def check_range(first_block: Any, last_block: Any) -> None:
    """Refuse a range that is none."""
    for name, block in (("first_block", first_block), ("last_block", last_block)):
        if isinstance(block, bool) or not isinstance(block, int) or not 0 <= block < 2**63:
            raise InputError("a block number is a whole number from 0", name=name, value=block)
    if first_block > last_block:
        raise InputError("the first block is after the last", first_block=first_block, last_block=last_block)


def check_tables(
    tables: Mapping[str, pa.Table],
    contracts: Mapping[str, str],
    names: Collection[str],
    first_block: int,
    last_block: int,
    last_block_hash: str,
) -> None:
    """Refuse tables that are not all logs of these events of these contracts in this range, in their order.

    Raises:
        InputError: with the event and what is wrong.
    """
    check_events([*names, *tables])
    for event, table in tables.items():
        if event not in names:
            raise InputError("logs of an event that the commit is not about", event=event)
        role, _ = record_names()[event]
        _check(event, table, {address for address, has in contracts.items() if has == role}, role)
        if not len(table):
            continue
        blocks = numbers(table.column("block_number"))
        if blocks[0] < first_block or blocks[-1] > last_block:
            raise InputError(
                "logs outside the range of the commit",
                event=event,
                first_block=first_block,
                last_block=last_block,
                logs_from=int(blocks[0]),
                logs_to=int(blocks[-1]),
            )
        if blocks[-1] == last_block:
            found = "0x" + table.column("block_hash")[-1].as_py().hex()
            if found != last_block_hash:
                raise InputError(
                    "the last block of the commit has two hashes",
                    event=event,
                    block_number=last_block,
                    last_block_hash=last_block_hash,
                    hash_in_log=found,
                )


def _check(event: str, table: pa.Table, addresses: set[str], role: str) -> None:
    try:
        wide_columns(event, table.schema)
    except ColumnsError as error:
        raise InputError(
            "a table does not have the columns of its event", event=event, reason=error
        ) from None
    for name in table.column_names:
        if name != "block_timestamp" and table.column(name).null_count:
            raise InputError("a table has nulls where there are none", event=event, column=name)
    found = set(table.column("address").unique().cast(pa.string()).to_pylist())
    if not found <= addresses:
        raise InputError(
            "logs of a contract that the commit is not about, or that has another role",
            event=event,
            role=role,
            address=min(found - addresses),
        )
    blocks = numbers(table.column("block_number"))
    places = numbers(table.column("log_index"))
    later = (blocks[1:] > blocks[:-1]) | ((blocks[1:] == blocks[:-1]) & (places[1:] > places[:-1]))
    if not later.all():
        row = int(np.argmin(later)) + 1
        raise InputError(
            "logs out of order or twice",
            event=event,
            row=row,
            block_number=int(blocks[row]),
            log_index=int(places[row]),
        )
