"""Governance: how its proposals stand, and what sequencers signal for."""

from __future__ import annotations

from typing import Final

from aztec_butler.exporter.metric import Metric

PROPOSALS: Final = Metric(
    name="governance_proposals", help="Proposals of Governance by their state.", labels=("state",)
)
ROUND: Final = Metric(name="governance_round", help="The round in which proposers signal for a payload now.")
SIGNALS: Final = Metric(
    name="governance_signals",
    help="Signals for the payload that leads in this round; absent while nobody has signalled in it.",
    labels=("payload",),
)
SIGNAL_QUORUM: Final = Metric(
    name="governance_signal_quorum", help="Signals that a payload needs to be proposed."
)
METRICS: Final = (PROPOSALS, ROUND, SIGNALS, SIGNAL_QUORUM)
