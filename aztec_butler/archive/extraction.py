"""Gaps of an event store closed by many hands: each reads a stretch and writes its files, one publishes them.

Nobody but the one who hands out the work makes anything visible. So a stretch that was read twice is there once, and
what somebody wrote who died before it was done is a file that nobody reads.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from aztec_butler import __version__
from aztec_butler.archive.gap_reader import COMMIT_ROWS, GapReader
from aztec_butler.core.errors import ButlerError, InputError, NodeError, SettingsError
from aztec_butler.store.events_coverage import merged

if TYPE_CHECKING:
    from aztec_butler.archive.coverage import Gap
    from aztec_butler.clients.log_piece import Canary
    from aztec_butler.clients.rpc_settings import RpcSettings
    from aztec_butler.store.events import EventStore, PreparedCommit, Range

_STRETCH_SECONDS: Final = 60.0
"""A stretch ends at the first portion after so long: no more work than this is lost with whoever does it."""
_PARTS_EACH: Final = 4
"""Parts for each hand, because blocks are not equally full."""
_LEAST_BLOCKS: Final = 64
"""Narrower parts are not worth their requests."""


@attrs.frozen(kw_only=True, eq=False)
class Extraction:
    """What one run of ``extract`` did; the store holds all of the range when it is there.

    Args:
        first_block: of the range.
        last_block: of the range.
        rows: logs that were fetched, by the name of the record; what was stored before does not count.
        ranges: closed ranges of blocks that were asked for, ascending.
        files: files that were written.
        seconds: that it took.
    """

    first_block: int
    last_block: int
    rows: Mapping[str, int]
    ranges: Sequence[Range]
    files: int
    seconds: float


@attrs.frozen(kw_only=True, repr=False)
class Source:
    """What is needed to read a chain's events into a store, anywhere. Can be pickled, and shows nothing of it.

    Args:
        rpc: how to ask nodes.
        store: where the files go.
        canary: a log by which a node shows that it has old ones.
        anchor: a final block at or behind everything that is read, and its hash: all answers are of its chain.
        version: of the package that hands out the work.
    """

    rpc: RpcSettings
    store: EventStore
    canary: Canary
    anchor: tuple[int, str]
    version: str = __version__

    def __repr__(self) -> str:
        return "<Source>"


@attrs.frozen(kw_only=True, eq=False)
class Stretch:
    """What became of a gap.

    Args:
        gap: that was to be read.
        prepared: files that wait to be published, in the order of the chain.
        last_block: up to where it was read; the one before the gap where nothing was.
        error: what stopped it; None when it was read, or its time was up.
    """

    gap: Gap
    prepared: tuple[PreparedCommit, ...]
    last_block: int
    error: ButlerError | KeyboardInterrupt | None = None

    @property
    def rest(self) -> Gap | None:
        """What is still to be read."""
        if self.last_block >= self.gap.last_block:
            return None
        return attrs.evolve(self.gap, first_block=self.last_block + 1)


class Hands(Protocol):
    """Whoever reads stretches: this process, or workers elsewhere."""

    at_once: int
    """How many stretches may be under way."""
    attempts: int
    """How often a stretch is tried that failed in a way that may pass."""

    def start(self, gap: Gap) -> None:
        """Hand out a gap."""

    def next_done(self) -> Stretch:
        """Wait until any of them is done.

        Raises:
            ButlerError: none will be.
        """

    def close(self) -> list[Stretch]:
        """Stop the others; those that are done already."""


def read_stretch(source: Source, gap: Gap, told: Callable[[int], None] | None = None) -> Stretch:
    """Read a gap for a while and write its files, without publishing them. Errors are part of the answer.

    Args:
        source: what to read from, and where to.
        gap: what to read.
        told: called with how many blocks more were read.
    """
    prepared: list[PreparedCommit] = []
    last_block = gap.first_block - 1
    started = time.monotonic()
    error: ButlerError | KeyboardInterrupt | None = None
    try:
        _check_version(source)
        with source.rpc.open() as rpc:
            reader = GapReader(
                rpc, canary=source.canary, commit_rows=COMMIT_ROWS, commit_seconds=_STRETCH_SECONDS
            )
            with closing(reader.portions(gap, anchor=source.anchor, told=told)) as portions:  # type: ignore[type-var]
                for portion in portions:
                    prepared.append(
                        source.store.write_files(
                            portion.tables,
                            contracts=gap.contracts,
                            events=gap.events,
                            first_block=portion.first_block,
                            last_block=portion.last_block,
                            last_block_hash=portion.last_hash,
                        )
                    )
                    last_block = portion.last_block
                    if time.monotonic() - started >= _STRETCH_SECONDS:
                        break
    except (ButlerError, KeyboardInterrupt) as caught:
        error = caught.with_traceback(None)
    return Stretch(gap=gap, prepared=tuple(prepared), last_block=last_block, error=error)


def close_gaps(gaps: Sequence[Gap], hands: Hands, tally: Tally) -> None:
    """Have gaps read and publish what comes, stretch by stretch. Whatever stops it, what has come is kept.

    Args:
        gaps: what to read.
        hands: whoever reads.
        tally: publishes, and counts.

    Raises:
        NodeError: a node or the workers failed.
        InputError: the store cannot be written.
    """
    waiting = deque(cut(gaps, hands.at_once * _PARTS_EACH))
    failures: Counter[tuple[str, ...]] = Counter()
    taken: list[Stretch] = []  # and not yet published
    try:
        under_way = _hand_out(waiting, hands, 0)
        while under_way:
            stretch = hands.next_done()
            taken.append(stretch)
            under_way -= 1
            goes_on = stretch.error is None or _may_pass(stretch, hands, failures)
            if goes_on:
                if stretch.rest is not None:
                    waiting.appendleft(stretch.rest)
                under_way += _hand_out(waiting, hands, under_way)  # nobody waits while something is published
            tally.publish(stretch)
            taken.clear()
            if stretch.error is not None and not goes_on:
                raise stretch.error
    finally:
        with suppress(ButlerError):  # what is under way here tells more
            for stretch in [*taken, *hands.close()]:
                tally.publish(stretch)


def _hand_out(waiting: deque[Gap], hands: Hands, under_way: int) -> int:
    """Start as many as may be under way; how many these are."""
    count = min(len(waiting), hands.at_once - under_way)
    for _ in range(count):
        hands.start(waiting.popleft())
    return count


def cut(gaps: Sequence[Gap], parts: int) -> Iterator[Gap]:
    """Gaps in about so many parts of the same width."""
    blocks = sum(gap.last_block - gap.first_block + 1 for gap in gaps)
    width = max(_LEAST_BLOCKS, -(-blocks // parts))
    for gap in gaps:
        for first in range(gap.first_block, gap.last_block + 1, width):
            yield attrs.evolve(gap, first_block=first, last_block=min(first + width - 1, gap.last_block))


class Tally:
    """What was published.

    Args:
        store: where.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._ranges: list[Range] = []
        self.rows: Counter[str] = Counter()
        self.files = 0

    @property
    def ranges(self) -> list[Range]:
        """Of blocks."""
        return merged(self._ranges)

    def publish(self, stretch: Stretch) -> None:
        """Make what was written visible, all of it at once."""
        if not stretch.prepared:
            return
        try:
            self._store.publish(*stretch.prepared)
        except InputError as error:
            if error.facts.get("reason") != "it is gone":
                raise
            raise InputError(
                "a file that was written is not there",
                hint="the path must be a place that this process and all workers share",
                path=error.facts.get("path"),
            ) from None
        self._ranges.append((stretch.gap.first_block, stretch.last_block))
        for file in (file for prepared in stretch.prepared for file in prepared.files):
            self.rows[file.event] += file.rows
            self.files += 1


