"""What goes into the watcher's journal at once: records, without SQL. What comes out of it is in ``journal_rows``.

An ``Entry`` is everything that becomes true at once: how far the chain was read, what was seen there, what it asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_bytes
from aztec_butler.core.intents import Checkpoint, Condition, Intent, IntentState, Mode
from aztec_butler.core.logs import RawLog
from aztec_butler.store.journal_rows import IntentRow

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


FollowUp = Callable[[IntentRow, int], Iterable[NewIntent]]
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
        contracts: checksummed addresses of the only contracts of which a final delivery tells, so that nothing else
            vanishes by it; None for all.
        retracted_above: the common ancestor's number, where another chain took the place of noticed blocks.
        reorg_depth: how many noticed blocks that took away; for the audit.
        intents: what the events ask for.
        began: conditions that began to hold.
        ended: keys of conditions that hold no more.
        on_vanished: asked for each intent that was done, or may have been, whose cause vanished: people believe
            something that is not true.
        on_returned: asked when the cause of such an intent is there again, and people were told that it vanished.
    """

    checkpoint: Checkpoint
    delivery: Delivery = Delivery.NOTICED
    first_block: int | None = None
    last_block: int | None = None
    events: SeenEvents = attrs.field(factory=SeenEvents)
    contracts: tuple[str, ...] | None = None
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
