"""Decoded logs of finalized blocks, kept as Parquet files: a cache that knows what it holds.

::

    store = EventStore(chain_id=1, genesis_hash="0xd4e5...")
    for first, last in store.missing(contracts, events, first_block, last_block):
        tables = ...  # all their logs in these blocks
        store.commit(tables, contracts=contracts, events=events, first_block=first, last_block=last, last_block_hash=...)
    store.read("RollupDeposit", addresses=[...], first_block=..., last_block=...)

A dataset is a folder ``events/<chain id>-<genesis>``, with a folder for every role and event and one of commits. Any number
of threads, processes and machines may use it at once. A file that is not what was written is set aside with a
``StoreWarning``, and its blocks are missing again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa

from aztec_butler.core.errors import InputError
from aztec_butler.core.events_fields import record_names
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.spelling import did_you_mean
from aztec_butler.store.events_commits import Commits, Snapshot, StoreWarning
from aztec_butler.store.events_coverage import Range, Segment, merged
from aztec_butler.store.events_folder import folder_at
from aztec_butler.store.events_manifest import Coverage, DataFile, PreparedCommit
from aztec_butler.store.events_parquet import UnreadableFileError, write_table
from aztec_butler.store.events_reading import read_files
from aztec_butler.store.events_rows import check_range, check_tables, checked_contracts, checked_hash
from aztec_butler.store.events_schema import check_events, narrowest, widened_schema, widest

__all__ = ["BlocksMissing", "Covered", "EventStore", "PreparedCommit", "StoreWarning"]


class BlocksMissing(InputError):
    """The store does not hold what was asked for.

    Args:
        ranges: closed ranges of blocks to fetch and commit first.
    """

    def __init__(self, sentence: str, *, ranges: list[Range], **facts: Any) -> None:
        super().__init__(sentence, **facts)
        self.ranges = ranges


@attrs.frozen(kw_only=True)
class Covered:
    """Blocks of which the store has all logs of an event of a contract.

    Args:
        event: name of the record.
        address: of the contract, checksummed.
        first_block: of the closed range.
        last_block: of the closed range.
        anchor_block: the last block, or a later one, ...
        anchor_hash: ... and its hash when the logs were stored.
    """

    event: str
    address: str
    first_block: int
    last_block: int
    anchor_block: int
    anchor_hash: str


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
        self._folder = folder_at(root, below, storage_options)
        self._commits = Commits(self._folder, chain_id, self.genesis_hash)

    def __repr__(self) -> str:
        return f"<EventStore {self._folder.shown()}>"

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
        check_events(events)
        contracts = checked_contracts(contracts)
        before = None
        while True:
            snapshot = self._commits.load()
            gaps: list[Range] = []
            files: dict[str, DataFile] = {}
            for event in events:
                segments, not_held = snapshot.holdings.resolve(
                    event, _of_role(contracts, event), first_block, last_block
                )
                gaps += not_held
                files |= {path: file for path, (file, _) in snapshot.holdings.files(event, segments).items()}
            lost = self._lost(files)
            # Another process may just have replaced what was listed.
            if not lost and (not gaps or snapshot is before):
                return merged(gaps)
            before = snapshot
            for path, reason in lost.items():
                self._set_aside(files[path], reason)

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
            write_table(self._folder, event, table, f"{first_block}-{last_block}")
            for event, table in tables.items()
            if len(table)
        ]
        return self._commits.empty(coverage=tuple(coverage), files=tuple(files))

    def publish(self, *prepared: PreparedCommit) -> None:
        """The second half of ``commit``: make what was written visible, all of it at once.

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
                    store=self._folder.shown(),
                )
        files = {file.path: file for each in prepared for file in each.files}
        for path, reason in self._lost(files).items():
            raise InputError("a prepared file is gone", path=self._folder.shown(path), reason=reason)
        coverage = tuple(dict.fromkeys(one for each in prepared for one in each.coverage))
        if coverage:
            self._commits.publish(self._commits.empty(coverage=coverage, files=tuple(files.values())))

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
        before = None
        while True:
            snapshot = self._commits.load()
            segments, gaps = snapshot.holdings.resolve(event, wanted, first_block, last_block)
            if gaps and snapshot is before:
                raise BlocksMissing(
                    "the event store does not hold all of these blocks",
                    hint="fetch and commit them first",
                    ranges=gaps,
                    event=event,
                    missing=", ".join(f"{first}-{last}" for first, last in gaps),
                    store=self._folder.shown(),
                )
            before = snapshot
            if gaps:
                continue
            try:
                return self._rows(snapshot, event, segments, columns, schema)
            except UnreadableFileError as error:
                self._set_aside(error.file, error.reason)

    def unified_schema(
        self, event: str, *, addresses: Collection[str], first_block: int, last_block: int
    ) -> pa.Schema:
        """The columns that hold every row of a range, told from the manifest alone."""
        snapshot = self._commits.load()
        segments, _ = snapshot.holdings.resolve(
            event, {parse_address(address) for address in addresses}, first_block, last_block
        )
        files = snapshot.holdings.files(event, segments).values()
        return widened_schema(event, widest(file.wide for file, _ in files))

    def coverage(self) -> list[Covered]:
        """What the store holds, by event and contract."""
        holdings = self._commits.load().holdings
        found = []
        for event in holdings.events:
            for address in holdings.addresses(event):
                segments, _ = holdings.resolve(event, [address], 0, 2**63 - 1)
                for first, last in merged((each.first_block, each.last_block) for each in segments):
                    anchor = max(
                        (each.coverage.anchor_block, each.coverage.anchor_hash)
                        for each in segments
                        if first <= each.first_block <= last
                    )
                    found.append(
                        Covered(
                            event=event,
                            address=address,
                            first_block=first,
                            last_block=last,
                            anchor_block=anchor[0],
                            anchor_hash=anchor[1],
                        )
                    )
        return found

    def anchors(
        self, contracts: Mapping[str, str], events: Collection[str], first_block: int, last_block: int
    ) -> dict[int, str]:
        """Hashes of the blocks that tie what is held of a range to one chain, by block number: compare them with the node's."""
        check_events(events)
        contracts = checked_contracts(contracts)
        holdings = self._commits.load().holdings
        return {
            segment.coverage.anchor_block: segment.coverage.anchor_hash
            for event in events
            for segment in holdings.resolve(event, _of_role(contracts, event), first_block, last_block)[0]
        }

    def _rows(
        self,
        snapshot: Snapshot,
        event: str,
        segments: list[Segment],
        columns: Collection[str] | None,
        schema: pa.Schema | None,
    ) -> pa.Table:
        files = snapshot.holdings.files(event, segments).values()
        return read_files(self._folder, event, list(files), columns, schema)

    def _lost(self, files: Mapping[str, DataFile]) -> dict[str, str]:
        """Why files cannot be what was written, told without reading them."""
        sizes = self._folder.sizes(list(files))
        return {
            path: "it is gone" if path not in sizes else f"it has {sizes[path]} bytes, not {file.size}"
            for path, file in files.items()
            if sizes.get(path) != file.size
        }

    def _set_aside(self, file: DataFile, reason: str) -> None:
        # Where another process replaced the file, it is not damaged but done with.
        if file.path in self._commits.load().live_paths:
            blocks = f"{file.event} in blocks {file.first_block} to {file.last_block}"
            self._commits.set_aside(file.path, reason, blocks)


def _store(root: Any, chain_id: int, genesis_hash: str, options: Any) -> EventStore:
    return EventStore(root, chain_id=chain_id, genesis_hash=genesis_hash, storage_options=options)


def _of_role(contracts: Mapping[str, str], event: str) -> list[str]:
    role, _ = record_names()[event]
    return [address for address, has in contracts.items() if has == role]
