"""A call to sign: where it goes, what it says to the contract, and what that means in one sentence. Pure.

The library sends nothing. A ``Call`` is printed, simulated, put into a Safe file or handed to whoever holds the key.
Every call made here is decoded back before it is handed out: what is signed is what was asked for.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from aztec_butler.core.abi import Function
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address, parse_bytes, to_hex
from aztec_butler.core.networks import MULTICALL3_ADDRESS
from aztec_butler.core.records import unit

MULTICALLS: Final = {
    MULTICALL3_ADDRESS: "Multicall3",
    # Source: mds1/multicall3, deployments.json.
    "0xF9cda624FBC7e059355ce98a31693d299FACd963": "Multicall3 on zkSync Era",
    "0xAa4De41dba0Ca5dCBb288b7cC6b708F3aaC759E7": "Multicall3 on Abstract",
    # Source: makerdao/multicall, README.
    "0x5BA1e12693Dc8F9c48aAD8770482f4739bEeD696": "Multicall2",
    "0xeefBa1e63905eF1D7ACbA5a8513c70307C1cE441": "Multicall",
}
"""Contracts that call anything for anybody: what they may spend, everybody may take."""

_ALLOWANCES: Final = {
    bytes.fromhex("095ea7b3"): ("approve(address,uint256)", 0, 1),
    bytes.fromhex("39509351"): ("increaseAllowance(address,uint256)", 0, 1),
    bytes.fromhex("d73dd623"): ("increaseApproval(address,uint256)", 0, 1),
    bytes.fromhex("3177029f"): ("approveAndCall(address,uint256)", 0, 1),
    bytes.fromhex("cae9ca51"): ("approveAndCall(address,uint256,bytes)", 0, 1),
    bytes.fromhex("87517c45"): ("approve(address,address,uint160,uint48)", 1, 2),
    bytes.fromhex("426a8493"): ("approve(address,uint256,uint256)", 0, 2),
    bytes.fromhex("558a7297"): ("setOperator(address,bool)", 0, 1),
    bytes.fromhex("a22cb465"): ("setApprovalForAll(address,bool)", 0, 1),
}
"""Functions that let somebody spend, with the positions of who and how much; with zero they take the right back."""


OPEN_ALLOWANCE: Final = (
    "whatever a multicall contract may spend, everybody can take: it calls anything for anybody"
)


def _content(value: object) -> bytes:
    return value if isinstance(value, bytes) else parse_bytes(value)


def _brief(content: bytes) -> str:
    text = to_hex(content)
    return repr(text if len(text) <= 74 else f"{text[:42]}... ({len(content)} bytes)")


@attrs.frozen(kw_only=True)
class Call:
    """One call of a contract, not sent.

    Args:
        to: the contract.
        data: the calldata; hex text is taken as well.
        value_wei: ether sent along.
        summary: what it does, in one sentence with units; empty where nobody knows.

    Raises:
        InputError: no address, no bytes, or an amount that is none.
    """

    to: str = attrs.field(converter=parse_address)
    data: bytes = attrs.field(converter=_content, repr=_brief)
    value_wei: int = unit("wei", default=0)
    summary: str = ""

    def __attrs_post_init__(self) -> None:
        check_uint("value_wei", self.value_wei)

    def _repr_html_(self) -> str:
        from aztec_butler.core.call_cards import call_card

        return call_card(self)

    @property
    def selector(self) -> str:
        """First four bytes as 0x hex: which function is called; ``0x`` where there are none."""
        return to_hex(self.data[:4])

    def to_parameters(self, sender: str | None = None) -> dict[str, str]:
        """As JSON-RPC and web3 take a transaction.

        Args:
            sender: the address that sends it; None leaves it out.
        """
        parameters = {"to": self.to, "data": to_hex(self.data), "value": hex(self.value_wei)}
        return parameters if sender is None else {"from": parse_address(sender), **parameters}


def build_call(to: str, function: Function, *arguments: Any, summary: str, value_wei: int = 0) -> Call:
    """The call of a function, decoded back before it is handed out.

    Args:
        to: the contract.
        function: what is called.
        arguments: of the types that ``core.abi`` decodes to: addresses as text, bytes, integers, tuples.
        summary: what it does.
        value_wei: ether sent along.

    Raises:
        InputError: an argument does not fit its type, ``to`` is nobody, or everybody could take what it allows.
    """
    data = function.encode_call(*arguments)
    refuse_open_allowance(data)
    address = check_address("to", to, hint="give the contract's address")
    return Call(
        to=address, data=decoded_back(function, data, arguments), value_wei=value_wei, summary=summary
    )


def decoded_back(function: Function, data: bytes, arguments: tuple[Any, ...]) -> bytes:
    """The calldata, after a look at what it says.

    Raises:
        AssertionError: it says something else than was asked for; a bug.
    """
    if function.decode_call(data) != arguments:
        raise AssertionError(f"calldata of {function.signature} does not decode to its arguments")
    return data


# --------------------------------------------------------------------------- arguments


def check_uint(name: str, value: object, *, bits: int = 256, at_least: int = 0) -> int:
    """An integer that a contract can take.

    Args:
        name: of the argument, for the error.
        value: what was given.
        bits: of the contract's type.
        at_least: the smallest that makes sense.

    Raises:
        InputError: a float, a bool, text, too small or too large.
    """
    if isinstance(value, float):
        raise InputError(
            "a float is not exact", hint="give an integer: amounts are in wei", **{name: repr(value)}
        )
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError("an integer is needed", hint="amounts are in wei", **{name: repr(value)})
    shown: dict[str, Any] = {name: value}
    if value < at_least:
        raise InputError("the value is too small", **shown, at_least=at_least)
    if value >> bits:
        raise InputError("the value is larger than the contract can hold", **shown, bits=bits)
    return value


def check_address(name: str, value: object, *, hint: str | None = None) -> str:
    """An address that is somebody, checksummed.

    Args:
        name: of the argument, for the error.
        value: what was given.
        hint: what to give instead of nobody.

    Raises:
        InputError: no address, a wrong checksum, or the zero address.
    """
    try:
        address = parse_address(value)
    except InputError as error:
        error.facts = {"argument": name, **error.facts}
        raise
    if address == ZERO_ADDRESS:
        raise InputError("the zero address is nobody", hint=hint or "give an address", **{name: address})
    return address


def open_allowance(data: bytes) -> tuple[str, str] | None:
    """The function and the multicall contract that calldata lets spend; None where it does nothing of the kind.

    The arguments stand at fixed places. What is behind them, or in the bytes that pad an address, changes nothing for
    a contract that does not look at it, and neither does it here.
    """
    function, spender, amount = _ALLOWANCES.get(data[:4], ("", 0, 0))
    if not function or not any(_word(data, amount)):
        return None
    address = _word(data, spender)[12:]
    for known, name in MULTICALLS.items():
        if address == bytes.fromhex(known[2:]):
            return function, f"{known} ({name})"
    return None


def refuse_open_allowance(data: bytes) -> None:
    """Refuse calldata that lets a multicall contract spend: everybody can make it call anything.

    Raises:
        InputError: it does.
    """
    found = open_allowance(data)
    if found is not None:
        raise InputError(
            OPEN_ALLOWANCE,
            hint="approve the contract that is to take the tokens, in a transaction of its own",
            function=found[0],
            spender=found[1],
        )


def _word(data: bytes, position: int) -> bytes:
    """An argument as the EVM reads it: zeros follow where the calldata ends."""
    return data[4 + 32 * position : 36 + 32 * position].ljust(32, b"\0")
