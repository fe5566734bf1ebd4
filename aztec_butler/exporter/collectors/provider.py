"""Our providers: keys that are left and for how long, delegations, stake."""

from __future__ import annotations

from typing import Final

from aztec_butler.exporter.metric import Metric, MetricKind

KEYS_QUEUED: Final = Metric(
    name="provider_keys_queued",
    help="Keys that one of our providers lists and nobody has staked on yet.",
    labels=("provider_id",),
    old_names=("aztec_butler_staking_provider_queue_length",),
)
RUNWAY: Final = Metric(
    name="provider_runway_seconds",
    help="How long these keys last at the pace of the last 28 days, or of the time since the provider registered;"
    " absent when nobody delegated in that time.",
    labels=("provider_id",),
)
TAKE_RATE: Final = Metric(
    name="provider_take_rate_ratio",
    help="What the provider takes of rewards of new delegations, 0 to 1; older ones keep the rate of their time.",
    labels=("provider_id",),
)
DELEGATIONS: Final = Metric(
    name="provider_delegations_total",
    help="Stakes ever made with the provider.",
    kind=MetricKind.COUNTER,
    labels=("provider_id",),
)
VALIDATING: Final = Metric(
    name="provider_validating",
    help="The provider's attesters in the validator set.",
    labels=("provider_id",),
)
ENTRY_QUEUED: Final = Metric(
    name="provider_entry_queued",
    help="The provider's attesters in the entry queue.",
    labels=("provider_id",),
    old_names=("aztec_butler_entry_queue_provider_count",),
)
ACTIVE_STAKE: Final = Metric(
    name="provider_active_stake_aztec",
    help="Stake of the provider's validating attesters, in whole AZTEC.",
    labels=("provider_id",),
)
STAKE_SHARE: Final = Metric(
    name="provider_stake_share_ratio",
    help="The provider's part of the stake of all validating attesters, 0 to 1.",
    labels=("provider_id",),
)
METRICS: Final = (
    KEYS_QUEUED,
    RUNWAY,
    TAKE_RATE,
    DELEGATIONS,
    VALIDATING,
    ENTRY_QUEUED,
    ACTIVE_STAKE,
    STAKE_SHARE,
)
