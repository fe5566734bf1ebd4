"""Carries out what is due: looks at the world, does what is needed, looks again, and writes every step down.

An intent that is ready is attempted; one that is followed is looked at until the world shows the effect. What fails is
tried again, later each time, and given up after so many times. A process may end anywhere in between: what the journal
has of the steps tells the next one where to go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from structlog.typing import FilteringBoundLogger

from aztec_butler.clients.stopping import Stopped
from aztec_butler.core.errors import ButlerError, InputError, NodeError, SettingsError
from aztec_butler.core.intents import ActionKind, IntentState, Mode
from aztec_butler.serving.logs import told
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_errors import JournalDamaged, JournalUnwritable
from aztec_butler.store.journal_rows import IntentRow
from aztec_butler.watcher.executor import Executor, Look, Standing
from aztec_butler.watcher.executors.told import told_shortly
from aztec_butler.watcher.journal_attempt import JournalAttempt, NotWantedError
from aztec_butler.watcher.waiting import FOLLOW_SECONDS, RETRY_SECONDS, Waiting, gist_of, retry_seconds

INTERRUPTED: Final = "interrupted"
"""How the detail of an attempt begins that the end of a process, or a signal, cut short: no failure."""
UNSEEN: Final = "it could not be looked at"
"""How the detail begins where a node did not tell how the world stands: tried for as long as it takes."""
_MOST_FAILURES: Final = 24
_MOST_WIDE_FAILURES: Final = 8
_TOLD_AGAIN_SECONDS: Final = 3600
"""So often it is kept how something that is followed stands, though nothing new was seen."""
_PLAN_AGAIN_SECONDS: Final = 3600.0
OUTCOMES: Final = ("done", "failed", "given_up", "dry_run", "under_way")
"""How an attempt, or a look, may end."""
_STRICTNESS: Final = (Mode.AUTO, Mode.APPROVE, Mode.DRY_RUN)


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
        modes: how much is done without asking now, by kind. What was wanted when more was allowed is held to it, unless
            somebody decided about it; None to go by what was allowed then.
        clock: Unix seconds.
        monotonic: seconds that never go back.
        on_step: told of named moments.
    """

    def __init__(
        self,
        journal: Journal,
        executors: ByKind,
        log: FilteringBoundLogger,
        *,
        modes: Mapping[ActionKind, Mode] | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._executors = executors
        self._log = log
        self._modes = modes or {}
        self._clock = clock
        self._monotonic = monotonic
        self._on_step = on_step
        self._stopping = threading.Event()
        self._waiting = Waiting(monotonic)
        self._planned: dict[str, float] = {}
        self.outcomes: dict[tuple[ActionKind, str], int] = {
            (kind, outcome): 0 for kind in ActionKind for outcome in OUTCOMES
        }
        """How often what happened, since the start of the process."""
        self.last_at: dict[ActionKind, float] = {}
        """When an attempt at an action of a kind last ended, Unix seconds."""

    @property
    def _now(self) -> int:
        return int(self._clock())

    def recover(self) -> None:
        """Take up what a process that ended left in the middle. Before the first turn, and after the journal failed."""
        for row in self._journal.intents(states=[IntentState.RUNNING]):
            self._journal.end(
                row.id,
                row.attempts,
                IntentState.READY,
                f"{INTERRUPTED}: the process ended; what was done by then is looked at first",
                now=self._now,
            )
            self._waiting.forget(row.id)
            self._log.warning("an interrupted action is taken up again", **_names(row))

    def turn(self) -> int:
        """Carry out everything that is due, and plan what waits for approval.

        Returns:
            How many intents were taken in hand.

        Raises:
            SettingsError: the journal cannot be written.
        """
        self._expire()
        taken = 0
        for intent_id in [row.id for row in self._waiting.due(self._journal, self._now)]:
            if self._stopping.is_set():
                break
            # Another thread, or somebody's command, may have changed it while others were carried out.
            row = self._journal.intent(intent_id)
            if row.state in (IntentState.READY, IntentState.FOLLOWING):
                self._take(row)
                taken += 1
        for row in self._journal.intents(states=[IntentState.WAITING]):
            if self._stopping.is_set():
                break
            self._plan(row)
        return taken

    def _expire(self) -> None:
        expired = [self._journal.intent(each) for each in self._journal.expire(now=self._now)]
        for row in expired:
            if row.intent.kind.is_irreversible:
                self._log.warning("an action's time is over", **_names(row), summary=row.intent.summary)
        notices = sum(not row.intent.kind.is_irreversible for row in expired)
        if notices:
            self._log.info("events of long ago are no news", notices=notices)

    def stop(self) -> None:
        """End what is under way as soon as it can be ended safely, and begin with nothing else."""
        self._stopping.set()
        self._executors.stop()

    # ------------------------------------------------------------------ one intent

    def _take(self, row: IntentRow) -> None:
        # Whatever comes of it, it is not taken again at once.
        self._waiting.put_off(row.id, RETRY_SECONDS)
        try:
            mode = self._mode(row)
            if row.state is IntentState.READY and mode is Mode.DRY_RUN:
                self._rehearse(row)
            elif row.state is IntentState.READY and mode is Mode.APPROVE:
                self._hold(row)
            else:
                self._carry(row, may_act=mode is Mode.AUTO)
        except NotWantedError:
            self._log.info("an action is not wanted any more", **_names(row))

    def _mode(self, row: IntentRow) -> Mode:
        """How much is done without asking: what was allowed when it was written, and is still."""
        if row.decided_by is not None:
            return Mode.AUTO
        return max(row.mode, self._modes.get(row.intent.kind, row.mode), key=_STRICTNESS.index)

    def _hold(self, row: IntentRow) -> None:
        with NotWantedError.where_changed():
            self._journal.move(
                row.id, IntentState.WAITING, "the settings ask for approval now", now=self._now
            )
        self._waiting.forget(row.id)
        self._log.warning("an action waits for approval", **_names(row))

    def _carry(self, row: IntentRow, *, may_act: bool) -> None:
        attempt = JournalAttempt(self._journal, row, lambda: self._now, self._on_step)
        try:
            executor = self._executors.of(row.intent.kind)
            look = executor.look(row.intent, attempt)
            if look.standing is Standing.NEEDED and not may_act:
                # Back to where it is rehearsed, or held for approval.
                attempt.settle(IntentState.READY, f"{INTERRUPTED}: the settings do not allow it any more")
                self._waiting.forget(row.id)
                return
            if look.standing is Standing.NEEDED:
                attempt.begin()
                self._on_step("intent-begun")
                executor.act(row.intent, attempt)
                self._on_step("acted")
                look = executor.look(row.intent, attempt)
                self._on_step("looked-again")
            self._settle(row, attempt, look)
        except (JournalUnwritable, JournalDamaged):
            raise  # whoever calls waits, and recovers what is left in the middle
        except Stopped:
            attempt.settle(row.state, f"{INTERRUPTED}: the watcher was asked to stop")
            self._log.info("an action is parked", **_names(row))
        except ButlerError as error:
            self._fail(row, attempt, error)
        except NotWantedError:
            raise
        except Exception as bug:  # noqa: BLE001 - one action must not end the watcher; it is told and given up in time
            self._log.critical("a bug in an action", **_names(row), **told(bug))
            self._fail(row, attempt, SettingsError(f"a bug: {type(bug).__name__}"))
        self.last_at[row.intent.kind] = self._clock()
        self._on_step("acknowledged")

    def _settle(self, row: IntentRow, attempt: JournalAttempt, look: Look) -> None:
        kind = row.intent.kind
        match look.standing:
            case Standing.DONE:
                attempt.settle(IntentState.DONE, look.evidence)
                self._waiting.forget(row.id)
                self.outcomes[kind, "done"] += 1
                # What people were told stands in the log already.
                say = self._log.info if kind.is_irreversible else self._log.debug
                say("an action is done", **_names(row), evidence=look.evidence)
            case Standing.UNDER_WAY:
                self._follow(row, attempt, look)
            case Standing.IMPOSSIBLE:
                attempt.settle(IntentState.DEAD, look.evidence)
                self._waiting.forget(row.id)
                self.outcomes[kind, "given_up"] += 1
                self._log.error("an action is not possible", **_names(row), evidence=look.evidence)
            case Standing.NEEDED:
                reason = f"what was done did not show: {look.evidence}"
                self._fail(row, attempt, InputError(reason))

    def _follow(self, row: IntentRow, attempt: JournalAttempt, look: Look) -> None:
        wait = self._waiting.put_off(row.id, look.again_in_seconds or FOLLOW_SECONDS)
        is_news = row.state is not IntentState.FOLLOWING or gist_of(row.reason) != gist_of(look.evidence)
        # Each look would be a line of the audit for ever.
        if is_news or attempt.has_begun or not 0 <= self._now - row.changed_at < _TOLD_AGAIN_SECONDS:
            attempt.settle(IntentState.FOLLOWING, look.evidence, next_at=self._now + wait)
        if is_news:
            self.outcomes[row.intent.kind, "under_way"] += 1
            self._log.info("an action is under way", **_names(row), evidence=look.evidence)

    # ------------------------------------------------------------------ what fails

    def _fail(self, row: IntentRow, attempt: JournalAttempt, error: ButlerError) -> None:
        reason = told_shortly(error)
        kind = row.intent.kind
        self.outcomes[kind, "failed"] += 1
        if row.state is IntentState.FOLLOWING and not attempt.has_begun:
            # Looking failed, and what is under way goes on all the same.
            self._follow_blindly(row, attempt, error, f"{UNSEEN}: {reason}")
            return
        is_wide = isinstance(error, InputError | SettingsError)
        is_unseen = isinstance(error, NodeError) and not attempt.has_begun
        attempt.begin()
        failures = self._failures(row) + 1
        if not is_unseen and failures >= (_MOST_WIDE_FAILURES if is_wide else _MOST_FAILURES):
            attempt.settle(IntentState.DEAD, f"{reason} (failed {failures} times)")
            self._waiting.forget(row.id)
            self.outcomes[kind, "given_up"] += 1
            self._log.error("an action is given up", **_names(row), failures=failures, **told(error))
            return
        wait = self._waiting.put_off(row.id, retry_seconds(row.failures + 1, is_wide=is_wide))
        detail = f"{UNSEEN}: {reason}" if is_unseen else reason
        attempt.settle(IntentState.READY, detail, next_at=self._now + wait)
        self._log.warning("an action failed", **_names(row), again_in_seconds=wait, **told(error))

    def _follow_blindly(
        self, row: IntentRow, attempt: JournalAttempt, error: ButlerError, reason: str
    ) -> None:
        wait = self._waiting.put_off(row.id, FOLLOW_SECONDS)
        if gist_of(row.reason) != gist_of(reason):
            attempt.settle(IntentState.FOLLOWING, reason, next_at=self._now + wait)
            self._log.warning("an action could not be looked at", **_names(row), **told(error))

    def _failures(self, row: IntentRow) -> int:
        """Attempts that failed since it last became ready anew; those that were cut short, or saw nothing, did not."""
        if not row.failures:
            return 0
        ended = [each for each in self._journal.attempts(row.id) if each.outcome is IntentState.READY]
        return sum(not each.detail.startswith((INTERRUPTED, UNSEEN)) for each in ended[-row.failures :])

    # ------------------------------------------------------------------ saying only

    def _rehearse(self, row: IntentRow) -> None:
        """A dry run: the plan is kept, and that is all."""
        if not self._write_plan(row):
            return  # it is tried again
        with NotWantedError.where_changed():
            self._journal.move(row.id, IntentState.DRY, "dry run: nothing was done", now=self._now)
        self._waiting.forget(row.id)
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
        except Exception as bug:  # noqa: BLE001 - as of an attempt
            self._log.critical("a bug in an action", **_names(row), **told(bug))
            self._record(row, row.intent.summary, (), (f"a bug: {type(bug).__name__}",))
            return True
        self._record(row, plan.summary, plan.lines, plan.problems)
        return True

    def _record(
        self, row: IntentRow, summary: str, lines: tuple[str, ...], problems: tuple[str, ...]
    ) -> None:
        self._journal.record_plan(row.id, summary=summary, lines=lines, problems=problems, now=self._now)


def _names(row: IntentRow) -> dict[str, object]:
    return {"id": row.id, "action": row.intent.kind.value, "target": row.intent.target}
