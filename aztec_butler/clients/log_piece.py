"""What a stream of logs is made of, and the log by which a node shows that it still has old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from aztec_butler.core.columns_batch import Batch


@attrs.frozen(kw_only=True, eq=False)
class LogPiece:
    """Every log of one closed range that was asked for, checked, as numpy columns.

    Args:
        first_block: of the range.
        last_block: of the range.
        batches: the logs, one batch for each number of topics; each in the order of the chain. None are empty.
        parent_hash: of the block before the range, 0x, lower case.
        last_hash: of the range's last block, 0x, lower case; the next piece's ``parent_hash`` equals it.
    """

    first_block: int
    last_block: int
    batches: tuple[Batch, ...]
    parent_hash: str
    last_hash: str

    def __len__(self) -> int:
        return sum(len(batch) for batch in self.batches)


@attrs.frozen(kw_only=True)
class Canary:
    """A log that is known to exist: a node that does not find it has dropped old logs, and its "none" means nothing.

    It should be as old as the range that is read, or older: nodes drop the oldest first.

    Args:
        address: the contract that emitted it.
        topics: as for ``stream_logs``.
        block: that it is in.
    """

    address: str
    topics: tuple[tuple[bytes | str, ...] | None, ...] = ()
    block: int
