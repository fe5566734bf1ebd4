"""Which amounts may be told in whole tokens: ether and the staking asset have 18 decimals, of others nobody knows here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from aztec_butler.core.calldata.tokens import AZTEC
from aztec_butler.core.hexes import ZERO_ADDRESS

ETHER: Final = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
"""What stands for ether where a token is named. Source: ``eth_simulateV1``; splits, which take it for that as well."""
TOKEN_ROLES: Final = ("token", "test_token")
_OF_ANY_TOKEN: Final = frozenset(
    {"multicall3", "multi_send", "safe", "pull_split", "pull_split_factory", "splits_warehouse", "library"}
)
_NAMES: Final = ("token", "tokens", "asset")


def tokens_in(roles: Mapping[str, str]) -> frozenset[str]:
    """The tokens that are known to have 18 decimals.

    Args:
        roles: of contracts by address.
    """
    return frozenset({ETHER, *AZTEC.values()} | {at for at, role in roles.items() if role in TOKEN_ROLES})


def named_tokens(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The tokens that a call or event names; none where its contract has one of its own."""
    found = [fields[name] for name in _NAMES if name in fields]
    return tuple(
        address for value in found for address in (value if isinstance(value, list | tuple) else (value,))
    )


def has_18_decimals(role: str | None, fields: Mapping[str, Any], known: Collection[str]) -> bool:
    """Whether the amounts of a call or an event count 18 decimals, for certain.

    Args:
        role: of the contract at that address; None where nobody knows it.
        fields: what is said, by name.
        known: tokens of 18 decimals.
    """
    named = [address for address in named_tokens(fields) if address != ZERO_ADDRESS]
    if named:
        return all(address in known for address in named)
    return role is not None and role not in _OF_ANY_TOKEN
