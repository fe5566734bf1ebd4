"""Human-readable ABI lines, and the codec they stand for.

A contract is written down as the lines a Solidity reader knows::

    function getAttesterView(address attester) view returns ((uint8 status, uint256 effectiveBalance) attesterView)
    event Slashed(address indexed attester, uint256 amount)
    error Staking__NotExiting(address attester)

Structs are written as tuples, with the names of their fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aztec_butler.core.abi_items import CustomError, Event, Function, Item, Parameter, tuple_of
from aztec_butler.core.abi_structs import Array
from aztec_butler.core.abi_types import WORD, Address, Bool, Bytes, FixedBytes, Int, Type, Uint
from aztec_butler.core.errors import InputError

__all__ = ["CustomError", "Event", "Function", "Item", "Parameter", "parse_line", "parse_type"]

_MUTABILITIES = ("view", "pure", "payable", "nonpayable")
_IGNORED = ("external", "public")
_ITEM = re.compile(r"\s*(function|event|error)\s+(\w+)\s*\(")
_ELEMENTARY = re.compile(r"(uint|int|bytes)([1-9]\d*)?|address|bool|string")
_SUFFIXES = re.compile(r"(?:\[\d*\])*")
_SUFFIX = re.compile(r"\[(\d*)\]")
_PLAIN: dict[str, Type] = {"address": Address(), "bool": Bool(), "string": Bytes("string")}


def parse_line(line: str) -> Item:
    """A human-readable ABI line to the function, event or error it describes.

    >>> parse_line("event Slashed(address indexed attester, uint256 amount)").topic0.hex()[:8]
    '4ed05e96'

    Raises:
        InputError: the line is not of the form above.
    """
    match = _ITEM.match(line)
    if match is None:
        raise InputError("expected an ABI line that begins with function, event or error", line=line)
    kind, name = match.groups()
    inner, rest = _bracketed(line, match.end() - 1)
    inputs = _parse_parameters(inner, line, events=kind == "event")
    if kind != "function":
        if rest.strip():
            raise InputError("an ABI line goes on after its parameters", line=line, rest=rest.strip())
        return Event(name, inputs) if kind == "event" else CustomError(name, inputs)
    modifiers, announced, returns = rest.partition("returns")
    mutability = "nonpayable"
    for word in modifiers.split():
        if word in _MUTABILITIES:
            mutability = word
        elif word not in _IGNORED:
            raise InputError("an ABI line has an unknown word after its parameters", line=line, word=word)
    outputs: tuple[Parameter, ...] = ()
    if announced:
        returns = returns.strip()
        if not returns.startswith("("):
            raise InputError("an ABI line has no brackets around its outputs", line=line, rest=returns)
        inner, rest = _bracketed(returns, 0)
        if rest.strip():
            raise InputError("an ABI line goes on after its outputs", line=line, rest=rest.strip())
        outputs = _parse_parameters(inner, line, events=False)
    return Function(name, inputs, outputs, mutability)


def parse_type(text: str) -> Type:
    """A type as it stands in a signature, e.g. ``(address,uint256)[]``.

    Raises:
        InputError: no such type.
    """
    return _parse_parameter(text, text, events=False).type


def _bracketed(text: str, start: int) -> tuple[str, str]:
    """What stands between the bracket at ``start`` and its partner, and what follows."""
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return text[start + 1 : position], text[position + 1 :]
    raise InputError("an ABI line has unbalanced brackets", line=text)


def _split(text: str) -> Iterator[str]:
    """The parts between commas outside of brackets."""
    depth, start = 0, 0
    for position, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            yield text[start:position]
            start = position + 1
    if text.strip():
        yield text[start:]


def _parse_parameters(text: str, line: str, *, events: bool) -> tuple[Parameter, ...]:
    return tuple(_parse_parameter(part, line, events=events) for part in _split(text))


def _parse_parameter(text: str, line: str, *, events: bool) -> Parameter:
    text = text.strip()
    base: Type
    if text.startswith("("):
        inner, rest = _bracketed(text, 0)
        components = _parse_parameters(inner, line, events=False)
        base = tuple_of(components)
    else:
        match = _ELEMENTARY.match(text)
        if match is None:
            raise InputError("an ABI line names an unknown type", line=line, parameter=text)
        base = _elementary(match.group(), match.group(1), match.group(2), line)
        rest = text[match.end() :]
    suffixes = _SUFFIXES.match(rest)
    end = suffixes.end() if suffixes else 0
    for size in _SUFFIX.findall(rest[:end]):
        base = Array(base, int(size) if size else None)
    if rest[end:] and not rest[end].isspace():
        raise InputError("an ABI line names an unknown type", line=line, parameter=text)
    words = rest[end:].split()
    indexed = words[:1] == ["indexed"]
    if indexed and not events:
        raise InputError("an ABI line indexes what is no parameter of an event", line=line, parameter=text)
    words = words[indexed:]
    if len(words) > 1 or not all(word.isidentifier() for word in words):
        raise InputError("an ABI line has a parameter of too many words", line=line, parameter=text)
    return Parameter(words[0] if words else "", base, indexed)


def _elementary(name: str, family: str | None, digits: str | None, line: str) -> Type:
    if family is None:
        return _PLAIN[name]
    size = int(digits) if digits else None
    if family == "bytes":
        if size is None:
            return Bytes()
        if 1 <= size <= WORD:
            return FixedBytes(size)
    else:
        bits = size or 256
        if bits % 8 == 0 and 8 <= bits <= 256:
            return Uint(bits) if family == "uint" else Int(bits)
    raise InputError("an ABI line names an unknown type", line=line, type=name)
