"""Calldata in words, down to the last call inside: what it does, with names and units, and what to beware of.

Whatever cannot be read is said and kept, never left out: an unknown function, bytes that do not fit, bytes too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from aztec_butler.core.abi import Function
from aztec_butler.core.abi_types import WORD
from aztec_butler.core.calldata.tokens import AZTEC
from aztec_butler.core.calls import OPEN_ALLOWANCE, Call, open_allowance
from aztec_butler.core.decoding import Decoded, DecodedValue, Kind, Operation, find_function, with_labels
from aztec_butler.core.decoding_batches import CARRIERS, Carried
from aztec_butler.core.decoding_fields import argument_fields
from aztec_butler.core.errors import DecodeError
from aztec_butler.core.hexes import parse_address, parse_bytes, to_hex
from aztec_butler.core.networks import MULTICALL3_ADDRESS, PRESETS
from aztec_butler.core.token_amounts import has_18_decimals, tokens_in

_DEEPEST: Final = 16
_SHARED_BYTES: Final = 1 << 16
_UNLIMITED: Final = (1 << 256) - 1
_TOKEN_ALLOWANCES: Final = ("approve(address,uint256)", "increaseAllowance(address,uint256)")

STRANGE_CODE: Final = "a delegate call: the target's code runs as the sender itself, with all that it owns"
TOO_DEEP: Final = f"calls inside calls to more than {_DEEPEST} levels: those inside are not read"
TOO_MUCH: Final = "calls inside share their bytes with others: the rest is not read"


def explain(
    what: Call | bytes | str | Mapping[str, Any],
    to: str | None = None,
    *,
    value_wei: int = 0,
    roles: Mapping[str, str] | None = None,
) -> Decoded:
    """Calldata in names and values, and everything that it carries inside: ``print`` shows it as a tree.

    Args:
        what: calldata as bytes or 0x hex; a ``Call``; or the content of a Safe Transaction Builder file.
        to: the contract that is called, where it is known.
        value_wei: ether sent along.
        roles: further contracts whose roles are known, by address: it decides between namesakes.

    Returns:
        A tree: ``.signature``, ``.values`` (each with ``.field``, ``.unit`` and ``.value``), ``.inner``, ``.warnings``.

    >>> explain("0x1d934975").signature
    'flushEntryQueue()'

    Raises:
        InputError: no hex, no address, or no such file.
    """
    known = known_roles() | {parse_address(address): role for address, role in (roles or {}).items()}
    if isinstance(what, Mapping):
        from aztec_butler.core.decoding_safe import decode_builder_file

        return decode_builder_file(what, known)
    if isinstance(what, Call):
        call = Carried(what.to, what.value_wei, what.data)
        return Reader(known, len(call.data)).read(call)
    content = what if isinstance(what, bytes) else parse_bytes(what)
    call = Carried(None if to is None else parse_address(to), value_wei, content)
    return Reader(known, len(content)).read(call)


def decode_call(content: bytes, *, strict: bool) -> Decoded:
    """Calldata whose receiver is unknown.

    Args:
        content: the calldata.
        strict: whether bytes that do not fit are an error; else a warning says so.

    Raises:
        DecodeError: the bytes do not fit the function.
    """
    if strict:
        found = find_function(content[:4])
        assert found is not None, "looked up by the caller"
        found[0].decode_call(content)
    return Reader(known_roles(), len(content)).read(Carried(None, 0, content))


@cache
def known_roles(chain_id: int | None = None) -> dict[str, str]:
    """Roles of the contracts that are known before anybody is asked, by address.

    Args:
        chain_id: leaves out those of other chains, where anything may stand at the same addresses; None for all.
    """
    roles = {MULTICALL3_ADDRESS: "multicall3"} | dict.fromkeys(_multi_sends(), "multi_send")
    for network in PRESETS.values():
        if chain_id not in (None, network.chain_id):
            continue
        found = {"registry": network.registry, "staking_registry": network.staking_registry}
        roles |= {address: role for role, address in found.items() if address is not None}
    roles |= {address: "token" for chain, address in AZTEC.items() if chain_id in (None, chain)}
    return roles


class Reader:
    """Reads calls, and the calls inside them.

    Calls may point to bytes that other calls use as well, so a short text could be unfolded without end; what is read is
    therefore limited to what bytes of their own could hold.

    Args:
        known: roles by address.
        size: bytes of everything that is to be read.
    """

    def __init__(self, known: Mapping[str, str], size: int) -> None:
        self._known = known
        self._tokens = tokens_in(known)
        self._left = (_DEEPEST + 1) * size + _SHARED_BYTES

    def read(self, call: Carried, depth: int = 0) -> Decoded:
        """One call and everything inside it.

        Args:
            call: the call.
            depth: below the one that was asked about.
        """
        self._left -= len(call.data)
        warnings: list[str] = []
        if call.operation is Operation.DELEGATE_CALL and call.to not in _multi_sends():
            warnings.append(STRANGE_CODE)
        if open_allowance(call.data) is not None:
            warnings.append(OPEN_ALLOWANCE)
        role = self._known.get(call.to or "")
        found = find_function(call.data[:4], role) if len(call.data) >= 4 else None
        if found is None:
            warnings += _unread(call.data)
            return _decoded(call, warnings, role=role)
        function, roles = found
        arguments = _arguments(function, call.data, warnings)
        if arguments is None:
            return _decoded(call, warnings, function, roles, role=role)
        if function.signature in _TOKEN_ALLOWANCES and arguments[1] == _UNLIMITED:
            warnings.append("the spender may take any number of tokens, for ever")
        inner = self._inside(function, arguments, depth, warnings)
        values = tuple(_values(function, arguments))
        fields = {value.field: value.value for value in values}
        return _decoded(
            call,
            warnings,
            function,
            (role,) if role in roles else roles,
            role=role,
            has_18_decimals=has_18_decimals(role if role in roles else None, fields, self._tokens),
            values=values,
            inner=inner,
        )

    def _inside(
        self, function: Function, arguments: tuple[Any, ...], depth: int, warnings: list[str]
    ) -> tuple[Decoded, ...]:
        carrier = CARRIERS.get(function.signature)
        if carrier is None:
            return ()
        if depth >= _DEEPEST:
            warnings.append(TOO_DEEP)
            return ()
        inner: list[Decoded] = []
        try:
            for call in carrier(*arguments):
                if len(call.data) > self._left:
                    warnings.append(TOO_MUCH)
                    break
                inner.append(self.read(call, depth + 1))
        except DecodeError as error:
            warnings.append(f"what follows inside cannot be read, and the call would fail: {error.sentence}")
        return tuple(inner)


def _decoded(
    call: Carried,
    warnings: list[str],
    function: Function | None = None,
    roles: tuple[str, ...] = (),
    *,
    role: str | None = None,
    has_18_decimals: bool = False,
    values: tuple[DecodedValue, ...] = (),
    inner: tuple[Decoded, ...] = (),
) -> Decoded:
    return Decoded(
        kind=Kind.CALL,
        signature=None if function is None else function.signature,
        roles=roles,
        values=values,
        data=call.data,
        to=call.to,
        role=role,
        has_18_decimals=has_18_decimals,
        value_wei=call.value_wei,
        operation=call.operation,
        may_fail=call.may_fail,
        inner=inner,
        warnings=tuple(warnings),
    )


def _values(function: Function, arguments: tuple[Any, ...]) -> Iterator[DecodedValue]:
    for parameter, field, value in zip(function.inputs, argument_fields(function), arguments, strict=True):
        yield DecodedValue(
            name=parameter.name or field.name,
            type=parameter.type.name,
            value=with_labels(parameter.type, value),
            field=field.name,
            unit=field.unit,
        )


def _unread(data: bytes) -> list[str]:
    if not data:
        return []  # ether, and nothing else
    if len(data) < 4:
        return [f"too few bytes to call a function: {to_hex(data)}"]
    return [
        f"no known contract has a function with the selector {to_hex(data[:4])}; its arguments are not read"
    ]


def _arguments(function: Function, data: bytes, warnings: list[str]) -> tuple[Any, ...] | None:
    """The arguments; what is odd about their encoding goes to the warnings."""
    content = data
    layout = function.arguments
    if not layout.is_dynamic and len(data) > 4 + layout.words * WORD:
        content = data[: 4 + layout.words * WORD]
    try:
        arguments = function.decode_call(content)
    except DecodeError as error:
        warnings.append(f"the bytes do not fit the function, and the call would fail: {error.sentence}")
        return None
    canonical = function.encode_call(*arguments)
    if canonical != data:
        extra = len(data) - len(canonical)
        if extra > 0 and data.startswith(canonical):
            warnings.append(
                f"{extra} bytes stand behind the arguments, which the function does not read: {_brief(data[-extra:])}"
            )
        else:
            warnings.append(
                "the arguments are encoded in an unusual way: other offsets, or padding that is not zero"
            )
    return arguments


@cache
def _multi_sends() -> frozenset[str]:
    """Safe's own contracts for several calls in one, which do nothing else when they run as the Safe."""
    from aztec_butler.core.safe_multi_send import MULTI_SENDS

    # Those that carry delegate calls as well. Source: safe-global/safe-deployments, multi_send.json, 1.3.0 and 1.4.1.
    others = {"0xA238CBeb142c10Ef7Ad8442C6D1f9E89e07e7761", "0x38869bf66a61cF6bDB996A6aE40D5853Fd43B526"}
    return frozenset(known.address for known in MULTI_SENDS.values()) | others


def _brief(content: bytes) -> str:
    text = to_hex(content)
    return text if len(text) <= 40 else text[:38] + "..."
