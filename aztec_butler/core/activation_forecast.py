"""When deposits are activated: at the earliest, and as is to be expected at the pace at which people flush.

Nothing but a call empties the queue, and nobody has to make it. The earliest times hold if somebody calls in every
epoch. The expected ones hold if the share of epochs stays what it was lately, of those in which somebody waited.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import attrs

from aztec_butler.core.entry_queue import EntryQueueState
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.queue_what_if import QueueRun, QueueScenario
from aztec_butler.core.records import unit
from aztec_butler.core.rows import QueueEntry


@attrs.frozen(kw_only=True)
class FlushPace:
    """How regularly a queue was flushed."""

    waiting_epochs: int
    """Whole epochs in which somebody waited."""
    flushed_epochs: int
    """Of them, those in which somebody left the queue."""

    @property
    def share(self) -> Fraction | None:
        """The part of the epochs; None while nothing is known, or nobody ever flushed."""
        if self.flushed_epochs == 0:
            return None
        return Fraction(self.flushed_epochs, self.waiting_epochs)


def flush_pace(
    stays: Iterable[tuple[int, int | None]], clock: EpochClock, *, begins_at: int, now_at: int
) -> FlushPace:
    """How regularly a queue was flushed in the whole epochs of some time.

    Args:
        stays: of each deposit when it joined the queue and when it left it, in Unix seconds; None for one that waits.
        clock: the rollup's clock.
        begins_at: where to begin; not before genesis.
        now_at: the present epoch does not count, because it is not over.
    """
    genesis_at = clock.genesis_at
    first = max(-((genesis_at - begins_at) // clock.epoch_seconds), 0)
    last = clock.epoch_at(now_at)
    if first >= last:
        return FlushPace(waiting_epochs=0, flushed_epochs=0)
    change = [0] * (last - first + 1)
    flushed: set[int] = set()
    for joined_at, left_at in stays:
        begin = max(clock.epoch_at(max(joined_at, genesis_at)), first)
        end = last if left_at is None else min(clock.epoch_at(left_at) + 1, last)
        if begin < end:
            change[begin - first] += 1
            change[end - first] -= 1
        if left_at is not None and first <= clock.epoch_at(left_at) < last:
            flushed.add(clock.epoch_at(left_at))
    waiting = running = 0
    for each in change[:-1]:
        running += each
        waiting += running > 0
    return FlushPace(waiting_epochs=waiting, flushed_epochs=len(flushed))


@attrs.frozen(kw_only=True)
class ActivationForecast:
    """When one queued deposit is activated."""

    position: int
    attester: str
    provider_id: int | None
    """None when it was staked directly."""
    withdrawer: str
    rollup_version: int
    fails_because: str | None
    """Why it will be refunded instead, and has no times; None when nothing speaks against it."""
    earliest_epoch: int | None
    """If somebody flushes in every epoch; None as well where the queue stalls before it, and no deposits are expected."""
    earliest_at: int | None = unit("s")
    earliest_duty_at: int | None = unit("s")
    """When the first epoch begins whose committee can hold it then."""
    expected_epoch: int | None
    """If people flush as regularly as they did; None as above, and while that is not known."""
    expected_at: int | None = unit("s")
    expected_duty_at: int | None = unit("s")
    flushed_share: float | None = unit("ratio")
    """Of the epochs in which somebody waited, those in which somebody flushed; None while that is not known."""


def forecast_activations(
    entries: Sequence[QueueEntry],
    state: EntryQueueState,
    clock: EpochClock,
    *,
    now_at: int,
    flushed_share: Fraction | None,
    deposits_per_day: Fraction = Fraction(0),
    exits_per_day: Fraction = Fraction(0),
) -> tuple[ActivationForecast, ...]:
    """A forecast for every deposit of one rollup's queue, in its order.

    Args:
        entries: the whole queue.
        state: of it.
        clock: the rollup's.
        now_at: the block's time.
        flushed_share: in which part of the epochs somebody flushes; None when it is not known.
        deposits_per_day: that are expected: they do not delay anybody who waits, but a queue that waits for deposits to
            begin with begins by them.
        exits_per_day: attesters that are expected to leave: a smaller set lets fewer in.
    """
    failing = [entry.position for entry in entries if entry.fails_because is not None]

    def run(name: str, share: Fraction, exits: Fraction) -> QueueRun:
        scenario = QueueScenario(
            name=name,
            config=state.config,
            deposits_per_day=deposits_per_day,
            exits_per_day=exits,
            flushed_share=share,
        )
        return QueueRun(state, scenario, clock=clock, now_at=now_at, failing=failing)

    earliest = run("earliest", Fraction(1), Fraction(0))
    expected = None if flushed_share is None else run("expected", flushed_share, exits_per_day)
    rows = []
    for entry in entries:
        first = then = None
        if entry.fails_because is None:
            first = earliest.reached_at(entry.position)
            then = None if expected is None else expected.reached_at(entry.position)
        rows.append(
            ActivationForecast(
                position=entry.position,
                attester=entry.attester,
                provider_id=entry.provider_id,
                withdrawer=entry.withdrawer,
                rollup_version=entry.rollup_version,
                fails_because=entry.fails_because,
                earliest_epoch=None if first is None else first[0],
                earliest_at=None if first is None else first[1],
                earliest_duty_at=_duty_at(clock, first),
                expected_epoch=None if then is None else then[0],
                expected_at=None if then is None else then[1],
                expected_duty_at=_duty_at(clock, then),
                flushed_share=None if flushed_share is None else float(flushed_share),
            )
        )
    return tuple(rows)


def _duty_at(clock: EpochClock, reached: tuple[int, int] | None) -> int | None:
    return None if reached is None else clock.epoch_start_at(clock.first_duty_epoch(reached[1]))
