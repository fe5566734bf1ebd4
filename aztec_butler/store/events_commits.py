"""The commits of one dataset, as they are now: read by listing them, added one by one, never changed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress

import attrs

from aztec_butler.core.errors import CheckFailed, InputError, NodeError
from aztec_butler.store.events_coverage import Holdings
from aztec_butler.store.events_folder import Folder, TornFileError
from aztec_butler.store.events_manifest import (
    COMMITS,
    Commit,
    Damage,
    PreparedCommit,
    UnusableCommitError,
    commit_path,
    decode_commit,
    encode_commit,
    live,
)


class StoreWarning(UserWarning):
    """A file of the event store was damaged and set aside; what it held is fetched again."""


@attrs.frozen(kw_only=True, eq=False)
class Snapshot:
    """The dataset at one moment.

    Args:
        commits: all that can be used, by name, those that are replaced as well.
        unusable: why others cannot, by name.
        holdings: what the live ones cover.
        damaged: why files are not read any more, by path.
    """

    commits: Mapping[str, Commit]
    unusable: Mapping[str, str]
    holdings: Holdings
    damaged: Mapping[str, str]

    @property
    def live_paths(self) -> set[str]:
        """The data files that live commits name."""
        return {file.path for commit in self.holdings.commits for file in commit.content.files}


class Commits:
    """Reads and publishes commits.

    Args:
        folder: of the dataset.
        chain_id: of the chain that its logs are of.
        genesis_hash: of the chain.
    """

    def __init__(self, folder: Folder, chain_id: int, genesis_hash: str) -> None:
        self._folder = folder
        self._chain = chain_id, genesis_hash
        self._known: dict[str, Commit | str] = {}
        self._found: dict[str, str] = {}
        self._last: tuple[object, Snapshot] | None = None

    def load(self) -> Snapshot:
        """The dataset now."""
        vanished: set[str] = set()
        while True:
            names = frozenset(name for name in self._folder.names(COMMITS) if name.endswith(".json"))
            key = names, frozenset(self._found)
            if self._last is not None and self._last[0] == key:
                return self._last[1]
            known: dict[str, Commit | str] = {}
            for name in sorted(names):
                try:
                    known[name] = self._commit(name)
                except FileNotFoundError:
                    if name not in vanished:
                        vanished.add(name)
                        break  # replaced since it was listed
                    known[name] = "it is gone"  # and listed nevertheless
            if len(known) < len(names):
                continue
            self._known = known
            snapshot = self._snapshot(known)
            self._last = key, snapshot
            return snapshot

    def publish(self, prepared: PreparedCommit) -> None:
        """Make a commit visible, at once and as a whole.

        Raises:
            CheckFailed: the dataset knows one of its blocks by another hash.
        """
        self._check_anchors(prepared)
        self.add(prepared)

    def add(self, prepared: PreparedCommit) -> None:
        """As ``publish``, for what is known already."""
        path, content = encode_commit(prepared)
        self._folder.write(path, content)

    def set_aside(self, path: str, reason: str) -> None:
        """Read a damaged file no more."""
        self._found[path] = reason
        # A process that may only read the dataset remembers for itself.
        with suppress(InputError, NodeError):
            self.add(self.empty(damaged=(Damage(path=path, reason=reason),)))

    def empty(self, **content: object) -> PreparedCommit:
        """A commit for this chain."""
        chain_id, genesis_hash = self._chain
        return PreparedCommit(chain_id=chain_id, genesis_hash=genesis_hash, **content)  # type: ignore[arg-type]

    def _commit(self, name: str) -> Commit | str:
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> Commit | str:
        """A commit, or why it cannot be used."""
        try:
            commit = decode_commit(name, self._folder.read(commit_path(name)))
        except (UnusableCommitError, TornFileError) as error:
            reason = str(error)
        else:
            if (commit.content.chain_id, commit.content.genesis_hash) == self._chain:
                return commit
            reason = "it is of another chain"
        warnings.warn(
            f"a commit of the event store cannot be used ({reason});"
            f" what it held has to be fetched again: {self._folder.shown(commit_path(name))}",
            StoreWarning,
            stacklevel=2,
        )
        return reason

    def _snapshot(self, known: Mapping[str, Commit | str]) -> Snapshot:
        commits = {name: commit for name, commit in known.items() if isinstance(commit, Commit)}
        now = live(commits.values())
        damaged = {each.path: each.reason for commit in now for each in commit.content.damaged}
        damaged |= self._found
        return Snapshot(
            commits=commits,
            unusable={name: reason for name, reason in known.items() if isinstance(reason, str)},
            holdings=Holdings(now, damaged),
            damaged=damaged,
        )

    def _check_anchors(self, prepared: PreparedCommit) -> None:
        if not prepared.coverage:
            return
        anchors = {
            coverage.anchor_block: coverage.anchor_hash
            for commit in self.load().holdings.commits
            for coverage in commit.content.coverage
        }
        for coverage in prepared.coverage:
            known = anchors.get(coverage.anchor_block, coverage.anchor_hash)
            if known != coverage.anchor_hash:
                raise CheckFailed(
                    "the event store knows a block by another hash",
                    hint="the node follows another chain, or a finalized block changed; EventStore.clear() starts anew",
                    block_number=coverage.anchor_block,
                    stored_hash=known,
                    new_hash=coverage.anchor_hash,
                    store=self._folder.shown(),
                )
