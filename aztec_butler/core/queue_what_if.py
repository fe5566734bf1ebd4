"""The entry queue played forward: under its configuration or another one, while deposits come and attesters leave.

The rules are those of ``core.entry_queue``, one epoch after the other. What no contract fixes stands in a scenario: how many
deposits a day come, how many attesters a day leave, and in which part of the epochs somebody flushes. Rates are even: of
three a day one comes every eight hours. So a run is an expectation and no promise, except that nothing is earlier than in
a run without exits in which somebody flushes in every epoch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Final

import attrs

from aztec_butler.core.entry_queue import EntryQueueState, allowance, flush, flush_size
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError, RevertError
from aztec_butler.core.queue_config import QueueConfig
from aztec_butler.core.records import unit

DAY_SECONDS: Final = 86_400
MOST_EPOCHS: Final = 200_000
"""Played at most: on mainnet fourteen years."""


MOST_A_DAY: Final = 10**9
"""Deposits or exits: far more than there are tokens for."""


@attrs.frozen(kw_only=True)
class QueueScenario:
    """What is assumed.

    Args:
        name: as tables call it.
        config: of the queue from now on.
        deposits_per_day: that join the queue.
        exits_per_day: attesters that leave the set.
        flushed_share: of the epochs, those in which somebody flushes as much as he may; more than 0, at most 1.

    Raises:
        InputError: a negative rate or one beyond all measure, or no part of the epochs.
    """

    name: str
    config: QueueConfig
    deposits_per_day: Fraction = Fraction(0)
    exits_per_day: Fraction = Fraction(0)
    flushed_share: Fraction = Fraction(1)

    def __attrs_post_init__(self) -> None:
        for rate in ("deposits_per_day", "exits_per_day"):
            if getattr(self, rate) < 0:
                raise InputError("a rate is not negative", rate=rate, value=getattr(self, rate))
            if getattr(self, rate) > MOST_A_DAY:
                raise InputError(
                    "so many attesters there cannot be",
                    rate=rate,
                    value=float(getattr(self, rate)),
                    limit=MOST_A_DAY,
                )
        if not 0 < self.flushed_share <= 1:
            raise InputError(
                "the share of epochs in which somebody flushes is more than 0 and at most 1",
                flushed_share=self.flushed_share,
            )


@attrs.frozen(kw_only=True)
class QueuePoint:
    """The queue at the beginning of an epoch of a scenario, or now."""

    scenario: str
    begins_at: int = unit("s")
    """When the epoch begins; the block's time for the present one."""
    epoch: int
    queue_length: int
    """Before anybody flushes."""
    active: int
    flush_size: int | None
    """Deposits that the epoch lets in, or still does; None where the configuration makes every flush revert."""
    deposits: int
    """That joined since the run began."""
    activations: int
    """Since then."""
    refunds: int
    """Deposits that failed since then."""
    wait_seconds: int | None = unit("s")
    """How long a deposit made at this time waits; None: for longer than was looked ahead, if not for ever."""


@attrs.define(kw_only=True)
class _Epoch:
    """What a run remembers of an epoch."""

    number: int
    at: int
    queued: int
    """Before the flush."""
    active: int
    size: int | None
    joined: int
    """Deposits in all, those that were queued at first included."""
    left: int = 0
    """Places that left the queue, up to and with this epoch."""
    spare: int = 0
    """Deposits that could have entered beyond them."""
    refunds: int = 0


