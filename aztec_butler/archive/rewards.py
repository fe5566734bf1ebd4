"""The ledger of a network's rewards: its times to blocks, what was owed at each, and what was paid in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from aztec_butler.archive.contracts import canary_of
from aztec_butler.archive.reader import EventReader, Span
from aztec_butler.archive.rewards_claims import find_claims
from aztec_butler.archive.rewards_payments import fetch_payments, fetch_returned
from aztec_butler.archive.rewards_proofs import ProofReader
from aztec_butler.clients.block_range import fetch_last_blocks
from aztec_butler.clients.rewards import fetch_pending, fetch_rollup_rewards, fetch_stamps, iter_pending
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import InputError, NodeRefused
from aztec_butler.core.ledger import Account, Claimed, Cut
from aztec_butler.core.ledger_payments import BURN_ADDRESS, Payment, check_payable
from aztec_butler.core.ledger_proofs import accrued_by, pending_before

if TYPE_CHECKING:
    from aztec_butler.archive.rewards_readings import RewardReadings
    from aztec_butler.clients.multicall import Multicall
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.clients.snapshot import Progress
    from aztec_butler.core.records import BlockStamp, Deployment
    from aztec_butler.core.rewards import RollupRewards
    from aztec_butler.store.events import EventStore


class RewardSource(StrEnum):
    """Where it is known from what was owed at a time that is over."""

    AUTO = "auto"
    """The state, and the proofs where the node has pruned it."""
    STATE = "state"
    """The rollups' own word at that block: needs an archive node, except for the last days."""
    PROOFS = "proofs"
    """The calldata of every proof since: needs no archive node, and is possible where checkpoints had no fees."""


@attrs.frozen(kw_only=True)
class Ledger:
    """What a ledger is made of.

    Args:
        cuts: the ends of its periods.
        pending_wei: what was owed at each of them, by account.
        claims: every claim from the network's beginning on.
        source: where the past is known from.
    """

    cuts: tuple[Cut, ...]
    pending_wei: Mapping[Account, Sequence[int]]
    claims: tuple[Claimed, ...]
    source: RewardSource


