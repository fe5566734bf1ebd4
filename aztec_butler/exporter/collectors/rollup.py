"""The rollup: its attesters, stake and thresholds, its clock, its checkpoints."""

from __future__ import annotations

from collections import Counter
from typing import Final

from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.staking_state import StakingState
from aztec_butler.exporter.amounts import whole_tokens
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, canonical_rollup, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.ours import SERIES_CAPPED, OwnAttesters, Who
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric, MetricKind

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


def plan(snapshot: Snapshot) -> tuple[Read, ...]:
    """What has to be read besides the snapshot: tips of the canonical rollup, and whether it can be pruned."""
    rollup = canonical_rollup(snapshot.state).rollup
    return (
        Read(rollup.address, ROLLUP.function("getTips")),
        Read(rollup.address, ROLLUP.function("canPruneAtTime"), (snapshot.block.timestamp,)),
    )


def samples(state: StakingState, own: OwnAttesters, *, pending: int, proven: int, can_prune: bool) -> Samples:
    """The metrics of one block.

    Args:
        state: everything about stake.
        own: our attesters.
        pending: the highest proposed checkpoint of the canonical rollup.
        proven: its highest proven one.
        can_prune: whether checkpoints may be pruned at the time of the block.
    """
    canonical = canonical_rollup(state)
    rollup, clock = canonical.rollup, EpochClock.of(canonical.rollup)
    rows = state.by_attester.values()
    standing = Counter(row.lifecycle for row in rows)
    stake_wei = sum(row.stake_wei for row in rows if row.lifecycle is Lifecycle.VALIDATING)
    at = state.block.timestamp
    found: dict[Metric, dict[tuple[str, ...], float]] = {
        BLOCK: {(): state.block.number},
        BLOCK_AT: {(): at},
        ATTESTERS: {(each.value,): standing[each] for each in Lifecycle},
        STAKE: {(): whole_tokens(stake_wei)},
        EXITING: {(): whole_tokens(sum(row.exit_amount_wei for row in rows))},
        ACTIVATION_THRESHOLD: {(): whole_tokens(state.deployment.activation_threshold_wei)},
        EJECTION_THRESHOLD: {(): whole_tokens(state.deployment.ejection_threshold_wei)},
        LOCAL_EJECTION_THRESHOLD: {(): whole_tokens(canonical.local_ejection_threshold_wei)},
        EPOCH_DURATION: {(): clock.epoch_seconds},
        SLOT_DURATION: {(): clock.slot_seconds},
        PENDING_CHECKPOINT: {(): pending},
        PROVEN_CHECKPOINT: {(): proven},
        PRUNE_POSSIBLE: {(): int(can_prune)},
        CANONICAL_INFO: {(str(rollup.version), rollup.address): 1},
        CANONICAL_VERSION: {(): rollup.version},
        ROLLUPS: {(): len(state.rollups)},
    }
    if at >= rollup.genesis_at:
        found |= {EPOCH: {(): clock.epoch_at(at)}, SLOT: {(): clock.slot_at(at)}}
    return found | _own_samples(state, own)


def _own_samples(state: StakingState, own: OwnAttesters) -> dict[Metric, dict[tuple[str, ...], float]]:
    counts = own.counts()
    return {
        OWN_ATTESTERS: {(each.value,): counts[each] for each in Lifecycle},
        ATTESTER_STATE: {
            (attester, each.value): int(standing is each)
            for attester, standing in own.followed.items()
            for each in Lifecycle
        },
        ATTESTER_STAKE: {
            (attester,): whole_tokens(
                state.by_attester[attester].stake_wei if attester in state.by_attester else 0
            )
            for attester in own.followed
        },
        SERIES_CAPPED: {("attester",): own.capped},
    }


def collector(reading: L1Reading, who: Who, pace: Pace = USUAL_PACE) -> Collector:
    """The collector.

    Args:
        reading: of the network.
        who: we are.
        pace: how often.
    """

    def collect() -> Samples:
        look = reading.look(plan)
        state = look.snapshot.state
        (pending, proven), can_prune = look.values
        return samples(state, who().find(state), pending=pending, proven=proven, can_prune=can_prune)

    return l1_collector("rollup", METRICS, reading, collect, pace)
