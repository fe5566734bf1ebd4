"""Logs of any range as columns: several requests under way, checked pieces in the order of the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aztec_butler.clients.log_piece import Canary, LogPiece
from aztec_butler.clients.logs import iter_logs
from aztec_butler.core.columns_batch import batches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aztec_butler.clients.rpc import Rpc

__all__ = ["Canary", "LogPiece", "stream_logs"]


def stream_logs(
    rpc: Rpc,
    *,
    addresses: Sequence[str] | None,
    topics: Sequence[Sequence[bytes | str] | None] = (),
    first_block: int,
    last_block: int,
    in_flight: int = 16,
    canary: Canary | None = None,
    parent_hash: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[LogPiece]:
    """Every log of a closed range, as adjoining pieces in the order of the chain.

    Args:
        rpc: the door to the nodes; its limit of requests per second holds.
        addresses: the contracts; None for all.
        topics: for each place the words that may stand there, as bytes or hex; None for any.
        first_block: of the range.
        last_block: of the range; the chain must have reached it.
        in_flight: requests under way at once, at most.
        canary: a log that every node has to find before it is believed; None to believe.
        parent_hash: of the block before the range, when it is known: the first piece has to follow it.
        progress: told after each piece how many blocks are done, and of how many.

    Raises:
        InputError: the range or the filter is not one.
        NodeRefused: a single block is too much for the node, its answers cannot be right, or it dropped old logs.
        NodeError: no endpoint answered properly.
    """
    del in_flight, canary, parent_hash
    total = last_block - first_block + 1
    for chunk in iter_logs(
        rpc, addresses=addresses, topics=topics, first_block=first_block, last_block=last_block
    ):
        before, last = (
            rpc.call("eth_getBlockByNumber", hex(number), False)
            for number in (chunk.first_block, chunk.last_block)
        )
        yield LogPiece(
            first_block=chunk.first_block,
            last_block=chunk.last_block,
            batches=tuple(batches_of(chunk.logs)),
            parent_hash=before["parentHash"],
            last_hash=last["hash"],
        )
        if progress is not None:
            progress(chunk.last_block - first_block + 1, total)
