"""The JSON text of ``eth_getLogs`` answers to numpy columns, as fast as it can be done.

Nodes write every log of an answer alike: the same keys in the same order, values that are hex text without escapes. So
the places of the quotes tell where every value is, and numpy finds all of them at once. That the logs *are* written
alike is not believed but verified: every byte of every log that is not inside a value has to equal the first log's,
which a JSON parser has read. Logs with more topics than others are read apart from those. Where anything else differs
(another order, white space, escapes), a parser reads the whole answer (``columns_parsed``); the result is the same, only
later.
"""

from __future__ import annotations

from binascii import Error as HexError
from binascii import unhexlify
from collections import defaultdict
from itertools import pairwise

import attrs
import msgspec
import numpy as np
import numpy.typing as npt

from aztec_butler.core.columns_batch import UNTIMED, Batch, Numbers, Octets, rows_of
from aztec_butler.core.columns_parsed import read_any
from aztec_butler.core.errors import InputError
from aztec_butler.core.json_depth import check_depth

Answer = bytes | bytearray | memoryview
_Places = npt.NDArray[np.int64]

_QUOTE = ord('"')
_HASH_DIGITS = 64
_ADDRESS_DIGITS = 40
_MOST_TOPICS = 4
_BETWEEN = b"},{"
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


class UnusualError(Exception):
    """The fast way does not apply: not an error, and never seen by callers."""


def read_answer(answer: Answer) -> list[Batch]:
    """The logs of an answer.

    Args:
        answer: a whole JSON-RPC reply, or its ``result`` alone.

    Raises:
        DecodeError: a reply with an error, no logs at all, or a log that is not mined or not well formed.
    """
    content = bytes(answer) if isinstance(answer, memoryview) else answer
    for read in (_read_one_kind, read_mixed):
        try:
            return read(content)
        except UnusualError:
            pass
    return read_any(content)


def _read_one_kind(answer: bytes | bytearray) -> list[Batch]:
    return [read_alike(answer)]


def read_alike(answer: bytes | bytearray) -> Batch:
    """The logs of an answer that writes them all alike.

    Raises:
        UnusualError: it does not, or has no logs.
    """
    try:
        return _read_alike(answer)
    except (IndexError, HexError, InputError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnusualError from error


def read_mixed(answer: bytes | bytearray) -> list[Batch]:
    """The logs of an answer that writes those alike that have as many topics: a batch for each number of them.

    It is cut wherever the text between two logs stands. Were that not between two logs, the pieces would not all be JSON
    objects that differ in their values' digits alone: of which ``read_alike`` makes sure.

    Raises:
        UnusualError: it does not, or has no logs.
    """
    start, end = answer.find(b"[{") + 2, answer.rfind(b"}]")
    if start <= 1 or end <= start:
        raise UnusualError
    groups: dict[int, list[bytes | bytearray]] = defaultdict(list)
    for log in answer[start:end].split(_BETWEEN):
        groups[log.count(b'"')].append(log)
    if not 1 < len(groups) <= _MOST_TOPICS:
        raise UnusualError
    head, tail = bytes(answer[:start]), bytes(answer[end:])
    batches = [read_alike(head + _BETWEEN.join(logs) + tail) for logs in groups.values()]
    if len({len(batch.topics) for batch in batches}) < len(batches):
        raise UnusualError  # apart by something else: logs of one event would lose their order
    return batches


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
    check_depth(frame)
    around = msgspec.json.decode(frame)
    if isinstance(around, dict):
        around = None if "error" in around else around.get("result")
    if around != []:
        raise UnusualError


def _slots_of_first(answer: bytes | bytearray, start: int, end: int, quotes: _Places) -> _Slots:
    """Where the first log has its values, checked against what a JSON parser reads there."""
    first = answer[start:end]
    check_depth(first)
    log = msgspec.json.decode(first)
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
