"""What the events tell: which stake came when, through whom, and how it left.

The contracts keep no list of everyone who ever staked, and no view says which provider an attester belongs to or
which slash took it out of the set. A replay of a handful of events does, exactly, because the entry queue is a FIFO:
the n-th ``Deposit`` or ``FailedDeposit`` of a rollup is the fate of its n-th ``ValidatorQueued``.

The replay checks itself. An outcome that does not belong to the head of the queue means that logs are missing, and is
an error: a shorter history must never look like a whole one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import attrs

from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import AttesterView, Deployment, Status, unit
from aztec_butler.core.slashing import EjectionThresholds, slash_outcome

# role -> the events that the replay needs
REPLAYED: Final[Mapping[str, tuple[str, ...]]] = {
    "registry": ("CanonicalRollupUpdated",),
    "rollup": (
        "ValidatorQueued",
        "Deposit",
        "FailedDeposit",
        "WithdrawInitiated",
        "WithdrawFinalized",
        "Slashed",
        "LocalEjectionThresholdUpdated",
    ),
    "gse": ("Deposit",),
    "staking_registry": ("StakedWithProvider",),
}


@attrs.frozen(kw_only=True)
class StakingEvent:
    """One decoded log of a contract whose role is known."""

    role: str
    name: str
    values: Mapping[str, Any]
    log: RawLog


class Outcome(StrEnum):
    """What became of a queued deposit."""

    WAITING = "waiting"
    ACTIVATED = "activated"
    REFUNDED = "refunded"


@attrs.frozen(kw_only=True)
class Delegated:
    """The provider's side of a deposit: ``StakedWithProvider``."""

    provider_id: int
    attester: str
    split: str
    staker: str
    rollup: str
    log: RawLog


@attrs.define(kw_only=True)
class Stake:
    """One funded deposit, from the entry queue to its end."""

    rollup: str
    attester: str
    withdrawer: str
    queued: RawLog
    delegated: Delegated | None = None
    """None: it was staked directly."""
    outcome: Outcome = Outcome.WAITING
    settled: RawLog | None = None
    """The log of the outcome; None while it waits."""
    instance: str | None = None
    """The GSE's bucket that holds it: a rollup, or the bonus instance for movers; None before activation."""


@attrs.define(kw_only=True)
class Departure:
    """How an attester left the set of a rollup."""

    attester: str
    rollup: str
    is_ejection: bool
    initiated: RawLog
    recipient: str | None
    """None: ejected, and no recipient named yet."""
    amount_wei: int = unit("wei")
    finalized: RawLog | None = None
    """None until it is paid."""


@attrs.frozen(kw_only=True)
class Slash:
    """One slash, with what it did."""

    attester: str
    rollup: str
    amount_wei: int = unit("wei")
    is_ejection: bool
    log: RawLog


@attrs.frozen(kw_only=True)
class StakingHistory:
    """The replayed events of one network up to one block."""

    stakes: tuple[Stake, ...]
    """In the order of queueing."""
    delegations: tuple[Delegated, ...]
    departures: tuple[Departure, ...]
    slashes: tuple[Slash, ...]
    balances_wei: Mapping[str, int]
    """What the replay holds for every attester in the set."""

    def waiting(self, rollup: str) -> tuple[Stake, ...]:
        """Stakes in a rollup's entry queue, the next one first."""
        return tuple(s for s in self.stakes if s.rollup == rollup and s.outcome is Outcome.WAITING)


def decode_staking_events(logs: Iterable[RawLog], deployment: Deployment) -> tuple[StakingEvent, ...]:
    """Logs of the network's own contracts as events, in their order.

    Raises:
        DecodeError: a log does not fit its event's line, or is of another contract or event than asked for.
    """
    roles = {rollup.address: "rollup" for rollup in deployment.rollups}
    roles |= {deployment.registry: "registry", deployment.gse: "gse"}
    if deployment.staking_registry is not None:
        roles[deployment.staking_registry] = "staking_registry"
    events = {
        (role, CONTRACTS[role].event(name).topic0): CONTRACTS[role].event(name) for role, name in replayed()
    }
    decoded = []
    for log in logs:
        role = roles[log.address]
        event = events[role, log.topics[0]]
        decoded.append(
            StakingEvent(role=role, name=event.name, values=event.decode(log.topics, log.data), log=log)
        )
    return tuple(decoded)


