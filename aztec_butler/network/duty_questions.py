"""What people ask about duties: who is to propose, who did, who will, and what stakers are paid for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from aztec_butler.core.hexes import parse_address
from aztec_butler.core.time_steps import parse_step
from aztec_butler.network.pinned import PinnedNetwork

if TYPE_CHECKING:
    import pandas as pd

    from aztec_butler.core.payouts_record import PayoutRecord
    from aztec_butler.network.duty import Duties
    from aztec_butler.network.payouts import Payouts


def _seconds(window: str | int | timedelta) -> int:
    return parse_step(timedelta(seconds=window) if isinstance(window, int) else window)


class DutyQuestions(PinnedNetwork):
    """The part of ``Network`` that answers about duties."""

    def committees(
        self,
        first_epoch: int | None = None,
        last_epoch: int | None = None,
        *,
        rollup_version: int | None = None,
    ) -> pd.DataFrame:
        """Who sits in the committees of some epochs, of the past as well; needs no archive node.

        Args:
            first_epoch: where to begin; None for the present epoch.
            last_epoch: where to end; None for ``first_epoch``, and without that for the last epoch whose committee is
                known, which may still change: ``duty_forecast`` tells.
            rollup_version: whose epochs; None for the canonical rollup's.

        Returns:
            One row per seat, by epoch and position. Columns: ``core.committees.CommitteeSeat``. An epoch without a
            committee, because the set was too small, has no row and stands in ``attrs["empty_epochs"]``.

        Raises:
            InputError: no range, or an epoch whose committee is not drawn yet.
            NotFoundError: there is no rollup of this version.
            NodeError: the node failed.
        """
        from aztec_butler.core.committees import CommitteeSeat

        duties = self.duty_records()
        seats, empty = duties.seats(first_epoch, last_epoch, rollup_version)
        frame = self._frame(duties.snapshot, seats, CommitteeSeat)
        frame.attrs["empty_epochs"] = empty
        return frame

    def proposers(
        self,
        first_epoch: int | None = None,
        last_epoch: int | None = None,
        *,
        rollup_version: int | None = None,
    ) -> pd.DataFrame:
        """Who is to propose in each slot of some epochs, of the past as well; needs no archive node.

        Args:
            first_epoch: where to begin; None for the present epoch.
            last_epoch: where to end; as for ``committees``.
            rollup_version: whose epochs; None for the canonical rollup's.

        Returns:
            One row per slot. Columns: ``core.committees.ProposerSlot``.

        Raises:
            InputError: no range, or an epoch whose committee is not drawn yet.
            NotFoundError: there is no rollup of this version.
            NodeError: the node failed.
        """
        from aztec_butler.core.committees import ProposerSlot

        duties = self.duty_records()
        slots = duties.slots(first_epoch, last_epoch, rollup_version)
        return self._frame(duties.snapshot, slots, ProposerSlot)

    def performance(
        self,
        first_epoch: int | None = None,
        last_epoch: int | None = None,
        *,
        window: str | int | timedelta | None = None,
        rollup_version: int | None = None,
        by: Literal["attester", "provider"] = "attester",
    ) -> pd.DataFrame:
        """Slots that attesters or providers proposed in and missed, beside what the Aztec node has watched of them.

        Proposers are known from the draw of the committees, checkpoints from events. A checkpoint that was pruned, for
        want of a proof, counts as proposed.

        >>> net.performance(window="7d", by="provider")  # doctest: +SKIP

        Args:
            first_epoch: where to begin; None for 24 epochs up to the last one.
            last_epoch: where to end; None for the present epoch, of which the slots that are over count.
            window: in place of epochs how far back: a duration, or seconds. Then each epoch that began in it is that of
                the rollup that was canonical, across a change of the rollup.
            rollup_version: whose epochs; None for the canonical rollup's.
            by: a row for each attester, or each provider.

        Returns:
            One row per attester that sat in a committee, the most missed slots first, or per provider; by rollup where
            there are several. Columns: ``core.performance.AttesterPerformance`` or ``ProviderPerformance``. What starts
            with ``watched_`` is missing without an Aztec node, or where it does not tell of that attester.
            ``attrs["epochs"]`` has the version, first and last epoch of each rollup that was counted; nothing where no
            epoch began in the window.

        Raises:
            InputError: no range, one that has not begun, or epochs and a window at once.
            NotFoundError: there is no rollup of this version.
            NodeError: a node failed.
        """
        from aztec_butler.core.errors import InputError
        from aztec_butler.core.performance import (
            AttesterPerformance,
            ProviderPerformance,
            provider_performance,
        )

        if by not in ("attester", "provider"):
            raise InputError("performance is told by attester or by provider", by=by)
        seconds = None if window is None else _seconds(window)
        duties = self.duty_records()
        spans = duties.spans(first_epoch, last_epoch, window_seconds=seconds, rollup_version=rollup_version)
        rows = duties.performance(spans, self._connection.node)
        if by == "provider":
            frame = self._frame(duties.snapshot, provider_performance(rows), ProviderPerformance)
        else:
            frame = self._frame(duties.snapshot, rows, AttesterPerformance)
        frame.attrs["epochs"] = tuple(
            (each.rollup.version, each.first_epoch, each.last_epoch) for each in spans
        )
        return frame

    def duty_forecast(
        self,
        attesters: str | Sequence[str] | None = None,
        *,
        provider_id: int | None = None,
    ) -> pd.DataFrame:
        """Who will be on duty in the present epoch and in the next ones, as far as the canonical rollup has fixed it.

        Args:
            attesters: of whom to tell: one address or several; None for everybody who has a chance of a seat.
            provider_id: of whom to tell: the attesters of this provider.

        Returns:
            One row per attester and epoch, by epoch, the next to propose first. Columns: ``core.duty.DutyForecast``;
            ``stage`` says whether it is ``final``, ``drawn`` and may still change, or ``sampled``, which is a chance.

        Raises:
            InputError: no address, or attesters and a provider at once; nothing was asked.
            NotFoundError: the provider has no attesters, or the staking contracts do not know one of the attesters.
            NodeError: the node failed.
        """
        from aztec_butler.core.duty import DutyForecast

        wanted = None
        if attesters is not None:
            given = [attesters] if isinstance(attesters, str) else attesters
            wanted = [parse_address(attester) for attester in given]
        duties = self.duty_records()
        return self._frame(duties.snapshot, duties.forecast(wanted, provider_id), DutyForecast)

    def payout(
        self,
        provider_id: int,
        last_epoch: int,
        *,
        wallet: str,
        first_epoch: int | None = None,
        after: PayoutRecord | bytes | None = None,
        commission_bps: int | None = None,
        rollup_version: int | None = None,
        allow_unfinalized: bool = False,
    ) -> PayoutRecord:
        """What a provider owes to those who staked with it, for a window of epochs, to the wei.

        For a provider whose attesters name one wallet as coinbase, in place of their splits; the rule is that of
        ``core.payouts``. Delegators are paid at the address that their split names.

        >>> record = net.at("finalized").payout(6, 4951, wallet="0x...", after=last)  # doctest: +SKIP
        >>> pathlib.Path("payout.json").write_bytes(record.content)  # doctest: +SKIP

        Args:
            provider_id: whose attesters proposed.
            last_epoch: where the window ends; all of it must be proven.
            wallet: the coinbase whose checkpoints count, which sends the transfers.
            first_epoch: where it begins; None for the epoch after the record before.
            after: the record of the payout before, or its file's bytes, which this one continues without gap or overlap;
                None for a first one.
            commission_bps: what the provider keeps; None for the take rate that is fixed in the split of each delegation.
            rollup_version: whose epochs; None for that of the record before, else the canonical rollup's.
            allow_unfinalized: count proofs that are not final on L1, too.

        Returns:
            The record: ``settlement`` has the transfers, ``calls`` are to be signed, ``batches()`` is for the Safe,
            ``content`` is the file.

        Raises:
            InputError: no such window, a gap or an overlap, or a reward that changed in it.
            NotFoundError: no such provider or delegations; or the window is not over, not proven, or not final.
            NodeError: the node failed.
        """
        from aztec_butler.core.payouts_reading import true_record

        if isinstance(after, bytes):
            after = true_record(after)
        return self.payout_records().settle(
            provider_id,
            last_epoch,
            wallet=wallet,
            first_epoch=first_epoch,
            commission_bps=commission_bps,
            rollup_version=rollup_version,
            after=after,
            allow_unfinalized=allow_unfinalized,
        )

    def verify_payout(self, record: bytes, *, after: bytes | None = None) -> pd.DataFrame:
        """Whether the record of a payout is true: its arithmetic, and each of its checkpoints on the chain.

        Args:
            record: the file's bytes.
            after: those of the record of the payout before, which it should continue.

        Returns:
            One row per check. Columns: ``core.checks.Check``.

        Raises:
            InputError: no record.
            CheckFailed: it is of another chain.
            NotFoundError: its window is not proven.
            NodeError: the node failed.
        """
        from aztec_butler.core.checks import Check
        from aztec_butler.core.payouts_reading import read_record, true_record

        read = read_record(record)
        previous = None if after is None else true_record(after)
        payouts = self.payout_records()
        return self._frame(payouts.snapshot, payouts.verify(read, previous), Check)

    # -- reading

    def duty_records(self) -> Duties:
        """What the tables about duties are made of, as records, without pandas."""
        from aztec_butler.network.duty import Duties

        snapshot, finalized_number = self._look()
        return Duties(self._connection, snapshot, finalized_number)

    def payout_records(self) -> Payouts:
        """What makes payouts and examines their records, without pandas."""
        from aztec_butler.network.payouts import Payouts

        return Payouts(self._connection, self.duty_records())
