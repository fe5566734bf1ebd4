"""How a network's rewards are asked about: names to coinbases, windows to times, readings to rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from aztec_butler.archive.rewards import RewardReader, RewardSource, parse_source
from aztec_butler.clients.rewards import fetch_pending, fetch_reward_splits, fetch_rollup_rewards
from aztec_butler.clients.rewards_claimable import fetch_claimable
from aztec_butler.clients.staking_series import fetch_boundaries
from aztec_butler.core.apr import Yield, parse_windows, stake_moves, stake_seconds, yield_rows, yield_type
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.ledger import LedgerRow, ledger_rows
from aztec_butler.core.rewards import likely_coinbases, parse_coinbases, pending_rows
from aztec_butler.core.time_steps import parse_step, parse_window

if TYPE_CHECKING:
    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.core.rewards import CoinbaseRewards, RewardSplit
    from aztec_butler.core.rewards_claimable import Claimable
    from aztec_butler.network.connection import Connection


@attrs.frozen(kw_only=True)
class Whose:
    """Whose rewards are meant, understood before anything is asked of a node.

    Args:
        coinbases: that were named; None where none were.
        provider_id: the provider whose delegations' splits are meant; None for no provider.
    """

    coinbases: tuple[str, ...] | None
    provider_id: int | None

    @classmethod
    def of(cls, coinbases: str | Iterable[str] | None, provider_id: int | None) -> Whose:
        """From what people write.

        Raises:
            InputError: both, or what is neither an address nor an id.
        """
        if coinbases is not None and provider_id is not None:
            raise InputError("name coinbases or a provider, not both", provider_id=provider_id)
        if provider_id is not None and provider_id < 1:
            raise InputError("ids of providers begin at 1", provider_id=provider_id)
        return cls(
            coinbases=None if coinbases is None else parse_coinbases(coinbases), provider_id=provider_id
        )

    def find(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The coinbases.

        Raises:
            NotFoundError: nobody ever staked with the provider, or at all.
        """
        if self.coinbases is not None:
            return self.coinbases
        if self.provider_id is None:
            found = likely_coinbases(snapshot.history, snapshot.provider_configurations)
        else:
            found = tuple(
                each.split for each in snapshot.history.delegations if each.provider_id == self.provider_id
            )
        if not found and self.provider_id is not None:
            known = [each.provider_id for each in snapshot.provider_configurations]
            raise NotFoundError(
                "nobody has staked with this provider"
                if self.provider_id in known
                else "there is no provider with this id",
                provider_id=self.provider_id,
                block=snapshot.block.number,
            )
        if not found:
            raise NotFoundError("nobody has staked, so nobody has a coinbase", block=snapshot.block.number)
        return tuple(dict.fromkeys(found))


@attrs.frozen(kw_only=True)
class LedgerQuestion:
    """A ledger that was asked for, understood before anything is asked of a node.

    Args:
        whose: rewards.
        window: from when to when.
        step: length of a period in seconds.
        by_rollup: a row for each version of the rollup.
        source: where the past is known from.
    """

    whose: Whose
    window: Any
    step: int
    by_rollup: bool
    source: RewardSource

    @classmethod
    def of(cls, whose: Whose, window: Any, step: Any, *, by_rollup: bool, source: str) -> LedgerQuestion:
        """From what people write.

        Raises:
            InputError: it cannot be understood.
        """
        return cls(
            whose=whose,
            window=parse_window(window),
            step=parse_step(step),
            by_rollup=by_rollup,
            source=parse_source(source),
        )


