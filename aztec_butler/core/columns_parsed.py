"""The JSON text of ``eth_getLogs`` answers to numpy columns by a JSON parser: any shape, somewhat slower."""

from __future__ import annotations

from binascii import unhexlify
from collections import defaultdict
from typing import Any, Final

import msgspec
import numpy as np

from aztec_butler.core.columns_batch import UNTIMED, Batch, Numbers, Octets, batches_of, rows_of
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.events_input import parse_log
from aztec_butler.core.json_depth import check_depth

_HASH_DIGITS: Final = 64
_ADDRESS_DIGITS: Final = 40
_MOST_TOPICS: Final = 4


class _Log(msgspec.Struct, rename="camel", gc=False):
    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    transaction_index: str
    log_index: str
    block_timestamp: str | None = None
    removed: bool | None = None


class _Reply(msgspec.Struct):
    result: list[_Log]


_read_reply = msgspec.json.Decoder(_Reply).decode
_read_logs = msgspec.json.Decoder(list[_Log]).decode


def read_any(answer: bytes | bytearray) -> list[Batch]:
    """The logs of an answer of any shape, by a JSON parser; see ``columns_json.read_answer``."""
    try:
        check_depth(answer)  # parsers go down into what they skip, too
    except InputError:
        raise DecodeError("the answer is nested too deeply", bytes=len(answer)) from None
    is_list = answer.lstrip()[:1] == b"["
    try:
        logs = _read_logs(answer) if is_list else _read_reply(answer).result
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_badly_formed(answer)
    groups: dict[int, list[_Log]] = defaultdict(list)
    for log in logs:
        groups[len(log.topics)].append(log)
    try:
        return [_columns(group, count) for count, group in groups.items()]
    except (ValueError, OverflowError):
        return _read_badly_formed(answer)


def _columns(logs: list[_Log], count: int) -> Batch:
    if count > _MOST_TOPICS or any(log.removed for log in logs):
        raise ValueError
    data = [log.data for log in logs]
    if not all(text.startswith("0x") for text in data):
        raise ValueError
    sizes = np.array([len(text) for text in data], np.int64) - 2
    if (sizes % 2).any():
        raise ValueError
    return Batch(
        address=_hex_rows([log.address for log in logs], _ADDRESS_DIGITS),
        topics=tuple(_hex_rows([log.topics[place] for log in logs]) for place in range(count)),
        data=np.frombuffer(unhexlify("".join([text[2:] for text in data])), np.uint8),
        sizes=sizes // 2,
        block_number=_quantities([log.block_number for log in logs]),
        block_hash=_hex_rows([log.block_hash for log in logs]),
        transaction_hash=_hex_rows([log.transaction_hash for log in logs]),
        transaction_index=_quantities([log.transaction_index for log in logs]),
        log_index=_quantities([log.log_index for log in logs]),
        block_timestamp=_quantities([log.block_timestamp or hex(UNTIMED) for log in logs]),
    )


def _hex_rows(texts: list[str], digits: int = _HASH_DIGITS) -> Octets:
    if set(map(len, texts)) != {digits + 2}:
        raise ValueError
    rows = rows_of("".join(texts).encode(), digits + 2)
    if not (rows[:, :2] == np.frombuffer(b"0x", np.uint8)).all():
        raise ValueError
    return rows_of(unhexlify(np.ascontiguousarray(rows[:, 2:]).data), digits // 2)


def _quantities(texts: list[Any]) -> Numbers:
    if not all(text.startswith("0x") for text in texts):
        raise ValueError
    return np.array([int(text, 16) for text in texts], np.uint64)


def _read_badly_formed(answer: bytes | bytearray) -> list[Batch]:
    """Read log by log, to name the one that is wrong."""
    try:
        reply = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise DecodeError("the answer is not JSON", bytes=len(answer)) from None
    if isinstance(reply, dict):
        if reply.get("error") is not None:
            raise DecodeError("the answer is an error instead of logs", error=str(reply["error"])[:200])
        reply = reply.get("result")
    if not isinstance(reply, list):
        raise DecodeError("the answer is not a list of logs", got=type(reply).__name__)
    return batches_of(parse_log(log) for log in reply)
