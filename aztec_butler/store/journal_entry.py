"""What goes into the watcher's journal, and what comes out of it: records, without SQL.

An ``Entry`` is everything that becomes true at once: how far the chain was read, what was seen there, what it asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_bytes
from aztec_butler.core.intents import Cause, Checkpoint, Condition, Intent, IntentState, Mode
from aztec_butler.core.logs import RawLog

UNTIMED: Final = -1
"""The time of a block that the node did not tell with the log."""
_FIRST_STATES: Final = frozenset(
    {IntentState.WAITING, IntentState.READY, IntentState.DRY, IntentState.EXPIRED, IntentState.REJECTED}
)


class Delivery(StrEnum):
    """How sure it is that events stay."""

    NOTICED = "noticed"
    """Seen near the head; another chain may take them away."""
    FINAL = "final"
    """All of their blocks' watched events, and the blocks are final: what was noticed there and is not among them
    vanished."""


class EventState(StrEnum):
    """How an event of the journal stands."""

    NOTICED = "noticed"
    FINAL = "final"
    RETRACTED = "retracted"


@attrs.frozen(kw_only=True, eq=False)
class SeenEvents:
    """Events as columns of one length, in the order of the chain: row ``i`` is one log.

    Args:
        block_numbers: of the blocks.
        block_hashes: 32 bytes each.
        transaction_hashes: 32 bytes each.
        transaction_indices: places of the transactions in their blocks.
        log_indices: places of the logs in their blocks; with the block's hash they identify the log.
        addresses: 20 bytes each, the contracts.
        names: of the records in ``core.events``: ``RollupSlashed``.
        topics: 0 to 4 words of 32 bytes, joined.
        data: what is not indexed.
        timestamps: Unix seconds of the blocks; ``UNTIMED`` where the node does not tell.
    """

    block_numbers: Sequence[int] = ()
    block_hashes: Sequence[bytes] = ()
    transaction_hashes: Sequence[bytes] = ()
    transaction_indices: Sequence[int] = ()
    log_indices: Sequence[int] = ()
    addresses: Sequence[bytes] = ()
    names: Sequence[str] = ()
    topics: Sequence[bytes] = ()
    data: Sequence[bytes] = ()
    timestamps: Sequence[int] = ()

    def __attrs_post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in attrs.fields(SeenEvents)}
        if len(set(lengths.values())) > 1:
            raise InputError("the columns of events have different lengths", lengths=lengths)

    def __len__(self) -> int:
        return len(self.block_numbers)

    @classmethod
    def of(cls, events: Iterable[tuple[str, RawLog]]) -> SeenEvents:
        """Events one by one: the name of each record, and its log."""
        rows = [
            (
                log.block_number,
                parse_bytes(log.block_hash),
                parse_bytes(log.transaction_hash),
                log.transaction_index,
                log.log_index,
                parse_bytes(log.address),
                name,
                b"".join(log.topics),
                log.data,
                UNTIMED if log.block_timestamp is None else log.block_timestamp,
            )
            for name, log in events
        ]
        columns = list(zip(*rows, strict=True)) or [()] * len(attrs.fields(cls))
        return cls(**{field.name: column for field, column in zip(attrs.fields(cls), columns, strict=True)})


@attrs.frozen(kw_only=True)
class NewIntent:
    """An intent that an entry brings. Where its id is known already, nothing happens.

    Args:
        intent: what is to be done.
        mode: how much of it is done without asking.
        state: to begin in another state than the mode's: waiting for ``approve``, else ready.
    """

    intent: Intent
    mode: Mode
    state: IntentState | None = None

    def __attrs_post_init__(self) -> None:
        if self.first_state not in _FIRST_STATES:
            raise InputError("no intent begins in this state", state=self.first_state.value)

    @property
    def first_state(self) -> IntentState:
        """The state it begins in."""
        return self.state or first_state(self.mode)


def first_state(mode: Mode) -> IntentState:
    """In what state an intent begins, by how much is done without asking."""
    return IntentState.WAITING if mode is Mode.APPROVE else IntentState.READY


@attrs.frozen(kw_only=True)
class BeganCondition:
    """A condition that holds and did not hold before. Where the journal knows that it holds, nothing happens.

    Args:
        condition: what holds.
        block_number: of the block at which it was first seen to hold.
        block_hash: of that block, 0x.
        intent: what this episode asks for; its cause is of that block, and named like the condition.
    """

    condition: Condition
    block_number: int
    block_hash: str
    intent: NewIntent | None


FollowUp = Callable[["IntentRow", int], Iterable[NewIntent]]
"""Given an intent, and how often its cause had vanished by now: what else is to be said. Must not use the journal."""


def _nothing(_: IntentRow, __: int) -> Iterable[NewIntent]:
    return ()


@attrs.frozen(kw_only=True, eq=False)
class Entry:
    """What one commit makes true: all of it, or nothing.

    In this order: events above ``retracted_above`` that are only noticed vanish; with a final delivery those of its
    blocks that are not among ``events`` vanish too; ``events`` are written, each at most once; intents and conditions
    follow. An intent whose cause vanished is retracted if nothing of it was done, and comes back with its cause.

    Args:
        checkpoint: how far the chain is read then.
        delivery: of ``events``.
        first_block: of the blocks whose events these are.
        last_block: of those blocks.
        events: watched events, in the order of the chain.
        retracted_above: the common ancestor's number, where another chain took the place of noticed blocks.
        reorg_depth: how many noticed blocks that took away; for the audit.
        intents: what the events ask for.
        began: conditions that began to hold.
        ended: keys of conditions that hold no more.
        on_vanished: asked for each intent that was done, or may have been, whose cause vanished: people were told
            something that is not true.
        on_returned: asked when the cause of such an intent, whose vanishing was told too, is there again.
    """

    checkpoint: Checkpoint
    delivery: Delivery = Delivery.NOTICED
    first_block: int | None = None
    last_block: int | None = None
    events: SeenEvents = attrs.field(factory=SeenEvents)
    retracted_above: int | None = None
    reorg_depth: int | None = None
    intents: tuple[NewIntent, ...] = ()
    began: tuple[BeganCondition, ...] = ()
    ended: tuple[tuple[str, str, str], ...] = ()
    on_vanished: FollowUp = _nothing
    on_returned: FollowUp = _nothing


@attrs.frozen(kw_only=True)
class EventKey:
    """Which event."""

    block_number: int
    block_hash: str
    log_index: int
    name: str


@attrs.frozen(kw_only=True)
class Committed:
    """What a commit changed.

    Args:
        seq: of its line in the audit; None where only the checkpoint moved.
        events: how many were new to the journal.
        confirmed: how many that were noticed before are final now.
        vanished: events that are not of the chain any more.
        new: ids of intents that were not known, those of follow-ups included.
        retracted: ids of intents that will not be done, because their cause vanished or their condition ended.
        revived: ids of intents that had been retracted and whose cause is there again.
        follow_ups: ids of intents that ``on_vanished`` and ``on_returned`` asked for.
    """

    seq: int | None
    events: int = 0
    confirmed: int = 0
    vanished: tuple[EventKey, ...] = ()
    new: tuple[str, ...] = ()
    retracted: tuple[str, ...] = ()
    revived: tuple[str, ...] = ()
    follow_ups: tuple[str, ...] = ()


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
