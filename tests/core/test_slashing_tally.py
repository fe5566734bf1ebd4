"""Tallies and rounds: the arithmetic alone. ``tests/devnet/rules`` and ``tests/network`` hold it against the contracts."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.records import Rollup
from aztec_butler.core.slashing_round_rows import (
    Execution,
    RoundReading,
    RoundState,
    SlashingRules,
    round_row,
)
from aztec_butler.core.slashing_rounds import SlashingTerms
from aztec_butler.core.slashing_tally import Accusation, cast_votes, tally, units_of_vote

TERMS = SlashingTerms(
    proposer="0xP",
    quorum=3,
    round_size=8,
    lifetime_in_rounds=5,
    offset_in_rounds=2,
    committee_size=4,
    amounts_wei=(2, 5, 9),
)
RULES = SlashingRules(
    rollup=Rollup(
        version=7,
        address="0xR",
        generation=4,
        genesis_block=1,
        genesis_at=1_000,
        slot_seconds=10,
        epoch_slots=4,
        lag_in_epochs=2,
        exit_delay_seconds=600,
    ),
    slasher="0xS",
    terms=TERMS,
    delay_in_rounds=1,
)
units_lists = st.lists(st.lists(st.integers(0, 3), min_size=8, max_size=8), max_size=8)
COMMITTEES = [["A", "B", "C", "D"], ["E", "F", "A", "G"]]


def vote_of(units) -> bytes:
    packed = bytearray(-(-len(units) // 4))
    for place, unit in enumerate(units):
        packed[place // 4] |= unit << 2 * (place % 4)
    return bytes(packed)


@given(units_lists)
def test_tally__any_votes__takes_the_largest_amount_that_a_quorum_wants_at_least(votes):
    found = tally(9, map(vote_of, votes), COMMITTEES, TERMS, first_epoch=14)
    members = [member for committee in COMMITTEES for member in committee]
    told = {(each.epoch - 14) * 4 + each.seat: each for each in found}
    for place, member in enumerate(members):
        asked = [vote[place] for vote in votes]
        wanted = max((u for u in (1, 2, 3) if sum(a >= u for a in asked) >= TERMS.quorum), default=0)
        if not any(asked):
            assert place not in told
            continue
        each = told[place]
        assert (each.attester, each.units) == (member, wanted)
        assert each.amount_wei == (0, 2, 5, 9)[wanted]
        assert (each.votes, each.votes_medium, each.votes_large) == tuple(
            sum(a >= u for a in asked) for u in (1, 2, 3)
        )
        assert each.votes_missing == max(0, 3 - each.votes)


@given(st.lists(st.integers(0, 3), max_size=16))
def test_units_of_vote__any_vote__are_those_that_were_packed(units):
    packed = vote_of(units)
    assert list(units_of_vote(packed)) == [(place, each) for place, each in enumerate(units) if each]


def test_tally__an_open_hatch__judges_nobody_of_its_epoch():
    votes = [vote_of([1] * 8)] * 3
    found = tally(9, votes, COMMITTEES, TERMS, first_epoch=14, open_hatches={14})
    assert {each.epoch for each in found} == {15}


def test_tally__a_committee_that_did_not_form__accuses_nobody_by_name():
    (seat,) = tally(9, [vote_of([0] * 5 + [2])] * 3, [COMMITTEES[0], []], TERMS, first_epoch=14)
    assert (seat.attester, seat.epoch, seat.seat, seat.units) == (None, 15, 1, 2)


def test_cast_votes__each_one__names_the_voter_the_accused_and_the_amount():
    votes = [(80, "V", 100, vote_of([0, 3, 0, 0, 0, 0, 1, 0])), (81, "W", 101, vote_of([0] * 8))]
    first, second = cast_votes(10, votes, COMMITTEES, TERMS, first_epoch=16)
    assert (first.slot, first.voter, first.attester, first.units, first.amount_wei) == (80, "V", "B", 3, 9)
    assert (second.epoch, second.seat, second.attester, second.amount_wei) == (17, 2, "A", 2)


# ---------------------------------------------------------------------- rounds


@pytest.mark.parametrize(
    ("number", "current", "state"),
    [
        (10, 10, RoundState.VOTING),
        (10, 11, RoundState.WAITING),
        (10, 12, RoundState.EXECUTABLE),
        (10, 15, RoundState.EXECUTABLE),
        (10, 16, RoundState.EXPIRED),
    ],
)
def test_state__over_time__as_the_delay_and_the_lifetime_say(number, current, state):
    assert RULES.state(number, current, is_executed=False, is_vetoed=False) is state
    assert RULES.state(number, current, is_executed=True, is_vetoed=True) is RoundState.EXECUTED
    expected = RoundState.VOTING if current == number else RoundState.VETOED
    assert RULES.state(number, current, is_executed=False, is_vetoed=True) is expected


def accusation(units: int) -> Accusation:
    return Accusation(
        round=10,
        epoch=16,
        seat=0,
        attester="A",
        votes=3,
        votes_medium=0,
        votes_large=0,
        quorum=3,
        votes_missing=0,
        units=units,
        amount_wei=2 if units else 0,
    )


READING = RoundReading(
    is_executed=False,
    votes=(),
    committees=(),
    accusations=(accusation(1), accusation(0)),
    tally=(("A", 2),),
    payload="0xPayload",
    is_vetoed=False,
)


def row(now_at: int, *, reading=READING, execution=None, disabled_until_at=0):
    return round_row(
        RULES,
        10,
        now_at=now_at,
        voters=["V", "W", "V"],
        reading=reading,
        execution=execution,
        disabled_until_at=disabled_until_at,
    )


def test_round_row__a_quorum__tells_who_would_lose_what_and_when():
    found = row(1_000 + 12 * 80)
    assert found.state is RoundState.EXECUTABLE
    assert (found.begins_at, found.ends_at) == (1_800, 1_880)
    assert (found.executable_at, found.expires_at) == (1_000 + 12 * 80, 1_000 + 16 * 80)
    assert (found.judged_first_epoch, found.judged_last_epoch) == (16, 17)
    assert (found.votes, found.voters, found.accused, found.condemned, found.tally_wei) == (3, 2, 2, 1, 2)
    assert found.blocked_because is None
    assert found.executed_block is None


def test_round_row__what_blocks_an_execution__is_told():
    now_at = 1_000 + 12 * 80
    assert "paused" in row(now_at, disabled_until_at=now_at + 1).blocked_because
    assert row(now_at, disabled_until_at=now_at).blocked_because is None
    assert "vetoed" in row(now_at, reading=attrs.evolve(READING, is_vetoed=True)).blocked_because
    assert "nobody had" in row(now_at, reading=attrs.evolve(READING, tally=None)).blocked_because


def test_round_row__votes_not_kept__are_missing_and_not_zero():
    found = row(
        1_000 + 500 * 80,
        reading=None,
        execution=Execution(block_number=5, at=2_000, slashes=2, slashed_wei=4),
    )
    assert found.state is RoundState.EXECUTED
    assert (found.accused, found.condemned, found.tally_wei, found.payload) == (None,) * 4
    assert (found.executed_block, found.executed_at, found.slashes, found.slashed_wei) == (5, 2_000, 2, 4)
    assert row(1_000 + 500 * 80, reading=None).state is RoundState.EXPIRED