def replayed() -> list[tuple[str, str]]:
    """Role and name of every event that the replay needs."""
    return [(role, name) for role, names in REPLAYED.items() for name in names]


def replay(
    events: Sequence[StakingEvent], deployment: Deployment, thresholds_wei: Mapping[str, int]
) -> StakingHistory:
    """The history that the events tell.

    Args:
        events: every event of ``REPLAYED`` from the first block on, in chain order.
        deployment: the contracts that sent them.
        thresholds_wei: every rollup's local ejection threshold now, by address.

    Raises:
        NodeRefused: an outcome does not belong to the head of the queue: events are missing.

    Source: StakingLib.sol (``flushEntryQueue``, ``slash``, ``initiateWithdraw``, ``finalizeWithdraw``), GSE.sol
    (``deposit``, ``withdraw``).
    """
    return _Replay(deployment, _ThresholdHistory(events, thresholds_wei)).run(events)


class _ThresholdHistory:
    """A rollup's local ejection threshold at any log, from its updates and its value now."""

    def __init__(self, events: Iterable[StakingEvent], now_wei: Mapping[str, int]) -> None:
        self._now_wei = now_wei
        self._updates: dict[str, list[StakingEvent]] = defaultdict(list)
        for event in events:
            if event.name == "LocalEjectionThresholdUpdated":
                self._updates[event.log.address].append(event)

    def at(self, log: RawLog) -> int:
        for update in self._updates[log.address]:
            if (update.log.block_number, update.log.log_index) > (log.block_number, log.log_index):
                return int(update.values["oldLocalEjectionThreshold"])
        return self._now_wei[log.address]


