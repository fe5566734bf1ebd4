"""Logs of any range as columns: many requests under way, checked pieces in the order of the chain.

::

    for piece in stream_logs(rpc, addresses=[rollup], topics=[[topic0]], first_block=1, last_block=10_000_000):
        decoder.add_batches(piece.batches)

``RangePlan`` decides which piece is next, threads ask for it (``clients.log_answers``), and whoever iterates gets the
pieces in order. Memory is bounded: pieces are made so narrow that a few thousand logs are in each, and no more than
``in_flight`` of them wait to be taken.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import attrs

from aztec_butler.clients.log_answers import Questioner, Range, check_canary
from aztec_butler.clients.log_piece import Canary, LogPiece
from aztec_butler.clients.log_plan import Piece, RangePlan, looks_cut_off
from aztec_butler.clients.stopping import Stopped, StopSign
from aztec_butler.core.errors import InputError, NodeError
from aztec_butler.core.hexes import parse_bytes, to_hex
from aztec_butler.core.logs import LogFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aztec_butler.clients.rpc import Rpc

__all__ = ["Canary", "LogPiece", "stream_logs"]

LOGS_EACH: Final = 4_000
_PATIENCE_SECONDS: Final = 1.0
_GLANCE_SECONDS: Final = 0.25
_WORD: Final = 32


def stream_logs(
    rpc: Rpc,
    *,
    addresses: Sequence[str] | None,
    topics: Sequence[Sequence[bytes | str] | None] = (),
    first_block: int,
    last_block: int,
    in_flight: int = 16,
    canary: Canary | None = None,
    parent_hash: str | None = None,
    last_hash: str | None = None,
    anchor: tuple[int, str] | None = None,
    logs_each: int = LOGS_EACH,
    widest: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[LogPiece]:
    """Every log of a closed range, as adjoining pieces in the order of the chain.

    Closing the iterator, or an interrupt from the keyboard, ends the requests under way at once; the pieces that were
    handed out stay good.

    Args:
        rpc: the door to the nodes; its limit of requests per second holds.
        addresses: the contracts; None for all.
        topics: for each place the words that may stand there, as bytes or hex; None for any.
        first_block: of the range.
        last_block: of the range; the chain must have reached it.
        in_flight: requests under way at once, at most.
        canary: a log that every endpoint has to find before it is believed; None to take the first log that is found,
            which says nothing about older blocks.
        parent_hash: of the block before the range, when it is known: the first piece has to follow it.
        last_hash: of the last block, when it is known: every answer has to be of its chain.
        anchor: a block behind the last one, and its hash; in the place of ``last_hash``, where another block is known.
            Without either, the first answer tells which chain is read.
        logs_each: pieces become so narrow that about this many logs are in each.
        widest: blocks that a request asks about at most; None for as many as the node takes.
        progress: told after each piece how many blocks are done, and of how many.

    Returns:
        Pieces that cover the range without a gap.

    Raises:
        InputError: the range or the filter is not one.
        NodeRefused: a single block is too much for the node, its answers cannot be right, it is on another chain, or
            dropped old logs.
        NodeError: no endpoint answered properly.
    """
    if not 0 <= first_block <= last_block:
        raise InputError(
            "a range of blocks begins before it ends", first_block=first_block, last_block=last_block
        )
    if in_flight < 1 or logs_each < 1 or (widest is not None and widest < 1):
        raise InputError(
            "at least one request is under way, for at least one log, of at least one block",
            in_flight=in_flight,
            logs_each=logs_each,
            widest=widest,
        )
    if canary is not None:
        check_canary(canary)
    if anchor is None:
        anchor_block, anchor_hash = last_block, last_hash
    elif last_hash is not None or anchor[0] < last_block:
        raise InputError(
            "an anchor is a block behind the last one, in the place of that one's hash", anchor=anchor[0]
        )
    else:
        anchor_block, anchor_hash = anchor
    whole = Range(
        first_block=first_block,
        last_block=last_block,
        parent_hash=_hash(parent_hash),
        anchor_block=anchor_block,
        anchor_hash=_hash(anchor_hash),
    )
    stream = _Stream(
        Questioner(rpc, LogFilter.of(addresses, topics), whole, canary),
        RangePlan(first_block, last_block, logs_each=logs_each, widest=widest),
        in_flight=in_flight,
        most_logs_waiting=in_flight * logs_each,
    )
    return _pieces(stream, first_block, last_block, progress)


def _hash(word: str | None) -> str | None:
    return None if word is None else to_hex(parse_bytes(word, size=_WORD))


def _pieces(
    stream: _Stream, first_block: int, last_block: int, progress: Callable[[int, int], None] | None
) -> Iterator[LogPiece]:
    """What a stream brings, in order."""
    block, last_hash = first_block, None
    try:
        while block <= last_block:
            piece = stream.piece_from(block)
            if last_hash is not None:  # every answer is of one chain
                piece = attrs.evolve(piece, parent_hash=last_hash)
            block, last_hash = piece.last_block + 1, piece.last_hash
            if progress is not None:
                progress(block - first_block, last_block - first_block + 1)
            yield piece
    finally:
        stream.close()


class _Stream:
    """Threads that ask for pieces, and what they brought.

    Args:
        questioner: asks for one piece.
        plan: says which.
        in_flight: threads, and pieces that may wait to be taken.
        most_logs_waiting: how many logs these may hold, before no more are asked for.
    """

    def __init__(
        self, questioner: Questioner, plan: RangePlan, *, in_flight: int, most_logs_waiting: int
    ) -> None:
        self._questioner = questioner
        self._plan = plan
        self._in_flight = in_flight
        self._most_logs_waiting = most_logs_waiting
        self._changed = threading.Condition()
        self._sign = StopSign()
        self._threads: list[threading.Thread] = []
        self._wanted = 0
        self._waiting: dict[int, LogPiece] = {}
        self._logs_waiting = 0
        self._failures: dict[int, BaseException] = {}
        self._is_closed = False

    # ------------------------------------------------------------------ for whoever iterates

    def piece_from(self, block: int) -> LogPiece:
        """The piece that begins at a block, when it has come.

        Raises:
            NodeError: it will not come.
        """
        with self._changed:
            self._wanted = block
            self._changed.notify_all()  # more may be asked for from now on
            self._start_thread()
            while block not in self._waiting:
                if block in self._failures:
                    raise self._failures[block]
                # A signal that arrives just before the wait begins is seen when it ends.
                self._changed.wait(_GLANCE_SECONDS)
            piece = self._waiting.pop(block)
            self._logs_waiting -= len(piece)
            return piece

    def close(self) -> None:
        """End the threads. One that is just connecting ends by itself."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._sign.show()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    # ------------------------------------------------------------------ for the threads

    def _start_thread(self) -> None:
        """One more, while there is something to ask and too few do."""
        if len(self._threads) < self._in_flight and self._plan.next_block is not None and not self._is_closed:
            thread = threading.Thread(target=self._work, name="aztec-butler-logs", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        with self._sign:
            while (piece := self._next_piece()) is not None:
                try:
                    found = self._questioner.ask(piece, self._plan.raise_at_once(piece))
                except Stopped:
                    return
                except BaseException as error:  # noqa: BLE001 - whoever iterates shall see it
                    self._take_failure(piece, error)
                else:
                    self._take(piece, found)

    def _next_piece(self) -> Piece | None:
        with self._changed:
            while not self._is_closed:
                piece = self._plan.next_piece() if self._is_open_for(self._plan.next_block) else None
                if piece is not None:
                    self._start_thread()
                    return piece
                self._changed.wait()
        return None

    def _is_open_for(self, block: int | None) -> bool:
        if block is None or (self._failures and block > min(self._failures)):
            return False
        return block == self._wanted or (
            len(self._waiting) < self._in_flight and self._logs_waiting < self._most_logs_waiting
        )

    def _take(self, piece: Piece, found: LogPiece) -> None:
        with self._changed:
            if piece[1] > piece[0] and looks_cut_off(len(found)):
                self._plan.refused(piece)
            else:
                self._plan.succeeded(piece, len(found))
                self._waiting[piece[0]] = found
                self._logs_waiting += len(found)
            self._changed.notify_all()

    def _take_failure(self, piece: Piece, error: BaseException) -> None:
        with self._changed:
            if not isinstance(error, NodeError) or not self._plan.take_back(piece, error):
                self._failures[piece[0]] = error.with_traceback(None)
            self._changed.notify_all()
