"""What bytes say, as lines for a reader: one call a paragraph, the calls inside indented below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from aztec_butler.core.calldata.arguments import count_of
from aztec_butler.core.calldata.tokens import describe_amount
from aztec_butler.core.decoding import Decoded, DecodedValue, Kind, Operation
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.token_amounts import TOKEN_ROLES, named_tokens
from aztec_butler.core.units import render_bps, render_exact

_LONGEST_BYTES: Final = 36
_LARGEST_PLAIN: Final = 1 << 128
_STEP: Final = "  "
_UNLIMITED: Final = (1 << 256) - 1


def lines_of(decoded: Decoded) -> tuple[str, ...]:
    """A call, error, event or file as text.

    Args:
        decoded: what ``decode_bytes`` or ``explain`` found.
    """
    return tuple(_lines(decoded, "", ""))


def _lines(decoded: Decoded, indent: str, number: str) -> Iterator[str]:
    yield f"{indent}{number}{_headline(decoded)}"
    below = indent + _STEP
    values = () if decoded.kind is Kind.BATCH else decoded.values  # a file's stand in the headline
    longest = max((len(value.field or value.name) for value in values), default=0)
    for value in values:
        name = f"{below}{value.field or value.name:<{longest}}  "
        if _is_unfolded(decoded, value.value):
            yield f"{name}{_size(value.value)}, see below"
        elif _is_list_of_structs(value.value):
            yield f"{name}{_size(value.value)}:"
            for position, item in enumerate(value.value, 1):
                yield f"{below}{_STEP}{position}. {render_value(item)[1:-1]}"
        else:
            yield f"{name}{_shown(decoded, value)}"
    if decoded.value_wei:
        yield f"{below}sends {render_exact(decoded.value_wei)} ETH along"
    if decoded.meaning is not None:
        yield f"{below}meaning: {decoded.meaning}"
    for warning in decoded.warnings:
        yield f"{below}warning: {warning}"
    for position, call in enumerate(decoded.inner, 1):
        yield from _lines(call, below, f"{position}. ")


def _headline(decoded: Decoded) -> str:
    if decoded.kind is Kind.BATCH:
        told = {value.field: value.value for value in decoded.values if value.value is not None}
        whose = f"chain {told.get('chain_id', 'not named')}, Safe {told.get('safe', 'not named')}"
        return f"file of {count_of(len(decoded.inner), 'transaction')}: {whose}"
    if decoded.signature is not None:
        what = f"{decoded.kind.value} {decoded.signature}"
    elif decoded.data:
        what = f"call of an unknown function, {to_hex(decoded.data[:4])} and {len(decoded.data[4:])} bytes"
    else:
        what = "call without data"
    if decoded.operation is Operation.DELEGATE_CALL:
        what = what.replace("call", "delegate call", 1)
    may_fail = " (may fail)" if decoded.may_fail else ""
    place = f" at {decoded.to}" if decoded.to is not None else ""
    if not decoded.roles or not place or decoded.role in decoded.roles:
        owners = f" of {', '.join(decoded.roles)}" if decoded.roles else ""
        return f"{what}{owners}{place}{may_fail}"
    kind, _, signature = what.rpartition(" ")
    known = "" if decoded.role is None else f", the {decoded.role}, which has no such function"
    return f"{kind} that looks like {signature} of a {' or '.join(decoded.roles)}{place}{known}{may_fail}"


def _is_unfolded(decoded: Decoded, value: Any) -> bool:
    """Whether a value holds the calls inside, which are shown anyway."""
    if not decoded.inner:
        return False
    if isinstance(value, bytes):
        return len(decoded.values) == 1 or value in [call.data for call in decoded.inner]
    return isinstance(value, tuple)


def _size(value: bytes | tuple[Any, ...]) -> str:
    return f"{len(value):,} {'bytes' if isinstance(value, bytes) else 'entries'}"


def _is_list_of_structs(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) > 0 and all(isinstance(item, Mapping) for item in value)


def _shown(decoded: Decoded, value: DecodedValue) -> str:
    if value.unit == "bps":
        return f"{value.value} ({render_bps(value.value)})"
    if value.unit == "wei" and isinstance(value.value, int):
        amount = describe_amount(value.value)
        if 0 < value.value < _UNLIMITED and not decoded.has_18_decimals:
            return f"{value.value:,} {_smallest_unit(decoded)}"
        return amount if amount.endswith("wei") else f"{value.value} wei ({amount})"
    if value.unit == "ether":
        return f"{value.value} wei ({render_exact(value.value)} ETH)"
    return render_value(value.value)


def _smallest_unit(decoded: Decoded) -> str:
    """What an amount counts whose decimals nobody knows."""
    named = named_tokens({value.field: value.value for value in decoded.values})
    if not named and decoded.to is not None and not {*decoded.roles}.isdisjoint(TOKEN_ROLES):
        named = (decoded.to,)
    return f"of the smallest unit of token {named[0]}" if len(named) == 1 else "of the token's smallest unit"


def render_value(value: Any) -> str:
    """Any value on one line; long bytes and coordinates are shortened, and what could steer a terminal is escaped."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if abs(value) < _LARGEST_PLAIN else _shortened(hex(value))
    if isinstance(value, bytes):
        return (
            to_hex(value)
            if len(value) <= _LONGEST_BYTES
            else f"{_shortened(to_hex(value))} ({len(value)} bytes)"
        )
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key}: {render_value(part)}" for key, part in value.items()) + ")"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(render_value(part) for part in value) + "]"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(value))


def _shortened(text: str) -> str:
    return f"{text[:10]}…{text[-8:]}"
