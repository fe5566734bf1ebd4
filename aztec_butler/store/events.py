"""Decoded logs of finalized blocks, kept as Parquet files: a cache that knows what it holds.

::

    store = EventStore(chain_id=1, genesis_hash="0xd4e5...")
    for first, last in store.missing(contracts, events, first_block, last_block):
        tables = ...  # all their logs in these blocks
        store.commit(tables, contracts=contracts, events=events, first_block=first, last_block=last, last_block_hash=...)
    store.read("RollupDeposit", addresses=[...], first_block=..., last_block=...)

A dataset is a folder ``events/<chain id>-<genesis>``, with a folder for every role and event and one of commits. Any
number of threads, processes and machines may use it at once. A file that is not what was written is set aside with a
``StoreWarning``, and its blocks are missing again.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from aztec_butler.core.errors import InputError
from aztec_butler.core.events_fields import record_names
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.spelling import did_you_mean
from aztec_butler.store.events_check import Problem
from aztec_butler.store.events_commits import StoreWarning
from aztec_butler.store.events_coverage import Covered, Range, overlapping
from aztec_butler.store.events_dataset import DAY, Dataset
from aztec_butler.store.events_folder import folder_at
from aztec_butler.store.events_manifest import Coverage, PreparedCommit
from aztec_butler.store.events_parquet import write_table
from aztec_butler.store.events_rows import check_range, check_tables, checked_contracts, checked_hash
from aztec_butler.store.events_schema import (
    ColumnsError,
    check_events,
    narrowest,
    widened_schema,
    widest,
)

__all__ = ["BlocksMissing", "Covered", "EventStore", "PreparedCommit", "Problem", "Range", "StoreWarning"]


class BlocksMissing(InputError):
    """The store does not hold what was asked for.

    Args:
        ranges: closed ranges of blocks to fetch and commit first.
    """

    def __init__(self, sentence: str, *, ranges: list[Range], **facts: Any) -> None:
        super().__init__(sentence, **facts)
        self.ranges = ranges


class EventStore:
    """The logs of one chain.

    Nothing is read or written before it is asked for. Instances can be pickled, and shared between threads.

    Args:
        root: a folder; or, with a scheme (``s3://...``), any place that fsspec reaches; None for the user's cache folder.
        chain_id: of the chain.
        genesis_hash: hash of block 0: a devnet that was started anew has the same id and is another chain.
        storage_options: what fsspec needs to reach the place.

    Raises:
        InputError: the hash is none, or fsspec is needed and cannot reach the place.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        chain_id: int,
        genesis_hash: str,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.chain_id = chain_id
        self.genesis_hash = checked_hash(genesis_hash, "genesis hash")
        self._place = root, storage_options
        below = f"events/{chain_id}-{self.genesis_hash[2:10]}"
        self._dataset = Dataset(folder_at(root, below, storage_options), chain_id, self.genesis_hash)

    def __repr__(self) -> str:
        return f"<EventStore {self._dataset.folder.shown()}>"

    def __reduce__(self) -> tuple[Any, ...]:
        root, options = self._place
        return _store, (root, self.chain_id, self.genesis_hash, options)

    def missing(
        self, contracts: Mapping[str, str], events: Collection[str], first_block: int, last_block: int
    ) -> list[Range]:
        """The blocks whose logs are not all there.

        Args:
            contracts: the roles by address.
            events: names of records; those of roles that no contract has count as held.
            first_block: of the closed range.
            last_block: of the closed range.

        Returns:
            Closed ranges, ascending, that are not held for every event of every contract.

        Raises:
            InputError: no such event or role, no such range, or the store cannot be read.
        """
        check_range(first_block, last_block)
        return self._dataset.missing(_wanted(contracts, events), first_block, last_block)

    def commit(
        self,
        tables: Mapping[str, pa.Table],
        *,
        contracts: Mapping[str, str],
        events: Collection[str],
        first_block: int,
        last_block: int,
        last_block_hash: str,
    ) -> None:
        """Store all logs of these events of these contracts in a range of finalized blocks, at once or not at all.

        Args:
            tables: of ``core.columns``, by name of the record, sorted by block and log index; an event without one has
                no logs there.
            contracts: the roles by address.
            events: names of records.
            first_block: of the closed range.
            last_block: of the closed range.
            last_block_hash: of the last block.

        Raises:
            InputError: the tables do not fit the rest (nothing is written), or the store cannot be written.
            CheckFailed: the store knows the last block by another hash.
        """
        self.publish(
            self.write_files(
                tables,
                contracts=contracts,
                events=events,
                first_block=first_block,
                last_block=last_block,
                last_block_hash=last_block_hash,
            )
        )

    def write_files(
        self,
        tables: Mapping[str, pa.Table],
        *,
        contracts: Mapping[str, str],
        events: Collection[str],
        first_block: int,
        last_block: int,
        last_block_hash: str,
    ) -> PreparedCommit:
        """The first half of ``commit``: write the files, which nobody sees until the result is published.

        The result is plain data, and may go to another process. It has to be published within a day; what is older
        counts as left over.
        """
        check_range(first_block, last_block)
        contracts = checked_contracts(contracts)
        last_block_hash = checked_hash(last_block_hash, "block hash")
        check_tables(tables, contracts, events, first_block, last_block, last_block_hash)
        by_role: dict[str, list[str]] = {}
        for event in sorted(set(events)):
            by_role.setdefault(record_names()[event][0], []).append(event)
        coverage = [
            Coverage(
                addresses=tuple(sorted(address for address, has in contracts.items() if has == role)),
                events=tuple(names),
                first_block=first_block,
                last_block=last_block,
                anchor_block=last_block,
                anchor_hash=last_block_hash,
            )
            for role, names in by_role.items()
            if role in contracts.values()
        ]
        files = [
            write_table(self._dataset.folder, event, table, f"{first_block}-{last_block}")
            for event, table in tables.items()
            if len(table)
        ]
        return self._dataset.commits.empty(coverage=tuple(coverage), files=tuple(files))

    def publish(self, *prepared: PreparedCommit) -> None:
        """The second half of ``commit``: make what was written visible.

        All of it appears at once, but for what overlaps: the same blocks of the same contracts and events, prepared twice.

        Raises:
            InputError: it is of another chain, or files are gone.
            CheckFailed: the store knows one of the last blocks by another hash.
        """
        for each in prepared:
            if (each.chain_id, each.genesis_hash) != (self.chain_id, self.genesis_hash):
                raise InputError(
                    "prepared for another chain",
                    chain_id=each.chain_id,
                    genesis_hash=each.genesis_hash,
                    store=self._dataset.folder.shown(),
                )
        self._dataset.publish(prepared)

    def read(
        self,
        event: str,
        *,
        addresses: Collection[str],
        first_block: int,
        last_block: int,
        columns: Collection[str] | None = None,
        schema: pa.Schema | None = None,
    ) -> pa.Table:
        """The logs of an event in a range of blocks, sorted by block and log index.

        Args:
            event: name of the record.
            addresses: of the contracts.
            first_block: of the closed range.
            last_block: of the closed range.
            columns: the columns wanted, in this order; all by default.
            schema: the types wanted, as ``unified_schema`` tells them; by default those ``core.columns`` gives these rows.

        Raises:
            BlocksMissing: not all is there; it has the ranges. Damaged files were set aside with a ``StoreWarning``.
            InputError: no such event or column, no such range, or the store cannot be read.
        """
        check_range(first_block, last_block)
        check_events([event])
        for name in columns or ():
            if name not in narrowest(event).names:
                raise InputError(
                    "the event has no such column",
                    hint=did_you_mean(name, narrowest(event).names),
                    event=event,
                    column=name,
                )
        wanted = {parse_address(address) for address in addresses}
        try:
            table, gaps = self._dataset.read(event, wanted, first_block, last_block, columns, schema)
        except ColumnsError as error:
            raise InputError("the schema does not hold all rows", event=event, reason=error) from None
        if gaps:
            raise BlocksMissing(
                "the event store does not hold all of these blocks",
                hint="fetch and commit them first",
                ranges=gaps,
                event=event,
                missing=", ".join(f"{first}-{last}" for first, last in gaps),
                store=self._dataset.folder.shown(),
            )
        return table

    def read_many(
        self,
        wanted: Mapping[str, Collection[str]],
        *,
        first_block: int,
        last_block: int,
        columns: Mapping[str, Collection[str]] | None = None,
    ) -> dict[str, pa.Table]:
        """``read`` for several events at once, which is faster than one after the other.

        Args:
            wanted: addresses of contracts, by name of the record.
            first_block: of the closed range.
            last_block: of the closed range.
            columns: the columns wanted, by name of the record; all where none are named.
        """

        def read(event: str) -> pa.Table:
            return self.read(
                event,
                addresses=wanted[event],
                first_block=first_block,
                last_block=last_block,
                columns=(columns or {}).get(event),
            )

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(wanted, pool.map(read, wanted), strict=True))

    def unified_schema(
        self, event: str, *, addresses: Collection[str], first_block: int, last_block: int
    ) -> pa.Schema:
        """Columns wide enough for every row that is held of a range, told without reading rows."""
        check_range(first_block, last_block)
        check_events([event])
        holdings = self._dataset.commits.load().holdings
        segments, _ = holdings.resolve(event, map(parse_address, addresses), first_block, last_block)
        files = holdings.files_by_path(event, segments).values()
        return widened_schema(event, widest(file.wide for file in files))

    def partitions(
        self, event: str, *, addresses: Collection[str], first_block: int, last_block: int
    ) -> list[Range]:
        """Ranges that divide a range so that each reads files of its own; told without reading rows."""
        check_range(first_block, last_block)
        check_events([event])
        holdings = self._dataset.commits.load().holdings
        segments, _ = holdings.resolve(event, map(parse_address, addresses), first_block, last_block)
        files = holdings.files_by_path(event, segments).values()
        inside = ((max(file.first_block, first_block), min(file.last_block, last_block)) for file in files)
        starts = [first_block, *(first for first, _ in overlapping(inside)[1:])]
        return [
            (first, last)
            for first, last in zip(starts, [*(s - 1 for s in starts[1:]), last_block], strict=True)
        ]

    def coverage(self) -> list[Covered]:
        """What the store holds, by event and contract."""
        return list(self._dataset.commits.load().holdings.covered())

    def anchors(
        self, contracts: Mapping[str, str], events: Collection[str], first_block: int, last_block: int
    ) -> dict[int, str]:
        """Hashes that tie what is held of a range to one chain, by block number: the node must know the same."""
        check_range(first_block, last_block)
        holdings = self._dataset.commits.load().holdings
        return {
            segment.coverage.anchor_block: segment.coverage.anchor_hash
            for event, addresses in _wanted(contracts, events).items()
            for segment in holdings.resolve(event, addresses, first_block, last_block)[0]
        }

    def compact(self) -> None:
        """Make few files of many; also done now and then by ``commit``.

        Raises:
            InputError: the store cannot be written.
        """
        self._dataset.compact(wait=True)

    def verify(self, *, leftover_after_seconds: float = DAY) -> list[Problem]:
        """Read everything, and tell what is not as it was written. Nothing is changed.

        Args:
            leftover_after_seconds: age from which a file that nobody needs counts as left over; a younger one may be
                about to be published.
        """
        return self._dataset.verify(leftover_after_seconds)

    def repair(self, *, leftover_after_seconds: float = DAY) -> list[Problem]:
        """Make the blocks of damaged files missing, and remove what nobody needs.

        Returns:
            The problems there were. A contradiction remains: nobody knows who is right; ``clear`` is the way out.
        """
        return self._dataset.repair(leftover_after_seconds)

    def clear(self) -> None:
        """Forget everything that is held of this chain."""
        self._dataset.clear()


def _store(root: Any, chain_id: int, genesis_hash: str, options: Any) -> EventStore:
    return EventStore(root, chain_id=chain_id, genesis_hash=genesis_hash, storage_options=options)


def _wanted(contracts: Mapping[str, str], events: Collection[str]) -> dict[str, list[str]]:
    """The contracts that have an event, by event."""
    check_events(events)
    roles = checked_contracts(contracts)
    return {
        event: [address for address, role in roles.items() if role == record_names()[event][0]]
        for event in events
    }
