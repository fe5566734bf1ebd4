"""Is everything in the event store as it was written? And what to do if not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations, product

import attrs
import pyarrow as pa

from aztec_butler.core.columns import POSITION
from aztec_butler.core.events_fields import record_names
from aztec_butler.store.events_commits import Commits, Snapshot
from aztec_butler.store.events_compaction import compact
from aztec_butler.store.events_coverage import Holdings
from aztec_butler.store.events_folder import LOCK, Folder
from aztec_butler.store.events_manifest import Commit, DataFile, commit_path
from aztec_butler.store.events_parquet import UnreadableFileError, check_whole
from aztec_butler.store.events_reading import read_files


@attrs.frozen(kw_only=True)
class Problem:
    """Something in the event store that should not be.

    Args:
        kind: ``damaged`` (a file is not what was written), ``contradiction`` (two commits tell different logs of the
            same blocks) or ``leftover`` (nobody needs the file: a process was stopped while it wrote, or it is of an
            older version).
        path: of the file.
        reason: what is wrong.
        event: whose logs are in the file; None where that is not known.
        first_block: of its logs.
        last_block: of its logs.
    """

    kind: str
    path: str
    reason: str
    event: str | None = None
    first_block: int | None = None
    last_block: int | None = None


def problems(folder: Folder, commits: Commits, leftover_after_seconds: float) -> Iterator[Problem]:
    """All problems there are."""
    snapshot = commits.load()
    for name, reason in snapshot.unusable.items():
        yield Problem(kind="damaged", path=commit_path(name), reason=reason)
    for commit in snapshot.holdings.commits:
        for file in commit.content.files:
            if file.path in snapshot.damaged:
                yield _damaged(file, snapshot.damaged[file.path])
                continue
            try:
                check_whole(folder, file)
            except UnreadableFileError as error:
                yield _damaged(file, error.reason)
    yield from _contradictions(folder, snapshot)
    for path in _leftovers(folder, snapshot, leftover_after_seconds):
        yield Problem(kind="leftover", path=path, reason="no commit needs it")


def repair(folder: Folder, commits: Commits, leftover_after_seconds: float) -> list[Problem]:
    """Make the blocks of damaged files missing, and remove what nobody needs; the caller is alone in the folder.

    Returns:
        The problems there were; contradictions remain.
    """
    found = list(problems(folder, commits, leftover_after_seconds))
    for problem in found:
        if problem.kind == "damaged" and problem.event is not None:
            commits.set_aside(problem.path, problem.reason)
        elif problem.kind == "damaged":
            folder.remove(problem.path)
    compact(folder, commits)
    remove_leftovers(folder, commits.load(), leftover_after_seconds)
    return found


def remove_leftovers(folder: Folder, snapshot: Snapshot, after_seconds: float) -> None:
    """Remove files that no commit needs."""
    for path in _leftovers(folder, snapshot, after_seconds):
        folder.remove(path)


def _damaged(file: DataFile, reason: str) -> Problem:
    return Problem(
        kind="damaged",
        path=file.path,
        reason=reason,
        event=file.event,
        first_block=file.first_block,
        last_block=file.last_block,
    )


def _leftovers(folder: Folder, snapshot: Snapshot, after_seconds: float) -> list[str]:
    """Files that no commit needs. Young ones may be another process's, which is about to publish them."""
    needed = {file.path for commit in snapshot.commits.values() for file in commit.content.files}
    needed |= {commit_path(name) for name in [*snapshot.commits, *snapshot.unusable]} | {LOCK}
    limit = time.time() - after_seconds
    return sorted(
        path for path, (_, changed) in folder.everything().items() if path not in needed and changed <= limit
    )


def _contradictions(folder: Folder, snapshot: Snapshot) -> Iterator[Problem]:
    for one, other in combinations(snapshot.holdings.commits, 2):
        for event, addresses, first, last in _shared(one, other):
            try:
                rows = [
                    _rows(folder, snapshot, commit, event, addresses, first, last) for commit in (one, other)
                ]
            except UnreadableFileError:
                continue  # told elsewhere
            if not rows[0].equals(rows[1]):
                yield Problem(
                    kind="contradiction",
                    path=commit_path(other.name),
                    reason=f"{len(rows[1])} logs, in {commit_path(one.name)} {len(rows[0])} others",
                    event=event,
                    first_block=first,
                    last_block=last,
                )


def _shared(one: Commit, other: Commit) -> Iterator[tuple[str, frozenset[str], int, int]]:
    """Blocks of events and contracts that two commits both cover."""
    for mine, theirs in product(one.content.coverage, other.content.coverage):
        first = max(mine.first_block, theirs.first_block)
        last = min(mine.last_block, theirs.last_block)
        addresses = mine.address_set & theirs.address_set
        if first <= last and addresses:
            for event in sorted({*mine.events} & {*theirs.events} & {*record_names()}):
                yield event, addresses, first, last


def _rows(
    folder: Folder,
    snapshot: Snapshot,
    commit: Commit,
    event: str,
    addresses: frozenset[str],
    first_block: int,
    last_block: int,
) -> pa.Table:
    """What one commit has: where the logs are, which tells everything of them."""
    holdings = Holdings([commit], snapshot.damaged)
    segments, _ = holdings.resolve(event, addresses, first_block, last_block)
    names = [name for name in POSITION if name != "address"]
    return read_files(
        folder, event, [*holdings.files(event, segments).values()], names, None
    ).combine_chunks()
