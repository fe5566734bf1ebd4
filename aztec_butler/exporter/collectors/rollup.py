"""The rollup: its attesters, stake and thresholds, its clock, its checkpoints."""

from __future__ import annotations

from typing import Final

from aztec_butler.exporter.metric import Metric, MetricKind

BLOCK: Final = Metric(
    name="l1_block", help="The block of L1 that everything read from contracts is of, at its last collection."
)
BLOCK_AT: Final = Metric(
    name="l1_block_timestamp_seconds",
    help="When that block was made, in Unix seconds; old, when the Ethereum node hangs behind.",
)
ATTESTERS: Final = Metric(
    name="attesters",
    help="Attesters that the staking contracts know, by where they stand.",
    labels=("state",),
    old_names=("aztec_butler_nbrof_attesters_in_state",),
)
STAKE: Final = Metric(
    name="stake_aztec",
    help="Stake of all validating attesters, in whole AZTEC (a float, for display).",
)
EXITING: Final = Metric(name="exiting_aztec", help="What waits in exits, in whole AZTEC.")
ACTIVATION_THRESHOLD: Final = Metric(
    name="activation_threshold_aztec", help="What a deposit has to bring, in whole AZTEC."
)
EJECTION_THRESHOLD: Final = Metric(
    name="ejection_threshold_aztec",
    help="The GSE's threshold: a slash that leaves less ejects the attester, in whole AZTEC.",
)
LOCAL_EJECTION_THRESHOLD: Final = Metric(
    name="local_ejection_threshold_aztec",
    help="The canonical rollup's own threshold of ejection, in whole AZTEC.",
)
EPOCH: Final = Metric(name="epoch", help="Epoch of the canonical rollup.")
SLOT: Final = Metric(name="slot", help="Slot of the canonical rollup.")
EPOCH_DURATION: Final = Metric(
    name="epoch_duration_seconds", help="Length of an epoch of the canonical rollup."
)
SLOT_DURATION: Final = Metric(name="slot_duration_seconds", help="Length of a slot of the canonical rollup.")
PENDING_CHECKPOINT: Final = Metric(
    name="pending_checkpoint", help="The highest checkpoint proposed to the canonical rollup."
)
PROVEN_CHECKPOINT: Final = Metric(
    name="proven_checkpoint", help="The highest checkpoint of the canonical rollup that is proven."
)
PRUNE_POSSIBLE: Final = Metric(
    name="prune_possible",
    help="Whether checkpoints of the canonical rollup can be pruned now, because their proof is late.",
)
CANONICAL_INFO: Final = Metric(
    name="canonical_rollup_info",
    help="The rollup that is canonical.",
    kind=MetricKind.INFO,
    labels=("version", "address"),
)
CANONICAL_VERSION: Final = Metric(
    name="canonical_rollup_version", help="Version of the rollup that is canonical, to see it change."
)
ROLLUPS: Final = Metric(name="rollups", help="Rollups that are or were canonical.")
OWN_ATTESTERS: Final = Metric(
    name="own_attesters",
    help="Our attesters by where they stand, those included that have no series of their own.",
    labels=("state",),
    old_names=("aztec_butler_nbrof_attesters_in_state",),
)
ATTESTER_STATE: Final = Metric(
    name="attester_state",
    help="Where one of our attesters stands: 1 for its state, 0 for all others.",
    labels=("attester", "state"),
    old_names=("aztec_butler_attester_info",),
)
ATTESTER_STAKE: Final = Metric(
    name="attester_stake_aztec",
    help="What counts of one of our attesters in the validator set, in whole AZTEC.",
    labels=("attester",),
)
SERIES_CAPPED: Final = Metric(
    name="own_series_capped",
    help="How many of ours have no series of their own because there are more than the cap; 0 when all have.",
    labels=("kind",),
)
METRICS: Final = (
    BLOCK,
    BLOCK_AT,
    ATTESTERS,
    STAKE,
    EXITING,
    ACTIVATION_THRESHOLD,
    EJECTION_THRESHOLD,
    LOCAL_EJECTION_THRESHOLD,
    EPOCH,
    SLOT,
    EPOCH_DURATION,
    SLOT_DURATION,
    PENDING_CHECKPOINT,
    PROVEN_CHECKPOINT,
    PRUNE_POSSIBLE,
    CANONICAL_INFO,
    CANONICAL_VERSION,
    ROLLUPS,
    OWN_ATTESTERS,
    ATTESTER_STATE,
    ATTESTER_STAKE,
    SERIES_CAPPED,
)
