"""The window of remembered blocks, and where another chain parts from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.intents import BlockRef
from aztec_butler.watcher.chain_window import appended, at, cut, follow_each_other, search_parting


def block(number, fork="a"):
    return BlockRef(
        number=number, hash=f"{fork}{number}", parent_hash=f"{fork}{number - 1}", timestamp=12 * number
    )


def window(first, last):
    return tuple(block(number) for number in range(first, last + 1))


def parting(blocks, shared, *, head=10**6):
    """What the search finds on a chain that shares the blocks up to ``shared``, and how often it asks."""
    search, rounds, asked = search_parting(blocks), 0, 0
    try:
        numbers = next(search)
        while True:
            rounds, asked = rounds + 1, asked + len(numbers)
            answers = {
                number: None if number > head else f"{'a' if number <= shared else 'b'}{number}"
                for number in numbers
            }
            numbers = search.send(answers)
    except StopIteration as end:
        return end.value, rounds, asked


@given(
    first=st.integers(0, 50), size=st.integers(1, 300), shared=st.integers(-1, 350), head=st.integers(0, 400)
)
def test_search_parting__of_any_chain__finds_the_last_shared_block(first, size, shared, head):
    blocks = window(first, first + size - 1)
    found, rounds, asked = parting(blocks, shared, head=head)
    expected = [each for each in blocks if each.number <= min(shared, head)]
    assert found == (expected[-1] if expected else None)
    assert rounds <= 3
    assert asked <= 50


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_search_parting__close_to_the_newest_block__asks_once(depth):
    found, rounds, _ = parting(window(0, 256), 256 - depth)
    assert (found.number, rounds) == (256 - depth, 1)


def test_search_parting__of_answers_of_two_chains__is_an_error():
    search = search_parting(window(0, 9))
    numbers = next(search)
    answers = {number: f"{'b' if number == 4 else 'a'}{number}" for number in numbers}
    with pytest.raises(NodeRefused, match="not of one chain"):
        search.send(answers)


def test_search_parting__of_an_empty_window__finds_nothing():
    assert parting((), 5) == (None, 0, 0)


def test_appended__keeps_as_many_blocks_as_may_be_left_behind_and_one():
    kept = appended(window(0, 9), window(10, 12), size=5, final=None)
    assert [each.number for each in kept] == [7, 8, 9, 10, 11, 12]


def test_appended__keeps_nothing_before_the_final_block():
    kept = appended(window(0, 9), window(10, 12), size=50, final=block(9))
    assert [each.number for each in kept] == [9, 10, 11, 12]


def test_appended__with_a_gap__is_a_bug():
    with pytest.raises(AssertionError):
        appended(window(0, 9), window(11, 12), size=5, final=None)


def test_at_and_cut__know_the_blocks_of_the_window_only():
    blocks = window(5, 9)
    assert [at(blocks, number) and at(blocks, number).number for number in (4, 5, 9, 10)] == [
        None,
        5,
        9,
        None,
    ]
    assert at((), 0) is None
    assert cut(blocks, block(7)) == window(5, 7)


def test_follow_each_other__of_another_chains_block__is_false():
    assert follow_each_other(window(3, 6))
    assert not follow_each_other((*window(3, 4), block(5, "b")))