class _Replay:
    """The state of the contracts, as far as events tell it, moved on by one event at a time."""

    def __init__(self, deployment: Deployment, thresholds: _ThresholdHistory) -> None:
        self._deployment = deployment
        self._thresholds = thresholds
        self._stakes: list[Stake] = []
        self._queues: dict[str, deque[Stake]] = defaultdict(deque)
        self._by_transaction: dict[tuple[str, str], list[Stake]] = defaultdict(list)
        self._delegations: list[Delegated] = []
        self._departures: list[Departure] = []
        self._leaving: dict[str, Departure] = {}
        self._slashes: list[Slash] = []
        self._balances_wei: dict[str, int] = {}
        self._bucket: StakingEvent | None = None

    def run(self, events: Sequence[StakingEvent]) -> StakingHistory:
        for event in events:
            self._apply(event)
        self._assign_delegations()
        return StakingHistory(
            stakes=tuple(self._stakes),
            delegations=tuple(self._delegations),
            departures=tuple(self._departures),
            slashes=tuple(self._slashes),
            balances_wei=self._balances_wei,
        )

    def _apply(self, event: StakingEvent) -> None:
        match event.role, event.name:
            case "rollup", "ValidatorQueued":
                self._queue(event)
            case "gse", "Deposit":
                self._bucket = event  # the rollup's own event follows in the same transaction
            case "rollup", "Deposit":
                self._activate(event)
            case "rollup", "FailedDeposit":
                self._settle(event, Outcome.REFUNDED)
            case "rollup", "Slashed":
                self._slash(event)
            case "rollup", "WithdrawInitiated":
                self._initiate(event)
            case "rollup", "WithdrawFinalized":
                self._finalize(event)
            case "staking_registry", "StakedWithProvider":
                self._delegate(event)

    def _queue(self, event: StakingEvent) -> None:
        stake = Stake(
            rollup=event.log.address,
            attester=event.values["attester"],
            withdrawer=event.values["withdrawer"],
            queued=event.log,
        )
        self._stakes.append(stake)
        self._queues[stake.rollup].append(stake)
        self._by_transaction[event.log.transaction_hash, stake.attester].append(stake)

    def _settle(self, event: StakingEvent, outcome: Outcome) -> Stake:
        queue = self._queues[event.log.address]
        attester = event.values["attester"]
        if not queue or queue[0].attester != attester:
            raise _missing(event, f"{queue[0].attester if queue else 'nobody'} at the head of the queue")
        stake = queue.popleft()
        stake.outcome = outcome
        stake.settled = event.log
        return stake

    def _activate(self, event: StakingEvent) -> None:
        stake = self._settle(event, Outcome.ACTIVATED)
        bucket = self._bucket
        if bucket is None or bucket.values["attester"] != stake.attester:
            raise _missing(event, "a Deposit of the GSE before it")
        stake.instance = bucket.values["instance"]
        self._balances_wei[stake.attester] = event.values["amount"]

    def _slash(self, event: StakingEvent) -> None:
        attester, amount_wei = event.values["attester"], event.values["amount"]
        leaving = self._leaving.get(attester)
        is_ejection = False
        if leaving is not None:
            leaving.amount_wei -= amount_wei
            if leaving.amount_wei == 0:
                del self._leaving[attester]
        else:
            balance_wei = self._balances_wei.get(attester)
            if balance_wei is None:
                raise _missing(event, "an activation before the slash")
            outcome = slash_outcome(
                _in_the_set(balance_wei),
                amount_wei,
                thresholds=EjectionThresholds(
                    local_wei=self._thresholds.at(event.log), gse_wei=self._deployment.ejection_threshold_wei
                ),
                now_at=0,  # matters to exits alone
            )
            is_ejection = outcome.is_ejection
            if is_ejection:
                self._leave(event, is_ejection=True, recipient=None, amount_wei=outcome.exit_amount_wei)
            else:
                self._balances_wei[attester] = outcome.stake_wei
        self._slashes.append(
            Slash(
                attester=attester,
                rollup=event.log.address,
                amount_wei=amount_wei,
                is_ejection=is_ejection,
                log=event.log,
            )
        )

    def _leave(
        self, event: StakingEvent, *, is_ejection: bool, recipient: str | None, amount_wei: int
    ) -> None:
        attester = event.values["attester"]
        self._balances_wei.pop(attester, None)
        departure = Departure(
            attester=attester,
            rollup=event.log.address,
            is_ejection=is_ejection,
            initiated=event.log,
            recipient=recipient,
            amount_wei=amount_wei,
        )
        self._departures.append(departure)
        if amount_wei > 0:
            self._leaving[attester] = departure

    def _initiate(self, event: StakingEvent) -> None:
        attester, recipient = event.values["attester"], event.values["recipient"]
        leaving = self._leaving.get(attester)
        if leaving is not None:
            leaving.recipient = recipient  # the withdrawer of an ejected attester names who is paid
        elif attester in self._balances_wei:
            self._leave(event, is_ejection=False, recipient=recipient, amount_wei=event.values["amount"])
        else:
            raise _missing(event, "an activation before the exit")

    def _finalize(self, event: StakingEvent) -> None:
        leaving = self._leaving.pop(event.values["attester"], None)
        if leaving is None:
            raise _missing(event, "an exit before its payment")
        leaving.finalized = event.log
        leaving.recipient = event.values["recipient"]
        leaving.amount_wei = event.values["amount"]

    def _delegate(self, event: StakingEvent) -> None:
        values = event.values
        self._delegations.append(
            Delegated(
                provider_id=values["providerIdentifier"],
                attester=values["attester"],
                split=values["coinbaseSplitContractAddress"],
                staker=values["stakerImplementation"],
                rollup=values["rollupAddress"],
                log=event.log,
            )
        )

    def _assign_delegations(self) -> None:
        # Both events of a delegation stand in one transaction; which comes first is the StakingRegistry's business.
        for delegated in self._delegations:
            stakes = self._by_transaction[delegated.log.transaction_hash, delegated.attester]
            stake = next((s for s in stakes if s.delegated is None and s.rollup == delegated.rollup), None)
            if stake is None:
                raise NodeRefused(
                    "logs are missing: a delegation without its deposit",
                    hint=_MISSING_HINT,
                    attester=delegated.attester,
                    block=delegated.log.block_number,
                )
            stake.delegated = delegated


def _in_the_set(balance_wei: int) -> AttesterView:
    return AttesterView(
        status=Status.VALIDATING,
        effective_balance_wei=balance_wei,
        exit=None,
        public_key=(0, 0),
        withdrawer=ZERO_ADDRESS,
    )


_MISSING_HINT: Final = "the node may have pruned old logs; use another endpoint, and try `doctor`"


def _missing(event: StakingEvent, expected: str) -> NodeRefused:
    return NodeRefused(
        "logs are missing: an event does not follow from those before it",
        hint=_MISSING_HINT,
        event=event.name,
        attester=event.values["attester"],
        block=event.log.block_number,
        expected=expected,
    )
