"""One network and its questions; every answer is of one block."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from aztec_butler.clients.blocks import fetch_block, parse_block
from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.snapshot import Progress, Snapshot
from aztec_butler.core.errors import InputError, SettingsError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.records import BlockStamp, Deployment
from aztec_butler.network.connection import Connection
from aztec_butler.network.operator_questions import OperatorQuestions

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from web3 import Web3

    from aztec_butler.clients.aztec_node import AztecNode
    from aztec_butler.clients.contract_clients import ContractClients
    from aztec_butler.clients.filled_calldata import FilledCalldata
    from aztec_butler.clients.web3_contracts import Web3Contracts
    from aztec_butler.core.calls import Call
    from aztec_butler.core.simulation import Simulation


class Network(OperatorQuestions):
    """One network, at the latest block or pinned to one; ``connect`` makes it.

    Attributes:
        block_name: the block that questions are asked at: a number, or ``latest``, ``safe``, ``finalized``.
    """

    def __init__(self, connection: Connection, block_name: int | str) -> None:
        self._connection = connection
        self.block_name = block_name
        self._pinned: tuple[Snapshot, int] | None = None

    # -- tables

    def attesters(self) -> pd.DataFrame:
        """Everyone that the staking contracts know.

        Returns:
            One row per attester that is or was staked, queued or listed by a provider, in the order of first
            appearance. Columns: ``core.rows.Attester``, amounts in wei (exact) and AZTEC (for plots).
        """
        from aztec_butler.core.rows import Attester

        snapshot = self.snapshot()
        return self._frame(snapshot, snapshot.attesters(), Attester)

    def entry_queue(self) -> pd.DataFrame:
        """Who waits for activation, and since the queue is a FIFO, until when at the earliest.

        Returns:
            One row per queued deposit in queue order, the canonical rollup's queue first. Columns:
            ``core.rows.QueueEntry``.
        """
        from aztec_butler.core.rows import QueueEntry

        snapshot = self.snapshot()
        return self._frame(snapshot, snapshot.entry_queue(), QueueEntry)

    def providers(self) -> pd.DataFrame:
        """Operators, with their keys, delegations and share of the stake.

        Returns:
            One row per provider, by id. Columns: ``core.rows.Provider``.
        """
        from aztec_butler.core.rows import Provider

        snapshot = self.snapshot()
        return self._frame(snapshot, snapshot.providers(), Provider)

    def delegations(self) -> pd.DataFrame:
        """Stakes with providers, with the take rate fixed in each split.

        Returns:
            One row per stake with a provider, in the order in which they were made. Columns:
            ``core.rows.Delegation``.
        """
        from aztec_butler.core.rows import Delegation

        snapshot = self.snapshot()
        return self._frame(snapshot, snapshot.delegations(), Delegation)

    def exits(self) -> pd.DataFrame:
        """Who leaves or left, and when the money can be had.

        Returns:
            One row per exit, in the order in which they began. Columns: ``core.rows.Exit``; ``withdrawable_at`` is
            the later of the rollup's and Governance's delays.
        """
        from aztec_butler.core.rows import Exit

        snapshot = self.snapshot()
        return self._frame(snapshot, snapshot.exits(), Exit)

    def slashings(self) -> pd.DataFrame:
        """Slashes, and how far each slashed attester is from ejection now.

        Returns:
            One row per slash, in chain order. Columns: ``core.rows.Slashing``.
        """
        from aztec_butler.core.rows import Slashing

        snapshot = self.snapshot()
        return self._frame(snapshot, snapshot.slashings(), Slashing)

    def history(
        self,
        window: str | int | date | timedelta | Sequence[str | int | date | timedelta | None] = "7d",
        step: str | timedelta | None = None,
    ) -> pd.DataFrame:
        """Set size, stake, queue, exits and slashes over time, without an archive node.

        The contracts remember set sizes and stake by timestamp, so all of them are asked at the network's block. The
        rest is counted from events; where both know something they are compared at every step.

        >>> net.history("30d", "1d").plot("ends_at", "canonical_attesters")  # doctest: +SKIP

        Args:
            window: a duration back from the network's block (``7d``); a time or block, from which on; a pair of them, of
                which the last may be a duration; ``all``. Of a duration and of ``all`` the first step is a whole one.
            step: its length (``1h``, ``1d``, ``1w``); steps lie on whole multiples in UTC, weeks begin on Monday. None
                for one that gives up to 200 rows.

        Returns:
            One row per step, in order; the last one ends with the window. Columns: ``core.rows.HistoryStep``: what stood
            at the step's end, over all rollups and on the canonical one, and what happened in it.

        Raises:
            InputError: no window or step, or too many steps.
            NotFoundError: the window ends after the network's block.
            NodeRefused: the logs do not agree with the contracts at some step.
            NodeError: the node failed.
        """
        from aztec_butler.core.rows import HistoryStep

        snapshot = self.snapshot()
        return self._frame(snapshot, snapshot.history_steps(window, step), HistoryStep)

    def lifecycle(self, attesters: str | Sequence[str]) -> pd.DataFrame:
        """Where each address stands, from never registered to exited.

        Args:
            attesters: one address or several, any case.

        Returns:
            One row per address, in the order given. Columns: ``core.rows.LifecycleAnswer``.

        Raises:
            InputError: one of them is no address; nothing was asked.
        """
        from aztec_butler.core.rows import LifecycleAnswer

        asked = [parse_address(attester) for attester in _several(attesters)]
        snapshot = self.snapshot()
        return self._frame(snapshot, snapshot.lifecycle(asked), LifecycleAnswer)

    # -- calls to sign

    @property
    def calldata(self) -> FilledCalldata:
        """The builders of ``aztec_butler.calldata``, with addresses and present terms filled in from the chain."""
        from aztec_butler.clients.filled_calldata import FilledCalldata

        snapshot = self.snapshot()
        return FilledCalldata(self.rpc, self.multicall, snapshot.deployment, snapshot.block)

    def simulate(self, calls: Call | Sequence[Call], *, sender: str, at: int | None = None) -> Simulation:
        """What calls would do, run in order on the state of the block; nothing is sent.

        Args:
            calls: one call or several.
            sender: who would send them: an account or a Safe.
            at: Unix seconds of the block they would be in; one slot after the network's block by default.

        Returns:
            For each call gas, events and balance changes, or why it reverts; ``print`` shows it.

        Raises:
            InputError: no calls, or a time before the block's.
            RevertError: the sender does not have the ether that a call sends along.
            NodeError: the node failed.
        """
        from aztec_butler.clients.simulation import simulate
        from aztec_butler.core.calls import Call
        from aztec_butler.core.simulation import roles_of

        snapshot = self.snapshot()
        return simulate(
            self.rpc,
            [calls] if isinstance(calls, Call) else calls,
            sender=sender,
            block=snapshot.block,
            at=at,
            roles=roles_of(snapshot.deployment),
        )

    # -- events

    @overload
    def events(
        self,
        names: str | Sequence[str] = "staking",
        first_block: int | str | date | timedelta | None = None,
        last_block: int | str | date | timedelta | None = None,
        *,
        arrow: Literal[False] = False,
        contracts: Mapping[str, str] | None = None,
    ) -> pd.DataFrame: ...

    @overload
    def events(
        self,
        names: str | Sequence[str] = "staking",
        first_block: int | str | date | timedelta | None = None,
        last_block: int | str | date | timedelta | None = None,
        *,
        arrow: Literal[True],
        contracts: Mapping[str, str] | None = None,
    ) -> pa.Table: ...

    def events(
        self,
        names: str | Sequence[str] = "staking",
        first_block: int | str | date | timedelta | None = None,
        last_block: int | str | date | timedelta | None = None,
        *,
        arrow: bool = False,
        contracts: Mapping[str, str] | None = None,
    ) -> pd.DataFrame | pa.Table:
        """Decoded events of every version of the contracts, from the disk as far as they are there.

        Final blocks are read from a node once and kept; see ``connect(event_store=...)``.

        >>> net.events("Slashed")  # doctest: +SKIP
        >>> net.events(["Deposit", "StakedWithProvider"], "2026-06-01", "7d")  # doctest: +SKIP

        Args:
            names: events by their name in Solidity (of every contract that has one), or by the name of their record
                (``GseDeposit``); ``staking`` for all that matter for stake, see ``core.event_kinds``.
            first_block: where to begin: a block, a time (the first block at or after it), or a distance back from the
                end, like ``7d``. None for the network's first block.
            last_block: where to end: a block, a time (the last block at or before it), or a distance from the beginning.
                None for the network's block.
            arrow: return a ``pyarrow.Table``, for large results; what a frame has in ``attrs`` is JSON in its schema's
                metadata, as ``aztec_butler``.
            contracts: contracts that nothing leads to from the Registry, as role by address.

        Returns:
            One row per event, in the order of the chain. Columns: ``event``, its place on the chain with ``block_time``,
            then the values of all kinds of events that were asked for, see ``archive.union``; amounts in wei (exact) and
            AZTEC (for plots). The same columns and dtypes when there is no row.

        Raises:
            InputError: an unknown event, or no range; nothing was asked.
            NotFoundError: the range reaches behind the network's block.
            CheckFailed: what is on the disk is of another chain.
            NodeError: the node failed.
        """
        from aztec_butler.network.events import EventQuestion, read_events

        question = EventQuestion.of(names, first_block, last_block, contracts)
        snapshot, finalized_number = self._look()
        found = read_events(self._connection, snapshot, finalized_number, question)
        facts = self._facts(snapshot) | {
            "first_block": found.first_block,
            "last_block": found.last_block,
            "events": tuple(kind.record for kind in question.kinds),
        }
        if arrow:
            return found.table.replace_schema_metadata({"aztec_butler": json.dumps(facts)})
        from aztec_butler.notebook.event_frames import to_event_frame

        return to_event_frame(found.table, facts=facts)

    # -- blocks

    def at(self, block: int | str) -> Network:
        """The same network pinned to a block: everything it reads is of that block and read once.

        Args:
            block: a number, a hash, or ``latest``, ``safe``, ``finalized``, resolved now.

        Raises:
            InputError: no block's name.
            NotFoundError: the chain has no such block yet, or no longer.
            NodeError: the node failed.
        """
        pinned = Network(self._connection, parse_block(block))
        pinned._pinned = pinned._look()
        pinned.block_name = pinned.block.number
        return pinned

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
        if self._pinned is not None:
            return self._pinned
        block, finalized_number = fetch_block(self._connection.rpc, self.block_name)
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


def _several(attesters: str | Sequence[str]) -> Sequence[str]:
    if isinstance(attesters, str):
        return [attesters]
    asked = list(attesters)
    if not asked:
        raise InputError("there is no address to look up")
    return asked
