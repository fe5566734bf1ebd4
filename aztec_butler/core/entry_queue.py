"""The rollup's entry queue: what one flush does, and when each place is reached.

Deposits wait in a FIFO until somebody calls ``flushEntryQueue``. The first call of an epoch fixes how many deposits may
enter in it; later calls of the same epoch use up the rest. A deposit that fails is refunded: it leaves its place without
using the allowance.

The rules are the same in the contracts of 2.1.9, 4.1 to 4.4 and 5.x. Version 5 refuses configurations that close the
queue; the rules hold for the others as well.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from enum import StrEnum

import attrs

from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError, RevertError
from aztec_butler.core.queue_config import QueueConfig
from aztec_butler.core.records import QueuedDeposit, unit

PublicKey = tuple[int, int]
"""A BLS public key in G1, (x, y)."""


@attrs.frozen(kw_only=True)
class EntryQueueState:
    """The queue of one rollup after some transaction."""

    active_count: int
    """``getActiveAttesterCount()``."""
    queued_count: int
    """``getEntryQueueLength()``."""
    next_flushable_epoch: int
    """``getNextFlushableEpoch()``: the first epoch whose allowance is not fixed yet."""
    cached_allowance: int
    """What is left in the epoch before ``next_flushable_epoch``, without meaning in a later one. So
    ``getAvailableValidatorFlushes()`` does for both."""
    is_bootstrapped: bool
    """``getIsBootstrapped()``; never becomes false again."""
    config: QueueConfig


@attrs.frozen(kw_only=True)
class FlushOutcome:
    """What one call of ``flushEntryQueue`` did."""

    activated_count: int
    failed_count: int

    @property
    def dequeued_count(self) -> int:
        """Places that left the queue."""
        return self.activated_count + self.failed_count


def flush_size(state: EntryQueueState) -> int:
    """How many deposits an epoch may activate, if its allowance is fixed in this state.

    ::

        0                                     bootstrap: a bootstrap size, not bootstrapped, no attester active
                                              and fewer queued than that size
        bootstrap_flush_size                  growth: a bootstrap size, not bootstrapped, fewer active than that
        min(max(active // quotient, min), max)  otherwise

    >>> config = QueueConfig(bootstrap_validator_set_size=500, bootstrap_flush_size=500, normal_flush_size_min=1,
    ...                      normal_flush_size_quotient=400, max_queue_flush_size=4)
    >>> state = EntryQueueState(active_count=1300, queued_count=9, next_flushable_epoch=0, cached_allowance=0,
    ...                         is_bootstrapped=True, config=config)
    >>> flush_size(state)
    3

    Raises:
        RevertError: the quotient is zero, so the contract divides by zero (possible before 5.x).

    Source: StakingLib ``getEntryQueueFlushSize``.
    """
    config = state.config
    if config.bootstrap_validator_set_size > 0 and not state.is_bootstrapped:
        if state.active_count == 0 and state.queued_count < config.bootstrap_validator_set_size:
            return 0
        if state.active_count < config.bootstrap_validator_set_size:
            return config.bootstrap_flush_size
    if config.normal_flush_size_quotient == 0:
        raise RevertError(
            "the rollup's flush size divides by zero",
            hint="governance has set a quotient of zero; nobody enters until it sets another",
            error="Panic(uint256)",
            arguments={"code": 0x12},
        )
    proportional = state.active_count // config.normal_flush_size_quotient
    return min(max(proportional, config.normal_flush_size_min), config.max_queue_flush_size)


def allowance(state: EntryQueueState, epoch: int) -> int:
    """How many deposits may still be activated in this epoch.

    Args:
        state: the state in that epoch.
        epoch: the present epoch.

    Raises:
        RevertError: as ``flush_size``.

    Source: StakingLib ``getAvailableValidatorFlushes``.
    """
    return state.cached_allowance if state.next_flushable_epoch > epoch else flush_size(state)


def flush(
    state: EntryQueueState, epoch: int, *, to_add: int | None = None, failing: Collection[int] = ()
) -> tuple[EntryQueueState, FlushOutcome]:
    """What one call of ``flushEntryQueue`` leaves behind.

    A call that can add nobody still fixes the epoch's allowance: one that comes too early in bootstrap closes the queue
    until the next epoch.

    Args:
        state: the state before the call.
        epoch: the epoch of the call.
        to_add: the argument of ``flushEntryQueue(uint256)``; None for the call without an argument.
        failing: places, counted from the head, whose deposit the GSE refuses.

    Raises:
        RevertError: as ``flush_size``; the call reverts and changes nothing.

    Source: StakingLib ``flushEntryQueue``, ``updateAndGetAvailableFlushes``.
    """
    available = allowance(state, epoch)
    fixed = attrs.evolve(
        state, cached_allowance=available, next_flushable_epoch=max(state.next_flushable_epoch, epoch + 1)
    )
    dequeued = min(available, state.queued_count)
    if to_add is not None:
        dequeued = min(dequeued, to_add)
    failed = sum(1 for place in set(failing) if place < dequeued)
    activated = dequeued - failed
    outcome = FlushOutcome(activated_count=activated, failed_count=failed)
    if dequeued == 0:
        return fixed, outcome
    active = state.active_count + activated
    flushed = attrs.evolve(
        fixed,
        active_count=active,
        queued_count=state.queued_count - dequeued,
        cached_allowance=available - activated,
        is_bootstrapped=state.is_bootstrapped or active >= state.config.bootstrap_validator_set_size,
    )
    return flushed, outcome


class Stall(StrEnum):
    """Why a queue moves no further by itself."""

    AWAITING_DEPOSITS = "awaiting-deposits"
    """Nobody is active, and bootstrap begins with more deposits than are queued."""
    CLOSED = "closed"
    """The configuration lets nobody in at the set's present size, until governance changes it."""
    BROKEN = "broken"
    """The configuration makes every flush revert, until governance changes it."""


@attrs.frozen(kw_only=True)
class PlaceForecast:
    """When one place of the queue is reached."""

    position: int
    """0 is next."""
    epoch: int | None
    """The earliest epoch in which it leaves the queue; None: never, while deposits and configuration stay as they are."""
    earliest_at: int | None = unit("s")
    """The first second at which a flush can reach it; None as above."""
    is_expected_to_fail: bool
    """It will be refunded then, not activated."""


@attrs.frozen(kw_only=True)
class QueueForecast:
    """When every place is reached, in queue order."""

    places: tuple[PlaceForecast, ...]
    stall: Stall | None
    """Why places remain that are never reached; None: all are reached."""
    missing_deposits_count: int
    """Further deposits that would end a stall for want of deposits; otherwise 0."""


def forecast(
    state: EntryQueueState, *, clock: EpochClock, now_at: int, failing: Collection[int] = ()
) -> QueueForecast:
    """The earliest epoch and time at which each place of the queue is activated or refunded.

    It is reached then if somebody flushes fully once in every epoch from the present one on, and again in the same epoch
    while allowance is left because deposits failed. Exits, slashes and missed flushes make it later, a change of the
    configuration either way.

    Args:
        state: the queue at the block of ``now_at``.
        clock: the rollup's clock.
        now_at: the block's time, in Unix seconds.
        failing: places whose deposit the GSE will refuse, as ``expected_failures`` finds them.

    Raises:
        InputError: the state is of another time, or a failing place is not in the queue.

    Source: StakingLib ``flushEntryQueue``, repeated.
    """
    epoch = clock.epoch_at(now_at)
    if state.next_flushable_epoch > epoch + 1:
        raise InputError(
            "the entry queue was read at a later time than the forecast's",
            next_flushable_epoch=state.next_flushable_epoch,
            epoch=epoch,
        )
    if any(not 0 <= place < state.queued_count for place in failing):
        raise InputError(
            "a place that is expected to fail is not in the queue", queued_count=state.queued_count
        )
    refused = frozenset(failing)
    places: list[PlaceForecast] = []
    # Nobody leaves in a forecast, so the bootstrap phases do not come back, and the gate's queue length matters only
    # before the first activation: from epoch to epoch the number of active attesters is all that changes the size.
    running, earliest_at = state, now_at
    stall = None
    left: int | None = state.cached_allowance if state.next_flushable_epoch > epoch else None
    while len(places) < state.queued_count:
        if left is None:
            stall = _stall(running)
            if stall is not None:
                break
            left = flush_size(running)
        active = running.active_count
        while left > 0 and len(places) < state.queued_count:
            position = len(places)
            if position not in refused:
                left -= 1
                active += 1
            places.append(
                PlaceForecast(
                    position=position,
                    epoch=epoch,
                    earliest_at=earliest_at,
                    is_expected_to_fail=position in refused,
                )
            )
        running = attrs.evolve(running, active_count=active)
        epoch += 1
        earliest_at = clock.epoch_start_at(epoch)
        left = None
    places.extend(
        PlaceForecast(
            position=position, epoch=None, earliest_at=None, is_expected_to_fail=position in refused
        )
        for position in range(len(places), state.queued_count)
    )
    missing = (
        state.config.bootstrap_validator_set_size - state.queued_count
        if stall is Stall.AWAITING_DEPOSITS
        else 0
    )
    return QueueForecast(places=tuple(places), stall=stall, missing_deposits_count=missing)


def _stall(state: EntryQueueState) -> Stall | None:
    """Why an epoch that begins in this state activates nobody, and so leaves every later one the same state."""
    config = state.config
    if (
        config.bootstrap_validator_set_size > state.queued_count
        and not state.is_bootstrapped
        and state.active_count == 0
    ):
        return Stall.AWAITING_DEPOSITS
    try:
        return Stall.CLOSED if flush_size(state) == 0 else None
    except RevertError:
        return Stall.BROKEN


class DepositFailure(StrEnum):
    """Why the GSE will refuse a queued deposit, in the order in which it looks."""

    NOT_LATEST_ROLLUP = "not-latest-rollup"
    """It is to move with the latest rollup, and this one is not the latest any more."""
    ATTESTER_REGISTERED = "attester-registered"
    """Its attester address has been activated before, on any rollup, even if it left since."""
    ATTESTER_REPEATED = "attester-repeated"
    """Its attester address stands further ahead in this queue."""
    KEY_REGISTERED = "key-registered"
    """Its BLS key has been activated before."""
    KEY_REPEATED = "key-repeated"
    """Its BLS key stands further ahead in this queue."""


def expected_failures(
    deposits: Iterable[QueuedDeposit],
    *,
    registered_attesters: Container[str],
    registered_keys: Container[PublicKey],
    is_latest_rollup: bool,
) -> dict[int, DepositFailure]:
    """The queued deposits that will be refunded, by position, with the reason.

    An address and a key can be activated once, ever, on all rollups together. A deposit that fails takes neither of
    them, so a later one with the same address or key may still succeed. Deposits can fail for reasons not seen here: an
    invalid proof of possession, or one that needs more gas than the GSE grants.

    Args:
        deposits: the whole queue, in queue order.
        registered_attesters: addresses that were ever activated (the GSE's ``getConfig`` names a withdrawer).
        registered_keys: keys in G1 that were ever activated (the GSE's ``ownedPKs``).
        is_latest_rollup: whether the queue's rollup is the GSE's latest.

    Source: GSE ``deposit``, ``_checkProofOfPossession``.
    """
    failures: dict[int, DepositFailure] = {}
    attesters: set[str] = set()
    keys: set[PublicKey] = set()
    for deposit in deposits:
        if deposit.moves_with_latest_rollup and not is_latest_rollup:
            failures[deposit.position] = DepositFailure.NOT_LATEST_ROLLUP
        elif deposit.attester in registered_attesters:
            failures[deposit.position] = DepositFailure.ATTESTER_REGISTERED
        elif deposit.attester in attesters:
            failures[deposit.position] = DepositFailure.ATTESTER_REPEATED
        elif deposit.public_key in registered_keys:
            failures[deposit.position] = DepositFailure.KEY_REGISTERED
        elif deposit.public_key in keys:
            failures[deposit.position] = DepositFailure.KEY_REPEATED
        else:
            attesters.add(deposit.attester)
            keys.add(deposit.public_key)
    return failures
