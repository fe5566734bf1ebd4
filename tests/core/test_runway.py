"""How long keys last: exact, and unknown where nobody staked."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler import InputError
from aztec_butler.core.runway import (
    DAY_SECONDS,
    WEEK_SECONDS,
    WINDOWS_SECONDS,
    DelegationPace,
    QueueRunway,
    delegation_pace,
    queue_runways,
)
from aztec_butler.notebook.frames import to_frame

NOW = 2_000_000_000


def runways(delegated_at, *, keys=10, registered_at=NOW - 400 * DAY_SECONDS, **options):
    return queue_runways(
        7, keys, registered_at=registered_at, delegated_at=delegated_at, now_at=NOW, **options
    )


def test_runways__each_window__counts_its_own():
    ago = [1, 3, 10, 20, 60, 200]
    rows = runways([NOW - days * DAY_SECONDS for days in ago])
    assert [(row.window_seconds // DAY_SECONDS, row.delegations) for row in rows] == [
        (7, 2),
        (28, 4),
        (91, 5),
        (400, 6),
    ]
    assert [row.delegations_per_week for row in rows[:3]] == [2.0, 1.0, 5 / 13]
    assert [row.runway_seconds for row in rows[:2]] == [5 * WEEK_SECONDS, 10 * WEEK_SECONDS]
    assert all(row.runs_out_at == NOW + row.runway_seconds for row in rows)
    assert {(row.provider_id, row.keys_queued) for row in rows} == {(7, 10)}


def test_runways__nobody_staked__are_unknown_and_no_number():
    rows = runways([NOW - 300 * DAY_SECONDS])
    assert [(row.delegations, row.runway_seconds, row.runs_out_at) for row in rows[:3]] == [
        (0, None, None)
    ] * 3
    assert rows[-1].runway_seconds == 10 * 400 * DAY_SECONDS
    assert {row.delegations_per_week for row in rows[:3]} == {0.0}


def test_runways__no_key_is_left__have_run_out_whatever_the_pace():
    assert {row.runway_seconds for row in runways([], keys=0)} == {0}
    assert {row.runs_out_at for row in runways([NOW - 5], keys=0)} == {NOW}


def test_runways__provider_is_younger_than_a_window__are_of_its_own_time():
    begun = NOW - 10 * DAY_SECONDS
    rows = runways([begun, NOW - DAY_SECONDS], registered_at=begun)
    assert [(row.window_seconds // DAY_SECONDS, row.delegations) for row in rows] == [(7, 1), (10, 2)]
    (just,) = runways([], registered_at=NOW)
    assert (just.window_seconds, just.delegations_per_week, just.runway_seconds) == (0, None, None)


def test_runways__that_last_for_centuries__have_no_date():
    (row,) = runways([NOW - 5], keys=2_000, registered_at=NOW - 91 * DAY_SECONDS, windows_seconds=[])
    assert row.runway_seconds == 2_000 * 91 * DAY_SECONDS
    assert row.runs_out_at is None
    assert to_frame([row], QueueRunway).runway_seconds.tolist() == [row.runway_seconds]


def test_runways__edge_of_a_window__belongs_to_it():
    at_the_edge, before = NOW - WEEK_SECONDS, NOW - WEEK_SECONDS - 1
    assert runways([at_the_edge])[0].delegations == 1
    assert runways([before])[0].delegations == 0


@given(
    st.integers(0, 10**6),
    st.lists(st.integers(0, 10**8)),
    st.integers(1, 10**8),
    st.lists(st.integers(1, 2 * 10**8), max_size=4),
)
def test_runways__any_story__are_the_exact_quotient_rounded_down(keys, ages, age, windows):
    delegated_at = [NOW - min(each, age) for each in ages]
    rows = runways(delegated_at, keys=keys, registered_at=NOW - age, windows_seconds=windows)
    assert [row.window_seconds for row in rows] == [*sorted({w for w in windows if w < age}), age]
    for row in rows:
        taken = sum(NOW - at <= row.window_seconds for at in delegated_at)
        assert row.delegations == taken
        if keys and not taken:
            assert row.runway_seconds is None
        else:
            exact = Fraction(0) if not keys else Fraction(keys * row.window_seconds, taken)
            assert 0 <= exact - row.runway_seconds < 1
    assert rows == runways(delegated_at[::-1], keys=keys, registered_at=NOW - age, windows_seconds=windows)


@given(st.integers(1, 10**9), st.integers(1, 10**6), st.integers(0, 10**6))
def test_pace__more_keys__never_last_shorter(seconds, delegations, keys):
    pace = DelegationPace(seconds=seconds, delegations=delegations)
    assert pace.runway_seconds(keys) <= pace.runway_seconds(keys + 1)
    assert pace.runway_seconds(delegations) == seconds


@pytest.mark.parametrize(
    "make",
    [
        lambda: runways([NOW + 1]),
        lambda: runways([], registered_at=NOW + 1),
        lambda: runways([], windows_seconds=[0]),
        lambda: runways([], windows_seconds=[-5, 7]),
        lambda: delegation_pace([NOW + 1], begins_at=0, now_at=NOW),
    ],
)
def test_runways__times_that_cannot_be__are_refused(make):
    with pytest.raises(InputError):
        make()


def test_pace__without_time__is_none():
    assert delegation_pace([], begins_at=NOW, now_at=NOW) is None
    assert delegation_pace([NOW], begins_at=NOW - 1, now_at=NOW) == DelegationPace(seconds=1, delegations=1)
    for wrong in ({"seconds": 0, "delegations": 1}, {"seconds": 1, "delegations": -1}):
        with pytest.raises(ValueError, match="must be"):
            DelegationPace(**wrong)


def test_windows__are_whole_weeks():
    assert all(seconds % WEEK_SECONDS == 0 for seconds in WINDOWS_SECONDS)
