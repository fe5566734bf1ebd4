"""Rounds of slashing votes: the arithmetic alone. ``tests/devnet/rules`` holds it against the contract."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.slashing_rounds import SlashingTerms, votes_against

TERMS = SlashingTerms(
    proposer="0x" + "11" * 20,
    quorum=65,
    round_size=128,
    lifetime_in_rounds=34,
    offset_in_rounds=2,
    committee_size=48,
    amounts_wei=(2, 5, 5),
)


def vote_of(units) -> bytes:
    """A vote as a node encodes it, digit by digit."""
    packed = bytearray(-(-len(units) // 4))
    for place, unit in enumerate(units):
        packed[place // 4] |= unit << 2 * (place % 4)
    return bytes(packed)


def test_round_at__slots__follow_the_size():
    assert [TERMS.round_at(slot) for slot in (0, 127, 128, 1000)] == [0, 0, 1, 7]


def test_live_rounds__late_and_early__none_that_was_never_open():
    assert TERMS.live_rounds(100) == range(66, 101)
    assert TERMS.live_rounds(3) == range(2, 4)
    assert TERMS.live_rounds(2) == range(2, 3)
    assert list(TERMS.live_rounds(1)) == []


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=12, max_size=12), max_size=20),
    st.lists(st.sampled_from("ABCDEFG"), min_size=12, max_size=12),
)
def test_votes_against__any_votes__are_the_most_of_any_place(votes, members):
    committees = [members[:4], members[4:8], members[8:]]
    expected = {}
    for place, member in enumerate(members):
        count = sum(vote[place] != 0 for vote in votes)
        if count:
            expected[member] = max(expected.get(member, 0), count)
    assert votes_against([vote_of(vote) for vote in votes], committees, 4) == expected


def test_votes_against__a_committee_that_did_not_form__is_nobody():
    votes = [vote_of([1, 0, 0, 0, 2, 0, 0, 0])]
    assert votes_against(votes, [[], ["A", "B", "C", "D"]], 4) == {"A": 1}
    assert votes_against(votes, [["A", "B", "C", "D"]], 4) == {"A": 1}
