"""Slashes on the real contracts, at, above and below both thresholds, and over and over."""

import random

import attrs
import pytest

from aztec_butler.core.records import Status
from aztec_butler.core.slashing import headroom_wei, slash_outcome, slashes_until_ejection
from aztec_butler.devnet import SMALL

pytestmark = pytest.mark.devnet

TOKEN = 10**18


def with_thresholds(local_tokens: int, gse_tokens: int):
    parameters = SMALL.with_rollup(local_ejection_threshold_wei=local_tokens * TOKEN)
    gse = attrs.evolve(parameters.gse, ejection_threshold_wei=gse_tokens * TOKEN)
    return attrs.evolve(parameters, gse=gse)


def slash_and_compare(staking, attester: str, amount_wei: int):
    """Slash on the chain; the rules must have foretold the event, the view and the set."""
    before = staking.view(attester)
    at = staking.chain.now() + 12
    predicted = slash_outcome(before, amount_wei, thresholds=staking.thresholds(), now_at=at)
    active = staking.rollup.read("getActiveAttesterCount")
    events = staking.slash(attester, amount_wei, at=at)
    after = staking.view(attester)
    assert sum(events) == predicted.slashed_wei
    assert after.status is predicted.status
    assert after.effective_balance_wei == predicted.stake_wei
    assert (after.exit.amount_wei if after.exit else 0) == predicted.exit_amount_wei
    assert staking.rollup.read("getActiveAttesterCount") == active - predicted.is_ejection
    if predicted.is_ejection and after.exit:
        assert after.exit.exitable_at == at + staking.rollup.read("getExitDelay")
        assert not after.exit.is_recipient
    return predicted


# In tokens; everybody begins with 200 000.
THRESHOLDS = [(190_000, 100_000), (0, 100_000), (100_000, 150_000), (200_000, 100_000), (190_000, 0), (0, 0)]


@pytest.mark.parametrize("thresholds", THRESHOLDS, ids=str)
def test_slash_outcome__around_the_thresholds__equals_the_chain(start_devnet, staking_on, entry, thresholds):
    staking = staking_on(start_devnet(with_thresholds(*thresholds)))
    threshold_wei = max(thresholds) * TOKEN
    room = 200_000 * TOKEN - threshold_wei
    amounts = sorted({1, max(room - 1, 1), max(room, 1), room + 1, 200_000 * TOKEN, 10**30})
    entries = [entry(number) for number in range(len(amounts))]
    staking.activate(entries)
    for slashed, amount_wei in zip(entries, amounts, strict=True):
        assert headroom_wei(200_000 * TOKEN, staking.thresholds()) == room
        predicted = slash_and_compare(staking, slashed.attester, amount_wei)
        if thresholds[1]:
            assert predicted.is_ejection == (amount_wei > room)


def test_slashes_until_ejection__one_after_the_other__is_the_number_it_takes(staking, entry):
    amounts = [tokens * TOKEN for tokens in (500, 999, 1_000, 1_333, 2_000, 3_999, 4_000, 4_001)]
    entries = [entry(number) for number in range(len(amounts))]
    staking.activate(entries)
    for slashed, amount_wei in zip(entries, amounts, strict=True):
        predicted = slashes_until_ejection(200_000 * TOKEN, amount_wei, staking.thresholds())
        for _ in range(predicted - 1):
            slash_and_compare(staking, slashed.attester, amount_wei)
            assert staking.view(slashed.attester).status is Status.VALIDATING
        slash_and_compare(staking, slashed.attester, amount_wei)
        assert staking.view(slashed.attester).status is Status.ZOMBIE


def test_slash_outcome__random_slashes_of_all_kinds__equal_the_chain(staking, entry):
    dice = random.Random(1)
    entries = [entry(number, moves=number % 2 == 0) for number in range(12)]
    staking.activate(entries)
    for _ in range(80):
        slashed = dice.choice(entries)
        status = staking.view(slashed.attester).status
        if status in (Status.VALIDATING, Status.ZOMBIE) and dice.random() < 0.15:
            staking.leave(slashed)
        slash_and_compare(
            staking, slashed.attester, dice.choice([1, 1_000 * TOKEN, 3_000 * TOKEN, 60_000 * TOKEN])
        )
    assert {staking.view(each.attester).status for each in entries} >= {Status.ZOMBIE, Status.EXITING}


def test_slash_outcome__threshold_raised_above_the_stake__ejects_with_the_smallest_slash(staking, entry):
    victim = entry(0)
    staking.activate([victim])
    staking.rollup.send("setLocalEjectionThreshold", 200_001 * TOKEN, sender=staking.rollup.read("owner"))
    assert staking.view(victim.attester).status is Status.VALIDATING
    assert headroom_wei(200_000 * TOKEN, staking.thresholds()) == 0
    assert slash_and_compare(staking, victim.attester, 1).is_ejection