class OwnHands:
    """This process, which reads one stretch after the other.

    Args:
        source: what to read from, and where to.
        told: called with how many blocks more were read.
    """

    at_once = 1
    attempts = 1  # the door to the nodes was patient already

    def __init__(self, source: Source, told: Callable[[int], None]) -> None:
        self._source = source
        self._told = told
        self._gaps: list[Gap] = []

    def start(self, gap: Gap) -> None:
        """Remember a gap."""
        self._gaps.append(gap)

    def next_done(self) -> Stretch:
        """Read it."""
        return read_stretch(self._source, self._gaps.pop(), self._told)

    def close(self) -> list[Stretch]:
        """Nothing is under way between two stretches."""
        return []


def _may_pass(stretch: Stretch, hands: Hands, failures: Counter[tuple[str, ...]]) -> bool:
    """Whether to try again what failed: elsewhere it may go better, and what went on may go on."""
    if not (isinstance(stretch.error, NodeError) and stretch.error.retryable):
        return False
    # A gap keeps its end, whatever is read of it.
    name = (str(stretch.gap.last_block), *stretch.gap.events, *stretch.gap.contracts)
    failures[name] = 1 if stretch.prepared else failures[name] + 1
    return failures[name] < hands.attempts


def _check_version(source: Source) -> None:
    if source.version != __version__:
        raise SettingsError(
            "a worker has another version of aztec_butler",
            hint=f"install aztec-butler=={source.version} on every worker",
            worker=__version__,
            caller=source.version,
        )
