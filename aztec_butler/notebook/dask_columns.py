"""Columns of events as pandas has them when the dtypes must not depend on the rows: for parts of a larger table."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from aztec_butler.archive.union import EVENT, values_of
from aztec_butler.core.columns_frame import hex_column
from aztec_butler.core.errors import DecodeError

_AMOUNT: Final = pa.decimal256(38, 0)
_NUMBER_END: Final = 1 << 63


def display_name(field: pa.Field) -> str | None:
    """The name of the column for reading and plotting beside an amount; None for other columns.

    Args:
        field: of ``archive.union``.
    """
    if (field.metadata or {}).get(b"unit") != b"wei" or pa.types.is_nested(field.type):
        return None
    name: str = field.name
    return name.removesuffix("_wei") + "_aztec"


def column_values(column: pa.ChunkedArray, field: pa.Field, decimals: Collection[str]) -> Any:
    """A column as an array of pandas.

    Args:
        column: of ``archive.union``.
        field: its entry in the schema.
        decimals: names of columns of small numbers that become decimals.

    Raises:
        DecodeError: a number does not fit ``Int64``.
    """
    kind = column.type
    if field.name == EVENT:
        return column.to_pandas().array
    if pa.types.is_timestamp(kind):
        return column.to_pandas().astype("datetime64[ns, UTC]").array
    if pa.types.is_boolean(kind):
        return pd.array(column.to_pandas(), dtype="boolean")
    if field.name in decimals or pa.types.is_decimal(kind):
        return _arrow(column.cast(_AMOUNT))
    if pa.types.is_integer(kind):
        return _integers(column, field)
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
        return _texts(column)
    if pa.types.is_fixed_size_binary(kind):
        if (field.metadata or {}).get(b"abi", b"").startswith(b"uint"):
            digits = [None if value is None else str(value) for value in values_of(column, field)]
            return _texts(pa.chunked_array([pa.array(digits, pa.string())]))
        places = pa.array(np.cumsum(column.is_valid()) - 1, mask=column.is_null().to_numpy())
        return _texts(hex_column(column.drop_null().combine_chunks()).take(places))
    return _arrow(column.cast(_plain(kind)))


def token_values(column: pa.ChunkedArray, field: pa.Field) -> Any:
    """Amounts for plots; the division of two integers is rounded once, as everywhere.

    Args:
        column: of ``archive.union``, an amount.
        field: its entry in the schema.
    """
    values = [None if value is None else value / 10**18 for value in values_of(column, field)]
    return np.array(values, dtype=np.float64)


def _integers(column: pa.ChunkedArray, field: pa.Field) -> Any:
    numbers = column.fill_null(0).to_numpy()
    if len(numbers) and int(numbers.max()) >= _NUMBER_END:
        raise DecodeError(
            "a number does not fit the column's Int64",
            hint=f'dask_events(..., decimals=["{field.name}"])',
            column=field.name,
            value=int(numbers.max()),
        )
    return pd.arrays.IntegerArray(numbers.astype(np.int64), column.is_null().to_numpy())


def _texts(column: pa.Array | pa.ChunkedArray) -> Any:
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    whole = pa.chunked_array(chunks, column.type).cast(pa.string())
    return pd.Series(pd.arrays.ArrowExtensionArray(whole)).astype("string[pyarrow]").array


def _arrow(column: pa.ChunkedArray) -> Any:
    return pd.arrays.ArrowExtensionArray(column)


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type with text in the place of dictionaries, which pandas does not know inside of others."""
    if pa.types.is_dictionary(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    return kind
