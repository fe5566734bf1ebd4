"""Calls of the staking asset, or of any ERC-20 with 18 decimals."""

from __future__ import annotations

from aztec_butler.core.calls import Call, build_call, check_address, check_uint
from aztec_butler.core.contracts.erc20 import TOKEN
from aztec_butler.core.errors import InputError
from aztec_butler.core.units import WEI_PER_TOKEN, render_exact


def approve(spender: str, amount_wei: int, *, token: str) -> Call:
    """Let a contract take tokens, up to an amount; zero takes the right back.

    Args:
        spender: the contract that takes: the StakingRegistry for ``stake``, the rollup for ``deposit``.
        amount_wei: at most so much, in the token's smallest unit.
        token: the contract.

    Raises:
        InputError: a zero address, no integer, or a spender that everybody can use (Multicall3).

    Source: ERC-20.
    """
    who, asset = check_address("spender", spender), check_address("token", token)
    amount = check_uint("amount_wei", amount_wei)
    if amount == 0:
        summary = f"Let {who} take no more tokens of {asset}"
    else:
        summary = f"Let {who} take up to {describe_amount(amount)} of {asset}"
    return build_call(asset, TOKEN.function("approve"), who, amount, summary=summary)


def transfer(recipient: str, amount_wei: int, *, token: str) -> Call:
    """Send tokens.

    Args:
        recipient: who gets them.
        amount_wei: how much, in the token's smallest unit.
        token: the contract.

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
        summary=f"Send {describe_amount(amount)} of {asset} to {who}",
    )


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
