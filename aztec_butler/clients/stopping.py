"""Ends what threads of ours wait for: answers, pauses between retries, their turn within a rate limit.

A thread cannot be stopped from outside while it waits on a socket for half a minute. So threads that work for somebody
who may lose interest carry a sign, or several, one inside the other::

    sign = StopSign()
    with sign:            # in each of the threads
        rpc.call(...)     # raises Stopped soon after sign.show(), whoever calls that
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aztec_butler.clients.connections import Connection


_BETWEEN_LOOKS_SECONDS: Final = 0.2


class Stopped(Exception):
    """The sign was shown: nobody wants the result any more. No fault of any node."""


class StopSign:
    """Tells the threads that carry it to stop. It cannot be taken back."""

    def __init__(self) -> None:
        self._shown = threading.Event()
        self._lock = threading.Lock()
        self._waited_on: set[Connection] = set()

    def __enter__(self) -> Self:
        _carried.signs = (*_carried.signs, self)
        return self

    def __exit__(self, *_: object) -> None:
        _carried.signs = _carried.signs[:-1]

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
    signs: tuple[StopSign, ...] = ()


_carried = _Carried()


def check() -> None:
    """Raise ``Stopped`` if this thread carries a sign, and it was shown."""
    for sign in _carried.signs:
        sign.check()


def sleep(seconds: float) -> None:
    """``time.sleep``, ended by the sign that this thread carries.

    Raises:
        Stopped: the sign was shown.
    """
    match _carried.signs:
        case ():
            time.sleep(seconds)
        case (sign,):
            sign.sleep(seconds)
        case (*_, sign) as signs:
            # One is waited on; the others are looked at now and then.
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                for each in signs:
                    each.check()
                sign.sleep(min(left, _BETWEEN_LOOKS_SECONDS))
            check()


@contextmanager
def breaking_off(connection: Connection) -> Iterator[None]:
    """While this thread waits on a connection, the sign that it carries ends the wait; see ``check``."""
    with ExitStack() as stack:
        for sign in _carried.signs:
            stack.enter_context(sign.breaking_off(connection))
        yield
