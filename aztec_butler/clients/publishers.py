"""Balances and nonces of accounts at several blocks, as far back as the node remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from aztec_butler.clients.blocks import fetch_block, fetch_timestamps
from aztec_butler.clients.l1_checks import find_oldest_state
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import ButlerError, InputError, NodeRefused
from aztec_butler.core.publishers import PublisherSample
from aztec_butler.core.records import BlockStamp

DEFAULT_SAMPLES: Final = 24
_STRIDE_BLOCKS: Final = 1000
"""How far back the pace of the chain is measured."""
_PRUNING_BLOCKS: Final = 16
"""A node that forgets old state goes on forgetting while it is asked."""
_FORGOTTEN: Final = (Trouble.STATE_MISSING, Trouble.HISTORY_MISSING, Trouble.BLOCK_UNKNOWN, None)
"""What a node may call it when it has no state of a block that there was: some forget the block with it."""


@attrs.frozen(kw_only=True)
class PublisherHistory:
    """What a node knows of accounts.

    Args:
        block: the last sample's.
        samples: by address, by rising time.
        first_block: of the first sample.
        is_pruned: whether the node does not remember as far back as was asked.
    """

    block: BlockStamp
    samples: dict[str, tuple[PublisherSample, ...]]
    first_block: int
    is_pruned: bool


def fetch_publishers(
    rpc: Rpc,
    addresses: Sequence[str],
    *,
    window_seconds: int,
    samples: int = DEFAULT_SAMPLES,
    block: int | str = "latest",
) -> PublisherHistory:
    """Accounts over a window of time.

    An archive node knows any window; another one remembers the last hours or minutes, and what it remembers is taken.

    Args:
        rpc: the door to the node.
        addresses: of the accounts, each once.
        window_seconds: how far to look back.
        samples: blocks to look at, the first and the last included. The more, the less a top-up hides.
        block: the last one: number or tag.

    Raises:
        InputError: no address, or a window or number of samples that tells nothing.
        NodeError: the node failed.
    """
    if not addresses:
        raise InputError("no publisher is named")
    if window_seconds < 1 or samples < 2:
        raise InputError(
            "a rate needs a window and two samples", window_seconds=window_seconds, samples=samples
        )
    stamp, _ = fetch_block(rpc, block)
    first = _block_before(rpc, stamp, window_seconds)
    oldest = _oldest(rpc, addresses[0], first, stamp.number)
    numbers = _spread(oldest, stamp.number, samples)
    times = fetch_timestamps(rpc, {*numbers[:-1]}) | {stamp.number: stamp.timestamp}
    found = _fetch_samples(rpc, addresses, {number: times[number] for number in numbers})
    return PublisherHistory(block=stamp, samples=found, first_block=oldest, is_pruned=oldest > first)


def fetch_present(rpc: Rpc, addresses: Sequence[str], block: BlockStamp) -> dict[str, PublisherSample]:
    """Accounts at one block, in one round trip.

    Args:
        rpc: the door to the node.
        addresses: of the accounts, each once.
        block: a block whose state the node has.

    Raises:
        NodeError: the node failed.
    """
    found = _fetch_samples(rpc, addresses, {block.number: block.timestamp})
    return {address: sample for address, (sample,) in found.items()}


def _fetch_samples(
    rpc: Rpc, addresses: Sequence[str], times: Mapping[int, int]
) -> dict[str, tuple[PublisherSample, ...]]:
    """A sample of each account at each block, in the order of the blocks."""
    asked = [
        (method, [address, hex(number)])
        for address in addresses
        for number in times
        for method in ("eth_getBalance", "eth_getTransactionCount")
    ]
    words = iter(rpc.batch(asked))
    return {
        address: tuple(
            PublisherSample(timestamp=at, balance_wei=_integer(next(words)), nonce=_integer(next(words)))
            for at in times.values()
        )
        for address in addresses
    }


def _block_before(rpc: Rpc, stamp: BlockStamp, seconds: int) -> int:
    """A block about so long before another one, by the pace of the chain just before it."""
    if stamp.number == 0:
        return 0
    earlier = max(0, stamp.number - _STRIDE_BLOCKS)
    elapsed = stamp.timestamp - fetch_timestamps(rpc, {earlier})[earlier]
    blocks = seconds * (stamp.number - earlier) // max(1, elapsed)
    return max(0, stamp.number - max(1, blocks))


def _oldest(rpc: Rpc, address: str, first: int, last: int) -> int:
    """The first block of the range whose state the node has, with a margin where it is about to forget."""
    (answer,) = rpc.try_batch([("eth_getBalance", [address, hex(first)])])
    if not isinstance(answer, ButlerError):
        return first
    if not isinstance(answer, NodeRefused) or trouble_of(answer) not in _FORGOTTEN:
        raise answer
    oldest = find_oldest_state(rpc, address, first, last)
    return min(last, oldest + _PRUNING_BLOCKS)


def _spread(first: int, last: int, count: int) -> list[int]:
    """At most so many blocks, evenly from the first to the last."""
    steps = min(count - 1, last - first)
    return [first + (last - first) * step // steps for step in range(steps)] + [last] if steps else [last]


def _integer(word: object) -> int:
    try:
        return int(str(word), 16)
    except ValueError:
        raise NodeRefused(
            "the node answered with something that is no amount", answer=repr(word)[:80]
        ) from None
