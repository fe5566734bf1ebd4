"""The blocks that are remembered, and where another chain parts from them. Pure.

A block's hash is a hash of everything before it. So two chains agree up to some block and about none behind it, and that
block is found by asking for few of the remembered ones: those close to the newest first, because most chains part there.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.intents import BlockRef

Window: TypeAlias = tuple[BlockRef, ...]
"""Blocks without a gap, oldest first."""

_ALL_AT_ONCE = 16
_NEWEST = 4


def appended(window: Window, blocks: Sequence[BlockRef], *, size: int, final: BlockRef | None) -> Window:
    """The window with newer blocks.

    Args:
        window: so far.
        blocks: that follow it, without a gap.
        size: how deep a reorganisation may be: so many blocks are kept, and the one before them.
        final: blocks before this one cannot be left behind, and are not kept.
    """
    kept = (*window, *blocks)
    assert follow_each_other(kept), "a window without gaps"
    first = kept[-1].number - size if kept else 0
    if final is not None:
        first = max(first, final.number)
    return tuple(block for block in kept if block.number >= first)


def follow_each_other(blocks: Sequence[BlockRef]) -> bool:
    """Whether each block's parent is the one before it."""
    return all(
        after.number == before.number + 1 and after.parent_hash == before.hash
        for before, after in pairwise(blocks)
    )


def cut(window: Window, last: BlockRef) -> Window:
    """The window up to a block of it."""
    return tuple(block for block in window if block.number <= last.number)


def at(window: Window, number: int) -> BlockRef | None:
    """The remembered block of a number."""
    place = number - window[0].number if window else -1
    return window[place] if 0 <= place < len(window) else None


def search_parting(window: Window) -> Generator[list[int], Mapping[int, str | None], BlockRef | None]:
    """Find the last block that another chain has in common with the window.

    Yields:
        Numbers of blocks. What is sent back is the other chain's hash of each; None where it has no such block.

    Returns:
        The block; None when the chains part before the window.

    Raises:
        NodeRefused: the answers are not of one chain.
    """
    same, other = -1, len(window)
    while other - same > 1:
        places = _places(same, other, first=other == len(window) and same < 0)
        hashes = yield [window[place].number for place in places]
        agrees = [hashes[window[place].number] == window[place].hash for place in places]
        if sorted(agrees, reverse=True) != agrees:
            raise NodeRefused(
                "the node's headers are not of one chain",
                retryable=True,
                blocks=", ".join(str(window[place].number) for place in places),
            )
        same = max([same, *(place for place, agreed in zip(places, agrees, strict=True) if agreed)])
        other = min([other, *(place for place, agreed in zip(places, agrees, strict=True) if not agreed)])
    return window[same] if same >= 0 else None


def _places(same: int, other: int, *, first: bool) -> list[int]:
    """Which places to ask for, ascending: all of few; at first the newest, and ever wider steps back; then evenly."""
    between = other - same - 1
    if between <= _ALL_AT_ONCE:
        return list(range(same + 1, other))
    if not first:
        return sorted({same + 1 + between * part // _ALL_AT_ONCE for part in range(_ALL_AT_ONCE)})
    places, step = set(range(other - _NEWEST, other)), 2 * _NEWEST
    while other - step > same:
        places.add(other - step)
        step *= 2
    return sorted({*places, same + 1})
