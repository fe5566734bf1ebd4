"""What one more would earn, against a count over all draws and by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.marginal_reward import YEAR_SECONDS, RewardTerms, marginal_reward, sequencer_reward_wei

TOKEN = 10**18
MAINNET = RewardTerms(
    active=3_999,
    committee_size=48,
    slot_seconds=72,
    checkpoint_reward_wei=500 * TOKEN,
    sequencer_bps=7_000,
    distributor_wei=100_000_000 * TOKEN,
    stake_wei=200_000 * TOKEN,
)


def test_marginal_reward__mainnet_for_a_year__by_hand():
    found = marginal_reward(MAINNET, take_rate_bps=2_500)
    slots = Fraction(YEAR_SECONDS, 72)
    assert found.set_size == 4_000
    assert found.expected_checkpoints == float(slots / 4_000)
    assert found.reward_per_checkpoint_wei == 350 * TOKEN
    assert found.gross_wei == slots * 350 * TOKEN // 4_000
    assert found.commission_wei == found.gross_wei // 4
    assert found.net_apr_simple == pytest.approx(float(slots / 4_000 * 350 * 3 / 4 / 200_000))
    assert found.runway_seconds == 100_000_000 // 500 * 72
    assert found.lost_by_held_wei == 0


@given(st.integers(1, 6), st.data())
def test_expected_checkpoints__any_small_set__is_the_mean_over_all_committees_and_proposers(active, data):
    size = data.draw(st.integers(1, active + 1))
    terms = attrs.evolve(MAINNET, active=active, committee_size=size)
    found = marginal_reward(terms, window_seconds=72)
    committees = list(combinations(range(active + 1), size))
    # In each committee each member is the proposer of a slot once.
    mean = Fraction(sum(member == active for each in committees for member in each), len(committees) * size)
    assert found.expected_checkpoints == float(mean)


@given(
    st.integers(48, 10_000),
    st.integers(0, 10_000),
    st.integers(1, 50),
    st.integers(0, 10_000),
    st.integers(1, YEAR_SECONDS),
    st.fractions(Fraction(1, 100), 1),
)
def test_marginal_reward__any_terms__parts_sum_to_the_whole(active, take_rate, joining, held, window, share):
    held = min(held, active)
    terms = attrs.evolve(MAINNET, active=active)
    found = marginal_reward(
        terms,
        window_seconds=window,
        take_rate_bps=take_rate,
        joining=joining,
        already_held=held,
        proposed_share=share,
    )
    assert found.net_wei + found.commission_wei == found.gross_wei
    assert 0 <= found.net_wei <= found.gross_wei
    # All together earn what they earned before: what joins gains is what the others lose.
    before = Fraction(window, 72) * share * found.reward_per_checkpoint_wei
    others = before * active * (Fraction(1, active) - Fraction(1, active + joining))
    assert found.gross_wei == int(others)
    assert found.lost_by_held_wei <= found.gross_wei


def test_sequencer_reward__odd_amounts__are_rounded_down():
    assert sequencer_reward_wei(3, 7_000) == 2
    assert sequencer_reward_wei(500 * TOKEN, 7_000) == 350 * TOKEN


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"window_seconds": 0}, "some time"),
        ({"take_rate_bps": 10_001}, "take rate"),
        ({"joining": 0}, "join"),
        ({"already_held": 4_000}, "nobody holds"),
        ({"proposed_share": Fraction(0)}, "share of slots"),
    ],
)
def test_marginal_reward__what_cannot_be__is_refused(options, told):
    with pytest.raises(InputError, match=told):
        marginal_reward(MAINNET, **options)


def test_marginal_reward__no_committee_or_no_reward__is_refused():
    with pytest.raises(InputError, match="smaller than a committee"):
        marginal_reward(attrs.evolve(MAINNET, active=46))
    assert marginal_reward(attrs.evolve(MAINNET, active=47)).set_size == 48
    with pytest.raises(InputError, match="rewards no checkpoint"):
        marginal_reward(attrs.evolve(MAINNET, checkpoint_reward_wei=0))
