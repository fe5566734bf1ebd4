"""Actions of the watcher, as the commands show them."""

from typing import TYPE_CHECKING, Any

import attrs

from aztec_butler.core.intents import ActionKind, IntentState
from aztec_butler.core.records import unit

if TYPE_CHECKING:
    from aztec_butler.store.journal_rows import AttemptRow, IntentRow, RecordedPlan


@attrs.frozen(kw_only=True)
class ShownAction:
    """An action, as ``actions list`` prints it."""

    id: str
    kind: ActionKind
    target: str
    state: IntentState
    summary: str
    reason: str
    cause: str
    block_number: int
    transaction_hash: str | None
    """None where a condition is the cause, and no transaction."""
    created_at: int = unit("s")
    changed_at: int = unit("s")
    age_seconds: int = unit("s")
    expires_at: int | None = unit("s")
    next_at: int | None = unit("s")
    attempts: int
    decided_by: str | None


@attrs.frozen(kw_only=True)
class ShownStep:
    """A step of an attempt."""

    taken_at: int = unit("s")
    name: str
    facts: dict[str, Any]


@attrs.frozen(kw_only=True)
class ShownAttempt:
    """An attempt at an action."""

    number: int
    began_at: int = unit("s")
    ended_at: int | None = unit("s")
    outcome: IntentState | None
    detail: str
    steps: tuple[ShownStep, ...]


@attrs.frozen(kw_only=True)
class ShownPlan:
    """What would be done."""

    found_at: int = unit("s")
    summary: str
    lines: tuple[str, ...]
    problems: tuple[str, ...]


@attrs.frozen(kw_only=True)
class ShownStory:
    """An action with all that became of it, as ``actions show`` prints it."""

    action: ShownAction
    parameters: dict[str, Any]
    mode: str
    not_before_at: int | None = unit("s")
    plan: ShownPlan | None
    attempts: tuple[ShownAttempt, ...]
    story: tuple[str, ...]


def shown_action(row: "IntentRow", at: int) -> ShownAction:
    """A row of the journal as the commands show it."""
    cause = row.intent.cause
    return ShownAction(
        id=row.id,
        kind=row.intent.kind,
        target=row.intent.target,
        state=row.state,
        summary=row.intent.summary,
        reason=row.reason,
        cause=cause.name,
        block_number=cause.block_number,
        transaction_hash=None if cause.is_condition else cause.transaction_hash,
        created_at=row.created_at,
        changed_at=row.changed_at,
        age_seconds=at - row.created_at,
        expires_at=row.intent.expires_at,
        next_at=row.next_at,
        attempts=row.attempts,
        decided_by=row.decided_by,
    )


def shown_plan(plan: "RecordedPlan") -> ShownPlan:
    """A plan as the commands show it."""
    return ShownPlan(found_at=plan.at, summary=plan.summary, lines=plan.lines, problems=plan.problems)


def shown_attempt(attempt: "AttemptRow") -> ShownAttempt:
    """An attempt as the commands show it."""
    return ShownAttempt(
        number=attempt.number,
        began_at=attempt.began_at,
        ended_at=attempt.ended_at,
        outcome=attempt.outcome,
        detail=attempt.detail,
        steps=tuple(
            ShownStep(taken_at=step.at, name=step.name, facts=dict(step.facts)) for step in attempt.steps
        ),
    )