@attrs.frozen(kw_only=True)
class RewardRecords:
    """Rewards at one block as records: what the tables are made of, without pandas.

    Args:
        connection: to the network.
        snapshot: of the block.
        finalized_number: the last block that is final.
    """

    connection: Connection = attrs.field(repr=False)
    snapshot: Snapshot = attrs.field(repr=False)
    finalized_number: int

    @property
    def reader(self) -> RewardReader:
        """What reads the ledger up to the block."""
        return RewardReader(
            rpc=self.connection.rpc,
            multicall=self.connection.multicall,
            deployment=self.snapshot.deployment,
            block=self.snapshot.block,
            finalized_number=self.finalized_number,
            store=self.connection.event_store(),
            readings=self.connection.reward_readings(),
            progress=self.connection.progress,
        )

    def pending(self, whose: Whose) -> tuple[CoinbaseRewards, ...]:
        """What every rollup owes; of coinbases that were not named only those that are owed something.

        Raises:
            NotFoundError: nobody has staked with the provider.
            NodeError: the node failed.
        """
        coinbases, rollups = whose.find(self.snapshot), self.snapshot.deployment.rollups
        pending = self._pending(coinbases)
        owed = {coinbase for (coinbase, _), amount in pending.items() if amount}
        return pending_rows(
            fetch_rollup_rewards(self.connection.multicall, rollups, self.snapshot.block),
            coinbases,
            pending,
            self._splits(owed if whose.coinbases is None else coinbases),
            with_nothing=whose.coinbases is not None,
        )

    def ledger(self, question: LedgerQuestion) -> tuple[tuple[LedgerRow, ...], RewardSource]:
        """The rows, and where the past is known from; of coinbases that were not named only those that ever earned.

        Raises:
            NotFoundError: the window ends after the block, or nobody has staked with the provider.
            NodeRefused: the state of a time is not there any more; or logs are missing.
            CheckFailed: a payment or a proof does not tell what it was for.
            NodeError: the node failed.
        """
        times = fetch_boundaries(
            self.connection.rpc,
            question.window,
            question.step,
            first_block=self.snapshot.deployment.first_block,
            block=self.snapshot.block,
        )
        coinbases = question.whose.find(self.snapshot)
        reader = self.reader
        if question.whose.coinbases is None:
            if question.whose.provider_id is None:
                credited = reader.coinbases(times[0]) if question.source is RewardSource.PROOFS else ()
                coinbases = tuple(dict.fromkeys((*coinbases, *reader.payees(), *credited)))
            coinbases = self._earners(reader, coinbases)
        read = reader.ledger(times, coinbases, question.source)
        splits = self._splits(coinbases)
        rows = ledger_rows(read.cuts, read.pending_wei, read.claims, splits, by_rollup=question.by_rollup)
        return rows, read.source

    def claimable(self, delegator: str) -> tuple[Claimable, ...]:
        """Every place that holds rewards for an address.

        Raises:
            InputError: no address; nothing was asked.
            NodeError: the node failed.
        """
        wanted = parse_address(delegator)
        return fetch_claimable(self.connection.rpc, self.connection.multicall, self.snapshot, wanted)

    def yields(self, windows: str | int | Sequence[str | int]) -> tuple[tuple[Any, ...], type]:
        """A row for the network and each provider, and their record type.

        Raises:
            InputError: no window; nothing was asked.
            NodeRefused: the state of a time is not there any more, and proofs do not tell; or logs are missing.
            CheckFailed: a payment or a proof does not tell what it was for.
            NodeError: the node failed.
        """
        lengths = parse_windows(windows)
        history, ends_at = self.snapshot.history, self.snapshot.block.timestamp
        begins = {name: max(0, ends_at - seconds) for name, seconds in lengths.items()}
        reader, splits = self.reader, self._splits(None)
        coinbases = tuple(dict.fromkeys((*reader.coinbases(min(begins.values())), *splits)))
        read = reader.ledger(sorted({*begins.values(), ends_at}), coinbases)
        rows = ledger_rows(read.cuts, read.pending_wei, read.claims, splits)
        moves = stake_moves(history, _times(self.snapshot))
        providers = [each.provider_id for each in self.snapshot.provider_configurations]
        yields: dict[int | None, dict[str, Yield]] = {provider: {} for provider in (None, *providers)}
        for name, begins_at in begins.items():
            stood = stake_seconds(moves, begins_at, ends_at)
            sums = _sums(row for row in rows if row.begins_at >= begins_at)
            for provider, found in yields.items():
                accrued, claimed, commission = sums[provider]
                found[name] = Yield(
                    accrued_wei=accrued,
                    claimed_wei=claimed,
                    stakers_wei=accrued - commission,
                    wei_seconds=sum(stood.values()) if provider is None else stood.get(provider, 0),
                    seconds=ends_at - begins_at,
                )
        record_type = yield_type(tuple(lengths))
        return yield_rows(record_type, yields, _standing(moves)), record_type

    def _pending(self, coinbases: Sequence[str]) -> dict[tuple[str, int], int]:
        progress = self.connection.progress
        return fetch_pending(
            self.connection.multicall,
            self.snapshot.deployment.rollups,
            coinbases,
            self.snapshot.block,
            progress=None if progress is None else lambda done, total: progress(done, total, "rewards"),
        )

    def _splits(self, coinbases: Iterable[str] | None) -> dict[str, RewardSplit]:
        return fetch_reward_splits(
            self.connection.rpc,
            self.snapshot.deployment,
            self.snapshot.history,
            self.snapshot.block,
            None if coinbases is None else set(coinbases),
        )

    def _earners(self, reader: RewardReader, coinbases: Sequence[str]) -> tuple[str, ...]:
        """Those that are owed something now or ever claimed: all others have a ledger of zeros."""
        earned = {coinbase for (coinbase, _), amount in self._pending(coinbases).items() if amount}
        earned |= {claim.coinbase for claim in reader.claims(coinbases)}
        return tuple(coinbase for coinbase in coinbases if coinbase in earned)


def _sums(rows: Iterable[LedgerRow]) -> Mapping[int | None, list[int]]:
    """What accrued, was claimed and is the provider's, by provider; that of None is the network's."""
    sums: dict[int | None, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        for owner in {None, row.provider_id}:
            for place, amount in enumerate((row.accrued_wei, row.claimed_wei, row.provider_wei)):
                sums[owner][place] += amount
    return sums


def _times(snapshot: Snapshot) -> dict[int, int]:
    history = snapshot.history
    return snapshot.times(
        [
            *(stake.settled for stake in history.stakes),
            *(slash.log for slash in history.slashes),
            *(each.initiated for each in history.departures),
        ]
    )


def _standing(moves: Iterable[Any]) -> Mapping[int | None, int]:
    """The stake in the set now, by provider; that of None is the network's."""
    stands: dict[int | None, int] = defaultdict(int)
    for move in moves:
        for owner in {None, move.provider_id}:
            stands[owner] += move.change_wei
    return stands
