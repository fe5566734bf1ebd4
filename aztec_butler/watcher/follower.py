"""Follows the chain: what happened since a checkpoint, in steps that are each kept before the next is asked for.

::

    follower = Follower(rpc, watched=lambda: watched_logs(...))
    while True:
        for step in follower.steps(journal.checkpoint()):
            journal.commit(...)
        wait()

There are two cursors. ``noticed`` follows the head: what it tells may vanish, and is taken back by a later step. ``final``
moves over blocks that are final only, and reads all of their logs again, each answer checked to be of the chain that leads
to the final block: so nothing that a node said about the head can make it miss or keep anything.

Nothing has to be remembered but the checkpoint: a call that failed half-way is made again with the one that was kept last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.intents import BlockRef, Checkpoint
from aztec_butler.core.logs import LogFilter
from aztec_butler.store.journal_entry import Delivery
from aztec_butler.watcher import chain_window
from aztec_butler.watcher.chain_check import ChainCheck
from aztec_butler.watcher.final_reading import FinalReader
from aztec_butler.watcher.noticed_logs import NoticedLogs
from aztec_butler.watcher.polling import Look, Stretch, fetch_blocks, look_at_head, read_stretch
from aztec_butler.watcher.steps import Step, WatchedLogs, events_of

if TYPE_CHECKING:
    from aztec_butler.clients.log_piece import Canary
    from aztec_butler.clients.rpc import Rpc

_AT_ONCE: Final = 64
"""Headers of a request: with the hashes of their transactions about a megabyte."""


class Follower:
    """Reads on from a checkpoint. Used by one thread at a time.

    Args:
        rpc: the door to the nodes.
        watched: which logs are read, asked at the beginning of each call of ``steps``; the same object for as long as
            nothing changes. A contract that was not among them before is read from its first block on.
        confirmations: blocks behind the newest one are final; None to take what the nodes call final.
        window: how deep a reorganisation may be, in blocks.
        start_block: where reading begins when nothing was read yet; None for the block that is final then.
        patience: how many polls in a row may contradict what was noticed, before that is believed, or an error.
        step_events: a step of final blocks ends when it holds so many events.
        in_flight: requests under way at once while final blocks are read.
        canary: a log that every endpoint has to find where it is asked about blocks far back: one that dropped old logs
            answers emptily about them. None to trust them.
        on_step: told what was just done.

    Raises:
        InputError: a number is too small.
    """

    def __init__(
        self,
        rpc: Rpc,
        *,
        watched: Callable[[], WatchedLogs],
        confirmations: int | None = None,
        window: int = 256,
        start_block: int | None = None,
        patience: int = 10,
        step_events: int = 20_000,
        in_flight: int = 8,
        canary: Canary | None = None,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        numbers = {
            "confirmations": confirmations,
            "window": window,
            "patience": patience,
            "step_events": step_events,
        }
        if any(number is not None and number < 1 for number in numbers.values()) or (start_block or 0) < 0:
            raise InputError(
                "confirmations, the window and the like are at least 1, and no block is below 0",
                **numbers,  # type: ignore[arg-type]
                start_block=start_block,
            )
        self._rpc = rpc
        self._watched = watched
        self._confirmations = confirmations
        self._window = window
        self._start_block = start_block
        self._chain = ChainCheck(rpc, patience=patience)
        self._on_step = on_step
        self._final = FinalReader(
            rpc,
            start_block=start_block,
            step_events=step_events,
            in_flight=in_flight,
            canary=canary,
            on_step=on_step,
        )
        self._noticed = NoticedLogs()
        self._has_reached_head = False
        self._noticed_of: WatchedLogs | None = None
        self._asked: tuple[WatchedLogs, LogFilter] | None = None

    @property
    def contradictions(self) -> int:
        """How many polls in a row could not be followed, because nodes contradict what was noticed or each other."""
        return self._chain.contradictions

    def steps(self, checkpoint: Checkpoint) -> Iterator[Step]:
        """Everything from a checkpoint to the head of the chain.

        When nothing happened, this is one round trip and no step. Each step builds on the one before it: keep it, or
        leave the rest and begin again with the checkpoint that was kept last.

        Args:
            checkpoint: how far the chain was read.

        Raises:
            ReorgTooDeep: blocks that were taken as final are no longer on the chain, or more of the noticed ones than
                are remembered. No step was handed out about that.
            NodeError: no endpoint answered properly; or endpoints go on contradicting each other.
        """
        watched = self._watched()
        asked = self._filter(watched)
        follows, self._has_reached_head = self._has_reached_head, False
        look = look_at_head(
            self._rpc, asked if follows else None, checkpoint.noticed, final=self._confirmations is None
        )
        self._on_step("fetched")
        return self._steps(checkpoint, watched, asked, look)

    def _steps(
        self, checkpoint: Checkpoint, watched: WatchedLogs, asked: LogFilter, look: Look
    ) -> Iterator[Step]:
        noticed = checkpoint.noticed
        if noticed is not None and noticed != look.head:
            standing = self._chain.last_shared(checkpoint, look.head)
            if standing is None:
                return
            if standing != noticed:
                step = self._turn(checkpoint, watched, asked, look, standing)
                if step is None:
                    return
                yield step
                checkpoint = step.checkpoint
        target = self._target(checkpoint, look)
        if target is None and checkpoint.final is None:
            self._chain.contradict(
                "the node names no final block",
                hint="a young or private chain may have none: set the number of confirmations instead",
            )
            return
        if target is not None and (checkpoint.noticed is None or checkpoint.noticed.number < target.number):
            # Far behind: what is final needs no notice before.
            for step in self._finals(checkpoint, watched, target):
                yield step
                checkpoint = step.checkpoint
        for step in self._notices(checkpoint, watched, asked, look):
            yield step
            checkpoint = step.checkpoint
        if checkpoint.noticed is None or checkpoint.noticed.number < look.head.number:
            return  # the chain turned meanwhile
        target = self._target(checkpoint, look)
        if target is not None:
            yield from self._finals(checkpoint, watched, target)
        self._chain.agree()
        self._has_reached_head = True

    # ------------------------------------------------------------------ where the chain turned

    def _turn(
        self,
        checkpoint: Checkpoint,
        watched: WatchedLogs,
        asked: LogFilter,
        look: Look,
        parting: BlockRef,
    ) -> Step | None:
        """Take back what is above a block, and tell at once what is there instead; None where nodes disagree."""
        assert checkpoint.noticed is not None
        first = parting.number + 1
        stretch = Stretch(blocks=(), logs=())
        if first <= look.head.number:
            stretch = self._stretch(asked, first, look.head.number)
            if stretch.blocks[0].parent_hash != parting.hash:
                self._chain.contradict("the nodes contradict each other about the newest blocks")
                return None
        else:
            self._chain.agree()  # it is that short
        left = attrs.evolve(checkpoint, noticed=parting, window=chain_window.cut(checkpoint.window, parting))
        return attrs.evolve(
            self._notice(left, watched, stretch),
            retracted_above=parting,
            reorg_depth=checkpoint.noticed.number - parting.number,
        )

    # ------------------------------------------------------------------ notices

    def _notices(
        self, checkpoint: Checkpoint, watched: WatchedLogs, asked: LogFilter, look: Look
    ) -> Iterator[Step]:
        """The blocks up to the head."""
        yield from self._notices_of_new_contracts(checkpoint, watched)
        while checkpoint.noticed is not None and checkpoint.noticed.number < look.head.number:
            noticed = checkpoint.noticed
            if look.logs is not None and look.head.parent_hash == noticed.hash:
                logs = look.logs if look.head.number >= (self._start_block or 0) else ()
                stretch = Stretch(blocks=(look.head,), logs=logs)
            else:
                stretch = self._stretch(asked, noticed.number + 1, look.head.number)
            if stretch.blocks[0].parent_hash != noticed.hash:
                self._chain.contradict("the nodes contradict each other about the newest blocks")
                return  # the next call finds out where the chain turned
            step = self._notice(checkpoint, watched, stretch)
            yield step
            checkpoint = step.checkpoint

    def _notice(self, checkpoint: Checkpoint, watched: WatchedLogs, stretch: Stretch) -> Step:
        """A step over blocks that follow the noticed one."""
        assert checkpoint.noticed is not None
        newest = stretch.blocks[-1] if stretch.blocks else checkpoint.noticed
        window = chain_window.appended(
            checkpoint.window, stretch.blocks, size=self._window, final=checkpoint.final
        )
        step = Step(
            delivery=Delivery.NOTICED,
            first_block=checkpoint.noticed.number + 1,
            last_block=newest.number,
            checkpoint=attrs.evolve(checkpoint, noticed=newest, window=window),
            events=events_of(stretch.logs, watched),
        )
        self._noticed.remember(step)
        return step

    def _notices_of_new_contracts(self, checkpoint: Checkpoint, watched: WatchedLogs) -> Iterator[Step]:
        """What contracts logged that came to be watched when the blocks had been noticed."""
        if self._noticed_of is watched:
            return
        # After a restart nobody knows whether one that is not in the checkpoint yet was noticed.
        before = checkpoint.watched if self._noticed_of is None else self._noticed_of.addresses
        new = sorted(set(watched.addresses) - set(before))
        final, noticed = checkpoint.final, checkpoint.noticed
        if new and final is not None and noticed is not None and noticed.number > final.number:
            yield self._final.noticed_of(checkpoint, watched, new)
        self._noticed_of = watched

    def _stretch(self, asked: LogFilter, first_block: int, head: int) -> Stretch:
        last_block = min(head, first_block + _AT_ONCE - 1)
        return read_stretch(self._rpc, asked, first_block, last_block, logs_from=self._start_block or 0)

    # ------------------------------------------------------------------ what is final

    def _finals(self, checkpoint: Checkpoint, watched: WatchedLogs, target: BlockRef) -> Iterator[Step]:
        for step in self._final.steps(checkpoint, watched, target):
            if step.contracts is None:
                self._noticed.check(checkpoint, step)
            yield step
            checkpoint = step.checkpoint

    def _target(self, checkpoint: Checkpoint, look: Look) -> BlockRef | None:
        """The last block that is final now; None when there is none yet."""
        if self._confirmations is None:
            return look.final
        number = look.head.number - self._confirmations
        if number < 0:
            return None
        known = chain_window.at(checkpoint.window, number)
        if known is not None:
            return known
        blocks = fetch_blocks(self._rpc, [number], up_to=look.head)
        if blocks is None:
            self._chain.contradict("the nodes contradict each other about the newest blocks")
            return None
        return blocks[number]

    def _filter(self, watched: WatchedLogs) -> LogFilter:
        """What the node is asked for, made anew when something else is watched."""
        if self._asked is None or self._asked[0] is not watched:
            self._asked = (watched, watched.filter())
            self._noticed = NoticedLogs()  # of what is not watched any more, nothing will be final
        return self._asked[1]
