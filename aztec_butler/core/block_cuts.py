"""Which events lie before which times, found by asking for the times of few blocks. Pure: somebody else asks.

A time need not be found among all blocks, only among those that hold events; and where a node tells the time of each
log, there is nothing to ask.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from aztec_butler.core.errors import DecodeError

# A straight line between two known blocks that missed so often is no good; halving takes a turn.
_PATIENCE: Final = 4


class BlockCuts:
    """For each of several times, where it divides a list of blocks.

    Args:
        times: in Unix seconds.
        blocks: that hold events.
        known: the times of some blocks, of these or others.

    >>> search = BlockCuts([140], [10, 20, 30], {0: 100, 40: 200})
    >>> sorted(search.wanted())
    [10, 20]
    >>> search.tell({10: 120, 20: 151})
    >>> search.wanted(), search.cuts()
    (set(), [10])
    """

    def __init__(self, times: Sequence[int], blocks: Iterable[int], known: Mapping[int, int]) -> None:
        self._times = times
        self._known: dict[int, int] = dict(known)
        self._unknown = sorted(set(blocks) - self._known.keys())
        self._rounds = 0
        self._order()

    def wanted(self) -> set[int]:
        """The blocks whose times to ask for next; none when every cut is found."""
        return {number for time in self._times for number in self._probes(time)}

    def tell(self, times: Mapping[int, int]) -> None:
        """The times of blocks that were asked for.

        Raises:
            DecodeError: a block is older than one before it.
        """
        self._rounds += 1
        self._known.update(times)
        self._unknown = [number for number in self._unknown if number not in times]
        self._order()

    def cuts(self) -> list[int]:
        """For each time a block: those that hold events are at or before the time up to this block, later behind it."""
        return [self._numbers[place - 1] if place else -1 for place in map(self._place, self._times)]

    def _order(self) -> None:
        self._numbers = sorted(self._known)
        self._stamps = [self._known[number] for number in self._numbers]
        for earlier, later in zip(self._numbers, self._numbers[1:], strict=False):
            if self._known[earlier] > self._known[later]:
                raise DecodeError(
                    "a block is older than one before it",
                    blocks=f"{earlier}, {later}",
                    timestamps=f"{self._known[earlier]}, {self._known[later]}",
                )

    def _place(self, time: int) -> int:
        """How many of the known blocks are at or before a time."""
        return bisect_right(self._stamps, time)

    def _probes(self, time: int) -> list[int]:
        """The two blocks with events between which a time probably lies."""
        at = self._place(time)
        is_between = 0 < at < len(self._numbers)
        begin = bisect_right(self._unknown, self._numbers[at - 1]) if at else 0
        end = bisect_left(self._unknown, self._numbers[at]) if at < len(self._numbers) else len(self._unknown)
        if begin == end:
            return []
        middle = (begin + end) // 2
        if is_between and self._rounds % _PATIENCE != _PATIENCE - 1:
            low, high = self._numbers[at - 1], self._numbers[at]
            passed, seconds = time - self._stamps[at - 1], self._stamps[at] - self._stamps[at - 1]
            middle = bisect_right(self._unknown, low + passed * (high - low) // seconds, begin, end)
        return self._unknown[max(begin, middle - 1) : min(end, middle + 1)]
