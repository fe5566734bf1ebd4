"""One reading of L1 for all collectors of a round: read once, by whoever asks first, while the others wait.

Collectors that begin together would else read the same whole validator set a dozen times, each at another block. What
each of them needs beyond the set travels in one request with what the others need.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.errors import ButlerError
from aztec_butler.exporter.block_times import BlockTimes
from aztec_butler.exporter.slashers import Slashers
from aztec_butler.exporter.source import Source
from aztec_butler.exporter.split_terms import SplitTerms

MAX_AGE_SECONDS: Final = 15.0
"""Shorter than any sensible interval, so that no round sees the block of the one before."""

Plan = Callable[[Snapshot], Sequence[Read]]
"""What a collector wants to read besides, at the snapshot's block. It may read itself what it needs to know that."""


def _nothing(_: Snapshot) -> Sequence[Read]:
    return ()


@attrs.frozen(kw_only=True, eq=False)
class Look:
    """What was seen at one block.

    Args:
        snapshot: its ``state`` is read, and costs nothing to ask for.
        tried: the answers to the plan's reads in their order; a RevertError or DecodeError stands in the place of a
            read that failed by itself.
    """

    snapshot: Snapshot
    tried: Sequence[Any]

    @property
    def values(self) -> Sequence[Any]:
        """The answers to the plan's reads: all of them.

        Raises:
            ButlerError: the first that failed.
        """
        return good(self.tried)


def good(answers: Sequence[Any]) -> Sequence[Any]:
    """Answers none of which failed.

    Raises:
        ButlerError: the first that did.
    """
    for value in answers:
        if isinstance(value, ButlerError):
            raise value
    return answers


@attrs.define(eq=False)
class _Wish:
    plan: Plan
    look: Look | None = None
    error: BaseException | None = None

    def result(self) -> Look:
        if self.error is not None:
            raise self.error
        assert self.look is not None
        return self.look


@attrs.define(eq=False)
class _Attempt:
    """One reading under way, or done."""

    began: float
    wishes: list[_Wish] | None = attrs.field(factory=list)
    """Until they are read; None from then on."""
    snapshot: Snapshot | None = None
    is_done: bool = False


class L1Reading:
    """The newest snapshot of a network, shared. Safe to use from many threads.

    Args:
        source: the network.
        max_age_seconds: how long after its beginning a reading is handed out.
        monotonic: seconds that never go back.

    Attributes:
        source: the network.
        max_age_seconds: as given.
        times: of blocks, remembered.
        splits: how splits divide, remembered.
        slashers: the terms of slashing, remembered.
    """

    def __init__(
        self,
        source: Source,
        *,
        max_age_seconds: float = MAX_AGE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.times = BlockTimes(source)
        self.splits = SplitTerms(source)
        self.slashers = Slashers(source)
        self.max_age_seconds = max_age_seconds
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._attempt: _Attempt | None = None

    def look(self, plan: Plan = _nothing) -> Look:
        """The present snapshot, and what is to be read at its block besides.

        A reading that takes longer than it may be old is still handed to those who waited for it. One that failed is
        handed to nobody else, and whoever asks next begins a new one.

        Args:
            plan: what else to read.

        Raises:
            ButlerError: the reading failed, for all who waited for it; or the plan cannot be made.
        """
        wish = _Wish(plan)
        with self._changed:
            attempt = self._attempt
            leads = attempt is None or self._is_over(attempt)
            if leads:
                # The old snapshot goes before the new one comes: two of them would be twice the memory.
                attempt = self._attempt = _Attempt(self._monotonic())
            assert attempt is not None
            is_late = attempt.wishes is None
            if attempt.wishes is not None:
                attempt.wishes.append(wish)
        if leads:
            self._lead(attempt)
        else:
            with self._changed:
                self._changed.wait_for(lambda: attempt.is_done)
        if is_late:
            if attempt.snapshot is None:
                return self.look(plan)  # it failed just then, for those who had waited
            self._grant([wish], attempt.snapshot)
        return wish.result()

    def _is_over(self, attempt: _Attempt) -> bool:
        if not attempt.is_done:
            return False
        return attempt.snapshot is None or self._monotonic() - attempt.began > self.max_age_seconds

    def _lead(self, attempt: _Attempt) -> None:
        snapshot, error = None, None
        try:
            snapshot = self.source.snapshot()
            _ = snapshot.state.by_attester
        except BaseException as failure:  # noqa: BLE001 - told to everybody who waits, and so to the one who leads
            snapshot, error = None, failure
        with self._changed:
            wishes, attempt.wishes = attempt.wishes or [], None
        if snapshot is None:
            for wish in wishes:
                wish.error = error
        else:
            self._grant(wishes, snapshot)
        with self._changed:
            attempt.snapshot = snapshot
            attempt.is_done = True
            self._changed.notify_all()

    def _grant(self, wishes: Sequence[_Wish], snapshot: Snapshot) -> None:
        """Read what everybody wants in one go; what one wants and cannot be had is that one's error alone."""
        plans: list[tuple[_Wish, Sequence[Read]]] = []
        for wish in wishes:
            try:
                plans.append((wish, wish.plan(snapshot)))
            except BaseException as error:  # noqa: BLE001 - told to whose plan it is
                wish.error = error
        reads = [read for _, wanted in plans for read in wanted]
        try:
            answers = self.source.multicall.try_read(reads, snapshot.block) if reads else []
        except BaseException as error:  # noqa: BLE001 - told to all
            for wish, _ in plans:
                wish.error = error
            return
        start = 0
        for wish, wanted in plans:
            wish.look = Look(snapshot=snapshot, tried=answers[start : start + len(wanted)])
            start += len(wanted)
