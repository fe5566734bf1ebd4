"""Bytes that somebody came across: calldata, revert data or a log, read with every contract known here.

Pure. The contracts have more than a thousand lines, and parsing them all takes longer than everything else: here their
signatures are cut out of the text, hashed until one fits, and that line alone is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

import attrs

from aztec_butler.core.abi import CustomError, Event, Function
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.abi_types import WORD, Type
from aztec_butler.core.contracts.contract import Line
from aztec_butler.core.contracts.table import CONTRACTS
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import keccak256, to_hex

_NAME = re.compile(r" \w+")


class Kind(StrEnum):
    """What bytes turned out to be."""

    CALL = "call"
    ERROR = "error"
    EVENT = "event"


@attrs.frozen(kw_only=True)
class DecodedValue:
    """One argument or parameter."""

    name: str
    type: str
    value: Any
    """Integers, checksummed addresses, booleans, bytes, text; arrays as tuples, structs as mappings where their fields
    have names."""


@attrs.frozen(kw_only=True)
class Decoded:
    """What bytes say."""

    kind: Kind
    signature: str
    roles: tuple[str, ...]
    """Of the contracts that have it."""
    values: tuple[DecodedValue, ...]
    """None of an event whose topic alone was given."""
    meaning: str | None = None
    """What an error means for the caller; None where nothing is known beyond its name."""


def decode_bytes(content: bytes, *, topics: Sequence[bytes] = (), data: bytes | None = None) -> Decoded:
    """Read calldata, revert data, or a log.

    Args:
        content: calldata or revert data; or 32 bytes, the first topic of a log.
        topics: the log's other topics.
        data: the log's data; None when only its name is wanted.

    >>> decode_bytes(bytes.fromhex("30ccebb5" + "00" * 31 + "aa")).signature
    'getStatus(address)'

    Raises:
        InputError: fewer than four bytes, or a log's parts without its first topic.
        NotFoundError: no known contract has a function, error or event with this selector or topic.
        DecodeError: the bytes do not fit what they claim to be.
    """
    if len(content) == WORD:
        return _decode_log(content, topics, data)
    if topics or data is not None:
        raise InputError(
            "topics and data belong to a log, whose first topic has 32 bytes", bytes=len(content)
        )
    if len(content) < 4:
        raise InputError("calldata and revert data have four bytes at least", bytes=len(content))
    found = _find("function", content[:4])
    if found is not None:
        item, roles = found
        assert isinstance(item, Function)
        arguments = item.decode_call(content)
        values = tuple(
            _named(parameter.name or f"arg{position}", parameter.type, value)
            for position, (parameter, value) in enumerate(zip(item.inputs, arguments, strict=True))
        )
        return Decoded(kind=Kind.CALL, signature=item.signature, roles=roles, values=values)
    return _decode_revert(content)


def _decode_log(topic0: bytes, topics: Sequence[bytes], data: bytes | None) -> Decoded:
    found = _find("event", topic0)
    if found is None:
        raise NotFoundError("no known contract has an event with this topic", topic0=to_hex(topic0))
    event, roles = found
    assert isinstance(event, Event)
    values: tuple[DecodedValue, ...] = ()
    if topics or data is not None:
        by_name = event.decode([topic0, *topics], data or b"")
        values = tuple(
            _named(name, parameter.type, value)
            for parameter, (name, value) in zip(event.inputs, by_name.items(), strict=True)
        )
    return Decoded(kind=Kind.EVENT, signature=event.signature, roles=roles, values=values)


def _decode_revert(content: bytes) -> Decoded:
    from aztec_butler.core.contracts.reverts import decode_error

    reason = decode_error(content)
    if reason.signature is None:
        raise NotFoundError(
            "no known contract has a function or error with this selector", selector=to_hex(content[:4])
        )
    values = tuple(
        DecodedValue(name=name, type=kind, value=value)
        for (name, value), kind in zip(
            reason.arguments.items(), _types(reason.signature, len(reason.arguments)), strict=True
        )
    )
    return Decoded(
        kind=Kind.ERROR, signature=reason.signature, roles=reason.roles, values=values, meaning=reason.hint
    )


def _types(signature: str, count: int) -> tuple[str, ...]:
    """The types in a signature; text for bytes that did not fit it."""
    from aztec_butler.core.abi import parse_line

    item = parse_line(f"error {signature}")
    assert isinstance(item, CustomError)
    types = tuple(parameter.type.name for parameter in item.inputs)
    return types if len(types) == count else ("bytes",) * count


# --------------------------------------------------------------------------- the search


def _find(kind: str, key: bytes) -> tuple[Function | Event | CustomError, tuple[str, ...]] | None:
    """The item whose selector or topic this is, and the roles of the contracts that have it."""
    for _, line in _lines(kind):
        signature = _signature(line)
        if keccak256(signature.encode())[: len(key)] == key:
            owners = [role for role, other in _lines(kind, line.name) if _signature(other) == signature]
            return line.item, tuple(dict.fromkeys(owners))
    return None


def _lines(kind: str, name: str | None = None) -> Iterator[tuple[str, Line]]:
    for role, contract in CONTRACTS.items():
        for line in contract.lines:
            if line.kind == kind and name in (None, line.name):
                yield role, line


def _signature(line: Line) -> str:
    """The canonical signature, cut out of the text: types contain no space, names stand behind one.

    A test compares it with the parsed line's for every line there is.
    """
    without_kind = line.text.partition(" ")[2].replace(", ", ",")
    return _NAME.sub("", without_kind).partition(" (")[0]


# --------------------------------------------------------------------------- values


def _named(name: str, kind: Type, value: Any) -> DecodedValue:
    return DecodedValue(name=name, type=kind.name, value=_with_labels(kind, value))


def _with_labels(kind: Type, value: Any) -> Any:
    """Structs with named fields as mappings, to any depth."""
    if isinstance(kind, Array):
        return tuple(_with_labels(kind.item, part) for part in value)
    if not isinstance(kind, Tuple):
        return value
    parts = [_with_labels(component, part) for component, part in zip(kind.components, value, strict=True)]
    return dict(zip(kind.labels, parts, strict=True)) if kind.labels and all(kind.labels) else tuple(parts)
