"""The JSON text of ``eth_getLogs`` answers to numpy columns, in one of two ways.

Nodes write every log of an answer alike: the same keys in the same order, values that are hex text without escapes. So
the places of the quotes tell where every value is, and numpy finds all of them at once. That the logs *are* written
alike is not believed but verified: every byte of every log that is not inside a value has to equal the first log's,
which a JSON parser has read. Where anything differs (more or fewer topics, another order, white space, escapes), a
parser reads the whole answer; the result is the same, only later.
"""

from __future__ import annotations

from binascii import Error as HexError
from binascii import unhexlify
from collections import defaultdict
from itertools import pairwise
from typing import Any

import attrs
import msgspec
import numpy as np
import numpy.typing as npt

from aztec_butler.core.columns_batch import UNTIMED, Batch, Numbers, Octets, batches_of, rows_of
from aztec_butler.core.errors import DecodeError
from aztec_butler.core.events_input import parse_log

Answer = bytes | bytearray | memoryview
_Places = npt.NDArray[np.int64]

_QUOTE = ord('"')
_HASH_DIGITS = 64
_ADDRESS_DIGITS = 40
_MOST_TOPICS = 4
_FIELDS = (
    "address",
    "topics",
    "data",
    "blockNumber",
    "blockHash",
    "transactionHash",
    "transactionIndex",
    "logIndex",
)
_WIDEST = 16  # digits of 64 bits
_USUAL = 8  # digits that numbers of blocks, seconds and places have at most


