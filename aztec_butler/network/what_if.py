"""What-ifs of a network: its entry queue played forward, its exits by date, and what one attester more would earn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from aztec_butler.clients.analysis_terms import fetch_governance_delay, fetch_reward_terms
from aztec_butler.core.activation_forecast import (
    ActivationForecast,
    FlushPace,
    flush_pace,
    forecast_activations,
)
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.exit_calendar import ExitDate, exit_calendar
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.history import Stake
from aztec_butler.core.marginal_reward import MarginalReward, marginal_reward
from aztec_butler.core.queue_what_if import (
    DAY_SECONDS,
    QueuePoint,
    QueueRun,
    QueueScenario,
    what_if_config,
)
from aztec_butler.core.time_steps import parse_step

if TYPE_CHECKING:
    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.core.records import RollupState
    from aztec_butler.network.connection import Connection

MOST_POINTS = 10_000
"""Of a scenario, in one answer."""

LATELY_SECONDS = 28 * DAY_SECONDS
"""How far back it is looked for how fast people deposit."""


class WhatIfRecords:
    """Answers about what might be as records, all of one block.

    Args:
        connection: to the network.
        snapshot: of the block.
    """

    def __init__(self, connection: Connection, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._connection = connection

    @cached_property
    def canonical(self) -> RollupState:
        """The canonical rollup."""
        return next(state for state in self.snapshot.rollups if state.is_canonical)

    @cached_property
    def clock(self) -> EpochClock:
        """The canonical rollup's clock."""
        return EpochClock.of(self.canonical.rollup)

    # -- the entry queue

    def queue(
        self,
        changes: Mapping[str, int | None],
        *,
        deposits_per_day: Fraction | None = None,
        exits_per_day: Fraction = Fraction(0),
        flushed_share: Fraction = Fraction(1),
        ahead: str | timedelta = "90d",
        step: str | timedelta = "1d",
        window: str | timedelta = "28d",
    ) -> tuple[QueuePoint, ...]:
        """The canonical rollup's queue as it is configured, and under another configuration.

        Args:
            changes: of the configuration, by field of ``QueueConfig``; None for what stays. Without any there is one
                scenario only.
            deposits_per_day: that join it; None for as many as lately.
            exits_per_day: attesters that leave the set.
            flushed_share: of the epochs, those in which somebody flushes.
            ahead: how far to look.
            step: between two rows.
            window: what "lately" is.

        Raises:
            InputError: a rate, share or number that cannot be, or too many rows; nothing was asked.
            NodeError: the node failed.
        """
        far, every, back = parse_step(ahead), parse_step(step), parse_step(window)
        if far // every > MOST_POINTS:
            raise InputError("so many steps are too many", steps=far // every, limit=MOST_POINTS)
        state = self.snapshot.state.queue_state(self.canonical)
        rate = self.deposits_per_day(back) if deposits_per_day is None else deposits_per_day
        configs = {"as configured": state.config}
        if any(value is not None for value in changes.values()):
            configs["what if"] = what_if_config(state.config, dict(changes))
        now_at = self.snapshot.block.timestamp
        points: list[QueuePoint] = []
        for name, config in configs.items():
            scenario = QueueScenario(
                name=name,
                config=config,
                deposits_per_day=rate,
                exits_per_day=exits_per_day,
                flushed_share=flushed_share,
            )
            run = QueueRun(state, scenario, clock=self.clock, now_at=now_at, failing=self._failing)
            points += run.points(range(now_at, now_at + far + 1, every))
        return tuple(points)

    def activations(
        self,
        *,
        deposits_per_day: Fraction = Fraction(0),
        exits_per_day: Fraction = Fraction(0),
        flushed_share: Fraction | None = None,
        window: str | timedelta = "28d",
    ) -> tuple[ActivationForecast, ...]:
        """When every deposit in the canonical rollup's queue is activated, at the earliest and as is to be expected.

        Args:
            deposits_per_day: that are expected to join.
            exits_per_day: attesters that are expected to leave the set.
            flushed_share: of the epochs, those in which somebody flushes; None for as many as lately.
            window: what "lately" is.

        Raises:
            InputError: a rate or share that cannot be.
            NodeError: the node failed.
        """
        back = parse_step(window)
        share = self.pace(back).share if flushed_share is None else flushed_share
        version = self.canonical.rollup.version
        entries = [each for each in self.snapshot.entry_queue() if each.rollup_version == version]
        return forecast_activations(
            entries,
            self.snapshot.state.queue_state(self.canonical),
            self.clock,
            now_at=self.snapshot.block.timestamp,
            flushed_share=share,
            deposits_per_day=deposits_per_day,
            exits_per_day=exits_per_day,
        )

    def deposits_per_day(self, window_seconds: int) -> Fraction:
        """How many deposits a day joined the canonical rollup's queue lately, or since the rollup began.

        Args:
            window_seconds: what "lately" is.

        Raises:
            NodeError: the node failed.
        """
        now_at = self.snapshot.block.timestamp
        begins_at = max(now_at - window_seconds, self.canonical.rollup.genesis_at)
        stays = self._stays(begins_at)
        joined = sum(joined_at >= begins_at for joined_at, _ in stays)
        return Fraction(joined * DAY_SECONDS, max(now_at - begins_at, 1))

    def pace(self, window_seconds: int) -> FlushPace:
        """How regularly the canonical rollup's queue was flushed lately.

        Args:
            window_seconds: what "lately" is.

        Raises:
            NodeError: the node failed.
        """
        now_at = self.snapshot.block.timestamp
        begins_at = max(now_at - window_seconds, self.canonical.rollup.genesis_at)
        return flush_pace(self._stays(begins_at), self.clock, begins_at=begins_at, now_at=now_at)

    def _stays(self, begins_at: int) -> list[tuple[int, int | None]]:
        """When deposits joined the queue and left it, of those that were in it at some time or later."""
        rollup = self.canonical.rollup.address
        stakes = [stake for stake in self.snapshot.history.stakes if stake.rollup == rollup]
        # The queue is a FIFO: those that left before some time stand before those that did not.
        first = self._first_left_since(stakes, begins_at)
        places = [place for stake in stakes[first:] for place in (stake.queued, stake.settled)]
        times = self.snapshot.times(places)
        return [
            (
                times[stake.queued.block_number],
                None if stake.settled is None else times[stake.settled.block_number],
            )
            for stake in stakes[first:]
        ]

    def _first_left_since(self, stakes: Sequence[Stake], begins_at: int) -> int:
        """The place of the first deposit that left the queue at a time or later, by halving."""
        low, high = 0, len(stakes)
        while low < high:
            middle = (low + high) // 2
            settled = stakes[middle].settled
            if settled is not None and self.snapshot.times([settled])[settled.block_number] < begins_at:
                low = middle + 1
            else:
                high = middle
        return low

    @cached_property
    def _failing(self) -> tuple[int, ...]:
        version = self.canonical.rollup.version
        return tuple(
            entry.position
            for entry in self.snapshot.entry_queue()
            if entry.rollup_version == version and entry.fails_because is not None
        )

    # -- exits

    def exits(self, leaving: Sequence[str] = ()) -> tuple[ExitDate, ...]:
        """Who may withdraw what when, the next one first.

        Args:
            leaving: attesters that are thought to leave in the block.

        Raises:
            InputError: what is no address, or one that is not in the set.
            NodeError: the node failed.
        """
        wanted = [parse_address(each) for each in leaving]
        delay = None
        if wanted:
            delay = fetch_governance_delay(
                self._connection.multicall, self.snapshot.deployment, self.snapshot.block
            )
        return exit_calendar(
            self.snapshot.state, self.snapshot.exits(), leaving=wanted, governance_delay_seconds=delay
        )

    # -- rewards

    def next_attester(
        self,
        *,
        provider_id: int | None = None,
        take_rate_bps: int | None = None,
        joining: int = 1,
        already_held: int = 0,
        proposed_share: Fraction = Fraction(1),
        window: str | timedelta = "365d",
    ) -> MarginalReward:
        """What attesters that join the canonical rollup would earn, on average.

        Args:
            provider_id: whose take rate of now counts.
            take_rate_bps: what a provider takes, in place of an id; 0 without either.
            joining: how many join.
            already_held: how many of those in the set belong to the same holder.
            proposed_share: part of the slots in which a checkpoint is proposed and later proven.
            window: of what time.

        Raises:
            InputError: both a provider and a rate, or what cannot be.
            NotFoundError: there is no provider with this id, or the rollup's rewards are not known.
            NodeError: the node failed.
        """
        seconds = parse_step(window)
        if provider_id is not None and take_rate_bps is not None:
            raise InputError("name a provider or a take rate, not both", provider_id=provider_id)
        if provider_id is not None:
            rates = {each.provider_id: each.take_rate_bps for each in self.snapshot.provider_configurations}
            if provider_id not in rates:
                raise NotFoundError("there is no provider with this id", provider_id=provider_id)
            take_rate_bps = rates[provider_id]
        terms = fetch_reward_terms(
            self._connection.multicall, self.snapshot.deployment, self.canonical, self.snapshot.block
        )
        return marginal_reward(
            terms,
            window_seconds=seconds,
            take_rate_bps=take_rate_bps or 0,
            joining=joining,
            already_held=already_held,
            proposed_share=proposed_share,
        )
