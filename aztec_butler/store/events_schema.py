"""The types of event columns on disk, which widen with the numbers in them.

``core.columns`` gives a column the narrowest type that holds its numbers: ``uint64`` (not for amounts),
``decimal128(38, 0)``, 32 bytes. So files of one event may differ; here they become one, without losing anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.abi_types import WORD, Address, Bool, Bytes, FixedBytes, Uint
from aztec_butler.core.columns import POSITION
from aztec_butler.core.columns_batch import Octets, rows_of
from aztec_butler.core.columns_words import AMOUNT, arrow_field, binary_column, word_column
from aztec_butler.core.errors import InputError
from aztec_butler.core.events_fields import Field, event_fields, record_names, struct_fields
from aztec_butler.core.spelling import did_you_mean
from aztec_butler.store.events_arrays import numbers

_LADDER: Final = {"uint64": pa.uint64(), "decimal": AMOUNT, "word": pa.binary(WORD)}
_ADDRESS: Final = pa.dictionary(pa.int32(), pa.string())
_POSITION: Final = tuple(
    pa.field(name, of, nullable=name == "block_timestamp")
    for name, of in zip(POSITION, [*[pa.uint64()] * 4, *[pa.binary(WORD)] * 2, _ADDRESS], strict=True)
)


class ColumnsError(Exception):
    """Columns that are not those of the event."""


def check_events(names: Iterable[str]) -> None:
    """Refuse what is no event, with the nearest one as a hint."""
    known = record_names()
    for name in names:
        if name not in known:
            raise InputError("there is no such event", hint=did_you_mean(name, known), event=name)


@cache
def narrowest(event: str) -> pa.Schema:
    """The columns of an event whose numbers are small, as ``core.columns`` makes them."""
    _, line = record_names()[event]
    found = list(_POSITION)
    for field, parameter in zip(event_fields(line), line.inputs, strict=True):
        if parameter.indexed:
            found.append(_entry(field, _topic_type(field)))
        elif isinstance(field.type, Tuple):
            inner = struct_fields(field.type, field.label)
            found += [_flat(field.name, part) for part in inner]
        else:
            found.append(_entry(field, _type(field)))
    return pa.schema(found)


@cache
def fingerprint(event: str) -> str:
    """Changes when a release gives an event other columns."""
    told = [
        f"{field.name} {field.type} {sorted((field.metadata or {}).items())}" for field in narrowest(event)
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def wide_columns(event: str, schema: pa.Schema) -> dict[str, str]:
    """Where a table's columns are wider than the narrowest.

    Returns:
        The type, as it is called in manifests, by the column's path: ``amounts_wei.item``.

    Raises:
        ColumnsError: these are not the columns of the event.
    """
    expected = narrowest(event)
    if schema.names != expected.names:
        raise ColumnsError(f"the columns are {', '.join(schema.names)}, not {', '.join(expected.names)}")
    return {
        path: level
        for usual, found in zip(expected, schema, strict=True)
        for path, level in _wide(usual.name, usual.type, found.type)
    }


def widened_schema(event: str, wide: Mapping[str, str]) -> pa.Schema:
    """The columns of an event, those in ``wide`` with the type it says."""
    if not wide:
        return narrowest(event)
    return pa.schema(
        [field.with_type(_with_levels(field.name, field.type, wide)) for field in narrowest(event)]
    )


def widest(wides: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """For every column the widest of its types."""
    order = list(_LADDER)
    found: dict[str, str] = {}
    for wide in wides:
        for path, level in wide.items():
            found[path] = max(level, found.get(path, level), key=order.index)
    return found


def fitted(event: str, table: pa.Table) -> pa.Table:
    """A table with the types that ``core.columns`` would have given these rows.

    Raises:
        ColumnsError: these are not the columns of the event.
    """
    wide = {
        path: level
        for field in narrowest(event)
        if field.name in table.column_names
        for path, level in _wide(field.name, field.type, table.schema.field(field.name).type)
    }
    for name in {path.partition(".")[0] for path in wide}:
        place = table.column_names.index(name)
        field = narrowest(event).field(name)
        column = _narrowed(_one_chunk(table.column(place)), field)
        table = table.set_column(place, field.with_type(column.type), column)
    return table


def joined(event: str, tables: Sequence[pa.Table], schema: pa.Schema | None = None) -> pa.Table:
    """Tables of an event as one, in their order: with the types of its rows, or those of ``schema``.

    Args:
        event: name of the records.
        tables: with the same columns, which may be of different widths.
        schema: wide enough for all of them, with all columns of the event.

    Raises:
        ColumnsError: these are not the columns of the event, or ``schema`` is too narrow for the rows.
    """
    names = tables[0].column_names if tables else narrowest(event).names
    usual = narrowest(event)
    if schema is None:
        wide = widest(
            {
                path: level
                for name in names
                for path, level in _wide(name, usual.field(name).type, table.schema.field(name).type)
            }
            for table in tables
        )
        target = pa.schema([widened_schema(event, wide).field(name) for name in names])
    else:
        target = pa.schema([schema.field(name) for name in names])
        tables = [fitted(event, table) for table in tables]
    whole = pa.concat_tables([_cast(table, target) for table in tables]) if tables else empty(target)
    return whole if schema is not None else fitted(event, whole)


def empty(schema: pa.Schema) -> pa.Table:
    """No rows; ``Schema.empty_table`` would import pandas."""
    return pa.Table.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def _wide(path: str, usual: pa.DataType, found: pa.DataType) -> Iterator[tuple[str, str]]:
    if usual == found:
        return
    levels = list(_LADDER.values())
    if usual in levels[:2] and found in levels[levels.index(usual) :]:
        yield path, list(_LADDER)[levels.index(found)]
    elif pa.types.is_list(usual) and pa.types.is_list(found):
        yield from _wide(f"{path}.item", usual.value_type, found.value_type)
    elif (
        pa.types.is_struct(usual)
        and pa.types.is_struct(found)
        and [field.name for field in usual] == [field.name for field in found]
    ):
        for one, other in zip(usual, found, strict=True):
            yield from _wide(f"{path}.{one.name}", one.type, other.type)
    else:
        raise ColumnsError(f"the column {path} is {found}, not {usual}")


def _with_levels(path: str, usual: pa.DataType, wide: Mapping[str, str]) -> pa.DataType:
    if path in wide:
        return _LADDER[wide[path]]
    if pa.types.is_list(usual):
        inner = usual.value_field
        return pa.list_(inner.with_type(_with_levels(f"{path}.item", inner.type, wide)))
    if pa.types.is_struct(usual):
        return pa.struct(
            [field.with_type(_with_levels(f"{path}.{field.name}", field.type, wide)) for field in usual]
        )
    return usual


def _cast(table: pa.Table, target: pa.Schema) -> pa.Table:
    """A table with exactly these columns: type, metadata and all."""
    columns = [table.column(field.name) for field in target]
    for place, field in enumerate(target):
        if columns[place].type != field.type:
            chunks = [_widened(chunk, field.type) for chunk in columns[place].chunks]
            columns[place] = pa.chunked_array(chunks, field.type)
    return pa.Table.from_arrays(columns, schema=target)


def _widened(array: pa.Array, target: pa.DataType) -> pa.Array:
    if array.type == target:
        return array
    if pa.types.is_list(target):
        offsets, values = _opened(array)
        return pa.ListArray.from_arrays(offsets, _widened(values, target.value_type), type=target)
    if pa.types.is_struct(target):
        parts = [_widened(part, field.type) for part, field in zip(array.flatten(), target, strict=True)]
        return pa.StructArray.from_arrays(parts, fields=list(target))
    if target == AMOUNT and array.type == pa.uint64():
        return array.cast(target)
    if target == _LADDER["word"] and array.type in _LADDER.values():
        return binary_column(_words(array))
    raise ColumnsError(f"{array.type} does not fit into {target}")


def _narrowed(array: pa.Array, field: pa.Field) -> pa.Array:
    """An array with the narrowest types; ``field`` is the event's, and knows amounts from other numbers."""
    usual = field.type
    if array.type == usual:
        return array
    if pa.types.is_list(usual):
        offsets, values = _opened(array)
        values = _narrowed(values, usual.value_field)
        of = pa.list_(usual.value_field.with_type(values.type))
        return pa.ListArray.from_arrays(offsets, values, type=of)
    if pa.types.is_struct(usual):
        parts = [_narrowed(part, inner) for part, inner in zip(array.flatten(), usual, strict=True)]
        return pa.StructArray.from_arrays(
            parts, fields=[inner.with_type(part.type) for part, inner in zip(parts, usual, strict=True)]
        )
    return word_column(_words(array), Uint(256), "wei" if usual == AMOUNT else None)


