"""A record type's columns, and one value as a reader or a machine wants it.

For people: whole tokens, percentages, UTC times, days and hours. For machines: exact wei, basis points, ISO times, seconds.
"""

import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import attrs

_LARGEST_JSON_INTEGER = 2**53 - 1
"""Beyond it many readers of JSON round."""
_TOKENS = {"wei": "_aztec", "ether": "_eth"}
"""What amounts are of, by their unit; both are kept in wei, and differ in what people call a whole one."""
_ETHER_DECIMALS = 6


class Column(NamedTuple):
    """One field of a record type."""

    name: str
    kind: type
    """Its Python type, without ``| None``."""
    unit: str | None

    @property
    def is_time(self) -> bool:
        """Whether it is an instant, Unix seconds in the record."""
        return self.unit == "s" and (self.name.endswith("_at") or self.name in {"timestamp", "block_time"})

    @property
    def is_duration(self) -> bool:
        """Whether it is a length of time, seconds in the record."""
        return self.unit == "s" and self.name.endswith("_seconds")

    @property
    def heading(self) -> str:
        """What stands above it in a table for people."""
        if self.is_duration:
            return self.name.removesuffix("_seconds")
        if self.is_amount:
            return self.name.removesuffix("_wei") + _TOKENS[self.unit or ""]
        return self.name.removesuffix("_bps") if self.unit == "bps" else self.name

    @property
    def is_amount(self) -> bool:
        """Whether it is an amount in wei, of AZTEC or of ether."""
        return self.unit in _TOKENS

    @property
    def is_numeric(self) -> bool:
        """Whether its cells align on the right."""
        return not self.is_time and issubclass(self.kind, int | float) and self.kind is not bool


def columns_of(record_type: type) -> tuple[Column, ...]:
    """The columns of an attrs class, in field order."""
    hints = typing.get_type_hints(record_type)
    return tuple(
        Column(field.name, _plain(hints[field.name]), field.metadata.get("unit"))
        for field in attrs.fields(record_type)
    )


def _plain(hint: Any) -> type:
    """The type without ``| None``."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = (part for part in typing.get_args(hint) if part is not type(None))
    return typing.get_origin(hint) or hint  # type: ignore[no-any-return]


def render_time(seconds: int) -> str:
    """Unix seconds as ISO 8601 in UTC.

    >>> render_time(1_700_000_000)
    '2023-11-14T22:13:20Z'
    """
    from datetime import UTC, datetime  # only tables with times need it

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_cell(column: Column, value: Any) -> str:
    """A value for people, on one line."""
    if value is None:
        return "-"
    if column.is_time:
        return render_time(value).replace("T", " ")
    if column.is_duration:
        from aztec_butler.core.units import render_duration

        return render_duration(value)
    if column.is_amount:
        from aztec_butler.core.units import render_tokens

        return render_tokens(value, decimals=_ETHER_DECIMALS if column.unit == "ether" else 2)
    if column.unit == "bps":
        return f"{value // 100}.{value % 100:02d}%"
    if column.unit == "ratio":
        return _render_ratio(value)
    if isinstance(value, float):
        return f"{value:,.2f}"
    return render_text(value)


def _render_ratio(value: float) -> str:
    """In percent; what is small is no zero, and what is nearly certain not certain."""
    shown = f"{value:.2%}"
    if value > 0 and shown == "0.00%":
        return "<0.01%"
    return ">99.99%" if value < 1 and shown == "100.00%" else shown


def render_text(value: Any) -> str:
    """Any value as text on one line; what could steer a terminal is escaped."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {render_text(part)}" for key, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(render_text(part) for part in value)
    text = str(value.value if isinstance(value, Enum) else value)
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def to_plain(value: Any, column: Column | None = None) -> Any:
    """A value for JSON: exact, and the same on every run.

    Amounts and integers that many readers would round are decimal text, times ISO text, bytes 0x hex.
    """
    if column is not None and value is not None:
        if column.is_time:
            return render_time(value)
        if column.is_amount:
            return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST_JSON_INTEGER:
        return str(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return {str(key): to_plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(part) for part in value]
    if attrs.has(type(value)):
        return {part.name: to_plain(getattr(value, part.name), part) for part in columns_of(type(value))}
    return value
