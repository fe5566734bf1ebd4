"""The odds of committees against brute force over all of them, and against closed forms."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.committee_odds import (
    chance_of_seats,
    chance_within,
    committee_odds,
    committee_third,
    expected_seats,
    seat_chances,
)
from aztec_butler.core.concentration import committee_quorum
from aztec_butler.core.concentration_holders import By
from aztec_butler.core.errors import InputError
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import Status
from aztec_butler.core.rows import Attester

STAKE = 200_000 * 10**18


@st.composite
def draws(draw):
    total = draw(st.integers(1, 9))
    return draw(st.integers(0, total)), total, draw(st.integers(1, total))


@given(draws())
def test_seat_chances__any_small_set__are_the_counts_of_all_committees(drawn):
    held, total, size = drawn
    committees = list(combinations(range(total), size))
    counts = [sum(member < held for member in committee) for committee in committees]
    expected = tuple(Fraction(counts.count(seats), len(committees)) for seats in range(size + 1))
    assert seat_chances(held=held, total=total, size=size) == expected
    for seats in range(-1, size + 2):
        reached = Fraction(sum(count >= seats for count in counts), len(committees))
        assert chance_of_seats(seats, held=held, total=total, size=size) == reached
    assert expected_seats(held=held, total=total, size=size) == Fraction(sum(counts), len(committees))


@given(st.integers(1, 4_000), st.data())
def test_seat_chances__any_set__sum_to_one_and_have_the_known_mean(total, data):
    size = data.draw(st.integers(1, min(48, total)))
    held = data.draw(st.integers(0, total))
    chances = seat_chances(held=held, total=total, size=size)
    assert sum(chances) == 1
    mean = sum(seats * chance for seats, chance in enumerate(chances))
    assert mean == expected_seats(held=held, total=total, size=size) == Fraction(size * held, total)
    variance = sum(seats**2 * chance for seats, chance in enumerate(chances)) - mean**2
    if total > 1:
        assert variance == mean * Fraction((total - held) * (total - size), total * (total - 1))


def test_chance_of_seats__who_has_everything_or_nothing__is_certain():
    assert chance_of_seats(33, held=4_000, total=4_000, size=48) == 1
    assert chance_of_seats(1, held=0, total=4_000, size=48) == 0
    assert chance_of_seats(48, held=48, total=4_000, size=48) == Fraction(1, math.comb(4_000, 48))


@pytest.mark.parametrize(("size", "third"), [(1, 1), (2, 1), (3, 1), (4, 2), (24, 8), (48, 16)])
def test_committee_third__any_size__leaves_the_others_one_short_of_the_quorum(size, third):
    assert committee_third(size) == third
    assert size - third == committee_quorum(size) - 1


@given(st.fractions(0, 1), st.integers(0, 200))
def test_chance_within__any_chance__is_near_the_exact_one(chance, epochs):
    exact = 1 - (1 - chance) ** epochs
    assert chance_within(chance, epochs) == pytest.approx(float(exact), rel=1e-9, abs=1e-15)


def test_chance_within__next_to_certain_or_to_impossible__stays_a_chance():
    assert chance_within(1 - Fraction(1, 10**40), 1) == 1.0
    assert chance_within(Fraction(1, 10**40), 13_697) == pytest.approx(1.3697e-36)


def attester(number: int, provider_id: int | None) -> Attester:
    return Attester(
        attester=f"attester {number}",
        lifecycle=Lifecycle.VALIDATING,
        status=Status.VALIDATING,
        rollup_version=1,
        moves_with_latest_rollup=True,
        stake_wei=STAKE,
        exit_amount_wei=0,
        withdrawer=f"withdrawer {number}",
        provider_id=provider_id,
        coinbase=None,
        staker=None,
        queue_position=None,
        activated_block=1,
    )


def test_committee_odds__some_holders__as_a_set_of_their_attesters_says():
    rows = [attester(number, 7 if number < 4 else None) for number in range(6)]
    first, *others = committee_odds(rows, By.PROVIDER, committee_size=3, epochs_in_a_year=10)
    assert (first.entity, first.provider_id, first.attesters, first.set_size) == ("provider 7", 7, 4, 6)
    assert (first.third_seats, first.quorum_seats) == (1, 3)
    assert first.third_chance == 1  # only two are not its own
    assert first.quorum_chance == pytest.approx(4 / 20)
    assert first.quorum_chance_in_a_year == pytest.approx(1 - 0.8**10)
    assert first.expected_seats == 2
    assert [each.third_chance for each in others] == [0.5, 0.5]
    assert [each.quorum_chance for each in others] == [0, 0]


@pytest.mark.parametrize(("held", "total", "size"), [(-1, 3, 1), (4, 3, 1), (1, 3, 4), (1, 3, 0)])
def test_odds__no_committee__are_refused(held, total, size):
    for ask in (seat_chances, expected_seats):
        with pytest.raises(InputError):
            ask(held=held, total=total, size=size)
