"""Which blocks the event store knows, and which commit to read them from.

Commits may overlap (two processes fetched the same blocks): every block of every contract is read from one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import attrs

from aztec_butler.store.events_manifest import Commit, Coverage, DataFile

END: Final = 2**63 - 1
Range = tuple[int, int]
"""The first and the last block; both belong to it."""


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


@attrs.frozen
class Segment:
    """Blocks of contracts that are read from one commit."""

    addresses: frozenset[str]
    first_block: int
    last_block: int
    commit: Commit
    coverage: Coverage


@attrs.frozen(eq=False)
class _Span:
    first_block: int
    last_block: int
    commit: Commit
    coverage: Coverage


class Holdings:
    """What live commits cover, without the rows of files that are not to be read.

    Args:
        commits: the live ones.
        unreadable: paths of files.
    """

    def __init__(self, commits: Sequence[Commit], unreadable: Collection[str] = ()) -> None:
        self.commits = commits
        self._unreadable = unreadable
        self._spans: dict[str, list[_Span]] = defaultdict(list)
        self._files: dict[tuple[str, str], list[DataFile]] = defaultdict(list)
        for commit in commits:
            holes: dict[str, list[Range]] = defaultdict(list)
            for file in commit.content.files:
                if file.path in unreadable:
                    holes[file.event].append((file.first_block, file.last_block))
                else:
                    self._files[commit.name, file.event].append(file)
            for coverage in commit.content.coverage:
                whole = (coverage.first_block, coverage.last_block)
                for event in coverage.events:
                    self._spans[event] += [
                        _Span(*blocks, commit, coverage) for blocks in without(whole, holes.get(event, ()))
                    ]

    @property
    def events(self) -> list[str]:
        """The events of which anything is known."""
        return sorted(event for event, spans in self._spans.items() if spans)

    def addresses(self, event: str) -> list[str]:
        """The contracts of which anything of an event is known."""
        return sorted({address for span in self._spans.get(event, ()) for address in span.coverage.addresses})

    def resolve(
        self, event: str, addresses: Iterable[str], first_block: int, last_block: int
    ) -> tuple[list[Segment], list[Range]]:
        """From where to read the logs of an event, and the ranges that are not known for each of the contracts."""
        segments: list[Segment] = []
        gaps: list[Range] = []
        spans = [
            span
            for span in self._spans.get(event, ())
            if span.first_block <= last_block and span.last_block >= first_block
        ]
        # Contracts that are in the same spans share their segments.
        alike: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for address in addresses:
            inside = tuple(
                [place for place, span in enumerate(spans) if address in span.coverage.address_set]
            )
            alike[inside].append(address)
        for inside, group in alike.items():
            found, missing = _swept([spans[place] for place in inside], first_block, last_block)
            segments += [
                Segment(frozenset(group), first, last, span.commit, span.coverage)
                for first, last, span in found
            ]
            gaps += missing
        return segments, merged(gaps)

    def everything(self, event: str) -> list[Segment]:
        """All that is known of an event."""
        return self.resolve(event, self.addresses(event), 0, END)[0]

    def files_by_path(self, event: str, segments: Iterable[Segment]) -> dict[str, DataFile]:
        """The files that hold the logs of segments."""
        return {path: file for path, (file, _) in self.files(event, segments).items()}

    def has_elsewhere(self, file: DataFile) -> bool:
        """Whether all that would be unknown without a file is in others as well."""
        others = Holdings(self.commits, {*self._unreadable, file.path})
        for commit in self.commits:
            if any(each.path == file.path for each in commit.content.files):
                for coverage in commit.content.coverage:
                    first = max(coverage.first_block, file.first_block)
                    last = min(coverage.last_block, file.last_block)
                    if file.event in coverage.events and first <= last:
                        _, gaps = others.resolve(file.event, coverage.addresses, first, last)
                        if gaps:
                            return False
        return True

    def covered(self) -> Iterator[Covered]:
        """What is known, by event and contract."""
        for event in self.events:
            # Contracts of the same commits have the same ranges: there may be thousands of them.
            alike: dict[frozenset[str], list[Segment]] = defaultdict(list)
            for segment in self.everything(event):
                alike[segment.addresses].append(segment)
            ranges = {address: _anchored(segments) for group, segments in alike.items() for address in group}
            for address in sorted(ranges):
                for (first, last), (anchor_block, anchor_hash) in ranges[address]:
                    yield Covered(
                        event=event,
                        address=address,
                        first_block=first,
                        last_block=last,
                        anchor_block=anchor_block,
                        anchor_hash=anchor_hash,
                    )

    def files(self, event: str, segments: Iterable[Segment]) -> dict[str, tuple[DataFile, list[Segment]]]:
        """The files that hold the logs of segments, by path, each with its segments."""
        wanted: dict[str, tuple[DataFile, list[Segment]]] = {}
        for segment in segments:
            for file in self._files.get((segment.commit.name, event), ()):
                overlaps = file.first_block <= segment.last_block and file.last_block >= segment.first_block
                if overlaps and not segment.addresses.isdisjoint(file.addresses):
                    wanted.setdefault(file.path, (file, []))[1].append(segment)
        return wanted


def _anchored(segments: Sequence[Segment]) -> list[tuple[Range, tuple[int, str]]]:
    """The ranges that segments make together, each with its latest anchor."""
    return [
        (
            (first, last),
            max(
                (each.coverage.anchor_block, each.coverage.anchor_hash)
                for each in segments
                if first <= each.first_block <= last
            ),
        )
        for first, last in merged((each.first_block, each.last_block) for each in segments)
    ]


def _swept(
    spans: Sequence[_Span], first_block: int, last_block: int
) -> tuple[list[tuple[int, int, _Span]], list[Range]]:
    """From block to block always the span that reaches farthest."""
    found: list[tuple[int, int, _Span]] = []
    gaps: list[Range] = []
    ordered = sorted(spans, key=lambda span: span.first_block)
    place, block = 0, first_block
    best: _Span | None = None
    while block <= last_block:
        while place < len(ordered) and ordered[place].first_block <= block:
            if best is None or ordered[place].last_block > best.last_block:
                best = ordered[place]
            place += 1
        if best is not None and best.last_block >= block:
            end = min(best.last_block, last_block)
            found.append((block, end, best))
        else:
            end = min(ordered[place].first_block - 1 if place < len(ordered) else last_block, last_block)
            gaps.append((block, end))
        block = end + 1
    return found, gaps


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Ranges sorted, those that overlap or touch as one."""
    whole: list[Range] = []
    for first, last in sorted(ranges):
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = whole[-1][0], max(whole[-1][1], last)
        else:
            whole.append((first, last))
    return whole


def overlapping(ranges: Iterable[Range]) -> list[Range]:
    """Ranges sorted, those that overlap as one."""
    whole: list[Range] = []
    for first, last in sorted(ranges):
        if whole and first <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(whole[-1][1], last)
        else:
            whole.append((first, last))
    return whole


def without(whole: Range, holes: Iterable[Range]) -> list[Range]:
    """What is left of a range."""
    left, (block, end) = [], whole
    for first, last in merged(holes):
        if first > block:
            left.append((block, min(first - 1, end)))
        block = max(block, last + 1)
        if block > end:
            return [each for each in left if each[0] <= each[1]]
    return [*left, (block, end)]
