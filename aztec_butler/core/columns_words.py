"""ABI words to Arrow columns, all rows at once.

Whatever a row does that the fast way does not cover (a dirty word, an offset that is no multiple of a word, data that
ends early) raises ``UnusualError``; the caller then reads the logs one by one, and the real decoder decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.abi_types import WORD, Address, Bool, Bytes, FixedBytes, Type, Uint
from aztec_butler.core.columns_batch import Numbers, Octets, rows_of
from aztec_butler.core.columns_checksums import checksummed
from aztec_butler.core.columns_json import UnusualError
from aztec_butler.core.events_fields import Field, struct_fields

_Places = npt.NDArray[np.int64]

AMOUNT: Final = pa.decimal128(38, 0)
_AMOUNT_END: Final = 10**38
_REACH: Final = 1 << 31  # of Arrow's offsets, and far beyond any log


@attrs.frozen(eq=False)
class Body:
    """The data of many logs as words, and where each log's begin and end."""

    words: Octets
    begin: _Places
    end: _Places

    @classmethod
    def of(cls, data: Octets, sizes: npt.NDArray[np.int64]) -> Body:
        """Bytes of all logs, one after the other, and the size of each."""
        if (sizes % WORD).any():
            raise UnusualError
        counts = sizes // WORD
        end = np.cumsum(counts)
        return cls(data.reshape(-1, WORD), end - counts, end)

    def at(self, places: _Places, end: _Places) -> Octets:
        """The words at these places, which have to lie before ``end``."""
        if (places >= end).any():
            raise UnusualError
        # A word as one item is copied at once, its bytes as items are not.
        words: Octets = self.words.view(f"V{WORD}").reshape(-1)[places].view(np.uint8).reshape(-1, WORD)
        return words

    def numbers(self, places: _Places, end: _Places) -> _Places:
        """The words at these places as small numbers: lengths and offsets."""
        quads = self.at(places, end).view(">u8")
        if quads[:, :3].any() or (quads[:, 3] >= _REACH).any():
            raise UnusualError
        return quads[:, 3].astype(np.int64)


Columns = list[tuple[Field, pa.Array]]


def body_columns(body: Body, fields: Sequence[Field]) -> list[Columns]:
    """For every value in the data of logs its columns: one, or for a struct one for each of its fields."""
    if any(field.type.is_dynamic for field in fields):
        return _heads(body, fields, body.begin, body.end)
    needed = sum(field.type.words for field in fields)
    if (body.end - body.begin != needed).any():
        raise UnusualError
    if any(_holds_array(field.type) for field in fields):
        return _heads(body, fields, body.begin, body.end)
    return _in_place(body.words.view(f"V{WORD}").reshape(-1, max(needed, 1)), fields, 0)


def _holds_array(of: Type) -> bool:
    return isinstance(of, Array) or (isinstance(of, Tuple) and any(map(_holds_array, of.components)))


def _in_place(logs: npt.NDArray[np.void], fields: Sequence[Field], place: int) -> list[Columns]:
    """Values that stand at the same place in the words of every log."""
    columns: list[Columns] = []
    for field in fields:
        of = field.type
        if isinstance(of, Tuple):
            columns.append(_flattened(field, _in_place(logs, struct_fields(of, field.label), place)))
        else:
            words = np.ascontiguousarray(logs[:, place]).view(np.uint8).reshape(-1, WORD)
            columns.append([(field, word_column(words, of, field.unit))])
        place += of.words
    return columns


def _flattened(field: Field, inner: list[Columns]) -> Columns:
    """A struct's columns, named after it."""
    return [
        (attrs.evolve(part, name=f"{field.name}_{part.name}"), column)
        for parts in inner
        for part, column in parts
    ]


