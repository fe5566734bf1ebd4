"""Why a contract reverted, in words."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import attrs

from aztec_butler.core.abi import CustomError, parse_line
from aztec_butler.core.contracts.meanings import MEANINGS, PARAMETERS
from aztec_butler.core.contracts.table import CONTRACTS
from aztec_butler.core.errors import DecodeError, RevertError
from aztec_butler.core.hexes import to_hex

# Source: the Solidity documentation, "Panic via assert and Error via require".
_PANICS: Final = {
    0x00: "the compiler's own check failed",
    0x01: "an assertion failed",
    0x11: "an arithmetic operation overflowed",
    0x12: "a division by zero",
    0x21: "a number outside of an enumeration",
    0x22: "a storage array is encoded wrongly",
    0x31: "an element was taken from an empty array",
    0x32: "an index outside of an array",
    0x41: "too much memory was asked for",
    0x51: "a function was called that was never set",
}


@attrs.frozen(kw_only=True)
class RevertReason:
    """Why a contract reverted.

    Args:
        sentence: what happened, without values.
        name: of the custom error, or ``Error`` or ``Panic`` of the language; None when unknown.
        signature: name and types; None when unknown.
        arguments: values by name; for an unknown error its ``selector``.
        roles: of the contracts that declare the error; empty for the language's own and unknown ones.
        hint: what it means for the caller; None where nothing is known beyond the name.
        data: the raw revert data.
    """

    sentence: str
    name: str | None = None
    signature: str | None = None
    arguments: dict[str, Any] = attrs.field(factory=dict)
    roles: tuple[str, ...] = ()
    hint: str | None = None
    data: bytes = b""

    def to_error(self, **facts: object) -> RevertError:
        """The exception to raise.

        Args:
            facts: what the caller knows besides: contract, function, block.
        """
        if self.signature is None:
            facts = {**self.arguments, **facts}
        return RevertError(
            self.sentence,
            hint=self.hint,
            error=self.signature,
            arguments=self.arguments,
            data=self.data,
            **facts,
        )


def decode_error(data: bytes) -> RevertReason:
    """Read revert data with every custom error that is known here; never fails.

    Args:
        data: what the call returned: empty, a custom error, or the language's ``Error(string)`` or ``Panic(uint256)``.

    >>> decode_error(bytes.fromhex("61ff7cd7")).sentence
    'the contract reverted with an error that is unknown here'
    """
    if not data:
        return RevertReason(sentence="the contract reverted without a reason")
    if len(data) < 4:
        return RevertReason(
            sentence="the contract reverted with bytes that are no error",
            arguments={"bytes": to_hex(data)},
            data=data,
        )
    error, roles = _known_errors().get(data[:4], (None, ()))
    if error is None:
        return RevertReason(
            sentence="the contract reverted with an error that is unknown here",
            arguments={"selector": to_hex(data[:4])},
            data=data,
        )
    try:
        arguments = error.decode(data)
    except DecodeError:
        # Another contract's error may share the selector; the name is a good guess and no more.
        return RevertReason(
            sentence="the contract reverted with an error whose arguments do not fit",
            name=error.name,
            signature=error.signature,
            arguments={"bytes": to_hex(data)},
            roles=roles,
            data=data,
        )
    names = PARAMETERS.get(error.signature)
    if names is not None:
        arguments = dict(zip(names, arguments.values(), strict=True))
    return RevertReason(
        sentence=_sentence(error, arguments),
        name=error.name,
        signature=error.signature,
        arguments=arguments,
        roles=roles,
        hint=MEANINGS.get(error.signature),
        data=data,
    )


def _sentence(error: CustomError, arguments: dict[str, Any]) -> str:
    if error.signature == _ERROR.signature:
        return "the contract reverted with a message"
    if error.signature == _PANIC.signature:
        return "the contract panicked: " + _PANICS.get(
            arguments["code"], "a code that the language does not know"
        )
    return f"the contract reverted with {error.name}"


def _language_error(line: str) -> CustomError:
    item = parse_line(line)
    assert isinstance(item, CustomError)
    return item


_ERROR: Final = _language_error("error Error(string message)")
_PANIC: Final = _language_error("error Panic(uint256 code)")


@cache
def _known_errors() -> dict[bytes, tuple[CustomError, tuple[str, ...]]]:
    known: dict[bytes, tuple[CustomError, tuple[str, ...]]] = {
        error.selector: (error, ()) for error in (_ERROR, _PANIC)
    }
    for role, contract in CONTRACTS.items():
        for error in contract.errors:
            first, roles = known.get(error.selector, (error, ()))
            known[error.selector] = (first, (*roles, role))
    return known
