"""A watcher at work on threads of its own: one reads the chain, one carries out. Nothing ends them but what cannot be mended
by waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Final

from structlog.typing import FilteringBoundLogger

from aztec_butler.clients.stopping import Stopped, StopSign
from aztec_butler.core.errors import (
    ButlerError,
    InputError,
    LockHeld,
    ReorgTooDeep,
    SettingsError,
)
from aztec_butler.core.intents import ActionKind, IntentState
from aztec_butler.serving.logs import told
from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.store.journal_errors import JournalUnwritable
from aztec_butler.watcher.actor import Actor
from aztec_butler.watcher.metrics import samples_of
from aztec_butler.watcher.running import Connecting, Running
from aztec_butler.watcher.settings import WatcherSettings
from aztec_butler.watcher.site import Shown
from aztec_butler.watcher.watcher import View

_ACTOR_TICK_SECONDS: Final = 1.0
"""So soon an approval by another process is seen."""
_AFTER_FAILURE_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 8.0
_LOCK_SECONDS: Final = 90.0
"""So long the threads of former settings may take to end, before the lock that they hold is somebody else's."""
_BETWEEN_PAGES_SECONDS: Final = 5.0
_STALE_POLLS: Final = 5
"""After so many polls without reaching the head it is not ready."""


class Engine:
    """Runs a watcher until it is stopped.

    Args:
        settings: the watcher's.
        connecting: opens the network.
        log: what happens.
        own: metrics of the process about itself.
        show: takes what is to be shown from now on.
        on_end: told when it cannot go on, and why; on one of its threads.
        clock: Unix seconds.
        monotonic: seconds that never go back.
        takes_over: whether another engine of this process may still hold the journal's lock for a while.
        on_step: told of named moments.
    """

    def __init__(
        self,
        settings: WatcherSettings,
        connecting: Connecting,
        log: FilteringBoundLogger,
        *,
        own: SelfMetrics,
        show: Callable[[Shown], object],
        on_end: Callable[[BaseException], object],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        takes_over: bool = False,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._connecting = connecting
        self._log = log
        self._own = own
        self._show = show
        self._on_end = on_end
        self._clock = clock
        self._monotonic = monotonic
        self._on_step = on_step
        self._stopping = threading.Event()
        self._sign = StopSign()
        self._wake = threading.Event()
        self._has_stepped = threading.Event()
        self._actor: Actor | None = None
        self._turned_at = monotonic()
        self._lock_until = monotonic() + (_LOCK_SECONDS if takes_over else 0.0)
        self._running: Running | None = None
        self._published_at: float | None = None
        self.has_opened = False
        """Whether its settings were of use: it has begun to follow the chain."""
        self._reached_at: float | None = None
        self._failure: str | None = None
        self._failing: dict[str, str] = {}
        self._threads: list[threading.Thread] = []

    # ------------------------------------------------------------------ for the daemon

    @property
    def seconds_since_turn(self) -> float:
        """How long ago the thread that reads last gave a sign of life."""
        return self._monotonic() - self._turned_at

    def start(self) -> None:
        """Begin."""
        self._begin("watcher chain", self._run)

    def stop(self) -> bool:
        """End both threads, the running action parked.

        Returns:
            Whether they ended in time; whoever does not ends with the process, and the journal knows how far it was.
        """
        self._stopping.set()
        self._wake.set()
        self._sign.show()
        if self._actor is not None:
            self._actor.stop()
        deadline = self._monotonic() + _PATIENCE_SECONDS
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - self._monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _begin(self, name: str, run: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    # ------------------------------------------------------------------ the thread that reads

    def _run(self) -> None:
        try:
            with self._sign:
                while not self._stopping.is_set():
                    if self._open_and_follow():
                        return
                    self._wait(_AFTER_FAILURE_SECONDS)
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - the daemon judges
            self._on_end(error)

    def _open_and_follow(self) -> bool:
        """Whether it was stopped; False when opening failed in a way that may pass.

        Raises:
            ButlerError: in a way that does not.
        """
        self._turned()
        try:
            running = Running.open(
                self._settings,
                self._connecting,
                self._log,
                clock=self._clock,
                on_request=lambda request: self._own.count_request(self._settings.network, request),
                on_turn=self._took_a_step,
                on_step=self._on_step,
            )
        except (InputError, SettingsError):
            raise
        except ButlerError as error:
            if isinstance(error, LockHeld) and self._monotonic() >= self._lock_until:
                raise
            self._tell_failure("the watcher cannot begin", error)
            self._show(Shown(failing=(f"it cannot begin: {error.sentence}",)))
            return False
        with running:
            self._running = running
            self.has_opened = True
            actor = self._begin("watcher actions", lambda: self._carry_out(running))
            reason = "asked to"
            try:
                self._follow(running)
            except ButlerError as error:
                reason = error.sentence
                raise
            finally:
                self._stopping.set()
                self._wake.set()
                if self._actor is not None:
                    self._actor.stop()
                # However long that takes: nobody else may have the journal while an action is under way.
                actor.join()
                with suppress(SettingsError):
                    running.journal.note("stopped", {"reason": reason}, now=int(self._clock()))
        return True

    def _follow(self, running: Running) -> None:
        while not self._stopping.is_set():
            began = self._monotonic()
            try:
                new = running.watcher.turn()
            except ReorgTooDeep:
                raise
            except ButlerError as error:
                if isinstance(error, SettingsError) and not isinstance(error, JournalUnwritable):
                    raise
                self._tell_failure("the watcher cannot read on", error)
                new = 0
            else:
                if running.watcher.is_at_head:
                    self._tell_success()
            self._turned()
            if new:
                self._wake.set()
            self._publish(running)
            self._wait(max(0.0, self._settings.poll_seconds - (self._monotonic() - began)))

    def _wait(self, seconds: float) -> None:
        """Wait, and go on giving signs of life."""
        until = self._monotonic() + seconds
        while (left := until - self._monotonic()) > 0 and not self._stopping.wait(min(left, 5.0)):
            self._turned()

    def _turned(self) -> None:
        self._turned_at = self._monotonic()

    def _took_a_step(self) -> None:
        """A long way to the head is shown while it is gone."""
        self._turned()
        self._has_stepped.set()
        self._wake.set()
        last = self._published_at
        if self._running is not None and (last is None or self._turned_at - last >= _BETWEEN_PAGES_SECONDS):
            self._publish(self._running)

    # ------------------------------------------------------------------ the thread that carries out

    def _carry_out(self, running: Running) -> None:
        try:
            # Nothing is done on a chain that may have left behind what was taken as final: the first step shows it.
            while not self._has_stepped.wait(_ACTOR_TICK_SECONDS):
                if self._stopping.is_set():
                    return
            with ExitStack() as stack:
                is_recovered = False
                while not self._stopping.is_set():
                    self._wake.clear()
                    try:
                        if self._actor is None:
                            self._actor = stack.enter_context(running.open_actor())
                            continue  # whoever stopped this before could not stop the actor
                        if not is_recovered:
                            self._actor.recover()
                            is_recovered = True
                        self._actor.turn()
                        self._tell_actions_go_on()
                    except JournalUnwritable as error:
                        is_recovered = False  # whatever was under way has to be found out
                        self._tell_actions_wait(error)
                        self._stopping.wait(_AFTER_FAILURE_SECONDS)
                    self._wake.wait(_ACTOR_TICK_SECONDS)
        except BaseException as error:  # noqa: BLE001 - the daemon judges
            self._stopping.set()
            self._sign.show()
            self._on_end(error)

    def _tell_actions_wait(self, error: ButlerError) -> None:
        if self._failing.get("actions") != error.sentence:
            self._log.error("actions wait: the journal cannot be written", **told(error))
        self._failing["actions"] = error.sentence

    def _tell_actions_go_on(self) -> None:
        if self._failing.pop("actions", None) is not None:
            self._log.info("actions go on")

    # ------------------------------------------------------------------ what is told

    def _tell_failure(self, what: str, error: ButlerError) -> None:
        if self._failure != error.sentence:
            self._log.warning(what, **told(error))
        else:
            self._log.debug(what, reason=error.sentence)
        self._failure = error.sentence

    def _tell_success(self) -> None:
        if self._failure is not None:
            self._log.info("the watcher reads on", after=self._failure)
        self._failure = None
        self._reached_at = self._monotonic()

    def _publish(self, running: Running) -> None:
        self._published_at = self._monotonic()
        try:
            view = running.watcher.view()
        except JournalUnwritable as error:
            self._show(Shown(failing=(error.sentence,)))
            return
        actor = self._actor
        samples = samples_of(
            view,
            {} if actor is None else dict(actor.outcomes),
            {} if actor is None else dict(actor.last_at),
            has_succeeded=self._failure is None,
        )
        self._show(Shown(samples=samples, failing=tuple(self._why_not_ready()), rows=_rows(view)))

    def _why_not_ready(self) -> list[str]:
        limit = max(60.0, _STALE_POLLS * self._settings.poll_seconds)
        others = [f"actions wait: {reason}" for reason in list(self._failing.values())]
        reasons = [f"the head of the chain was not reached: {self._failure}"] if self._failure else []
        if self._reached_at is None:
            reasons = reasons or ["it has not reached the head of the chain yet"]
        elif self._monotonic() - self._reached_at < limit:
            reasons = []  # a poll that fails now and then is no reason
        elif not reasons:
            reasons = ["the head of the chain was not reached for long: the nodes contradict each other"]
        return reasons + others


def _rows(view: View) -> tuple[tuple[str, str], ...]:
    noticed, final = view.checkpoint.noticed, view.checkpoint.final
    pending = {
        f"{kind.value}, {state.value}": str(count)
        for (kind, state), count in view.counts.items()
        if state.is_open and count
    }
    waiting = sum(view.counts.get((kind, IntentState.WAITING), 0) for kind in ActionKind)
    return (
        ("newest block noticed", "none" if noticed is None else str(noticed.number)),
        ("last final block", "none" if final is None else str(final.number)),
        ("waiting for approval", str(waiting)),
        *pending.items(),
    )
