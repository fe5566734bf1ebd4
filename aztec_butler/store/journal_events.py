"""The events of a journal: those that were noticed row by row, those that came as final in packs."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple

import attrs
import msgspec

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import to_hex
from aztec_butler.store.journal_entry import Delivery, Entry, EventKey, SeenEvents
from aztec_butler.store.journal_rows import EventState

_FIELDS: Final = tuple(field.name for field in attrs.fields(SeenEvents))
_TYPES: Final = tuple[
    list[int], list[bytes], list[bytes], list[int], list[int], list[bytes], list[str], list[bytes], list[bytes], list[int]
]  # fmt: skip
_COLUMNS: Final = "block_number, block_hash, transaction_hash, transaction_index, log_index, address, name, topics, data, timestamp"
_numbers = struct.Struct(">QQQqQQQ").pack
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_TYPES).decode


class Key(NamedTuple):
    """What identifies an event, and orders it."""

    block_number: int
    log_index: int
    block_hash: bytes


class Changes(NamedTuple):
    """What an entry does to the events, before the audit tells of it.

    Args:
        added: how many new ones were noticed, and their digest.
        packed: how many new ones came as final, their pack, its first and last block.
        confirmed: marks of rows that became final.
        vanished: marks of rows that are not of the chain any more.
        keys: what vanished.
        returned: what had vanished before, and is there again.
    """

    added: tuple[int, str]
    packed: tuple[int, bytes, int, int]
    confirmed: list[bytes]
    vanished: list[bytes]
    keys: list[EventKey]
    returned: list[Key]

    @property
    def is_nothing(self) -> bool:
        """Whether no event changed."""
        return not (self.added[0] or self.packed[0] or self.confirmed or self.vanished)


def mark_of(row: tuple[Any, ...]) -> bytes:
    """The hash of an event: of everything that is told of it.

    Args:
        row: in the order of the columns of ``SeenEvents``.
    """
    number, block_hash, transaction_hash, transaction_index, log_index, address, name, topics, data, at = row
    encoded = name.encode(errors="surrogateescape")
    head = _numbers(number, transaction_index, log_index, at, len(encoded), len(topics), len(data))
    return sha256(b"".join((head, block_hash, transaction_hash, address, encoded, topics, data))).digest()


def digest_of(marks: Iterable[bytes]) -> str:
    """One hash of a set of events, whatever their order."""
    return sha256(b"".join(sorted(marks))).hexdigest()


def apply_events(connection: sqlite3.Connection, entry: Entry, seq: int) -> Changes:
    """Write what an entry says of events.

    Args:
        connection: inside a transaction.
        entry: what is new.
        seq: the number that the audit's line of this commit will have.

    Raises:
        InputError: the range of a final delivery is not told, or events lie outside of it.
    """
    events, new = entry.events, entry.events
    is_final = entry.delivery is Delivery.FINAL
    if is_final or len(events):
        _check_range(entry)
    vanished: list[tuple[Any, ...]] = []
    confirmed: list[tuple[Any, ...]] = []
    returned: list[Key] = []
    if entry.retracted_above is not None:
        vanished += _end(connection, EventState.RETRACTED, seq, "block_number > ?", [entry.retracted_above])
    if len(events):
        known, gone = _known(connection, min(events.block_numbers), max(events.block_numbers))
        if known or gone or not is_final:
            keys = list(_keys(events))
            new = _selected(events, _unknown(keys, known))
            returned = [key for key in dict.fromkeys(keys) if key in gone and key not in known]
    if is_final and _any_noticed(connection):
        confirmed, lost = _settle(connection, entry, seq, set(_keys(events)))
        vanished += lost
    added, packed = (0, ""), (0, b"", 0, 0)
    if len(new) and is_final:
        packed = (
            len(new),
            _encode([getattr(new, name) for name in _FIELDS]),
            min(new.block_numbers),
            max(new.block_numbers),
        )
        count, content, first, last = packed
        connection.execute(
            "INSERT INTO event_packs VALUES (?, ?, ?, ?, ?)", (seq, first, last, count, content)
        )
    elif len(new):
        added = _insert(connection, new, seq)
    return Changes(
        added=added,
        packed=packed,
        confirmed=[row[0] for row in confirmed],
        vanished=[row[0] for row in vanished],
        keys=[
            EventKey(block_number=number, block_hash=to_hex(block_hash), log_index=index, name=name)
            for _, number, block_hash, index, name in vanished
        ],
        returned=returned,
    )


def _check_range(entry: Entry) -> None:
    first, last = entry.first_block, entry.last_block
    if first is None or last is None:
        raise InputError("the blocks of events are not told")
    numbers = entry.events.block_numbers
    if numbers and not first <= min(numbers) <= max(numbers) <= last:
        raise InputError(
            "events lie outside the blocks they are told to be of", first_block=first, last_block=last
        )


def _known(connection: sqlite3.Connection, first: int, last: int) -> tuple[set[Key], set[Key]]:
    """What a range holds that is of the chain, and what vanished from it."""
    known: set[Key] = set()
    gone: set[Key] = set()
    rows = connection.execute(
        "SELECT block_number, log_index, block_hash, state FROM events WHERE block_number BETWEEN ? AND ?",
        (first, last),
    )
    for *key, state in rows:
        (gone if state == EventState.RETRACTED else known).add(Key(*key))
    # Packs of a range are there only where its blocks are read again, for a contract that is new.
    packs = connection.execute(
        "SELECT columns FROM event_packs WHERE first_block <= ? AND last_block >= ?", (last, first)
    )
    for (content,) in packs:
        known |= {key for key in _keys(unpack(content)) if first <= key.block_number <= last}
    return known, gone


def _keys(events: SeenEvents) -> Iterator[Key]:
    return map(Key, events.block_numbers, events.log_indices, events.block_hashes)


def _unknown(keys: list[Key], known: set[Key]) -> list[int]:
    """Places of events that are not known, each event once."""
    places: dict[Key, int] = {}
    for place, key in enumerate(keys):
        if key not in known:
            places.setdefault(key, place)
    return list(places.values())


def _selected(events: SeenEvents, places: list[int]) -> SeenEvents:
    if len(places) == len(events):
        return events
    return SeenEvents(**{name: [getattr(events, name)[place] for place in places] for name in _FIELDS})


def _any_noticed(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM events WHERE state = 'noticed' LIMIT 1").fetchone() is not None


def _settle(
    connection: sqlite3.Connection, entry: Entry, seq: int, here: set[Key]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Noticed events of a range that is final: which stay, and which vanish."""
    rows = connection.execute(
        "SELECT id, block_number, log_index, block_hash, address FROM events"
        " WHERE state = 'noticed' AND block_number BETWEEN ? AND ?",
        (entry.first_block, entry.last_block),
    ).fetchall()
    told = None if entry.contracts is None else {bytes.fromhex(text[2:]) for text in entry.contracts}
    stay = [row[0] for row in rows if Key(*row[1:4]) in here]
    lost = [row[0] for row in rows if Key(*row[1:4]) not in here and (told is None or row[4] in told)]
    return (
        [row for number in stay for row in _end(connection, EventState.FINAL, seq, "id = ?", [number])],
        [row for number in lost for row in _end(connection, EventState.RETRACTED, seq, "id = ?", [number])],
    )


