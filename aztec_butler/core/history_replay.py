"""The replay: events in, the history of every stake out.

The entry queue is a FIFO: the n-th ``Deposit`` or ``FailedDeposit`` of a rollup is the fate of its n-th
``ValidatorQueued``. The queues of providers are FIFOs as well, see ``core.provider_queues``.

The replay checks itself. An outcome that does not belong to the head of a queue means that logs are missing, and is
an error: a shorter history must never look like a whole one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Any

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.history import (
    Delegated,
    Departure,
    Outcome,
    Place,
    Slash,
    Stake,
    StakingHistory,
    missing_logs,
)
from aztec_butler.core.history_events import HistoryReader, StakingEvent
from aztec_butler.core.provider_queues import ProviderQueues
from aztec_butler.core.records import AttesterView, Deployment, Status
from aztec_butler.core.slashing import EjectionThresholds, slash_outcome

_THRESHOLD_UPDATED = ("rollup", "LocalEjectionThresholdUpdated")


def replay(
    events: Iterable[StakingEvent], deployment: Deployment, thresholds_wei: Mapping[str, int]
) -> StakingHistory:
    """The history that the events tell.

    Args:
        events: raw logs or records of every event of ``REPLAYED`` from the first block on, in chain order; others of
            the same contracts may stand between them.
        deployment: the contracts that sent them.
        thresholds_wei: every rollup's local ejection threshold after the last event, by address.

    Raises:
        NodeRefused: an outcome does not belong to the head of the queue: events are missing.
        DecodeError: an event does not fit its line, or is of another network.

    Source: StakingLib.sol (``flushEntryQueue``, ``slash``, ``initiateWithdraw``, ``finalizeWithdraw``), GSE.sol
    (``deposit``, ``withdraw``), StakingRegistry.sol.
    """
    told = list(events)
    reader = HistoryReader(deployment)
    running = _Replay(deployment, _first_thresholds(reader, told, thresholds_wei))
    apply = running.handlers
    for key, place, values in reader.read(told):
        apply[key](place, *values)
    return running.history(thresholds_wei)


def _first_thresholds(
    reader: HistoryReader, events: Iterable[StakingEvent], now_wei: Mapping[str, int]
) -> dict[str, int]:
    """Every rollup's local ejection threshold before the first event: what its first update replaced."""
    first: dict[str, int] = {}
    for _, place, (old_wei, _) in reader.read(reader.only(events, *_THRESHOLD_UPDATED)):
        first.setdefault(place.address, old_wei)
    return {**now_wei, **first}


