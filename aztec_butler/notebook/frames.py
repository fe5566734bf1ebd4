"""Records to DataFrames: the one place where tables are made.

Columns are the record's fields in their order. Amounts stay exact: a ``*_wei`` column holds Python ints
(``dtype=object``), and a float column ``*_aztec`` beside it is for reading and plotting only. Times are tz-aware UTC,
counters and blocks ``Int64``, enums ``category`` with all their values, text ``string``. A table without rows has all
of its columns and dtypes.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import attrs
import pandas as pd

from aztec_butler.core.units import tokens_from_wei


def to_frame(
    records: Iterable[Any], record_type: type, *, facts: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Records of one type as a DataFrame, one row each, in their order.

    Args:
        records: the records; may be empty.
        record_type: their attrs class, which decides columns and dtypes.
        facts: what the table is of (chain, block, hash, ...), kept in ``frame.attrs``.
    """
    rows = list(records)
    columns: dict[str, pd.Series[Any]] = {}
    hints = typing.get_type_hints(record_type)
    for field in attrs.fields(record_type):
        values = [getattr(row, field.name) for row in rows]
        kind = _plain(hints[field.name])
        unit = field.metadata.get("unit")
        if unit == "wei":
            columns[field.name] = pd.Series(values, dtype=object)
            shown = field.name.removesuffix("_wei") + "_aztec"
            tokens = [None if value is None else float(tokens_from_wei(value)) for value in values]
            columns[shown] = pd.Series(tokens, dtype="float64")
        elif unit == "s" and field.name.endswith("_at"):
            columns[field.name] = _times(values)
        else:
            columns[field.name] = _series(values, kind, field.name)
    frame = pd.DataFrame(columns)
    frame.attrs.update(facts or {})
    return frame


def _plain(hint: Any) -> type:
    """The type without ``| None``."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = (part for part in typing.get_args(hint) if part is not type(None))
    return typing.get_origin(hint) or hint  # type: ignore[no-any-return]


def _times(values: list[int | None]) -> pd.Series[Any]:
    seconds = pd.array(values, dtype="Int64")
    return pd.Series(pd.to_datetime(seconds, unit="s", utc=True)).astype("datetime64[ns, UTC]")


def _series(values: list[Any], kind: type, name: str) -> pd.Series[Any]:
    if issubclass(kind, Enum):
        names = [None if value is None else str(value.value) for value in values]
        return pd.Series(pd.Categorical(names, categories=[str(member.value) for member in kind]))
    if kind is bool:
        return pd.Series(values, dtype="boolean")
    if kind is int:
        return pd.Series(values, dtype="Int64")
    if kind is float:
        return pd.Series(values, dtype="float64")
    if kind is str:
        return pd.Series(values, dtype="string")
    message = f"a record field of type {kind} has no column type: {name}"
    raise TypeError(message)
