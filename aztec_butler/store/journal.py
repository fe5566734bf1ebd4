"""The journal of a watcher: what it saw, what it means to do, what it did. It outlives every crash.

::

    with Journal.open(path, chain_id=1, genesis_hash="0x...", now=now) as journal:
        committed = journal.commit(entry, now=now)         # all of it in one transaction, or nothing
        number = journal.begin(intent_id, now=now)
        journal.step(intent_id, number, "writing", {"file": "key1.json"}, now=now)
        journal.end(intent_id, number, IntentState.DONE, "read back", now=now)

SQLite in WAL mode with ``synchronous=FULL``: what a method returned from is on the disk. Every change has a line in the
audit. Other processes read it, approve and reject, while a watcher runs; only one watcher does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from aztec_butler.core.errors import InputError
from aztec_butler.core.intents import Checkpoint, IntentState
from aztec_butler.store.journal_audit import Pen
from aztec_butler.store.journal_commits import Commit, write_checkpoint
from aztec_butler.store.journal_deciding import JournalDecider, silence
from aztec_butler.store.journal_entry import Committed, Entry
from aztec_butler.store.journal_errors import telling
from aztec_butler.store.journal_intents import OUTCOMES, UNTOUCHED
from aztec_butler.store.journal_lock import JournalLock, hold_lock
from aztec_butler.store.journal_rows import IntentRow
from aztec_butler.store.journal_schema import (
    create,
    migrate,
    open_to_write,
    version_of,
)
from aztec_butler.store.journal_tables import MIGRATIONS


def journal_file(state_dir: str | Path) -> Path:
    """Where the journal of a network lies.

    Args:
        state_dir: of the network, as its settings have it.
    """
    return Path(state_dir).expanduser() / "journal.sqlite3"


class Journal(JournalDecider):
    """The journal of the watcher that runs. Used by one thread."""

    _lock: JournalLock | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        chain_id: int,
        genesis_hash: str,
        now: int,
        lock: JournalLock | None = None,
        on_step: Callable[[str], None] = silence,
    ) -> Journal:
        """The journal of the one watcher that runs; made when there is none, brought up to date when it is older.

        Args:
            path: of the file.
            chain_id: EIP-155 id.
            genesis_hash: of the chain, 0x.
            now: Unix seconds.
            lock: of this journal, when the caller holds it already; by default it is taken. Closing the journal
                releases it.
            on_step: told of named moments; ``migrating`` is one of them.

        Raises:
            LockHeld: another watcher runs.
            SettingsError: it is of another chain, of a newer version, damaged, or cannot be written.
        """
        held = hold_lock(path) if lock is None else lock
        try:
            if not path.exists():
                _make(path, chain_id, genesis_hash.lower(), now)
            connection = open_to_write(path)
            try:
                with telling(path):
                    _bring_up_to_date(connection, now, on_step)
                journal = cls(path, connection, on_step=on_step)
                journal._lock = held
                journal.check_chain(chain_id, genesis_hash)
                journal._check_ends()
            except BaseException:
                connection.close()
                raise
        except BaseException:
            held.release()
            raise
        return journal

    def close(self) -> None:
        """Let go of the file, then of the lock."""
        super().close()
        if self._lock is not None:
            self._lock.release()

    # ----------------------------------------------------------------------- the chain

    def commit(self, entry: Entry, *, now: int) -> Committed:
        """Write an entry: all of it in one transaction, or nothing.

        The same entry twice changes nothing the second time.

        Args:
            entry: what is true now.
            now: Unix seconds.

        Raises:
            InputError: the entry contradicts itself.
            JournalUnwritable: the disk does not take it; the journal is as it was.
        """
        with self._writing(now) as pen:
            return Commit(self._connection, self._intents, pen, self._on_step).write(entry)

    def note(self, kind: str, facts: Mapping[str, object], *, now: int) -> None:
        """Add a line to the audit that changes nothing else: a start, a stop, an error that stopped the watcher.

        Args:
            kind: one word, such as ``started``.
            facts: JSON values, no secrets.
            now: Unix seconds.
        """
        with self._writing(now) as pen:
            pen.write("note", {"note": kind, "facts": dict(facts)})

    # ----------------------------------------------------------------------- attempts

    def record_plan(
        self, intent_id: str, *, summary: str, lines: tuple[str, ...], problems: tuple[str, ...], now: int
    ) -> None:
        """Keep what would be done for an intent. The same plan again adds nothing.

        Args:
            intent_id: of the intent.
            summary: one sentence.
            lines: the details.
            problems: why it would be refused.
            now: Unix seconds.
        """
        row, last = self.intent(intent_id), self.plan(intent_id)
        if last is not None and (last.summary, last.lines, last.problems) == (summary, lines, problems):
            return
        with self._writing(now) as pen:
            body = {"summary": summary, "lines": list(lines), "problems": list(problems)}
            pen.write("plan", body, intent=row.id)

    def begin(self, intent_id: str, *, now: int) -> int:
        """Begin an attempt at an intent that is ready or followed; the attempt's number, from 1 on.

        Raises:
            InputError: it is neither.
        """
        with self._writing(now) as pen:
            row = self._intents.find(intent_id)
            number = row.attempts + 1
            self._intents.change(
                row.id,
                pen,
                "begun",
                IntentState.RUNNING,
                f"attempt {number} runs",
                facts={"number": number},
                attempts=number,
                next_at=None,
            )
        return number

    def step(
        self, intent_id: str, number: int, name: str, facts: Mapping[str, object] | None = None, *, now: int
    ) -> None:
        """Record a step of the attempt that runs.

        Args:
            intent_id: of the intent.
            number: of the attempt.
            name: what is about to be done, or was done.
            facts: JSON values, no secrets.
            now: Unix seconds.

        Raises:
            InputError: that attempt does not run.
        """
        with self._writing(now) as pen:
            row = self._running(intent_id, number)
            pen.write("step", {"number": number, "name": name, "facts": dict(facts or {})}, intent=row.id)

    def end(
        self,
        intent_id: str,
        number: int,
        outcome: IntentState,
        detail: str,
        *,
        next_at: int | None = None,
        now: int,
    ) -> None:
        """Record how the attempt that runs ended, or that it was found interrupted.

        Args:
            intent_id: of the intent.
            number: of the attempt.
            outcome: the intent's state now; ``READY`` to try again, which counts as a failure.
            detail: one sentence, no secrets.
            next_at: Unix seconds before which it is not to be tried or looked at again.
            now: Unix seconds.

        Raises:
            InputError: that attempt does not run, or no attempt ends like this.
        """
        if outcome not in OUTCOMES:
            raise InputError("no attempt ends in this state", state=outcome.value)
        with self._writing(now) as pen:
            row = self._running(intent_id, number)
            self._intents.change(
                row.id,
                pen,
                "ended",
                outcome,
                detail,
                facts={"number": number, "next_at": next_at},
                next_at=next_at,
                failures=row.failures + 1 if outcome is IntentState.READY else 0,
            )

    def _running(self, intent_id: str, number: int) -> IntentRow:
        row = self._intents.find(intent_id)
        if row.state is not IntentState.RUNNING or row.attempts != number:
            raise InputError(
                "this attempt does not run",
                id=row.id,
                attempt=number,
                state=row.state.value,
                attempts=row.attempts,
            )
        return row

    def move(
        self, intent_id: str, state: IntentState, reason: str, *, next_at: int | None = None, now: int
    ) -> None:
        """Bring an intent into another state without an attempt: found done, to be asked for first, given up.

        Args:
            intent_id: of the intent.
            state: the new one; not ``RUNNING``.
            reason: one sentence.
            next_at: Unix seconds before which it is not to be tried.
            now: Unix seconds.

        Raises:
            InputError: that state cannot follow the present one.
        """
        if state is IntentState.RUNNING:
            raise InputError("an attempt begins with begin()", id=intent_id)
        with self._writing(now) as pen:
            row = self._intents.find(intent_id)
            self._intents.change(row.id, pen, "moved", state, reason, next_at=next_at)

    def expire(self, *, now: int) -> list[str]:
        """End what waits, or was not begun, and is not worth doing any more; the ids.

        Args:
            now: Unix seconds.
        """

        def over() -> list[IntentRow]:
            return [row for row in self._intents.select(states=UNTOUCHED) if row.is_expired(now)]

        with telling(self.path):
            if not over():
                return []
        with self._writing(now) as pen:
            rows = over()
            for row in rows:
                self._intents.change(row.id, pen, "expired", IntentState.EXPIRED, "its time is over")
        return [row.id for row in rows]


def _make(path: Path, chain_id: int, genesis_hash: str, now: int) -> None:
    facts = {"chain_id": chain_id, "genesis_hash": genesis_hash}

    def fill(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", [(name, str(value)) for name, value in facts.items()]
        )
        pen = Pen(connection, now)
        pen.write("created", {**facts, "version": len(MIGRATIONS)})
        write_checkpoint(connection, Checkpoint(), pen)

    create(path, fill)


def _bring_up_to_date(connection: sqlite3.Connection, now: int, on_step: Callable[[str], None]) -> None:
    """Migrate, in one transaction."""
    before = version_of(connection)
    if before == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrate(connection)
        pen = Pen(connection, now)
        pen.write("migrated", {"from": before, "to": len(MIGRATIONS)})
        on_step("migrating")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
