"""Raw logs as numpy columns: what every reader makes of its input, and what the decoder takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

from aztec_butler.core.hexes import checksum_address, to_hex
from aztec_butler.core.logs import RawLog

Octets = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint64]

UNTIMED: Final = 2**64 - 1
"""The timestamp of a block whose time is not known."""


@attrs.frozen(kw_only=True, eq=False)
class Batch:
    """Logs that have the same number of topics.

    Args:
        address: (n, 20) bytes.
        topics: for each place (n, 32) bytes.
        data: the data of all logs, one after the other.
        sizes: bytes of data of every log.
        block_number: of the block.
        block_hash: (n, 32) bytes; all of them zero where the source does not tell it.
        transaction_hash: (n, 32) bytes.
        transaction_index: place of the transaction in its block.
        log_index: place of the log in its block.
        block_timestamp: Unix seconds; ``UNTIMED`` where the source does not tell it.
    """

    address: Octets
    topics: tuple[Octets, ...]
    data: Octets
    sizes: npt.NDArray[np.int64]
    block_number: Numbers
    block_hash: Octets
    transaction_hash: Octets
    transaction_index: Numbers
    log_index: Numbers
    block_timestamp: Numbers

    def __len__(self) -> int:
        return len(self.block_number)

    def select(self, rows: npt.NDArray[np.bool_]) -> Batch:
        """The logs where ``rows`` holds."""
        return Batch(
            address=self.address[rows],
            topics=tuple(topic[rows] for topic in self.topics),
            data=self.data[np.repeat(rows, self.sizes)],
            sizes=self.sizes[rows],
            block_number=self.block_number[rows],
            block_hash=self.block_hash[rows],
            transaction_hash=self.transaction_hash[rows],
            transaction_index=self.transaction_index[rows],
            log_index=self.log_index[rows],
            block_timestamp=self.block_timestamp[rows],
        )

    def take(self, places: npt.NDArray[np.int64]) -> Batch:
        """The logs at these places, in this order."""
        begin = (np.cumsum(self.sizes) - self.sizes)[places]
        sizes = self.sizes[places]
        within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return Batch(
            address=self.address[places],
            topics=tuple(topic[places] for topic in self.topics),
            data=self.data[np.repeat(begin, sizes) + within],
            sizes=sizes,
            block_number=self.block_number[places],
            block_hash=self.block_hash[places],
            transaction_hash=self.transaction_hash[places],
            transaction_index=self.transaction_index[places],
            log_index=self.log_index[places],
            block_timestamp=self.block_timestamp[places],
        )

    def first(self) -> RawLog:
        """The first log."""
        names = [field.name for field in attrs.fields(Batch) if field.name not in {"topics", "data"}]
        head = Batch(
            topics=tuple(topic[:1] for topic in self.topics),
            data=self.data[: int(self.sizes[0])],
            **{name: getattr(self, name)[:1] for name in names},
        )
        return next(head.raw_logs())

    def raw_logs(self) -> Iterator[RawLog]:
        """The logs one by one."""
        data, start = self.data.tobytes(), 0
        for row, size in enumerate(self.sizes.tolist()):
            timestamp = int(self.block_timestamp[row])
            yield RawLog(
                address=checksum_address(self.address[row].tobytes()),
                topics=tuple(topic[row].tobytes() for topic in self.topics),
                data=data[start : start + size],
                block_number=int(self.block_number[row]),
                block_hash=to_hex(self.block_hash[row].tobytes()),
                transaction_hash=to_hex(self.transaction_hash[row].tobytes()),
                transaction_index=int(self.transaction_index[row]),
                log_index=int(self.log_index[row]),
                block_timestamp=None if timestamp == UNTIMED else timestamp,
            )
            start += size


def batches_of(logs: Iterable[RawLog]) -> list[Batch]:
    """Raw logs as batches, each in their order."""
    groups: dict[int, list[RawLog]] = defaultdict(list)
    for log in logs:
        groups[len(log.topics)].append(log)
    return [_batch(group, count) for count, group in groups.items()]


def _batch(logs: Sequence[RawLog], count: int) -> Batch:
    times = [UNTIMED if log.block_timestamp is None else log.block_timestamp for log in logs]
    return Batch(
        address=rows_of(bytes.fromhex("".join([log.address[2:] for log in logs])), 20),
        topics=tuple(rows_of(b"".join([log.topics[place] for log in logs]), 32) for place in range(count)),
        data=np.frombuffer(b"".join([log.data for log in logs]), np.uint8),
        sizes=np.array([len(log.data) for log in logs], np.int64),
        block_number=np.array([log.block_number for log in logs], np.uint64),
        block_hash=rows_of(bytes.fromhex("".join([log.block_hash[2:] for log in logs])), 32),
        transaction_hash=rows_of(bytes.fromhex("".join([log.transaction_hash[2:] for log in logs])), 32),
        transaction_index=np.array([log.transaction_index for log in logs], np.uint64),
        log_index=np.array([log.log_index for log in logs], np.uint64),
        block_timestamp=np.array(times, np.uint64),
    )


def rows_of(content: Any, width: int) -> Octets:
    """Bytes as rows of ``width``."""
    return np.frombuffer(content, np.uint8).reshape(-1, width)


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches with the same number of topics as one."""
    if len(batches) == 1:
        return batches[0]
    names = [field.name for field in attrs.fields(Batch) if field.name != "topics"]
    return Batch(
        topics=tuple(np.concatenate(places) for places in zip(*[b.topics for b in batches], strict=True)),
        **{name: np.concatenate([getattr(batch, name) for batch in batches]) for name in names},
    )
