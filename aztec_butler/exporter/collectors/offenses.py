"""Offenses that an Aztec node has seen and would vote to slash for, through its admin port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.core.node_records import OFFENSES, SlashOffense
from aztec_butler.exporter.amounts import whole_tokens
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.ours import OwnAttesters, Who
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

KNOWN: Final = Metric(
    name="node_slash_offenses",
    help="Offenses of anybody that the node remembers, by kind; forgotten ones leave the count.",
    labels=("offense",),
)
OWN: Final = Metric(
    name="attester_slash_offenses",
    help="Those of one of our attesters, for which nodes that saw the same vote to slash it.",
    labels=("attester",),
)
OWN_AMOUNT: Final = Metric(
    name="attester_slash_offenses_aztec",
    help="What the node would vote to take from it for all of them, in whole AZTEC.",
    labels=("attester",),
)
METRICS: Final = (KNOWN, OWN, OWN_AMOUNT)


def samples(own: OwnAttesters, offenses: Sequence[SlashOffense]) -> Samples:
    """The metrics of one collection.

    Args:
        own: our attesters.
        offenses: all that the node remembers.
    """
    kinds: dict[str, int] = dict.fromkeys(OFFENSES.values(), 0)
    counts: Counter[str] = Counter()
    amounts_wei: Counter[str] = Counter()
    for offense in offenses:
        kinds[offense.name] = kinds.get(offense.name, 0) + 1
        counts[offense.attester] += 1
        amounts_wei[offense.attester] += offense.amount_wei
    return {
        KNOWN: {(kind,): count for kind, count in kinds.items()},
        OWN: {(attester,): counts[attester] for attester in own.shown},
        OWN_AMOUNT: {(attester,): whole_tokens(amounts_wei[attester]) for attester in own.shown},
    }


def collector(node: AztecNode, reading: L1Reading, who: Who, pace: Pace = USUAL_PACE) -> Collector:
    """The collector. For a node with an admin port that runs a sequencer: others have no slasher to ask.

    Args:
        node: its admin port is asked.
        reading: of the network, which tells who is ours.
        who: we are.
        pace: how often.
    """

    def collect() -> Samples:
        offenses = node.get_slash_offenses("all")
        return samples(who().find(reading.look().snapshot.state), offenses)

    return l1_collector("offenses", METRICS, reading, collect, pace)
