from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from staking_states import delegate, state_of
from staking_story import ALICE, BOB, CAROL, NEW, OWNER, TOKEN, Story, account

from aztec_butler.core.records import SplitParameters
from aztec_butler.exporter.collectors import rewards
from aztec_butler.exporter.collectors.rewards import own_coinbases, provider_share_wei
from aztec_butler.exporter.ours import SERIES_CAPPED, Ours

SPLIT = account(50)


def story() -> Story:
    """ALICE validates through provider 1, BOB was staked directly, and CAROL is only listed."""
    told = Story().registered().listed(ALICE, CAROL)
    delegate(told, ALICE, SPLIT)
    return told.queued(BOB, NEW).activated(ALICE, NEW).activated(BOB, NEW)


def terms(provider_bps: int, split: str = SPLIT) -> SplitParameters:
    return SplitParameters(
        split=split,
        recipients=(OWNER, BOB),
        allocations=(provider_bps, 10_000 - provider_bps),
        total_allocation=10_000,
        distribution_incentive=0,
    )


def addresses(ours):
    return [each.address for each in own_coinbases(state_of(story()), ours)]


def test_own_coinbases__splits_keystores_and_attesters_themselves__each_once():
    ours = Ours(provider_ids=(1,), coinbases={ALICE: SPLIT, BOB: None, CAROL: OWNER})
    assert addresses(ours) == [SPLIT, BOB]
    ours = Ours(provider_ids=(1,), coinbases={ALICE: OWNER, BOB: OWNER})
    assert addresses(ours) == [SPLIT, OWNER]
    assert addresses(Ours(attesters=(BOB,))) == []  # its coinbase is not known


def test_own_coinbases__a_split_that_another_names_as_well__stays_a_split():
    state = state_of(story())
    [coinbase] = own_coinbases(state, Ours(coinbases={BOB: SPLIT, ALICE: SPLIT}))
    assert coinbase.delegated is not None


def test_samples__splits_and_wallets__our_share_is_exact():
    coinbases = own_coinbases(state_of(story()), Ours(provider_ids=(1,), coinbases={BOB: OWNER}))
    pending = {(SPLIT, 0): 3, (SPLIT, 1): 350 * TOKEN, (OWNER, 0): 0, (OWNER, 1): TOKEN}
    samples = rewards.samples(coinbases, pending, {SPLIT: terms(2_500)}, cap=500)
    assert samples[rewards.PENDING] == {
        (SPLIT, "0"): 3e-18,
        (SPLIT, "1"): 350.0,
        (OWNER, "0"): 0.0,
        (OWNER, "1"): 1.0,
    }
    assert samples[rewards.OWN_PENDING] == {(): 88.5}
    assert samples[SERIES_CAPPED] == {("coinbase",): 0}


def test_samples__beyond_the_cap__the_share_is_of_all():
    coinbases = own_coinbases(state_of(story()), Ours(provider_ids=(1,), coinbases={BOB: OWNER}))
    pending = {(SPLIT, 1): TOKEN, (OWNER, 1): TOKEN}
    samples = rewards.samples(coinbases, pending, {SPLIT: terms(10_000)}, cap=1)
    assert len(samples[rewards.PENDING]) == 1
    assert samples[rewards.OWN_PENDING] == {(): 2.0}
    assert samples[SERIES_CAPPED] == {("coinbase",): 1}


@given(st.integers(0, 10**30), st.integers(0, 10_000))
def test_provider_share__any_amount__leaves_the_rest_to_the_staker(amount, bps):
    ours = provider_share_wei(amount, terms(bps))
    theirs = amount * (10_000 - bps) // 10_000
    assert 0 <= amount - ours - theirs <= 1
    assert ours * 10_000 <= amount * bps