def word_column(words: Octets, of: Type, unit: str | None) -> pa.Array:
    """A column of (n, 32) words."""
    words = np.ascontiguousarray(words)
    if isinstance(of, Address):
        return _addresses(words)
    if isinstance(of, FixedBytes):
        if words[:, of.size :].any():
            raise UnusualError
        return binary_column(words[:, : of.size])
    if isinstance(of, Bool):
        if words[:, :-1].any() or (words[:, -1] > 1).any():
            raise UnusualError
        bits = np.packbits(words[:, -1], bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(words), [None, pa.py_buffer(bits)])
    assert isinstance(of, Uint), of
    if words[:, : WORD - of.bits // 8].any():
        raise UnusualError
    return binary_column(words) if unit == "word" else _numbers(words, unit)


def number_column(numbers: Numbers, nulls: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Numbers as unsigned integers of 64 bits."""
    return _flat(pa.uint64(), numbers, nulls)


def _flat(of: pa.DataType, values: npt.NDArray[Any], nulls: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    # ``pa.array`` would import pandas to see whether it was given a part of that: a third of a second.
    valid = None
    if nulls is not None and nulls.any():
        valid = pa.py_buffer(np.packbits(~nulls, bitorder="little"))
    return pa.Array.from_buffers(of, len(values), [valid, pa.py_buffer(np.ascontiguousarray(values))])


def text_column(texts: Sequence[str]) -> pa.Array:
    """ASCII as strings."""
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    content = "".join(texts).encode()
    return pa.Array.from_buffers(
        pa.string(), len(texts), [None, pa.py_buffer(offsets), pa.py_buffer(content)]
    )


def binary_column(rows: Octets, nulls: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Rows of bytes as fixed-size binary."""
    return _flat(pa.binary(rows.shape[1]), rows, nulls)


def address_column(rows: Octets) -> pa.Array:
    """(n, 20) bytes as a dictionary of checksummed text."""
    found = binary_column(rows).dictionary_encode()
    content = found.dictionary.buffers()[1]
    unique = rows_of(content, 20)[: len(found.dictionary)] if len(found.dictionary) else rows[:0]
    return pa.DictionaryArray.from_arrays(found.indices, text_column(checksummed(unique)))


def _addresses(words: Octets) -> pa.Array:
    if words[:, :12].any():
        raise UnusualError
    return address_column(words[:, 12:])


def _numbers(words: Octets, unit: str | None) -> pa.Array:
    """Exact integers in the narrowest of: 64 bits (not for amounts), a decimal, or the word itself."""
    quads = words.view(">u8")
    if unit != "wei" and not quads[:, :3].any():
        return number_column(quads[:, 3].astype(np.uint64))
    high, low = quads[:, 2].astype(np.uint64), quads[:, 3].astype(np.uint64)
    limit, rest = np.uint64(_AMOUNT_END >> 64), np.uint64(_AMOUNT_END & (1 << 64) - 1)
    if quads[:, :2].any() or ((high > limit) | ((high == limit) & (low >= rest))).any():
        return binary_column(words)
    halves = np.empty((len(words), 2), "<u8")
    halves[:, 0], halves[:, 1] = low, high
    return pa.Array.from_buffers(AMOUNT, len(words), [None, pa.py_buffer(halves)])


def _heads(body: Body, fields: Sequence[Field], base: _Places, end: _Places) -> list[Columns]:
    columns: list[Columns] = []
    place = 0
    for field in fields:
        of = field.type
        if isinstance(of, Tuple):
            start = _target(body, base + place, base, end) if of.is_dynamic else base + place
            columns.append(_flattened(field, _heads(body, struct_fields(of, field.label), start, end)))
        else:
            columns.append([(field, _value(body, field, base + place, base, end))])
        place += 1 if of.is_dynamic else of.words
    return columns


def _value(body: Body, field: Field, places: _Places, base: _Places, end: _Places) -> pa.Array:
    """The column of values whose heads are at these places; offsets count from ``base``."""
    of = field.type
    if of.is_dynamic:
        places = _target(body, places, base, end)
    if isinstance(of, Array):
        return _array(body, field, of, places, end)
    if isinstance(of, Bytes):
        return _bytes(body, of, places, end)
    if isinstance(of, Tuple):
        inner = [
            part for parts in _heads(body, struct_fields(of, field.label), places, end) for part in parts
        ]
        return pa.StructArray.from_arrays(
            [column for _, column in inner], fields=[arrow_field(part, column) for part, column in inner]
        )
    return word_column(body.at(places, end), of, field.unit)


def _target(body: Body, places: _Places, base: _Places, end: _Places) -> _Places:
    offsets = body.numbers(places, end)
    if (offsets % WORD).any():
        raise UnusualError
    return base + offsets // WORD


def _array(body: Body, field: Field, of: Array, places: _Places, end: _Places) -> pa.Array:
    if of.size is None:
        counts = body.numbers(places, end)
        first = places + 1
    else:
        counts = np.full(len(places), of.size, np.int64)
        first = places
    stride = 1 if of.item.is_dynamic else of.item.words
    if (counts * stride > end - first).any():
        raise UnusualError
    offsets = np.concatenate([[0], np.cumsum(counts)])
    if offsets[-1] >= _REACH:
        raise UnusualError
    base = np.repeat(first, counts)
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    item = attrs.evolve(field, type=of.item)
    values = _value(body, item, base + within * stride, base, np.repeat(end, counts))
    return pa.ListArray.from_arrays(_flat(pa.int32(), offsets.astype(np.int32)), values)


def _bytes(body: Body, of: Bytes, places: _Places, end: _Places) -> pa.Array:
    sizes = body.numbers(places, end)
    if (sizes > (end - places - 1) * WORD).any():
        raise UnusualError
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    if offsets[-1] >= _REACH:
        raise UnusualError
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    content = np.ascontiguousarray(body.words.reshape(-1)[np.repeat((places + 1) * WORD, sizes) + within])
    column = pa.Array.from_buffers(
        pa.binary(),
        len(places),
        [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(content)],
    )
    return column.cast(pa.string()) if of.name == "string" else column


def arrow_field(field: Field, column: pa.Array) -> pa.Field:
    """The schema's entry of a column: its name, with the ABI type and the unit beside it."""
    metadata = {"abi": field.type.name} | ({"unit": field.unit} if field.unit else {})
    return pa.field(field.name, column.type, nullable=False, metadata=metadata)
