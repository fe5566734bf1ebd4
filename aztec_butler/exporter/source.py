"""What the exporter needs of a connected network. ``network.Network`` has all of it; tests have less."""

from __future__ import annotations

from typing import Protocol

from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.snapshot import Snapshot


class Source(Protocol):
    """One network, read through an Ethereum node.

    Aztec nodes are not part of it: their collectors are given one each, and a network may have none.
    """

    @property
    def name(self) -> str:
        """Value of the label ``network``."""

    @property
    def rpc(self) -> Rpc:
        """The door to the Ethereum node."""

    @property
    def multicall(self) -> Multicall:
        """Many contract reads at one block, through the same door."""

    def snapshot(self) -> Snapshot:
        """Stake at the newest block, read as far as it is asked for."""
