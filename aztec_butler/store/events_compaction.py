"""Many small commits made one, many small files few.

The new commit names the ones it replaces. A crash before it is published leaves files that nobody reads, one after it
leaves replaced commits for the next time. Files that other processes are reading may vanish under them: they list the
commits again and find the new ones. On one machine a lock keeps two from doing it at once; elsewhere two may. Then both
results are whole but for a file that one of them kept and the other one replaced: its rows are read from the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import attrs
import numpy as np

from aztec_butler.core.events_fields import record_names
from aztec_butler.store.events_commits import Commits, Snapshot
from aztec_butler.store.events_coverage import Range, Segment, without
from aztec_butler.store.events_folder import Folder
from aztec_butler.store.events_manifest import Coverage, DataFile, PreparedCommit, commit_path
from aztec_butler.store.events_parquet import write_table
from aztec_butler.store.events_reading import Source, read_files

FULL_ROWS: Final = 131_072
"""A file with as many rows is left as it is, unless others overlap it."""
ROWS_OF_FILE: Final = 262_144
"""About as many rows new files have at most, so that little memory is needed."""


def compact(folder: Folder, commits: Commits) -> None:
    """Make one commit of all; the caller is alone in the folder.

    Raises:
        UnreadableFileError: a file is gone, or is not what was written.
    """
    snapshot = commits.load()
    # What this release does not know it leaves to the one that does.
    if len(snapshot.commits) < 2 or not record_names().keys() >= {*snapshot.holdings.events}:
        return
    _put_in_place(folder, commits, snapshot, _compacted(folder, commits, snapshot))


def _put_in_place(folder: Folder, commits: Commits, snapshot: Snapshot, prepared: PreparedCommit) -> None:
    commits.add(prepared)
    # Another machine that did the same at the same time may have kept a file that was not kept here.
    forget(folder, snapshot, {file.path for file in prepared.files} | commits.load().live_paths)


def forget(folder: Folder, snapshot: Snapshot, kept: Iterable[str] = ()) -> None:
    """Remove commits that a published one replaces, and their files but those that it kept."""
    files = {file.path for commit in snapshot.commits.values() for file in commit.content.files}
    for path in sorted(files - set(kept)):
        folder.remove(path)
    # The commits last: whoever stops in between leaves the names of what is still to be removed. And of them those
    # first that another one replaced earlier: without that other one they would seem to hold something again.
    for name in sorted(snapshot.commits, key=lambda name: (_replaced_by(snapshot, name), name)):
        folder.remove(commit_path(name))


def _replaced_by(snapshot: Snapshot, name: str) -> int:
    """How many of the commits that are still there a commit replaces: more than each of those does."""
    return len(snapshot.commits.keys() & {*snapshot.commits[name].content.replaces})


def _compacted(folder: Folder, commits: Commits, snapshot: Snapshot) -> PreparedCommit:
    holdings = snapshot.holdings
    covered: dict[Coverage, list[str]] = defaultdict(list)
    files: list[DataFile] = []
    for event in holdings.events:
        segments = holdings.everything(event)
        for coverage in united(segments):
            covered[coverage].append(event)
        sources = sorted(
            holdings.files(event, segments).values(),
            key=lambda source: (source[0].first_block, source[0].path),
        )
        for run in _runs(sources):
            stays = len(run) == 1 and _is_whole(run[0])
            files += [run[0][0]] if stays else _rewritten(folder, event, run)
    return commits.empty(
        coverage=tuple(attrs.evolve(coverage, events=tuple(events)) for coverage, events in covered.items()),
        files=tuple(files),
        replaces=tuple(sorted(snapshot.commits)),
    )


def united(segments: Iterable[Segment]) -> list[Coverage]:
    """Segments of one event that follow each other as one coverage, without the event."""
    by_contracts: dict[frozenset[str], list[Segment]] = defaultdict(list)
    for segment in segments:
        by_contracts[segment.addresses].append(segment)
    found: list[Coverage] = []
    for addresses, group in by_contracts.items():
        start = len(found)
        for segment in sorted(group, key=lambda segment: segment.first_block):
            known = segment.coverage
            before = found[-1] if len(found) > start else None
            if before is not None and before.last_block + 1 == segment.first_block:
                anchor = max(
                    (before.anchor_block, before.anchor_hash), (known.anchor_block, known.anchor_hash)
                )
                found[-1] = attrs.evolve(
                    before, last_block=segment.last_block, anchor_block=anchor[0], anchor_hash=anchor[1]
                )
            else:
                found.append(
                    Coverage(
                        addresses=tuple(sorted(addresses)),
                        events=(),
                        first_block=segment.first_block,
                        last_block=segment.last_block,
                        anchor_block=known.anchor_block,
                        anchor_hash=known.anchor_hash,
                    )
                )
    return found


def _runs(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """Files in parts that become new files together; those that are full and overlap no other by themselves."""
    run: list[Source] = []
    for group in _overlapping(sources):
        if len(group) == 1 and group[0][0].rows >= FULL_ROWS and _is_whole(group[0]):
            if run:
                yield run
            yield group
            run = []
        else:
            run += group
    if run:
        yield run


def _overlapping(sources: Sequence[Source]) -> Iterator[list[Source]]:
    group: list[Source] = []
    end = -1
    for source in sources:
        if group and source[0].first_block > end:
            yield group
            group = []
        group.append(source)
        end = max(end, source[0].last_block)
    if group:
        yield group


def _is_whole(source: Source) -> bool:
    """Whether all rows of a file are in its segments."""
    file, segments = source
    return all(
        not without(
            (file.first_block, file.last_block),
            [
                (segment.first_block, segment.last_block)
                for segment in segments
                if address in segment.addresses
            ],
        )
        for address in file.addresses
    )


def _rewritten(folder: Folder, event: str, run: Sequence[Source]) -> Iterator[DataFile]:
    for first, last in windows([source[0] for source in run]):
        inside = [clipped for source in run if (clipped := _clipped(source, first, last))[1]]
        table = read_files(folder, event, inside, None, None)
        if len(table):
            yield write_table(folder, event, table, f"{first}-{last}")


def windows(files: Sequence[DataFile]) -> list[Range]:
    """Ranges of about ``ROWS_OF_FILE`` rows, supposing that those of a file are evenly spread."""
    edges = np.unique([[file.first_block, file.last_block + 1] for file in files])
    rows = np.zeros(len(edges))
    for file in files:
        ends = [file.first_block, file.last_block + 1]
        rows += np.interp(edges, ends, [0, file.rows])
    count = max(1, -(-round(rows[-1]) // ROWS_OF_FILE))
    cuts = np.interp(np.linspace(0, rows[-1], count + 1), rows, edges).astype(np.int64)
    cuts[0], cuts[-1] = edges[0], edges[-1]
    cuts = np.unique(cuts)
    return [(int(first), int(end) - 1) for first, end in pairwise(cuts)]


def _clipped(source: Source, first_block: int, last_block: int) -> Source:
    file, segments = source
    if file.last_block < first_block or file.first_block > last_block:
        return file, []
    return file, [
        attrs.evolve(
            segment,
            first_block=max(first_block, segment.first_block),
            last_block=min(last_block, segment.last_block),
        )
        for segment in segments
        if segment.first_block <= last_block and segment.last_block >= first_block
    ]
