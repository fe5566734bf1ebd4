"""What people ask about rewards: what is owed, what came in day by day, what can be claimed, what stake yields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from aztec_butler.core.hexes import parse_address
from aztec_butler.network.pinned import PinnedNetwork

if TYPE_CHECKING:
    import pandas as pd

    from aztec_butler.network.rewards import RewardRecords


class RewardQuestions(PinnedNetwork):
    """The part of ``Network`` that answers about rewards."""

    def rewards(
        self, coinbases: str | Iterable[str] | None = None, *, provider_id: int | None = None
    ) -> pd.DataFrame:
        """What every version of the rollup owes, by coinbase.

        Args:
            coinbases: one address or several. None for every split of a delegation, attester, withdrawer and
                provider that is owed something; another address that a node named as coinbase has to be named here, too.
            provider_id: the splits of this provider's delegations, in place of coinbases.

        Returns:
            One row per coinbase and rollup; those with nothing only where coinbases are named. Columns:
            ``core.rewards.CoinbaseRewards``.

        Raises:
            InputError: no address, or both coinbases and a provider; nothing was asked.
            NotFoundError: there is no such provider, or nobody has staked with it.
            NodeError: the node failed.
        """
        from aztec_butler.core.rewards import CoinbaseRewards
        from aztec_butler.network.rewards import Whose

        whose = Whose.of(coinbases, provider_id)
        records = self.reward_records()
        return self._frame(records.snapshot, records.pending(whose), CoinbaseRewards)

    def reward_ledger(
        self,
        window: str | int | date | timedelta | Sequence[str | int | date | timedelta | None] = "30d",
        coinbases: str | Iterable[str] | None = None,
        *,
        provider_id: int | None = None,
        step: str | timedelta = "1d",
        by_rollup: bool = False,
        source: str = "auto",
    ) -> pd.DataFrame:
        """What every coinbase accrued and claimed, day by day, over all versions of the rollup, exact to the wei.

        Accrued is the change of what is owed plus what was claimed. Every day has its row, also where nothing happened; what
        cannot be known is an error, never a guess, and nothing is less than zero. See ``core.ledger``.

        >>> net.reward_ledger("30d", provider_id=7).groupby("begins_at")["accrued_wei"].sum()  # doctest: +SKIP

        Args:
            window: a duration back from the network's block (``30d``); a time or block, from which on; a pair of them, of
                which the last may be a duration; ``all``.
            coinbases: one address or several; None for all that staking tells of and that ever earned, see ``rewards``, and
                for everybody who was ever paid; with ``proofs`` as source also for everybody whom proofs of the window
                credited.
            provider_id: the splits of this provider's delegations, in place of coinbases.
            step: length of a period; steps lie on whole multiples in UTC, weeks begin on Monday.
            by_rollup: a row for each version of the rollup, in place of one for all of them.
            source: ``state`` asks the rollups at the end of every period, which takes an archive node; ``proofs`` reads what
                every proof of an epoch credited, which any node with all blocks can tell, as long as checkpoints had no
                fees; ``auto`` is the first, and the second where the node has pruned the state.

        Returns:
            One row per coinbase and period. Columns: ``core.ledger.LedgerRow``. ``attrs["source"]`` says which it was.

        Raises:
            InputError: no window, step, source or address, or too many steps; nothing was asked.
            NotFoundError: the window ends after the network's block, or nobody has staked with the provider.
            NodeRefused: the state of a time is not there any more; or logs are missing.
            CheckFailed: a payment or a proof does not tell what it was for.
            NodeError: the node failed.
        """
        from aztec_butler.core.ledger import LedgerRow
        from aztec_butler.network.rewards import LedgerQuestion, Whose

        whose = Whose.of(coinbases, provider_id)
        question = LedgerQuestion.of(whose, window, step, by_rollup=by_rollup, source=source)
        records = self.reward_records()
        rows, used = records.ledger(question)
        frame = self._frame(records.snapshot, rows, LedgerRow)
        frame.attrs["source"] = used.value
        return frame

    def claimable(self, delegator: str) -> pd.DataFrame:
        """What an address may have now, through rollup, split and warehouse, to the wei.

        ``claimable_wei`` is what its balance will rise by once everything was claimed, distributed and withdrawn, which
        anybody may do; the wei that splits and warehouse keep are off.

        Args:
            delegator: who is paid: the recipient in the splits, of a staker or of a provider.

        Returns:
            One row per place: ``rollup`` for what is owed to the address itself, ``warehouse`` for what splits have shared
            already, and each ``split`` in which it has a part. Columns: ``core.rewards_claimable.Claimable``.

        Raises:
            InputError: no address; nothing was asked.
            NodeError: the node failed.
        """
        from aztec_butler.core.rewards_claimable import Claimable

        wanted = parse_address(delegator)
        records = self.reward_records()
        return self._frame(records.snapshot, records.claimable(wanted), Claimable)

    def apr(self, windows: str | int | Sequence[str | int] = "30d") -> pd.DataFrame:
        """What stake yields, for the network and each provider, as yearly rates (0.07 is 7 %).

        Rewards of the window, divided by the integral of the stake over it, times 365 days; nothing is compounded.
        ``apr_simple_30d`` counts what accrued, ``apr_realised_30d`` what was claimed, ``apr_staker_30d`` what accrued to
        stakers after the commission. A provider's rewards are those of the splits of its delegations: where it points its
        nodes elsewhere, they are not in its row, but in the network's; and no commission is taken off them, because none is
        known.

        Args:
            windows: durations back from the network's block; their names end the columns.

        Returns:
            A row for the network, where ``provider_id`` is missing, then one for each provider; a rate is missing where no
            stake stood.

        Raises:
            InputError: no window; nothing was asked.
            NodeRefused: the state of a time is not there any more, and proofs do not tell; or logs are missing.
            NodeError: the node failed.
        """
        from aztec_butler.core.apr import parse_windows

        parse_windows(windows)
        records = self.reward_records()
        rows, record_type = records.yields(windows)
        return self._frame(records.snapshot, rows, record_type)

    def reward_records(self) -> RewardRecords:
        """Rewards at one block as records: what the tables are made of, without pandas."""
        from aztec_butler.network.rewards import RewardRecords

        snapshot, finalized_number = self._look()
        return RewardRecords(
            connection=self._connection, snapshot=snapshot, finalized_number=finalized_number
        )
