"""Facts, read when something asks for them and kept until they are too old; and which contracts are watched therefore.

Facts of the head serve notices, facts of a final block everything that cannot be undone: what is done must not rest on a
state that may vanish.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from aztec_butler.clients.blocks import fetch_block
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.events import EventRecord
from aztec_butler.core.intents import BlockRef
from aztec_butler.store.journal_entry import Delivery
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.handlers import ALWAYS, own_words, watched_kinds
from aztec_butler.watcher.settings import WatcherSettings
from aztec_butler.watcher.steps import Step, WatchedContract, WatchedLogs


class Reader(Protocol):
    """What reads facts; ``fact_reading.FactReader`` does."""

    @property
    def is_current(self) -> bool:
        """Whether who is ours can only have changed on the chain since facts were last read."""

    def read(self, block: int | str) -> Facts:
        """How things stand at a block: a number, a hash or a name."""


class Knowledge:
    """What is known of the chain's state. Used by one thread.

    Args:
        reader: of facts.
        settings: what is ours.
        rpc: asked for the newest block where confirmations decide what is final.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        reader: Reader,
        settings: WatcherSettings,
        rpc: Rpc,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._settings = settings
        self._rpc = rpc
        self._monotonic = monotonic
        self._noticed: Facts | None = None
        self._final: Facts | None = None
        self._watched: WatchedLogs | None = None
        self._since: dict[str, WatchedContract] = {}

    @property
    def final(self) -> Facts | None:
        """Facts of the last final block that was looked at."""
        return self._final

    # ------------------------------------------------------------------ which contracts

    def watched(self) -> WatchedLogs:
        """What to follow; the same object for as long as nothing changes.

        Raises:
            ButlerError: the contracts cannot be found out.
        """
        if self._watched is None:
            self._learn(self._reader.read("latest"))
        assert self._watched is not None
        return self._watched

    def _learn(self, facts: Facts) -> None:
        """Watch what these facts show for the first time. What was watched before stays so: old rollups hold stake."""
        new = {address: role for address, role in facts.contracts.items() if address not in self._since}
        if self._watched is not None and not new:
            return
        is_start = self._watched is None
        # What came while nobody watched is read from there on. Contracts around a rollup are as old as one of them.
        rollups = facts.deployment.rollups
        others_from = rollups[0].genesis_block if is_start else rollups[-1].genesis_block
        for address, role in new.items():
            rollup = facts.rollup_at(address)
            self._since[address] = WatchedContract(
                address=address,
                role=role,
                first_block=others_from if rollup is None else rollup.genesis_block,
                since=0 if is_start else facts.block.number,
            )
        self._watched = _logs_of(self._since.values())

    # ------------------------------------------------------------------ what a step needs

    def sift(self, step: Step) -> tuple[list[EventRecord], Facts | None]:
        """The events of a step that may matter, and facts that are not older than any of them.

        Args:
            step: of the follower.

        Returns:
            No events and no facts where nothing in the step can be about us: as a rule.

        Raises:
            ButlerError: the facts cannot be read.
        """
        if step.retracted_above is not None:
            self._forget_above(step.retracted_above)
        if not len(step.events):
            return [], None
        is_current = self._reader.is_current
        facts = self._known(step) if is_current else None
        if facts is None:
            # What is noticed may be about somebody who is ours since a block that is not final yet.
            former = [each for each in (self._final, self._noticed) if each is not None] if is_current else []
            if former and not any(self._records(step, each) for each in former):
                # Nobody becomes ours without an event in which we stand already.
                return [], None
            facts = self._read_for(step)
        records = self._records(step, facts)
        return (records, facts) if records else ([], None)

    def _records(self, step: Step, facts: Facts) -> list[EventRecord]:
        return step.events.records(always=ALWAYS, words=own_words(facts, self._settings))

    def _known(self, step: Step) -> Facts | None:
        facts = self._final if step.delivery is Delivery.FINAL else self._noticed
        return facts if facts is not None and facts.block.number >= step.last_block else None

    def _read_for(self, step: Step) -> Facts:
        if step.delivery is Delivery.FINAL:
            facts = self._final = self.read_final()
        else:
            facts = self._noticed = self._reader.read(step.last_block)
        self._learn(facts)
        if facts.block.number < step.last_block:
            raise NodeRefused(
                "the node does not know the blocks any more that it has just told of",
                hint="one of several endpoints may lag behind",
                retryable=True,
                block=facts.block.number,
                wanted=step.last_block,
            )
        return facts

    def _forget_above(self, block: BlockRef) -> None:
        if self._noticed is not None and self._noticed.block.number > block.number:
            self._noticed = None

    # ------------------------------------------------------------------ what holds

    def read_final(self) -> Facts:
        """Facts of the newest final block, read now.

        Raises:
            ButlerError: they cannot be read.
        """
        confirmations = self._settings.confirmations
        block: int | str = "finalized"
        if confirmations is not None:
            block = max(0, fetch_block(self._rpc, "latest")[0].number - confirmations)
        self._final = self._reader.read(block)
        self._learn(self._final)
        return self._final


def watched_of(facts: Facts) -> WatchedLogs:
    """What facts show, watched from the first block on.

    Args:
        facts: of some block.
    """
    return _logs_of(WatchedContract(address=address, role=role) for address, role in facts.contracts.items())


def _logs_of(contracts: Iterable[WatchedContract]) -> WatchedLogs:
    """The events that somebody handles, of those contracts that emit some of them."""
    known = tuple(contracts)
    roles = {contract.role for contract in known}
    kinds = tuple(kind for kind in watched_kinds() if kind.role in roles)
    handled = {kind.role for kind in kinds}
    return WatchedLogs(contracts=tuple(each for each in known if each.role in handled), kinds=kinds)
