"""Dividing blocks by time: always right, and in few questions."""

from __future__ import annotations

import random
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.block_cuts import BlockCuts
from aztec_butler.core.errors import DecodeError


def solve(stamps, times, blocks, known):
    """The cuts, how many rounds they took, and how many blocks were asked for."""
    search = BlockCuts(times, blocks, known)
    rounds, asked = 0, 0
    while wanted := search.wanted():
        assert wanted <= set(blocks) - set(known)
        rounds, asked = rounds + 1, asked + len(wanted)
        search.tell({number: stamps[number] for number in wanted})
    return search.cuts(), rounds, asked


@st.composite
def chains(draw):
    gaps = draw(st.lists(st.sampled_from([0, 1, 12, 12, 12, 24, 10_000]), min_size=1, max_size=120))
    stamps, at = [], 1_000
    for gap in gaps:
        at += gap
        stamps.append(at)
    return stamps


@given(chains(), st.data())
def test_cuts__any_chain_and_times__divide_the_blocks_as_their_times_do(stamps, data):
    numbers = st.integers(0, len(stamps) - 1)
    blocks = data.draw(st.lists(numbers, max_size=60))
    times = sorted(data.draw(st.lists(st.integers(stamps[0] - 20, stamps[-1] + 20), min_size=1, max_size=8)))
    known = {number: stamps[number] for number in data.draw(st.sets(numbers, max_size=5))}
    cuts, rounds, _ = solve(stamps, times, blocks, known)
    for time, cut in zip(times, cuts, strict=True):
        for block in blocks:
            assert (block <= cut) == (stamps[block] <= time)
    assert cuts == sorted(cuts)
    assert rounds <= 4 * (len(blocks).bit_length() + 2)


def test_cuts__every_time_known__nothing_is_asked():
    stamps = list(range(0, 1200, 12))
    cuts, rounds, _ = solve(stamps, [100, 500], range(0, 100, 7), dict(enumerate(stamps)))
    assert rounds == 0
    assert [stamps[cut] for cut in cuts] == [96, 492]


def test_cuts__twelve_second_slots__are_found_in_two_rounds_and_three_questions_each():
    rng = random.Random(7)
    stamps, at = [], 1_700_000_000
    for _ in range(100_000):
        stamps.append(at)
        at += 12
        while rng.random() < 0.008:  # a slot without a block
            at += 12
    times = [stamps[-1] - 3600 * hours for hours in range(168, -1, -1)]
    known = {0: stamps[0], len(stamps) - 1: stamps[-1]}
    cuts, rounds, asked = solve(stamps, times, rng.sample(range(100_000), 20_000), known)
    assert rounds <= 3
    assert asked <= 3 * len(times)
    assert all(cut <= bisect_right(stamps, time) - 1 for time, cut in zip(times, cuts, strict=True))


def test_cuts__times_that_go_backwards__are_an_error():
    search = BlockCuts([15], [5, 6], {0: 10, 10: 20})
    with pytest.raises(DecodeError, match="older than one before"):
        search.tell({5: 21})


def test_cuts__nothing_happened__cuts_before_everything():
    assert BlockCuts([15], [], {}).cuts() == [-1]
    assert BlockCuts([15], [], {}).wanted() == set()
