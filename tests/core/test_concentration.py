"""Indices of concentration against their definitions: closed forms, and brute force over pairs and subsets."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.concentration import (
    HALF,
    THIRD,
    TWO_THIRDS,
    Holdings,
    Threshold,
    committee_quorum,
    committee_threshold,
    slashing_threshold,
)
from aztec_butler.core.errors import InputError

TOKEN = 10**18
amounts_lists = st.lists(st.integers(1, 10**27), min_size=1, max_size=12)
shares = st.fractions(min_value=Fraction(1, 1000), max_value=Fraction(999, 1000))


def threshold(share, *, is_strict=True) -> Threshold:
    return Threshold(name="some", share=share, is_strict=is_strict)


# ---------------------------------------------------------------------- against the definitions


@given(amounts_lists)
def test_hhi__any_holdings__is_the_sum_of_squared_shares(amounts):
    total = sum(amounts)
    assert Holdings.of(amounts).hhi == sum(Fraction(amount, total) ** 2 for amount in amounts)


@given(amounts_lists)
def test_gini__any_holdings__is_half_the_relative_mean_difference(amounts):
    count = len(amounts)
    differences = sum(abs(one - other) for one in amounts for other in amounts)
    assert Holdings.of(amounts).gini == Fraction(differences, 2 * count * sum(amounts))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=7), shares, st.booleans())
def test_nakamoto__any_holdings__is_the_smallest_subset_that_reaches_it(amounts, share, is_strict):
    asked = threshold(share, is_strict=is_strict)
    total = sum(amounts)

    def reaches(part) -> bool:
        return sum(part) > share * total if is_strict else sum(part) >= share * total

    smallest = next(
        size
        for size in range(1, len(amounts) + 1)
        if any(reaches(part) for part in combinations(amounts, size))
    )
    assert Holdings.of(amounts).nakamoto(asked) == smallest


@given(amounts_lists, st.integers(1, 20))
def test_top_share__any_holdings__no_other_group_of_the_size_has_more(amounts, count):
    held = Holdings.of(amounts).top_share(count)
    assert held == Fraction(sum(sorted(amounts)[-count:]), sum(amounts))


@pytest.mark.parametrize("count", [1, 2, 3, 48, 4_000])
def test_all_indices__equal_holders__have_closed_forms(count):
    holdings = Holdings.of([200_000 * TOKEN] * count)
    assert holdings.hhi == Fraction(1, count)
    assert holdings.effective_count == count
    assert holdings.gini == 0
    assert holdings.nakamoto(THIRD) == count // 3 + 1
    assert holdings.nakamoto(HALF) == count // 2 + 1
    assert holdings.nakamoto(TWO_THIRDS) == 2 * count // 3 + 1


def test_all_indices__one_two_three__have_closed_forms():
    # Of 1 to n Gini is (n - 1) / 3n, and the sum of squares n(n + 1)(2n + 1) / 6.
    count = 100
    holdings = Holdings.of(range(1, count + 1))
    assert holdings.gini == Fraction(count - 1, 3 * count)
    assert holdings.hhi == Fraction(count * (count + 1) * (2 * count + 1), 6) / (
        Fraction(count * (count + 1), 2) ** 2
    )


# ---------------------------------------------------------------------- bounds and invariance


@given(amounts_lists)
def test_all_indices__any_holdings__stay_within_their_bounds(amounts):
    holdings = Holdings.of(amounts)
    assert Fraction(1, holdings.count) <= holdings.hhi <= 1
    assert 1 <= holdings.effective_count <= holdings.count
    assert 0 <= holdings.gini < 1
    assert 0 < holdings.top_share(1) <= 1


@given(amounts_lists, shares, shares)
def test_nakamoto__a_higher_threshold__needs_no_fewer(amounts, one, other):
    holdings = Holdings.of(amounts)
    low, high = sorted([one, other])
    assert holdings.nakamoto(threshold(low)) <= holdings.nakamoto(threshold(high))
    assert holdings.nakamoto(threshold(low, is_strict=False)) <= holdings.nakamoto(threshold(low))


@given(amounts_lists, st.randoms(), st.integers(1, 10**18), st.integers(0, 3))
def test_all_indices__another_order_scale_or_zeros__are_the_same(amounts, random, scale, zeros):
    other = [amount * scale for amount in amounts] + [0] * zeros
    random.shuffle(other)
    one, two = Holdings.of(amounts), Holdings.of(other)
    assert (one.hhi, one.gini, one.count) == (two.hhi, two.gini, two.count)
    assert [one.nakamoto(each) for each in (THIRD, HALF, TWO_THIRDS)] == [
        two.nakamoto(each) for each in (THIRD, HALF, TWO_THIRDS)
    ]


# ---------------------------------------------------------------------- thresholds


@pytest.mark.parametrize(("size", "quorum"), [(1, 1), (2, 2), (3, 3), (4, 3), (24, 17), (48, 33)])
def test_committee_quorum__some_sizes__is_more_than_two_thirds(size, quorum):
    assert committee_quorum(size) == quorum
    assert 3 * quorum > 2 * size >= 3 * (quorum - 1)


def test_thresholds_of_quorums__reached_exactly__are_reached():
    assert Holdings.of([33, 15]).nakamoto(committee_threshold(48)) == 1
    assert Holdings.of([32, 16]).nakamoto(committee_threshold(48)) == 2
    assert Holdings.of([65, 63]).nakamoto(slashing_threshold(65, 128)) == 1
    assert Holdings.of([64, 64]).nakamoto(slashing_threshold(65, 128)) == 2


def test_thresholds_to_be_passed__reached_exactly__are_not_passed():
    assert Holdings.of([1, 1]).nakamoto(HALF) == 2
    assert Holdings.of([1, 1, 1]).nakamoto(THIRD) == 2
    assert Holdings.of([2, 1]).nakamoto(TWO_THIRDS) == 2


@pytest.mark.parametrize(
    ("share", "is_strict"),
    [(Fraction(0), False), (Fraction(-1, 3), False), (Fraction(3, 2), False), (Fraction(1), True)],
)
def test_threshold__no_part_of_a_whole__is_refused(share, is_strict):
    with pytest.raises(InputError, match="threshold"):
        threshold(share, is_strict=is_strict)


# ---------------------------------------------------------------------- what cannot be measured


@pytest.mark.parametrize("amounts", [[], [0, 0], [1, -1]])
def test_holdings__nothing_or_less__are_refused(amounts):
    with pytest.raises(InputError, match="nobody"):
        Holdings.of(amounts)


def test_top_share__of_nobody__is_refused():
    with pytest.raises(InputError, match="at least one"):
        Holdings.of([1]).top_share(0)
