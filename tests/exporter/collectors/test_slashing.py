from __future__ import annotations

from types import SimpleNamespace

import attrs
import pytest
from staking_states import state_of
from staking_story import ALICE, BOB, CAROL, LOCAL, NEW, OLD, STAKE, TOKEN, Story

from aztec_butler.core.errors import DecodeError, RevertError
from aztec_butler.core.slashing_rounds import SlashingTerms
from aztec_butler.exporter.collectors import slashing
from aztec_butler.exporter.collectors.slashing import RollupSlashing, fetch_slashing
from aztec_butler.exporter.l1_reading import Look
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


# ---------------------------------------------------------------------- how it is read


class Votes:
    """A reading of rollups whose rounds and votes are given: ``rounds`` by number as ``getRound`` answers them."""

    def __init__(self, rounds, *, generation=4, votes=(), tallies=None):
        state = state_of(STORY, now_at=72 * 128 * 40)  # round 40
        rollup = attrs.evolve(
            state.rollups[1], rollup=attrs.evolve(state.rollups[1].rollup, generation=generation)
        )
        self.rounds, self.votes, self.tallies = rounds, votes, tallies or {}
        self.snapshot = SimpleNamespace(state=state, block=state.block)
        self.slashers = SimpleNamespace(of=lambda _: [(rollup, TERMS)])
        self.source = SimpleNamespace(multicall=self)
        self.asked = []

    def look(self, plan):
        return Look(snapshot=self.snapshot, tried=self.try_read(plan(self.snapshot), None))

    def read(self, reads, block):
        return self.try_read(reads, block)

    def try_read(self, reads, block):
        self.asked += [(read.function.name, read.arguments[:1]) for read in reads]
        return [self._answer(read.function.name, *read.arguments) for read in reads]

    def _answer(self, name, *arguments):
        if name == "isSlashingEnabled":
            return True
        if name == "getRound":
            return self.rounds.get(arguments[0], (False, False, 0) if len(self._any) == 3 else (False, 0))
        if name == "getSlashTargetCommittees":
            return ((ALICE, BOB) * 24,) * 4
        if name == "getVotes":
            return self.votes[arguments[1]]
        assert name == "getTally"
        return self.tallies[arguments[0]]

    @property
    def _any(self):
        return next(iter(self.rounds.values()), (False, 0))


def test_fetch__rounds_of_a_lifetime__are_asked_and_no_votes_without_any():
    reading = Votes({})
    _, [found] = fetch_slashing(reading)
    assert (found.current_round, found.votes_cast, found.votes, found.pending_wei) == (40, 0, {}, {})
    assert [arguments for name, arguments in reading.asked if name == "getRound"] == [
        (number,) for number in range(6, 41)
    ]
    assert {name for name, _ in reading.asked} == {"isSlashingEnabled", "getRound"}


@pytest.mark.parametrize("generation", [2, 4, 5])
def test_fetch__votes_of_the_present_round__are_counted(generation):
    answer = (False, False, 3) if generation == 2 else (False, 3)
    reading = Votes({40: answer}, generation=generation, votes=[b"\x01", b"\x05", b"\x00"])
    _, [found] = fetch_slashing(reading)
    assert found.votes_cast == 3
    assert found.votes == {ALICE: 2, BOB: 1}


def test_fetch__rounds_that_are_over__count_with_a_quorum_until_they_are_executed():
    rounds = {10: (False, 65), 11: (True, 128), 12: (False, 64), 13: (False, 90), 14: (False, 70)}
    tallies = {
        10: ((ALICE, TOKEN), (BOB, TOKEN)),
        13: ((ALICE, TOKEN),),
        14: RevertError("as it will when somebody executes it"),
    }
    reading = Votes(rounds, tallies=tallies)
    _, [found] = fetch_slashing(reading)
    assert found.pending_wei == {ALICE: 2 * TOKEN, BOB: TOKEN}
    assert found.votes == {}


def test_fetch__a_tally_that_cannot_be_read__is_an_error():
    reading = Votes({10: (False, 65)}, tallies={10: DecodeError("nonsense")})
    with pytest.raises(DecodeError):
        fetch_slashing(reading)
