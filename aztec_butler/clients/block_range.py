"""A range of blocks from what people write: blocks, times and distances in time, resolved with few requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aztec_butler.clients.blocks import fetch_block, fetch_timestamps
from aztec_butler.core.block_search import BlockTime, first_block_since
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.moments import Apart, AtBlock, AtTime, Moment, check_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.records import BlockStamp


def fetch_range(
    rpc: Rpc, first: Moment | None, last: Moment | None, *, earliest: int, head: BlockStamp
) -> tuple[int, int]:
    """First and last block of a range.

    A time as the first bound is the first block at or after it, as the last bound the last block at or before it. A
    distance as the first bound counts back from the last one, as the last bound forward from the first one.

    Args:
        rpc: the door to the node.
        first: where it begins; None for ``earliest``.
        last: where it ends; None for ``head``, which ``latest`` means too.
        earliest: the block that a range begins with unless told otherwise.
        head: the last block there is to ask about.

    Raises:
        InputError: the range ends before it begins, or both bounds count from each other.
        NotFoundError: a bound lies behind the last block.
        NodeError: the node failed.
    """
    check_ends(first, last)
    begins = _settled(rpc, AtBlock(min(earliest, head.number)) if first is None else first, head)
    ends = _settled(rpc, AtBlock(head.number) if last is None else last, head)
    if isinstance(begins, int) and isinstance(ends, int):
        return _checked(begins, ends)
    clock = _Clock(rpc, head)
    clock.read({min(earliest, head.number), *(bound for bound in (begins, ends) if isinstance(bound, int))})
    if isinstance(begins, Apart):
        begins = AtTime(max(0, clock.time_of(ends) - begins.seconds))
    elif isinstance(ends, Apart):
        ends = AtTime(clock.time_of(begins) + ends.seconds)
    # The last block at or before a time is the one before the first block that is later.
    wanted = [begins.timestamp] if isinstance(begins, AtTime) else []
    wanted += [ends.timestamp + 1] if isinstance(ends, AtTime) else []
    found = iter(clock.first_blocks_since(wanted))
    first_block = next(found) if isinstance(begins, AtTime) else begins
    last_block = next(found) - 1 if isinstance(ends, AtTime) else ends
    assert isinstance(first_block, int)
    assert isinstance(last_block, int)
    if first_block > head.number:
        raise NotFoundError("the chain has no block so late", block=head.number, timestamp=head.timestamp)
    return _checked(first_block, last_block)


class _Clock:
    """The times of blocks, as far as they were asked for."""

    def __init__(self, rpc: Rpc, head: BlockStamp) -> None:
        self._rpc = rpc
        self._head = BlockTime(head.number, head.timestamp)
        self._times = {head.number: head.timestamp}

    def read(self, numbers: set[int]) -> None:
        """Ask for the times of blocks, in one round trip."""
        self._times |= fetch_timestamps(self._rpc, numbers - set(self._times))

    def time_of(self, bound: int | Moment) -> int:
        """The time of a bound that does not count from another."""
        if isinstance(bound, int):
            return self._times[bound]
        assert isinstance(bound, AtTime)
        return bound.timestamp

    def first_blocks_since(self, timestamps: Sequence[int]) -> list[int]:
        """The first block at or after each time, one behind the head where there is none yet."""
        if any(min(self._times.values()) >= timestamp for timestamp in timestamps):
            self.read({0})
        found = [self._head.number + 1] * len(timestamps)
        searches = {
            place: first_block_since(timestamp, self._low(timestamp), self._head)
            for place, timestamp in enumerate(timestamps)
            if timestamp <= self._head.timestamp
        }
        asked: dict[int, int] = {}
        told: dict[int, int | None] = dict.fromkeys(searches)
        while told:
            for place, timestamp in told.items():
                search = searches[place]
                try:
                    asked[place] = next(search) if timestamp is None else search.send(timestamp)
                except StopIteration as end:
                    asked.pop(place, None)
                    found[place] = end.value
            self.read(set(asked.values()))
            told = {place: self._times[number] for place, number in asked.items()}
        return found

    def _low(self, timestamp: int) -> BlockTime:
        """The latest block known to lie before a time; the earliest one known where none does."""
        before = [number for number, at in self._times.items() if at < timestamp]
        number = max(before) if before else min(self._times)
        return BlockTime(number, self._times[number])


def _settled(rpc: Rpc, moment: Moment, head: BlockStamp) -> int | AtTime | Apart:
    """A bound whose block is known by its number, if it is a block."""
    if not isinstance(moment, AtBlock):
        return moment
    name = moment.name
    if name == "latest":
        return head.number
    number = name if isinstance(name, int) else fetch_block(rpc, name)[0].number
    if number > head.number:
        raise NotFoundError(
            "the block lies behind the last one there is to ask about", block=number, last=head.number
        )
    return number


def _checked(first_block: int, last_block: int) -> tuple[int, int]:
    if first_block > last_block:
        raise InputError("the range ends before it begins", first_block=first_block, last_block=last_block)
    return first_block, last_block


def fetch_last_blocks(rpc: Rpc, times: Sequence[int], *, earliest: int, head: BlockStamp) -> list[int]:
    """The last block at or before each of many times, searched for together: few round trips for any number of them.

    Args:
        rpc: the door to the node.
        times: in Unix seconds, none later than the head's.
        earliest: a block from which on most of them lie.
        head: the last block there is to ask about.

    Returns:
        Numbers, in the order of the times; -1 where the chain began later.

    Raises:
        NodeError: the node failed.
    """
    clock = _Clock(rpc, head)
    clock.read({min(earliest, head.number)})
    return [number - 1 for number in clock.first_blocks_since([at + 1 for at in times])]
