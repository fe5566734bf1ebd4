"""One commit of a journal: what an entry does to its tables, inside of one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from aztec_butler.core.hexes import to_hex
from aztec_butler.core.intents import BlockRef, Cause, Checkpoint, IntentState
from aztec_butler.store.journal_audit import Pen, canonical
from aztec_butler.store.journal_entry import BeganCondition, Committed, Entry, FollowUp, first_state
from aztec_butler.store.journal_errors import UnreadableRowError
from aztec_butler.store.journal_events import Changes, apply_events, digest_of, times_vanished
from aztec_butler.store.journal_intents import UNTOUCHED, Intents
from aztec_butler.store.journal_rows import IntentRow, OpenCondition, Turn

_TOLD: Final = frozenset({IntentState.RUNNING, IntentState.FOLLOWING, IntentState.DONE})
"""States of a notice that may have reached people."""


class Commit:
    """Writes one entry.

    Args:
        connection: inside of ``BEGIN IMMEDIATE``.
        intents: the table.
        pen: of the transaction.
        on_step: told of named moments.
    """

    def __init__(
        self, connection: sqlite3.Connection, intents: Intents, pen: Pen, on_step: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._intents = intents
        self._pen = pen
        self._on_step = on_step
        self._new: list[str] = []
        self._retracted: list[str] = []
        self._revived: list[str] = []
        self._follow_ups: list[str] = []

    def write(self, entry: Entry) -> Committed:
        """All of it.

        Raises:
            InputError: the entry contradicts itself.
        """
        pen, before = self._pen, self._pen.seq
        changes = apply_events(self._connection, entry, pen.next_seq)
        if not changes.is_nothing or entry.retracted_above is not None:
            pen.write("commit", _told(entry, changes))
        self._turn(entry, changes)
        self._new += self._intents.add_all(entry.intents, pen)
        for began in entry.began:
            self._begin(began)
        for key in entry.ended:
            self._end(key)
        if self._new:
            self._on_step("intent-written")
        write_checkpoint(self._connection, entry.checkpoint, pen)
        return Committed(
            seq=None if pen.seq == before else before + 1,
            events=changes.added[0] + changes.packed[0],
            confirmed=len(changes.confirmed),
            vanished=tuple(changes.keys),
            new=tuple(self._new),
            retracted=tuple(self._retracted),
            revived=tuple(self._revived),
            follow_ups=tuple(self._follow_ups),
        )

    def _turn(self, entry: Entry, changes: Changes) -> None:
        """What follows from causes that vanished or came back; those that did both in this entry are as they were."""
        vanished = {(key.block_number, key.block_hash, key.log_index): None for key in changes.keys}
        returned = {
            (key.block_number, to_hex(key.block_hash), key.log_index): None for key in changes.returned
        }
        for place in [each for each in vanished if each not in returned]:
            for row in self._caused_by(place):
                self._cause_vanished(row, place, entry.on_vanished)
        for place in [each for each in returned if each not in vanished]:
            for row in self._caused_by(place):
                self._cause_returned(row, place, entry.on_returned)

    def _caused_by(self, place: tuple[int, str, int]) -> list[IntentRow]:
        rows = self._intents.select(cause=place[1:])
        return [row for row in rows if row.answers is None]

    def _cause_vanished(self, row: IntentRow, place: tuple[int, str, int], ask: FollowUp) -> None:
        if row.state in UNTOUCHED:
            self._retract(row, "its cause vanished from the chain")
        may_be_told = row.state in _TOLD or (row.state is IntentState.READY and row.attempts > 0)
        if may_be_told and self._last_told(row) is not Turn.VANISHED:
            self._follow_up(row, Turn.VANISHED, ask, place)

    def _cause_returned(self, row: IntentRow, place: tuple[int, str, int], ask: FollowUp) -> None:
        told = self._last_told(row)
        if row.state is IntentState.RETRACTED:
            state = first_state(row.mode)
            self._intents.change(row.id, self._pen, "revived", state, "its cause is on the chain again")
            self._revived.append(row.id)
        elif told is Turn.VANISHED:
            self._follow_up(row, Turn.RETURNED, ask, place)

    def _last_told(self, row: IntentRow) -> Turn | None:
        """What people were last told of an intent's cause, once what nobody was told yet is taken back."""
        last = None
        for other in self._intents.select(answers=row.id):
            if other.state in UNTOUCHED and other.attempts == 0:
                self._retract(other, "it is not true any more")
            elif other.state is not IntentState.RETRACTED:
                last = other.turn
        return last

    def _follow_up(self, row: IntentRow, turn: Turn, ask: FollowUp, place: tuple[int, str, int]) -> None:
        times = times_vanished(self._connection, *place)
        for new in ask(row, times):
            known = self._intents.add(new, self._pen, answers=row.id, turn=turn)
            self._add(known, self._new)
            self._add(known, self._follow_ups)

    def _retract(self, row: IntentRow, reason: str) -> None:
        self._intents.change(row.id, self._pen, "retracted", IntentState.RETRACTED, reason)
        self._retracted.append(row.id)

    def _begin(self, began: BeganCondition) -> None:
        name, kind, target = began.condition.key
        if _open_condition(self._connection, began.condition.key) is not None:
            return
        intent = None if began.intent is None else began.intent.intent.id
        row = (name, kind, target, began.block_number, began.block_hash.lower(), intent)
        seq = self._pen.write("condition-began", _condition_body(row), intent=intent)
        self._connection.execute(
            "INSERT INTO conditions (name, kind, target, block_number, block_hash, intent, began_seq)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, seq),
        )
        if began.intent is not None:
            self._add(self._intents.add(began.intent, self._pen), self._new)

    def _end(self, key: tuple[str, str, str]) -> None:
        found = _open_condition(self._connection, key)
        if found is None:
            return
        number, *row, _ = found
        seq = self._pen.write("condition-ended", _condition_body(tuple(row)), intent=row[-1])
        self._connection.execute("UPDATE conditions SET ended_seq = ? WHERE id = ?", (seq, number))
        if row[-1] is not None:
            intent = self._intents.find(row[-1])
            if intent.state in UNTOUCHED:
                self._retract(intent, "what asked for it holds no more")

    @staticmethod
    def _add(intent_id: str | None, ids: list[str]) -> None:
        if intent_id is not None:
            ids.append(intent_id)


