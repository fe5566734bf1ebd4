"""A rollup's entry queue in numbers: how long it is, how fast it moves, and when the last one gets in. Pure."""

from __future__ import annotations

import attrs

from aztec_butler.core.entry_queue import Stall, flush_size
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import RevertError
from aztec_butler.core.records import RollupState, unit
from aztec_butler.core.rows import QueueEntry
from aztec_butler.core.staking_state import StakingState


@attrs.frozen(kw_only=True)
class QueueStats:
    """The entry queue of one rollup.

    Times and epochs are the earliest: they hold if somebody flushes as soon as the epoch allows it.
    """

    rollup_version: int
    is_canonical: bool
    length: int
    """Deposits that wait."""
    will_fail: int
    """Of them, those that will be refunded instead of activated."""
    active: int
    """Attesters in the rollup's set."""
    epoch: int
    """Of the block."""
    flush_size: int | None
    """Deposits that an epoch beginning now would let in; None where the configuration makes every flush revert."""
    allowance: int
    """Deposits that may still be let in during this epoch."""
    next_flush_at: int | None = unit("s")
    """From when on a flush moves the queue; None when nobody waits, or while nobody can get in."""
    next_flush_epoch: int | None
    """Its epoch."""
    epochs_to_drain: int | None
    """Epochs in which it is flushed until it is empty, one after the other; 0 when nobody waits, None when it comes to a
    halt before its end."""
    last_activation_at: int | None = unit("s")
    """When the last deposit that will not fail is activated; None when there is none, or the queue halts before it."""
    last_activation_epoch: int | None
    stall: Stall | None
    """Why the queue comes to a halt before its end, while deposits and configuration stay as they are."""
    missing_deposits: int
    """Further deposits that would end a stall for want of deposits."""


def queue_stats(state: StakingState) -> tuple[QueueStats, ...]:
    """The entry queue of every rollup, the canonical one's first.

    Args:
        state: everything at one block.
    """
    entries = state.entry_queue()
    ordered = sorted(state.rollups, key=lambda each: not each.is_canonical)
    return tuple(
        _stats(state, each, [entry for entry in entries if entry.rollup_version == each.rollup.version])
        for each in ordered
    )


def _stats(state: StakingState, rollup: RollupState, entries: list[QueueEntry]) -> QueueStats:
    failing = [entry.position for entry in entries if entry.fails_because is not None]
    forecast = state.queue_forecast(rollup, failing=failing)
    now_epoch = EpochClock.of(rollup.rollup).epoch_at(state.block.timestamp)
    # Places are reached in order, so the first says when the queue moves, and the last when it is empty.
    first = forecast.places[0] if forecast.places else None
    last = forecast.places[-1] if forecast.places else None
    to_drain: int | None = 0
    if first is not None and last is not None:
        is_reached = last.epoch is not None and first.epoch is not None
        to_drain = last.epoch - first.epoch + 1 if is_reached else None  # type: ignore[operator]
    good = [entry for entry in entries if entry.fails_because is None]
    return QueueStats(
        rollup_version=rollup.rollup.version,
        is_canonical=rollup.is_canonical,
        length=rollup.queued_count,
        will_fail=len(failing),
        active=rollup.active_count,
        epoch=now_epoch,
        flush_size=_flush_size(state, rollup),
        allowance=rollup.allowance,
        next_flush_at=None if first is None else first.earliest_at,
        next_flush_epoch=None if first is None else first.epoch,
        epochs_to_drain=to_drain,
        last_activation_at=good[-1].activation_at if good else None,
        last_activation_epoch=good[-1].activation_epoch if good else None,
        stall=forecast.stall,
        missing_deposits=forecast.missing_deposits_count,
    )


def _flush_size(state: StakingState, rollup: RollupState) -> int | None:
    try:
        return flush_size(state.queue_state(rollup))
    except RevertError:  # a quotient of zero, which the stall tells
        return None
