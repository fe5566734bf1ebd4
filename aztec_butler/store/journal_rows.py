"""What comes out of the watcher's journal: records, without SQL."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import attrs

from aztec_butler.core.intents import Cause, Checkpoint, Intent, IntentState, Mode


class EventState(StrEnum):
    """How an event of the journal stands."""

    NOTICED = "noticed"
    FINAL = "final"
    RETRACTED = "retracted"


class Turn(StrEnum):
    """What became of the cause of an intent that was done."""

    VANISHED = "vanished"
    RETURNED = "returned"


@attrs.frozen(kw_only=True)
class IntentRow:
    """An intent, and how it stands.

    Args:
        intent: what is to be done, and why.
        mode: how much of it was to be done without asking when it was written.
        state: how far it is.
        reason: one sentence of how it came to that; empty at first.
        created_at: Unix seconds.
        changed_at: Unix seconds, of the state.
        next_at: Unix seconds before which nothing is to be tried; None for at once.
        attempts: begun so far.
        failures: attempts since it last became ready anew that ended with "try again".
        decided_by: who approved, rejected or retried it; None as long as nobody did.
        answers: the id of the intent that this one follows up; None for most.
        turn: what it says of that one's cause; None as above.
    """

    intent: Intent
    mode: Mode
    state: IntentState
    reason: str
    created_at: int
    changed_at: int
    next_at: int | None
    attempts: int
    failures: int
    decided_by: str | None
    answers: str | None
    turn: Turn | None

    @property
    def id(self) -> str:
        """Of the intent."""
        return self.intent.id

    def is_due(self, now: int) -> bool:
        """Whether it may be tried: ready or followed, and its time has come."""
        if self.state not in (IntentState.READY, IntentState.FOLLOWING):
            return False
        return all(time is None or time <= now for time in (self.intent.not_before, self.next_at))

    def is_expired(self, now: int) -> bool:
        """Whether its time is over."""
        return self.intent.expires_at is not None and self.intent.expires_at < now


@attrs.frozen(kw_only=True)
class StepRow:
    """A step of an attempt, as it was recorded.

    Args:
        seq: of its line in the audit.
        at: Unix seconds.
        name: what was about to be done, or was done.
        facts: what belongs to it.
    """

    seq: int
    at: int
    name: str
    facts: Mapping[str, object]


@attrs.frozen(kw_only=True)
class AttemptRow:
    """One try at an intent.

    Args:
        number: 1 for the first.
        began_at: Unix seconds.
        ended_at: Unix seconds; None while it runs, or when a crash ended it.
        outcome: the intent's state after it; None as above.
        detail: one sentence of how it ended.
        steps: in order.
    """

    number: int
    began_at: int
    ended_at: int | None
    outcome: IntentState | None
    detail: str
    steps: tuple[StepRow, ...]


@attrs.frozen(kw_only=True)
class RecordedPlan:
    """What would have been done, as it was found last.

    Args:
        at: Unix seconds.
        summary: one sentence.
        lines: the details.
        problems: why it would be refused; empty when it can be done.
    """

    at: int
    summary: str
    lines: tuple[str, ...]
    problems: tuple[str, ...]


@attrs.frozen(kw_only=True)
class OpenCondition:
    """A condition that holds, as far as the journal knows.

    Args:
        key: name, kind and target, as ``Condition.key``.
        cause: the block it began at; intents of this episode have it as their cause.
        intent_id: what it asked for; None for nothing.
    """

    key: tuple[str, str, str]
    cause: Cause
    intent_id: str | None


@attrs.frozen(kw_only=True)
class AuditLine:
    """One line of the audit.

    Args:
        seq: 1 for the first; no number is left out.
        at: Unix seconds, by this machine's clock.
        kind: what happened: ``commit``, ``intent``, ``decided``, ``begun``, ``step``, ``ended``, ...
        intent: the id of the intent it is about; None for none.
        body: canonical JSON.
        previous: the hash of the line before, hex; zeros for the first.
        hash: SHA-256 of the previous hash and this line, hex.
    """

    seq: int
    at: int
    kind: str
    intent: str | None
    body: str
    previous: str
    hash: str


@attrs.frozen(kw_only=True)
class JournalStatus:
    """A journal in figures.

    Args:
        chain_id: EIP-155 id.
        genesis_hash: of the chain.
        version: of its tables.
        checkpoint: how far the chain was read.
        lines: of the audit; the number of the last one.
        head: the hash of the last line, hex: who noted it can prove later that nothing before it changed.
        last_at: Unix seconds of the last line; None before the first.
        noticed: events that are not final yet.
        final: events that are.
        retracted: events that vanished.
        open_conditions: conditions that hold.
        bytes: of its files.
    """

    chain_id: int
    genesis_hash: str
    version: int
    checkpoint: Checkpoint
    lines: int
    head: str
    last_at: int | None
    noticed: int
    final: int
    retracted: int
    open_conditions: int
    bytes: int


@attrs.frozen(kw_only=True)
class Finding:
    """Something in a journal that is not as the watcher wrote it.

    Args:
        where: ``audit``, ``intent``, ``event``, ``checkpoint``, ``condition``, ``file`` ...
        which: the row: a line's number, an intent's id, a log's place.
        reason: what is wrong with it.
    """

    where: str
    which: str
    reason: str
