"""The watcher as one thing: reads on, writes down what that asks for, and has it carried out. One turn at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

import attrs
from structlog.typing import FilteringBoundLogger

from aztec_butler.core.errors import NotFoundError
from aztec_butler.core.intents import ActionKind, Checkpoint, IntentState
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_entry import Committed, Delivery, Entry
from aztec_butler.watcher.intake import Intake
from aztec_butler.watcher.knowledge import Knowledge
from aztec_butler.watcher.settings import WatcherSettings
from aztec_butler.watcher.steps import Step

REORG_DEPTHS: Final = (
    ("1", 1),
    ("2-5", 5),
    ("6-12", 12),
    ("13-31", 31),
    ("32-255", 255),
    ("256+", None),
)
"""How deep reorganisations are counted as, and the last depth of each."""


class Following(Protocol):
    """What reads the chain; ``follower.Follower`` does."""

    def steps(self, checkpoint: Checkpoint) -> Iterator[Step]:
        """Everything from a checkpoint to the head."""

    @property
    def contradictions(self) -> int:
        """How many polls in a row could not be followed."""


@attrs.define
class Tally:
    """What happened since the process began."""

    polls: int = 0
    events: dict[str, int] = attrs.field(factory=lambda: {each.value: 0 for each in Delivery})
    vanished: int = 0
    intents: int = 0
    actions: int = 0
    """Those of them that are more than notices."""
    reorgs: dict[str, int] = attrs.field(factory=lambda: {name: 0 for name, _ in REORG_DEPTHS})

    def count_reorg(self, depth: int) -> None:
        """Count one by its depth in blocks."""
        name = next(name for name, last in REORG_DEPTHS if last is None or depth <= last)
        self.reorgs[name] += 1


@attrs.frozen(kw_only=True)
class View:
    """The watcher as it stands, for whoever wants to see it.

    Args:
        checkpoint: how far the chain was read.
        counts: of intents, by kind and state.
        oldest_waiting_at: since when the oldest action of a kind waits for approval, Unix seconds.
        oldest_open_at: when the oldest action of a kind was wanted that may be taken and is not done, Unix seconds.
        conditions: how many of each name hold.
        reached_head_at: when the head of the chain was last reached, Unix seconds; None before the first time.
        tally: what happened since the process began.
    """

    checkpoint: Checkpoint
    counts: Mapping[tuple[ActionKind, IntentState], int]
    oldest_waiting_at: Mapping[ActionKind, int]
    oldest_open_at: Mapping[ActionKind, int]
    conditions: Mapping[str, int]
    reached_head_at: float | None
    tally: Tally


class Watcher:
    """Reads the chain and fills the journal; whoever carries out reads that. Used by one thread.

    Args:
        journal: of the network; this watcher holds its lock.
        follower: reads the chain.
        knowledge: reads its state.
        settings: what is ours, and what is done.
        log: what happens.
        clock: Unix seconds.
        monotonic: seconds that never go back.
        on_turn: told after every step that the loop lives.
    """

    def __init__(
        self,
        journal: Journal,
        follower: Following,
        knowledge: Knowledge,
        settings: WatcherSettings,
        log: FilteringBoundLogger,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        on_turn: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._follower = follower
        self._knowledge = knowledge
        self._settings = settings
        self._log = log
        self._clock = clock
        self._monotonic = monotonic
        self._on_turn = on_turn
        self._intake = Intake(settings, clock)
        self._looked_at: float | None = None
        self._reached_head_at: float | None = None
        self._troubles: dict[str, str] = {}
        self.tally = Tally()

    def turn(self) -> int:
        """Read up to the head, and look at what holds when it is time.

        Not while events have asked for actions just now: what these are about to change would be told as missing.

        Returns:
            How many intents are new.

        Raises:
            ReorgTooDeep: the chain left behind what was taken as final; nothing was written about that.
            ButlerError: a node, a file or the journal failed; what was committed stays, and the next turn goes on there.
        """
        new, actions = 0, self.tally.actions
        for step in self._follower.steps(self._journal.checkpoint()):
            new += self._take(step)
            self._on_turn()
        if self.is_at_head:
            self._reached_head_at = self._clock()
        self.tally.polls += 1
        if self.tally.actions == actions and self._is_time_to_look():
            new += self.look()
        new += self.tell_failures()
        self._on_turn()
        return new

    @property
    def is_at_head(self) -> bool:
        """Whether the last turn could follow the chain up to its head: no node contradicted what was noticed."""
        return not self._follower.contradictions

    # ------------------------------------------------------------------ events

    def _take(self, step: Step) -> int:
        records, facts = self._knowledge.sift(step)
        committed = self._commit(self._intake.entry_of(step, records, facts))
        self.tally.events[step.delivery.value] += committed.events
        self.tally.vanished += len(committed.vanished)
        if step.reorg_depth is not None:
            self.tally.count_reorg(step.reorg_depth)
            self._log.warning(
                "the chain left blocks behind",
                depth=step.reorg_depth,
                common_block=None if step.retracted_above is None else step.retracted_above.number,
                vanished_events=len(committed.vanished),
            )
        if committed.events or committed.confirmed:
            self._log.debug(
                "events",
                delivery=step.delivery.value,
                first_block=step.first_block,
                last_block=step.last_block,
                new=committed.events,
                confirmed=committed.confirmed,
            )
        if records and step.delivery is Delivery.FINAL:
            self._looked_at = None  # what is ours has changed
        return len(committed.new)

    def _commit(self, entry: Entry) -> Committed:
        committed = self._journal.commit(entry, now=int(self._clock()))
        self.tally.intents += len(committed.new)
        wanted = (*entry.intents, *(each.intent for each in entry.began if each.intent is not None))
        actions = {each.intent.id: each for each in wanted if each.intent.kind.is_irreversible}
        for intent_id in committed.new:
            new = actions.get(intent_id)
            if new is not None:
                self.tally.actions += 1
                self._log.info(
                    "an action is wanted",
                    id=intent_id,
                    action=new.intent.kind.value,
                    target=new.intent.target,
                    mode=new.mode.value,
                    state=new.first_state.value,
                    summary=new.intent.summary,
                )
        for intent_id in committed.retracted:
            self._log.info("an action is not wanted any more", id=intent_id)
        return committed

    # ------------------------------------------------------------------ what holds

    def _is_time_to_look(self) -> bool:
        last = self._looked_at
        return last is None or self._monotonic() - last >= self._settings.look_seconds

    def look(self) -> int:
        """See what holds by the newest final block, and write down what began or ended; how many intents are new.

        Raises:
            ButlerError: it cannot be seen, or not be written.
        """
        checkpoint = self._journal.checkpoint()
        if checkpoint.final is None:
            return 0
        facts = self._knowledge.read_final()
        self._tell_troubles(facts.troubles)
        known = self._journal.open_conditions()
        rows = [self._journal.intent(each.intent_id) for each in known if each.intent_id is not None]
        new = 0
        for entry in self._intake.entries_of(facts, checkpoint, known, rows):
            new += len(self._commit(entry).new)
        self._looked_at = self._monotonic()
        return new

    def _tell_troubles(self, troubles: Mapping[str, str]) -> None:
        """Once for each time that something is not known, and not with each look."""
        for name, reason in troubles.items():
            if self._troubles.get(name) != reason:
                self._log.warning("something is not known", what=name, reason=reason)
        for name in self._troubles.keys() - troubles.keys():
            self._log.info("it is known again", what=name)
        self._troubles = dict(troubles)

    def tell_failures(self) -> int:
        """Want a notice for each action that was given up; how many are new."""
        dead = self._journal.intents(states=[IntentState.DEAD])
        entry = self._intake.entry_of_failures(dead, self._journal.checkpoint()) if dead else None
        wanted = () if entry is None else entry.intents
        fresh = tuple(each for each in wanted if not self._is_known(each.intent.id))
        if entry is None or not fresh:
            return 0
        return len(self._commit(attrs.evolve(entry, intents=fresh)).new)

    def _is_known(self, intent_id: str) -> bool:
        try:
            self._journal.intent(intent_id)
        except NotFoundError:
            return False
        return True

    # ------------------------------------------------------------------ for whoever wants to see

    def view(self) -> View:
        """How it stands.

        Raises:
            SettingsError: the journal cannot be read.
        """
        waiting = self._journal.intents(states=[IntentState.WAITING])
        under_way = self._journal.intents(
            states=[IntentState.READY, IntentState.RUNNING, IntentState.FOLLOWING],
            kinds=[kind for kind in ActionKind if kind.is_irreversible],
        )
        conditions: dict[str, int] = {}
        for each in self._journal.open_conditions():
            conditions[each.key[0]] = conditions.get(each.key[0], 0) + 1
        return View(
            checkpoint=self._journal.checkpoint(),
            counts=self._journal.counts(),
            oldest_waiting_at=_oldest((row.intent.kind, row.changed_at) for row in waiting),
            oldest_open_at=_oldest((row.intent.kind, row.created_at) for row in under_way),
            conditions=conditions,
            reached_head_at=self._reached_head_at,
            tally=self.tally,
        )


def _oldest(times: Iterable[tuple[ActionKind, int]]) -> dict[ActionKind, int]:
    found: dict[ActionKind, int] = {}
    for kind, at in times:
        found[kind] = min(found.get(kind, at), at)
    return found
