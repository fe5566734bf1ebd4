"""Reads what is final: all logs between two final blocks, whatever was noticed there before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Final

import attrs

from aztec_butler.clients.blocks import fetch_timestamps
from aztec_butler.clients.log_stream import stream_logs
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.intents import BlockRef, Checkpoint
from aztec_butler.store.journal_entry import Delivery
from aztec_butler.watcher import chain_window
from aztec_butler.watcher.polling import fetch_block
from aztec_butler.watcher.steps import EventRows, Step, WatchedLogs, watched_events

if TYPE_CHECKING:
    from aztec_butler.clients.log_piece import Canary, LogPiece
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.columns_batch import Batch

_WIDEST: Final = 10_000
"""Blocks that a request asks about at most: many nodes take no more, and all can bear so many."""
_FAR: Final = 1_000
"""A range of more blocks reaches back to where nodes may have dropped logs."""


class FinalReader:
    """Reads final blocks.

    Args:
        rpc: the door to the nodes.
        start_block: where reading begins when nothing was read yet; None for the block that is final then.
        step_events: a step ends when it holds so many events.
        in_flight: requests under way at once.
        canary: a log that every endpoint has to find where it is asked about blocks far back.
        on_step: told what was just done.
    """

    def __init__(
        self,
        rpc: Rpc,
        *,
        start_block: int | None,
        step_events: int,
        in_flight: int,
        canary: Canary | None,
        on_step: Callable[[str], None],
    ) -> None:
        self._rpc = rpc
        self._start_block = start_block
        self._step_events = step_events
        self._in_flight = in_flight
        self._canary = canary
        self._on_step = on_step

    def steps(self, checkpoint: Checkpoint, watched: WatchedLogs, target: BlockRef) -> Iterator[Step]:
        """Everything up to a final block, and what contracts logged before that came to be watched only now.

        Args:
            checkpoint: how far the chain was read.
            watched: which logs are read.
            target: the block.

        Raises:
            NodeError: no endpoint answered properly, or nodes are on different chains.
        """
        if checkpoint.final is None:
            checkpoint = self._begun(checkpoint, watched, target)
        for step in self._of_new_contracts(checkpoint, watched):
            yield step
            checkpoint = step.checkpoint
        if checkpoint.final is not None and target.number <= checkpoint.final.number:
            return
        self._check(checkpoint, target)
        for step in self._range(checkpoint, watched, target):
            yield step
            checkpoint = step.checkpoint
        yield from self._of_new_contracts(checkpoint, watched)

    def noticed_of(self, checkpoint: Checkpoint, watched: WatchedLogs, addresses: Sequence[str]) -> Step:
        """What some contracts logged in the blocks that were noticed and are not final.

        Raises:
            NodeError: no endpoint answered properly.
        """
        final, noticed = checkpoint.final, checkpoint.noticed
        assert final is not None
        assert noticed is not None
        first = max(final.number + 1, self._start_block or 0)
        batches: list[Batch] = []
        if first <= noticed.number:
            for piece in self._pieces(watched, addresses, first, noticed, None):
                batches += piece.batches
        return Step(
            delivery=Delivery.NOTICED,
            first_block=first,
            last_block=noticed.number,
            checkpoint=checkpoint,
            events=self._events(batches, watched),
            contracts=tuple(addresses),
        )

    # ------------------------------------------------------------------ where it begins, and whether it goes on

    def _begun(self, checkpoint: Checkpoint, watched: WatchedLogs, target: BlockRef) -> Checkpoint:
        """A checkpoint for the first time: all that is watched now is read from the start on."""
        names = tuple(sorted(each.address for each in watched.contracts if each.since <= target.number))
        return attrs.evolve(checkpoint, watched=names)

    def _check(self, checkpoint: Checkpoint, target: BlockRef) -> None:
        """Make sure that the new final block is on the chain that was noticed, where that reaches so far.

        That it follows the former one is told by the hashes, which come with the logs.

        Raises:
            NodeRefused: nodes are on different chains.
        """
        noticed = chain_window.at(checkpoint.window, target.number)
        if noticed is not None and noticed.hash != target.hash:
            raise NodeRefused(
                "the final block is of another chain than the newest blocks",
                hint="the chain was reorganised meanwhile, or the endpoint asks nodes that disagree; it is asked again",
                retryable=True,
                block=target.number,
            )

    # ------------------------------------------------------------------ reading

    def _range(self, checkpoint: Checkpoint, watched: WatchedLogs, target: BlockRef) -> Iterator[Step]:
        """From the block behind the former final one."""
        final = checkpoint.final
        start = target.number if self._start_block is None else self._start_block
        begin = min(start, target.number) if final is None else final.number + 1
        addresses = [each.address for each in watched.contracts if each.address in checkpoint.watched]
        checkpoint = attrs.evolve(checkpoint, watched=tuple(sorted(addresses)))
        first = begin if self._start_block is None else max(begin, self._start_block)
        if first > target.number or not addresses:
            yield self._step(checkpoint, begin, target, [], watched)
            return
        parent = final.hash if final is not None and first == begin else None
        batches: list[Batch] = []
        for piece in self._pieces(watched, addresses, first, target, parent):
            batches += piece.batches
            if piece.last_block < target.number and sum(map(len, batches)) < self._step_events:
                continue
            last = self._last(piece, target)
            step = self._step(checkpoint, begin, last, batches, watched)
            yield step
            checkpoint, begin, batches = step.checkpoint, last.number + 1, []

    def _step(
        self,
        checkpoint: Checkpoint,
        first_block: int,
        last: BlockRef,
        batches: Sequence[Batch],
        watched: WatchedLogs,
    ) -> Step:
        events = self._events(batches, watched)
        noticed, window = checkpoint.noticed, checkpoint.window
        if noticed is None or noticed.number <= last.number:
            noticed, window = last, (last,)
        else:
            window = tuple(block for block in window if block.number >= last.number)
        self._on_step("fetched")
        return Step(
            delivery=Delivery.FINAL,
            first_block=first_block,
            last_block=last.number,
            checkpoint=attrs.evolve(checkpoint, final=last, noticed=noticed, window=window),
            events=events,
        )

    def _of_new_contracts(self, checkpoint: Checkpoint, watched: WatchedLogs) -> Iterator[Step]:
        """What contracts logged up to the final block that were not watched so far."""
        final = checkpoint.final
        if final is None:
            return
        for each in watched.contracts:
            if each.address in checkpoint.watched or each.since > final.number:
                continue
            done = attrs.evolve(checkpoint, watched=tuple(sorted({*checkpoint.watched, each.address})))
            begin = min(each.first_block, final.number)
            batches: list[Batch] = []
            for piece in self._pieces(watched, [each.address], begin, final, None):
                batches += piece.batches
                is_last = piece.last_block == final.number
                if not is_last and sum(map(len, batches)) < self._step_events:
                    continue
                yield Step(
                    delivery=Delivery.FINAL,
                    first_block=begin,
                    last_block=piece.last_block,
                    # Read again from the beginning unless all of it was kept.
                    checkpoint=done if is_last else checkpoint,
                    events=self._events(batches, watched),
                    contracts=(each.address,),
                )
                begin, batches = piece.last_block + 1, []
            checkpoint = done

    def _pieces(
        self,
        watched: WatchedLogs,
        addresses: Sequence[str],
        first_block: int,
        last: BlockRef,
        parent_hash: str | None,
    ) -> Iterator[LogPiece]:
        asked = watched.filter(addresses)
        pieces = stream_logs(
            self._rpc,
            addresses=addresses,
            topics=[sorted(topics) if topics is not None else None for topics in asked.topics],
            first_block=first_block,
            last_block=last.number,
            last_hash=last.hash,
            parent_hash=parent_hash,
            in_flight=self._in_flight,
            widest=_WIDEST,
            # Whoever keeps no old logs may still follow the head.
            canary=self._canary if last.number - first_block > _FAR else None,
        )
        with closing(pieces):  # type: ignore[type-var]
            yield from pieces

    def _last(self, piece: LogPiece, target: BlockRef) -> BlockRef:
        """The last block of a piece.

        Raises:
            NodeError: no endpoint has it.
        """
        if piece.last_block == target.number:
            return target
        block = fetch_block(self._rpc, piece.last_block)
        if block.hash != piece.last_hash:
            raise NodeRefused(
                "the nodes contradict each other about a final block", retryable=True, block=block.number
            )
        return block

    def _events(self, batches: Sequence[Batch], watched: WatchedLogs) -> EventRows:
        """Those of the kinds that are watched of their contract, with times."""
        if not batches:
            return EventRows(roles=watched.roles)
        from aztec_butler.core.columns_rows import timed, untimed_blocks

        untimed = untimed_blocks(batches)
        if untimed:
            times = fetch_timestamps(self._rpc, untimed)
            batches = [timed(batch, times) for batch in batches]
        return watched_events(batches, watched)
