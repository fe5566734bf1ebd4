"""Ranges of blocks by time, on chains of which every time is known."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from itertools import accumulate

import pytest

from aztec_butler.clients.block_range import fetch_range
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.moments import parse_moment
from aztec_butler.core.records import BlockStamp

DAY = 86_400
JUNE = 1_780_272_000


class Node:
    """A chain that counts the round trips it takes to read it."""

    def __init__(self, times: list[int]) -> None:
        self.times = times
        self.trips = self.headers = 0

    @property
    def head(self) -> BlockStamp:
        number = len(self.times) - 1
        return BlockStamp(number=number, hash=self.hash(number), timestamp=self.times[-1], is_finalized=False)

    @staticmethod
    def hash(number: int) -> str:
        return f"0x{number:064x}"

    def answer(self, method, parameters):
        name = parameters[0]
        if method == "eth_getBlockByHash":
            number = int(name, 16)
        else:
            number = self.head.number - 64 if name == "finalized" else int(name, 16)
        if number >= len(self.times):
            return None
        return {"number": hex(number), "hash": self.hash(number), "timestamp": hex(self.times[number])}

    def batch(self, calls):
        self.trips += bool(calls)
        self.headers += len(calls)
        return [self.answer(*call) for call in calls]

    try_batch = batch

    def call(self, method, *parameters):
        return self.batch([(method, parameters)])[0]


@pytest.fixture(scope="module")
def times():
    rng = random.Random(3)
    return list(
        accumulate((24 if rng.random() < 0.01 else 12 for _ in range(300_000)), initial=JUNE - 10 * DAY - 7)
    )


@pytest.fixture
def node(times):
    return Node(times)


def ranged(node, first, last, earliest=1_000):
    moments = [None if text is None else parse_moment(text) for text in (first, last)]
    return fetch_range(node, *moments, earliest=earliest, head=node.head)


def since(times, timestamp):
    return bisect_left(times, timestamp)


def until(times, timestamp):
    return bisect_right(times, timestamp) - 1


def test_range__nothing_named__everything_without_a_request(node):
    assert ranged(node, None, None) == (1_000, node.head.number)
    assert ranged(node, 5, "latest") == (5, node.head.number)
    assert node.trips == 0


def test_range__times__exact_in_few_round_trips(node, times):
    assert ranged(node, "2026-06-01", "2026-06-08") == (since(times, JUNE), until(times, JUNE + 7 * DAY))
    assert node.trips <= 7
    assert node.headers <= 10


def test_range__time_of_a_block__is_that_block_at_both_ends(node, times):
    from datetime import UTC, datetime

    at = datetime.fromtimestamp(times[77_777], UTC)
    assert ranged(node, at, at) == (77_777, 77_777)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-06-01", "7d", lambda t: (since(t, JUNE), until(t, JUNE + 7 * DAY))),
        (50_000, "12h", lambda t: (50_000, until(t, t[50_000] + DAY // 2))),
        (None, "2d", lambda t: (1_000, until(t, t[1_000] + 2 * DAY))),
        ("7d", None, lambda t: (since(t, t[-1] - 7 * DAY), len(t) - 1)),
        ("1h", 100_000, lambda t: (since(t, t[100_000] - 3_600), 100_000)),
        (
            "1w",
            "2026-06-15T06:00",
            lambda t: (since(t, JUNE + 7 * DAY + 21_600), until(t, JUNE + 14 * DAY + 21_600)),
        ),
        ("2026-05-01", "2026-06-01", lambda t: (0, until(t, JUNE))),
        ("2026-06-01", "2036-01-01", lambda t: (since(t, JUNE), len(t) - 1)),
        ("1w", 100, lambda t: (0, 100)),
        ("finalized", None, lambda t: (len(t) - 65, len(t) - 1)),
        (Node.hash(40_000), Node.hash(40_002), lambda t: (40_000, 40_002)),
    ],
    ids=lambda value: str(value) if not callable(value) else "",
)
def test_range__mixed_bounds(node, times, first, last, expected):
    assert ranged(node, first, last) == expected(times)
    assert node.headers <= 14


@pytest.mark.parametrize(
    ("first", "last", "error", "match"),
    [
        ("7d", "1d", InputError, "from the other"),
        (10, 9, InputError, "before it begins"),
        ("2026-06-02", "2026-06-01", InputError, "before it begins"),
        ("2026-06-01", "2026-05-01", InputError, "before it begins"),
        (None, "2020-01-01", InputError, "before it begins"),
        (300_001, None, NotFoundError, "behind"),
        (None, 300_001, NotFoundError, "behind"),
        ("2036-01-01", None, NotFoundError, "so late"),
    ],
)
def test_range__none_at_all__is_an_error(node, first, last, error, match):
    with pytest.raises(error, match=match):
        ranged(node, first, last)
