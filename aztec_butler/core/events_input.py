"""Raw logs from whatever holds them, one by one: JSON-RPC's dicts, web3's AttributeDicts, rows of other extractors.

Those extractors have names of their own for the fields, and some leave fields out; ``core.columns_table`` reads whole
tables of them by the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.hexes import checksum_address, parse_bytes, to_hex
from aztec_butler.core.logs import UNKNOWN_HASH, RawLog

_WORD = 32
_ADDRESS = 20
_TOPICS = 4

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "address": ("address", "contract_address"),
    "topics": ("topics",),
    "data": ("data",),
    "block_number": ("blockNumber", "block_number"),
    "block_hash": ("blockHash", "block_hash"),
    "transaction_hash": ("transactionHash", "transaction_hash", "tx_hash"),
    "transaction_index": ("transactionIndex", "transaction_index", "tx_index"),
    "log_index": ("logIndex", "log_index", "event_index", "index"),
    "block_timestamp": ("blockTimestamp", "block_timestamp", "block_time", "timestamp"),
    "removed": ("removed",),
}
"""What the fields of a log are called: by JSON-RPC, and by cryo, ethereum-etl, hypersync and SQL services."""
TOPIC_COLUMNS: Final = tuple((f"topic{place}", f"topic_{place}") for place in range(_TOPICS))
"""What they call the topics, where each has a column of its own."""


def parse_log(log: Any) -> RawLog:
    """One log as the chain holds it.

    Args:
        log: a ``RawLog``, or a mapping with the field names of JSON-RPC or of other extractors (``ALIASES``), whose
            values are hex text, bytes or integers. Topics are a list, text with commas, or ``topic0`` to ``topic3``.

    Raises:
        DecodeError: not a mined log: pending, removed by a reorganization, or not well formed.
    """
    if isinstance(log, RawLog):
        return log
    if not isinstance(log, Mapping):
        raise DecodeError("expected a log as a mapping", got=type(log).__name__)
    is_json_rpc = "blockNumber" in log
    row = log if is_json_rpc else _as_json_rpc(log)
    try:
        if row.get("removed"):
            raise DecodeError("the log was removed by a reorganization", **_place(row))
        topics = tuple(_bytes(topic, _WORD) for topic in row["topics"])
        if len(topics) > _TOPICS:
            raise DecodeError("a log has at most four topics", topics=len(topics), **_place(row))
        timestamp = row.get("blockTimestamp")
        return RawLog(
            address=checksum_address(_bytes(row["address"], _ADDRESS)),
            topics=topics,
            data=_bytes(row["data"], None),
            block_number=_integer(row["blockNumber"]),
            block_hash=to_hex(_bytes(row["blockHash"], _WORD)),
            transaction_hash=to_hex(_bytes(row["transactionHash"], _WORD)),
            transaction_index=_integer(row["transactionIndex"]),
            log_index=_integer(row["logIndex"]),
            block_timestamp=None if timestamp is None else _integer(timestamp),
        )
    except KeyError as error:
        raise DecodeError("a log lacks a field", field=str(error.args[0]), **_place(row)) from None
    except (InputError, TypeError, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        raise DecodeError("the log is not well formed", why=str(error), **_place(row)) from None


def _as_json_rpc(log: Mapping[str, Any]) -> dict[str, Any]:
    """A row of another extractor, under JSON-RPC's names."""
    row = {
        names[0]: log[name]
        for names in ALIASES.values()
        if (name := next((each for each in names if each in log), None)) is not None
    }
    if "topics" not in row:
        each = [next((log[name] for name in names if name in log), None) for names in TOPIC_COLUMNS]
        row["topics"] = _leading(each, row)
    elif row["topics"] is None or isinstance(row["topics"], str):
        row["topics"] = split_topics(row["topics"])
    row["data"] = row.get("data") or b""
    if row.get("blockHash") is None:
        row["blockHash"] = UNKNOWN_HASH
    if hasattr(row.get("blockTimestamp"), "timestamp"):
        row["blockTimestamp"] = int(row["blockTimestamp"].timestamp())
    return row


def split_topics(text: str | None) -> list[str]:
    """Topics that stand in one text with commas between them.

    >>> split_topics("0xaa,0xbb"), split_topics("")
    (['0xaa', '0xbb'], [])
    """
    return [topic.strip() for topic in text.split(",")] if text else []


def _leading(topics: list[Any], row: Mapping[str, Any]) -> list[Any]:
    count = next((place for place, topic in enumerate(topics) if not topic), _TOPICS)
    if any(topics[count:]):
        raise DecodeError("a log has a topic behind one that it lacks", missing=count, **_place(row))
    return topics[:count]


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and value.startswith(("0x", "0X")) and "_" not in value:
        number = int(value, 16)
    elif hasattr(value, "__index__") and not isinstance(value, bool):
        number = value.__index__()  # of numpy's
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
