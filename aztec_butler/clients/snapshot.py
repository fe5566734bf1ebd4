"""Everything about stake at one block, read in few round trips.

A snapshot reads each part when it is first needed and keeps it: its block never changes, so neither do the answers.
What the parts mean is decided in ``core.staking_state``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from aztec_butler.clients.blocks import fetch_timestamps
from aztec_butler.clients.header import Discover, Header, fetch_header
from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.splits import fetch_split_parameters
from aztec_butler.clients.staking_logs import StakingHistorySource
from aztec_butler.clients.staking_series import fetch_boundaries, fetch_history_steps
from aztec_butler.core.contracts import GOVERNANCE, ROLLUP, STAKING_REGISTRY
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.history import Place, StakingHistory
from aztec_butler.core.history_replay import replay
from aztec_butler.core.records import BlockStamp, Deployment, ProviderConfiguration, RollupState
from aztec_butler.core.rows import (
    Attester,
    Delegation,
    Exit,
    HistoryStep,
    LifecycleAnswer,
    Provider,
    QueueEntry,
    Slashing,
)
from aztec_butler.core.staking_state import StakingState
from aztec_butler.core.staking_tables import delegation_rows, exit_rows, slashing_rows
from aztec_butler.core.time_steps import parse_step, parse_window
from aztec_butler.core.views import (
    decode_attester_view,
    decode_governance_withdrawal,
    decode_provider,
    decode_queued_deposit,
)
from aztec_butler.core.whereabouts import Whereabouts

Progress = Callable[[int, int, str], None]
"""Told how much is done, of how much, and what is being read."""


class Snapshot:
    """Stake at one block.

    Args:
        rpc: the door to the node.
        multicall: reads of contracts, through the same door.
        logs: the logs of this connection.
        discover: finds the deployment; asked again when the Registry turns out to have grown.
        block: the block.
        finalized_number: the last finalized block; -1 when the chain knows none.
        progress: told about long reads.
    """

    def __init__(
        self,
        rpc: Rpc,
        multicall: Multicall,
        logs: StakingHistorySource,
        *,
        discover: Discover,
        block: BlockStamp,
        finalized_number: int,
        progress: Progress | None = None,
    ) -> None:
        self.block = block
        self._rpc = rpc
        self._multicall = multicall
        self._logs = logs
        self._discover = discover
        self._finalized_number = finalized_number
        self._progress = progress

    # -- tables

    def attesters(self) -> tuple[Attester, ...]:
        """Everyone that the contracts know: in the set, in a queue, listed by a provider, leaving or gone."""
        return self.state.attesters()

    def entry_queue(self) -> tuple[QueueEntry, ...]:
        """Every queued deposit, the canonical rollup's first, in queue order."""
        return self.state.entry_queue()

    def providers(self) -> tuple[Provider, ...]:
        """Every provider, by id."""
        return self.state.provider_rows()

    def delegations(self) -> tuple[Delegation, ...]:
        """Every stake with a provider, in the order in which they were made."""
        delegated = self.history.delegations
        splits = fetch_split_parameters(self._rpc, self.deployment, delegated, self.block)
        settled = (stake.settled for stake in self.history.stakes if stake.delegated is not None)
        times = self.times([*(item.log for item in delegated), *settled])
        return delegation_rows(self.state, splits, times)

    def exits(self) -> tuple[Exit, ...]:
        """Every exit, in the order in which they began."""
        ids = sorted({view.exit.withdrawal_id for view in self.state.views.values() if view.exit is not None})
        function = GOVERNANCE.function("getWithdrawal")
        values = self._read(
            [Read(self.deployment.governance, function, (number,)) for number in ids], "exits"
        )
        withdrawals = {
            number: decode_governance_withdrawal(number, value)
            for number, value in zip(ids, values, strict=True)
        }
        left = self.history.departures
        times = self.times([*(each.initiated for each in left), *(each.finalized for each in left)])
        return exit_rows(self.state, withdrawals, times)

    def slashings(self) -> tuple[Slashing, ...]:
        """Every slash, in chain order."""
        return slashing_rows(self.state, self.times(slash.log for slash in self.history.slashes))

    def history_steps(
        self, window: Any = "7d", step: str | timedelta | None = None
    ) -> tuple[HistoryStep, ...]:
        """Stake over time, step by step up to the block.

        Args:
            window: as ``core.time_steps.parse_window`` takes it.
            step: as ``core.time_steps.parse_step`` takes it; None for one that suits the window.

        Raises:
            InputError: no window or step, or too many steps; nothing was read.
            NotFoundError: the window ends after the block.
            NodeRefused: the logs do not agree with the contracts at some boundary.
        """
        wanted = parse_window(window)
        seconds = None if step is None else parse_step(step)
        times = fetch_boundaries(
            self._rpc, wanted, seconds, first_block=self.deployment.first_block, block=self.block
        )
        return fetch_history_steps(
            self._rpc,
            self._multicall,
            self.state.whereabouts.history,  # of a state that was found to agree with the views of now
            self.deployment,
            times,
            block=self.block,
            progress=self._about("history"),
        )

    def lifecycle(self, attesters: Sequence[str]) -> tuple[LifecycleAnswer, ...]:
        """Where each address stands, in the order asked.

        Raises:
            InputError: one of them is no address; nothing was read.
        """
        asked = [parse_address(attester) for attester in attesters]
        known = set(self.state.known_attesters)
        strangers = list(dict.fromkeys(attester for attester in asked if attester not in known))
        views = self._read([self._view(attester) for attester in strangers], "attesters")
        seen = {attester: decode_attester_view(view) for attester, view in zip(strangers, views, strict=True)}
        return self.state.lifecycles(asked, seen)

    # -- parts, each read once

    @property
    def deployment(self) -> Deployment:
        """The contracts of the network."""
        return self._header.deployment

    @property
    def rollups(self) -> tuple[RollupState, ...]:
        """Every rollup at the block, in the order in which they became canonical."""
        return self._header.rollups

    @cached_property
    def _header(self) -> Header:
        """What every question begins with."""
        return fetch_header(self._multicall, self._discover, self.block, progress=self._about("rollups"))

    @cached_property
    def provider_configurations(self) -> tuple[ProviderConfiguration, ...]:
        """Every provider, by id."""
        names = ("providerConfigurations", "providerQueues")
        values = self._read(
            [
                Read(str(self.deployment.staking_registry), STAKING_REGISTRY.function(name), (provider_id,))
                for provider_id in range(1, self._header.provider_count + 1)
                for name in names
            ],
            "providers",
        )
        pairs = zip(values[::2], values[1::2], strict=True)
        return tuple(
            decode_provider(provider_id, configuration, queue)
            for provider_id, (configuration, queue) in enumerate(pairs, start=1)
        )

    @cached_property
    def history(self) -> StakingHistory:
        """The replayed events up to the block."""
        logs = self._logs.fetch(
            self.deployment,
            self.block,
            finalized_number=self._finalized_number,
            progress=self._about("blocks of logs"),
        )
        thresholds = {state.rollup.address: state.local_ejection_threshold_wei for state in self.rollups}
        return replay(logs, self.deployment, thresholds)

    @cached_property
    def _whereabouts(self) -> Whereabouts:
        latest = next(state.rollup.address for state in self.rollups if state.is_latest_in_gse)
        return Whereabouts(deployment=self.deployment, latest_rollup=latest, history=self.history)

    @cached_property
    def state(self) -> StakingState:
        """Everything together, checked."""
        places = [(state.rollup, place) for state in self.rollups for place in range(state.queued_count)]
        staked = tuple(self._whereabouts.stakes)
        reads = [self._view(attester) for attester in staked]
        reads += [
            Read(rollup.address, ROLLUP.function("getEntryQueueAt"), (place,)) for rollup, place in places
        ]
        values = iter(self._read(reads, "attesters"))
        views = {attester: decode_attester_view(next(values)) for attester in staked}
        deposits = [(rollup.address, decode_queued_deposit(place, next(values))) for rollup, place in places]
        return StakingState(
            block=self.block,
            deployment=self.deployment,
            rollups=self.rollups,
            queues={
                state.rollup.address: tuple(
                    deposit for rollup, deposit in deposits if rollup == state.rollup.address
                )
                for state in self.rollups
            },
            providers=self.provider_configurations,
            whereabouts=self._whereabouts,
            views=views,
        )

    # -- how they are read

    def _view(self, attester: str) -> Read:
        return Read(self._whereabouts.home(attester), ROLLUP.function("getAttesterView"), (attester,))

    def _read(self, reads: Sequence[Read], what: str) -> list[Any]:
        return self._multicall.read(reads, self.block, progress=self._about(what))

    def times(self, places: Iterable[Place | None]) -> dict[int, int]:
        """Unix seconds of every block that is named, asked for only where the logs do not tell them.

        Args:
            places: on the chain; None for what did not happen.

        Raises:
            NodeError: the node failed.
        """
        times: dict[int, int] = {}
        unknown: set[int] = set()
        for place in places:
            if place is None:
                continue
            if place.block_timestamp:
                times[place.block_number] = place.block_timestamp
            else:  # some nodes say 0 where they do not know
                unknown.add(place.block_number)
        return times | fetch_timestamps(self._rpc, unknown - times.keys())

    def _about(self, what: str) -> Callable[[int, int], None] | None:
        progress = self._progress
        return None if progress is None else lambda done, total: progress(done, total, what)
