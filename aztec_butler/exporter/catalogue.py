"""Every metric there is, in the order of the documentation."""

from __future__ import annotations

from typing import Final

from aztec_butler.exporter.board import FRESHNESS
from aztec_butler.exporter.collectors import (
    coinbases,
    committees,
    entry_queue,
    governance,
    hosts,
    network,
    node,
    node_progress,
    offenses,
    provider,
    publishers,
    rewards,
    rollup,
    slashing,
    validators,
)
from aztec_butler.serving.metric import Metric

_BY_SUBJECT: Final = (
    *node.METRICS,
    *node_progress.METRICS,
    *committees.METRICS,
    *validators.METRICS,
    *offenses.METRICS,
    *rollup.METRICS,
    *entry_queue.METRICS,
    *provider.METRICS,
    *coinbases.METRICS,
    *publishers.METRICS,
    *rewards.METRICS,
    *slashing.METRICS,
    *governance.METRICS,
    *network.METRICS,
    *hosts.METRICS,
    *FRESHNESS,
)
METRICS: Final[tuple[Metric, ...]] = tuple(dict.fromkeys(_BY_SUBJECT))
"""Those of collectors and of their freshness. The exporter's own are in ``self_metrics``."""
