"""The logs that the staking history is replayed from, kept for as long as the connection lives.

Finalized logs never change, so those fetched once are not asked for again; the unfinalized tail is, every time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from aztec_butler.clients.logs import fetch_logs
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.history_events import StakingEvent, replayed
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import BlockStamp, Deployment

Progress = Callable[[int, int], None]


class StakingHistorySource(Protocol):
    """Where a snapshot has its history from."""

    def fetch(
        self,
        deployment: Deployment,
        block: BlockStamp,
        *,
        finalized_number: int,
        progress: Progress | None = None,
    ) -> Sequence[StakingEvent]:
        """Every event that the history needs up to and including a block, in chain order."""


class StakingLogs:
    """Every log that ``core.history_replay`` needs, from the deployment's first block on."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._lock = threading.Lock()
        self._kept: list[RawLog] = []
        self._kept_to: int | None = None
        self._kept_of: frozenset[str] = frozenset()

    def fetch(
        self,
        deployment: Deployment,
        block: BlockStamp,
        *,
        finalized_number: int,
        progress: Progress | None = None,
    ) -> list[RawLog]:
        """The logs up to and including a block, in chain order.

        Args:
            deployment: the contracts whose logs these are.
            block: the last block.
            finalized_number: up to where logs may be kept; -1 when nothing is known to be final.
            progress: told how many blocks are done, and of how many.

        Raises:
            NodeRefused: the block is not the one it was: the chain was reorganised meanwhile.
            NodeError: the node failed.
        """
        addresses = _addresses(deployment)
        with self._lock:
            if self._kept_of != frozenset(addresses):
                self._kept, self._kept_to, self._kept_of = [], None, frozenset(addresses)
            kept, kept_to = self._kept, self._kept_to
        if kept_to is not None and block.number <= kept_to:
            return [log for log in kept if log.block_number <= block.number]
        first_block = deployment.first_block if kept_to is None else kept_to + 1
        logs: list[RawLog] = []
        if first_block <= block.number:
            topics = {CONTRACTS[role].event(name).topic0 for role, name in replayed()}
            logs = fetch_logs(
                self._rpc,
                addresses=addresses,
                topics=[sorted(topics)],
                first_block=first_block,
                last_block=block.number,
                progress=progress,
            )
            if logs and logs[-1].block_number == block.number and logs[-1].block_hash != block.hash:
                raise NodeRefused(
                    "the chain was reorganised while it was read",
                    hint="ask again, or pin a finalized block",
                    retryable=True,
                    block=block.number,
                )
        self._keep(frozenset(addresses), kept_to, logs, min(finalized_number, block.number))
        return kept + logs

    def _keep(
        self, addresses: frozenset[str], after: int | None, logs: list[RawLog], last_block: int
    ) -> None:
        with self._lock:
            # Another thread may have kept the same or more in the meantime; then there is nothing to add.
            if (
                self._kept_of == addresses
                and self._kept_to == after
                and last_block > (after if after is not None else -1)
            ):
                self._kept = self._kept + [log for log in logs if log.block_number <= last_block]
                self._kept_to = last_block


def _addresses(deployment: Deployment) -> list[str]:
    addresses = [deployment.registry, deployment.gse, *(rollup.address for rollup in deployment.rollups)]
    if deployment.staking_registry is not None:
        addresses.append(deployment.staking_registry)
    return sorted(addresses)
