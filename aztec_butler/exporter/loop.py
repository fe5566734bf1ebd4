"""The loop that collects: every collector at its own pace, none waits for another, and nothing ends it but ``stop``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from aztec_butler.core.errors import ButlerError
from aztec_butler.exporter.board import Board
from aztec_butler.exporter.collector import Collector, Outcome
from aztec_butler.serving.exposition import Samples

_LONGEST_WAIT_SECONDS: Final = 1.0
"""So often the loop turns at least: pages lose what has become too old, and health checks see that it lives."""


class CollectionTimeout(Exception):
    """A collection took longer than it may. It goes on in its thread, but what it finds no longer counts."""


@attrs.define(eq=False)
class _Run:
    """A collection under way."""

    collector: Collector
    began: float
    began_monotonic: float
    samples: Samples | None = None
    error: BaseException | None = None
    is_done: bool = False
    is_given_up: bool = False


@attrs.define(eq=False)
class _Task:
    collector: Collector
    due: float
    run: _Run | None = None


def reason_of(error: BaseException) -> str:
    """Why a collection failed, in words that hold no values and so no secrets."""
    if isinstance(error, ButlerError):
        return error.sentence
    return str(error) if isinstance(error, CollectionTimeout) else type(error).__name__


class CollectionLoop:
    """Runs collectors and posts to a board what they find.

    Args:
        board: where findings go.
        on_outcome: told how each collection went, on the loop's thread. It must not raise.
        clock: Unix seconds.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        board: Board,
        *,
        on_outcome: Callable[[Outcome], None],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board = board
        self._on_outcome = on_outcome
        self._clock = clock
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._tasks: list[_Task] = []
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._turned = monotonic()

    @property
    def seconds_since_turn(self) -> float:
        """How long ago the loop last turned: more than a few seconds means that it hangs."""
        return self._monotonic() - self._turned

    def replace(self, collectors: Iterable[Collector]) -> None:
        """Run these collectors from now on, and no others. Each starts at once.

        What one of the same name and network found before is shown until it fails, finds something else, or it is too
        old.

        Args:
            collectors: with different names for each network.
        """
        new = list(collectors)
        with self._changed:
            now = self._monotonic()
            stay = {(collector.network, collector.name) for collector in new}
            for task in self._tasks:
                if (task.collector.network, task.collector.name) not in stay:
                    self._board.release(task.collector.network, task.collector.name)
                if task.run is not None:
                    task.run.is_given_up = True
            for collector in new:
                self._board.reserve(
                    collector.network, collector.name, max_age_seconds=collector.max_age_seconds
                )
            self._tasks = [_Task(collector, due=now) for collector in new]
            self._changed.notify_all()
        self._board.refresh()

    def start(self) -> None:
        """Begin to collect, on a thread of its own."""
        self._thread = threading.Thread(target=self._turn_until_stopped, name="collection loop", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the loop. Collections under way are left to themselves."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=_LONGEST_WAIT_SECONDS * 2)

    def run_once(self) -> list[Outcome]:
        """Collect once with every collector, and return when all have ended or have run out of time."""
        outcomes: list[Outcome] = []
        with self._changed:
            for task in self._tasks:
                self._begin(task)
            while len(outcomes) < len(self._tasks):
                found = self._take_results()
                outcomes += found
                if not found:
                    self._changed.wait(self._seconds_to_wait(starts=False))
        self._tell(outcomes)
        return outcomes

    def _turn_until_stopped(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                now = self._monotonic()
                self._turned = now
                for task in self._tasks:
                    if task.run is None and task.due <= now:
                        self._begin(task)
                outcomes = self._take_results()
                if not outcomes:
                    self._changed.wait(self._seconds_to_wait(starts=True))
            self._tell(outcomes)

    def _tell(self, outcomes: list[Outcome]) -> None:
        self._board.refresh()
        for outcome in outcomes:
            self._on_outcome(outcome)

    def _begin(self, task: _Task) -> None:
        now = self._monotonic()
        run = task.run = _Run(task.collector, self._clock(), now)
        # In step with the first start; a collection that takes longer than its interval skips a beat.
        late = max(0.0, now - task.due)
        interval = task.collector.interval_seconds
        task.due += interval * (1 + late // interval)
        thread = threading.Thread(
            target=self._collect,
            args=(run,),
            name=f"collect {task.collector.name} of {task.collector.network}",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread for us just now; the loop goes on
            run.error, run.is_done = error, True

    def _collect(self, run: _Run) -> None:
        try:
            run.samples = run.collector.collect()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told, and it must not end the loop
            run.error = error
        with self._changed:
            run.is_done = True
            self._changed.notify_all()

    def _take_results(self) -> list[Outcome]:
        outcomes = []
        now = self._monotonic()
        for task in self._tasks:
            run = task.run
            if run is None:
                continue
            took = now - run.began_monotonic
            if run.is_done:
                task.run = None
                if not run.is_given_up:
                    outcomes.append(self._post(run, took))
            elif not run.is_given_up and took >= task.collector.timeout_seconds:
                run.is_given_up = True
                run.error = CollectionTimeout("the collection took longer than it may")
                outcomes.append(self._post(run, took))
        return outcomes

    def _post(self, run: _Run, took: float) -> Outcome:
        collector, error = run.collector, run.error
        if error is None and run.samples is not None:
            try:
                self._board.post(collector.network, collector.name, run.samples, began=run.began)
            except Exception as unfit:  # noqa: BLE001 - a collector's bug must not end the loop
                error = unfit
        if error is not None:
            self._board.fail(collector.network, collector.name, began=run.began, reason=reason_of(error))
        return Outcome(collector=collector, duration_seconds=took, error=error)

    def _seconds_to_wait(self, *, starts: bool) -> float:
        now = self._monotonic()
        moments = [now + _LONGEST_WAIT_SECONDS]
        for task in self._tasks:
            if task.run is None:
                if starts:
                    moments.append(task.due)
            elif not task.run.is_given_up:
                moments.append(task.run.began_monotonic + task.collector.timeout_seconds)
        return max(0.0, min(moments) - now)
