"""What all collectors of L1 have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from aztec_butler.core.records import RollupState
from aztec_butler.core.staking_state import StakingState
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric


@attrs.frozen(kw_only=True)
class Pace:
    """How often is collected.

    Args:
        interval_seconds: from the start of one collection to that of the next.
        timeout_seconds: how long one may take. The first of a process reads all logs since the network began; those
            after it take seconds.
    """

    interval_seconds: float = 60.0
    timeout_seconds: float = 120.0


USUAL_PACE: Final = Pace()


def l1_collector(
    name: str,
    metrics: tuple[Metric, ...],
    reading: L1Reading,
    collect: Callable[[], Samples],
    pace: Pace,
) -> Collector:
    """A collector of L1.

    Args:
        name: value of the label ``collector``.
        metrics: everything it may find.
        reading: of the network.
        collect: reads everything anew.
        pace: how often.
    """
    return Collector(
        name=name,
        network=reading.source.name,
        metrics=metrics,
        interval_seconds=pace.interval_seconds,
        timeout_seconds=pace.timeout_seconds,
        collect=collect,
    )


def canonical_rollup(state: StakingState) -> RollupState:
    """The rollup that is canonical at the block."""
    return next(each for each in state.rollups if each.is_canonical)
