"""Carries out what is due: looks at the world, does what is needed, looks again, and writes every step down.

An intent that is ready is attempted; one that is followed is looked at until the world shows the effect. What fails is
tried again, later each time, and given up after so many times. A process may end anywhere in between: what the journal
has of the steps tells the next one where to go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Final, Protocol

from structlog.typing import FilteringBoundLogger

from aztec_butler.clients.stopping import Stopped
from aztec_butler.core.errors import ButlerError, InputError, SettingsError
from aztec_butler.core.intents import ActionKind, IntentState, Mode
from aztec_butler.serving.logs import told
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_rows import IntentRow
from aztec_butler.watcher.executor import Executor, Look, Standing
from aztec_butler.watcher.executors.told import told_shortly

INTERRUPTED: Final = "interrupted"
"""How the detail of an attempt begins that the end of a process, or a signal, cut short: no failure."""
_FOLLOW_SECONDS: Final = 60
_RETRY_SECONDS: Final = 15
_LONGEST_RETRY_SECONDS: Final = 3600
_WIDE_RETRY_SECONDS: Final = 600
"""After an error that somebody has to mend: settings, a file, a key."""
_LONGEST_WIDE_SECONDS: Final = 6 * 3600
_MOST_FAILURES: Final = 24
_MOST_WIDE_FAILURES: Final = 8
_PLAN_AGAIN_SECONDS: Final = 3600.0
_OUTCOMES: Final = ("done", "failed", "given_up", "dry_run", "under_way")


class ByKind(Protocol):
    """Who carries out what; ``executors.building.Executors`` is one."""

    def of(self, kind: ActionKind) -> Executor:
        """Who carries out a kind of action."""

    def stop(self) -> None:
        """Let all of them end what is under way."""


class Actor:
    """Carries out intents. Used by one thread; ``stop`` by any.

    Args:
        journal: of the watcher, through a connection of this thread.
        executors: who carries out what.
        log: what happens to actions.
        clock: Unix seconds.
        on_step: told of named moments.
    """

    def __init__(
        self,
        journal: Journal,
        executors: ByKind,
        log: FilteringBoundLogger,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._executors = executors
        self._log = log
        self._clock = clock
        self._monotonic = monotonic
        self._on_step = on_step
        self._stopping = threading.Event()
        self._planned: dict[str, float] = {}
        self.outcomes: dict[tuple[ActionKind, str], int] = {
            (kind, outcome): 0 for kind in ActionKind for outcome in _OUTCOMES
        }
        """How often what happened, since the start of the process."""
        self.last_at: dict[ActionKind, float] = {}
        """When an attempt at an action of a kind last ended, Unix seconds."""

    @property
    def _now(self) -> int:
        return int(self._clock())

    def recover(self) -> None:
        """Take up what a process that ended left in the middle. Before the first turn."""
        for row in self._journal.intents(states=[IntentState.RUNNING]):
            self._journal.end(
                row.id,
                row.attempts,
                IntentState.READY,
                f"{INTERRUPTED}: the process ended; what was done by then is looked at first",
                now=self._now,
            )
            self._log.warning("an interrupted action is taken up again", **_names(row))

    def turn(self) -> int:
        """Carry out everything that is due, and plan what waits for approval.

        Returns:
            How many intents were taken in hand.

        Raises:
            SettingsError: the journal cannot be written.
        """
        for intent_id in self._journal.expire(now=self._now):
            self._log.warning("an action's time is over", id=intent_id)
        taken = 0
        for row in self._due():
            if self._stopping.is_set():
                break
            self._carry(row)
            taken += 1
        for row in self._journal.intents(states=[IntentState.WAITING]):
            if self._stopping.is_set():
                break
            self._plan(row)
        return taken

    def _due(self) -> Iterable[IntentRow]:
        now = self._now
        rows = self._journal.intents(states=[IntentState.READY, IntentState.FOLLOWING])
        # A clock that was set back must not keep anything waiting for years.
        return [
            row
            for row in rows
            if row.is_due(now)
            or (
                row.next_at is not None
                and row.next_at > now + _LONGEST_WIDE_SECONDS
                and (row.intent.not_before or 0) <= now
            )
        ]

    def stop(self) -> None:
        """End what is under way as soon as it can be ended safely, and begin with nothing else."""
        self._stopping.set()
        self._executors.stop()

    # ------------------------------------------------------------------ one intent

    def _carry(self, row: IntentRow) -> None:
        if row.mode is Mode.DRY_RUN and row.decided_by is None:
            self._rehearse(row)
            return
        attempt = _JournalAttempt(self._journal, row, lambda: self._now)
        try:
            executor = self._executors.of(row.intent.kind)
            look = executor.look(row.intent, attempt)
            if look.standing is Standing.NEEDED:
                attempt.begin()
                self._on_step("intent-begun")
                executor.act(row.intent, attempt)
                self._on_step("acted")
                look = executor.look(row.intent, attempt)
                self._on_step("read-back")
            self._settle(row, attempt, look)
        except Stopped:
            attempt.settle(
                IntentState.READY if row.state is IntentState.READY else IntentState.FOLLOWING,
                f"{INTERRUPTED}: the watcher was asked to stop",
            )
            self._log.info("an action is parked", **_names(row))
        except ButlerError as error:
            self._fail(row, attempt, error)
        except Exception as bug:  # noqa: BLE001 - one action must not end the watcher; it is told and given up in time
            self._log.critical("a bug in an action", **_names(row), **told(bug))
            self._fail(row, attempt, SettingsError(f"a bug: {type(bug).__name__}"))
        self.last_at[row.intent.kind] = self._clock()
        self._on_step("acknowledged")

    def _settle(self, row: IntentRow, attempt: _JournalAttempt, look: Look) -> None:
        kind = row.intent.kind
        match look.standing:
            case Standing.DONE:
                attempt.settle(IntentState.DONE, look.evidence)
                self.outcomes[kind, "done"] += 1
                self._log.info("an action is done", **_names(row), evidence=look.evidence)
            case Standing.UNDER_WAY:
                wait = _FOLLOW_SECONDS if look.again_in_seconds is None else look.again_in_seconds
                is_news = row.state is not IntentState.FOLLOWING or row.reason != look.evidence
                attempt.settle(IntentState.FOLLOWING, look.evidence, next_at=self._now + max(1, int(wait)))
                if is_news:
                    self.outcomes[kind, "under_way"] += 1
                    self._log.info("an action is under way", **_names(row), evidence=look.evidence)
            case Standing.IMPOSSIBLE:
                attempt.settle(IntentState.DEAD, look.evidence)
                self.outcomes[kind, "given_up"] += 1
                self._log.error("an action is not possible", **_names(row), evidence=look.evidence)
            case Standing.NEEDED:
                if attempt.has_begun:
                    reason = f"what was done did not show: {look.evidence}"
                    self._fail(row, attempt, InputError(reason))

    def _fail(self, row: IntentRow, attempt: _JournalAttempt, error: ButlerError) -> None:
        reason = told_shortly(error)
        kind = row.intent.kind
        self.outcomes[kind, "failed"] += 1
        is_wide = isinstance(error, InputError | SettingsError)
        if row.state is IntentState.FOLLOWING and not attempt.has_begun:
            # Looking failed, and what is under way goes on all the same.
            self._journal.move(
                row.id,
                IntentState.FOLLOWING,
                f"it could not be looked at: {reason}",
                next_at=self._now + _FOLLOW_SECONDS,
                now=self._now,
            )
            self._log.warning("an action could not be looked at", **_names(row), **told(error))
            return
        attempt.begin()
        failures = self._failures(row) + 1
        if failures >= (_MOST_WIDE_FAILURES if is_wide else _MOST_FAILURES):
            attempt.settle(IntentState.DEAD, f"{reason} (failed {failures} times)")
            self.outcomes[kind, "given_up"] += 1
            self._log.error("an action is given up", **_names(row), failures=failures, **told(error))
            return
        first, longest = (
            (_WIDE_RETRY_SECONDS, _LONGEST_WIDE_SECONDS)
            if is_wide
            else (_RETRY_SECONDS, _LONGEST_RETRY_SECONDS)
        )
        wait = min(longest, first * 2 ** min(failures - 1, 16))
        attempt.settle(IntentState.READY, reason, next_at=self._now + wait)
        self._log.warning("an action failed", **_names(row), again_in_seconds=wait, **told(error))

    def _failures(self, row: IntentRow) -> int:
        """Attempts that failed since it last became ready anew; those that were cut short are no failures."""
        if not row.failures:
            return 0
        ended = [each for each in self._journal.attempts(row.id) if each.outcome is IntentState.READY]
        return sum(not each.detail.startswith(INTERRUPTED) for each in ended[-row.failures :])

    # ------------------------------------------------------------------ saying only

    def _rehearse(self, row: IntentRow) -> None:
        """A dry run: the plan is kept, and that is all."""
        if not self._write_plan(row):
            self._journal.move(
                row.id,
                IntentState.READY,
                "its plan cannot be made yet",
                next_at=self._now + _WIDE_RETRY_SECONDS,
                now=self._now,
            )
            return
        self._journal.move(row.id, IntentState.DRY, "dry run: nothing was done", now=self._now)
        self.outcomes[row.intent.kind, "dry_run"] += 1
        self._log.info("dry run", **_names(row), summary=row.intent.summary)

    def _plan(self, row: IntentRow) -> None:
        """Keep what would be done for whoever has to approve; now and then anew."""
        last = self._planned.get(row.id)
        if last is None or self._monotonic() - last > _PLAN_AGAIN_SECONDS:
            self._planned[row.id] = self._monotonic()
            self._write_plan(row)

    def _write_plan(self, row: IntentRow) -> bool:
        """Whether there is a plan."""
        try:
            plan = self._executors.of(row.intent.kind).plan(row.intent)
        except Stopped:
            return False
        except (InputError, SettingsError) as error:
            # That, too, is something to be told before somebody approves.
            self._record(row, row.intent.summary, (), (told_shortly(error),))
            return True
        except ButlerError as error:
            self._log.warning("a plan cannot be made", **_names(row), **told(error))
            return False
        self._record(row, plan.summary, plan.lines, plan.problems)
        return True

    def _record(
        self, row: IntentRow, summary: str, lines: tuple[str, ...], problems: tuple[str, ...]
    ) -> None:
        self._journal.record_plan(row.id, summary=summary, lines=lines, problems=problems, now=self._now)


class _JournalAttempt:
    """An attempt whose steps are in the journal. It begins there with its first step: most looks take none."""

    def __init__(self, journal: Journal, row: IntentRow, now: Callable[[], int]) -> None:
        self._journal = journal
        self._row = row
        self._now = now
        self.has_begun = False
        self.number = row.attempts + 1

    def begin(self) -> None:
        if not self.has_begun:
            self.number = self._journal.begin(self._row.id, now=self._now())
            self.has_begun = True

    def step(self, name: str, **facts: object) -> None:
        self.begin()
        self._journal.step(self._row.id, self.number, name, facts, now=self._now())

    def past(self) -> Collection[tuple[str, dict[str, object]]]:
        return [
            (step.name, dict(step.facts))
            for attempt in self._journal.attempts(self._row.id)
            for step in attempt.steps
        ]

    def settle(self, state: IntentState, detail: str, *, next_at: int | None = None) -> None:
        """End it: as an attempt where it has begun, as a look where it has not."""
        if self.has_begun:
            self._journal.end(self._row.id, self.number, state, detail, next_at=next_at, now=self._now())
        elif state is not self._row.state or state is IntentState.FOLLOWING:
            self._journal.move(self._row.id, state, detail, next_at=next_at, now=self._now())


def _names(row: IntentRow) -> dict[str, object]:
    return {"id": row.id, "action": row.intent.kind.value, "target": row.intent.target}
