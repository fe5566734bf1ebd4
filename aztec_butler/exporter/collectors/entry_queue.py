"""The entry queue: how long it is, how fast it moves, and when our turn comes."""

from __future__ import annotations

from typing import Final

from aztec_butler.exporter.metric import Metric, MetricKind

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
    help="Our attesters with a deposit in the entry queue of any rollup.",
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