_CONDITION: Final = "id, name, kind, target, block_number, block_hash, intent, began_seq"


def _open_condition(connection: sqlite3.Connection, key: tuple[str, str, str]) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = connection.execute(
        f"SELECT {_CONDITION} FROM conditions"  # noqa: S608
        " WHERE name = ? AND kind = ? AND target = ? AND ended_seq IS NULL",
        key,
    ).fetchone()
    return row


def _condition_body(row: tuple[Any, ...]) -> dict[str, object]:
    """What the audit tells of a condition, when it begins and when it ends."""
    return dict(zip(("name", "kind", "target", "block", "block_hash", "intent"), row, strict=True))


def open_conditions(connection: sqlite3.Connection) -> list[OpenCondition]:
    """The conditions that hold, as far as the journal knows, those that began first on top."""
    rows = connection.execute(
        f"SELECT {_CONDITION} FROM conditions WHERE ended_seq IS NULL ORDER BY id"  # noqa: S608
    )
    return [
        OpenCondition(
            key=(name, kind, target),
            cause=Cause(block_number=number, block_hash=block_hash, name=name),
            intent_id=intent,
        )
        for _, name, kind, target, number, block_hash, intent, _ in rows
    ]


def _told(entry: Entry, changes: Changes) -> dict[str, object]:
    """What the audit tells of a commit: enough to prove every event."""
    body: dict[str, object] = {
        "delivery": entry.delivery.value,
        "first_block": entry.first_block,
        "last_block": entry.last_block,
    }
    if changes.added[0]:
        body["noticed"] = {"count": changes.added[0], "digest": changes.added[1]}
    if changes.packed[0]:
        count, content, *_ = changes.packed
        body["final"] = {"count": count, "digest": sha256(content).hexdigest()}
    for name, marks in (("confirmed", changes.confirmed), ("vanished", changes.vanished)):
        if marks:
            body[name] = {"count": len(marks), "digest": digest_of(marks)}
    if entry.retracted_above is not None:
        body["retracted_above"] = entry.retracted_above
        body["reorg_depth"] = entry.reorg_depth
    return body


# --------------------------------------------------------------------------- checkpoint


def write_checkpoint(connection: sqlite3.Connection, checkpoint: Checkpoint, pen: Pen) -> None:
    """Put a checkpoint in the place of the last one, bound to the audit as it is now."""
    row = (*_reference(checkpoint.final), *_reference(checkpoint.noticed))
    connection.execute(
        "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, canonical(checkpoint.watched), pen.seq, checkpoint_mark(checkpoint, pen.seq, pen.hash)),
    )
    before = set(read_window(connection))
    gone = before.difference(checkpoint.window)
    connection.executemany("DELETE FROM window WHERE number = ?", [(block.number,) for block in gone])
    connection.executemany(
        "INSERT INTO window VALUES (?, ?, ?, ?)",
        [
            (block.number, block.hash, block.parent_hash, block.timestamp)
            for block in checkpoint.window
            if block not in before
        ],
    )


def checkpoint_mark(checkpoint: Checkpoint, seq: int, head: bytes) -> str:
    """The hash of a checkpoint, its window, and the audit's line that it was written after."""
    blocks = [_reference(block) for block in (checkpoint.final, checkpoint.noticed, *checkpoint.window)]
    return sha256(canonical([seq, head.hex(), blocks, checkpoint.watched]).encode()).hexdigest()


def read_checkpoint(connection: sqlite3.Connection) -> tuple[Checkpoint, int, str]:
    """The checkpoint, the audit's line that it was written after, and its mark.

    Raises:
        LookupError: it is gone.
    """
    row = connection.execute("SELECT * FROM checkpoint").fetchone()
    if row is None:
        raise LookupError("checkpoint")
    checkpoint = Checkpoint(
        final=_block(row[1:5]),
        noticed=_block(row[5:9]),
        window=tuple(read_window(connection)),
        watched=tuple(json.loads(row[9])),
    )
    return checkpoint, row[10], row[11]


def read_window(connection: sqlite3.Connection) -> list[BlockRef]:
    """The remembered blocks, oldest first."""
    rows = connection.execute("SELECT number, hash, parent_hash, timestamp FROM window ORDER BY number")
    return [
        BlockRef(number=number, hash=text, parent_hash=parent, timestamp=at)
        for number, text, parent, at in rows
    ]


def _reference(block: BlockRef | None) -> tuple[Any, ...]:
    if block is None:
        return (None, None, None, None)
    return (block.number, block.hash, block.parent_hash, block.timestamp)


def _block(row: tuple[Any, ...]) -> BlockRef | None:
    number, text, parent, at = row
    if number is None and row != (None,) * 4:
        raise UnreadableRowError("a block of the checkpoint has no number")
    return None if number is None else BlockRef(number=number, hash=text, parent_hash=parent, timestamp=at)
