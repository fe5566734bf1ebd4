"""Raw values of the settings that long-running processes share, as text or as TOML gives them, to what they mean.

As in ``core.setting_values``: text lists what a TOML list has with commas between, and pairs with an equals sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.setting_values import alternatives, read_count, read_text

_LISTEN: Final = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})"
)
_Value = TypeVar("_Value")


class LogLevel(StrEnum):
    """From which on something is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@attrs.frozen(kw_only=True)
class Address:
    """Where a server listens.

    Args:
        host: an address or a name of this machine.
        port: 0 for any free one.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_listen(raw: object) -> Address:
    """An address and a port.

    >>> read_listen("[::1]:9464")
    Address(host='::1', port=9464)
    """
    match = _LISTEN.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None or int(match["port"]) > 65535:
        raise InputError("expected address:port, such as 127.0.0.1:9464 or [::1]:9464")
    return Address(host=match["six"] or match["host"], port=int(match["port"]))


def read_level(raw: object) -> LogLevel:
    """The name of a level, in any case."""
    text = read_text(raw).lower()
    if text not in set(LogLevel):
        raise InputError("no such level", hint=alternatives(text, LogLevel))
    return LogLevel(text)


def read_switch(raw: object) -> bool:
    """Yes or no.

    >>> read_switch("yes"), read_switch(False)
    (True, False)

    Raises:
        InputError: neither.
    """
    if isinstance(raw, bool):
        return raw
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    word = read_text(raw).lower()
    if word not in words:
        raise InputError("expected yes or no")
    return words[word]


def read_counts(raw: object) -> tuple[int, ...]:
    """Whole numbers, zero or more, each once; a single one need not be a list."""
    return each_once([raw] if isinstance(raw, int) else raw, read_count)


def read_addresses(raw: object) -> tuple[str, ...]:
    """Addresses, checksummed, each once."""
    return each_once(raw, read_address)


def read_paths(raw: object) -> tuple[str, ...]:
    """Paths, each once; white space may be in them."""
    return each_once(raw.split(",") if isinstance(raw, str) else raw, read_text)


def read_address(raw: object) -> str:
    """An address, checksummed."""
    return parse_address(read_text(raw))


def each_once(raw: object, read: Callable[[object], _Value]) -> tuple[_Value, ...]:
    """The values of a list, each once.

    Args:
        raw: a list, or text with commas or white space between.
        read: what makes a value of one of them.
    """
    parts = raw if isinstance(raw, list | tuple) else read_text(raw).replace(",", " ").split()
    return tuple(dict.fromkeys(read(part) for part in parts))


def pairs_of(
    raw: object, read_key: Callable[[object], Any], read_value: Callable[[object], Any]
) -> Iterator[tuple[Any, Any]]:
    """The pairs of a table, no name twice.

    Args:
        raw: a table, or text such as ``name=value, name=value``.
        read_key: what makes a key of a name.
        read_value: what makes a value of what stands behind it.

    Raises:
        InputError: text without pairs, or a name that is there twice.
    """
    if isinstance(raw, Mapping):
        given = list(raw.items())
    else:
        parts = [part.partition("=") for part in read_text(raw).replace(",", " ").split()]
        if not all(equals for _, equals, _ in parts):
            raise InputError("expected pairs such as name=value, with commas between them")
        given = [(name, value) for name, _, value in parts]
    seen = set()
    for name, value in given:
        key = read_key(name)
        if key in seen:
            raise InputError("the same name is there twice")
        seen.add(key)
        yield key, read_value(value)
