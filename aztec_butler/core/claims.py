"""Which rewards are worth claiming at a gas price. Pure, exact: integers and one fraction.

A claim is worth while as long as what it brings, in ether, is more than what it costs, by a margin. The same rule read
backwards is the gas price up to which to wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.records import unit
from aztec_butler.core.units import BPS

_LARGEST_GAS_PRICE: Final = 10**15
"""Wei; a million gwei: a larger one is a mistake in the unit."""


@attrs.frozen(kw_only=True)
class PendingReward:
    """What a rollup owes a coinbase.

    Args:
        rollup: the contract.
        rollup_version: its version.
        coinbase: whom it owes.
        reward_wei: of the fee asset.
        gas: of the transaction that claims it, alone; None where it could not be found out.
        refusal: why the rollup would refuse the claim now; None where it would not.
    """

    rollup: str
    rollup_version: int
    coinbase: str
    reward_wei: int = unit("wei")
    gas: int | None
    refusal: str | None = None


@attrs.frozen(kw_only=True)
class Claim:
    """A pending reward, and whether it is worth claiming."""

    coinbase: str
    rollup_version: int
    reward_wei: int = unit("wei")
    value_wei: int = unit("ether")
    """Of the reward at the price, rounded down."""
    cost_wei: int | None = unit("ether")
    """Of the claim at the gas price; None where the gas is not known."""
    net_wei: int | None = unit("ether")
    """What is left; may be negative."""
    gas: int | None
    break_even_gas_price_wei: int | None
    """The highest gas price at which it is worth claiming; None where the gas is not known."""
    is_worth: bool
    reason: str
    """In a sentence."""
    rollup: str


def evaluate_claims(
    rewards: Iterable[PendingReward], *, price: Fraction, gas_price_wei: int, margin_bps: int = 0
) -> tuple[Claim, ...]:
    """Each pending reward, what it brings and what it costs; the best first.

    Args:
        rewards: as the rollups have them.
        price: wei of ether for one wei of the fee asset, above zero.
        gas_price_wei: what gas costs.
        margin_bps: by how much the value must exceed the cost, in basis points of the cost.

    Raises:
        InputError: a price or margin that is none, or a gas price in another unit.
    """
    if price <= 0:
        raise InputError("a price is above zero", price=str(price))
    if not 0 <= gas_price_wei <= _LARGEST_GAS_PRICE:
        raise InputError(
            "a gas price is between 0 and a million gwei",
            hint="it is given in gwei",
            gas_price_wei=gas_price_wei,
        )
    if margin_bps < 0:
        raise InputError("a margin is not negative", margin_bps=margin_bps)
    claims = [_evaluate(reward, price, gas_price_wei, margin_bps) for reward in rewards]
    return tuple(
        sorted(
            claims,
            key=lambda claim: (
                not claim.is_worth,
                -claim.value_wei if claim.net_wei is None else -claim.net_wei,
                claim.rollup_version,
                claim.coinbase,
            ),
        )
    )


def _evaluate(reward: PendingReward, price: Fraction, gas_price_wei: int, margin_bps: int) -> Claim:
    value = reward.reward_wei * price.numerator // price.denominator
    cost = None if reward.gas is None else reward.gas * gas_price_wei
    is_more = cost is not None and value * BPS > cost * (BPS + margin_bps)
    is_worth = is_more and reward.refusal is None
    return Claim(
        coinbase=reward.coinbase,
        rollup_version=reward.rollup_version,
        reward_wei=reward.reward_wei,
        value_wei=value,
        cost_wei=cost,
        net_wei=None if cost is None else value - cost,
        gas=reward.gas,
        break_even_gas_price_wei=None if not reward.gas else _break_even(value, reward.gas, margin_bps),
        is_worth=is_worth,
        reason=_reason(reward, is_more=is_more),
        rollup=reward.rollup,
    )


def _break_even(value: int, gas: int, margin_bps: int) -> int | None:
    """The largest gas price for which the value is still more; None where there is none."""
    return (value * BPS - 1) // (gas * (BPS + margin_bps)) if value else None


def _reason(reward: PendingReward, *, is_more: bool) -> str:
    if reward.reward_wei == 0:
        return "nothing is pending"
    if reward.refusal is not None:
        return reward.refusal
    if reward.gas is None:
        return "the gas of the claim is not known"
    return "it brings more than it costs" if is_more else "it costs more than it brings"
