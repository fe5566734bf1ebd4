"""The rollup's clock and the committees: who is sampled when."""

import random

import pytest

from aztec_butler.core.errors import RevertError

pytestmark = pytest.mark.devnet


def epoch_of_block(staking):
    slot, epoch = staking.read_many("getCurrentSlot", "getCurrentEpoch")
    return slot, epoch


def test_clock__random_times__equals_the_rollup(staking):
    dice = random.Random(3)
    for _ in range(20):
        staking.chain.wait(dice.randint(1, 300))
        now_at = staking.chain.now()
        assert epoch_of_block(staking) == (staking.clock.slot_at(now_at), staking.clock.epoch_at(now_at))
        slot = staking.clock.slot_at(now_at)
        assert staking.rollup.read("getTimestampForSlot", slot) == staking.clock.slot_start_at(slot)
        epoch = staking.clock.epoch_at(now_at)
        assert staking.rollup.read("getTimestampForEpoch", epoch) == staking.clock.epoch_start_at(epoch)
    boundary = staking.clock.epoch_start_at(staking.epoch + 2)
    for at in (boundary - 1, boundary):
        staking.chain.mine(at=at)
        assert epoch_of_block(staking) == (staking.clock.slot_at(at), staking.clock.epoch_at(at))


def sampled_counts(staking, first_epoch, last_epoch):
    return {
        epoch: staking.rollup.read("getSamplingSizeAt", staking.clock.epoch_start_at(epoch))
        for epoch in range(first_epoch, last_epoch + 1)
    }


def test_duty_epochs__people_come_and_go__equal_the_size_of_each_sample(staking, entry):
    dice = random.Random(5)
    staking.open_queue()
    begin = staking.epoch
    present, stays = [], []  # (first epoch, last epoch or None)
    came: dict[str, int] = {}
    for number in range(16):
        # Some changes fall on the very first and the very last second of an epoch.
        boundary = staking.clock.epoch_start_at(staking.epoch + 1)
        at = dice.choice([boundary - 1, boundary, boundary + 1, boundary + dice.randint(2, 90)])
        if present and dice.random() < 0.35:
            leaver = present.pop(dice.randrange(len(present)))
            staking.leave(leaver, at=max(at, staking.chain.now() + 1))
            left_at = staking.chain.now()
            stays.append((came.pop(leaver.attester), staking.clock.last_duty_epoch(left_at)))
        else:
            comer = entry(number)
            staking.deposit([comer])
            staking.flush(at=max(at, staking.chain.now() + 1))
            came[comer.attester] = staking.clock.first_duty_epoch(staking.chain.now())
            present.append(comer)
    stays += [(first, None) for first in came.values()]
    staking.chain.wait(5 * staking.clock.epoch_seconds)
    counts = sampled_counts(staking, begin, staking.epoch + 1)
    assert counts == {
        epoch: sum(first <= epoch and (last is None or epoch <= last) for first, last in stays)
        for epoch in counts
    }
    assert len(set(counts.values())) > 4


@pytest.mark.parametrize("after_start", [0, 1, 95])
def test_first_duty_epoch__committee_of_everybody__holds_the_newcomer_from_then_on(
    staking, entry, after_start
):
    founders = [entry(number) for number in range(4)]
    staking.activate(founders)
    staking.chain.wait_until(staking.clock.epoch_start_at(staking.epoch + 4))
    # One of the four leaves and another comes in the same second: the set stays as large as the committee.
    at = staking.clock.epoch_start_at(staking.epoch + 1) + after_start
    newcomer, leaver = entry(4), founders[0]
    staking.chain.wait_until(staking.clock.epoch_start_at(staking.epoch + 1) - 24)
    staking.deposit([newcomer])
    staking.chain.send_together(
        [
            staking.rollup.transaction(
                "initiateWithdraw", leaver.attester, leaver.withdrawer, sender=leaver.withdrawer
            ),
            staking.rollup.transaction("flushEntryQueue()", gas=10_000_000),
        ],
        at=at,
    )
    first, last = staking.clock.first_duty_epoch(at), staking.clock.last_duty_epoch(at)
    assert last == first - 1
    staking.chain.wait(3 * staking.clock.epoch_seconds)
    before = set(staking.rollup.read("getEpochCommittee", last))
    after = set(staking.rollup.read("getEpochCommittee", first))
    assert before == {founder.attester for founder in founders}
    assert after == before - {leaver.attester} | {newcomer.attester}


def test_last_known_committee_epoch__asked_one_further__reverts(staking, entry):
    staking.activate([entry(number) for number in range(5)])
    staking.chain.wait(4 * staking.clock.epoch_seconds)
    lag = staking.rollup.read("getLagInEpochsForRandao")
    for _ in range(3):
        staking.chain.wait(70)
        last = staking.clock.last_known_committee_epoch(staking.chain.now(), randao_lag_in_epochs=lag)
        assert len(staking.rollup.read("getEpochCommittee", last)) == 4
        with pytest.raises(RevertError) as refused:
            staking.rollup.read("getEpochCommittee", last + 1)
        assert refused.value.error.startswith("ValidatorSelection__EpochNotStable")
