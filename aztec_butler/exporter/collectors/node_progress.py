"""Whether the Aztec node keeps up, judged by its progress, and against the rollup on L1 as our own node shows it."""

from __future__ import annotations

from typing import Final

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.node_checks import fetch_rollup_view
from aztec_butler.core.node_readiness import Readiness
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.collectors.node import NODE_PACE, check_chain
from aztec_butler.exporter.l1_collector import Pace
from aztec_butler.exporter.source import Source
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

PROGRESSING: Final = Metric(
    name="node_progressing",
    help="Whether the node keeps up with its chain: by the age of its newest block, its checkpoints beside those on L1,"
    " its L1 endpoint and its peers. A chain that stands still on L1, too, does not speak against it.",
)
OBSTACLE: Final = Metric(
    name="node_progress_obstacle", help="What speaks against the node, one by one.", labels=("reason",)
)
CHECKPOINT_LAG: Final = Metric(
    name="node_checkpoint_lag",
    help="Checkpoints that the rollup has on L1 and the node has not; negative when the node is ahead. Absent while the"
    " newest block of our Ethereum node is old.",
)
SLOT_LAG: Final = Metric(name="node_slot_lag", help="Slots that have begun since the node's newest block.")
WORLD_STATE_LAG: Final = Metric(
    name="node_world_state_lag", help="Blocks that the node's world state is behind its own chain."
)
METRICS: Final = (PROGRESSING, OBSTACLE, CHECKPOINT_LAG, SLOT_LAG, WORLD_STATE_LAG)

OBSTACLES: Final = (
    "says-not-ready",
    "trees-not-synced",
    "world-state-behind",
    "l1-unreachable",
    "l1-old",
    "no-peers",
    "behind-l1",
    "ahead-of-l1",
    "tip-in-future",
    "tip-old",
)
"""Every code that ``core.node_readiness`` has for what speaks against a node."""


def samples(judged: Readiness) -> Samples:
    """The metrics of one judgment.

    Args:
        judged: the node beside L1.
    """
    against = {reason.code for reason in judged.reasons}
    found: dict[Metric, dict[tuple[str, ...], float]] = {
        PROGRESSING: {(): int(judged.ready)},
        OBSTACLE: {(code,): int(code in against) for code in OBSTACLES},
        WORLD_STATE_LAG: {(): judged.world_state_lag},
    }
    if judged.checkpoint_lag is not None:
        found[CHECKPOINT_LAG] = {(): judged.checkpoint_lag}
    if judged.slot_lag is not None:
        found[SLOT_LAG] = {(): judged.slot_lag}
    return found


def collector(node: AztecNode, source: Source, pace: Pace = NODE_PACE) -> Collector:
    """The collector. It needs L1 as well: without it a node that has stopped looks like a chain that has.

    Args:
        node: its public port is asked.
        source: the network it should follow.
        pace: how often.
    """

    def collect() -> Samples:
        info = node.get_node_info()
        check_chain(info, source)
        view, clock = fetch_rollup_view(source.rpc, info.l1_addresses.rollup)
        return samples(node.fetch_readiness(l1=view, slots=clock))

    return Collector(
        name="node_progress",
        network=source.name,
        metrics=METRICS,
        interval_seconds=pace.interval_seconds,
        timeout_seconds=pace.timeout_seconds,
        collect=collect,
    )