class _Replay:
    """The state of the contracts, as far as events tell it, moved on by one event at a time."""

    def __init__(self, deployment: Deployment, thresholds_wei: Mapping[str, int]) -> None:
        self._gse_threshold_wei = deployment.ejection_threshold_wei
        self._thresholds = {rollup: self._with_gse(wei) for rollup, wei in thresholds_wei.items()}
        self._providers = ProviderQueues()
        self._stakes: list[Stake] = []
        self._queues: dict[str, deque[Stake]] = defaultdict(deque)
        self._by_transaction: dict[tuple[str, str], list[Stake]] = defaultdict(list)
        self._delegations: list[Delegated] = []
        self._departures: list[Departure] = []
        self._leaving: dict[str, Departure] = {}
        self._slashes: list[Slash] = []
        self._balances_wei: dict[str, int] = {}
        self._bucket: tuple[str, str] | None = None
        self.handlers: dict[tuple[str, str], Any] = {
            ("rollup", "ValidatorQueued"): self._queue,
            ("rollup", "Deposit"): self._activate,
            ("rollup", "FailedDeposit"): self._refund,
            ("rollup", "WithdrawInitiated"): self._initiate,
            ("rollup", "WithdrawFinalized"): self._finalize,
            ("rollup", "Slashed"): self._slash,
            _THRESHOLD_UPDATED: self._change_threshold,
            ("gse", "Deposit"): self._choose_bucket,
            ("staking_registry", "ProviderRegistered"): self._providers.register,
            ("staking_registry", "AttestersAddedToProvider"): self._providers.list_keys,
            ("staking_registry", "ProviderQueueDripped"): self._providers.drip,
            ("staking_registry", "StakedWithProvider"): self._delegate,
        }

    def history(self, thresholds_wei: Mapping[str, int]) -> StakingHistory:
        """What was told, once all is told."""
        for rollup, wei in thresholds_wei.items():
            if self._thresholds[rollup] != self._with_gse(wei):
                raise missing_logs(
                    "the ejection threshold is another than its last update says",
                    rollup=rollup,
                    threshold_wei=wei,
                    expected_wei=self._thresholds[rollup].local_wei,
                )
        self._assign_delegations()
        return StakingHistory(
            stakes=tuple(self._stakes),
            delegations=tuple(self._delegations),
            departures=tuple(self._departures),
            slashes=tuple(self._slashes),
            balances_wei=self._balances_wei,
            registrations=self._providers.registrations,
            listings=tuple(self._providers.listings),
            drips=tuple(self._providers.drips),
            provider_queues=self._providers.waiting(),
        )

    # -- the entry queue

    def _queue(self, at: Place, attester: str, withdrawer: str) -> None:
        stake = Stake(rollup=at.address, attester=attester, withdrawer=withdrawer, queued=at)
        self._stakes.append(stake)
        self._queues[at.address].append(stake)
        self._by_transaction[at.transaction_hash, attester].append(stake)

    def _choose_bucket(self, _: Place, instance: str, attester: str) -> None:
        self._bucket = instance, attester  # the rollup's own event follows in the same transaction

    def _activate(self, at: Place, attester: str, amount_wei: int) -> None:
        stake = self._settle(at, "Deposit", attester, Outcome.ACTIVATED)
        instance, of = self._bucket or (None, None)
        if of != attester:
            raise _missing(at, "Deposit", attester, "a Deposit of the GSE before it")
        self._bucket = None
        stake.instance = instance
        stake.activated_wei = amount_wei
        self._balances_wei[attester] = amount_wei

    def _refund(self, at: Place, attester: str) -> None:
        self._settle(at, "FailedDeposit", attester, Outcome.REFUNDED)

    def _settle(self, at: Place, event: str, attester: str, outcome: Outcome) -> Stake:
        queue = self._queues[at.address]
        if not queue or queue[0].attester != attester:
            expected = queue[0].attester if queue else "nobody"
            raise _missing(at, event, attester, f"{expected} at the head of the queue")
        stake = queue.popleft()
        stake.outcome = outcome
        stake.settled = at
        return stake

    # -- out of the set

    def _change_threshold(self, at: Place, old_wei: int, new_wei: int) -> None:
        if self._thresholds[at.address].local_wei != old_wei:
            raise missing_logs(
                "the ejection threshold was another than its update says",
                rollup=at.address,
                block=at.block_number,
                threshold_wei=old_wei,
                expected_wei=self._thresholds[at.address].local_wei,
            )
        self._thresholds[at.address] = self._with_gse(new_wei)

    def _slash(self, at: Place, attester: str, amount_wei: int) -> None:
        leaving = self._leaving.get(attester)
        lost_wei, is_ejection = 0, False
        if leaving is not None:
            leaving.amount_wei -= amount_wei
            if leaving.amount_wei == 0:
                leaving.burned = at
                del self._leaving[attester]
        else:
            stake_wei = self._balances_wei.get(attester)
            if stake_wei is None:
                raise _missing(at, "Slashed", attester, "an activation before the slash")
            lost_wei, is_ejection = self._take(at, attester, stake_wei, amount_wei)
        self._slashes.append(
            Slash(
                attester=attester,
                rollup=at.address,
                amount_wei=amount_wei,
                lost_stake_wei=lost_wei,
                is_ejection=is_ejection,
                log=at,
            )
        )

    def _take(self, at: Place, attester: str, stake_wei: int, amount_wei: int) -> tuple[int, bool]:
        """What the set loses by a slash of somebody in it, and whether it lost the attester."""
        thresholds = self._thresholds[at.address]
        if (
            stake_wei - amount_wei >= thresholds.first_wei
        ):  # most slashes; the rule says the same, more slowly
            self._balances_wei[attester] = stake_wei - amount_wei
            return amount_wei, False
        outcome = slash_outcome(_in_the_set(stake_wei), amount_wei, thresholds=thresholds, now_at=0)
        if outcome.is_ejection:
            self._leave(at, attester, is_ejection=True, recipient=None, amount_wei=outcome.exit_amount_wei)
        else:
            self._balances_wei[attester] = outcome.stake_wei
        return stake_wei - outcome.stake_wei, outcome.is_ejection

    def _leave(
        self, at: Place, attester: str, *, is_ejection: bool, recipient: str | None, amount_wei: int
    ) -> None:
        self._balances_wei.pop(attester, None)
        departure = Departure(
            attester=attester,
            rollup=at.address,
            is_ejection=is_ejection,
            initiated=at,
            recipient=recipient,
            left_wei=amount_wei,
            amount_wei=amount_wei,
        )
        self._departures.append(departure)
        if amount_wei > 0:
            self._leaving[attester] = departure
        else:
            departure.burned = at

    def _initiate(self, at: Place, attester: str, recipient: str, amount_wei: int) -> None:
        leaving = self._leaving.get(attester)
        if leaving is not None:
            leaving.recipient = recipient  # the withdrawer of an ejected attester names who is paid
            expected_wei = leaving.amount_wei
        else:
            expected_wei = self._balances_wei.get(attester, -1)
            if expected_wei < 0:
                raise _missing(at, "WithdrawInitiated", attester, "an activation before the exit")
            self._leave(at, attester, is_ejection=False, recipient=recipient, amount_wei=amount_wei)
        if amount_wei != expected_wei:
            raise _missing(at, "WithdrawInitiated", attester, f"an exit of {expected_wei} wei")

    def _finalize(self, at: Place, attester: str, recipient: str, amount_wei: int) -> None:
        leaving = self._leaving.pop(attester, None)
        if leaving is None:
            raise _missing(at, "WithdrawFinalized", attester, "an exit before its payment")
        if leaving.amount_wei != amount_wei:
            raise _missing(at, "WithdrawFinalized", attester, f"a payment of {leaving.amount_wei} wei")
        leaving.finalized = at
        leaving.recipient = recipient

    # -- providers

    def _delegate(
        self, at: Place, provider_id: int, rollup: str, attester: str, split: str, staker: str
    ) -> None:
        self._providers.stake(at, provider_id, attester)
        self._delegations.append(
            Delegated(
                provider_id=provider_id, attester=attester, split=split, staker=staker, rollup=rollup, log=at
            )
        )

    def _assign_delegations(self) -> None:
        # Both events of a delegation stand in one transaction; which comes first is the StakingRegistry's business.
        for delegated in self._delegations:
            stakes = self._by_transaction[delegated.log.transaction_hash, delegated.attester]
            stake = next((s for s in stakes if s.delegated is None and s.rollup == delegated.rollup), None)
            if stake is None:
                raise missing_logs(
                    "a delegation without its deposit",
                    attester=delegated.attester,
                    block=delegated.log.block_number,
                )
            stake.delegated = delegated

    def _with_gse(self, local_wei: int) -> EjectionThresholds:
        return EjectionThresholds(local_wei=local_wei, gse_wei=self._gse_threshold_wei)


def _in_the_set(balance_wei: int) -> AttesterView:
    return AttesterView(
        status=Status.VALIDATING,
        effective_balance_wei=balance_wei,
        exit=None,
        public_key=(0, 0),
        withdrawer=ZERO_ADDRESS,
    )


def _missing(at: Place, event: str, attester: str, expected: str) -> NodeRefused:
    return missing_logs(
        "an event does not follow from those before it",
        event=event,
        attester=attester,
        block=at.block_number,
        expected=expected,
    )
