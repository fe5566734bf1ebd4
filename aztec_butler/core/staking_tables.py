"""Table rows that look back: delegations, exits, slashings, out of a staking state and what was read besides."""

from __future__ import annotations

from collections.abc import Mapping

from aztec_butler.core.exits import exit_state, withdrawable_at
from aztec_butler.core.history import Delegated, Departure, Outcome, Stake
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import GovernanceWithdrawal, SplitParameters
from aztec_butler.core.rows import Delegation, Exit, Slashing
from aztec_butler.core.slashing import EjectionThresholds, headroom_wei, slashes_survived
from aztec_butler.core.staking_state import StakingState
from aztec_butler.core.units import BPS


def delegation_rows(
    state: StakingState, splits: Mapping[str, SplitParameters], times: Mapping[int, int]
) -> tuple[Delegation, ...]:
    """Every stake with a provider, in the order in which they were made.

    Args:
        state: everything at one block.
        splits: parameters of every delegation's split, by address.
        times: Unix seconds of the blocks in which each was made, activated and refunded.
    """
    history = state.whereabouts.history
    stakes = {id(stake.delegated): stake for stake in history.stakes if stake.delegated is not None}
    positions = {
        id(stake): position
        for rollup in state.by_address
        for position, stake in enumerate(history.waiting(rollup))
    }
    rows = []
    for delegated in history.delegations:
        stake = stakes[id(delegated)]
        rows.append(
            _delegation(state, delegated, stake, splits[delegated.split], positions.get(id(stake)), times)
        )
    return tuple(rows)


def _delegation(
    state: StakingState,
    delegated: Delegated,
    stake: Stake,
    split: SplitParameters,
    queue_position: int | None,
    times: Mapping[int, int],
) -> Delegation:
    settled_block = None if stake.settled is None else stake.settled.block_number
    row = state.by_attester[delegated.attester]
    return Delegation(
        provider_id=delegated.provider_id,
        attester=delegated.attester,
        staker=delegated.staker,
        split=delegated.split,
        take_rate_bps=split.allocations[0] * BPS // split.total_allocation,
        provider_recipient=split.recipients[0],
        staker_recipient=split.recipients[1],
        outcome=stake.outcome,
        queue_position=queue_position,
        lifecycle=row.lifecycle,
        stake_wei=row.stake_wei if stake.outcome is Outcome.ACTIVATED else 0,
        rollup_version=state.by_address[stake.rollup].rollup.version,
        block_number=delegated.log.block_number,
        staked_at=times[delegated.log.block_number],
        settled_block=settled_block,
        settled_at=None if settled_block is None else times[settled_block],
        transaction_hash=delegated.log.transaction_hash,
    )


def exit_rows(
    state: StakingState, withdrawals: Mapping[int, GovernanceWithdrawal], times: Mapping[int, int]
) -> tuple[Exit, ...]:
    """Every exit, in the order in which they began.

    Args:
        state: everything at one block.
        withdrawals: Governance's withdrawal of every exit that is stored, by id.
        times: Unix seconds of the blocks in which each began and was paid.
    """
    return tuple(
        _exit(state, departure, withdrawals, times) for departure in state.whereabouts.history.departures
    )


def _exit(
    state: StakingState,
    departure: Departure,
    withdrawals: Mapping[int, GovernanceWithdrawal],
    times: Mapping[int, int],
) -> Exit:
    view = state.views[departure.attester]
    stored = view.exit
    finalized_block = None if departure.finalized is None else departure.finalized.block_number
    unlocks_at = None if stored is None else withdrawals[stored.withdrawal_id].unlocks_at
    return Exit(
        attester=departure.attester,
        state=exit_state(
            stored,
            unlocks_at=unlocks_at,
            was_finalized=departure.finalized is not None,
            now_at=state.block.timestamp,
        ),
        rollup_version=state.by_address[departure.rollup].rollup.version,
        left_wei=departure.left_wei,
        amount_wei=departure.amount_wei if stored is None else stored.amount_wei,
        recipient=departure.recipient,
        withdrawer=view.withdrawer,
        is_ejection=departure.is_ejection,
        exitable_at=None if stored is None else stored.exitable_at,
        unlocks_at=unlocks_at,
        withdrawable_at=(
            None
            if stored is None or unlocks_at is None
            else withdrawable_at(exitable_at=stored.exitable_at, unlocks_at=unlocks_at)
        ),
        withdrawal_id=None if stored is None else stored.withdrawal_id,
        initiated_block=departure.initiated.block_number,
        initiated_at=times[departure.initiated.block_number],
        finalized_block=finalized_block,
        finalized_at=None if finalized_block is None else times[finalized_block],
    )


def slashing_rows(state: StakingState, times: Mapping[int, int]) -> tuple[Slashing, ...]:
    """Every slash, in chain order.

    Args:
        state: everything at one block.
        times: Unix seconds of every slash's block.
    """
    rows = []
    for slash in state.whereabouts.history.slashes:
        row = state.by_attester[slash.attester]
        home = state.by_address[state.whereabouts.home(slash.attester)]
        thresholds = EjectionThresholds(
            local_wei=home.local_ejection_threshold_wei, gse_wei=state.deployment.ejection_threshold_wei
        )
        in_set = row.lifecycle is Lifecycle.VALIDATING
        rows.append(
            Slashing(
                block_number=slash.log.block_number,
                slashed_at=times[slash.log.block_number],
                attester=slash.attester,
                amount_wei=slash.amount_wei,
                is_ejection=slash.is_ejection,
                rollup_version=state.by_address[slash.rollup].rollup.version,
                provider_id=row.provider_id,
                lifecycle=row.lifecycle,
                stake_wei=row.stake_wei,
                headroom_wei=headroom_wei(row.stake_wei, thresholds) if in_set else None,
                slashes_left=(
                    slashes_survived(row.stake_wei, slash.amount_wei, thresholds)
                    if in_set and slash.amount_wei
                    else None
                ),
                transaction_hash=slash.log.transaction_hash,
            )
        )
    return tuple(rows)
