"""Calls of the staking asset, or of any ERC-20, and amounts of it as people write them."""

from __future__ import annotations

from typing import Final

import attrs

from aztec_butler.core.calls import Call, build_call, check_address, check_uint
from aztec_butler.core.contracts.erc20 import TOKEN
from aztec_butler.core.errors import InputError
from aztec_butler.core.units import WEI_PER_TOKEN, parse_tokens, render_exact

MOST_TOKENS: Final = 10**12
"""More tokens than anybody means: AZTEC's supply is about 10.35 billion and grows slowly, and the slip that this is for,
wei written as tokens, turns even a single token into 10^18 of them."""

AZTEC: Final = {1: "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"}
"""The staking asset by chain id, where it can be told without a node. Source: aztec-packages, DeployAlpha.s.sol."""


@attrs.frozen(kw_only=True)
class TokenAmount:
    """An amount as it was written."""

    amount_wei: int
    """In the token's smallest unit."""
    in_tokens: bool
    """Whether it was written in tokens, and so counts on 18 decimals; nothing at all is the same in every unit."""


def parse_amount(text: str) -> TokenAmount:
    """Tokens or wei as people write them.

    >>> parse_amount("1.5"), parse_amount("7 wei").in_tokens
    (TokenAmount(amount_wei=1500000000000000000, in_tokens=True), False)

    Raises:
        InputError: no amount, or more tokens than can be meant.
    """
    amount_wei = parse_tokens(text)
    if amount_wei == 0 or text.strip().lower().endswith("wei"):
        return TokenAmount(amount_wei=amount_wei, in_tokens=False)
    tokens, rest = divmod(amount_wei, WEI_PER_TOKEN)
    if amount_wei > MOST_TOKENS * WEI_PER_TOKEN:
        raise InputError(
            "more tokens than there can be",
            hint='write wei as "7 wei"' if rest else f'did you mean "{tokens} wei"?',
            value=text,
            tokens_at_most=f"{MOST_TOKENS:,}",
        )
    return TokenAmount(amount_wei=amount_wei, in_tokens=True)


def approve(spender: str, amount_wei: int, *, token: str, has_18_decimals: bool = True) -> Call:
    """Let a contract take tokens, up to an amount; zero takes the right back.

    Args:
        spender: the contract that takes: the StakingRegistry for ``stake``, the rollup for ``deposit``.
        amount_wei: at most so much, in the token's smallest unit.
        token: the contract.
        has_18_decimals: whether the summary may tell whole tokens, as of the staking asset; else it counts the smallest
            unit.

    Raises:
        InputError: a zero address, no integer, or a spender that everybody can use (Multicall3).

    Source: ERC-20.
    """
    who, asset = check_address("spender", spender), check_address("token", token)
    amount = check_uint("amount_wei", amount_wei)
    if amount == 0:
        summary = f"Let {who} take no more tokens of {asset}"
    else:
        summary = f"Let {who} take up to {_describe(amount, asset, has_18_decimals)}"
    return build_call(asset, TOKEN.function("approve"), who, amount, summary=summary)


def transfer(recipient: str, amount_wei: int, *, token: str, has_18_decimals: bool = True) -> Call:
    """Send tokens.

    Args:
        recipient: who gets them.
        amount_wei: how much, in the token's smallest unit.
        token: the contract.
        has_18_decimals: whether the summary may tell whole tokens, as of the staking asset; else it counts the smallest
            unit.

    Raises:
        InputError: a zero address, the token itself as the recipient, or an amount that is not positive.

    Source: ERC-20.
    """
    who, asset = check_address("recipient", recipient), check_address("token", token)
    amount = check_uint("amount_wei", amount_wei, at_least=1)
    if who == asset:
        raise InputError("tokens sent to their own contract are lost", recipient=who)
    return build_call(
        asset,
        TOKEN.function("transfer"),
        who,
        amount,
        summary=f"Send {_describe(amount, asset, has_18_decimals)} to {who}",
    )


def _describe(amount_wei: int, token: str, has_18_decimals: bool) -> str:
    if has_18_decimals or amount_wei == (1 << 256) - 1:
        return f"{describe_amount(amount_wei)} of {token}"
    return f"{amount_wei:,} of the smallest unit of token {token}"


def describe_amount(amount_wei: int) -> str:
    """An amount of a token with 18 decimals, whole where it can be.

    >>> describe_amount(15 * 10**17), describe_amount(7), describe_amount(2**256 - 1)
    ('1.5 tokens', '7 wei', 'any number of tokens')
    """
    if amount_wei == (1 << 256) - 1:
        return "any number of tokens"
    if 0 < amount_wei < 10**9:
        return f"{amount_wei:,} wei"
    return f"{render_exact(amount_wei)} token{'' if amount_wei == WEI_PER_TOKEN else 's'}"
