"""What one attester more would earn: an expectation, exact as far as the contracts fix it.

Every attester of the set is drawn for a committee with the same chance, and every member of a committee for a slot's
proposer, whatever the stake. So of all checkpoints an attester proposes one part in the size of the set, on average. For
each that is proven its coinbase gets a fixed part of the checkpoint's reward, as long as the distributor can pay.

Fees are not counted. A larger set earns no more: what the new one gets, the others lose.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.records import unit
from aztec_butler.core.units import BPS

YEAR_SECONDS: Final = 31_556_952
"""A year of the Gregorian calendar, on average."""


def sequencer_reward_wei(checkpoint_reward_wei: int, sequencer_bps: int) -> int:
    """What the coinbase of one proven checkpoint gets, if checkpoints are proven one by one and the distributor can pay.

    Several proven together are rounded down together, so that each may get a wei less.

    >>> sequencer_reward_wei(500 * 10**18, 7_000) // 10**18
    350

    Source: RewardLib.sol ``handleRewardsAndFees``, BpsLib ``mul``.
    """
    return checkpoint_reward_wei * sequencer_bps // BPS


@attrs.frozen(kw_only=True)
class RewardTerms:
    """What decides about rewards of proposers, at one block."""

    active: int
    """Attesters in the canonical rollup's set."""
    committee_size: int
    slot_seconds: int = unit("s")
    checkpoint_reward_wei: int = unit("wei")
    sequencer_bps: int = unit("bps")
    distributor_wei: int = unit("wei")
    """What the distributor has left."""
    stake_wei: int = unit("wei")
    """Of one attester when it enters."""


@attrs.frozen(kw_only=True)
class MarginalReward:
    """What attesters that join would earn in some time, on average."""

    window_seconds: int = unit("s")
    joining: int
    """Attesters that would join."""
    already_held: int
    """Attesters that their holder has in the set already, who earn less afterwards."""
    set_size: int
    """With those that join."""
    proposed_share: float = unit("ratio")
    """Of the slots, those that are assumed to get a checkpoint that is proven."""
    expected_checkpoints: float
    """Of those that join."""
    reward_per_checkpoint_wei: int = unit("wei")
    """To the coinbase, without fees."""
    gross_wei: int = unit("wei")
    """Of those that join, before the commission."""
    take_rate_bps: int = unit("bps")
    """What the provider takes."""
    commission_wei: int = unit("wei")
    net_wei: int = unit("wei")
    """After the commission; with it exactly the gross amount."""
    lost_by_held_wei: int = unit("wei")
    """What those that the holder has already earn less, before the commission."""
    stake_wei: int = unit("wei")
    """That has to be brought."""
    net_apr_simple: float = unit("ratio")
    """Net of a year by the stake, not compounded, at the set size of now and without losses elsewhere."""
    runway_seconds: int = unit("s")
    """How long the distributor can pay at this pace."""


def marginal_reward(
    terms: RewardTerms,
    *,
    window_seconds: int = YEAR_SECONDS,
    take_rate_bps: int = 0,
    joining: int = 1,
    already_held: int = 0,
    proposed_share: Fraction = Fraction(1),
) -> MarginalReward:
    """What attesters that join would earn, on average.

    Args:
        terms: at one block.
        window_seconds: of what time; all of it spent in the set.
        take_rate_bps: what the provider takes.
        joining: how many join.
        already_held: how many of those in the set belong to the same holder.
        proposed_share: part of the slots in which a checkpoint is proposed and later proven.

    Raises:
        InputError: no time, no take rate, nobody joins, the set has fewer than that, or it is too small for committees.
    """
    _check(terms, window_seconds, take_rate_bps, joining, already_held, proposed_share)
    after = terms.active + joining
    proven = Fraction(window_seconds, terms.slot_seconds) * proposed_share
    each_wei = sequencer_reward_wei(terms.checkpoint_reward_wei, terms.sequencer_bps)
    expected = proven * joining / after
    gross_wei = int(expected * each_wei)
    # As a split divides: the provider's part is rounded down.
    commission_wei = gross_wei * take_rate_bps // BPS
    stake_wei = joining * terms.stake_wei
    net_wei = gross_wei - commission_wei
    lost = (
        proven * each_wei * already_held * (Fraction(1, terms.active) - Fraction(1, after))
        if already_held
        else Fraction(0)
    )
    paid_per_second = Fraction(terms.checkpoint_reward_wei, terms.slot_seconds) * proposed_share
    return MarginalReward(
        window_seconds=window_seconds,
        joining=joining,
        already_held=already_held,
        set_size=after,
        proposed_share=float(proposed_share),
        expected_checkpoints=float(expected),
        reward_per_checkpoint_wei=each_wei,
        gross_wei=gross_wei,
        take_rate_bps=take_rate_bps,
        commission_wei=commission_wei,
        net_wei=net_wei,
        lost_by_held_wei=int(lost),
        stake_wei=stake_wei,
        net_apr_simple=float(Fraction(net_wei * YEAR_SECONDS, stake_wei * window_seconds)),
        runway_seconds=int(terms.distributor_wei / paid_per_second),
    )


def _check(
    terms: RewardTerms,
    window_seconds: int,
    take_rate_bps: int,
    joining: int,
    already_held: int,
    proposed_share: Fraction,
) -> None:
    if window_seconds < 1:
        raise InputError("rewards are earned in some time", window_seconds=window_seconds)
    if not 0 <= take_rate_bps <= BPS:
        raise InputError("a take rate is 0 to 10000 basis points", take_rate_bps=take_rate_bps)
    if joining < 1:
        raise InputError("somebody has to join", joining=joining)
    if not 0 <= already_held <= terms.active:
        raise InputError(
            "nobody holds more attesters than are in the set",
            already_held=already_held,
            set_size=terms.active,
        )
    if not 0 < proposed_share <= 1:
        raise InputError(
            "the share of slots with a checkpoint is more than 0 and at most 1", proposed_share=proposed_share
        )
    if terms.active + joining < terms.committee_size:
        raise InputError(
            "the set is smaller than a committee, so nobody earns anything",
            set_size=terms.active + joining,
            committee_size=terms.committee_size,
        )
    if terms.checkpoint_reward_wei < 1:
        raise InputError("the rollup rewards no checkpoint")