@attrs.frozen(kw_only=True, slots=False)
class RewardReader:
    """Reads the rewards of one network up to one block.

    Args:
        rpc: the door to the node.
        multicall: reads of contracts, through the same door.
        deployment: the contracts.
        block: the last block.
        finalized_number: up to where blocks are final.
        store: where events are kept; None where none are.
        readings: where amounts of final blocks are kept; None where none are.
        progress: told about long reads.
    """

    rpc: Rpc
    multicall: Multicall
    deployment: Deployment
    block: BlockStamp
    finalized_number: int
    store: EventStore | None = None
    readings: RewardReadings | None = None
    progress: Progress | None = None

    @cached_property
    def rewards(self) -> tuple[RollupRewards, ...]:
        """In which token each rollup pays, and whether it does."""
        return fetch_rollup_rewards(self.multicall, self.deployment.rollups, self.block)

    @property
    def _assets(self) -> dict[str, str]:
        return {each.address: each.asset for each in self.rewards}

    @cached_property
    def _reader(self) -> EventReader:
        return EventReader(self.rpc, self.store, canary=canary_of(self.deployment))

    @cached_property
    def _span(self) -> Span:
        """The whole life of the network."""
        return Span(
            first_block=min(self.deployment.first_block, self.block.number),
            last_block=self.block.number,
            block=self.block,
            finalized_number=self.finalized_number,
        )

    @cached_property
    def proofs(self) -> ProofReader:
        """The proofs of epochs."""
        return ProofReader(
            rpc=self.rpc,
            multicall=self.multicall,
            deployment=self.deployment,
            rewards=self.rewards,
            reader=self._reader,
            span=self._span,
            about=self._about,
        )

    def _about(self, what: str) -> Callable[[int, int], None] | None:
        progress = self.progress
        return None if progress is None else lambda done, total: progress(done, total, what)

    # ------------------------------------------------------------------ the ledger

    def ledger(
        self, times: Sequence[int], coinbases: Sequence[str], source: RewardSource = RewardSource.AUTO
    ) -> Ledger:
        """What a ledger of some coinbases is made of.

        Args:
            times: the ends of its periods, in Unix seconds, ascending, none later than the block.
            coinbases: whose, each once.
            source: where to read the past from.

        Raises:
            InputError: an address that rollups pay for other reasons.
            NodeRefused: the node does not have the state of a time any more.
            CheckFailed: what was paid, or what a proof credited, cannot be told apart.
            NodeError: the node failed.
        """
        check_payable(coinbases, self.deployment.gse)
        cuts = self._cuts(times)
        claims = self.claims(coinbases)
        if source is not RewardSource.PROOFS:
            try:
                pending = self._pending_by_state(cuts, coinbases)
            except NodeRefused as error:
                if source is RewardSource.STATE or trouble_of(error) is not Trouble.STATE_MISSING:
                    raise
            else:
                return Ledger(cuts=cuts, pending_wei=pending, claims=claims, source=RewardSource.STATE)
        pending = self._pending_by_proofs(cuts, coinbases, claims)
        return Ledger(cuts=cuts, pending_wei=pending, claims=claims, source=RewardSource.PROOFS)

    def _cuts(self, times: Sequence[int]) -> tuple[Cut, ...]:
        earliest = self._span.first_block
        numbers = fetch_last_blocks(self.rpc, times, earliest=earliest, head=self.block)
        return tuple(Cut(at=at, block_number=number) for at, number in zip(times, numbers, strict=True))

    def _pending_by_state(self, cuts: Sequence[Cut], coinbases: Sequence[str]) -> dict[Account, list[int]]:
        rollups = self.deployment.rollups
        accounts = [(coinbase, rollup.version) for coinbase in coinbases for rollup in rollups]
        began = min(rollup.genesis_block for rollup in rollups)
        wanted = {cut.block_number for cut in cuts if cut.block_number >= began}
        stamps = fetch_stamps(self.rpc, wanted, finalized_number=self.finalized_number)
        if self.block.number in stamps:
            stamps[self.block.number] = self.block
        owed = dict(self._kept(stamps, accounts))
        missing = [stamp for number, stamp in sorted(stamps.items()) if number not in owed]
        done = len(owed)
        for stamp, amounts in iter_pending(self.multicall, rollups, coinbases, missing):
            owed[stamp.number] = amounts
            self._keep(stamp, amounts)
            done += 1
            if self.progress is not None:
                self.progress(done, len(stamps), "days of rewards")
        nothing = dict.fromkeys(accounts, 0)
        return {
            account: [owed.get(cut.block_number, nothing)[account] for cut in cuts] for account in accounts
        }

    def _kept(
        self, stamps: Mapping[int, BlockStamp], accounts: Sequence[Account]
    ) -> Iterable[tuple[int, dict[Account, int]]]:
        """The blocks of which everything is on the disk."""
        if self.readings is None:
            return
        addresses = {rollup.version: rollup.address for rollup in self.deployment.rollups}
        began = {rollup.version: rollup.genesis_block for rollup in self.deployment.rollups}
        final = [stamp for stamp in stamps.values() if stamp.is_finalized]
        for number, held in self.readings.read(final).items():
            amounts = {
                (coinbase, version): 0
                if began[version] > number
                else held.get((addresses[version], coinbase))
                for coinbase, version in accounts
            }
            if None not in amounts.values():
                yield number, amounts  # type: ignore[misc]

    def _keep(self, stamp: BlockStamp, amounts: Mapping[Account, int]) -> None:
        if self.readings is None or not stamp.is_finalized:
            return
        there = {r.version: r.address for r in self.deployment.rollups if r.genesis_block <= stamp.number}
        self.readings.keep(
            stamp,
            {
                (there[version], coinbase): amount
                for (coinbase, version), amount in amounts.items()
                if version in there
            },
        )

    def _pending_by_proofs(
        self, cuts: Sequence[Cut], coinbases: Sequence[str], claims: Sequence[Claimed]
    ) -> dict[Account, list[int]]:
        """What was owed at each cut: what is owed now, less what proofs credited since, and with what was paid since."""
        now = fetch_pending(self.multicall, self.deployment.rollups, coinbases, self.block)
        after = cuts[0].block_number
        credited = accrued_by(
            self.proofs.proofs(after), self.proofs.shares(), coinbases=frozenset(coinbases), after_block=after
        )
        moves: dict[Account, list[tuple[int, int, int]]] = defaultdict(list)
        for accrued in credited:
            account = accrued.coinbase, accrued.rollup_version
            moves[account].append((accrued.block_number, accrued.amount_wei, 0))
        for claim in claims:
            moves[claim.coinbase, claim.rollup_version].append((claim.block_number, 0, claim.amount_wei))
        found: dict[Account, list[int]] = {}
        for coinbase in coinbases:
            for rollup in self.deployment.rollups:
                account = coinbase, rollup.version
                found[account] = [
                    pending_before(
                        now[account],
                        sum(move[1] for move in moves[account] if move[0] > cut.block_number),
                        sum(move[2] for move in moves[account] if move[0] > cut.block_number),
                        coinbase=coinbase,
                        rollup_version=rollup.version,
                        block_number=cut.block_number,
                    )
                    for cut in cuts
                ]
        return found

    def coinbases(self, since: int) -> tuple[str, ...]:
        """Every address that a proof credited since a time, and everyone whom a rollup ever paid.

        Args:
            since: in Unix seconds.

        Raises:
            CheckFailed: a proof's transaction does not tell whose checkpoints it proved.
            NodeError: the node failed.
        """
        (cut,) = self._cuts([since])
        credited = (name for proof in self.proofs.proofs(cut.block_number) for name in proof.coinbases)
        paid = (payment.recipient for payment in self._payments)
        never = {BURN_ADDRESS, self.deployment.gse}
        return tuple(dict.fromkeys(name for name in (*credited, *paid) if name not in never))

    def payees(self) -> tuple[str, ...]:
        """Everyone whom a rollup ever paid and who never proved an epoch: claims are told by their payments alone.

        Raises:
            NodeError: the node failed.
        """
        never = {BURN_ADDRESS, self.deployment.gse, *self.proofs.provers}
        return tuple(dict.fromkeys(each.recipient for each in self._payments if each.recipient not in never))

    @cached_property
    def _payments(self) -> list[Payment]:
        return fetch_payments(self.rpc, self.store, self.deployment, self._assets, self._span)

    def claims(self, coinbases: Collection[str]) -> tuple[Claimed, ...]:
        """Every claim of some coinbases' rewards, from the network's beginning on, in the order of the chain.

        Args:
            coinbases: whose.

        Raises:
            CheckFailed: a payment may be a prover's part as well, and its transaction does not tell.
            NodeError: the node failed.
        """
        wanted = frozenset(coinbases)
        return find_claims(
            self.rpc,
            [payment for payment in self._payments if payment.recipient in wanted],
            fetch_returned(self._reader, self.deployment, self._assets, wanted, self._span),
            lambda: self.proofs.provers,
            {rollup.address: rollup.version for rollup in self.deployment.rollups},
        )


def parse_source(text: str) -> RewardSource:
    """A source by its word.

    Raises:
        InputError: no such word.
    """
    try:
        return RewardSource(text)
    except ValueError:
        raise InputError(
            "there is no such source", source=text, sources=", ".join(each.value for each in RewardSource)
        ) from None
