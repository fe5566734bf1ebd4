"""Reading a journal: by the watcher itself, and by whoever asks while it runs or when it does not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.intents import ActionKind, Checkpoint, IntentState
from aztec_butler.store.journal_audit import head_of, line_hash, read_lines
from aztec_butler.store.journal_commits import checkpoint_mark, open_conditions, read_checkpoint
from aztec_butler.store.journal_errors import UnreadableRowError, damaged, telling
from aztec_butler.store.journal_events import read_events
from aztec_butler.store.journal_intents import Intents
from aztec_butler.store.journal_rows import (
    AttemptRow,
    AuditLine,
    EventState,
    Finding,
    IntentRow,
    JournalStatus,
    OpenCondition,
    RecordedPlan,
    StepRow,
)
from aztec_butler.store.journal_schema import check_version, open_to_read, version_of
from aztec_butler.store.journal_verifying import verify

_ATTEMPTS = ("begun", "step", "ended")


class JournalReader:
    """A journal that is only read. Used by one thread.

    Args:
        path: of the file.
        connection: to it.

    Raises:
        JournalDamaged: it does not say of which chain it is.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        with telling(path):
            meta = dict(connection.execute("SELECT key, value FROM meta"))
        try:
            self.chain_id, self.genesis_hash = int(meta["chain_id"]), str(meta["genesis_hash"])
        except (KeyError, ValueError):
            raise damaged(path, "it does not say of which chain it is") from None
        self._intents = Intents(connection, self.chain_id)

    @classmethod
    def read_only(cls, path: Path) -> JournalReader:
        """A journal to ask. Works beside a running watcher, and where nothing may be written.

        Raises:
            InputError: there is none.
            SettingsError: it is of a newer or an older version of this program, or cannot be used.
        """
        connection = open_to_read(path)
        try:
            with telling(path):
                check_version(path, connection)
            return JournalReader(path, connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """Everything read inside is of one moment, whoever writes meanwhile."""
        with telling(self.path):
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def checkpoint(self) -> Checkpoint:
        """How far the chain was read."""
        with self._moment():
            try:
                return read_checkpoint(self._connection)[0]
            except LookupError:
                raise damaged(self.path, "its checkpoint is gone") from None

    def intents(
        self,
        *,
        states: Iterable[IntentState] | None = None,
        kinds: Iterable[ActionKind] | None = None,
        due_at: int | None = None,
        limit: int | None = None,
    ) -> list[IntentRow]:
        """Intents, those that were written first on top.

        Args:
            states: only those; None for all.
            kinds: only those; None for all.
            due_at: only those that may be tried at this time, in Unix seconds.
            limit: at most so many.
        """
        with telling(self.path):
            return self._intents.select(states=states, kinds=kinds, due_at=due_at, limit=limit)

    def intent(self, intent_id: str) -> IntentRow:
        """One intent, by its id or the beginning of it.

        Raises:
            InputError: the text is no id, or several begin like it.
            NotFoundError: there is none.
        """
        with telling(self.path):
            return self._intents.find(intent_id)

    def attempts(self, intent_id: str) -> list[AttemptRow]:
        """What was tried of an intent, oldest first.

        Args:
            intent_id: whole.
        """
        begun: dict[int, tuple[int, list[StepRow]]] = {}
        ended: dict[int, tuple[int, IntentState, str]] = {}
        with self._understanding():
            for line, body in self._lines(intent_id, _ATTEMPTS):
                number = body["number"]
                if line.kind == "begun":
                    begun[number] = (line.at, [])
                elif line.kind == "step":
                    step = StepRow(seq=line.seq, at=line.at, name=body["name"], facts=body["facts"])
                    begun[number][1].append(step)
                else:
                    ended[number] = (line.at, IntentState(body["state"]), body["reason"])
        return [
            AttemptRow(
                number=number,
                began_at=at,
                ended_at=ended[number][0] if number in ended else None,
                outcome=ended[number][1] if number in ended else None,
                detail=ended[number][2] if number in ended else "",
                steps=tuple(steps),
            )
            for number, (at, steps) in begun.items()
        ]

    def plan(self, intent_id: str) -> RecordedPlan | None:
        """What would be done for an intent, as it was found last; None before it was looked at.

        Args:
            intent_id: whole.
        """
        with self._understanding():
            for line, body in reversed(self._lines(intent_id, ("plan",))):
                return RecordedPlan(
                    at=line.at,
                    summary=body["summary"],
                    lines=tuple(body["lines"]),
                    problems=tuple(body["problems"]),
                )
        return None

    def _lines(self, intent_id: str, kinds: Iterable[str]) -> list[tuple[AuditLine, Any]]:
        lines = list(read_lines(self._connection, intent=intent_id, kinds=kinds))
        return [(line, json.loads(line.body)) for line in lines]

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        """Lines of the audit that no watcher writes are damage, not a bug."""
        with telling(self.path):
            try:
                yield
            except (LookupError, TypeError, ValueError) as error:
                raise UnreadableRowError(f"a line of its audit cannot be understood: {error!a}") from None

    def open_conditions(self) -> list[OpenCondition]:
        """The conditions that hold, as far as the journal knows."""
        with telling(self.path):
            return open_conditions(self._connection)

    def counts(self) -> Mapping[tuple[ActionKind, IntentState], int]:
        """How many intents there are, by kind and state; zero where there are none."""
        with telling(self.path):
            found = self._intents.count()
        return {
            (kind, state): found.get((kind.value, state.value), 0)
            for kind in ActionKind
            for state in IntentState
        }

    def history(
        self,
        *,
        after: int = 0,
        intent_id: str | None = None,
        kinds: Iterable[str] | None = None,
        since: int | None = None,
        newest: int | None = None,
    ) -> Iterator[AuditLine]:
        """Lines of the audit, in their order.

        Args:
            after: only those with a larger number.
            intent_id: only those about this intent, whole.
            kinds: only those of these kinds.
            since: only those written at this time, in Unix seconds, or later.
            newest: only so many of them, the last ones.
        """
        with telling(self.path):
            yield from read_lines(
                self._connection, after=after, intent=intent_id, kinds=kinds, since=since, newest=newest
            )

    def events(
        self, *, first_block: int = 0, last_block: int | None = None
    ) -> Iterator[tuple[EventState, tuple[Any, ...]]]:
        """Events of a range of blocks: their state, and their columns in the order of ``SeenEvents``."""
        with telling(self.path):
            yield from read_events(self._connection, first_block=first_block, last_block=last_block)

    def status(self) -> JournalStatus:
        """The journal in figures, all of one moment."""
        with self._moment():
            seq, digest = head_of(self._connection)
            last = self._connection.execute("SELECT at FROM audit WHERE seq = ?", (seq,)).fetchone()
            events = dict(self._connection.execute("SELECT state, count(*) FROM events GROUP BY state"))
            (packed,) = self._connection.execute("SELECT coalesce(sum(count), 0) FROM event_packs").fetchone()
            return JournalStatus(
                chain_id=self.chain_id,
                genesis_hash=self.genesis_hash,
                version=version_of(self._connection),
                checkpoint=self.checkpoint(),
                lines=seq,
                head=digest.hex(),
                last_at=None if last is None else last[0],
                noticed=events.get("noticed", 0),
                final=events.get("final", 0) + packed,
                retracted=events.get("retracted", 0),
                open_conditions=len(open_conditions(self._connection)),
                bytes=self._bytes(),
            )

    def _bytes(self) -> int:
        files = [self.path, self.path.with_name(self.path.name + "-wal")]
        return sum(file.stat().st_size for file in files if file.exists())

    def verify(self, *, noted: str | None = None) -> list[Finding]:
        """Prove that everything is as the watcher wrote it.

        Args:
            noted: the hash of a line of the audit that somebody noted earlier; it must still be there.

        Returns:
            What is not, and nothing when all is well.
        """
        with self._moment():
            return verify(self._connection, noted=noted)

    def _check_ends(self) -> None:
        """That the last line and the checkpoint are as they were written: what the next line stands on.

        Raises:
            JournalDamaged: they are not.
        """
        with self._moment():
            lines = list(read_lines(self._connection, newest=1))
            tail = self._connection.execute("SELECT seq, hash FROM tail").fetchone()
            if not lines or tail != (lines[0].seq, bytes.fromhex(lines[0].hash)):
                raise damaged(self.path, "lines at the end of its audit are gone")
            line = lines[0]
            digest = line_hash(
                bytes.fromhex(line.previous), line.seq, line.at, line.kind, line.intent, line.body
            )
            if digest.hex() != line.hash:
                raise damaged(self.path, f"line {line.seq} of its audit was changed")
            try:
                checkpoint, seq, mark = read_checkpoint(self._connection)
            except LookupError:
                raise damaged(self.path, "its checkpoint is gone") from None
            found = self._connection.execute("SELECT hash FROM audit WHERE seq = ?", (seq,)).fetchone()
            if found is None or checkpoint_mark(checkpoint, seq, found[0]) != mark:
                raise damaged(self.path, "its checkpoint was changed")

    def check_chain(self, chain_id: int, genesis_hash: str) -> None:
        """That the journal is of a chain.

        Raises:
            SettingsError: it is of another one.
        """
        if (self.chain_id, self.genesis_hash) != (chain_id, genesis_hash.lower()):
            raise SettingsError(
                "the journal is of another chain",
                hint="move it away, or name another state directory",
                file=self.path,
                journal_chain_id=self.chain_id,
                journal_genesis=self.genesis_hash,
                chain_id=chain_id,
                genesis=genesis_hash,
            )
