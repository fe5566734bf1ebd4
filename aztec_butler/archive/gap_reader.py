"""What is missing, from a node as tables: a stream of logs, portion by portion, decoded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Final

import attrs
import numpy as np
import pyarrow as pa

from aztec_butler.archive.block_times import with_times
from aztec_butler.archive.coverage import Gap
from aztec_butler.clients.log_stream import stream_logs
from aztec_butler.core.columns import Decoder
from aztec_butler.core.errors import ButlerError
from aztec_butler.core.events import decode_log
from aztec_butler.core.events_fields import record_names
from aztec_butler.store.events_arrays import numbers

if TYPE_CHECKING:
    from aztec_butler.clients.log_piece import Canary, LogPiece
    from aztec_butler.clients.rpc import Rpc

Told = Callable[[int], None]
"""Called with how many blocks more were read."""

COMMIT_ROWS: Final = 100_000
"""Rows that are held until they are written: with nine words each, 50 MB."""
COMMIT_SECONDS: Final = 20.0
"""A killed process loses no more than this; an interrupted one loses nothing."""


@attrs.frozen(kw_only=True, eq=False)
class Portion:
    """Every event of a gap in a closed range of its blocks.

    Args:
        first_block: of the range.
        last_block: of the range.
        last_hash: of the last block.
        tables: by the name of the record, sorted by block and log index; ``block_timestamp`` is there in every row.
    """

    first_block: int
    last_block: int
    last_hash: str
    tables: Mapping[str, pa.Table]


class GapReader:
    """Reads gaps from a node.

    Args:
        rpc: the door to the node.
        canary: a log that exists, by which a node shows that it has old logs; None to take its word.
        commit_rows: a portion ends with so many rows, ...
        commit_seconds: ... and at the latest after so many seconds.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        rpc: Rpc,
        *,
        canary: Canary | None = None,
        commit_rows: int = COMMIT_ROWS,
        commit_seconds: float = COMMIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rpc = rpc
        self._canary = canary
        self._commit_rows = commit_rows
        self._commit_seconds = commit_seconds
        self._clock = clock

    def portions(
        self, gap: Gap, *, anchor: tuple[int, str] | None = None, told: Told | None = None
    ) -> Iterator[Portion]:
        """Adjoining portions from the first block to the last. Whatever stops them, what has arrived comes before it.

        Args:
            gap: what to read.
            anchor: a block at or behind the last one, and its hash, when they are known: every answer is of its chain.
            told: called for every piece that arrived.

        Raises:
            NodeError: the node failed.
        """
        waiting: list[LogPiece] = []
        started = self._clock()
        try:
            for piece in self._pieces(gap, anchor, told):
                waiting.append(piece)
                is_late = self._clock() - started >= self._commit_seconds
                if is_late or sum(map(len, waiting)) >= self._commit_rows:
                    arrived, waiting = waiting, []
                    yield self._portion(gap, arrived)
                    started = self._clock()
        except (ButlerError, KeyboardInterrupt):
            if waiting:
                yield self._portion(gap, waiting)
            raise
        if waiting:
            yield self._portion(gap, waiting)

    def whole(self, gap: Gap, *, anchor: tuple[int, str] | None = None, told: Told | None = None) -> Portion:
        """As ``portions``, all of it at once."""
        return self._portion(gap, list(self._pieces(gap, anchor, told)))

    def _pieces(self, gap: Gap, anchor: tuple[int, str] | None, told: Told | None) -> Iterator[LogPiece]:
        stream = stream_logs(
            self._rpc,
            addresses=sorted(gap.contracts),
            topics=[sorted({record_names()[event][1].topic0 for event in gap.events})],
            first_block=gap.first_block,
            last_block=gap.last_block,
            canary=self._canary,
            anchor=anchor,
        )
        with closing(stream):  # type: ignore[type-var]
            for piece in stream:
                yield piece
                if told is not None:
                    told(piece.last_block - piece.first_block + 1)

    def _portion(self, gap: Gap, pieces: Sequence[LogPiece]) -> Portion:
        return Portion(
            first_block=pieces[0].first_block,
            last_block=pieces[-1].last_block,
            last_hash=pieces[-1].last_hash,
            tables=self._tables(gap, pieces),
        )

    def _tables(self, gap: Gap, pieces: Sequence[LogPiece]) -> dict[str, pa.Table]:
        # A node's filter cannot tell which contract is asked for which event, so events of others may be among them, also
        # such as their contracts are not known for. What was asked for and does not decode is an error.
        decoder = Decoder(gap.contracts, strict=False)
        for piece in pieces:
            decoder.add_batches(piece.batches)
        decoded = decoder.finish()
        for apart in decoded.undecoded:
            if gap.holds(apart.log):
                decode_log(apart.log, gap.contracts)
        found = {record: _in_order(table) for record, table in decoded.tables.items() if record in gap.events}
        return with_times(self._rpc, found)


def _in_order(table: pa.Table) -> pa.Table:
    """The rows in the order of the chain; the decoder takes one contract after the other."""
    blocks, places = (numbers(table.column(name)) for name in ("block_number", "log_index"))
    if ((blocks[1:] > blocks[:-1]) | ((blocks[1:] == blocks[:-1]) & (places[1:] > places[:-1]))).all():
        return table
    order = np.lexsort((places, blocks))
    return table.take(pa.Array.from_buffers(pa.int64(), len(order), [None, pa.py_buffer(order)]))
