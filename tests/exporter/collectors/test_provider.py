from __future__ import annotations

import pytest
from staking_states import delegate, state_of
from staking_story import ALICE, BOB, CAROL, NEW, OWNER, Story, account

from aztec_butler.core.errors import NotFoundError
from aztec_butler.exporter.collectors import provider
from aztec_butler.exporter.collectors.provider import WINDOW_SECONDS, DelegationPace, delegation_paces

DAY = 86_400
NOW = 400 * DAY
SPLIT = account(50)


class Times:
    """Times of blocks by their number, and how many were asked for."""

    def __init__(self, by_block):
        self.by_block = by_block
        self.asked = []

    def of(self, places):
        numbers = [place.block_number for place in places]
        self.asked += numbers
        return [self.by_block(number) for number in numbers]


def story(*attesters) -> Story:
    story = Story().registered().listed(ALICE, BOB, CAROL)
    for number, attester in enumerate(attesters):
        delegate(story, attester, account(50 + number))
    return story


def test_samples__a_provider__are_what_the_chain_says():
    told = story(ALICE, BOB).activated(ALICE, NEW)
    state = state_of(told, take_rates_bps=(1250,), now_at=NOW)
    samples = provider.samples(state, (1,), {1: DelegationPace(seconds=7 * DAY, delegations=2)})
    assert {metric.name: values["1",] for metric, values in samples.items()} == {
        "provider_keys_queued": 1,
        "provider_runway_seconds": 3.5 * DAY,
        "provider_take_rate_ratio": 0.125,
        "provider_delegations_total": 2,
        "provider_validating": 1,
        "provider_entry_queued": 1,
        "provider_active_stake_aztec": 200_000.0,
        "provider_stake_share_ratio": 1.0,
    }


def test_runway__nobody_delegated__is_absent_and_without_keys_zero():
    assert DelegationPace(seconds=DAY, delegations=0).runway_seconds(5) is None
    assert DelegationPace(seconds=DAY, delegations=3).runway_seconds(0) == 0
    state = state_of(story(), now_at=NOW)
    samples = provider.samples(state, (1,), {1: DelegationPace(seconds=DAY, delegations=0)})
    assert samples[provider.RUNWAY] == {}
    assert samples[provider.KEYS_QUEUED] == {("1",): 3}


@pytest.mark.parametrize("provider_id", [0, 2, 99])
def test_samples__an_id_that_nobody_has__is_refused(provider_id):
    with pytest.raises(NotFoundError, match="no provider"):
        provider.samples(state_of(story(), now_at=NOW), (provider_id,), {})


def test_pace__an_old_provider__is_that_of_the_last_28_days():
    # Block 1 registers, 2 lists; each delegation takes two blocks.
    at = {1: 0, 4: NOW - WINDOW_SECONDS - 1, 6: NOW - WINDOW_SECONDS, 8: NOW - 1}
    state = state_of(story(ALICE, BOB, CAROL), now_at=NOW)
    assert delegation_paces(state, (1,), Times(at.__getitem__)) == {
        1: DelegationPace(seconds=WINDOW_SECONDS, delegations=2)
    }


def test_pace__a_young_provider__is_that_since_it_registered():
    at = {1: NOW - 3 * DAY, 4: NOW - 3 * DAY, 6: NOW - DAY}
    state = state_of(story(ALICE, BOB), now_at=NOW)
    assert delegation_paces(state, (1,), Times(at.__getitem__)) == {
        1: DelegationPace(seconds=3 * DAY, delegations=2)
    }
    state = state_of(story(), now_at=NOW)
    assert delegation_paces(state, (1,), Times(lambda _: NOW)) == {
        1: DelegationPace(seconds=1, delegations=0)
    }


def test_pace__years_of_delegations__are_not_all_asked_for():
    keys = [account(1000 + number) for number in range(350)]
    told = Story().registered().listed(*keys)
    for number, key in enumerate(keys):
        delegate(told, key, account(5000 + number))
    times = Times(lambda number: number * DAY)  # two blocks each: the last 14 are within the window
    state = state_of(told, now_at=702 * DAY)
    assert delegation_paces(state, (1,), times)[1].delegations == 15
    assert len(times.asked) == 101


def test_paces__a_provider_that_is_not_there__has_none():
    assert delegation_paces(state_of(story(), now_at=NOW), (5,), Times(lambda _: 0)) == {}


def test_share__two_providers__of_the_whole_set():
    told = Story().registered(1).registered(2).listed(ALICE).listed(BOB, provider_id=2).queued(OWNER, NEW)
    delegate(told, ALICE, SPLIT)
    delegate(told, BOB, account(51), provider_id=2)
    told.activated(OWNER, NEW).activated(ALICE, NEW).activated(BOB, NEW)
    state = state_of(told, now_at=NOW, take_rates_bps=(500, 0))
    paces = {number: DelegationPace(seconds=1, delegations=1) for number in (1, 2)}
    samples = provider.samples(state, (2, 1), paces)
    assert samples[provider.STAKE_SHARE] == {("2",): 1 / 3, ("1",): 1 / 3}
