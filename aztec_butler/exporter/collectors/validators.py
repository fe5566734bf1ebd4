"""Conduct of our attesters, as the sentinel of an Aztec node has watched it: duties, and those that were missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.node_records import ValidatorStats
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, canonical_rollup, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.ours import OwnAttesters, Who
from aztec_butler.exporter.stats_reader import Silence, StatsReader, Told
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

_WINDOW: Final = "within the slots that the node remembers (24 epochs by default)"
PROPOSALS: Final = Metric(
    name="attester_proposals",
    help=f"Slots in which one of our attesters was to propose, {_WINDOW}.",
    labels=("attester",),
)
MISSED_PROPOSALS: Final = Metric(
    name="attester_missed_proposals",
    help=f"Those of them in which it proposed nothing, {_WINDOW}.",
    labels=("attester",),
)
MISSED_PROPOSALS_STREAK: Final = Metric(
    name="attester_missed_proposals_streak",
    help="How many of its proposals one of our attesters has missed in a row, up to the last one.",
    labels=("attester",),
)
ATTESTATIONS: Final = Metric(
    name="attester_attestations",
    help=f"Slots in which one of our attesters was to attest, {_WINDOW}.",
    labels=("attester",),
)
MISSED_ATTESTATIONS: Final = Metric(
    name="attester_missed_attestations",
    help=f"Those of them in which the node saw no attestation of it, {_WINDOW}.",
    labels=("attester",),
)
MISSED_ATTESTATIONS_STREAK: Final = Metric(
    name="attester_missed_attestations_streak",
    help="How many attestations one of our attesters has missed in a row, up to the last one.",
    labels=("attester",),
)
LAST_PROPOSAL_AT: Final = Metric(
    name="attester_last_proposal_timestamp_seconds",
    help="Time of the slot of its last proposal, in Unix seconds; absent without one in the window.",
    labels=("attester",),
)
LAST_ATTESTATION_AT: Final = Metric(
    name="attester_last_attestation_timestamp_seconds",
    help="Time of the slot of its last attestation, in Unix seconds; absent without one in the window.",
    labels=("attester",),
)
ASKED_AT: Final = Metric(
    name="attester_stats_oldest_timestamp_seconds",
    help="When the oldest of these statistics was asked for, in Unix seconds: each attester is asked about once an"
    " epoch. Absent while there are none.",
)
SILENT: Final = Metric(
    name="own_attesters_without_stats",
    help="Our attesters in the set or on their way out that the node tells nothing about, and why: not asked yet,"
    " unknown to it (never on duty, or it keeps no statistics), or refused. Only those with series of their own.",
    labels=("reason",),
)
METRICS: Final = (
    PROPOSALS,
    MISSED_PROPOSALS,
    MISSED_PROPOSALS_STREAK,
    ATTESTATIONS,
    MISSED_ATTESTATIONS,
    MISSED_ATTESTATIONS_STREAK,
    LAST_PROPOSAL_AT,
    LAST_ATTESTATION_AT,
    ASKED_AT,
    SILENT,
)

_WITH_DUTIES: Final = frozenset({Lifecycle.VALIDATING, Lifecycle.ZOMBIE, Lifecycle.EXITING})
"""Whoever leaves stays on committees that are drawn already."""


def watched(own: OwnAttesters) -> list[str]:
    """Those of our attesters that can have had duties lately, as far as they have series of their own.

    Args:
        own: our attesters.
    """
    return [attester for attester in own.shown if own.lifecycles[attester] in _WITH_DUTIES]


def samples(attesters: Sequence[str], told: Mapping[str, Told]) -> Samples:
    """The metrics of one collection.

    Args:
        attesters: who was to be asked about.
        told: what is known of them.
    """
    found: dict[Metric, dict[tuple[str, ...], float]] = {metric: {} for metric in METRICS}
    silent: Counter[Silence] = Counter()
    ages: list[float] = []
    for attester in attesters:
        answer = told.get(attester)
        if answer is None:
            silent[Silence.NOT_ASKED] += 1
        elif isinstance(answer.stats, Silence):
            silent[answer.stats] += 1
        else:
            ages.append(answer.at)
            for metric, value in _conduct(answer.stats.validator).items():
                found[metric][attester,] = value
    found[SILENT] = {(each.value,): silent[each] for each in Silence}
    if ages:
        found[ASKED_AT] = {(): min(ages)}
    return found


def _conduct(stats: ValidatorStats) -> dict[Metric, int]:
    proposals, attestations = stats.missed_proposals, stats.missed_attestations
    conduct = {
        PROPOSALS: proposals.total,
        MISSED_PROPOSALS: proposals.count,
        MISSED_PROPOSALS_STREAK: proposals.streak,
        ATTESTATIONS: attestations.total,
        MISSED_ATTESTATIONS: attestations.count,
        MISSED_ATTESTATIONS_STREAK: attestations.streak,
    }
    if stats.last_proposal is not None:
        conduct[LAST_PROPOSAL_AT] = stats.last_proposal.at
    if stats.last_attestation is not None:
        conduct[LAST_ATTESTATION_AT] = stats.last_attestation.at
    return conduct


def collector(reading: L1Reading, reader: StatsReader, who: Who, pace: Pace = USUAL_PACE) -> Collector:
    """The collector. Who is ours and in the set is known from L1.

    Args:
        reading: of the network.
        reader: asks the node.
        who: we are.
        pace: how often.
    """

    def collect() -> Samples:
        state = reading.look().snapshot.state
        attesters = watched(who().find(state))
        clock = EpochClock.of(canonical_rollup(state).rollup)
        if state.block.timestamp < clock.genesis_at:
            return samples(attesters, {})
        # Two epochs or, where there are more to ask about than an epoch allows, two rounds.
        round_seconds = reader.longest_round_seconds(len(attesters), pace.interval_seconds)
        told = reader.read(
            attesters,
            epoch=clock.epoch_at(state.block.timestamp),
            max_age_seconds=2 * max(clock.epoch_seconds, round_seconds),
        )
        return samples(attesters, told)

    return l1_collector("validators", METRICS, reading, collect, pace)
