"""Many raw logs to Arrow columns, without an object for each log.

::

    decoded = columns.decode(answers, "rollup")  # JSON text of eth_getLogs answers, tables of raw logs, or raw logs
    decoded.tables["RollupDeposit"]              # a pyarrow.Table

Types: addresses are dictionaries of checksummed text, amounts ``decimal128(38, 0)``, other numbers ``uint64``, words and
hashes ``fixed_size_binary(32)``, arrays lists. A column whose numbers do not all fit its type has the next wider one:
``decimal128(38, 0)``, then the 32 bytes as on the chain, never a float. Structs become one column for each field
(``public_key_in_g1_x``). Names are those of ``core.events``; every column of the event carries its ABI type and unit
as metadata.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import attrs
import numpy as np
import pyarrow as pa

from aztec_butler.core.abi import Event
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.abi_types import WORD, FixedBytes
from aztec_butler.core.columns_batch import UNTIMED, Batch, Octets, batches_of, joined
from aztec_butler.core.columns_frame import python_values, to_frame
from aztec_butler.core.columns_json import Answer, UnusualError, read_answer
from aztec_butler.core.columns_table import is_table, read_table
from aztec_butler.core.columns_words import (
    Body,
    address_column,
    arrow_field,
    binary_column,
    body_columns,
    number_column,
    word_column,
)
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import InputError
from aztec_butler.core.events import UndecodedLog, check_role, decode_log
from aztec_butler.core.events_fields import Field, event_fields, record_name
from aztec_butler.core.events_input import parse_log
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.logs import RawLog

__all__ = ["POSITION", "Decoded", "Decoder", "decode", "python_values", "to_frame"]

POSITION: Final = (
    "block_number",
    "transaction_index",
    "log_index",
    "block_timestamp",
    "block_hash",
    "transaction_hash",
    "address",
)
"""The columns that say where a log is. ``block_timestamp`` is null where a source does not tell it; so is ``block_hash``
where other extractors left it out."""


@attrs.frozen(kw_only=True, eq=False)
class Decoded:
    """Decoded logs.

    Args:
        tables: one for every event that was there, by the name of its record, in the order of the input.
        undecoded: logs that do not fit or are of no known event; always empty when decoded strictly.
    """

    tables: Mapping[str, pa.Table]
    undecoded: tuple[UndecodedLog, ...] = ()


def decode(logs: Any, role: str | Mapping[str, str], *, strict: bool = True) -> Decoded:
    """Raw logs to one table for each event.

    Args:
        logs: the JSON text of an ``eth_getLogs`` answer; a table of raw logs as other extractors make it (pyarrow,
            pandas, polars, an open ``pyarrow.parquet.ParquetFile``), see ``columns_table``; logs as
            ``events.decode_log`` takes them; or several of any of these.
        role: of the contract that emitted them, or the roles by address.
        strict: whether a log that cannot be decoded is an error; else it is set apart.

    Raises:
        InputError: no such role.
        DecodeError: as ``events.decode_log``; or an answer that holds no logs.
    """
    decoder = Decoder(role, strict=strict)
    decoder.add(logs)
    return decoder.finish()


class Decoder:
    """``decode`` for answers that arrive one by one; what is kept until the end is binary, a third of the JSON.

    Args:
        role: of the contract that emitted the logs, or the roles by address.
        strict: whether a log that cannot be decoded is an error; else it is set apart.
    """

    def __init__(self, role: str | Mapping[str, str], *, strict: bool = True) -> None:
        self._role = role if isinstance(role, str) else {parse_address(a): r for a, r in role.items()}
        for known in [self._role] if isinstance(self._role, str) else self._role.values():
            check_role(known)
        self._strict = strict
        self._groups: dict[tuple[str, Event], list[Batch]] = defaultdict(list)
        self._undecoded: list[UndecodedLog] = []

    def add_batches(self, batches: Iterable[Batch]) -> None:
        """Take more logs that are columns already, e.g. those of a ``LogPiece``."""
        self._sort(batch for batch in batches if len(batch))

    def add(self, logs: Any) -> None:
        """Read more logs; the same input as ``decode``."""
        if isinstance(logs, Answer | Batch) or is_table(logs):
            logs = [logs]
        elif isinstance(logs, str | Mapping | RawLog):
            raise InputError("expected the bytes of an answer or a list of logs", got=type(logs).__name__)
        loose: list[RawLog] = []
        for item in logs:
            batches: Iterable[Batch]
            if isinstance(item, Answer):
                batches = read_answer(item)
            elif isinstance(item, Batch):
                batches = [item]
            elif is_table(item):
                batches = read_table(item)
            else:
                loose.append(parse_log(item))
                continue
            self._sort(batches_of(loose))
            loose.clear()
            self._sort(batches)
        self._sort(batches_of(loose))

    def finish(self) -> Decoded:
        """Everything that was added, as tables."""
        tables = {}
        groups, self._groups = self._groups, defaultdict(list)
        for role, event in list(groups):
            table = self._table(role, event, joined(groups.pop((role, event))))
            if table is not None:
                tables[record_name(role, event)] = table
        undecoded, self._undecoded = tuple(self._undecoded), []
        return Decoded(tables=tables, undecoded=undecoded)

    def _sort(self, batches: Iterable[Batch]) -> None:
        """Each log to those of the same event."""
        for batch in batches:
            for part in _by_event(batch, by_address=not isinstance(self._role, str)):
                found = self._event_of(part)
                if found is None:
                    self._set_apart(part)
                else:
                    self._groups[found].append(part)

    def _event_of(self, batch: Batch) -> tuple[str, Event] | None:
        first = batch.first()
        role = self._role if isinstance(self._role, str) else self._role.get(first.address)
        if role is None or not first.topics:
            return None
        event = CONTRACTS[role].events_by_topic0.get(first.topics[0])
        if event is None or len(event.indexed) + 1 != len(first.topics):
            return None
        return role, event

    def _set_apart(self, batch: Batch) -> None:
        """Logs of no event: the decoder of single ones raises for them, or tells why they are set apart."""
        for log in batch.raw_logs():
            self._undecoded.append(cast(UndecodedLog, decode_log(log, self._role, strict=self._strict)))

    def _table(self, role: str, event: Event, batch: Batch) -> pa.Table | None:
        try:
            return _table(event, batch)
        except UnusualError:
            regular = self._regular(role, event, batch)
        return _table(event, regular) if regular is not None else None

    def _regular(self, role: str, event: Event, batch: Batch) -> Batch | None:
        """The logs that the decoder of single ones reads, their data laid out as Solidity does it."""
        good = []
        for log in batch.raw_logs():
            decoded = decode_log(log, role, strict=self._strict)
            if isinstance(decoded, UndecodedLog):
                self._undecoded.append(decoded)
            else:
                _, data = event.encode(**event.decode(log.topics, log.data))
                good.append(attrs.evolve(log, data=data))
        return joined(batches_of(good)) if good else None


def _by_event(batch: Batch, *, by_address: bool) -> list[Batch]:
    """Parts of one topic 0 and, where roles depend on it, one address."""
    keys = [batch.topics[0]] if batch.topics else []
    keys += [batch.address] if by_address or not keys else []
    key = keys[0] if len(keys) == 1 else np.concatenate(keys, axis=1)
    if (key == key[0]).all():
        return [batch]
    rows = key.view(f"V{key.shape[1]}").reshape(-1)
    kinds, which = np.unique(rows, return_inverse=True)
    return [batch.select(which == kind) for kind in range(len(kinds))]


def _table(event: Event, batch: Batch) -> pa.Table:
    fields = event_fields(event)
    indexed = [parameter.indexed for parameter in event.inputs]
    topics = iter(batch.topics[1:])
    plain = [field for field, is_topic in zip(fields, indexed, strict=True) if not is_topic]
    body = iter(body_columns(Body.of(batch.data, batch.sizes), plain))
    columns = _position(batch)
    for field, is_topic in zip(fields, indexed, strict=True):
        parts = [(field, _topic_column(field, next(topics)))] if is_topic else next(body)
        columns += [(arrow_field(part, column), column) for part, column in parts]
    return pa.Table.from_arrays(
        [column for _, column in columns], schema=pa.schema([field for field, _ in columns])
    )


def _topic_column(field: Field, words: Octets) -> pa.Array:
    # Of what does not fit a word the topic is the hash.
    of = field.type
    hashed = of.is_dynamic or isinstance(of, Array | Tuple)
    return word_column(words, FixedBytes(WORD) if hashed else of, field.unit)


def _position(batch: Batch) -> list[tuple[pa.Field, pa.Array]]:
    untimed = batch.block_timestamp == UNTIMED
    unhashed = ~np.ascontiguousarray(batch.block_hash).view(np.uint64)[:, 0].astype(bool)
    if unhashed.any():  # a hash may begin with zeros
        unhashed = np.asarray(~batch.block_hash.any(axis=1))
    columns = {
        "block_number": number_column(batch.block_number),
        "transaction_index": number_column(batch.transaction_index),
        "log_index": number_column(batch.log_index),
        "block_timestamp": number_column(batch.block_timestamp, untimed),
        "block_hash": binary_column(batch.block_hash, unhashed),
        "transaction_hash": binary_column(batch.transaction_hash),
        "address": address_column(batch.address),
    }
    nullable = {"block_timestamp", *(["block_hash"] if unhashed.any() else [])}
    return [
        (pa.field(name, columns[name].type, nullable=name in nullable), columns[name]) for name in POSITION
    ]
