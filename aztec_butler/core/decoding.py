"""Bytes that somebody came across: calldata, revert data or a log, read with every contract known here.

Pure. Calldata that carries other calldata (batches, Safe transactions) is read to its end; see ``decoding_calls``. The
contracts have more than a thousand lines, and parsing them all takes longer than everything else: here their
signatures are cut out of the text, hashed until one fits, and that line alone is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cache
from threading import Lock
from typing import Any

import attrs

from aztec_butler.core.abi import CustomError, Event, Function
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.abi_types import WORD, Type
from aztec_butler.core.contracts.contract import Line
from aztec_butler.core.contracts.table import CONTRACTS
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import keccak256, to_hex
from aztec_butler.core.records import unit
from aztec_butler.core.safe_abi import MULTI_SEND, SAFE

_NAME = re.compile(r" \w+")


class Kind(StrEnum):
    """What bytes turned out to be."""

    CALL = "call"
    ERROR = "error"
    EVENT = "event"
    BATCH = "batch"
    """A file of several calls."""


class Operation(StrEnum):
    """How a call is made."""

    CALL = "call"
    DELEGATE_CALL = "delegate call"
    """The other contract's code runs as the caller itself, with all that it owns."""


@attrs.frozen(kw_only=True)
class DecodedValue:
    """One argument or parameter."""

    name: str
    type: str
    value: Any
    """Integers, checksummed addresses, booleans, bytes, text; arrays as tuples, structs as mappings where their fields
    have names."""
    field: str = ""
    """The name that this library uses for it, unit included; empty for what is no argument of a call."""
    unit: str | None = None
    """``wei`` of a token, ``ether`` for wei of ether, ``bps``; None for what has none."""


@attrs.frozen(kw_only=True)
class Decoded:
    """What bytes say."""

    kind: Kind
    signature: str | None
    """None of a call whose function is unknown here, or that calls none."""
    roles: tuple[str, ...]
    """Of the contracts that have it."""
    values: tuple[DecodedValue, ...]
    """None of an event whose topic alone was given."""
    meaning: str | None = None
    """What an error means for the caller; None where nothing is known beyond its name."""
    data: bytes = b""
    """The bytes themselves, of a call."""
    to: str | None = None
    """Whom a call goes to; None where the bytes do not tell."""
    role: str | None = None
    """Of the contract that it goes to; None where nobody knows it, and ``roles`` are a guess."""
    has_18_decimals: bool = False
    """Whether its amounts in wei are of a token that is known to have 18 decimals."""
    value_wei: int = unit("wei", default=0)
    """Ether that a call sends along."""
    operation: Operation = Operation.CALL
    may_fail: bool = False
    """Whether the batch around a call goes on when it reverts."""
    inner: tuple[Decoded, ...] = ()
    """The calls inside, in order."""
    warnings: tuple[str, ...] = ()
    """What a signer should know about this call; those of the calls inside stand with them."""

    def __str__(self) -> str:
        from aztec_butler.core.decoding_text import lines_of

        return "\n".join(lines_of(self))

    def walk(self) -> Iterator[Decoded]:
        """This and everything inside, depth first."""
        yield self
        for call in self.inner:
            yield from call.walk()


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
    if find_function(content[:4]) is not None:
        from aztec_butler.core.decoding_calls import decode_call

        return decode_call(content, strict=True)
    return _decode_revert(content)


def _decode_log(topic0: bytes, topics: Sequence[bytes], data: bytes | None) -> Decoded:
    found = _find("event", topic0)
    if not found:
        raise NotFoundError("no known contract has an event with this topic", topic0=to_hex(topic0))
    roles = tuple(found)
    event = found[roles[0]]
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


def find_function(selector: bytes, role: str | None = None) -> tuple[Function, tuple[str, ...]] | None:
    """The function with a selector, and the roles of the contracts that have it.

    Args:
        selector: four bytes.
        role: of the contract that is called, where it is known: contracts name the same parameters differently.
    """
    found = _find("function", selector)
    if not found:
        return None
    function = found.get(role or "", next(iter(found.values())))
    assert isinstance(function, Function)
    return function, tuple(found)


def roles_with_event(topic0: bytes) -> tuple[str, ...]:
    """Roles of the contracts that have an event with this topic."""
    return tuple(_find("event", topic0))


class _Index:
    """The signatures of one kind by their hashes, hashed as far as somebody has looked."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._size = WORD if kind == "event" else 4
        self._waiting = _lines(kind)
        self._hashed: dict[bytes, Line] = {}
        self._found: dict[bytes, dict[str, Function | Event | CustomError]] = {}
        self._lock = Lock()

    def find(self, key: bytes) -> dict[str, Function | Event | CustomError]:
        """The items whose selector or topic this is, by the roles of the contracts that have them."""
        with self._lock:
            if key not in self._hashed:
                self._look_for(key)
            line = self._hashed.get(key)
            if line is None:
                return {}
            if key not in self._found:
                signature = _signature(line)
                items: dict[str, Function | Event | CustomError] = {}
                for role, other in _lines(self._kind, line.name):
                    if _signature(other) == signature:
                        items.setdefault(role, other.item)
                self._found[key] = items
            return self._found[key]

    def _look_for(self, key: bytes) -> None:
        for _, line in self._waiting:
            found = keccak256(_signature(line).encode())[: self._size]
            self._hashed.setdefault(found, line)
            if found == key:
                return


@cache
def _index(kind: str) -> _Index:
    return _Index(kind)


def _find(kind: str, key: bytes) -> dict[str, Function | Event | CustomError]:
    return _index(kind).find(key)


def _lines(kind: str, name: str | None = None) -> Iterator[tuple[str, Line]]:
    for contract in (*CONTRACTS.values(), SAFE, MULTI_SEND):
        for line in contract.lines:
            if line.kind == kind and name in (None, line.name):
                yield contract.role, line


def _signature(line: Line) -> str:
    """The canonical signature, cut out of the text: types contain no space, names stand behind one.

    A test compares it with the parsed line's for every line there is.
    """
    without_kind = line.text.partition(" ")[2].replace(", ", ",")
    return _NAME.sub("", without_kind).partition(" (")[0]


# --------------------------------------------------------------------------- values


def _named(name: str, kind: Type, value: Any) -> DecodedValue:
    return DecodedValue(name=name, type=kind.name, value=with_labels(kind, value))


def with_labels(kind: Type, value: Any) -> Any:
    """A decoded value, its structs with named fields as mappings, to any depth."""
    if isinstance(kind, Array):
        return tuple(with_labels(kind.item, part) for part in value)
    if not isinstance(kind, Tuple):
        return value
    parts = [with_labels(component, part) for component, part in zip(kind.components, value, strict=True)]
    return dict(zip(kind.labels, parts, strict=True)) if kind.labels and all(kind.labels) else tuple(parts)