class QueueRun:
    """One scenario, played as far as somebody looks.

    Args:
        state: the queue at the block of ``now_at``; its configuration gives way to the scenario's.
        scenario: what is assumed.
        clock: the rollup's clock.
        now_at: the block's time, in Unix seconds.
        failing: places whose deposit the GSE will refuse.
    """

    def __init__(
        self,
        state: EntryQueueState,
        scenario: QueueScenario,
        *,
        clock: EpochClock,
        now_at: int,
        failing: Collection[int] = (),
    ) -> None:
        self.scenario = scenario
        self._clock, self._now_at = clock, now_at
        self._state = attrs.evolve(state, config=scenario.config)
        self._first_epoch = clock.epoch_at(now_at)
        self._queued_at_first = state.queued_count
        self._failing = sorted(failing)
        self._joined = self._exited = self._left = self._refunds = 0
        self._epochs: list[_Epoch] = []

    def reached_at(self, place: int, *, not_before: int = 0) -> tuple[int, int] | None:
        """The epoch in which a place leaves the queue, and the first second of it, or now.

        Args:
            place: counted from the present head; one behind the last deposit is that of a deposit made in
                ``not_before``.
            not_before: the number of the epoch, from the present one on, in which its deposit is made.

        Returns:
            None when it is not reached in ``MOST_EPOCHS``.
        """
        while len(self._epochs) <= not_before or not self._is_beyond(place):
            if len(self._epochs) >= MOST_EPOCHS or self._is_stuck():
                break
            self._play()
        if place < self._epochs[not_before].joined:
            found = bisect_right(self._epochs, place, key=lambda epoch: epoch.left)
        else:  # whoever comes when nobody waits may enter at once, as far as there is room left in an epoch
            found = next(
                (
                    ahead
                    for ahead in range(not_before, len(self._epochs))
                    if self._epochs[ahead].left + self._epochs[ahead].spare > place
                ),
                len(self._epochs),
            )
        if found == len(self._epochs):
            return None
        return self._epochs[found].number, self._epochs[found].at

    def _is_beyond(self, place: int) -> bool:
        """Whether a place was reached in the last epoch that was played."""
        return self._epochs[-1].left + self._epochs[-1].spare > place

    def points(self, times: Collection[int]) -> Iterator[QueuePoint]:
        """The queue at the beginning of the first epoch at or after each time; of the present one for a time up to now.

        Args:
            times: in Unix seconds, in order.

        Raises:
            InputError: further ahead than is played.
        """
        for time in times:
            ahead = 0
            if time > self._now_at:
                ahead = -(
                    -(time - self._clock.epoch_start_at(self._first_epoch)) // self._clock.epoch_seconds
                )
            if ahead >= MOST_EPOCHS:
                raise InputError("so far ahead nobody looks", epochs=ahead, limit=MOST_EPOCHS)
            while len(self._epochs) <= ahead:
                self._play()
            epoch = self._epochs[ahead]
            reached = self.reached_at(epoch.joined, not_before=ahead)
            before = self._epochs[ahead - 1] if ahead else None
            refunds = 0 if before is None else before.refunds
            yield QueuePoint(
                scenario=self.scenario.name,
                begins_at=epoch.at,
                epoch=epoch.number,
                queue_length=epoch.queued,
                active=epoch.active,
                flush_size=epoch.size,
                deposits=epoch.joined - self._queued_at_first,
                activations=0 if before is None else before.left - refunds,
                refunds=refunds,
                wait_seconds=None if reached is None else reached[1] - epoch.at,
            )

    def _is_stuck(self) -> bool:
        """Whether nothing can change any more."""
        state, config = self._state, self._state.config
        if not self._epochs:
            return False
        try:
            if flush_size(state) > 0:
                return False
        except RevertError:
            return True
        # Only more deposits can begin what has not begun; a smaller set lets in no more than a larger one.
        is_gate = not state.is_bootstrapped and state.active_count == 0
        awaits_deposits = is_gate and state.queued_count < config.bootstrap_validator_set_size
        return not awaits_deposits or self.scenario.deposits_per_day == 0

    def _play(self) -> None:
        """One epoch more: who comes and who leaves until it begins, then the flush."""
        ahead = len(self._epochs)
        number = self._first_epoch + ahead
        at = self._clock.epoch_start_at(number) if ahead else self._now_at
        self._come_and_go(at - self._now_at)
        epoch = _Epoch(
            number=number,
            at=at,
            queued=self._state.queued_count,
            active=self._state.active_count,
            size=self._size(number),
            joined=self._queued_at_first + self._joined,
        )
        share = self.scenario.flushed_share
        if (ahead + 1) * share // 1 > ahead * share // 1 and epoch.size is not None:
            self._flush(number)
            epoch.spare = allowance(self._state, number)  # of which there is none while anybody waits
        epoch.left, epoch.refunds = self._left, self._refunds
        self._epochs.append(epoch)

    def _come_and_go(self, seconds: int) -> None:
        joined = int(self.scenario.deposits_per_day * seconds / DAY_SECONDS)
        exited = int(self.scenario.exits_per_day * seconds / DAY_SECONDS)
        self._state = attrs.evolve(
            self._state,
            queued_count=self._state.queued_count + joined - self._joined,
            active_count=max(self._state.active_count - (exited - self._exited), 0),
        )
        self._joined, self._exited = joined, exited

    def _size(self, number: int) -> int | None:
        try:
            if self._state.next_flushable_epoch > number:
                return self._state.cached_allowance
            return flush_size(self._state)
        except RevertError:
            return None

    def _flush(self, number: int) -> None:
        """As often as there is anything to gain: what fails leaves its place without using the allowance."""
        while True:
            failing = [place - self._left for place in self._failing if place >= self._left]
            self._state, outcome = flush(self._state, number, failing=failing)
            self._left += outcome.dequeued_count
            self._refunds += outcome.failed_count
            if outcome.failed_count == 0:
                return


def what_if_config(config: QueueConfig, changes: dict[str, int | None]) -> QueueConfig:
    """A configuration with some numbers changed.

    Args:
        config: as it is.
        changes: new values by field, None for those that stay.

    Raises:
        InputError: a number that the contract has no room for.

    Source: StakingQueueConfig.sol ``compress``.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    for name, value in given.items():
        if not 0 <= value < 2**32:
            raise InputError("a number of the queue's configuration has 32 bits", field=name, value=value)
    return attrs.evolve(config, **given)
