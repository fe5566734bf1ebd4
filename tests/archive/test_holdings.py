"""Stake over time as columns, against plain dictionaries and the exact indices of the core."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.archive.holdings import HoldingsSeries, change_places
from aztec_butler.core.concentration import HALF, THIRD, TWO_THIRDS, Holdings, committee_threshold
from aztec_butler.core.concentration_figures import LARGEST, Figures
from aztec_butler.core.concentration_holders import By
from aztec_butler.core.errors import InputError
from aztec_butler.core.events import Position
from aztec_butler.core.history import Delegated, Departure, Outcome, Slash, Stake, StakingHistory

TOKEN = 10**18
THRESHOLDS = (THIRD, HALF, TWO_THIRDS, committee_threshold(48))
amounts = st.one_of(
    st.integers(1, 200).map(lambda thousands: 1_000 * thousands * TOKEN),  # as on mainnet
    st.integers(1, 3),
    st.integers(1, 10**27),  # of which no two have a divisor in common
)


def place(block: int, index: int = 0) -> Position:
    return Position(
        address="0xR",
        block_number=block,
        block_hash="0x",
        transaction_hash="0x",
        transaction_index=0,
        log_index=index,
        block_timestamp=None,
    )


@st.composite
def histories(draw):
    """A history, and what it says: (block, attester, change of its stake)."""
    stakes, slashes, departures, changes = [], [], [], []
    for number in range(draw(st.integers(0, 12))):
        attester, block = f"attester {number}", draw(st.integers(1, 30))
        amount = draw(amounts)
        delegated = None
        if draw(st.booleans()):
            delegated = Delegated(
                provider_id=draw(st.integers(1, 3)),
                attester=attester,
                split="0xS",
                staker=f"staker {draw(st.integers(1, 4))}",
                rollup="0xR",
                log=place(block),
            )
        outcome = draw(st.sampled_from([*[Outcome.ACTIVATED] * 5, *Outcome]))
        stakes.append(
            Stake(
                rollup="0xR",
                attester=attester,
                withdrawer=f"withdrawer {draw(st.integers(1, 5))}",
                queued=place(block),
                delegated=delegated,
                outcome=outcome,
                settled=None if outcome is Outcome.WAITING else place(block),
                activated_wei=amount,
            )
        )
        if outcome is not Outcome.ACTIVATED:
            continue
        changes.append((block, attester, amount))
        for _ in range(draw(st.integers(0, 3))):
            block = draw(st.integers(block, 40))
            lost = min(draw(amounts), amount)
            amount -= lost
            if amount == 0 or lost == 0:
                break
            slashes.append(slash(attester, block, lost, is_ejection=False))
            changes.append((block, attester, -lost))
        end = draw(st.sampled_from(["stays", "leaves", "is ejected", "is slashed while leaving"]))
        if end != "stays" and amount:
            block = draw(st.integers(block, 45))
            changes.append((block, attester, -amount))
            departures.append(leaves(attester, block, amount, is_ejection=end == "is ejected"))
            if end == "is ejected":
                slashes.append(slash(attester, block, amount, is_ejection=True))
            elif end != "leaves":
                slashes.append(slash(attester, block + 1, 0, is_ejection=False))
    history = StakingHistory(
        stakes=tuple(stakes),
        delegations=(),
        departures=tuple(departures),
        slashes=tuple(slashes),
        balances_wei={},
        registrations={},
        listings=(),
        drips=(),
        provider_queues={},
    )
    return history, changes


def slash(attester, block, lost, *, is_ejection):
    return Slash(
        attester=attester,
        rollup="0xR",
        amount_wei=max(lost, 1),
        lost_stake_wei=lost,
        is_ejection=is_ejection,
        log=place(block),
    )


def leaves(attester, block, amount, *, is_ejection):
    return Departure(
        attester=attester,
        rollup="0xR",
        is_ejection=is_ejection,
        initiated=place(block),
        recipient=None,
        left_wei=1 if is_ejection else amount,
        amount_wei=1 if is_ejection else amount,
    )


def holder(stake, by) -> object:
    if by is By.ATTESTER:
        return stake.attester
    if by is By.WITHDRAWER or stake.delegated is None:
        return stake.withdrawer
    return stake.delegated.staker if by is By.STAKER else stake.delegated.provider_id


@given(histories(), st.lists(st.integers(0, 50), min_size=1, max_size=6).map(sorted))
@settings(max_examples=100, deadline=None)
def test_figures__any_history__equal_those_of_the_core_at_every_time(told, cuts):
    history, changes = told
    series = HoldingsSeries.of(history, cuts)
    assert series.times == len(cuts)
    by_attester = {stake.attester: stake for stake in history.stakes}
    figures = {by: series.figures(by, THRESHOLDS, LARGEST) for by in By}
    for number, cut in enumerate(cuts):
        stakes: Counter[str] = Counter()
        for block, attester, change in changes:
            if block <= cut:
                stakes[attester] += change
        assert series.amounts_wei(number) == {key: amount for key, amount in stakes.items() if amount}
        assert series.attester_counts()[number] == sum(amount > 0 for amount in stakes.values())
        for by in By:
            held: Counter[object] = Counter()
            for attester, amount in stakes.items():
                held[holder(by_attester[attester], by)] += amount
            expected = None
            if any(held.values()):
                expected = Figures.of(Holdings.of(held.values()), THRESHOLDS, LARGEST)
            assert figures[by][number] == expected


def test_figures__amounts_of_many_limbs__are_exact():
    # 90 bits and no divisor in common: a float has 53 of them.
    amounts_wei = [2**89 + 2 * number + 1 for number in range(3_000)]
    history = StakingHistory(
        stakes=tuple(
            Stake(
                rollup="0xR",
                attester=f"attester {number}",
                withdrawer=f"withdrawer {number % 7}",
                queued=place(1),
                outcome=Outcome.ACTIVATED,
                settled=place(1),
                activated_wei=amount,
            )
            for number, amount in enumerate(amounts_wei)
        ),
        delegations=(),
        departures=(),
        slashes=(),
        balances_wei={},
        registrations={},
        listings=(),
        drips=(),
        provider_queues={},
    )
    series = HoldingsSeries.of(history, [0, 1])
    assert series.figures(By.ATTESTER, THRESHOLDS, LARGEST) == (
        None,
        Figures.of(Holdings.of(amounts_wei), THRESHOLDS, LARGEST),
    )
    held = [sum(amounts_wei[number::7]) for number in range(7)]
    assert series.figures(By.WITHDRAWER, THRESHOLDS, LARGEST)[1] == Figures.of(
        Holdings.of(held), THRESHOLDS, LARGEST
    )


def test_figures__a_group_of_nobody__is_refused():
    series = HoldingsSeries.of(histories_of_nobody(), [1])
    assert series.figures(By.PROVIDER, THRESHOLDS, LARGEST) == (None,)
    with pytest.raises(InputError, match="at least one"):
        series.figures(By.PROVIDER, THRESHOLDS, (0,))


def histories_of_nobody() -> StakingHistory:
    return StakingHistory(
        stakes=(),
        delegations=(),
        departures=(),
        slashes=(),
        balances_wei={},
        registrations={},
        listings=(),
        drips=(),
        provider_queues={},
    )


@given(histories())
@settings(max_examples=20, deadline=None)
def test_change_places__any_history__are_the_blocks_in_which_stake_changed(told):
    history, changes = told
    assert sorted(at.block_number for at in change_places(history)) == sorted(
        block for block, _, _ in changes
    )
