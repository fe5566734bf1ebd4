"""The whole network: how concentrated its stake is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.concentration import Holdings
from aztec_butler.core.concentration_figures import LARGEST, ConcentrationTerms, Figures
from aztec_butler.core.concentration_holders import By, group_stakes
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.rows import Attester
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, canonical_rollup, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

_WHOSE: Final = (
    "of stake by attester, withdrawer, staker or provider (without a provider the withdrawer stands for both)"
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


def samples(rows: Iterable[Attester], terms: ConcentrationTerms) -> Samples:
    """The metrics of one block; none while nobody is validating.

    Args:
        rows: attesters of any lifecycle; those that validate count.
        terms: sizes and quorums, for which Nakamoto coefficients are wanted.
    """
    found: dict[Metric, dict[tuple[str, ...], float]] = {metric: {} for metric in METRICS}
    validating = [row for row in rows if row.lifecycle is Lifecycle.VALIDATING]
    for by in By:
        stakes = [stake_wei for _, stake_wei in group_stakes(validating, by).values()]
        found[ENTITIES][by.value,] = len(stakes)
        if not stakes:
            continue
        figures = Figures.of(Holdings.of(stakes), terms.thresholds, LARGEST)
        found[HHI][by.value,] = figures.hhi_ratio
        found[EFFECTIVE][by.value,] = figures.effective_holders
        found[GINI][by.value,] = figures.gini_ratio
        for threshold, count in zip(terms.thresholds, figures.nakamoto, strict=True):
            found[NAKAMOTO][by.value, threshold.name] = count
        for size, amount in zip(LARGEST, figures.top, strict=True):
            found[TOP_SHARE][by.value, str(size)] = amount / figures.total
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
        canonical = canonical_rollup(state).rollup.address
        slashing = {rollup.rollup.address: terms for rollup, terms in reading.slashers.of(look.snapshot)}
        voting = slashing.get(canonical)
        terms = ConcentrationTerms(
            committee_size=committee_size or None,
            slashing_quorum=None if voting is None else voting.quorum,
            slashing_round_size=None if voting is None else voting.round_size,
        )
        return samples(state.by_attester.values(), terms)

    return l1_collector("network", METRICS, reading, collect, pace)


def _plan(snapshot: Snapshot) -> list[Read]:
    return [Read(canonical_rollup(snapshot.state).rollup.address, ROLLUP.function("getTargetCommitteeSize"))]
