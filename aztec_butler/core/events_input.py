"""Raw logs from whatever holds them: JSON-RPC's dicts, web3's AttributeDicts, or ``RawLog`` itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.hexes import checksum_address, parse_bytes, to_hex
from aztec_butler.core.logs import RawLog

_WORD = 32
_ADDRESS = 20
_TOPICS = 4


def parse_log(log: Any) -> RawLog:
    """One log as the chain holds it.

    Args:
        log: a ``RawLog``, or a mapping with JSON-RPC's field names, whose values are hex text, bytes or integers.

    Raises:
        DecodeError: not a mined log: pending, removed by a reorganization, or not well formed.
    """
    if isinstance(log, RawLog):
        return log
    if not isinstance(log, Mapping):
        raise DecodeError("expected a log as a mapping", got=type(log).__name__)
    try:
        if log.get("removed"):
            raise DecodeError("the log was removed by a reorganization", **_place(log))
        topics = tuple(_bytes(topic, _WORD) for topic in log["topics"])
        if len(topics) > _TOPICS:
            raise DecodeError("a log has at most four topics", topics=len(topics), **_place(log))
        timestamp = log.get("blockTimestamp")
        return RawLog(
            address=checksum_address(_bytes(log["address"], _ADDRESS)),
            topics=topics,
            data=_bytes(log["data"], None),
            block_number=_integer(log["blockNumber"]),
            block_hash=to_hex(_bytes(log["blockHash"], _WORD)),
            transaction_hash=to_hex(_bytes(log["transactionHash"], _WORD)),
            transaction_index=_integer(log["transactionIndex"]),
            log_index=_integer(log["logIndex"]),
            block_timestamp=None if timestamp is None else _integer(timestamp),
        )
    except KeyError as error:
        raise DecodeError("a log lacks a field", field=str(error.args[0]), **_place(log)) from None
    except (InputError, TypeError, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        raise DecodeError("the log is not well formed", why=str(error), **_place(log)) from None


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and value.startswith(("0x", "0X")) and "_" not in value:
        number = int(value, 16)
    else:
        raise TypeError(f"expected a number, got {value!r}")
    if number < 0:
        raise ValueError(f"expected a number of at least 0, got {value!r}")
    return number


def _bytes(value: Any, size: int | None) -> bytes:
    if isinstance(value, str):
        return parse_bytes(value, size=size)
    if not isinstance(value, bytes | bytearray):
        raise TypeError(f"expected hex text or bytes, got {value!r}")
    if size is not None and len(value) != size:
        raise ValueError(f"expected {size} bytes, got {len(value)}")
    return bytes(value)


def _place(log: Mapping[str, Any]) -> dict[str, Any]:
    """What names a log that may lack anything."""
    return {
        fact: log[name]
        for fact, name in (("block_number", "blockNumber"), ("log_index", "logIndex"))
        if log.get(name) is not None
    }
