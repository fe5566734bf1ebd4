"""The queue played forward, against the forecast of the queue's own rules, and against one flush after the other."""

from __future__ import annotations

from fractions import Fraction

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core.activation_forecast import FlushPace, flush_pace, forecast_activations
from aztec_butler.core.entry_queue import EntryQueueState, flush, forecast
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError
from aztec_butler.core.queue_config import QueueConfig
from aztec_butler.core.queue_what_if import QueueRun, QueueScenario, what_if_config
from aztec_butler.core.rows import QueueEntry

CLOCK = EpochClock(genesis_at=1_000_000, slot_seconds=72, epoch_slots=32, lag_in_epochs=2)
EPOCH = CLOCK.epoch_seconds
NOW_EPOCH = 10
NOW = CLOCK.epoch_start_at(NOW_EPOCH) + 100
MAINNET = QueueConfig(
    bootstrap_validator_set_size=500,
    bootstrap_flush_size=500,
    normal_flush_size_min=1,
    normal_flush_size_quotient=400,
    max_queue_flush_size=4,
)

configs = st.builds(
    QueueConfig,
    bootstrap_validator_set_size=st.integers(0, 12),
    bootstrap_flush_size=st.integers(0, 9),
    normal_flush_size_min=st.integers(0, 3),
    normal_flush_size_quotient=st.integers(0, 6),
    max_queue_flush_size=st.integers(0, 7),
)
states = st.builds(
    EntryQueueState,
    active_count=st.integers(0, 20),
    queued_count=st.integers(0, 25),
    next_flushable_epoch=st.integers(NOW_EPOCH - 1, NOW_EPOCH + 1),
    cached_allowance=st.integers(0, 4),
    is_bootstrapped=st.booleans(),
    config=configs,
)


def state(**changes) -> EntryQueueState:
    known = EntryQueueState(
        active_count=1_300,
        queued_count=9,
        next_flushable_epoch=0,
        cached_allowance=0,
        is_bootstrapped=True,
        config=MAINNET,
    )
    return attrs.evolve(known, **changes)


def play(queue: EntryQueueState, *, failing=(), **options) -> QueueRun:
    scenario = QueueScenario(**{"name": "some", "config": queue.config} | options)
    return QueueRun(queue, scenario, clock=CLOCK, now_at=NOW, failing=failing)


@given(states, st.data())
@settings(deadline=None)
def test_reached_at__flushed_in_every_epoch_and_nobody_comes__is_the_forecast(queue, data):
    failing = data.draw(st.sets(st.integers(0, max(queue.queued_count - 1, 0)), max_size=5))
    failing = {place for place in failing if place < queue.queued_count}
    expected = forecast(queue, clock=CLOCK, now_at=NOW, failing=failing)
    run = play(queue, failing=failing)
    for place in expected.places:
        reached = run.reached_at(place.position)
        assert reached == (None if place.epoch is None else (place.epoch, place.earliest_at))


@given(states, st.fractions(0, 40), st.fractions(0, 10), st.fractions(Fraction(1, 5), 1))
@settings(deadline=None, max_examples=60)
def test_points__any_scenario__are_what_flush_after_flush_leaves(queue, deposits, exits, share):
    run = play(queue, deposits_per_day=deposits, exits_per_day=exits, flushed_share=share)
    times = [NOW, *(CLOCK.epoch_start_at(NOW_EPOCH + ahead) for ahead in range(1, 40))]
    running, joined, left, entered = queue, 0, 0, 0
    for ahead, point in enumerate(run.points(times)):
        seconds = point.begins_at - NOW
        come, gone = int(deposits * seconds / 86_400), int(exits * seconds / 86_400)
        running = attrs.evolve(
            running,
            queued_count=running.queued_count + come - joined,
            active_count=max(running.active_count - (gone - left), 0),
        )
        joined, left = come, gone
        assert (point.epoch, point.deposits) == (NOW_EPOCH + ahead, joined)
        assert (point.queue_length, point.active) == (running.queued_count, running.active_count)
        assert point.activations == entered
        if point.flush_size is None:
            continue
        if int((ahead + 1) * share) > int(ahead * share):
            running, outcome = flush(running, point.epoch)
            entered += outcome.activated_count


@given(states, st.fractions(0, 60), st.integers(0, 20))
@settings(deadline=None, max_examples=60)
def test_wait__of_a_deposit_at_any_time__is_that_of_one_that_is_really_made(queue, deposits, ahead):
    if queue.active_count == 0 and not queue.is_bootstrapped:
        queue = attrs.evolve(queue, is_bootstrapped=True)  # one deposit more could open the gate
    time = NOW if ahead == 0 else CLOCK.epoch_start_at(NOW_EPOCH + ahead)
    (point,) = play(queue, deposits_per_day=deposits).points([time])
    # Really made: at that time one joins beside those of the rate, who come behind it.
    really = play(queue, deposits_per_day=deposits)
    list(really.points([time]))
    seen = really._epochs[ahead]
    again = play(queue, deposits_per_day=deposits)
    while len(again._epochs) < ahead:
        again._play()
    again._state = attrs.evolve(again._state, queued_count=again._state.queued_count + 1)
    for _ in range(60):
        again._play()
    reached = next((each for each in again._epochs[ahead:] if each.left > seen.joined), None)
    if point.wait_seconds is None:
        assert reached is None
    elif reached is not None:
        assert point.wait_seconds == reached.at - point.begins_at


