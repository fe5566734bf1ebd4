"""A connection and the block that its questions are asked at: what all questions have in common."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from aztec_butler.clients.blocks import fetch_block, parse_block
from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.snapshot import Progress, Snapshot
from aztec_butler.core.errors import SettingsError
from aztec_butler.core.records import BlockStamp, Deployment
from aztec_butler.network.connection import Connection

if TYPE_CHECKING:
    import pandas as pd
    from web3 import Web3

    from aztec_butler.clients.aztec_node import AztecNode
    from aztec_butler.clients.contract_clients import ContractClients
    from aztec_butler.clients.web3_contracts import Web3Contracts


class PinnedNetwork:
    """One network, at the latest block or pinned to one.

    Attributes:
        block_name: the block that questions are asked at: a number, or ``latest``, ``safe``, ``finalized``.
    """

    def __init__(
        self, connection: Connection, block_name: int | str, pinned: tuple[Snapshot, int] | None = None
    ) -> None:
        self._connection = connection
        self.block_name = block_name
        self._pinned = pinned

    # -- blocks

    def at(self, block: int | str, *, progress: Progress | None = None) -> Self:
        """The same network pinned to a block: everything it reads is of that block and read once.

        Args:
            block: a number, a hash, or ``latest``, ``safe``, ``finalized``, resolved now.
            progress: told about long reads at this block, in place of what ``connect`` was given.

        Raises:
            InputError: no block's name.
            NotFoundError: the chain has no such block yet, or no longer.
            NodeError: the node failed.
        """
        pinned = self._look_at(parse_block(block), progress)
        return type(self)(self._connection, pinned[0].block.number, pinned)

    @property
    def block(self) -> BlockStamp:
        """The block that a question asked now is answered at."""
        return self.snapshot().block

    def snapshot(self, *, progress: Progress | None = None) -> Snapshot:
        """Everything at one block as records: what the tables are made of, without pandas.

        Args:
            progress: told about long reads, in place of what ``connect`` was given.
        """
        return self._look(progress)[0]

    def _look(self, progress: Progress | None = None) -> tuple[Snapshot, int]:
        """The block's snapshot, and the last block that is final."""
        return self._pinned or self._look_at(self.block_name, progress)

    def _look_at(self, block_name: int | str, progress: Progress | None = None) -> tuple[Snapshot, int]:
        block, finalized_number = fetch_block(self._connection.rpc, block_name)
        snapshot = Snapshot(
            self._connection.rpc,
            self._connection.multicall,
            self._connection.logs,
            discover=self._connection.discover,
            block=block,
            finalized_number=finalized_number,
            progress=progress or self._connection.progress,
        )
        return snapshot, finalized_number

    def _frame(self, snapshot: Snapshot, records: Sequence[Any], record_type: type) -> pd.DataFrame:
        from aztec_butler.notebook.frames import to_frame

        return to_frame(records, record_type, facts=self._facts(snapshot))

    def _facts(self, snapshot: Snapshot) -> dict[str, Any]:
        """What a table is of."""
        block, deployment = snapshot.block, snapshot.deployment
        canonical = next(state.rollup for state in snapshot.rollups if state.is_canonical)
        return {
            "network": self.name,
            "chain_id": deployment.chain_id,
            "rollup": canonical.address,
            "rollup_version": canonical.version,
            "block": block.number,
            "block_hash": block.hash,
            "block_timestamp": block.timestamp,
            "finalized": block.is_finalized,
            "first_block": deployment.first_block,
            "gaps": 0,
        }

    # -- what it is made of

    @property
    def name(self) -> str:
        """The preset's name."""
        return self._connection.settings.name

    @property
    def chain_id(self) -> int:
        """EIP-155 id of the chain."""
        return self._connection.settings.chain_id

    @property
    def deployment(self) -> Deployment:
        """The contracts of the network."""
        return self.snapshot().deployment

    @property
    def rpc(self) -> Rpc:
        """The door to the Ethereum node."""
        return self._connection.rpc

    @property
    def multicall(self) -> Multicall:
        """Many contract reads at one block, through the same door."""
        return self._connection.multicall

    @property
    def node(self) -> AztecNode:
        """The Aztec node.

        Raises:
            SettingsError: the network was connected without one.
        """
        if self._connection.node is None:
            raise SettingsError("this network has no Aztec node", hint='connect(..., l2="https://...")')
        return self._connection.node

    @cached_property
    def w3(self) -> Web3:
        """A web3 connection over the same door: its retries, failover and redaction."""
        from aztec_butler.clients.web3_provider import connect_web3

        return connect_web3(self._connection.rpc)

    @cached_property
    def clients(self) -> ContractClients:
        """Typed reads of the contracts known now: ``net.clients.gse.get_total_supply(block=net.block)``."""
        from aztec_butler.clients.contract_clients import ContractClients

        return ContractClients(self.multicall, self.deployment)

    @cached_property
    def contracts(self) -> Web3Contracts:
        """Ready web3 contract objects by role: ``net.contracts.rollup``, ``net.contracts.gse``, ..."""
        from aztec_butler.clients.web3_contracts import Web3Contracts

        return Web3Contracts(self.w3, self.deployment)

    def close(self) -> None:
        """Close the connections."""
        self._connection.rpc.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<Network {self.name} at block {self.block_name} through {', '.join(self.rpc.endpoint_names)}>"
        )
