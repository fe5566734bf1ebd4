"""The whole network: how concentrated its stake is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.concentration import (
    HALF,
    THIRD,
    TWO_THIRDS,
    Holdings,
    Threshold,
    committee_threshold,
    slashing_threshold,
)
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.rows import Attester
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, canonical_rollup, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

_WHOSE: Final = (
    "of stake by attester, withdrawer or provider (without a provider the withdrawer stands for itself)"
)
ENTITIES: Final = Metric(name="stake_entities", help=f"Holders {_WHOSE} that have any.", labels=("by",))
NAKAMOTO: Final = Metric(
    name="stake_nakamoto",
    help=f"The fewest holders {_WHOSE} that reach a threshold together.",
    labels=("by", "threshold"),
)
HHI: Final = Metric(
    name="stake_hhi_ratio",
    help=f"Herfindahl-Hirschman index {_WHOSE}, 0 to 1; times 10 000 for the usual scale.",
    labels=("by",),
)
EFFECTIVE: Final = Metric(
    name="stake_effective_entities",
    help=f"How many equal holders {_WHOSE} would be as concentrated: 1 / HHI.",
    labels=("by",),
)
GINI: Final = Metric(name="stake_gini_ratio", help=f"Gini coefficient {_WHOSE}, 0 to 1.", labels=("by",))
TOP_SHARE: Final = Metric(
    name="stake_top_share_ratio",
    help=f"Share of the largest holders {_WHOSE}, 0 to 1.",
    labels=("by", "top"),
)
METRICS: Final = (ENTITIES, NAKAMOTO, HHI, EFFECTIVE, GINI, TOP_SHARE)

LARGEST: Final = (1, 3, 10)
"""Of so many of the largest holders the share is told."""

HOLDERS: Final[Mapping[str, Callable[[Attester], str]]] = {
    "attester": lambda row: row.attester,
    "withdrawer": lambda row: str(row.withdrawer),
    "provider": lambda row: str(row.withdrawer) if row.provider_id is None else str(row.provider_id),
}
"""Who holds an attester's stake. Addresses and provider ids are never equal."""


def samples(rows: Iterable[Attester], thresholds: Sequence[Threshold]) -> Samples:
    """The metrics of one block; none while nobody is validating.

    Args:
        rows: attesters of any lifecycle; those that validate count.
        thresholds: for which Nakamoto coefficients are wanted.
    """
    found: dict[Metric, dict[tuple[str, ...], float]] = {metric: {} for metric in METRICS}
    validating = [row for row in rows if row.lifecycle is Lifecycle.VALIDATING]
    for by, holder in HOLDERS.items():
        stakes: Counter[str] = Counter()
        for row in validating:
            stakes[holder(row)] += row.stake_wei
        found[ENTITIES][by,] = len(stakes)
        if not stakes:
            continue
        holdings = Holdings.of(stakes.values())
        found[HHI][by,] = float(holdings.hhi)
        found[EFFECTIVE][by,] = float(holdings.effective_count)
        found[GINI][by,] = float(holdings.gini)
        for threshold in thresholds:
            found[NAKAMOTO][by, threshold.name] = holdings.nakamoto(threshold)
        for count in LARGEST:
            found[TOP_SHARE][by, str(count)] = float(holdings.top_share(count))
    return found


def collector(reading: L1Reading, pace: Pace = USUAL_PACE) -> Collector:
    """The collector.

    Args:
        reading: of the network.
        pace: how often.
    """

    def collect() -> Samples:
        look = reading.look(_plan)
        (committee_size,) = look.values
        state = look.snapshot.state
        thresholds = [THIRD, HALF, TWO_THIRDS, committee_threshold(committee_size)]
        canonical = canonical_rollup(state).rollup.address
        thresholds += [
            slashing_threshold(terms.quorum, terms.round_size)
            for rollup, terms in reading.slashers.of(look.snapshot)
            if rollup.rollup.address == canonical
        ]
        return samples(state.by_attester.values(), thresholds)

    return l1_collector("network", METRICS, reading, collect, pace)


def _plan(snapshot: Snapshot) -> list[Read]:
    return [Read(canonical_rollup(snapshot.state).rollup.address, ROLLUP.function("getTargetCommitteeSize"))]
