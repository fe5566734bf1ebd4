"""A dataset that others change at the same time: look, read, and look again when it changed meanwhile."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeVar

import pyarrow as pa

from aztec_butler.core.errors import InputError, NodeError
from aztec_butler.store.events_check import Problem, problems, remove_leftovers, repair
from aztec_butler.store.events_commits import Commits, StoreWarning
from aztec_butler.store.events_compaction import compact, forget
from aztec_butler.store.events_coverage import Range, merged
from aztec_butler.store.events_folder import Folder
from aztec_butler.store.events_manifest import DataFile, PreparedCommit, apart
from aztec_butler.store.events_parquet import GONE, UnreadableFileError
from aztec_butler.store.events_reading import read_files
from aztec_butler.store.events_schema import fingerprint

Wanted = Mapping[str, Collection[str]]
"""Addresses of contracts by event."""
DAY: Final = 86_400
"""Age in seconds from which a file that no commit needs is left over, not about to be published."""
_MANY: Final = 32
_Result = TypeVar("_Result")


class Dataset:
    """The logs of one chain in one folder; what it is given was checked.

    Args:
        folder: of the dataset.
        chain_id: of the chain.
        genesis_hash: of the chain.
    """

    def __init__(self, folder: Folder, chain_id: int, genesis_hash: str) -> None:
        self.folder = folder
        self.commits = Commits(folder, chain_id, genesis_hash)

    def missing(self, wanted: Wanted, first_block: int, last_block: int) -> list[Range]:
        """The blocks that are not held for each of these contracts and events."""
        before = None
        while True:
            snapshot = self.commits.load()
            gaps: list[Range] = []
            files: dict[str, DataFile] = {}
            for event, addresses in wanted.items():
                segments, not_held = snapshot.holdings.resolve(event, addresses, first_block, last_block)
                gaps += not_held
                files |= snapshot.holdings.files_by_path(event, segments)
            lost = self.lost(files)
            # What is not there may be in a commit that another process put in the place of those just listed.
            if not lost and (not gaps or snapshot is before):
                return merged(gaps)
            before = snapshot
            for path, reason in lost.items():
                self._set_aside(files[path], reason)

    def read(
        self,
        event: str,
        addresses: Collection[str],
        first_block: int,
        last_block: int,
        columns: Collection[str] | None,
        schema: pa.Schema | None,
    ) -> tuple[pa.Table, list[Range]]:
        """The rows, or the ranges that are not held."""
        before = None
        while True:
            snapshot = self.commits.load()
            segments, gaps = snapshot.holdings.resolve(event, addresses, first_block, last_block)
            if gaps and snapshot is before:
                return None, gaps
            before = snapshot
            if gaps:
                continue
            sources = [*snapshot.holdings.files(event, segments).values()]
            try:
                return read_files(self.folder, event, sources, columns, schema), []
            except UnreadableFileError as error:
                self._set_aside(error.file, error.reason)

    def publish(self, prepared: Sequence[PreparedCommit]) -> None:
        """Make what was written visible, and tidy up when it became much."""
        files = {file.path: file for each in prepared for file in each.files}
        for path, reason in self.lost(files).items():
            raise InputError("a prepared file is gone", path=self.folder.shown(path), reason=reason)
        for together in apart(prepared):
            self.commits.publish(
                self.commits.empty(
                    coverage=tuple(one for each in together for one in each.coverage),
                    files=tuple(file for each in together for file in each.files),
                )
            )
        if len(self.commits.load().commits) > _MANY:
            # The logs are stored. Whatever keeps it from tidying up will be told by what it concerns.
            with suppress(InputError, NodeError):
                self.compact(wait=False)

    def compact(self, *, wait: bool) -> None:
        """Make few files and one commit of many; without waiting for another process that is at it."""
        with self.folder.alone(wait=wait) as alone:
            if alone:
                self._again(lambda: compact(self.folder, self.commits))
                remove_leftovers(self.folder, self.commits.load(), DAY)

    def repair(self, leftover_after_seconds: float) -> list[Problem]:
        """Set aside what is damaged, remove what nobody needs."""
        with self.folder.alone(wait=True):
            return self._again(lambda: repair(self.folder, self.commits, leftover_after_seconds))

    def verify(self, leftover_after_seconds: float) -> list[Problem]:
        """Read everything."""
        return list(problems(self.folder, self.commits, leftover_after_seconds))

    def clear(self) -> None:
        """Forget everything."""
        with self.folder.alone(wait=True):
            snapshot = self.commits.load()
            if snapshot.commits:
                self.commits.add(self.commits.empty(replaces=tuple(sorted(snapshot.commits))))
                forget(self.folder, snapshot)

    def lost(self, files: Mapping[str, DataFile]) -> dict[str, str]:
        """Why files cannot be what was written, told without reading them."""
        sizes = self.folder.sizes(list(files))
        return {
            path: GONE if path not in sizes else f"it has {sizes[path]} bytes, not {file.size}"
            for path, file in files.items()
            if sizes.get(path) != file.size
        } | {
            path: "it has the columns of another version"
            for path, file in files.items()
            if file.columns != fingerprint(file.event)
        }

    def _again(self, attempt: Callable[[], _Result]) -> _Result:
        """Until no damaged file is in the way."""
        while True:
            try:
                return attempt()
            except UnreadableFileError as error:
                self._set_aside(error.file, error.reason)

    def _set_aside(self, file: DataFile, reason: str) -> None:
        # Where another process replaced the file, it is not damaged but done with. A folder that is listed while files
        # come and go may show neither the new commit nor that the old one is gone; that cannot happen twice, because
        # commits are removed after those that they replaced: see ``events_compaction``.
        for _ in range(2):
            snapshot = self.commits.load()
            if file.path not in snapshot.live_paths or file.path in snapshot.damaged:
                return
        twice = snapshot.holdings.has_elsewhere(file)
        # Gone, and nothing with it: two machines tidied up at once.
        if not twice or reason != GONE:
            warnings.warn(
                f"a file of the event store was damaged and is set aside: {self.folder.shown(file.path)} ({reason});"
                f" {file.event} logs of blocks {file.first_block} to {file.last_block}"
                f" {'are in another file, too' if twice else 'have to be fetched again'}",
                StoreWarning,
                stacklevel=4,
            )
        self.commits.set_aside(file.path, reason)
