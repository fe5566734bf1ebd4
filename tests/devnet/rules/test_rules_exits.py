"""Exits on the real contracts: they pay at ``withdrawable_at`` and not a second earlier."""

import pytest

from aztec_butler.core.errors import RevertError
from aztec_butler.core.exits import (
    Actor,
    ExitState,
    exit_state,
    governance_withdrawal_delay,
    is_exit_slashable,
    next_actor,
    withdrawable_at,
)
from aztec_butler.core.slashing import slash_outcome

pytestmark = pytest.mark.devnet

STAKE_WEI = 200_000 * 10**18
RECIPIENT = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"
# Governance keeps a withdrawal of the small preset for 60 / 5 + 3600 + 60 seconds.
GOVERNANCE_SECONDS = 3672


def state_of(staking, attester, *, was_finalized=False):
    view = staking.view(attester)
    unlocks_at = None if view.exit is None else staking.unlocks_at(view.exit.withdrawal_id)
    return exit_state(
        view.exit, unlocks_at=unlocks_at, was_finalized=was_finalized, now_at=staking.chain.now()
    )


def payable_at(staking, attester):
    leaving = staking.view(attester).exit
    return withdrawable_at(
        exitable_at=leaving.exitable_at, unlocks_at=staking.unlocks_at(leaving.withdrawal_id)
    )


def finalize(staking, attester, *, at):
    """Called by somebody who has nothing to do with it."""
    receipt = staking.rollup.send("finalizeWithdraw", attester, sender=RECIPIENT, at=at)
    return staking.rollup.decode_logs(receipt, "WithdrawFinalized")


@pytest.mark.parametrize(
    ("exit_delay_seconds", "later_error"),
    [
        (600, "Governance__WithdrawalNotUnlockedYet"),
        (10_000, "Staking__WithdrawalNotUnlockedYet"),
        (GOVERNANCE_SECONDS, "Staking__WithdrawalNotUnlockedYet"),
    ],
    ids=["governance-later", "rollup-later", "both-at-once"],
)
def test_withdrawable_at__either_delay_later__pays_then_and_not_a_second_before(
    devnet, staking_on, entry, exit_delay_seconds, later_error
):
    staking = staking_on(devnet, devnet.add_rollup(exit_delay_seconds=exit_delay_seconds).rollup)
    leaver = entry(0)
    staking.activate([leaver, entry(1)])
    staking.leave(leaver, RECIPIENT)
    left_at = staking.chain.now()
    at = payable_at(staking, leaver.attester)
    assert at == left_at + max(exit_delay_seconds, GOVERNANCE_SECONDS)
    assert state_of(staking, leaver.attester) is ExitState.WAITING

    with pytest.raises(RevertError) as refused:
        finalize(staking, leaver.attester, at=at - 1)
    assert refused.value.error.startswith(later_error)
    assert state_of(staking, leaver.attester) is ExitState.WAITING

    before = staking.token.read("balanceOf", RECIPIENT)
    paid = finalize(staking, leaver.attester, at=at)
    assert [(event["recipient"], event["amount"]) for event in paid] == [(RECIPIENT, STAKE_WEI)]
    assert staking.token.read("balanceOf", RECIPIENT) == before + STAKE_WEI
    assert state_of(staking, leaver.attester, was_finalized=True) is ExitState.WITHDRAWN


def test_exit_state__time_passes__turns_withdrawable_when_anybody_can_finalize(staking, entry):
    leaver = entry(0)
    staking.activate([leaver])
    staking.leave(leaver)
    at = payable_at(staking, leaver.attester)
    staking.chain.wait_until(at - 1)
    assert next_actor(state_of(staking, leaver.attester)) is Actor.NOBODY
    with pytest.raises(RevertError):
        staking.rollup.read("finalizeWithdraw", leaver.attester)
    staking.chain.wait_until(at)
    assert next_actor(state_of(staking, leaver.attester)) is Actor.ANYONE
    staking.rollup.read("finalizeWithdraw", leaver.attester)


def test_governance_withdrawal_delay__configuration__is_what_a_withdrawal_waits(staking, entry):
    _, voting_delay, voting_duration, execution_delay, *_ = staking.governance.read("getConfiguration")
    delay = governance_withdrawal_delay(
        voting_delay_seconds=voting_delay,
        voting_duration_seconds=voting_duration,
        execution_delay_seconds=execution_delay,
    )
    assert delay == GOVERNANCE_SECONDS
    leaver = entry(0)
    staking.activate([leaver])
    staking.leave(leaver)
    withdrawal_id = staking.view(leaver.attester).exit.withdrawal_id
    assert staking.unlocks_at(withdrawal_id) == staking.chain.now() + delay


def test_zombie__long_after_both_delays__still_waits_for_its_withdrawer(staking, entry):
    zombie = entry(0)
    staking.activate([zombie])
    staking.slash(zombie.attester, 5_000 * 10**18)
    at = payable_at(staking, zombie.attester)
    staking.chain.wait_until(at + 1000)
    assert state_of(staking, zombie.attester) is ExitState.AWAITING_RECIPIENT
    assert next_actor(ExitState.AWAITING_RECIPIENT) is Actor.WITHDRAWER
    with pytest.raises(RevertError) as refused:
        finalize(staking, zombie.attester, at=at + 2000)
    assert refused.value.error.startswith("Staking__InitiateWithdrawNeeded")
    # Naming the recipient starts no new delay.
    staking.leave(zombie, RECIPIENT)
    assert payable_at(staking, zombie.attester) == at
    assert state_of(staking, zombie.attester) is ExitState.WITHDRAWABLE
    paid = finalize(staking, zombie.attester, at=staking.chain.now() + 1)
    assert [event["amount"] for event in paid] == [195_000 * 10**18]


def test_is_exit_slashable__waiting_for_governance_alone__is_out_of_reach(staking, entry):
    leaver, early = entry(0), entry(1)
    staking.activate([leaver, early])
    staking.leave(leaver)
    staking.leave(early)
    exitable_at = staking.view(leaver.attester).exit.exitable_at
    assert exitable_at < payable_at(staking, leaver.attester)
    for at, attester in ((exitable_at - 1, early.attester), (exitable_at, leaver.attester)):
        view = staking.view(attester)
        predicted = slash_outcome(view, 10**18, thresholds=staking.thresholds(), now_at=at)
        slashed = staking.slash(attester, 10**18, at=at)
        assert slashed == ([predicted.slashed_wei] if is_exit_slashable(view.exit, now_at=at) else [])
        assert staking.view(attester).exit.amount_wei == predicted.exit_amount_wei
    assert staking.view(early.attester).exit.amount_wei == STAKE_WEI - 10**18
    assert staking.view(leaver.attester).exit.amount_wei == STAKE_WEI