def _end(
    connection: sqlite3.Connection, state: EventState, seq: int, where: str, values: list[int]
) -> list[tuple[Any, ...]]:
    """Noticed rows as final or retracted; their marks and what says which they were."""
    rows = connection.execute(
        f"UPDATE events SET state = ?, end_seq = ? WHERE state = 'noticed' AND {where}"  # noqa: S608
        " RETURNING mark, block_number, block_hash, log_index, name",
        (state.value, seq, *values),
    ).fetchall()
    return sorted(rows, key=lambda row: (row[1], row[3], row[2]))


def _insert(connection: sqlite3.Connection, events: SeenEvents, seq: int) -> tuple[int, str]:
    """Events row by row, as noticed; how many, and their digest."""
    rows = list(zip(*(getattr(events, name) for name in _FIELDS), strict=True))
    marks = [mark_of(row) for row in rows]
    connection.executemany(
        f"INSERT INTO events ({_COLUMNS}, mark, seen_seq, state)"  # noqa: S608
        f" VALUES ({', '.join('?' * len(_FIELDS))}, ?, {seq}, 'noticed')",
        [(*row, mark) for row, mark in zip(rows, marks, strict=True)],
    )
    return len(rows), digest_of(marks)


def unpack(content: bytes) -> SeenEvents:
    """The events of a pack.

    Raises:
        msgspec.DecodeError: it is none.
    """
    columns: dict[str, Any] = dict(zip(_FIELDS, _decode(content), strict=True))
    return SeenEvents(**columns)


def times_vanished(connection: sqlite3.Connection, block_number: int, block_hash: str, log_index: int) -> int:
    """How often an event vanished by now."""
    (count,) = connection.execute(
        "SELECT count(*) FROM events"
        " WHERE block_number = ? AND block_hash = ? AND log_index = ? AND state = 'retracted'",
        (block_number, bytes.fromhex(block_hash[2:]), log_index),
    ).fetchone()
    return int(count)


def read_events(
    connection: sqlite3.Connection, *, first_block: int = 0, last_block: int | None = None
) -> Iterator[tuple[EventState, tuple[Any, ...]]]:
    """Events of a range: those that were noticed, then those in packs; each with its state and its columns."""
    last = 2**62 if last_block is None else last_block
    rows = connection.execute(
        f"SELECT state, {_COLUMNS} FROM events WHERE block_number BETWEEN ? AND ? ORDER BY block_number, id",  # noqa: S608
        (first_block, last),
    )
    for state, *row in rows:
        yield EventState(state), tuple(row)
    packs = connection.execute(
        "SELECT columns FROM event_packs WHERE first_block <= ? AND last_block >= ? ORDER BY seq",
        (last, first_block),
    )
    for (content,) in packs:
        events = unpack(content)
        for row in zip(*(getattr(events, name) for name in _FIELDS), strict=True):
            if first_block <= row[0] <= last:
                yield EventState.FINAL, row
