"""Events of any range as Arrow tables: what is on the disk from there, the rest from a node.

Only finalized blocks are kept; what lies behind them is read anew every time. What is kept is tied to a chain by the
hashes of blocks. Before anything of it is used, the node is asked for those blocks: a cache of another chain is never
served.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs
import pyarrow as pa

from aztec_butler.archive.coverage import Gap, gaps
from aztec_butler.archive.gap_reader import COMMIT_ROWS, COMMIT_SECONDS, GapReader
from aztec_butler.core.errors import CheckFailed, NodeRefused
from aztec_butler.core.event_kinds import EventKind
from aztec_butler.store.events import BlocksMissing
from aztec_butler.store.events_schema import empty, joined, narrowest

if TYPE_CHECKING:
    from aztec_butler.clients.log_piece import Canary
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.records import BlockStamp
    from aztec_butler.store.events import Covered, EventStore

Progress = Callable[[int, int], None]

_ATTEMPTS: Final = 3
"""What the disk held may turn out to be damaged when it is read; then it is missing, and fetched again."""
_DEVELOPMENT_CHAINS: Final = frozenset({1337, 31_337})


@attrs.frozen(kw_only=True)
class Span:
    """A closed range of blocks, and the chain that it is part of.

    Args:
        first_block: of the range.
        last_block: of the range.
        block: the block that the answer is pinned to, at or behind the last one.
        finalized_number: up to where blocks are final; -1 where none is.
    """

    first_block: int
    last_block: int
    block: BlockStamp
    finalized_number: int


class EventReader:
    """Reads the events of one chain, for one question: what node and disk agree about is not compared again.

    Args:
        rpc: the door to the node.
        store: where finalized events are kept; None to keep nothing.
        canary: a log that exists, by which a node shows that it has old logs; None to take its word.
        commit_rows: write to the store when so many rows wait, ...
        commit_seconds: ... and at the latest after so many seconds.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        rpc: Rpc,
        store: EventStore | None,
        *,
        canary: Canary | None = None,
        commit_rows: int = COMMIT_ROWS,
        commit_seconds: float = COMMIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rpc = rpc
        self._store = store
        self._node = GapReader(
            rpc, canary=canary, commit_rows=commit_rows, commit_seconds=commit_seconds, clock=clock
        )
        self._agreed: dict[int, str] = {}

    def read(
        self,
        kinds: Sequence[EventKind],
        contracts: Mapping[str, str],
        span: Span,
        *,
        columns: Mapping[str, Collection[str]] | None = None,
        progress: Progress | None = None,
    ) -> dict[str, pa.Table]:
        """Every event of these kinds that these contracts emitted in a range of blocks.

        Args:
            kinds: of events.
            contracts: the roles by address; those of other roles than the kinds' are not asked for.
            span: the range.
            columns: of each record those that are wanted; all by default.
            progress: told how many blocks have been asked for, and of how many.

        Returns:
            For every kind a table, by the name of the record, sorted by block and log index. Columns and their types are
            those of ``core.columns``, and ``block_timestamp`` is there in every row.

        Raises:
            NodeRefused: the chain was reorganised while it was read (asking again helps), or logs are missing.
            CheckFailed: the store holds events of another chain.
            NodeError: the node failed.
        """
        roles = {kind.role for kind in kinds}
        emitters = {address: role for address, role in contracts.items() if role in roles}
        events = tuple(kind.record for kind in kinds if kind.role in emitters.values())
        wanted = {kind.record: list((columns or {}).get(kind.record, ())) for kind in kinds}
        parts: dict[str, list[pa.Table]] = {kind.record: [] for kind in kinds}
        steps = Steps(progress, span.last_block - span.first_block + 1)
        kept_to = span.first_block - 1
        if self._store is not None and events:
            kept_to = max(kept_to, min(span.last_block, span.finalized_number))
            if kept_to >= span.first_block:
                whole = Gap(
                    contracts=emitters, events=events, first_block=span.first_block, last_block=kept_to
                )
                for record, table in self._from_store(self._store, whole, wanted, steps).items():
                    parts[record].append(table)
        if events and kept_to < span.last_block:
            tail = Gap(contracts=emitters, events=events, first_block=kept_to + 1, last_block=span.last_block)
            for record, table in self._from_node(tail, span.block, steps).items():
                parts[record].append(table.select(wanted[record]) if wanted[record] else table)
        steps.end()
        return {record: _whole(record, tables, wanted[record]) for record, tables in parts.items()}

    # -- the disk

    def _from_store(
        self, store: EventStore, whole: Gap, wanted: Mapping[str, Sequence[str]], steps: Steps
    ) -> dict[str, pa.Table]:
        for attempt in range(1, _ATTEMPTS + 1):
            covered = self.covered(store)
            if store.missing(whole.contracts, whole.events, whole.first_block, whole.last_block):
                for gap in gaps(whole, covered):
                    self._fetch(store, gap, steps)
            try:
                return {
                    record: store.read(
                        record,
                        addresses=whole.emitters(record),
                        first_block=whole.first_block,
                        last_block=whole.last_block,
                        columns=wanted[record] or None,
                    )
                    for record in whole.events
                }
            except BlocksMissing:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError

    def covered(self, store: EventStore) -> list[Covered]:
        """What a store holds, once it is known to be of the node's chain.

        Every part was stored by a reader that had checked the others, so the last block ties all of them to its chain;
        the first one is asked for as well, because it costs no round trip.

        A public chain does not change where it is final. If it seems to, either the node or the disk is wrong, and only a
        person can tell which: hours of reading are not thrown away because an endpoint serves a fork. Chains for
        development begin anew all the time, and are read again in no time.

        Raises:
            NodeRefused: the node lags behind.
            CheckFailed: the store holds events of another chain.
            NodeError: the node failed.
        """
        covered = store.coverage()
        anchors = {each.anchor_block: each.anchor_hash for each in covered}
        ends = {min(anchors), max(anchors)} if anchors else set()
        numbers = sorted(ends - {number for number in ends if self._agreed.get(number) == anchors[number]})
        for number, node_hash in zip(numbers, self._hashes(numbers), strict=True):
            if node_hash == anchors[number]:
                self._agreed[number] = node_hash
                continue
            if self._rpc.chain_id in _DEVELOPMENT_CHAINS:
                store.clear()
                return []
            if node_hash is None:
                raise NodeRefused(
                    "the node does not know a block that was final before",
                    hint="it lags behind: ask later, or use another endpoint",
                    retryable=True,
                    block=number,
                )
            raise CheckFailed(
                "the events on the disk are of another chain than the node's",
                hint="if the node is right, `aztec-butler cache clear NETWORK` begins anew; else use another endpoint",
                block=number,
                stored_hash=anchors[number],
                node_hash=node_hash,
            )
        return covered

    def _fetch(self, store: EventStore, gap: Gap, steps: Steps) -> None:
        """Read a gap and write it part by part. Whatever stops it, what has arrived is kept."""
        for portion in self._node.portions(gap, told=steps.done):
            store.commit(
                portion.tables,
                contracts=gap.contracts,
                events=gap.events,
                first_block=portion.first_block,
                last_block=portion.last_block,
                last_block_hash=portion.last_hash,
            )

    # -- the node

    def _from_node(self, tail: Gap, block: BlockStamp, steps: Steps) -> Mapping[str, pa.Table]:
        """What is not final, once it is known to lead to the block that the answer is pinned to."""
        is_pinned = tail.last_block == block.number
        # The time of a block costs a request where a node does not tell it, so it is asked for before the chain is.
        found = self._node.whole(
            tail, anchor=(block.number, block.hash) if is_pinned else None, told=steps.done
        )
        if not is_pinned and self._hashes([tail.last_block, block.number]) != [found.last_hash, block.hash]:
            raise NodeRefused(
                "the chain was reorganised while it was read",
                hint="ask again, or pin a finalized block",
                retryable=True,
                block=block.number,
            )
        return found.tables

    def _hashes(self, numbers: Sequence[int]) -> list[str | None]:
        headers = self._rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in numbers])
        return [None if header is None else str(header["hash"]).lower() for header in headers]


def _whole(record: str, tables: Sequence[pa.Table], wanted: Sequence[str]) -> pa.Table:
    if tables:
        return joined(record, tables)
    nothing = empty(narrowest(record))
    return nothing.select(list(wanted)) if wanted else nothing


@attrs.define
class Steps:
    """How far reading is, over several streams; what comes from the disk is never told.

    Args:
        progress: told how many blocks are done, and of how many.
        total: blocks.
        count: blocks that are done.
    """

    progress: Progress | None
    total: int
    count: int = 0

    def done(self, blocks: int) -> None:
        """So many blocks more are read."""
        self.count += blocks
        if self.progress is not None:
            self.progress(min(self.count, self.total), self.total)

    def end(self) -> None:
        """All is read. What the disk had was never told, so a bar that moved at all would stay as it is."""
        if self.progress is not None and 0 < self.count < self.total:
            self.count = self.total
            self.progress(self.total, self.total)