def _opened(array: pa.ListArray) -> tuple[pa.Array, pa.Array]:
    """The offsets and the values of lists, without those outside of a slice."""
    return pc.subtract(array.offsets, array.offsets[0]), array.flatten()


def _words(array: pa.Array) -> Octets:
    """Numbers as on the chain: (n, 32) bytes."""
    if array.type == _LADDER["word"]:
        return rows_of(array.buffers()[1], WORD)[array.offset :][: len(array)]
    quads = np.zeros((len(array), 4), ">u8")
    if array.type == AMOUNT:
        halves = np.frombuffer(array.buffers()[1], "<u8").reshape(-1, 2)[array.offset :][: len(array)]
        quads[:, 2], quads[:, 3] = halves[:, 1], halves[:, 0]
    else:
        quads[:, 3] = numbers(array)
    return quads.view(np.uint8)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    whole = column.combine_chunks()
    return whole.unify_dictionaries().combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def _flat(outer: str, part: Field) -> pa.Field:
    return _entry(attrs.evolve(part, name=f"{outer}_{part.name}"), _type(part))


def _entry(field: Field, of: pa.DataType) -> pa.Field:
    # ``arrow_field`` takes the type from a column.
    return arrow_field(field, _Typed(of))


@attrs.frozen
class _Typed:
    type: pa.DataType


def _topic_type(field: Field) -> pa.DataType:
    hashed = field.type.is_dynamic or isinstance(field.type, Array | Tuple)
    return _LADDER["word"] if hashed else _type(field)


def _type(field: Field) -> pa.DataType:
    of = field.type
    if isinstance(of, Array):
        return pa.list_(_type(attrs.evolve(field, type=of.item)))
    if isinstance(of, Tuple):
        return pa.struct([_entry(part, _type(part)) for part in struct_fields(of, field.label)])
    if isinstance(of, Bytes):
        return pa.string() if of.name == "string" else pa.binary()
    if isinstance(of, FixedBytes):
        return pa.binary(of.size)
    if isinstance(of, Address):
        return _ADDRESS
    if isinstance(of, Bool):
        return pa.bool_()
    return {"word": _LADDER["word"], "wei": AMOUNT}.get(field.unit or "", pa.uint64())
