"""Deciding in a journal, from any process, while its watcher runs or when it does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from aztec_butler.core.errors import InputError
from aztec_butler.core.intents import IntentState
from aztec_butler.store.journal_audit import Pen
from aztec_butler.store.journal_errors import telling
from aztec_butler.store.journal_reading import JournalReader
from aztec_butler.store.journal_rows import IntentRow
from aztec_butler.store.journal_schema import check_version, open_to_write

_RETRYABLE: Final = frozenset({IntentState.DEAD, IntentState.REJECTED, IntentState.DRY})


def silence(_: str) -> None:
    """Tell nobody of named moments."""


class JournalDecider(JournalReader):
    """A journal that is written to. Used by one thread.

    Times are Unix seconds of the caller's clock. They are shown, and compared with those of intents; the order of what
    happened is that of the audit's lines, however a clock jumps.

    Args:
        path: of the file.
        connection: to it.
        on_step: told of named moments, so that tests can end the process there: ``before-commit``, ``committed``,
            ``intent-written``.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, *, on_step: Callable[[str], None] = silence
    ) -> None:
        super().__init__(path, connection)
        self._on_step = on_step

    @classmethod
    def attach(cls, path: Path, *, on_step: Callable[[str], None] = silence) -> Self:
        """A journal to decide in, whether a watcher runs or not.

        Args:
            path: of the file.
            on_step: told of named moments.

        Raises:
            InputError: there is none.
            SettingsError: it is of another version of this program, damaged, or cannot be written.
        """
        connection = open_to_write(path)
        try:
            with telling(path):
                check_version(path, connection)
            journal = cls(path, connection, on_step=on_step)
            journal._check_ends()
        except BaseException:
            connection.close()
            raise
        return journal

    @contextmanager
    def _writing(self, now: int) -> Iterator[Pen]:
        """One transaction: all that is done inside, or nothing."""
        with telling(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Pen(self._connection, now)
                self._on_step("before-commit")
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        self._on_step("committed")

    def decide(self, intent_id: str, *, approve: bool, by: str, reason: str = "", now: int) -> IntentRow:
        """Approve or reject an intent that waits; how it stands then.

        Args:
            intent_id: or the beginning of it.
            approve: whether it may be done.
            by: who says so.
            reason: why.
            now: Unix seconds.

        Raises:
            InputError: it does not wait, or its time is over.
            NotFoundError: there is none.
        """
        with self._writing(now) as pen:
            row = self._intents.find(intent_id)
            self.check_waits(row, now=now)
            state = IntentState.READY if approve else IntentState.REJECTED
            what = f"{'approved' if approve else 'rejected'} by {by}"
            self._intents.change(
                row.id,
                pen,
                "decided",
                state,
                f"{what}: {reason}" if reason else what,
                facts={"approve": approve, "by": by},
                decided_by=by,
                next_at=None,
            )
            return self._intents.find(row.id)

    def retry(self, intent_id: str, *, by: str, reason: str = "", now: int) -> IntentRow:
        """Make an intent ready again that was given up, rejected, or only said to be done; how it stands then.

        Args:
            intent_id: or the beginning of it.
            by: who says so.
            reason: why.
            now: Unix seconds.

        Raises:
            InputError: it is in another state, or its time is over.
            NotFoundError: there is none.
        """
        with self._writing(now) as pen:
            row = self._intents.find(intent_id)
            self.check_retryable(row, now=now)
            self._intents.change(
                row.id,
                pen,
                "decided",
                IntentState.READY,
                f"to be tried again, says {by}" + (f": {reason}" if reason else ""),
                facts={"retry": True, "by": by},
                decided_by=by,
                next_at=None,
                failures=0,
            )
            return self._intents.find(row.id)

    @classmethod
    def check_waits(cls, row: IntentRow, *, now: int) -> None:
        """That somebody can decide about an intent.

        Args:
            row: the intent as it stands.
            now: Unix seconds.

        Raises:
            InputError: it does not wait, or its time is over.
        """
        if row.state is not IntentState.WAITING:
            raise InputError(
                "this action does not wait for a decision",
                id=row.id,
                state=row.state.value,
                hint="aztec-butler actions retry makes it ready again"
                if row.state in _RETRYABLE
                else "aztec-butler actions list shows those that do",
            )
        cls._check_time(row, now)

    @classmethod
    def check_retryable(cls, row: IntentRow, *, now: int) -> None:
        """That an intent can be made ready again.

        Args:
            row: the intent as it stands.
            now: Unix seconds.

        Raises:
            InputError: nobody gave it up, or its time is over.
        """
        if row.state not in _RETRYABLE:
            raise InputError(
                "this action is neither dead nor rejected nor dry", id=row.id, state=row.state.value
            )
        cls._check_time(row, now)

    @staticmethod
    def _check_time(row: IntentRow, now: int) -> None:
        if row.is_expired(now):
            raise InputError(
                "the time of this action is over", id=row.id, expired_at=row.intent.expires_at, now=now
            )
