"""Windows and steps: no gap, no overlap, whole multiples in UTC, and refusals that name the value."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.moments import Apart, AtBlock, AtTime
from aztec_butler.core.time_steps import boundaries, default_step, parse_step, parse_window

DAY = 86_400
JUNE = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())  # a Monday
NOON = JUNE + 3 * DAY + DAY // 2 + 7


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("7d", Apart(7 * DAY), None),
        ("12h", Apart(12 * 3600), None),
        (timedelta(days=1), Apart(DAY), None),
        ("all", None, None),
        ("2026-06-01", AtTime(JUNE), None),
        (date(2026, 6, 1), AtTime(JUNE), None),
        ("2026-06-01..2026-06-02", AtTime(JUNE), AtTime(JUNE + DAY)),
        ("2026-06-01 .. 2d", AtTime(JUNE), Apart(2 * DAY)),
        ("..2026-06-01", None, AtTime(JUNE)),
        ("100..", AtBlock(100), None),
        ((100, 200), AtBlock(100), AtBlock(200)),
        ([100, None], AtBlock(100), None),
        (("7d", "finalized"), Apart(7 * DAY), AtBlock("finalized")),
    ],
)
def test_parse_window__each_spelling(value, first, last):
    window = parse_window(value)
    assert (window.first, window.last) == (first, last)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "..",
        "7",
        "seven days",
        "7d..3d",
        ("1d", "2d"),
        (None, None),
        (1, 2, 3),
        (1,),
        None,
        1.5,
        "-7d",
        "a..b",
    ],
    ids=repr,
)
def test_parse_window__anything_else__is_an_input_error(value):
    if value == "7":  # a block, not a duration
        assert parse_window(value).first == AtBlock(7)
        return
    with pytest.raises(InputError):
        parse_window(value)


@pytest.mark.parametrize(
    ("value", "seconds"), [("1h", 3600), ("1h 30m", 5400), ("90", 90), (timedelta(days=7), 7 * DAY)]
)
def test_parse_step__each_spelling(value, seconds):
    assert parse_step(value) == seconds


@pytest.mark.parametrize(
    "value", ["0s", "-1h", "hour", "", 3600, timedelta(0), timedelta(seconds=1.5), timedelta(days=-1)]
)
def test_parse_step__anything_else__is_an_input_error(value):
    with pytest.raises(InputError):
        parse_step(value)


@pytest.mark.parametrize(
    ("days", "step"),
    [(0.5, 300), (1, 900), (7, 3600), (30, 21_600), (90, DAY), (365, 7 * DAY), (5000, 7 * DAY)],
)
def test_default_step__usual_windows(days, step):
    assert default_step(int(days * DAY)) == step


@given(st.integers(1, 200 * 7 * DAY))
def test_default_step__any_window_up_to_years__has_at_most_200_steps_and_not_one_that_a_finer_step_would_do(
    seconds,
):
    step = default_step(seconds)
    assert seconds / step <= 200
    assert seconds / step > 200 / 7 or step == 60


def test_boundaries__days__are_midnights_in_utc():
    assert boundaries(NOON - 2 * DAY, NOON, DAY, whole=True) == (
        JUNE + DAY,
        JUNE + 2 * DAY,
        JUNE + 3 * DAY,
        NOON,
    )


def test_boundaries__weeks__begin_on_monday():
    times = boundaries(JUNE - 10 * DAY, JUNE + 10 * DAY, 7 * DAY, whole=True)
    assert [datetime.fromtimestamp(time, UTC).strftime("%a %d") for time in times] == [
        "Mon 18",
        "Mon 25",
        "Mon 01",
        "Mon 08",
        "Thu 11",
    ]


def test_boundaries__bounds_that_are_meant__are_kept():
    assert boundaries(JUNE + 5, JUNE + 9, DAY, whole=False) == (JUNE + 5, JUNE + 9)
    assert boundaries(JUNE - 5, JUNE + 9, DAY, whole=False) == (JUNE - 5, JUNE, JUNE + 9)
    assert boundaries(JUNE, JUNE + DAY, DAY, whole=False) == (JUNE, JUNE + DAY)


@given(
    begins_at=st.integers(0, 2**32),
    seconds=st.integers(1, 10**9),
    parts=st.integers(1, 9_000),
    whole=st.booleans(),
)
def test_boundaries__any_window__is_covered_without_gap_or_overlap(begins_at, seconds, parts, whole):
    step = -(-seconds // parts)
    ends_at = begins_at + seconds
    times = boundaries(begins_at, ends_at, step, whole=whole)
    assert list(times) == sorted(set(times))
    assert times[-1] == ends_at
    assert all((time - 4 * DAY) % step == 0 for time in times[1:-1])
    assert all(later - earlier == step for earlier, later in pairwise(times[1:-1]))
    assert all(later - earlier <= step for earlier, later in pairwise(times))
    if whole:
        assert begins_at - step < times[0] <= begins_at
        assert (times[0] - 4 * DAY) % step == 0 or times[0] == 0
    else:
        assert times[0] == begins_at


@pytest.mark.parametrize(("begins_at", "ends_at"), [(5, 5), (6, 5)])
def test_boundaries__no_length__is_an_input_error(begins_at, ends_at):
    with pytest.raises(InputError, match="ends before it begins"):
        boundaries(begins_at, ends_at, 60, whole=True)


def test_boundaries__too_many__is_an_input_error_with_a_way_out():
    assert len(boundaries(0, 10_000, 1, whole=True)) == 10_001
    with pytest.raises(InputError, match="too many") as caught:
        boundaries(0, 365 * DAY, 60, whole=True)
    assert caught.value.facts["steps"] == 365 * 24 * 60
    assert "7d" in caught.value.hint
