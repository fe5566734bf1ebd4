"""What would be if: the entry queue, exits, and one attester more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from aztec_butler.core.fractions_written import parse_fraction
from aztec_butler.network.pinned import PinnedNetwork

if TYPE_CHECKING:
    import pandas as pd

    from aztec_butler.core.marginal_reward import MarginalReward
    from aztec_butler.network.what_if import WhatIfRecords

Number = str | int | float | Fraction


class WhatIfQuestions(PinnedNetwork):
    """The part of ``Network`` that answers what would be if."""

    def queue_what_if(
        self,
        *,
        bootstrap_validator_set_size: int | None = None,
        bootstrap_flush_size: int | None = None,
        normal_flush_size_min: int | None = None,
        normal_flush_size_quotient: int | None = None,
        max_queue_flush_size: int | None = None,
        deposits_per_day: Number | None = None,
        exits_per_day: Number = 0,
        flushed_share: Number = 1,
        ahead: str | timedelta = "90d",
        step: str | timedelta = "1d",
    ) -> pd.DataFrame:
        """The canonical rollup's entry queue played forward, as it is configured and under another configuration.

        Args:
            bootstrap_validator_set_size: of the other configuration, as all that follow; None for what stays.
            bootstrap_flush_size: deposits per epoch until the set has that size.
            normal_flush_size_min: deposits per epoch after that, at least.
            normal_flush_size_quotient: one deposit per epoch for so many active attesters.
            max_queue_flush_size: deposits per epoch, at most.
            deposits_per_day: that join the queue; None for as many as in the last 28 days, or since the rollup began.
            exits_per_day: attesters that leave the set.
            flushed_share: of the epochs, those in which somebody flushes.
            ahead: how far to look.
            step: between two rows.

        Returns:
            One row per step and scenario (``as configured``, and ``what if`` where anything is changed). Columns:
            ``core.queue_what_if.QueuePoint``; ``wait_seconds`` is what a deposit made then waits. ``attrs`` has what was
            assumed of both: ``deposits_per_day``, ``exits_per_day``, ``flushed_share``.

        Raises:
            InputError: a number, rate or share that cannot be; nothing was asked.
            NodeError: the node failed.
        """
        from aztec_butler.core.queue_what_if import QueuePoint
        from aztec_butler.network.what_if import LATELY_SECONDS

        rate = None if deposits_per_day is None else parse_fraction(deposits_per_day)
        exits, share = parse_fraction(exits_per_day), parse_fraction(flushed_share)
        records = self.what_if_records()
        if rate is None:
            rate = records.deposits_per_day(LATELY_SECONDS)
        rows = records.queue(
            {
                "bootstrap_validator_set_size": bootstrap_validator_set_size,
                "bootstrap_flush_size": bootstrap_flush_size,
                "normal_flush_size_min": normal_flush_size_min,
                "normal_flush_size_quotient": normal_flush_size_quotient,
                "max_queue_flush_size": max_queue_flush_size,
            },
            deposits_per_day=rate,
            exits_per_day=exits,
            flushed_share=share,
            ahead=ahead,
            step=step,
        )
        frame = self._frame(records.snapshot, rows, QueuePoint)
        frame.attrs |= {
            "deposits_per_day": float(rate),
            "exits_per_day": float(exits),
            "flushed_share": float(share),
        }
        return frame

    def activation_forecast(
        self,
        *,
        deposits_per_day: Number = 0,
        exits_per_day: Number = 0,
        flushed_share: Number | None = None,
    ) -> pd.DataFrame:
        """When each deposit in the canonical rollup's queue is activated: at the earliest, and as is to be expected.

        Args:
            deposits_per_day: that are expected: they delay nobody, but begin a queue that waits for deposits.
            exits_per_day: attesters that are expected to leave: a smaller set lets fewer in.
            flushed_share: of the epochs, those in which somebody flushes; None for as many as in the last 28 days, of
                those in which somebody waited.

        Returns:
            One row per deposit, in queue order. Columns: ``core.activation_forecast.ActivationForecast``.

        Raises:
            InputError: a rate or share that cannot be; nothing was asked.
            NodeError: the node failed.
        """
        from aztec_butler.core.activation_forecast import ActivationForecast

        deposits, exits = parse_fraction(deposits_per_day), parse_fraction(exits_per_day)
        share = None if flushed_share is None else parse_fraction(flushed_share)
        records = self.what_if_records()
        rows = records.activations(deposits_per_day=deposits, exits_per_day=exits, flushed_share=share)
        return self._frame(records.snapshot, rows, ActivationForecast)

    def exit_calendar(self, leaving: str | Iterable[str] = ()) -> pd.DataFrame:
        """Who may withdraw what when: every exit that is not paid, the next one first.

        Args:
            leaving: attesters in the set, any case, that are thought to leave in the network's block.

        Returns:
            One row per exit. Columns: ``core.exit_calendar.ExitDate``.

        Raises:
            InputError: what is no address, or one that is not in the set.
            NodeError: the node failed.
        """
        from aztec_butler.core.exit_calendar import ExitDate

        wanted = [leaving] if isinstance(leaving, str) else list(leaving)
        records = self.what_if_records()
        return self._frame(records.snapshot, records.exits(wanted), ExitDate)

    def next_attester_reward(
        self,
        *,
        provider_id: int | None = None,
        take_rate_bps: int | None = None,
        joining: int = 1,
        already_held: int = 0,
        proposed_share: Number = 1,
        window: str | timedelta = "365d",
    ) -> MarginalReward:
        """What one attester more would earn on the canonical rollup, on average and after the commission.

        Args:
            provider_id: whose take rate of now counts.
            take_rate_bps: what a provider takes, in place of an id; nothing without either.
            joining: how many join.
            already_held: how many of those in the set belong to the same holder, and earn less then.
            proposed_share: part of the slots in which a checkpoint is proposed and later proven.
            window: of what time.

        Raises:
            InputError: both a provider and a rate, or what cannot be.
            NotFoundError: there is no provider with this id, or the rollup's rewards are not known.
            NodeError: the node failed.
        """
        share = parse_fraction(proposed_share)
        return self.what_if_records().next_attester(
            provider_id=provider_id,
            take_rate_bps=take_rate_bps,
            joining=joining,
            already_held=already_held,
            proposed_share=share,
            window=window,
        )

    def what_if_records(self) -> WhatIfRecords:
        """Answers about what might be as records, at the network's block."""
        from aztec_butler.network.what_if import WhatIfRecords

        return WhatIfRecords(self._connection, self.snapshot())
