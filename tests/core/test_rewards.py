"""Shares, claimable amounts and yields: exact, and never less than nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler import InputError
from aztec_butler.core.apr import YEAR_SECONDS, StakeMove, apr, parse_windows, stake_seconds
from aztec_butler.core.records import SplitParameters
from aztec_butler.core.rewards import RewardSplit, RollupRewards
from aztec_butler.core.rewards_claimable import SplitHoldings, claimable_rows, distributed_wei, received_wei

ME, OTHER, SPLIT, ASSET = ("0x" + digit * 40 for digit in "abcd")
WEI = st.integers(0, 10**27)


def terms(recipients, allocations, incentive=0):
    parameters = SplitParameters(
        split=SPLIT,
        recipients=recipients,
        allocations=allocations,
        total_allocation=sum(allocations),
        distribution_incentive=incentive,
    )
    return RewardSplit(provider_id=1, parameters=parameters)


def rollup(version, *, is_claimable=True):
    return RollupRewards(
        version=version,
        address=f"0x{version}",
        asset=ASSET,
        is_claimable=is_claimable,
        claimable_from_at=None,
    )


@given(WEI, st.integers(0, 10_000))
def test_parts__of_any_amount__add_up(amount, rate):
    parts = terms((OTHER, ME), (rate, 10_000 - rate)).parts(amount)
    assert parts.total_wei == amount
    assert parts.provider_wei == amount * rate // 10_000
    assert parts.staker_wei >= 0 == parts.direct_wei


@pytest.mark.parametrize(
    ("in_split", "in_warehouse", "claimed", "shared"),
    [(0, 0, 0, 0), (1, 0, 0, 0), (1, 1, 0, 0), (2, 2, 0, 2), (0, 0, 350, 349), (1, 5, 350, 354)],
)
def test_distribute__leaves_a_wei_in_either_place(in_split, in_warehouse, claimed, shared):
    assert (
        distributed_wei(SplitHoldings(in_split_wei=in_split, in_warehouse_wei=in_warehouse), claimed)
        == shared
    )


def test_received__in_two_places_with_an_incentive__each_rounded_down():
    split = terms((ME, OTHER, ME), (1, 1, 1), incentive=50_000)
    assert received_wei(split, ME, 100) == 2 * (95 // 3)


@given(WEI, WEI, WEI, WEI, WEI, st.integers(0, 10_000))
def test_claimable__rows__add_up_to_what_arrives(own, owed, kept_back, in_split, in_warehouse, rate):
    split = terms((OTHER, ME), (rate, 10_000 - rate))
    rows = claimable_rows(
        ME,
        ASSET,
        [rollup(1), rollup(2, is_claimable=False)],
        {(ME, 1): own, (ME, 2): 0, (SPLIT, 1): owed, (SPLIT, 2): kept_back},
        {SPLIT: split},
        {SPLIT: SplitHoldings(in_split_wei=in_split, in_warehouse_wei=0)},
        in_warehouse_wei=in_warehouse,
    )
    shared = (10_000 - rate) * max(owed + in_split - 1, 0) // 10_000
    assert sum(row.claimable_wei for row in rows) == own + max(in_warehouse + shared - 1, 0)
    assert all(row.claimable_wei >= 0 <= row.held_back_wei for row in rows)


def test_stake_seconds__moves_before_inside_and_behind__weigh_what_they_should():
    moves = [
        StakeMove(provider_id=1, at=50, change_wei=100),
        StakeMove(provider_id=1, at=150, change_wei=-40),
        StakeMove(provider_id=None, at=190, change_wei=7),
        StakeMove(provider_id=2, at=200, change_wei=7),
    ]
    assert stake_seconds(moves, 100, 200) == {1: 100 * 50 + 60 * 50, None: 70}


def test_apr__closed_form():
    assert apr(10, 100 * YEAR_SECONDS // 2) == Fraction(1, 5)
    assert apr(10, 0) is None


def test_windows__names_and_lengths():
    assert parse_windows("30d") == {"30d": 2_592_000}
    assert parse_windows([60]) == {"60s": 60}
    for nonsense in ([], ["soon"], ["7d", "7d"], [0]):
        with pytest.raises(InputError):
            parse_windows(nonsense)
