"""Arrow columns back to the records of ``core.events``: for whoever looks at events one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import pyarrow as pa

from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.columns_frame import hex_column, python_values
from aztec_butler.core.events import EventRecord, Position, named_structs, record_of
from aztec_butler.core.events_fields import Field, event_fields, record_names, struct_fields, struct_of


def to_records(table: pa.Table, record: str) -> list[EventRecord]:
    """The rows of a decoded table as records, in their order: what ``events.decode_log`` makes of their logs.

    Args:
        table: of ``columns.decode``, with all of its columns.
        record: its name among the tables.
    """
    role, event = record_names()[record]
    kind = record_of(role, event)
    columns = {field.name: python_values(table.column(field.name), field) for field in table.schema}
    values = []
    for field, parameter in zip(event_fields(event), event.inputs, strict=True):
        is_hashed = parameter.indexed and (field.type.is_dynamic or isinstance(field.type, Array | Tuple))
        values.append(
            columns[field.name] if is_hashed else _values(field, field.name, columns, kind.__name__)
        )
    names = [field.name for field in event_fields(event)]
    rows = zip(*values, strict=True) if values else repeat((), len(table))
    return [
        kind(position=position, **dict(zip(names, row, strict=True)))
        for position, row in zip(_positions(table, columns), rows, strict=False)
    ]


def _values(field: Field, name: str, columns: dict[str, list[Any]], record: str) -> list[Any]:
    """The values of a field; those of a struct stand in several columns."""
    if struct_of(field.type) is None:
        return columns[name]
    is_spread = isinstance(field.type, Tuple)
    rows = zip(*_parts(field, name, columns), strict=True) if is_spread else iter(columns[name])
    return [named_structs(row, field.type, record, field) for row in rows]


def _parts(field: Field, name: str, columns: dict[str, list[Any]]) -> Iterator[Sequence[Any]]:
    assert isinstance(field.type, Tuple)
    for part in struct_fields(field.type, field.label):
        below = f"{name}_{part.name}"
        if isinstance(part.type, Tuple):
            yield list(zip(*_parts(part, below, columns), strict=True))
        else:
            yield columns[below]


def _positions(table: pa.Table, columns: dict[str, list[Any]]) -> Iterator[Position]:
    hashes = [
        hex_column(table.column(name).combine_chunks()).to_pylist()
        for name in ("block_hash", "transaction_hash")
    ]
    for address, number, block_hash, transaction_hash, transaction_index, log_index, timestamp in zip(
        columns["address"],
        columns["block_number"],
        *hashes,
        columns["transaction_index"],
        columns["log_index"],
        columns["block_timestamp"],
        strict=True,
    ):
        yield Position(
            address=address,
            block_number=number,
            block_hash=block_hash,
            transaction_hash=transaction_hash,
            transaction_index=transaction_index,
            log_index=log_index,
            block_timestamp=timestamp,
        )
