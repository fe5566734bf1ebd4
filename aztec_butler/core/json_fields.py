"""JSON of a service, read field by field: what does not fit is named by its path, and never becomes a zero.

Integers are read from JSON numbers, decimal strings and hex words alike, since services that count beyond
2^53 write them as text. A field that is null counts as absent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from aztec_butler.core.errors import InputError, NodeRefused
from aztec_butler.core.hexes import parse_address

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = TypeVar("_Value")

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-fA-F]+")


class Fields:
    """A JSON object of an answer; a field that is absent or of another kind is a `NodeRefused`.

    >>> Fields({"number": "0x10", "hash": "0xab"}).integer("number")
    16
    """

    def __init__(self, value: object, path: str = "result") -> None:
        if not isinstance(value, dict):
            raise misfit(path, "an object", value)
        self._values: dict[str, object] = value
        self._path = path

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}"

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._values.get(name) is not None

    def names(self) -> list[str]:
        """The fields that are there, in the service's order."""
        return [name for name in self._values if self.has(name)]

    def integer(self, name: str) -> int:
        """The field as an integer."""
        return read_integer(self._values.get(name), self._at(name))

    def number(self, name: str) -> float:
        """The field as a measurement."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise misfit(self._at(name), "a number", value)
        return float(value)

    def text(self, name: str) -> str:
        """The field as text."""
        return read_text(self._values.get(name), self._at(name))

    def flag(self, name: str) -> bool:
        """The field as a truth value."""
        return read_flag(self._values.get(name), self._at(name))

    def address(self, name: str) -> str:
        """The field as a checksummed L1 address."""
        text = self.text(name)
        try:
            return parse_address(text)
        except InputError:
            raise misfit(self._at(name), "an address", text) from None

    def texts(self, name: str) -> tuple[str, ...]:
        """The field as a list of text."""
        value = self._values.get(name)
        if not isinstance(value, list):
            raise misfit(self._at(name), "a list", value)
        return tuple(read_text(item, f"{self._at(name)}[{index}]") for index, item in enumerate(value))

    def object(self, name: str) -> Fields:
        """The field as an object."""
        return Fields(self._values.get(name), self._at(name))

    def objects(self, name: str) -> list[Fields]:
        """The field as a list of objects."""
        return read_objects(self._values.get(name), self._at(name))

    def members(self) -> list[Fields]:
        """Every field as an object, for an object that is a table by name."""
        return [Fields(value, self._at(name)) for name, value in self._values.items()]

    def optional(self, name: str, read: Callable[[str], _Value]) -> _Value | None:
        """What ``read`` makes of the field, None where it is absent."""
        return read(name) if self.has(name) else None


def read_objects(value: object, path: str = "result") -> list[Fields]:
    """A list of objects."""
    if not isinstance(value, list):
        raise misfit(path, "a list", value)
    return [Fields(item, f"{path}[{index}]") for index, item in enumerate(value)]


def read_integer(value: object, path: str = "result") -> int:
    """A JSON number, decimal text or hex text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value, 16 if value.startswith("0x") else 10)
    raise misfit(path, "an integer", value)


def read_text(value: object, path: str = "result") -> str:
    """Text."""
    if not isinstance(value, str):
        raise misfit(path, "text", value)
    return value


def read_flag(value: object, path: str = "result") -> bool:
    """A truth value."""
    if not isinstance(value, bool):
        raise misfit(path, "true or false", value)
    return value


def misfit(path: str, expected: str, value: object) -> NodeRefused:
    """The error for a field that is not what it should be; tells the kind of what came, not its content."""
    return NodeRefused(
        "an answer does not have the expected form",
        hint="the service's version may be unknown to this package, or another service answers here",
        field=path,
        expected=expected,
        got="nothing" if value is None else type(value).__name__,
    )
