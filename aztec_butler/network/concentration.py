"""How a network's concentration is asked about: levels to holders, windows to times, events to the stake of then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aztec_butler.archive.holdings import HoldingsSeries, change_places
from aztec_butler.clients.analysis_terms import fetch_concentration_terms
from aztec_butler.clients.blocks import fetch_timestamps
from aztec_butler.core.block_cuts import BlockCuts
from aztec_butler.core.committee_odds import CommitteeOdds, committee_odds
from aztec_butler.core.concentration import Holdings
from aztec_butler.core.concentration_figures import (
    LARGEST,
    ConcentrationStep,
    ConcentrationTerms,
    Figure,
    Figures,
    concentration_step,
    figure_rows,
)
from aztec_butler.core.concentration_holders import Holder, group_stakes, holders_of, parse_bys
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import NotFoundError
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.marginal_reward import YEAR_SECONDS
from aztec_butler.core.staking_agreement import disagreement
from aztec_butler.core.time_steps import render_time

if TYPE_CHECKING:
    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.core.records import RollupState
    from aztec_butler.core.rows import Attester
    from aztec_butler.network.connection import Connection


class ConcentrationRecords:
    """Answers about concentration as records, all of one block.

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
    def terms(self) -> ConcentrationTerms:
        """The canonical rollup's sizes and quorums."""
        return fetch_concentration_terms(self._connection.multicall, self.canonical, self.snapshot.block)

    @cached_property
    def _validating(self) -> list[Attester]:
        return [row for row in self.snapshot.attesters() if row.lifecycle is Lifecycle.VALIDATING]

    @property
    def elsewhere(self) -> int:
        """Attesters in the set of another rollup: their stake counts, and decides nothing on the canonical one."""
        version = self.canonical.rollup.version
        return sum(row.rollup_version != version for row in self._validating)

    def holders(self, by: str | Iterable[str]) -> tuple[Holder, ...]:
        """Everyone that holds stake, the largest first, level by level.

        Raises:
            InputError: no such level.
        """
        return tuple(holder for each in parse_bys(by) for holder in holders_of(self._validating, each))

    def figures(self, by: str | Iterable[str]) -> tuple[Figure, ...]:
        """The figures of concentration, level by level.

        Raises:
            InputError: no such level.
            NotFoundError: nobody has any stake.
        """
        bys = parse_bys(by)
        if not self._validating:
            raise NotFoundError("nobody is validating, so there is no concentration")
        found: list[Figure] = []
        for each in bys:
            amounts = [stake_wei for _, stake_wei in group_stakes(self._validating, each).values()]
            figures = Figures.of(Holdings.of(amounts), self.terms.thresholds, LARGEST)
            found += figure_rows(each, figures, self.terms)
        return tuple(found)

    def odds(self, by: str | Iterable[str]) -> tuple[CommitteeOdds, ...]:
        """How likely each holder decides about committees of the canonical rollup, level by level.

        Raises:
            InputError: no such level, or the set is smaller than a committee.
            NotFoundError: the rollup has no committees.
        """
        bys = parse_bys(by)
        rollup = self.canonical.rollup
        size = self.terms.committee_size
        if size is None:
            raise NotFoundError("the rollup has no committees", rollup=rollup.address)
        here = [row for row in self._validating if row.rollup_version == rollup.version]
        return tuple(
            odds
            for each in bys
            for odds in committee_odds(
                here,
                each,
                committee_size=size,
                epochs_in_a_year=YEAR_SECONDS // EpochClock.of(rollup).epoch_seconds,
            )
        )

    def history(
        self, window: Any, step: str | timedelta | None, by: str | Iterable[str]
    ) -> tuple[ConcentrationStep, ...]:
        """How concentrated stake was at the end of each step, level by level.

        Raises:
            InputError: no window, step or level, or too many steps; nothing was read.
            NotFoundError: the window ends after the block.
            NodeRefused: the logs do not agree with the contracts at some step.
            NodeError: the node failed.
        """
        bys = parse_bys(by)
        steps = self.snapshot.history_steps(window, step)
        history = self.snapshot.state.whereabouts.history
        times = [each.ends_at for each in steps]
        series = HoldingsSeries.of(history, self._cuts(times))
        counts = series.attester_counts()
        rows = []
        for each in bys:
            found = series.figures(each, self.terms.thresholds, LARGEST)
            for told, figures, count in zip(steps, found, counts, strict=True):
                stake_wei = 0 if figures is None else figures.total
                if (told.attesters, told.stake_wei) != (count, stake_wei):
                    raise disagreement(
                        {"time": render_time(told.ends_at)},
                        attesters=(told.attesters, count),
                        stake_wei=(told.stake_wei, stake_wei),
                    )
                rows.append(
                    concentration_step(told.ends_at, each, figures, attesters=count, terms=self.terms)
                )
        return tuple(rows)

    def _cuts(self, times: list[int]) -> list[int]:
        """For each time the last block of then in which stake changed."""
        block = self.snapshot.block
        known, blocks = {block.number: block.timestamp}, set()
        for place in change_places(self.snapshot.history):
            blocks.add(place.block_number)
            if place.block_timestamp:  # some nodes say 0 where they do not know
                known[place.block_number] = place.block_timestamp
        search = BlockCuts(times, blocks, known)
        while wanted := search.wanted():
            search.tell(fetch_timestamps(self._connection.rpc, wanted))
        return search.cuts()
