"""Logs as the plain tuples that a journal keeps, and back. Pure."""

from __future__ import annotations

from typing import Final, TypeAlias

from aztec_butler.core.hexes import checksum_address, to_hex
from aztec_butler.core.logs import RawLog

Row: TypeAlias = tuple[int, int, bytes, bytes, int, bytes, bytes, bytes, int | None]
"""One log, in the order of ``ROW``."""

ROW: Final = (
    "block_number",
    "log_index",
    "block_hash",  # 32 bytes
    "transaction_hash",  # 32 bytes
    "transaction_index",
    "address",  # 20 bytes
    "topics",  # 32 bytes each, one after the other
    "data",
    "block_timestamp",  # Unix seconds; None where it is not known
)
"""The places of a row. Block hash and log index identify a log; rows sort in the order of the chain."""

_WORD: Final = 32


def raw_log(row: Row) -> RawLog:
    """A log as it was before it became a row."""
    number, index, block_hash, transaction_hash, transaction_index, address, topics, data, timestamp = row
    return RawLog(
        address=checksum_address(address),
        topics=tuple(topics[start : start + _WORD] for start in range(0, len(topics), _WORD)),
        data=data,
        block_number=number,
        block_hash=to_hex(block_hash),
        transaction_hash=to_hex(transaction_hash),
        transaction_index=transaction_index,
        log_index=index,
        block_timestamp=timestamp,
    )