def test_reached_at__half_of_the_epochs__takes_twice_as_long():
    queue = state(queued_count=30)  # 3 an epoch
    assert play(queue).reached_at(29) == (NOW_EPOCH + 9, CLOCK.epoch_start_at(NOW_EPOCH + 9))
    half = play(queue, flushed_share=Fraction(1, 2))
    assert half.reached_at(29) == (NOW_EPOCH + 19, CLOCK.epoch_start_at(NOW_EPOCH + 19))
    assert half.reached_at(0) == (NOW_EPOCH + 1, CLOCK.epoch_start_at(NOW_EPOCH + 1))


def test_reached_at__another_configuration__is_faster_or_never():
    queue = state(queued_count=30)
    wide = what_if_config(MAINNET, {"normal_flush_size_min": 10, "max_queue_flush_size": 10})
    assert play(queue, config=wide).reached_at(29) == (NOW_EPOCH + 2, CLOCK.epoch_start_at(NOW_EPOCH + 2))
    closed = what_if_config(MAINNET, {"normal_flush_size_min": 0, "normal_flush_size_quotient": 10**9})
    assert play(queue, config=closed, deposits_per_day=Fraction(5)).reached_at(0) is None
    broken = what_if_config(MAINNET, {"normal_flush_size_quotient": 0})
    (point,) = play(queue, config=broken).points([NOW])
    assert (point.flush_size, point.wait_seconds) == (None, None)


def test_reached_at__a_queue_that_awaits_deposits__begins_when_they_have_come():
    queue = state(active_count=0, queued_count=490, is_bootstrapped=False)
    assert play(queue).reached_at(0) is None
    epoch, at = play(queue, deposits_per_day=Fraction(10)).reached_at(0)
    assert at == CLOCK.epoch_start_at(epoch)
    assert 86_400 <= at - NOW < 86_400 + EPOCH


def test_points__more_come_than_get_in__the_wait_grows():
    # 3 an epoch are 112 a day.
    run = play(state(), deposits_per_day=Fraction(150))
    waits = [point.wait_seconds for point in run.points([NOW + day * 86_400 for day in range(5)])]
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"deposits_per_day": Fraction(-1)},
        {"exits_per_day": Fraction(-1)},
        {"deposits_per_day": Fraction(10**30)},
        {"flushed_share": Fraction(0)},
        {"flushed_share": Fraction(3, 2)},
    ],
)
def test_scenario__no_rate_or_share__is_refused(changes):
    with pytest.raises(InputError):
        play(state(), **changes)


def test_what_if_config__a_number_without_room__is_refused():
    with pytest.raises(InputError, match="32 bits"):
        what_if_config(MAINNET, {"max_queue_flush_size": 2**32})
    with pytest.raises(InputError, match="32 bits"):
        what_if_config(MAINNET, {"max_queue_flush_size": -1})
    assert what_if_config(MAINNET, {"max_queue_flush_size": None}) == MAINNET


def test_points__a_thousand_years__are_refused():
    with pytest.raises(InputError, match="so far ahead"):
        list(play(state()).points([NOW + 1_000 * 31_556_952]))


# ---------------------------------------------------------------------- the pace


epochs = st.integers(0, 12)


@given(
    st.lists(st.tuples(epochs, st.one_of(st.none(), epochs)), max_size=8), epochs, st.integers(0, EPOCH - 1)
)
def test_flush_pace__any_stays__counts_whole_epochs_one_by_one(stays, begin, offset):
    stays = [(first, None if last is None else max(first, last)) for first, last in stays]
    times = [
        (CLOCK.epoch_start_at(first) + 5, None if last is None else CLOCK.epoch_start_at(last) + 10)
        for first, last in stays
    ]
    begins_at = CLOCK.epoch_start_at(begin) + offset
    now_epoch = 13
    found = flush_pace(times, CLOCK, begins_at=begins_at, now_at=CLOCK.epoch_start_at(now_epoch) + 7)
    whole = [epoch for epoch in range(now_epoch) if CLOCK.epoch_start_at(epoch) >= begins_at]
    waiting = [e for e in whole if any(first <= e and (last is None or e <= last) for first, last in stays)]
    flushed = [e for e in whole if any(last == e for _, last in stays)]
    assert found == FlushPace(waiting_epochs=len(waiting), flushed_epochs=len(flushed))
    assert found.share == (Fraction(len(flushed), len(waiting)) if flushed else None)


def entry(position: int, fails_because: str | None = None) -> QueueEntry:
    return QueueEntry(
        position=position,
        attester=f"attester {position}",
        withdrawer="W",
        provider_id=None,
        rollup_version=1,
        moves_with_latest_rollup=True,
        fails_because=fails_because,
        activation_epoch=None,
        activation_at=None,
        first_duty_epoch=None,
        first_duty_at=None,
    )


def test_forecast_activations__half_the_pace__is_later_and_says_so():
    entries = [entry(position, "key-registered" if position == 4 else None) for position in range(9)]
    found = forecast_activations(entries, state(), CLOCK, now_at=NOW, flushed_share=Fraction(1, 2))
    assert [each.earliest_epoch for each in found] == [10, 10, 10, 11, None, 11, 11, 12, 12]
    assert [each.expected_epoch for each in found] == [11, 11, 11, 13, None, 13, 13, 15, 15]
    assert found[0].earliest_at == NOW
    assert found[0].earliest_duty_at == CLOCK.epoch_start_at(13)
    assert found[0].expected_duty_at == CLOCK.epoch_start_at(13)
    assert found[0].flushed_share == 0.5


def test_forecast_activations__nobody_ever_flushed__expects_nothing():
    (first,) = forecast_activations([entry(0)], state(queued_count=1), CLOCK, now_at=NOW, flushed_share=None)
    assert (first.earliest_epoch, first.expected_epoch, first.flushed_share) == (10, None, None)
