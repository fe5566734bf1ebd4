"""The Aztec node, in its own words: how far it has come, its peers, its version.

What it says of itself is no judgment: a node that has lost L1 goes on answering. ``node_progress`` judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.aztec_rpc import METHOD_NOT_FOUND
from aztec_butler.core.errors import NodeRefused, NotFoundError, SettingsError
from aztec_butler.core.node_records import BlockId, ChainTips, NodeInfo, Peer
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import Pace
from aztec_butler.exporter.source import Source
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric, MetricKind

NODE_PACE: Final = Pace(interval_seconds=30.0, timeout_seconds=60.0)
"""A node on the same premises answers within milliseconds."""

TIP_BLOCK: Final = Metric(
    name="node_tip_block",
    help="The highest block that has reached a stage (proposed, checkpointed, proven, finalized), as the node sees it;"
    " 0 while none has.",
    labels=("tip",),
)
TIP_CHECKPOINT: Final = Metric(
    name="node_tip_checkpoint",
    help="The highest checkpoint that has reached a stage, as the node sees it; what is only proposed has none yet.",
    labels=("tip",),
)
TIP_AT: Final = Metric(
    name="node_tip_timestamp_seconds",
    help="The time of the highest block of a stage, in Unix seconds; absent while no block has reached it.",
    labels=("tip",),
)
PEERS: Final = Metric(
    name="node_peers",
    help="Peers that the node is connected to, is dialing or remembers; absent when its p2p is off.",
    labels=("state",),
)
PENDING_TRANSACTIONS: Final = Metric(
    name="node_pending_transactions", help="Transactions that wait in the node's pool."
)
REPORTS_READY: Final = Metric(
    name="node_reports_ready",
    help="Whether the node calls itself ready; it does so without L1, too: node_progressing tells better.",
)
ROLLUP_VERSION: Final = Metric(
    name="node_rollup_version",
    help="Version of the rollup that the node follows, to be held against the canonical one.",
)
INFO: Final = Metric(
    name="node_info",
    help="The software the node runs and the rollup it follows.",
    kind=MetricKind.INFO,
    labels=("node_version", "rollup_version"),
)
METRICS: Final = (
    TIP_BLOCK,
    TIP_CHECKPOINT,
    TIP_AT,
    PEERS,
    PENDING_TRANSACTIONS,
    REPORTS_READY,
    ROLLUP_VERSION,
    INFO,
)

_PEER_STATES: Final = ("connected", "dialing", "cached")


@attrs.frozen(kw_only=True)
class NodeAnswers:
    """What the node told in one collection.

    Args:
        info: who it is.
        tips: of its chain.
        times: Unix seconds of the tips' blocks, by hash.
        peers: None when its p2p is off, or the endpoint does not tell.
        says_ready: its own word.
        pending_transactions: in its pool.
    """

    info: NodeInfo
    tips: ChainTips
    times: Mapping[str, int]
    peers: Sequence[Peer] | None
    says_ready: bool
    pending_transactions: int


def samples(answers: NodeAnswers) -> Samples:
    """The metrics of one collection.

    Args:
        answers: what the node told.
    """
    tips, info = answers.tips, answers.info
    blocks = _blocks(tips)
    stages = {"checkpointed": tips.checkpointed, "proven": tips.proven, "finalized": tips.finalized}
    found: dict[Metric, dict[tuple[str, ...], float]] = {
        TIP_BLOCK: {(stage,): block.number for stage, block in blocks.items()},
        TIP_CHECKPOINT: {(stage,): tip.checkpoint.number for stage, tip in stages.items()},
        TIP_AT: {(stage,): answers.times[block.hash] for stage, block in blocks.items() if block.number > 0},
        PENDING_TRANSACTIONS: {(): answers.pending_transactions},
        REPORTS_READY: {(): int(answers.says_ready)},
        ROLLUP_VERSION: {(): info.rollup_version},
        INFO: {(info.node_version, str(info.rollup_version)): 1},
    }
    if answers.peers is not None:
        counts = dict.fromkeys(_PEER_STATES, 0)
        for peer in answers.peers:
            # A newer node may have a word of its own.
            counts[peer.status] = counts.get(peer.status, 0) + 1
        found[PEERS] = {(state,): count for state, count in counts.items()}
    return found


def _blocks(tips: ChainTips) -> dict[str, BlockId]:
    return {
        "proposed": tips.proposed,
        "checkpointed": tips.checkpointed.block,
        "proven": tips.proven.block,
        "finalized": tips.finalized.block,
    }


def check_chain(info: NodeInfo, source: Source) -> None:
    """Refuse a node of another network: its numbers would be shown as those of this one.

    Args:
        info: who the node is.
        source: the network.

    Raises:
        SettingsError: it follows another L1.
    """
    if source.rpc.chain_id is not None and info.l1_chain_id != source.rpc.chain_id:
        raise SettingsError(
            "the Aztec node follows another chain than the Ethereum node",
            hint="give the Aztec node of this network, or leave it out",
            network=source.name,
            expected=source.rpc.chain_id,
            found=info.l1_chain_id,
        )


class _NodeReading:
    """Asks the node, for times of blocks once each."""

    def __init__(self, node: AztecNode, source: Source) -> None:
        self._node = node
        self._source = source
        self._times: dict[str, int] = {}

    def collect(self) -> Samples:
        node = self._node
        info = node.get_node_info()
        check_chain(info, self._source)
        try:
            tips, times = self._tips()
        except NotFoundError:  # pruned just then; what is there now, is asked for once more
            tips, times = self._tips()
        self._times = times
        return samples(
            NodeAnswers(
                info=info,
                tips=tips,
                times=times,
                peers=None if info.enr is None else self._peers(),
                says_ready=node.get_is_ready(),
                pending_transactions=node.get_pending_tx_count(),
            )
        )

    def _tips(self) -> tuple[ChainTips, dict[str, int]]:
        tips = self._node.get_tips()
        times: dict[str, int] = {}
        for block in _blocks(tips).values():
            if block.number > 0 and block.hash not in times:
                known = self._times.get(block.hash)
                times[block.hash] = (
                    self._node.get_block_header(block.hash).proposed_at if known is None else known
                )
        return tips, times

    def _peers(self) -> tuple[Peer, ...] | None:
        try:
            return self._node.get_peers(include_pending=True)
        except NodeRefused as refused:
            if refused.code != METHOD_NOT_FOUND:
                raise
            return None  # a gateway that passes this method on to nobody


def collector(node: AztecNode, source: Source, pace: Pace = NODE_PACE) -> Collector:
    """The collector.

    Args:
        node: its public port is asked.
        source: the network it should follow. Not asked for anything, so that the node is seen without L1, too.
        pace: how often.
    """
    return Collector(
        name="node",
        network=source.name,
        metrics=METRICS,
        interval_seconds=pace.interval_seconds,
        timeout_seconds=pace.timeout_seconds,
        collect=_NodeReading(node, source).collect,
    )
