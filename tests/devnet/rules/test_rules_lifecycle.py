"""Lifecycles on the real contracts: whole lives, told from what ``getAttesterView`` says on the way."""

import pytest

from aztec_butler.core.lifecycle import Lifecycle, lifecycle
from aztec_butler.core.records import Status

pytestmark = pytest.mark.devnet


def where(attester, *stakings, is_entry_queued=False, is_provider_queued=False):
    return lifecycle(
        [staking.view(attester) for staking in stakings],
        is_entry_queued=is_entry_queued,
        is_provider_queued=is_provider_queued,
    )


def finalize(staking, attester):
    leaving = staking.view(attester).exit
    staking.chain.wait_until(max(leaving.exitable_at, staking.unlocks_at(leaving.withdrawal_id)))
    staking.rollup.send("finalizeWithdraw", attester)


def test_lifecycle__a_whole_life_and_a_second_try__ends_in_exited_for_good(staking, entry):
    one = entry(0)
    assert where(one.attester, staking) is Lifecycle.NEVER_REGISTERED
    staking.open_queue()
    staking.deposit([one])
    assert where(one.attester, staking, is_entry_queued=True) is Lifecycle.ENTRY_QUEUED
    staking.flush()
    assert where(one.attester, staking) is Lifecycle.VALIDATING
    staking.leave(one)
    assert where(one.attester, staking) is Lifecycle.EXITING
    finalize(staking, one.attester)
    assert where(one.attester, staking) is Lifecycle.EXITED
    # The same address with a new key: the rollup takes the deposit, and the GSE refuses it.
    staking.deposit([entry(0, key=7)])
    assert where(one.attester, staking, is_entry_queued=True) is Lifecycle.EXITED
    assert staking.flush() == ([], [one.attester])
    assert where(one.attester, staking) is Lifecycle.EXITED


def test_lifecycle__refunded_deposit__leaves_a_stranger(staking, entry):
    staking.activate([entry(0)])
    stranger = entry(1, key=0)
    staking.deposit([stranger])
    assert staking.flush() == ([], [stranger.attester])
    assert where(stranger.attester, staking) is Lifecycle.NEVER_REGISTERED


def test_lifecycle__slashes__make_zombies_and_ends(staking, entry):
    zombie, burned, lost = entry(0), entry(1), entry(2)
    staking.activate([zombie, burned, lost])
    staking.slash(zombie.attester, 5_000 * 10**18)
    assert where(zombie.attester, staking) is Lifecycle.ZOMBIE
    staking.leave(zombie)
    assert where(zombie.attester, staking) is Lifecycle.EXITING
    staking.slash(burned.attester, 10**24)  # more than it has
    assert where(burned.attester, staking) is Lifecycle.EXITED
    staking.leave(lost)
    staking.slash(lost.attester, 10**24)  # all of an exit
    assert where(lost.attester, staking) is Lifecycle.EXITED


def test_lifecycle__rollup_change__follows_movers_and_keeps_the_others(devnet, staking, staking_on, entry):
    mover, stayer, leaver = entry(0), entry(1, moves=False), entry(2)
    staking.activate([mover, stayer, leaver])
    staking.leave(leaver)
    newer = staking_on(devnet, devnet.add_rollup().rollup)
    assert [staking.view(mover.attester).status, newer.view(mover.attester).status] == [
        Status.NONE,
        Status.VALIDATING,
    ]
    assert [staking.view(stayer.attester).status, newer.view(stayer.attester).status] == [
        Status.VALIDATING,
        Status.NONE,
    ]
    assert where(mover.attester, staking, newer) is Lifecycle.VALIDATING
    assert where(stayer.attester, staking, newer) is Lifecycle.VALIDATING
    assert where(leaver.attester, staking, newer) is Lifecycle.EXITING
    finalize(staking, leaver.attester)
    assert where(leaver.attester, staking, newer) is Lifecycle.EXITED
