"""The entry queue: how long it is, how fast it moves, and when our turn comes."""

from __future__ import annotations

from typing import Final

from aztec_butler.core.entry_queue import Stall, flush_size
from aztec_butler.core.errors import RevertError
from aztec_butler.core.history import Outcome
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import RollupState
from aztec_butler.core.rows import QueueEntry
from aztec_butler.core.staking_state import StakingState
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, canonical_rollup, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.ours import OwnAttesters, Who
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric, MetricKind

LENGTH: Final = Metric(
    name="entry_queue_length",
    help="Deposits that wait in the canonical rollup's entry queue.",
    old_names=("aztec_butler_entry_queue_length",),
)
FLUSH_SIZE: Final = Metric(
    name="entry_queue_flush_size", help="Deposits that an epoch that began now would let in."
)
ALLOWANCE: Final = Metric(
    name="entry_queue_allowance", help="Deposits that may still be let in during this epoch."
)
STALLED: Final = Metric(
    name="entry_queue_stalled",
    help="Whether the queue comes to a halt before its end while deposits and configuration stay as they are, and why.",
    labels=("reason",),
)
WILL_FAIL: Final = Metric(
    name="entry_queue_will_fail",
    help="Waiting deposits that will be refunded, because their attester or key was there before.",
)
LAST_ACTIVATION_AT: Final = Metric(
    name="entry_queue_last_activation_timestamp_seconds",
    help="When the last deposit that will not fail can be activated at the earliest, in Unix seconds;"
    " absent when none waits or the queue stalls before it.",
    old_names=("aztec_butler_entry_queue_last_attester_timestamp",),
)
OWN_QUEUED: Final = Metric(
    name="own_entry_queued",
    help="Our attesters that wait in the entry queue of any rollup.",
    old_names=("aztec_butler_entry_queue_provider_count",),
)
OWN_WILL_FAIL: Final = Metric(
    name="own_entry_queue_will_fail", help="Waiting deposits of our attesters that will be refunded."
)
OWN_NEXT_ACTIVATION_AT: Final = Metric(
    name="own_next_activation_timestamp_seconds",
    help="When the next of our attesters can be activated at the earliest, in Unix seconds; absent when none waits.",
    old_names=("aztec_butler_entry_queue_provider_next_arrival_timestamp",),
)
OWN_LAST_ACTIVATION_AT: Final = Metric(
    name="own_last_activation_timestamp_seconds",
    help="When the last of our attesters can be activated at the earliest, in Unix seconds; absent when none waits.",
    old_names=("aztec_butler_entry_queue_provider_last_arrival_timestamp",),
)
FAILED_DEPOSITS: Final = Metric(
    name="failed_deposits_total",
    help="Deposits that were refunded instead of activated, on all rollups.",
    kind=MetricKind.COUNTER,
)
OWN_FAILED_DEPOSITS: Final = Metric(
    name="own_failed_deposits_total",
    help="Deposits for our attesters that were refunded instead of activated.",
    kind=MetricKind.COUNTER,
)
METRICS: Final = (
    LENGTH,
    FLUSH_SIZE,
    ALLOWANCE,
    STALLED,
    WILL_FAIL,
    LAST_ACTIVATION_AT,
    OWN_QUEUED,
    OWN_WILL_FAIL,
    OWN_NEXT_ACTIVATION_AT,
    OWN_LAST_ACTIVATION_AT,
    FAILED_DEPOSITS,
    OWN_FAILED_DEPOSITS,
)


def samples(state: StakingState, own: OwnAttesters) -> Samples:
    """The metrics of one block.

    Args:
        state: everything about stake.
        own: our attesters.
    """
    canonical = canonical_rollup(state)
    entries = state.entry_queue()
    here = [entry for entry in entries if entry.rollup_version == canonical.rollup.version]
    ours = [entry for entry in entries if entry.attester in own.lifecycles]
    failing = [entry.position for entry in here if entry.fails_because is not None]
    stall = state.queue_forecast(canonical, failing=failing).stall
    refunded = [
        stake.attester for stake in state.whereabouts.history.stakes if stake.outcome is Outcome.REFUNDED
    ]
    own_times = _activation_times(ours)
    return {
        LENGTH: {(): canonical.queued_count},
        FLUSH_SIZE: _flush_size(state, canonical),
        ALLOWANCE: {(): canonical.allowance},
        STALLED: {(each.value,): int(stall is each) for each in Stall},
        WILL_FAIL: {(): len(failing)},
        LAST_ACTIVATION_AT: _last(_activation_times(here)),
        OWN_QUEUED: {(): own.counts()[Lifecycle.ENTRY_QUEUED]},
        OWN_WILL_FAIL: {(): sum(entry.fails_because is not None for entry in ours)},
        OWN_NEXT_ACTIVATION_AT: _next(own_times),
        OWN_LAST_ACTIVATION_AT: _last(own_times),
        FAILED_DEPOSITS: {(): len(refunded)},
        OWN_FAILED_DEPOSITS: {(): sum(attester in own.lifecycles for attester in refunded)},
    }


def _flush_size(state: StakingState, rollup: RollupState) -> dict[tuple[str, ...], float]:
    try:
        return {(): flush_size(state.queue_state(rollup))}
    except RevertError:  # the contract divides by zero, which ``entry_queue_stalled`` tells
        return {}


def _activation_times(entries: list[QueueEntry]) -> list[int | None]:
    """When those that will not fail can be activated; None where the queue stalls before."""
    return [entry.activation_at for entry in entries if entry.fails_because is None]


def _next(times: list[int | None]) -> dict[tuple[str, ...], float]:
    """The first of them; nothing where none is known."""
    known = [at for at in times if at is not None]
    return {(): min(known)} if known else {}


def _last(times: list[int | None]) -> dict[tuple[str, ...], float]:
    """The last of them; nothing where there is none, or it is not known."""
    known = [at for at in times if at is not None]
    return {(): max(known)} if known and len(known) == len(times) else {}


def collector(reading: L1Reading, who: Who, pace: Pace = USUAL_PACE) -> Collector:
    """The collector.

    Args:
        reading: of the network.
        who: we are.
        pace: how often.
    """

    def collect() -> Samples:
        state = reading.look().snapshot.state
        return samples(state, who().find(state))

    return l1_collector("entry_queue", METRICS, reading, collect, pace)
