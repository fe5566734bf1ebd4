"""Tables of events to DataFrames: exact, with the same columns and dtypes whether rows are there or not.

Amounts are Python integers (``*_wei``, ``dtype=object``) with a float column ``*_aztec`` beside them; other numbers are
``Int64``, or Python integers where one of them does not fit. Addresses and events are categories, words and hashes text,
arrays tuples, times tz-aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from aztec_butler.archive.union import EVENT, values_of
from aztec_butler.core.columns_frame import hex_column

_INT64_END: Final = 1 << 63
_TOKEN: Final = 10**18


def to_event_frame(table: pa.Table, *, facts: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """A table of events as a DataFrame, one row each, in their order.

    Args:
        table: of ``archive.union``.
        facts: what the table is of, kept in ``frame.attrs``.
    """
    columns: dict[str, pd.Series[Any]] = {}
    for field in table.schema:
        columns[field.name] = values = _series(table.column(field.name), field)
        if (field.metadata or {}).get(b"unit") == b"wei" and not pa.types.is_nested(field.type):
            # The division of two integers is rounded once, as everywhere.
            tokens = [None if value is None else value / _TOKEN for value in values]
            columns[field.name.removesuffix("_wei") + "_aztec"] = pd.Series(tokens, dtype="float64")
    frame = pd.DataFrame(columns)
    frame.attrs.update(facts or {})
    return frame


def _series(column: pa.ChunkedArray, field: pa.Field) -> pd.Series[Any]:
    kind = column.type
    is_number = (field.metadata or {}).get(b"abi", b"").startswith(b"uint")
    if pa.types.is_dictionary(kind):
        found = column.to_pandas()
        return found if field.name == EVENT else _in_order(found)
    if pa.types.is_timestamp(kind):
        return column.to_pandas().astype("datetime64[ns, UTC]")  # type: ignore[no-any-return]
    if pa.types.is_boolean(kind):
        return pd.Series(column.to_pandas(), dtype="boolean")
    if pa.types.is_integer(kind):
        return _integers(column, field)
    if pa.types.is_string(kind):
        return _texts(column)
    if pa.types.is_fixed_size_binary(kind) and not pa.types.is_decimal(kind) and not is_number:
        places = pa.array(np.cumsum(column.is_valid()) - 1, mask=column.is_null().to_numpy())
        return _texts(hex_column(column.drop_null().combine_chunks()).take(places))
    return _objects(column, field)


def _in_order(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Categories that are there, sorted: equal rows make equal frames, wherever they were read from."""
    used = texts.cat.remove_unused_categories()
    return used.cat.reorder_categories(sorted(used.cat.categories))


def _integers(column: pa.ChunkedArray, field: pa.Field) -> pd.Series[Any]:
    mask = column.is_null().to_numpy()
    numbers = column.fill_null(0).to_numpy()
    if len(numbers) and numbers.max() >= _INT64_END:
        return _objects(column, field)
    return pd.Series(pd.arrays.IntegerArray(numbers.astype(np.int64), mask))


def _texts(column: pa.Array | pa.ChunkedArray) -> pd.Series[Any]:
    whole = pa.chunked_array(column.chunks if isinstance(column, pa.ChunkedArray) else [column])
    return pd.Series(pd.arrays.ArrowStringArray(whole.cast(pa.large_string()))).astype("string")


def _objects(column: pa.ChunkedArray, field: pa.Field) -> pd.Series[Any]:
    return pd.Series(np.fromiter(values_of(column, field), dtype=object, count=len(column)), dtype=object)
