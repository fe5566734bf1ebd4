from __future__ import annotations

from staking_states import state_of
from staking_story import ALICE, BOB, CAROL, LOCAL, NEW, OLD, STAKE, TOKEN, Story

from aztec_butler.core.slashing_rounds import SlashingTerms
from aztec_butler.exporter.collectors import slashing
from aztec_butler.exporter.collectors.slashing import RollupSlashing
from aztec_butler.exporter.ours import Ours

STORY = (
    Story()
    .queued(ALICE, NEW)
    .queued(BOB, NEW)
    .queued(CAROL, NEW)
    .activated(ALICE, NEW)
    .activated(BOB, NEW)
    .slashed(ALICE, 4_000 * TOKEN, NEW)
)
TERMS = SlashingTerms(
    proposer=OLD,
    quorum=65,
    round_size=128,
    lifetime_in_rounds=34,
    offset_in_rounds=2,
    committee_size=48,
    amounts_wei=(2_000 * TOKEN, 5_000 * TOKEN, 5_000 * TOKEN),
)


def standing(state, version, **changes):
    return RollupSlashing(
        **{
            "rollup": state.rollups[version],
            "terms": TERMS,
            "is_enabled": True,
            "current_round": 7,
            "votes_cast": 40,
            "votes": {},
            "pending_wei": {},
        }
        | changes
    )


def found(ours, *, versions=(0, 1), story=STORY, **changes):
    state = state_of(story)
    rollups = [standing(state, version, **changes) for version in versions]
    return slashing.samples(state, ours.find(state), rollups)


def test_samples__of_rollups__stand_under_their_versions():
    samples = found(Ours(), is_enabled=False)
    assert samples[slashing.ENABLED] == {("0",): 0, ("1",): 0}
    assert samples[slashing.ROUND] == {("0",): 7, ("1",): 7}
    assert samples[slashing.ROUND_VOTES] == {("0",): 40, ("1",): 40}
    assert samples[slashing.QUORUM] == {("0",): 65, ("1",): 65}


def test_votes__against_ours__are_the_most_of_any_rollup_and_zero_where_there_are_none():
    state = state_of(STORY)
    rollups = [
        standing(state, 0, votes={ALICE: 3, CAROL: 9}, pending_wei={ALICE: TOKEN}),
        standing(state, 1, votes={ALICE: 33}, pending_wei={ALICE: 2 * TOKEN}),
    ]
    samples = slashing.samples(state, Ours(attesters=(ALICE, BOB)).find(state), rollups)
    assert samples[slashing.VOTES] == {(ALICE,): 33, (BOB,): 0}
    assert samples[slashing.PENDING_SLASH] == {(ALICE,): 3.0, (BOB,): 0.0}


def test_votes__no_rollup_slashes_by_votes__are_not_known():
    samples = found(Ours(attesters=(ALICE,)), versions=())
    assert samples[slashing.VOTES] == samples[slashing.PENDING_SLASH] == samples[slashing.SLASHES_LEFT] == {}
    assert samples[slashing.HEADROOM] == {(ALICE,): (STAKE - LOCAL) / TOKEN - 4_000}


def test_headroom__of_validating_attesters_of_ours__counts_the_largest_slash():
    samples = found(Ours(attesters=(ALICE, BOB, CAROL)))
    assert samples[slashing.HEADROOM] == {(ALICE,): 6_000.0, (BOB,): 10_000.0}
    assert samples[slashing.SLASHES_LEFT] == {(ALICE,): 1, (BOB,): 2}


def test_totals__of_all_and_of_ours__are_counters_from_the_beginning():
    assert found(Ours(), story=Story())[slashing.SLASHES] == {(): 0}
    samples = found(Ours(attesters=(BOB,)))
    assert (samples[slashing.SLASHES], samples[slashing.SLASHED]) == ({(): 1}, {(): 4_000.0})
    assert (samples[slashing.OWN_SLASHES], samples[slashing.OWN_SLASHED]) == ({(): 0}, {(): 0.0})
    assert found(Ours(attesters=(ALICE,)))[slashing.OWN_SLASHED] == {(): 4_000.0}
