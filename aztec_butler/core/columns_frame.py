"""Arrow columns as exact Python values, and as a DataFrame of them.

pandas is imported by pyarrow, and only when a frame is asked for.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aztec_butler.core.columns_batch import rows_of

_DIGITS = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), "<u2")
_Objects = npt.NDArray[np.object_]


def to_frame(table: pa.Table) -> Any:
    """A decoded table as a ``pandas.DataFrame``.

    Amounts and other numbers beyond 64 bits are exact Python integers, addresses categories, words and hashes hex text,
    arrays tuples.

    Args:
        table: of ``decode``.
    """
    columns = {}
    for field in table.schema:
        column = _whole(table.column(field.name))
        columns[field.name] = _pandas(column, _is_number(field))
    shell = pa.table({"log_index": table.column("log_index")}).to_pandas()
    for name, values in columns.items():
        shell[name] = values
    return shell[list(columns)]


def python_values(column: pa.Array | pa.ChunkedArray, field: pa.Field) -> list[Any]:
    """A column's values as the records of ``core.events`` have them.

    Args:
        column: of a decoded table.
        field: its entry in the table's schema, which tells numbers from words.
    """
    values: list[Any] = _objects(_whole(column), _is_number(field)).tolist()
    return values


def _is_number(field: pa.Field) -> bool:
    """Whether fixed-size binary of this column is an integer."""
    return bool((field.metadata or {}).get(b"abi", b"").startswith(b"uint"))


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # of dictionaries that differ
        column = column.unify_dictionaries().combine_chunks()
    return column


def _pandas(column: pa.Array, is_number: bool) -> Any:
    if pa.types.is_fixed_size_binary(column.type) and not is_number:
        return hex_column(column).to_pandas()
    if (
        pa.types.is_decimal(column.type)
        or pa.types.is_fixed_size_binary(column.type)
        or pa.types.is_nested(column.type)
    ):
        return _objects(column, is_number)
    return column.to_pandas()


def _objects(column: pa.Array, is_number: bool) -> _Objects:
    kind = column.type
    made: _Objects
    if pa.types.is_dictionary(kind):
        texts = np.array(column.dictionary.to_pylist(), object)
        if not len(column):
            return np.empty(0, object)
        # ``to_numpy`` would import pandas.
        indices = np.frombuffer(column.indices.buffers()[1], np.int32)[column.indices.offset :]
        return texts[indices[: len(column)]]
    if pa.types.is_decimal(kind):
        halves = np.frombuffer(column.buffers()[1], "<u8")[2 * column.offset :][: 2 * len(column)].reshape(
            -1, 2
        )
        made = halves[:, 0].astype(object)
        if halves[:, 1].any():
            made |= halves[:, 1].astype(object) << 64
        return made
    made = np.empty(len(column), object)
    if pa.types.is_fixed_size_binary(kind) and is_number:
        made[:] = [int.from_bytes(word) for word in column.to_pylist()]
    elif pa.types.is_list(kind):
        inner = kind.value_field
        values = _objects(column.values, is_number or _is_number(inner)).tolist()
        offsets = column.offsets.to_pylist()
        for row, (begin, end) in enumerate(pairwise(offsets)):
            made[row] = tuple(values[begin:end])
    elif pa.types.is_struct(kind):
        parts = [
            _objects(column.field(place), _is_number(kind.field(place))) for place in range(kind.num_fields)
        ]
        for row, values in enumerate(zip(*parts, strict=True)):
            made[row] = values
    else:
        made[:] = column.to_pylist()
    return made


def hex_column(column: pa.Array) -> pa.Array:
    """Fixed-size binary as 0x text."""
    width = column.type.byte_width
    rows = rows_of(column.buffers()[1], width)[column.offset :][: len(column)]
    texts = np.empty((len(rows), width + 1), "<u2")
    texts[:, 0] = int.from_bytes(b"0x", "little")
    texts[:, 1:] = _DIGITS[rows]
    offsets = np.arange(len(rows) + 1, dtype=np.int64) * (2 * width + 2)
    return pa.Array.from_buffers(
        pa.large_string(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(texts)]
    )
