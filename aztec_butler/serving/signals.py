"""Signals as messages, so that whoever serves takes them in its own order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

WANTED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def told_of_signals(put: Callable[[signal.Signals], object]) -> Iterator[None]:
    """Hand signals over while this lasts. On the main thread, because signals arrive there.

    Args:
        put: takes one, in the middle of anything: ``queue.SimpleQueue.put`` may be called so.
    """

    def handle(number: int, _: object) -> None:
        put(signal.Signals(number))

    before = {each: signal.signal(each, handle) for each in WANTED}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
