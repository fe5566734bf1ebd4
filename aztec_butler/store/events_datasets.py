"""What an event store holds, chain by chain; told without asking a node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import msgspec

from aztec_butler.store.events import EventStore
from aztec_butler.store.events_dataset import Dataset
from aztec_butler.store.events_folder import folder_at
from aztec_butler.store.events_manifest import COMMITS, DataFile, commit_path

_EVENTS = "events"


@attrs.frozen(kw_only=True)
class KeptEvents:
    """What is kept of one event.

    Args:
        chain_id: of the chain.
        genesis: the beginning of the hash of its first block, which tells development chains apart.
        event: name of the record.
        contracts: of how many contracts.
        first_block: of what is kept.
        last_block: of what is kept.
        has_gaps: whether blocks between them are missing for one of the contracts.
        rows: in all files; blocks that were read twice count twice.
        bytes: of all files.
    """

    chain_id: int
    genesis: str
    event: str
    contracts: int
    first_block: int
    last_block: int
    has_gaps: bool
    rows: int
    bytes: int


def stores(
    root: str | Path | None = None, *, storage_options: Mapping[str, Any] | None = None
) -> list[EventStore]:
    """The stores of every chain in a place, by chain id.

    Args:
        root: as for ``EventStore``.
        storage_options: as for ``EventStore``.

    Raises:
        InputError: the place cannot be read.
    """
    found = []
    for name in folder_at(root, _EVENTS, storage_options).names(""):
        folder = folder_at(root, f"{_EVENTS}/{name}", storage_options)
        for commit in sorted(folder.names(COMMITS)):
            try:
                content = msgspec.json.decode(folder.read(commit_path(commit)), type=_Chain)
            except (msgspec.MsgspecError, FileNotFoundError):
                continue  # one that says nothing; ``verify`` names it
            store = EventStore(
                root,
                chain_id=content.chain_id,
                genesis_hash=content.genesis_hash,
                storage_options=storage_options,
            )
            if f"{content.chain_id}-{content.genesis_hash[2:10]}" == name:
                found.append(store)
                break
    return sorted(found, key=lambda store: (store.chain_id, store.genesis_hash))


def kept_events(root: str | Path | None, store: EventStore) -> tuple[KeptEvents, ...]:
    """What a store holds, event by event.

    Args:
        root: where the store is.
        store: of one chain.

    Raises:
        InputError: the place cannot be read.
    """
    below = f"{_EVENTS}/{store.chain_id}-{store.genesis_hash[2:10]}"
    dataset = Dataset(folder_at(root, below, None), store.chain_id, store.genesis_hash)
    snapshot = dataset.commits.load()
    files: dict[str, list[DataFile]] = defaultdict(list)
    for commit in snapshot.holdings.commits:
        for file in commit.content.files:
            if file.path not in snapshot.damaged:
                files[file.event].append(file)
    ranges: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for each in snapshot.holdings.covered():
        ranges[each.event].append((each.address, each.first_block, each.last_block))
    return tuple(
        KeptEvents(
            chain_id=store.chain_id,
            genesis=store.genesis_hash[:10],
            event=event,
            contracts=len({address for address, _, _ in covered}),
            first_block=min(first for _, first, _ in covered),
            last_block=max(last for _, _, last in covered),
            has_gaps=len({address for address, _, _ in covered}) < len(covered),
            rows=sum(file.rows for file in files[event]),
            bytes=sum(file.size for file in files[event]),
        )
        for event, covered in sorted(ranges.items())
    )


class _Chain(msgspec.Struct):
    """The part of a commit that says which chain it is of."""

    chain_id: int
    genesis_hash: str
