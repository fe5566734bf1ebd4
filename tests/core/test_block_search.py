"""The block of a time: exact on any chain, in few answers on a real one."""

from __future__ import annotations

import random
from bisect import bisect_left
from itertools import accumulate
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.block_search import BlockTime, first_block_since
from aztec_butler.core.errors import DecodeError

STEPS = st.lists(st.integers(0, 10**9) | st.integers(0, 20), min_size=1, max_size=200)


def run(times: list[int], timestamp: int, low: int = 0) -> tuple[int, int]:
    """The block found, and how many times were asked for."""
    last = len(times) - 1
    search = first_block_since(timestamp, BlockTime(low, times[low]), BlockTime(last, times[last]))
    asked = 0
    try:
        probe = next(search)
        while True:
            asked += 1
            probe = search.send(times[probe])
    except StopIteration as end:
        return end.value, asked


@given(STEPS, st.data())
def test_search__any_times__is_the_first_block_not_before(steps, data):
    times = list(accumulate(steps, initial=1_600_000_000))
    timestamp = data.draw(st.integers(times[0], times[-1]) | st.sampled_from(times))
    found, asked = run(times, timestamp)
    assert found == bisect_left(times, timestamp)
    assert asked <= 3 * (log2(len(times)) + 1)


def slots(count: int, missed: float, rng: random.Random) -> list[int]:
    """Times as after the merge: twelve seconds apart, and a slot missed here and there."""
    return list(
        accumulate((24 if rng.random() < missed else 12 for _ in range(count)), initial=1_663_224_179)
    )


def test_search__slots_with_gaps__few_answers():
    rng = random.Random(7)
    times = slots(500_000, 0.01, rng)
    asked = [run(times, rng.randrange(times[0] + 1, times[-1]))[1] for _ in range(300)]
    assert max(asked) <= 8
    assert sum(asked) / len(asked) <= 4


def test_search__irregular_blocks_before_the_slots__few_answers():
    rng = random.Random(7)
    mined = list(
        accumulate((max(1, round(rng.expovariate(1 / 13.5))) for _ in range(250_000)), initial=10**9)
    )
    times = mined + [mined[-1] + at - 1_663_224_167 for at in slots(250_000, 0.01, rng)]
    asked = [run(times, rng.randrange(times[0] + 1, times[-1]))[1] for _ in range(300)]
    assert max(asked) <= 16
    assert sum(asked) / len(asked) <= 8


def test_search__time_of_the_lower_bound_or_before__is_the_lower_bound():
    assert run([10, 20, 30], 10) == (0, 0)
    assert run([10, 20, 30], 3) == (0, 0)


def test_search__times_that_fall__are_an_error():
    search = first_block_since(15, BlockTime(0, 10), BlockTime(9, 20))
    next(search)
    with pytest.raises(DecodeError, match="older"):
        search.send(9)
