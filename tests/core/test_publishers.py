"""Runways in whole numbers: hand-made cases, and properties of any history."""

from __future__ import annotations

from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import InputError
from aztec_butler.core.publishers import (
    DAY_SECONDS,
    PublisherLimits,
    PublisherSample,
    judge_publisher,
    judge_publishers,
)

ETHER = 10**18
ADDRESS = "0x00000000000000000000000000000000000000AA"


def samples_of(*balances, step=DAY_SECONDS, nonces=None):
    return [
        PublisherSample(
            timestamp=1_700_000_000 + n * step, balance_wei=balance, nonce=n if nonces is None else nonces[n]
        )
        for n, balance in enumerate(balances)
    ]


def judge(*balances, limits=None, **options):
    return judge_publisher(ADDRESS, samples_of(*balances, **options), limits)


# --------------------------------------------------------------------------- by hand


def test_judge__a_tenth_a_day__runway_and_top_up():
    found = judge(3 * ETHER, 29 * ETHER // 10, 28 * ETHER // 10, nonces=[5, 7, 12])
    assert found.spent_per_day_wei == ETHER // 10
    assert found.runway_seconds == 28 * DAY_SECONDS
    assert found.top_up_wei == 3 * ETHER - 28 * ETHER // 10  # for thirty days
    assert (found.transactions, found.window_seconds, found.counted_seconds) == (
        7,
        2 * DAY_SECONDS,
        2 * DAY_SECONDS,
    )
    assert (found.outcome, found.top_ups) == (Outcome.OK, 0)


def test_judge__somebody_paid_in__that_interval_is_left_out():
    found = judge(2 * ETHER, 1 * ETHER, 9 * ETHER, 8 * ETHER)
    assert (found.spent_per_day_wei, found.top_ups) == (ETHER, 1)
    assert (found.counted_seconds, found.window_seconds) == (2 * DAY_SECONDS, 3 * DAY_SECONDS)


def test_judge__only_payments_in__no_rate():
    found = judge(1 * ETHER, 2 * ETHER)
    assert (found.spent_per_day_wei, found.runway_seconds, found.counted_seconds) == (None, None, 0)
    assert found.outcome is Outcome.OK


def test_judge__nothing_spent__no_runway():
    found = judge(1 * ETHER, 1 * ETHER)
    assert (found.spent_per_day_wei, found.runway_seconds) == (0, None)
    assert "no spending" in found.finding


def test_judge__one_sample__its_balance():
    found = judge(ETHER // 100)
    assert (found.balance_wei, found.runway_seconds, found.window_seconds) == (ETHER // 100, None, 0)
    assert (found.outcome, found.top_up_wei) == (Outcome.FAIL, ETHER // 2 - ETHER // 100)


@pytest.mark.parametrize(
    ("balances", "outcome"),
    [
        ([ETHER // 10 - 1], Outcome.FAIL),
        ([ETHER // 10], Outcome.WARN),
        ([ETHER // 2 - 1], Outcome.WARN),
        ([ETHER // 2], Outcome.OK),
        ([20 * ETHER + 1, 10 * ETHER], Outcome.FAIL),
        ([20 * ETHER, 10 * ETHER], Outcome.WARN),
        ([80 * ETHER + 1, 70 * ETHER], Outcome.WARN),
        ([80 * ETHER, 70 * ETHER], Outcome.OK),
        ([0], Outcome.FAIL),
    ],
)
def test_judge__at_the_limits__one_wei_decides(balances, outcome):
    assert judge(*balances).outcome is outcome


def test_judge__rounding__never_promises_too_much():
    found = judge(ETHER, ETHER - 1, step=7)
    assert found.spent_per_day_wei == -(-DAY_SECONDS // 7)
    assert found.runway_seconds == (ETHER - 1) * 7


def test_judge_publishers__several__the_worst_first():
    histories = {
        "healthy": samples_of(100 * ETHER, 99 * ETHER),
        "empty": samples_of(0),
        "soon": samples_of(6 * ETHER, 5 * ETHER),
        "sooner": samples_of(5 * ETHER, 4 * ETHER),
        "idle": samples_of(50 * ETHER),
    }
    assert [found.address for found in judge_publishers(histories)] == [
        "empty",
        "sooner",
        "soon",
        "healthy",
        "idle",
    ]


@pytest.mark.parametrize(
    "samples", [[], samples_of(1, 2, step=0), samples_of(1, 2, step=-1)], ids=["none", "equal", "falling"]
)
def test_judge__samples_that_tell_nothing__refused(samples):
    with pytest.raises(InputError):
        judge_publisher(ADDRESS, samples)


@pytest.mark.parametrize(
    "change",
    [
        {"critical_wei": ETHER},
        {"critical_wei": -1},
        {"low_seconds": 1},
        {"target_seconds": 1},
        {"critical_seconds": -1},
    ],
    ids=str,
)
def test_limits__that_contradict_each_other__refused(change):
    with pytest.raises(InputError):
        attrs.evolve(PublisherLimits(), **change)


# --------------------------------------------------------------------------- any history

histories = st.lists(st.integers(0, 2**128), min_size=1, max_size=8)


@given(histories, st.integers(1, 10**6))
def test_judge__any_history__sums_hold(balances, step):
    found = judge(*balances, step=step)
    falls = [max(0, a - b) for a, b in pairwise(balances) if b <= a]
    assert found.counted_seconds == len(falls) * step
    assert found.top_ups == len(balances) - 1 - len(falls)
    if found.runway_seconds is None:
        assert sum(falls) == 0
    else:
        spent = sum(falls)
        # The runway's last second is still paid for, the next one is not.
        assert found.runway_seconds * spent <= balances[-1] * found.counted_seconds
        assert (found.runway_seconds + 1) * spent > balances[-1] * found.counted_seconds
        assert found.spent_per_day_wei * found.counted_seconds >= spent * DAY_SECONDS
        after = balances[-1] + found.top_up_wei
        assert after * found.counted_seconds >= spent * PublisherLimits().target_seconds
    assert balances[-1] + found.top_up_wei >= PublisherLimits().low_wei


@given(histories, st.integers(1, 10**6), st.integers(2, 1000))
def test_judge__amounts_scaled__the_same_runway(balances, step, factor):
    plain = judge(*balances, step=step)
    scaled = judge(*[balance * factor for balance in balances], step=step)
    assert plain.runway_seconds == scaled.runway_seconds
