"""What a step of the chain, or a look at its state, makes true: one entry for the journal. Asks nobody anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import attrs

from aztec_butler.core.events import EventRecord
from aztec_butler.core.intent_parameters import Notice
from aztec_butler.core.intents import (
    ActionKind,
    Cause,
    Checkpoint,
    Condition,
    Intent,
    IntentState,
    Mode,
    Severity,
)
from aztec_butler.store.journal_entry import BeganCondition, Delivery, Entry, NewIntent
from aztec_butler.store.journal_rows import IntentRow, OpenCondition
from aztec_butler.watcher.conditions import conditions_of, is_undecided
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.handlers import intents_of
from aztec_butler.watcher.notices import told
from aztec_butler.watcher.settings import WatcherSettings
from aztec_butler.watcher.steps import Step

_SHOW: Final = "`aztec-butler actions show {id}` tells what would be done"
_ASKING: Final = {
    Mode.APPROVE: (
        "An action waits for approval",
        f"{_SHOW}, `aztec-butler actions approve {{id}}` allows it",
    ),
    Mode.DRY_RUN: (
        "An action was not taken: dry run",
        f"{_SHOW}, `aztec-butler actions retry {{id}}` does it after all",
    ),
}


class Intake:
    """Makes entries.

    Args:
        settings: what is ours, and how much is done without asking.
        clock: Unix seconds.
    """

    def __init__(self, settings: WatcherSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock

    # ------------------------------------------------------------------ events

    def entry_of(self, step: Step, records: Sequence[EventRecord], facts: Facts | None) -> Entry:
        """A step of the follower, with all that its events ask for.

        Args:
            step: of the follower.
            records: those of its events that may matter.
            facts: not older than any of them; None where there are none.
        """
        wanted: list[NewIntent] = []
        for record in records:
            assert facts is not None, "events come with facts"
            for intent in intents_of(record, facts, self._settings):
                # What cannot be undone waits until its cause is for good.
                if step.delivery is Delivery.FINAL or not intent.kind.is_irreversible:
                    wanted += self._new(intent)
        return Entry(
            checkpoint=step.checkpoint,
            delivery=step.delivery,
            first_block=step.first_block if step.first_block <= step.last_block else None,
            last_block=step.last_block if step.first_block <= step.last_block else None,
            events=step.events.seen(),
            contracts=step.contracts,
            retracted_above=None if step.retracted_above is None else step.retracted_above.number,
            reorg_depth=step.reorg_depth,
            intents=tuple(wanted),
            on_vanished=vanished,
            on_returned=returned,
        )

    def _new(self, intent: Intent) -> Iterator[NewIntent]:
        """An intent as it is written down, and a notice where somebody has to decide about it."""
        mode = self._settings.mode[intent.kind]
        if mode is Mode.APPROVE:
            until = int(self._clock()) + self._settings.approval_expires
            intent = attrs.evolve(
                intent, expires_at=until if intent.expires_at is None else min(until, intent.expires_at)
            )
        yield NewIntent(intent=intent, mode=mode)
        if intent.kind.is_irreversible and mode in _ASKING:
            title, hint = _ASKING[mode]
            short = intent.id[:8]
            text = f"{intent.summary} {hint.format(id=short)}."
            yield self._notice(
                intent.cause,
                intent.chain_id,
                f"{intent.target}#{intent.kind.value}-{mode.value}",
                told(title, text, Severity.WARNING, action=intent.id),
            )

    def _notice(self, cause: Cause, chain_id: int, target: str, notice: Notice) -> NewIntent:
        return NewIntent(
            intent=_notice_intent(cause, chain_id, target, notice),
            mode=self._settings.mode[ActionKind.NOTIFY],
        )

    # ------------------------------------------------------------------ conditions

    def entries_of(
        self, facts: Facts, checkpoint: Checkpoint, known: Sequence[OpenCondition], rows: Sequence[IntentRow]
    ) -> Iterator[Entry]:
        """What began to hold, and what holds no more; two entries where something is to be asked for once more.

        Args:
            facts: of a final block.
            checkpoint: how far the chain is read.
            known: what the journal knows to hold.
            rows: the intents of these.
        """
        holding = {condition.key: condition for condition in conditions_of(facts, self._settings)}
        by_id = {row.id: row for row in rows}
        open_keys = {each.key for each in known}
        ended = [
            each.key
            for each in known
            if each.key not in holding and not is_undecided(each.key[0], ActionKind(each.key[1]), facts)
        ]
        again = [
            each.key
            for each in known
            if each.key in holding and self._asks_again(each, facts, by_id.get(each.intent_id or ""))
        ]
        if ended or again:
            yield Entry(checkpoint=checkpoint, ended=(*ended, *again))
        began = [condition for key, condition in holding.items() if key not in open_keys or key in set(again)]
        if began:
            yield self._beginning(began, facts, checkpoint)

    def _asks_again(self, known: OpenCondition, facts: Facts, row: IntentRow | None) -> bool:
        """Whether what was asked for is over and done with, and the condition holds all the same."""
        if row is None or known.cause.block_hash == facts.block.hash:
            return False
        if row.state is IntentState.RETRACTED:
            # It ended and began again within one block, whose intent was taken back.
            return True
        if not row.intent.kind.is_irreversible:
            return False
        if row.state is IntentState.DONE:
            # Looked at with a state from before it was done, it would seem to be needed still.
            return facts.block.timestamp > row.changed_at
        if row.state is IntentState.EXPIRED:
            return True
        was_dry = row.state is IntentState.DRY and row.decided_by is None
        return was_dry and self._settings.mode[row.intent.kind] is not Mode.DRY_RUN

    def _beginning(self, began: Iterable[Condition], facts: Facts, checkpoint: Checkpoint) -> Entry:
        conditions: list[BeganCondition] = []
        notices: list[NewIntent] = []
        for condition in began:
            first, *others = self._new(_intent_of(condition, facts))
            conditions.append(
                BeganCondition(
                    condition=condition,
                    block_number=facts.block.number,
                    block_hash=facts.block.hash,
                    intent=first,
                )
            )
            notices += others
        return Entry(checkpoint=checkpoint, began=tuple(conditions), intents=tuple(notices))

    # ------------------------------------------------------------------ what failed

    def entry_of_failures(self, dead: Sequence[IntentRow], checkpoint: Checkpoint) -> Entry | None:
        """A notice for each action that was given up; None where there is none.

        Args:
            dead: intents that were given up.
            checkpoint: how far the chain is read.
        """
        notices = [
            self._notice(
                row.intent.cause,
                row.intent.chain_id,
                f"{row.intent.target}#{row.intent.kind.value}-given-up-{row.attempts}",
                told(
                    "An action was given up",
                    f"{row.intent.summary} It was given up: {row.reason}."
                    f" `aztec-butler actions show {row.id[:8]}` tells more, `aztec-butler actions retry"
                    f" {row.id[:8]}` tries it again.",
                    Severity.CRITICAL,
                    action=row.id,
                ),
            )
            for row in dead
            if row.intent.kind.is_irreversible  # a notice that could not be sent would not be told by another
        ]
        return Entry(checkpoint=checkpoint, intents=tuple(notices)) if notices else None


# --------------------------------------------------------------------------- what is told when a cause vanishes


def vanished(row: IntentRow, times: int) -> Iterable[NewIntent]:
    """What is said when the cause of something that was done, or told, is not on the chain any more.

    Args:
        row: the intent.
        times: how often its cause had vanished by now.
    """
    intent = row.intent
    if intent.kind is ActionKind.NOTIFY:
        known = Notice.from_json(intent.parameters)
        notice = attrs.evolve(
            told(
                f"Taken back: {known.title}",
                "The chain has left behind the block that this was told of:"
                f" {known.text} If it happens again, that will be told.",
                known.severity,
            ),
            retracts=row.id,
        )
    else:
        notice = told(
            "The cause of an action vanished",
            f"{intent.summary} This was begun or done, and the block that asked for it is not on the chain any more."
            f" `aztec-butler actions show {row.id[:8]}` tells what was done.",
            Severity.CRITICAL,
            action=row.id,
        )
    yield _follow_up(row, f"vanished-{times}", notice)


def returned(row: IntentRow, times: int) -> Iterable[NewIntent]:
    """What is said when such a cause is on the chain again.

    Args:
        row: the intent.
        times: how often its cause had vanished by now.
    """
    intent = row.intent
    if intent.kind is ActionKind.NOTIFY:
        known = Notice.from_json(intent.parameters)
        notice = told(
            f"True again: {known.title}",
            f"The chain has come back to the block that this was told of: {known.text}",
            known.severity,
        )
    else:
        notice = told(
            "The cause of an action is there again",
            f"{intent.summary} The block that asked for it is on the chain again.",
            Severity.WARNING,
            action=row.id,
        )
    yield _follow_up(row, f"returned-{times}", notice)


def _follow_up(row: IntentRow, word: str, notice: Notice) -> NewIntent:
    target = f"{row.intent.target}#{row.intent.kind.value}-{word}"
    # As free to go as the first one: whoever was told has to be told.
    mode = row.mode if row.intent.kind is ActionKind.NOTIFY else Mode.AUTO
    return NewIntent(intent=_notice_intent(row.intent.cause, row.intent.chain_id, target, notice), mode=mode)


def _notice_intent(cause: Cause, chain_id: int, target: str, notice: Notice) -> Intent:
    return Intent(
        chain_id=chain_id,
        cause=cause,
        kind=ActionKind.NOTIFY,
        target=target,
        parameters=notice.to_json(),
        summary=notice.text,
    )


def _intent_of(condition: Condition, facts: Facts) -> Intent:
    return Intent(
        chain_id=facts.chain_id,
        cause=Cause(block_number=facts.block.number, block_hash=facts.block.hash, name=condition.name),
        kind=condition.kind,
        target=condition.target,
        parameters=condition.parameters,
        summary=condition.summary,
    )