def _masks(widest: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """By the digits of a number, which of the ``widest`` bytes up to its end to keep, and the zeros before them."""
    zeros = int.from_bytes(b"0" * widest, "little")
    kept = [(1 << 8 * widest) - (1 << 8 * (widest - digits)) for digits in range(widest + 1)]
    keep = b"".join(each.to_bytes(widest, "little") for each in kept)
    pad = b"".join((zeros & ~each).to_bytes(widest, "little") for each in kept)
    return (
        np.frombuffer(keep, "<u8").reshape(widest + 1, -1),
        np.frombuffer(pad, "<u8").reshape(widest + 1, -1),
    )


_MASKS = {widest: _masks(widest) for widest in (_USUAL, _WIDEST)}


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


class UnusualError(Exception):
    """The fast way does not apply: not an error, and never seen by callers."""


_read_reply = msgspec.json.Decoder(_Reply).decode
_read_logs = msgspec.json.Decoder(list[_Log]).decode


def read_answer(answer: Answer) -> list[Batch]:
    """The logs of an answer.

    Args:
        answer: a whole JSON-RPC reply, or its ``result`` alone.

    Raises:
        DecodeError: a reply with an error, no logs at all, or a log that is not mined or not well formed.
    """
    content = bytes(answer) if isinstance(answer, memoryview) else answer
    try:
        return [read_alike(content)]
    except UnusualError:
        return read_any(content)


def read_any(answer: bytes | bytearray) -> list[Batch]:
    """The logs of an answer of any shape, by a JSON parser; see ``read_answer``."""
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
    except (UnusualError, ValueError, OverflowError):
        return _read_badly_formed(answer)


def read_alike(answer: bytes | bytearray) -> Batch:
    """The logs of an answer that writes them all alike.

    Raises:
        UnusualError: it does not, or has no logs.
    """
    try:
        return _read_alike(answer)
    except (IndexError, HexError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnusualError from error


@attrs.frozen(eq=False)
class _Slots:
    """Which quotes belong to which value: the number of the opening one within a log."""

    fields: dict[str, int]
    topics: list[int]


def _read_alike(answer: bytes | bytearray) -> Batch:
    start, end = answer.find(b"[{") + 1, answer.rfind(b"}]") + 1
    if start <= 0 or end <= start:
        raise UnusualError
    _check_frame(answer[:start] + answer[end:])
    octets = np.frombuffer(answer, np.uint8)
    quotes = np.flatnonzero(octets[start:end] == _QUOTE) + start
    first_end = answer.index(b"}", start) + 1
    each = int(np.searchsorted(quotes, first_end))
    if not each or len(quotes) % each:
        raise UnusualError
    places = quotes.reshape(-1, each)
    slots = _slots_of_first(answer, start, first_end, places[0])
    _check_alike(answer, start, first_end, end, places, sorted([*slots.fields.values(), *slots.topics]))

    # What is of one kind is read in one go: calls into numpy take their time as well as bytes do.
    hashes = [*slots.topics, slots.fields["blockHash"], slots.fields["transactionHash"]]
    *topics, block_hash, transaction_hash = _words(answer, places, hashes, _HASH_DIGITS)
    (address,) = _words(answer, places, [slots.fields["address"]], _ADDRESS_DIGITS)
    timed = ["blockTimestamp"] if "blockTimestamp" in slots.fields else []
    named = ["blockNumber", "transactionIndex", "logIndex", *timed]
    numbers = _numbers(answer, places, [slots.fields[name] for name in named])
    slot = slots.fields["data"]
    data, sizes = _data(answer, places[:, slot] + 3, places[:, slot + 1])
    return Batch(
        address=address,
        topics=tuple(topics),
        data=data,
        sizes=sizes,
        block_number=numbers[0],
        block_hash=block_hash,
        transaction_hash=transaction_hash,
        transaction_index=numbers[1],
        log_index=numbers[2],
        block_timestamp=numbers[3] if timed else np.full(len(places), UNTIMED, np.uint64),
    )


def _check_frame(frame: bytes | bytearray) -> None:
    """What is around the logs: a reply without an error, or nothing."""
    around = msgspec.json.decode(frame)
    if isinstance(around, dict):
        around = None if "error" in around else around.get("result")
    if around != []:
        raise UnusualError


def _slots_of_first(answer: bytes | bytearray, start: int, end: int, quotes: _Places) -> _Slots:
    """Where the first log has its values, checked against what a JSON parser reads there."""
    log = msgspec.json.decode(answer[start:end])
    # All others are as this one, so what it has not, they have not. Behind an escape a quote would be no end, and a value
    # inside another object could have the name of a field.
    if answer.find(b"\\", start, end) >= 0:
        raise UnusualError
    if log.get("removed") or answer.count(b"{", start, end) > 1 or answer.count(b"[", start, end) > 1:
        raise UnusualError
    fields: dict[str, int] = {}
    topics: list[int] = []
    key = ""
    for slot in range(0, len(quotes), 2):
        opening, closing = int(quotes[slot]), int(quotes[slot + 1])
        text = answer[opening + 1 : closing].decode()
        if answer[closing + 1 : closing + 20].lstrip().startswith(b":"):
            key = text
        elif key == "topics":
            topics.append(slot)
        elif key in fields or not isinstance(log[key], str):
            raise UnusualError
        else:
            fields[key] = slot
    wanted = {"blockTimestamp", *_FIELDS} - {"topics"}
    if not 0 < len(topics) <= _MOST_TOPICS or not set(_FIELDS) <= {*fields, "topics"}:
        raise UnusualError
    return _Slots({name: slot for name, slot in fields.items() if name in wanted}, topics)


def _check_alike(
    answer: bytes | bytearray, start: int, first_end: int, end: int, places: _Places, slots: list[int]
) -> None:
    """Every log is, but for the values in the slots, the first one byte by byte; each value begins with 0x."""
    first = places[0]
    count = len(places)
    head = bytes(answer[start : first[slots[0]] + 3])
    tail = bytes(answer[first[slots[-1] + 1] : first_end])
    if not head.endswith(b'"0x') or answer[int(places[-1, slots[-1] + 1]) : end] != tail:
        raise UnusualError
    for before, after in pairwise(slots):
        expected = bytes(answer[first[before + 1] : first[after] + 3])
        found = _gathered(answer, places[:, before + 1], len(expected))
        if not expected.endswith(b'"0x') or found.tobytes() != expected * count:
            raise UnusualError
    between = tail + b"," + head
    found = _gathered(answer, places[:-1, slots[-1] + 1], len(between))
    if found.tobytes() != between * (count - 1):
        raise UnusualError


def _gathered(answer: bytes | bytearray, begin: _Places, width: int) -> Octets:
    """``width`` bytes from every place on; one copy a row."""
    if width == 0:
        return np.empty((len(begin), 0), np.uint8)
    windows = np.ndarray((max(len(answer) - width + 1, 0),), f"V{width}", answer, strides=(1,))
    rows: Octets = windows[begin].view(np.uint8).reshape(-1, width)
    return rows


def _words(answer: bytes | bytearray, places: _Places, slots: list[int], digits: int) -> list[Octets]:
    """The values of several slots, each of so many digits in every log."""
    begin = places[:, slots].T.ravel() + 3
    end = places[:, [slot + 1 for slot in slots]].T.ravel()
    if not (end - begin == digits).all():
        raise UnusualError
    rows = rows_of(unhexlify(_gathered(answer, begin, digits).data), digits // 2)
    return [rows[start : start + len(places)] for start in range(0, len(rows), len(places))]


def _numbers(answer: bytes | bytearray, places: _Places, slots: list[int]) -> Numbers:
    """Hex quantities of any width up to 64 bits: a row for each slot."""
    begin = places[:, slots].T.ravel() + 3
    end = places[:, [slot + 1 for slot in slots]].T.ravel()
    widths = end - begin
    most = int(widths.max())
    if int(widths.min()) < 1 or most > _WIDEST:
        raise UnusualError
    wide = _USUAL if most <= _USUAL else _WIDEST
    keep, pad = _MASKS[wide]
    # The 16 bytes before the end of any number are within the answer, whose first quote is before them.
    digits = _gathered(answer, end - wide, wide).view("<u8")
    padded = (digits & keep[widths]) | pad[widths]
    values = np.frombuffer(unhexlify(padded.data), ">u4" if wide == _USUAL else ">u8")
    return values.astype(np.uint64).reshape(len(slots), -1)


def _data(answer: bytes | bytearray, begin: _Places, end: _Places) -> tuple[Octets, npt.NDArray[np.int64]]:
    digits = end - begin
    width = int(digits[0])
    if (digits == width).all():
        content = unhexlify(_gathered(answer, begin, width).data)
    elif (digits % _HASH_DIGITS).any():
        raise UnusualError
    else:
        words = digits // _HASH_DIGITS
        within = np.arange(int(words.sum())) - np.repeat(np.cumsum(words) - words, words)
        places = np.repeat(begin, words) + within * _HASH_DIGITS
        content = unhexlify(_gathered(answer, places, _HASH_DIGITS).data)
    return np.frombuffer(content, np.uint8), digits // 2


def _columns(logs: list[_Log], count: int) -> Batch:
    if count > _MOST_TOPICS or any(log.removed for log in logs):
        raise UnusualError
    data = [log.data for log in logs]
    if not all(text.startswith("0x") for text in data):
        raise UnusualError
    sizes = np.array([len(text) for text in data], np.int64) - 2
    if (sizes % 2).any():
        raise UnusualError
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
        raise UnusualError
    rows = rows_of("".join(texts).encode(), digits + 2)
    if not (rows[:, :2] == np.frombuffer(b"0x", np.uint8)).all():
        raise UnusualError
    return rows_of(unhexlify(np.ascontiguousarray(rows[:, 2:]).data), digits // 2)


def _quantities(texts: list[Any]) -> Numbers:
    if not all(text.startswith("0x") for text in texts):
        raise UnusualError
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
