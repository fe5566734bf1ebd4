"""Ends what threads of ours wait for: answers, pauses between retries, their turn within a rate limit.

A thread cannot be stopped from outside while it waits on a socket for half a minute. So threads that work for somebody
who may lose interest carry a sign::

    sign = StopSign()
    with sign:            # in each of the threads
        rpc.call(...)     # raises Stopped soon after sign.show(), whoever calls that
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aztec_butler.clients.connections import Connection


class Stopped(Exception):
    """The sign was shown: nobody wants the result any more. No fault of any node."""


class StopSign:
    """Tells the threads that carry it to stop. It cannot be taken back."""

    def __init__(self) -> None:
        self._shown = threading.Event()
        self._lock = threading.Lock()
        self._waited_on: set[Connection] = set()

    def __enter__(self) -> Self:
        _carried.sign = self
        return self

    def __exit__(self, *_: object) -> None:
        _carried.sign = None

    def show(self) -> None:
        """Stop them. What they are connecting to ends within the time-out for that, everything else at once."""
        with self._lock:
            self._shown.set()
            connections = list(self._waited_on)
        for connection in connections:
            connection.break_off()

    def check(self) -> None:
        """Go on, or not.

        Raises:
            Stopped: the sign was shown.
        """
        if self._shown.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Wait, unless it is or gets shown.

        Raises:
            Stopped: the sign was shown.
        """
        if self._shown.wait(seconds):
            raise Stopped

    @contextmanager
    def breaking_off(self, connection: Connection) -> Iterator[None]:
        """End what a thread waits for on a connection when it is shown; whoever registers, checks afterwards."""
        with self._lock:
            self._waited_on.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._waited_on.discard(connection)


class _Carried(threading.local):
    sign: StopSign | None = None


_carried = _Carried()


def check() -> None:
    """Raise ``Stopped`` if this thread carries a sign, and it was shown."""
    if _carried.sign is not None:
        _carried.sign.check()


def sleep(seconds: float) -> None:
    """``time.sleep``, ended by the sign that this thread carries.

    Raises:
        Stopped: the sign was shown.
    """
    if _carried.sign is None:
        time.sleep(seconds)
    else:
        _carried.sign.sleep(seconds)


@contextmanager
def breaking_off(connection: Connection) -> Iterator[None]:
    """While this thread waits on a connection, the sign that it carries ends the wait; see ``check``."""
    if _carried.sign is None:
        yield
    else:
        with _carried.sign.breaking_off(connection):
            yield
