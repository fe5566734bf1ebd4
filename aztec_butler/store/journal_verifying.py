"""The proof that a journal is as the watcher wrote it: the audit's chain, and every row against the audit.

Whoever changes a row by hand would have to write the audit anew from there on, and then its last hash is another one.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Final

import msgspec

from aztec_butler.core.intents import ActionKind, Cause, IntentState, intent_id
from aztec_butler.store.journal_audit import NO_HASH, line_hash
from aztec_butler.store.journal_commits import checkpoint_mark, read_checkpoint
from aztec_butler.store.journal_errors import UnreadableRowError
from aztec_butler.store.journal_events import digest_of, mark_of, unpack
from aztec_butler.store.journal_intent_rows import COLUMNS, row_digest
from aztec_butler.store.journal_intents import REACHABLE
from aztec_butler.store.journal_rows import Finding
from aztec_butler.store.journal_schema import expected_schema, schema_of

_UNREADABLE: Final = (
    TypeError, ValueError, LookupError, AttributeError, OverflowError, struct.error, msgspec.MsgspecError,
    UnreadableRowError,
)  # fmt: skip
"""What reading a row may raise that no watcher wrote."""
_MOST_OF_SQLITE: Final = 20


def verify(connection: sqlite3.Connection, *, noted: str | None = None) -> list[Finding]:
    """Everything that is not as it was written.

    Args:
        connection: inside a transaction, so that all is of one moment.
        noted: the hash of a line, hex, that must be there.
    """
    found: list[Finding] = []
    try:
        for (text,) in connection.execute(f"PRAGMA integrity_check({_MOST_OF_SQLITE})"):
            if text != "ok":
                found.append(Finding(where="file", which="pages", reason=ascii(text)[1:-1]))
        found += _Proof(connection, noted).findings()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        found.append(Finding(where="file", which="pages", reason=f"it cannot be read on: {error!a}"))
    return found


class _Proof:
    def __init__(self, connection: sqlite3.Connection, noted: str | None) -> None:
        self._connection = connection
        self._noted = noted
        self._hashes: dict[int, bytes] = {}
        self._created: dict[str, Any] = {}
        self._commits: dict[int, dict[str, Any]] = {}
        self._conditions: dict[int, tuple[str, dict[str, Any]]] = {}
        self._rows: dict[str, tuple[int, str]] = {}
        self._states: dict[str, IntentState] = {}

    def findings(self) -> Iterator[Finding]:
        """In an order that tells first what explains the rest."""
        yield from self._schema()
        yield from self._audit()
        yield from self._meta()
        yield from self._checkpoint()
        yield from self._intents()
        yield from self._events()
        yield from self._condition_rows()

    # ----------------------------------------------------------------------- tables and lines

    def _schema(self) -> Iterator[Finding]:
        expected, there = expected_schema(), schema_of(self._connection)
        for name in sorted({*expected, *there}):
            if expected.get(name) != there.get(name):
                how = (
                    "is gone" if name not in there else "was added" if name not in expected else "was changed"
                )
                yield Finding(where="schema", which=ascii(name)[1:-1], reason=f"it {how}")

    def _audit(self) -> Iterator[Finding]:
        last, previous = 0, NO_HASH
        rows = self._connection.execute(
            "SELECT seq, at, kind, intent, body, previous, hash FROM audit ORDER BY seq"
        )
        for seq, at, kind, about, body, told, digest in rows:
            which = str(seq)
            if seq != last + 1:
                yield Finding(where="audit", which=which, reason=f"lines {last + 1} to {seq - 1} are gone")
            elif told != previous:
                yield Finding(where="audit", which=which, reason="it does not follow the line before it")
            if not _holds(lambda: line_hash(told, seq, at, kind, about, body) == digest):  # noqa: B023
                yield Finding(where="audit", which=which, reason="it was changed: its hash is another one")
            last, previous = seq, digest
            self._hashes[seq] = digest
            try:
                yield from self._line(seq, kind, about, json.loads(body))
            except _UNREADABLE:
                yield Finding(where="audit", which=which, reason="it cannot be understood")
        tail = self._connection.execute("SELECT seq, hash FROM tail").fetchall()
        if tail != ([(last, previous)] if last else []):
            yield Finding(
                where="audit", which=str(last), reason="it was not the last line: lines after it are gone"
            )
        if self._noted is not None and bytes.fromhex(self._noted) not in self._hashes.values():
            yield Finding(where="audit", which="-", reason="no line has the hash that was noted")

    def _line(self, seq: int, kind: str, about: str | None, body: dict[str, Any]) -> Iterator[Finding]:
        """What a line says of rows."""
        if kind == "created":
            self._created = body
        elif kind == "commit":
            self._commits[seq] = body
        elif kind in {"condition-began", "condition-ended"}:
            self._conditions[seq] = kind, body
        if about is not None and "row" in body:
            state, before = IntentState(body["state"]), self._states.get(about)
            if (before is None) != (kind == "intent") or (
                before is not None and state not in REACHABLE[before]
            ):
                came = "nothing" if before is None else before.value
                yield Finding(
                    where="audit", which=str(seq), reason=f"an action went from {came} to {state.value}"
                )
            self._states[about] = state
            self._rows[about] = seq, body["row"]

    def _meta(self) -> Iterator[Finding]:
        rows = dict(self._connection.execute("SELECT key, value FROM meta").fetchall())
        for key in sorted({*rows, "chain_id", "genesis_hash"}):
            if rows.get(key) != str(self._created.get(key)):
                yield Finding(where="meta", which=ascii(key)[1:-1], reason="it is not what the audit says")

    def _checkpoint(self) -> Iterator[Finding]:
        def changed(reason: str) -> Finding:
            return Finding(where="checkpoint", which="-", reason=reason)

        try:
            checkpoint, seq, mark = read_checkpoint(self._connection)
            is_right = seq in self._hashes and checkpoint_mark(checkpoint, seq, self._hashes[seq]) == mark
        except LookupError:
            yield changed("it is gone")
            return
        except _UNREADABLE:
            yield changed("it cannot be understood")
            return
        if not is_right:
            yield changed("it, or its window of blocks, was changed")
        elif any(commit > seq for commit in self._commits):
            yield changed("it is older than the audit says")

    # ----------------------------------------------------------------------- rows

    def _intents(self) -> Iterator[Finding]:
        chain_id = self._created.get("chain_id")
        there = set()
        for row in self._connection.execute(f"SELECT {', '.join(COLUMNS)} FROM intents"):  # noqa: S608
            values = dict(zip(COLUMNS, row, strict=True))
            which = (
                values["id"]
                if isinstance(values["id"], str) and values["id"].isalnum()
                else ascii(values["id"])
            )
            there.add(values["id"])
            seq, digest = self._rows.get(values["id"], (0, ""))
            if not seq:
                yield Finding(where="intent", which=which, reason="the audit does not know it")
            elif not _holds(lambda: row_digest(row) == digest):  # noqa: B023
                yield Finding(
                    where="intent", which=which, reason=f"it was changed after line {seq} of the audit"
                )
            elif not _holds(lambda: _id_of(values, chain_id) == values["id"]):  # noqa: B023
                yield Finding(where="intent", which=which, reason="its id is not of its cause and effect")
        for missing in sorted(set(self._rows) - there):
            yield Finding(
                where="intent", which=missing, reason=f"it is gone; line {self._rows[missing][0]} told of it"
            )

    def _events(self) -> Iterator[Finding]:
        seen: defaultdict[int, list[bytes]] = defaultdict(list)
        ended: defaultdict[tuple[int, str], list[bytes]] = defaultdict(list)
        rows = self._connection.execute(
            "SELECT block_number, block_hash, transaction_hash, transaction_index, log_index, address, name, topics,"
            " data, timestamp, mark, seen_seq, state, end_seq FROM events"
        )
        for row in rows:
            *columns, mark, seen_seq, state, end_seq = row
            if not _holds(lambda: mark_of(tuple(columns)) == mark):  # noqa: B023
                yield Finding(where="event", which=f"block {row[0]} log {row[4]}", reason="it was changed")
            seen[seen_seq].append(mark)
            if end_seq is not None:
                ended[end_seq, "confirmed" if state == "final" else "vanished"].append(mark)
            if (end_seq is None) != (state == "noticed"):
                yield Finding(
                    where="event", which=f"block {row[0]} log {row[4]}", reason="its state was changed"
                )
        packs = {}
        for seq, first, last, count, content in self._connection.execute("SELECT * FROM event_packs"):
            packs[seq] = {"count": count, "digest": sha256(content).hexdigest()}
            if not _holds(lambda: _pack_of(content) == (first, last, count)):  # noqa: B023
                yield Finding(
                    where="event", which=f"blocks {first} to {last}", reason="their row was changed"
                )
        groups: dict[tuple[int, str], dict[str, Any]] = {(seq, "final"): told for seq, told in packs.items()}
        groups |= {(seq, "noticed"): _group(marks) for seq, marks in seen.items()}
        groups |= {key: _group(marks) for key, marks in ended.items()}
        expected: dict[tuple[int, str], Any] = {
            (seq, name): body[name]
            for seq, body in self._commits.items()
            for name in ("final", "noticed", "confirmed", "vanished")
            if name in body
        }
        for key in sorted({*groups, *expected}):
            if groups.get(key) != expected.get(key):
                yield self._wrong_group(*key, groups.get(key), expected.get(key))

    def _wrong_group(self, seq: int, name: str, there: Any, told: Any) -> Finding:
        body = self._commits.get(seq, {})
        blocks = f"blocks {body.get('first_block')} to {body.get('last_block')}, line {seq}"
        if told is None:
            reason = f"{there['count']} that are {name} are not in the audit"
        elif there is None or there["count"] != told["count"]:
            reason = f"{told['count']} should be {name}, {0 if there is None else there['count']} are"
        else:
            reason = f"those that are {name} were changed"
        return Finding(where="event", which=blocks, reason=reason)

    def _condition_rows(self) -> Iterator[Finding]:
        told = dict(self._conditions)
        rows = self._connection.execute(
            "SELECT name, kind, target, block_number, block_hash, intent, began_seq, ended_seq, id FROM conditions"
        )
        for name, kind, target, block, block_hash, intent, began, ended, number in rows:
            body = {
                "name": name, "kind": kind, "target": target, "block": block, "block_hash": block_hash, "intent": intent
            }  # fmt: skip
            is_right = told.pop(began, None) == ("condition-began", body)
            if ended is not None:
                is_right &= told.pop(ended, None) == ("condition-ended", body)
            if not is_right:
                yield Finding(where="condition", which=str(number), reason="it is not what the audit says")
        for seq in told:
            yield Finding(
                where="condition", which=f"line {seq}", reason="what the audit says of it is not there"
            )


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except _UNREADABLE:
        return False


def _group(marks: list[bytes]) -> dict[str, Any]:
    return {"count": len(marks), "digest": digest_of(marks)}


def _pack_of(content: bytes) -> tuple[int, int, int]:
    events = unpack(content)
    return min(events.block_numbers), max(events.block_numbers), len(events)


def _id_of(values: dict[str, Any], chain_id: Any) -> str:
    cause = Cause(
        block_number=values["block_number"],
        block_hash=values["block_hash"],
        transaction_hash=values["transaction_hash"],
        log_index=values["log_index"],
        name=values["name"],
    )
    return intent_id(chain_id, cause, ActionKind(values["kind"]), values["target"])
