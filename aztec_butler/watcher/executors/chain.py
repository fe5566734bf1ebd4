"""The chain as executors look at it: its head, and the block up to which nothing of it will be undone."""

from __future__ import annotations

from typing import Protocol

import attrs

from aztec_butler.clients.blocks import fetch_block
from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.records import BlockStamp, Deployment


class Source(Protocol):
    """One network, read through an Ethereum node. ``network.Network`` has all of it; tests have less."""

    @property
    def rpc(self) -> Rpc:
        """The door to the Ethereum node."""

    @property
    def multicall(self) -> Multicall:
        """Many contract reads at one block, through the same door."""

    def snapshot(self) -> Snapshot:
        """The newest block, with the contracts as of it."""


@attrs.frozen(kw_only=True)
class Heads:
    """How far the chain is.

    Args:
        head: the newest block.
        settled: the newest one that will stay; the head itself where no confirmations are asked for.
        deployment: the contracts, as of the head.
    """

    head: BlockStamp
    settled: BlockStamp
    deployment: Deployment


class Chain:
    """What is read of the chain.

    Args:
        source: the network.
        confirmations: blocks behind the head that count as settled; None for the chain's own finality.
    """

    def __init__(self, source: Source, *, confirmations: int | None = None) -> None:
        self._source = source
        self._confirmations = confirmations

    @property
    def rpc(self) -> Rpc:
        """The door to the Ethereum node."""
        return self._source.rpc

    @property
    def multicall(self) -> Multicall:
        """Many contract reads at one block, through the same door."""
        return self._source.multicall

    def heads(self) -> Heads:
        """How far the chain is now.

        Raises:
            NotFoundError: the chain knows no finality, and no confirmations were set.
            NodeError: the node failed.
        """
        snapshot = self._source.snapshot()
        head, confirmations = snapshot.block, self._confirmations
        if confirmations == 0:
            settled = head
        else:
            name = "finalized" if confirmations is None else max(0, head.number - confirmations)
            settled, _ = fetch_block(self.rpc, name)
        return Heads(head=head, settled=settled, deployment=snapshot.deployment)
