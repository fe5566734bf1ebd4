"""The entry queue in numbers, against flushes of its own rules, one after the other."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from staking_states import state_of
from staking_story import NEW, OLD, Story, account

from aztec_butler.core.entry_queue import Stall, flush
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.queue_stats import queue_stats

EPOCH = 2304
CLOSED = {"size": 0, "flush": 0, "least": 0, "quotient": 1000, "most": 4}
BROKEN = {"size": 0, "flush": 0, "least": 1, "quotient": 0, "most": 4}


def names(count, first=100):
    return [account(first + number) for number in range(count)]


def crowd(active, waiting, at=NEW) -> Story:
    story = Story()
    for attester in names(active):
        story.queued(attester, at).activated(attester, at)
    for attester in names(waiting, 500):
        story.queued(attester, at)
    return story


def test_stats__two_rollups__the_canonical_one_first():
    story = crowd(3, 5).queued(account(900), OLD)
    new, old = queue_stats(state_of(story, now_at=EPOCH * 1000 + 7))
    assert (new.rollup_version, new.is_canonical, new.length, new.active) == (1, True, 5, 3)
    assert (old.rollup_version, old.is_canonical, old.length, old.active) == (0, False, 1, 0)
    assert (new.flush_size, new.allowance, new.epoch) == (2, 0, 1000)
    # Two at once, two in the next epoch, the last one in the one after it.
    assert (new.next_flush_epoch, new.next_flush_at, new.epochs_to_drain) == (1000, EPOCH * 1000 + 7, 3)
    assert (new.last_activation_epoch, new.last_activation_at) == (1002, EPOCH * 1002)
    assert (new.stall, new.missing_deposits, new.will_fail) == (None, 0, 0)


def test_stats__nobody_waits__there_is_nothing_to_drain():
    new, _ = queue_stats(state_of(crowd(3, 0)))
    assert (new.length, new.epochs_to_drain) == (0, 0)
    assert (new.next_flush_at, new.next_flush_epoch, new.last_activation_at) == (None, None, None)


@pytest.mark.parametrize(
    ("queue", "stall", "flush_size", "missing"),
    [
        (CLOSED, Stall.CLOSED, 0, 0),
        (BROKEN, Stall.BROKEN, None, 0),
        ({"size": 9, "flush": 9, "least": 1, "quotient": 1, "most": 4}, Stall.AWAITING_DEPOSITS, 0, 7),
    ],
    ids=["closed", "broken", "bootstrap"],
)
def test_stats__queue_that_stands_still__has_no_times(queue, stall, flush_size, missing):
    state = state_of(crowd(0, 2), queue=queue)
    state = attrs.evolve(
        state, rollups=tuple(attrs.evolve(each, is_bootstrapped=False) for each in state.rollups)
    )
    new, _ = queue_stats(state)
    assert (new.stall, new.flush_size, new.missing_deposits, new.length) == (stall, flush_size, missing, 2)
    assert (new.next_flush_at, new.epochs_to_drain, new.last_activation_at) == (None, None, None)


def test_stats__those_that_fail__are_counted_and_are_not_the_last_activation():
    story = crowd(1, 2).queued(account(100), NEW)  # the last one was in the set before
    new, _ = queue_stats(
        state_of(story, queue={"size": 0, "flush": 0, "least": 1, "quotient": 400, "most": 4})
    )
    assert (new.length, new.will_fail, new.epochs_to_drain) == (3, 1, 3)
    assert new.last_activation_epoch == new.next_flush_epoch + 1


@settings(deadline=None, max_examples=80)
@given(
    st.integers(0, 6),
    st.integers(0, 14),
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(0, 2),
    st.integers(0, EPOCH - 1),
    st.none() | st.integers(0, 2),
)
def test_stats__any_open_queue__drains_as_flushes_of_every_epoch_do(
    active, waiting, least, quotient, most, repeated, second, left_over
):
    story = crowd(active, waiting)
    for attester in names(min(repeated, active)):
        story.queued(attester, NEW)  # will fail: activated before
    config = {"size": 0, "flush": 0, "least": least, "quotient": quotient, "most": most}
    state = state_of(story, queue=config, now_at=EPOCH * 700 + second)
    if left_over is not None:  # somebody has flushed in this epoch, and left so many
        flushed_already = {"next_flushable_epoch": 701, "allowance": left_over}
        state = attrs.evolve(
            state, rollups=tuple(attrs.evolve(each, **flushed_already) for each in state.rollups)
        )
    rollup = next(each for each in state.rollups if each.is_canonical)
    stats, _ = queue_stats(state)
    failing = {entry.position for entry in state.entry_queue() if entry.fails_because}
    assert stats.will_fail == len(failing)

    running, epoch, done = (
        state.queue_state(rollup),
        EpochClock.of(rollup.rollup).epoch_at(state.block.timestamp),
        0,
    )
    flushed, last_activation = [], None
    while running.queued_count:
        while True:  # somebody flushes until nothing moves in this epoch
            left = {place - done for place in failing if place >= done}
            running, outcome = flush(running, epoch, failing=left)
            done += outcome.dequeued_count
            if outcome.activated_count:
                last_activation = epoch
            if outcome.dequeued_count:
                flushed.append(epoch)
            else:
                break
        epoch += 1
    assert stats.epochs_to_drain == len(set(flushed))
    assert stats.next_flush_epoch == (flushed[0] if flushed else None)
    if last_activation is not None:
        assert stats.last_activation_epoch == last_activation
