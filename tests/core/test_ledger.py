"""The ledger's arithmetic: parts add up, no day is lost, and a window may be cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler import InputError, NodeRefused
from aztec_butler.core.ledger import Claimed, Cut, ledger_rows
from aztec_butler.core.records import SplitParameters
from aztec_butler.core.rewards import RewardSplit

DAY = 86_400
COINBASE, OTHER = "0x" + "Aa" * 20, "0x" + "bB" * 20


def split(rate, provider_id=7):
    terms = SplitParameters(
        split=COINBASE,
        recipients=(OTHER, OTHER),
        allocations=(rate, 10_000 - rate),
        total_allocation=10_000,
        distribution_incentive=0,
    )
    return RewardSplit(provider_id=provider_id, parameters=terms)


def claim(block, amount, version=1, coinbase=COINBASE):
    return Claimed(
        rollup_version=version,
        coinbase=coinbase,
        amount_wei=amount,
        block_number=block,
        log_index=0,
        transaction_hash="0x",
    )


@st.composite
def lives(draw):
    """A coinbase on two rollups: what was credited and claimed in each block, and days with and without blocks."""
    days = draw(st.integers(2, 12))
    per_day = draw(st.lists(st.integers(0, 3), min_size=days, max_size=days))
    cuts = [Cut(at=0, block_number=draw(st.integers(-1, 5)))]
    for day, blocks in enumerate(per_day, start=1):
        cuts.append(Cut(at=day * DAY, block_number=cuts[-1].block_number + blocks))
    first, last = cuts[0].block_number, cuts[-1].block_number
    pending, claims, credited = {}, [], {}
    for version in (1, 2):
        owed = draw(st.integers(0, 10**24))
        if draw(st.booleans()) and first >= 0:
            claims.append(claim(first, draw(st.integers(1, 10**24)), version))
        at_block, given_wei = {first: owed}, {}
        for block in range(first + 1, last + 1):
            given_wei[block] = draw(st.sampled_from([0, 0, 1, 7, 350 * 10**18, 10**18 + 1]))
            owed += given_wei[block]
            if owed and draw(st.integers(0, 3)) == 0:
                claims.append(claim(block, owed, version))
                owed = 0
            at_block[block] = owed
        pending[COINBASE, version] = [at_block[cut.block_number] for cut in cuts]
        credited[version] = given_wei
    return cuts, pending, claims, credited, split(draw(st.integers(0, 10_000)))


@given(lives())
def test_ledger__any_life__parts_add_up_and_no_day_is_lost(life):
    cuts, pending, claims, credited, terms = life
    rows = ledger_rows(cuts, pending, claims, {COINBASE: terms})
    assert [(row.begins_at, row.ends_at) for row in rows] == [
        (one.at, other.at) for one, other in pairwise(cuts)
    ]
    for row, begin, end in zip(rows, cuts, cuts[1:], strict=False):
        inside = range(begin.block_number + 1, end.block_number + 1)
        assert row.accrued_wei == sum(each[block] for each in credited.values() for block in inside)
        assert row.opening_wei + row.accrued_wei - row.claimed_wei == row.closing_wei
        assert row.provider_wei + row.staker_wei == row.accrued_wei
        assert row.direct_wei == 0
        assert min(attrs.astuple(row)[5:9]) >= 0 <= min(row.provider_wei, row.staker_wei)


@given(lives(), st.data())
def test_ledger__a_window_cut_anywhere__the_same_rows(life, data):
    cuts, pending, claims, _, terms = life
    place = data.draw(st.integers(1, len(cuts) - 1))
    whole = ledger_rows(cuts, pending, claims, {COINBASE: terms}, by_rollup=True)
    halves = []
    for low, high in ((0, place), (place, len(cuts) - 1)):
        if low < high:
            part = {account: amounts[low : high + 1] for account, amounts in pending.items()}
            halves += ledger_rows(cuts[low : high + 1], part, claims, {COINBASE: terms}, by_rollup=True)
    assert sorted(halves, key=repr) == sorted(whole, key=repr)


@given(lives(), st.data())
def test_ledger__fewer_cuts__the_sums_of_the_days(life, data):
    cuts, pending, claims, _, terms = life
    kept = (
        [0, *sorted(data.draw(st.sets(st.integers(1, len(cuts) - 2), max_size=5))), len(cuts) - 1]
        if len(cuts) > 2
        else [0, len(cuts) - 1]
    )
    days = ledger_rows(cuts, pending, claims, {COINBASE: terms})
    coarse = ledger_rows(
        [cuts[at] for at in kept],
        {account: [amounts[at] for at in kept] for account, amounts in pending.items()},
        claims,
        {COINBASE: terms},
    )
    for row, low, high in zip(coarse, kept, kept[1:], strict=False):
        for name in ("accrued_wei", "claimed_wei", "provider_wei", "staker_wei"):
            assert getattr(row, name) == sum(getattr(day, name) for day in days[low:high])


def test_ledger__a_claim_is_missing__named_error_and_no_negative_row():
    cuts = [Cut(at=0, block_number=1), Cut(at=DAY, block_number=5)]
    with pytest.raises(NodeRefused, match="logs are missing") as refused:
        ledger_rows(cuts, {(COINBASE, 1): [10, 3]}, [])
    assert refused.value.facts["missing_wei"] == 7
    (row,) = ledger_rows(cuts, {(COINBASE, 1): [10, 3]}, [claim(5, 10)])
    assert (row.accrued_wei, row.claimed_wei, row.direct_wei) == (3, 10, 3)


@pytest.mark.parametrize(("block", "accrued"), [(1, 5), (2, 15), (5, 15), (6, 5)])
def test_ledger__claim_at_an_end__counts_in_the_period_of_its_block(block, accrued):
    cuts = [Cut(at=0, block_number=1), Cut(at=DAY, block_number=5)]
    (row,) = ledger_rows(cuts, {(COINBASE, 1): [0, 5]}, [claim(block, 10)])
    assert row.accrued_wei == accrued


@pytest.mark.parametrize(
    "cuts",
    [[(0, 1)], [(0, 1), (0, 2)], [(5, 2), (9, 1)], []],
    ids=["one", "same time", "blocks go back", "none"],
)
def test_ledger__no_periods__refused(cuts):
    with pytest.raises(InputError):
        ledger_rows([Cut(at=at, block_number=number) for at, number in cuts], {}, [])
    with pytest.raises(InputError):
        ledger_rows([Cut(at=0, block_number=0), Cut(at=1, block_number=1)], {(COINBASE, 1): [1]}, [])
