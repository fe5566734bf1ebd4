"""What the watcher needs of a connected network. ``network.Network`` has all of it; tests have less."""

from __future__ import annotations

from typing import Protocol

from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.snapshot import Snapshot


class Pinned(Protocol):
    """A network at one block."""

    def snapshot(self) -> Snapshot:
        """Stake at the block, read as far as it is asked for."""


class Source(Protocol):
    """One network, read through an Ethereum node. The Aztec node is no part of it, and there need not be one."""

    @property
    def name(self) -> str:
        """Of the network."""

    @property
    def rpc(self) -> Rpc:
        """The door to the Ethereum node."""

    @property
    def multicall(self) -> Multicall:
        """Many contract reads at one block, through the same door."""

    def at(self, block: int | str) -> Pinned:
        """The network pinned to a block: a number, a hash, or ``latest``, ``safe``, ``finalized``."""
