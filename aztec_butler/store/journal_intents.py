"""The intents of a journal: from which state an intent comes to which, and the line in the audit that tells of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.intents import ActionKind, IntentState, check_intent_id
from aztec_butler.store.journal_audit import Pen, insert
from aztec_butler.store.journal_entry import NewIntent
from aztec_butler.store.journal_intent_rows import COLUMNS, intent_row, new_row, row_digest, told_of
from aztec_butler.store.journal_rows import IntentRow, Turn

_SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM intents"  # noqa: S608
_IDS_TOGETHER: Final = 500

_S = IntentState
REACHABLE: Final[Mapping[IntentState, frozenset[IntentState]]] = {
    _S.WAITING: frozenset({_S.READY, _S.DONE, _S.DRY, _S.REJECTED, _S.EXPIRED, _S.RETRACTED, _S.DEAD}),
    _S.READY: frozenset({_S.RUNNING, _S.WAITING, _S.DONE, _S.DRY, _S.EXPIRED, _S.RETRACTED, _S.DEAD}),
    _S.RUNNING: frozenset(
        {_S.READY, _S.WAITING, _S.FOLLOWING, _S.DONE, _S.DRY, _S.RETRACTED, _S.EXPIRED, _S.DEAD}
    ),
    _S.FOLLOWING: frozenset({_S.RUNNING, _S.FOLLOWING, _S.READY, _S.DONE, _S.RETRACTED, _S.EXPIRED, _S.DEAD}),
    _S.DONE: frozenset(),
    _S.DRY: frozenset({_S.READY, _S.WAITING}),
    _S.REJECTED: frozenset({_S.READY}),
    _S.EXPIRED: frozenset(),
    _S.RETRACTED: frozenset({_S.READY, _S.WAITING}),
    _S.DEAD: frozenset({_S.READY}),
}
"""The states that may follow each."""
OUTCOMES: Final = REACHABLE[IntentState.RUNNING]
"""How an attempt may end."""
UNTOUCHED: Final = frozenset({IntentState.WAITING, IntentState.READY})
"""States in which nothing is under way."""


class Intents:
    """The table of intents.

    Args:
        connection: to the journal.
        chain_id: EIP-155 id.
    """

    def __init__(self, connection: sqlite3.Connection, chain_id: int) -> None:
        self._connection = connection
        self._chain_id = chain_id

    def find(self, intent_id: str) -> IntentRow:
        """One, by its id or the beginning of it.

        Raises:
            InputError: the text is no id, or several begin like it.
            NotFoundError: there is none.
        """
        word = check_intent_id(intent_id)
        rows = self._connection.execute(
            f"{_SELECT} WHERE id >= ? AND id < ? ORDER BY id LIMIT 3", (word, word + "g")
        ).fetchall()
        if not rows:
            raise NotFoundError(
                "there is no action with this id",
                id=intent_id,
                hint="aztec-butler actions list --all shows all",
            )
        if len(rows) > 1:
            raise InputError(
                "several actions begin with these digits",
                id=intent_id,
                actions=", ".join(row[0] for row in rows),
                hint="give more digits",
            )
        return intent_row(rows[0], self._chain_id)

    def select(
        self,
        *,
        states: Iterable[IntentState] | None = None,
        kinds: Iterable[ActionKind] | None = None,
        cause: tuple[str, int] | None = None,
        answers: str | None = None,
        due_at: int | None = None,
        limit: int | None = None,
    ) -> list[IntentRow]:
        """Intents, those that were written first on top.

        Args:
            states: only those.
            kinds: only those.
            cause: only those of this log: block hash and log index.
            answers: only those that follow this intent up.
            due_at: only those that may be tried at this time, in Unix seconds.
            limit: at most so many.
        """
        wanted: list[str] = []
        values: list[Any] = []
        for column, chosen in (("state", states), ("kind", kinds)):
            if chosen is not None:
                words = [each.value for each in chosen]
                wanted.append(f"{column} IN ({', '.join('?' * len(words))})")
                values += words
        if cause is not None:
            wanted.append("block_hash = ? AND log_index = ?")
            values += cause
        if answers is not None:
            wanted.append("answers = ?")
            values.append(answers)
        if due_at is not None:
            wanted.append(
                "state IN ('ready', 'following') AND coalesce(not_before, ?) <= ? AND coalesce(next_at, ?) <= ?"
            )
            values += [due_at] * 4
        where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        query = f"{_SELECT}{where} ORDER BY created_seq LIMIT ?"
        rows = self._connection.execute(query, (*values, -1 if limit is None else limit))
        return [intent_row(row, self._chain_id) for row in rows]

    def count(self) -> dict[tuple[str, str], int]:
        """How many there are, by kind and state."""
        rows = self._connection.execute("SELECT kind, state, count(*) FROM intents GROUP BY kind, state")
        return {(kind, state): count for kind, state, count in rows}

    def add(
        self, new: NewIntent, pen: Pen, *, answers: str | None = None, turn: Turn | None = None
    ) -> str | None:
        """Write an intent; its id, or None where it was known.

        Raises:
            InputError: it is of another chain.
        """
        return next(iter(self.add_all([new], pen, answers=answers, turn=turn)), None)

    def add_all(
        self, news: Iterable[NewIntent], pen: Pen, *, answers: str | None = None, turn: Turn | None = None
    ) -> list[str]:
        """Write intents, in their order; the ids of those that were not known.

        Raises:
            InputError: one is of another chain.
        """
        wanted: dict[str, NewIntent] = {}
        for new in news:
            wanted.setdefault(new.intent.id, new)
        strange = next((new.intent for new in wanted.values() if new.intent.chain_id != self._chain_id), None)
        if strange is not None:
            raise InputError(
                "an intent is of another chain", chain_id=strange.chain_id, journal=self._chain_id
            )
        known = self._known(list(wanted))
        fresh = [new for intent_id, new in wanted.items() if intent_id not in known]
        rows = [
            new_row(new, at=pen.at, seq=pen.next_seq + place, answers=answers, turn=turn)
            for place, new in enumerate(fresh)
        ]
        pen.write_all(
            ("intent", told_of(new, row, answers), new.intent.id)
            for new, row in zip(fresh, rows, strict=True)
        )
        insert(self._connection, "intents", rows)
        return [new.intent.id for new in fresh]

    def _known(self, ids: Sequence[str]) -> set[str]:
        """Those of some ids that are there."""
        known: set[str] = set()
        for first in range(0, len(ids), _IDS_TOGETHER):
            part = ids[first : first + _IDS_TOGETHER]
            query = f"SELECT id FROM intents WHERE id IN ({', '.join('?' * len(part))})"  # noqa: S608
            known.update(intent_id for (intent_id,) in self._connection.execute(query, part))
        return known

    def change(
        self,
        intent_id: str,
        pen: Pen,
        kind: str,
        state: IntentState,
        reason: str,
        *,
        facts: Mapping[str, object] | None = None,
        **columns: object,
    ) -> None:
        """Bring an intent into a state.

        Args:
            intent_id: whole.
            pen: of the transaction.
            kind: of the line in the audit.
            state: the new one.
            reason: one sentence.
            facts: what the line tells besides.
            columns: others that change: ``next_at``, ``attempts``, ``failures``, ``decided_by``.

        Raises:
            InputError: that state cannot follow the present one.
        """
        row = self._connection.execute(f"{_SELECT} WHERE id = ?", (intent_id,)).fetchone()
        if row is None:
            raise NotFoundError("there is no action with this id", id=intent_id)
        values = dict(zip(COLUMNS, row, strict=True))
        before = IntentState(values["state"])
        if state not in REACHABLE[before]:
            raise InputError(
                "an action cannot go from its state to this one",
                id=intent_id,
                state=before.value,
                wanted=state.value,
            )
        values |= columns
        values |= {
            "state": state.value,
            "reason": reason,
            "changed_at": pen.at,
            "changed_seq": pen.next_seq,
        }
        body = {
            "from": before.value,
            "state": state.value,
            "reason": reason,
            **(facts or {}),
            "row": row_digest(tuple(values.values())),
        }
        pen.write(kind, body, intent=intent_id)
        changed = {"state", "reason", "changed_at", "changed_seq", *columns}
        names = [name for name in COLUMNS if name in changed]
        self._connection.execute(
            f"UPDATE intents SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?",  # noqa: S608
            (*(values[name] for name in names), intent_id),
        )
