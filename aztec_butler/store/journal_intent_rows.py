"""An intent as a row of a journal, and as what its audit tells of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from aztec_butler.core.intents import ActionKind, Cause, Intent, IntentState, Mode
from aztec_butler.store.journal_audit import canonical
from aztec_butler.store.journal_entry import NewIntent
from aztec_butler.store.journal_errors import UnreadableRowError
from aztec_butler.store.journal_rows import IntentRow, Turn

COLUMNS: Final = (
    "id",
    "kind",
    "target",
    "name",
    "block_number",
    "block_hash",
    "transaction_hash",
    "log_index",
    "parameters",
    "summary",
    "not_before",
    "expires_at",
    "mode",
    "answers",
    "turn",
    "created_at",
    "created_seq",
    "state",
    "reason",
    "changed_at",
    "changed_seq",
    "next_at",
    "attempts",
    "failures",
    "decided_by",
)


def row_digest(row: tuple[Any, ...]) -> str:
    """What the audit keeps of a row: 32 hexadecimal digits over all its columns, in their order."""
    return sha256(canonical(list(row)).encode()).hexdigest()[:32]


def intent_row(row: tuple[Any, ...], chain_id: int) -> IntentRow:
    """A row of the table as a record.

    Raises:
        UnreadableRowError: no watcher wrote it like this.
    """
    try:
        return _intent_row(dict(zip(COLUMNS, row, strict=True)), chain_id)
    except (ValueError, TypeError) as error:
        raise UnreadableRowError(f"the row of intent {row[0]!a} cannot be read: {error!a}") from None


def _intent_row(values: Mapping[str, Any], chain_id: int) -> IntentRow:
    return IntentRow(
        intent=Intent(
            chain_id=chain_id,
            cause=Cause(
                block_number=values["block_number"],
                block_hash=values["block_hash"],
                transaction_hash=values["transaction_hash"],
                log_index=values["log_index"],
                name=values["name"],
            ),
            kind=ActionKind(values["kind"]),
            target=values["target"],
            parameters=json.loads(values["parameters"]),
            summary=values["summary"],
            not_before=values["not_before"],
            expires_at=values["expires_at"],
        ),
        mode=Mode(values["mode"]),
        state=IntentState(values["state"]),
        reason=values["reason"],
        created_at=values["created_at"],
        changed_at=values["changed_at"],
        next_at=values["next_at"],
        attempts=values["attempts"],
        failures=values["failures"],
        decided_by=values["decided_by"],
        answers=values["answers"],
        turn=None if values["turn"] is None else Turn(values["turn"]),
    )


def new_row(new: NewIntent, *, at: int, seq: int, answers: str | None, turn: Turn | None) -> tuple[Any, ...]:
    """An intent as a row, before anything is done about it."""
    intent = new.intent
    cause = intent.cause
    state = new.first_state.value
    return (
        intent.id,
        intent.kind.value,
        intent.target,
        cause.name,
        cause.block_number,
        cause.block_hash.lower(),
        cause.transaction_hash.lower(),
        cause.log_index,
        canonical(dict(intent.parameters)),
        intent.summary,
        intent.not_before,
        intent.expires_at,
        new.mode.value,
        answers,
        None if turn is None else turn.value,
        at,
        seq,
        state,
        "",
        at,
        seq,
        None,
        0,
        0,
        None,
    )


def told_of(new: NewIntent, row: tuple[Any, ...], answers: str | None) -> dict[str, object]:
    """What the audit tells of a new intent."""
    intent = new.intent
    body: dict[str, object] = {
        "state": new.first_state.value,
        "kind": intent.kind.value,
        "target": intent.target,
        "cause": intent.cause.name,
        "block": intent.cause.block_number,
        "summary": intent.summary,
        "row": row_digest(row),
    }
    return body if answers is None else body | {"answers": answers}
