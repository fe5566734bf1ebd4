"""Slashing: votes against our attesters, what they can still lose, and what has been slashed."""

from __future__ import annotations

from typing import Final

from aztec_butler.exporter.metric import Metric, MetricKind

ENABLED: Final = Metric(
    name="slashing_enabled",
    help="Whether the rollup's slasher executes slashes now; its vetoer can pause it.",
    labels=("rollup_version",),
)
ROUND: Final = Metric(
    name="slashing_round",
    help="The round that proposers of the rollup vote in now.",
    labels=("rollup_version",),
)
ROUND_VOTES: Final = Metric(
    name="slashing_round_votes", help="Votes cast in that round.", labels=("rollup_version",)
)
QUORUM: Final = Metric(name="slashing_quorum", help="Votes that a slash needs.", labels=("rollup_version",))
VOTES: Final = Metric(
    name="attester_slash_votes",
    help="Votes to slash one of our attesters in the running round, the most of all rollups.",
    labels=("attester",),
)
DOOMED: Final = Metric(
    name="attester_pending_slash_aztec",
    help="What rounds that are over and had a quorum take from one of our attesters once they are executed, if they"
    " are not vetoed, in whole AZTEC.",
    labels=("attester",),
)
SLASHES_LEFT: Final = Metric(
    name="attester_slashes_left",
    help="Slashes of the largest size that one of our validating attesters survives; at 0 one of them ejects it.",
    labels=("attester",),
)
HEADROOM: Final = Metric(
    name="attester_slash_headroom_aztec",
    help="What one of our validating attesters can lose and still stay in the set, in whole AZTEC.",
    labels=("attester",),
)
SLASHES: Final = Metric(
    name="slashes_total", help="Slashes executed, on all rollups.", kind=MetricKind.COUNTER
)
SLASHED: Final = Metric(
    name="slashed_aztec_total",
    help="What slashes took, on all rollups, in whole AZTEC.",
    kind=MetricKind.COUNTER,
)
OWN_SLASHES: Final = Metric(
    name="own_slashes_total", help="Slashes of our attesters.", kind=MetricKind.COUNTER
)
OWN_SLASHED: Final = Metric(
    name="own_slashed_aztec_total",
    help="What slashes took from our attesters, in whole AZTEC.",
    kind=MetricKind.COUNTER,
)
METRICS: Final = (
    ENABLED,
    ROUND,
    ROUND_VOTES,
    QUORUM,
    VOTES,
    DOOMED,
    SLASHES_LEFT,
    HEADROOM,
    SLASHES,
    SLASHED,
    OWN_SLASHES,
    OWN_SLASHED,
)
