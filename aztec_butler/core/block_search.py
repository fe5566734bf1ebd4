"""Which block a time falls on, found by asking for the times of few blocks. Pure: somebody else asks.

Blocks come almost evenly, so a straight line between two known blocks tells nearly where a time lies; each answer makes
the line shorter. Where they do not (before the merge, on a chain of one's own) halving takes over now and then, so that
no search takes more than three times the answers that halving alone would.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

import attrs

from aztec_butler.core.errors import DecodeError

# A straight line that did not halve the gap in so many answers is no good.
_PATIENCE: Final = 3


@attrs.frozen
class BlockTime:
    """A block and its time, in Unix seconds."""

    number: int
    timestamp: int


Search = Generator[int, int, int]
"""Yields numbers of blocks, is sent their times, and returns the number that was looked for."""


def first_block_since(timestamp: int, low: BlockTime, high: BlockTime) -> Search:
    """The first block at or after a time.

    Args:
        timestamp: the time, in Unix seconds.
        low: a block that may be the answer or lies before it.
        high: a later block, at or after the time.

    Raises:
        DecodeError: the times that were told do not grow with the numbers.

    >>> search = first_block_since(1_250, BlockTime(0, 1_000), BlockTime(100, 2_200))
    >>> next(search), search.send(1_252)
    (21, 20)
    >>> search.send(1_240)
    Traceback (most recent call last):
    StopIteration: 21
    """
    if timestamp <= low.timestamp:
        return low.number
    straight, gap = 0, high.number - low.number
    while high.number - low.number > 1:
        probe = _on_the_line(timestamp, low, high)
        if straight == _PATIENCE:
            if 2 * (high.number - low.number) > gap:
                probe = (low.number + high.number) // 2
            straight, gap = 0, high.number - low.number
        straight += 1
        found = BlockTime(probe, (yield probe))
        if not low.timestamp <= found.timestamp <= high.timestamp:
            raise DecodeError(
                "a block is older than one before it",
                blocks=f"{low.number}, {found.number}, {high.number}",
                timestamps=f"{low.timestamp}, {found.timestamp}, {high.timestamp}",
            )
        if found.timestamp < timestamp:
            low = found
        else:
            high = found
    return high.number


def _on_the_line(timestamp: int, low: BlockTime, high: BlockTime) -> int:
    seconds = high.timestamp - low.timestamp
    # Rounded up: where blocks come evenly this is the block itself, and only the one before it is left to ask.
    steps = -(-(timestamp - low.timestamp) * (high.number - low.number) // seconds)
    return min(max(low.number + steps, low.number + 1), high.number - 1)
