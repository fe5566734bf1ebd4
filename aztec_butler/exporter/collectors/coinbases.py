"""Coinbases: whether the rewards of our attesters go where they should.

An attester without a coinbase in its keystore is its own: its rewards go to an address whose key lies in the keystore.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.staking_state import StakingState
from aztec_butler.exporter.block_times import BlockTimes
from aztec_butler.exporter.checkpoint_coinbases import CheckpointCoinbases, ProposedCoinbase
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.ours import Ours, OwnAttesters, Who
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

MISSING: Final = Metric(
    name="coinbase_missing",
    help="Whether one of our attesters, validating or about to, has no coinbase in its keystore, so that its rewards go"
    " to its own address; absent where we know no keystore of it.",
    labels=("attester",),
    old_names=("aztec_butler_attesters_missing_coinbase_address", "aztec_butler_attesters_coinbase_needed"),
)
MISSING_ACTIVATION_AT: Final = Metric(
    name="coinbase_missing_activation_timestamp_seconds",
    help="When an attester whose coinbase is missing can be activated at the earliest, or was activated, in Unix"
    " seconds; absent while the queue stalls before it.",
    labels=("attester",),
    old_names=("aztec_butler_entry_queue_provider_next_missing_coinbase_timestamp",),
)
DRIFT: Final = Metric(
    name="coinbase_drift",
    help="Whether the coinbase in the keystore of one of our delegated attesters is another than the split of its"
    " delegation; absent where there is no coinbase to compare.",
    labels=("attester",),
)
CHECKPOINT_DRIFT: Final = Metric(
    name="checkpoint_coinbase_drift",
    help="Whether the last checkpoint that one of our attesters proposed sent its rewards elsewhere than to the split"
    " of its delegation, or without one to the coinbase in its keystore; absent when it has not proposed lately.",
    labels=("attester",),
)
CHECKPOINT_AT: Final = Metric(
    name="checkpoint_coinbase_timestamp_seconds",
    help="When that last checkpoint was proposed, in Unix seconds.",
    labels=("attester",),
)
MISSING_COUNT: Final = Metric(
    name="coinbases_missing", help="Our attesters whose coinbase is missing, those without a series included."
)
DRIFTING_COUNT: Final = Metric(
    name="coinbases_drifting",
    help="Our attesters whose coinbase in the keystore is not the split of their delegation.",
)
UNKNOWN_COUNT: Final = Metric(
    name="coinbases_unknown",
    help="Our attesters, validating or about to, that are in no keystore we know, so that their coinbase is not known.",
)
METRICS: Final = (
    MISSING,
    MISSING_ACTIVATION_AT,
    DRIFT,
    CHECKPOINT_DRIFT,
    CHECKPOINT_AT,
    MISSING_COUNT,
    DRIFTING_COUNT,
    UNKNOWN_COUNT,
)


def samples(
    state: StakingState,
    ours: Ours,
    own: OwnAttesters,
    *,
    on_duty: Collection[str],
    activations: Mapping[str, int],
    proposed: Mapping[str, ProposedCoinbase],
) -> Samples:
    """The metrics of one block.

    Args:
        state: everything about stake.
        ours: who we are.
        own: our attesters.
        on_duty: those of them that earn rewards or are about to.
        activations: when those whose coinbase is missing are or were activated, as far as it is known.
        proposed: the last checkpoint of each attester that proposed lately.
    """
    found: dict[Metric, dict[tuple[str, ...], float]] = {metric: {} for metric in METRICS}
    missing = missing_coinbases(ours, on_duty)
    splits = {attester: split for attester in own.lifecycles if (split := split_of(state, attester))}
    drifting = {
        attester: ours.coinbases[attester] != splits[attester]
        for attester in on_duty
        if attester in splits and ours.coinbases.get(attester) is not None
    }
    for attester in own.shown:
        key = (attester,)
        if attester in on_duty and attester in ours.coinbases:
            found[MISSING][key] = int(attester in missing)
        if attester in missing and attester in activations:
            found[MISSING_ACTIVATION_AT][key] = activations[attester]
        if attester in drifting:
            found[DRIFT][key] = int(drifting[attester])
        last = proposed.get(attester)
        expected = splits.get(attester) or ours.coinbases.get(attester)
        if last is not None and last.coinbase is not None and expected is not None:
            found[CHECKPOINT_DRIFT][key] = int(last.coinbase != expected)
            found[CHECKPOINT_AT][key] = last.proposed_at
    found[MISSING_COUNT][()] = len(missing)
    found[DRIFTING_COUNT][()] = sum(drifting.values())
    found[UNKNOWN_COUNT][()] = sum(attester not in ours.coinbases for attester in on_duty)
    return found


def attesters_on_duty(state: StakingState, own: OwnAttesters) -> set[str]:
    """Those of ours that earn rewards or are about to: in the set, or waiting with a deposit that will not fail."""
    waiting = {entry.attester for entry in state.entry_queue() if entry.fails_because is None}
    return {
        attester
        for attester, standing in own.lifecycles.items()
        if standing is Lifecycle.VALIDATING or (standing is Lifecycle.ENTRY_QUEUED and attester in waiting)
    }


def missing_coinbases(ours: Ours, on_duty: Collection[str]) -> set[str]:
    """Those of them whose keystore we know, and that have no coinbase in it."""
    return {
        attester for attester in on_duty if attester in ours.coinbases and ours.coinbases[attester] is None
    }


def split_of(state: StakingState, attester: str) -> str | None:
    """The split of an attester's delegation; None when it was staked directly or not at all."""
    stake = state.whereabouts.stakes.get(attester)
    return None if stake is None or stake.delegated is None else stake.delegated.split


def activations_of(state: StakingState, attesters: set[str], times: BlockTimes) -> dict[str, int]:
    """When attesters can be activated at the earliest, or were activated, as far as it is known.

    Args:
        state: everything about stake.
        attesters: validating or waiting.
        times: of blocks.

    Raises:
        NodeError: the node failed.
    """
    expected = {
        entry.attester: entry.activation_at
        for entry in state.entry_queue()
        if entry.attester in attesters and entry.activation_at is not None
    }
    entered = {
        attester: settled
        for attester in sorted(attesters & state.whereabouts.activated.keys())
        if (settled := state.whereabouts.activated[attester].settled) is not None
    }
    return expected | dict(zip(entered, times.of(entered.values()), strict=True))


def collector(reading: L1Reading, who: Who, pace: Pace = USUAL_PACE) -> Collector:
    """The collector.

    Args:
        reading: of the network.
        who: we are.
        pace: how often.
    """
    checkpoints = CheckpointCoinbases(reading.source, reading.times)

    def collect() -> Samples:
        snapshot = reading.look().snapshot
        state, ours = snapshot.state, who()
        own = ours.find(state)
        on_duty = attesters_on_duty(state, own)
        return samples(
            state,
            ours,
            own,
            on_duty=on_duty,
            activations=activations_of(state, missing_coinbases(ours, on_duty), reading.times),
            proposed=checkpoints.last(snapshot, own.lifecycles),
        )

    return l1_collector("coinbases", METRICS, reading, collect, pace)
