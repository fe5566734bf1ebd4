"""Work that waits for an operator's hosts, all at once: every piece has its own time limit, and none waits for another."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

from aztec_butler.core.checks import Check, Outcome

_AT_ONCE: Final = 32


@attrs.frozen
class HostTask:
    """One piece of work that needs the network."""

    host: str
    check: str
    run: Callable[[], Iterator[Check]]
    limit_seconds: float


Found = tuple[list[Check], float | None]
"""What a task found, and after how many seconds the first of it; None when it was not waited for."""


def run_tasks(tasks: Sequence[HostTask]) -> list[Found]:
    """What each task found, in order.

    The threads are daemons, because looking up a name cannot be interrupted: the program must be able to end.
    """
    waiting: queue.SimpleQueue[tuple[int, HostTask]] = queue.SimpleQueue()
    for numbered in enumerate(tasks):
        waiting.put(numbered)
    started: dict[int, float] = {}
    found: dict[int, Found | BaseException] = {}
    changed = threading.Condition()

    def work() -> None:
        while True:
            try:
                number, task = waiting.get_nowait()
            except queue.Empty:
                return
            with changed:
                started[number] = time.monotonic()
                changed.notify()
            result: Found | BaseException
            try:
                result = _timed(task)
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits
                result = error
            with changed:
                found.setdefault(number, result)
                changed.notify()

    for _ in range(min(_AT_ONCE, len(tasks))):
        threading.Thread(target=work, daemon=True, name="aztec-butler-hosts").start()
    with changed:
        while len(found) < len(tasks):
            now = time.monotonic()
            left = [
                started[number] + task.limit_seconds - now
                for number, task in enumerate(tasks)
                if number in started and number not in found
            ]
            if any(seconds <= 0 for seconds in left):
                for number, task in enumerate(tasks):
                    if (
                        number in started
                        and number not in found
                        and started[number] + task.limit_seconds <= now
                    ):
                        found[number] = [_late(task)], None
                        # Its thread is lost; another one takes its place.
                        threading.Thread(target=work, daemon=True, name="aztec-butler-hosts").start()
                continue
            changed.wait(min(left, default=None))
    results = []
    for number in range(len(tasks)):
        result = found[number]
        if isinstance(result, BaseException):
            raise result
        results.append(result)
    return results


def _timed(task: HostTask) -> Found:
    began = time.monotonic()
    checks = []
    seconds = None
    for check in task.run():
        if seconds is None:
            seconds = time.monotonic() - began
        checks.append(check)
    return checks, seconds


def _late(task: HostTask) -> Check:
    return Check(
        outcome=Outcome.FAIL,
        subject=task.host,
        check=task.check,
        finding=f"nothing within {task.limit_seconds:g} s",
        remedy="look whether the host is up and reachable from here, or allow more time with --timeout-seconds",
    )
