"""What the event store knows of itself: immutable commit files, each a small JSON document.

A commit says which blocks of which contracts and events it covers, which Parquet files hold their logs, and which
earlier commits it replaces. The manifest is all commits that no other one replaces, so that two processes never write
the same file, and a commit is there or not. The name of a commit ends with the digest of its content.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, Final

import attrs
import msgspec

from aztec_butler.core.errors import InputError

VERSION: Final = 1
"""Of the layout. Raise it when what older versions wrote must not be read any more; they then are set aside."""
COMMITS: Final = "commits"


@attrs.frozen(kw_only=True)
class Coverage:
    """Blocks of which all logs of these events of these contracts are known.

    Args:
        addresses: of contracts of one role, checksummed.
        events: names of records, of that role.
        first_block: of the closed range.
        last_block: of the closed range.
        anchor_block: the last block, or a later one, ...
        anchor_hash: ... whose hash says on which chain the logs are.
    """

    addresses: tuple[str, ...]
    events: tuple[str, ...]
    first_block: int
    last_block: int
    anchor_block: int
    anchor_hash: str

    @cached_property
    def address_set(self) -> frozenset[str]:
        """The addresses, to look one up."""
        return frozenset(self.addresses)

    def overlaps(self, other: Coverage) -> bool:
        """Whether any block of any event of any contract is in both."""
        return (
            self.first_block <= other.last_block
            and other.first_block <= self.last_block
            and not {*self.events}.isdisjoint(other.events)
            and not self.address_set.isdisjoint(other.address_set)
        )


@attrs.frozen(kw_only=True)
class DataFile:
    """A Parquet file of one event's logs.

    Args:
        path: below the dataset's folder.
        event: name of the records.
        addresses: of the contracts that emitted these logs.
        first_block: of the first log.
        last_block: of the last log.
        rows: number of logs.
        size: in bytes.
        sha256: of the whole file.
        crc: of the whole file.
        footer_size: bytes of the footer, with its length and the closing mark.
        footer_crc: of those bytes.
        crcs: of the bytes of every column chunk, by row group and column.
        wide: columns whose numbers do not fit the usual type, and the type they have.
        columns: fingerprint of the event's columns.
    """

    path: str
    event: str
    addresses: tuple[str, ...]
    first_block: int
    last_block: int
    rows: int
    size: int
    sha256: str
    crc: int
    footer_size: int
    footer_crc: int
    crcs: tuple[tuple[int, ...], ...]
    wide: Mapping[str, str]
    columns: str


@attrs.frozen(kw_only=True)
class Damage:
    """A file that is not what was written, and is no longer read.

    Args:
        path: below the dataset's folder.
        reason: what is wrong with it.
    """

    path: str
    reason: str


@attrs.frozen(kw_only=True)
class PreparedCommit:
    """Files that are written and wait to be published: plain data, for another process to hand over.

    Args:
        chain_id: of the chain.
        genesis_hash: of the chain.
        coverage: what becomes known.
        files: where the logs are.
        replaces: names of commits that are not needed any more.
        damaged: files to be read no more.
    """

    chain_id: int
    genesis_hash: str
    coverage: tuple[Coverage, ...] = ()
    files: tuple[DataFile, ...] = ()
    replaces: tuple[str, ...] = ()
    damaged: tuple[Damage, ...] = ()

    def to_json(self) -> bytes:
        """For messages between processes."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, content: bytes) -> PreparedCommit:
        """The inverse of ``to_json``."""
        return msgspec.json.decode(content, type=cls)


@attrs.frozen(kw_only=True, eq=False)
class Commit:
    """A published commit.

    Args:
        name: of its file.
        content: what was published.
    """

    name: str
    content: PreparedCommit


def apart(prepared: Sequence[PreparedCommit]) -> list[list[PreparedCommit]]:
    """Prepared commits in groups that can be one commit each: a commit has every log once."""
    groups: list[list[PreparedCommit]] = []
    near: list[list[Coverage]] = []  # of each group what may reach into the next blocks
    for each in sorted((each for each in prepared if each.coverage), key=_first_block):
        first_block = _first_block(each)
        for place, known in enumerate(near):
            near[place] = [one for one in known if one.last_block >= first_block]
        free = [
            place
            for place, known in enumerate(near)
            if not any(one.overlaps(other) for one in known for other in each.coverage)
        ]
        if not free:
            free = [len(groups)]
            groups.append([])
            near.append([])
        groups[free[0]].append(each)
        near[free[0]] += each.coverage
    return groups


def _first_block(prepared: PreparedCommit) -> int:
    return min(coverage.first_block for coverage in prepared.coverage)


class UnusableCommitError(Exception):
    """A commit file that says nothing: torn, edited, or of an older version."""


def encode_commit(prepared: PreparedCommit) -> tuple[str, bytes]:
    """The path and the content of a commit file."""
    document = {"version": VERSION} | msgspec.to_builtins(prepared)
    content = msgspec.json.encode(document, order="sorted") + b"\n"
    return f"{COMMITS}/{time.time_ns():020d}-{_digest(content)}.json", content


def decode_commit(name: str, content: bytes) -> Commit:
    """What a commit file says.

    Raises:
        UnusableCommitError: it cannot be used.
        InputError: a newer version wrote it.
    """
    if not name.endswith(f"-{_digest(content)}.json"):
        raise UnusableCommitError("its content is not what was written")
    document: dict[str, Any] = msgspec.json.decode(content)
    version = document.pop("version")
    if version > VERSION:
        raise InputError(
            "a newer version of aztec_butler wrote this event store",
            hint="upgrade, or use another folder",
            version=version,
            known_version=VERSION,
        )
    if version < VERSION:
        raise UnusableCommitError("an older version wrote it")
    try:
        return Commit(name=name, content=msgspec.convert(document, PreparedCommit))
    except msgspec.ValidationError as error:
        raise UnusableCommitError(f"it holds something else than this version writes: {error}") from None


def live(commits: Iterable[Commit]) -> list[Commit]:
    """The commits that no other one replaces, oldest first."""
    everything = sorted(commits, key=lambda commit: commit.name)
    replaced = {name for commit in everything for name in commit.content.replaces}
    return [commit for commit in everything if commit.name not in replaced]


def commit_path(name: str) -> str:
    """Where a commit's file is."""
    return str(PurePosixPath(COMMITS, name))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
