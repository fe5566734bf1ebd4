"""Events of several kinds as one table: their values side by side, in the order of the chain.

Columns: ``event`` (the name of the record), where on the chain the log is, then every value that one of the kinds has, in
the order of the kinds; null where a kind has no such value. A value that several kinds share is one column. Where
kinds have different things under one name, each has a column of its own, which begins with the event's name. Which
columns there are depends on the kinds alone, and not on what was found.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aztec_butler.core.columns import POSITION, python_values
from aztec_butler.core.columns_words import text_column
from aztec_butler.core.event_kinds import EventKind
from aztec_butler.store.events_schema import joined, narrowest, wide_columns, widened_schema, widest

EVENT: Final = "event"
BLOCK_TIME: Final = "block_time"
_TIME: Final = pa.timestamp("s", tz="UTC")
_OF_ANY_TOKEN: Final = {"pull_split", "splits_warehouse", "atp"}
"""Roles whose amounts need not be of the staking asset: their columns have no unit."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def union_table(kinds: Sequence[EventKind], tables: Mapping[str, pa.Table]) -> pa.Table:
    """The events of several kinds as one table, sorted by block and log index.

    ``block_time`` takes the place of ``block_timestamp``. Numbers that are in one column have one type, the widest that one
    of them needs.

    Args:
        kinds: in the order in which they show.
        tables: of every kind, by the name of its record, with all columns.
    """
    records = [kind.record for kind in kinds]
    names = {record: names_among(record, records) for record in records}
    wide = widest(wide_columns(record, tables[record].schema) for record in records)
    fields: dict[str, pa.Field] = {}
    for kind in kinds:
        for field in widened_schema(kind.record, wide):
            name = names[kind.record][field.name]
            fields.setdefault(name, field.with_name(name).with_nullable(field.name not in POSITION))
            if kind.role in _OF_ANY_TOKEN and field.metadata:
                fields[name] = fields[name].with_metadata({b"abi": field.metadata[b"abi"]})
    schema = pa.schema([_event_field(records), *map(_timed, fields.values())])
    parts = [
        _part(
            place,
            records,
            joined(record, [tables[record]], widened_schema(record, wide)),
            names[record],
            schema,
        )
        for place, record in enumerate(records)
        if len(tables[record])
    ]
    if not parts:
        return _empty(schema, records)
    whole = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    if len(parts) == 1:
        return whole
    return whole.take(pc.sort_indices(whole, [("block_number", "ascending"), ("log_index", "ascending")]))


def values_of(column: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    """A column's values as the records of ``core.events`` have them; None for events without such a value.

    Args:
        column: of ``union_table``.
        field: its entry in the schema.
    """
    found = iter(python_values(column.drop_null().combine_chunks(), field))
    if not column.null_count:
        return list(found)
    return [next(found) if is_there else None for is_there in column.is_valid().to_pylist()]


def kinds_of(table: pa.Table) -> list[str]:
    """The names of the kinds that a table of ``union_table`` may hold."""
    names: list[str] = table.column(EVENT).chunk(0).dictionary.to_pylist()
    return names


def names_among(record: str, records: Sequence[str]) -> dict[str, str]:
    """What the columns of an event are called among those of other events.

    Args:
        record: the event.
        records: all events that are in the table, this one as well.
    """
    meanings: dict[str, set[str]] = defaultdict(set)
    for other in records:
        for field in narrowest(other):
            unit = (field.metadata or {}).get(b"unit", b"")
            meanings[field.name].add(f"{field.type} {unit!r}")
    prefix = _HUMP.sub("_", record).lower()
    return {
        name: name if len(meanings[name]) == 1 else f"{prefix}_{name}" for name in narrowest(record).names
    }


def _timed(field: pa.Field) -> pa.Field:
    return pa.field(BLOCK_TIME, _TIME, nullable=False) if field.name == "block_timestamp" else field


def _event_field(records: Sequence[str]) -> pa.Field:
    return pa.field(EVENT, _event_column(0, 0, records).type, nullable=False)


def _event_column(place: int, length: int, records: Sequence[str]) -> pa.Array:
    places = np.full(length, place, np.int32)
    indices = pa.Array.from_buffers(pa.int32(), length, [None, pa.py_buffer(places)])
    return pa.DictionaryArray.from_arrays(indices, text_column(records))


def _part(
    place: int, records: Sequence[str], table: pa.Table, names: Mapping[str, str], schema: pa.Schema
) -> pa.Table:
    """The rows of one kind, with the columns of all."""
    columns = {names[name]: table.column(name) for name in table.column_names}
    columns[EVENT] = _event_column(place, len(table), records)
    columns[BLOCK_TIME] = columns["block_timestamp"].cast(pa.int64()).cast(_TIME)
    return pa.Table.from_arrays(
        [
            columns[field.name] if field.name in columns else pa.nulls(len(table), field.type)
            for field in schema
        ],
        schema=schema,
    )


def _empty(schema: pa.Schema, records: Sequence[str]) -> pa.Table:
    columns = [_event_column(0, 0, records)]
    columns += [pa.nulls(0, field.type) for field in list(schema)[1:]]
    return pa.Table.from_arrays(columns, schema=schema)
