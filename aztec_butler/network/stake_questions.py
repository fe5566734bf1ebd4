"""What people ask about stake: one table for each question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.network.pinned import PinnedNetwork

if TYPE_CHECKING:
    import pandas as pd


class StakeQuestions(PinnedNetwork):
    """The part of ``Network`` that answers about stake."""

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


def _several(attesters: str | Sequence[str]) -> Sequence[str]:
    if isinstance(attesters, str):
        return [attesters]
    asked = list(attesters)
    if not asked:
        raise InputError("there is no address to look up")
    return asked
