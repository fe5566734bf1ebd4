"""Where the rewards of each attester shall go, by the rule an operator chooses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.keystores.text import BrokenText, Kind, parse_text

_OVERRIDES = '{"0xATTESTER": "0xCOINBASE", ...}'


class CoinbasePolicy(StrEnum):
    """By which rule coinbases are set."""

    SPLIT = "split"
    """The split of the attester's delegation; those without one are left alone."""
    WALLET = "wallet"
    """One address for all."""
    KEEP = "keep"
    """As they are, but for overrides."""


@attrs.frozen(kw_only=True)
class WantedCoinbase:
    """Where the rewards of an attester shall go, and who says so."""

    coinbase: str
    reason: str


def wanted_coinbases(
    attesters: Iterable[str],
    policy: CoinbasePolicy,
    *,
    splits: Mapping[str, str] | None = None,
    wallet: str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> dict[str, WantedCoinbase]:
    """Where the rewards of each attester shall go; those that are to be left alone are not in it.

    Args:
        attesters: those of the keystores.
        policy: the rule.
        splits: the split of each delegated attester, for ``SPLIT``.
        wallet: the address, for ``WALLET``.
        overrides: addresses by attester, which win over any rule.

    Raises:
        InputError: an address that is none or zero, an override for an attester that is not there, a wallet missing or
            without use.
    """
    known = list(attesters)
    exceptions = {
        _address("attester", one): _coinbase("coinbase", two) for one, two in (overrides or {}).items()
    }
    strangers = sorted(set(exceptions) - set(known))
    if strangers:
        raise InputError(
            "an override names an attester that is in none of the keystores", attesters=", ".join(strangers)
        )
    if (wallet is not None) != (policy is CoinbasePolicy.WALLET):
        raise InputError("the wallet belongs to the policy wallet, and to no other", policy=policy.value)
    wanted: dict[str, WantedCoinbase] = {}
    for attester in known:
        if attester in exceptions:
            wanted[attester] = WantedCoinbase(coinbase=exceptions[attester], reason="override")
        elif wallet is not None:
            wanted[attester] = WantedCoinbase(coinbase=_coinbase("wallet", wallet), reason="wallet")
        elif policy is CoinbasePolicy.SPLIT and attester in (splits or {}):
            assert splits is not None
            split = _coinbase("split", splits[attester])
            wanted[attester] = WantedCoinbase(coinbase=split, reason="split of its delegation")
    return wanted


def read_overrides(text: str) -> dict[str, str]:
    """Coinbases by attester, from a JSON object of addresses.

    Raises:
        InputError: anything else, or an attester that stands twice.
    """
    try:
        root = parse_text(text)
    except BrokenText as broken:
        raise InputError(
            "the overrides are not JSON", hint=_OVERRIDES, reason=broken.reason, line=broken.line
        ) from None
    if root.kind is not Kind.OBJECT:
        raise InputError("the overrides are not an object", hint=_OVERRIDES)
    overrides: dict[str, str] = {}
    for attester, coinbase in root.members:
        address = _address("attester", attester)
        if address in overrides:
            raise InputError("an attester stands twice among the overrides", attester=address)
        overrides[address] = _coinbase("coinbase", coinbase.plain())
    return overrides


def _address(name: str, value: object) -> str:
    # A private key in the wrong place must not be quoted back: only what has the length of an address is.
    if not isinstance(value, str) or len(value) != 42:
        raise InputError("an address is 0x and 40 hex digits", where=name)
    return parse_address(value)


def _coinbase(name: str, value: object) -> str:
    address = _address(name, value)
    if address == ZERO_ADDRESS:
        raise InputError("rewards would go to the zero address", where=name)
    return address
