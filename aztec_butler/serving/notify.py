"""What a process tells systemd about itself, where systemd has started it and asks for it.

A datagram to the socket that the environment names; see ``sd_notify(3)``. Without that variable nothing is sent, and
nothing else changes.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

_LONGEST_STATUS: Final = 200
_PATIENCE_SECONDS: Final = 1.0
"""For a supervisor that has not read yet what it was told before: a few datagrams wait for it, then it is waited for."""


class Notifier:
    """Tells a supervisor how it goes. A supervisor that does not listen disturbs nothing.

    Args:
        address: path of the socket, with ``@`` before an abstract name; None where nobody asks.
        watchdog_seconds: a sign of life is wanted at least so often; None for none.
        patience_seconds: how long one that does not read is waited for.

    Attributes:
        watchdog_seconds: as given.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        watchdog_seconds: float | None = None,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._address = address
        self._patience_seconds = patience_seconds
        self.watchdog_seconds = watchdog_seconds

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Notifier:
        """As the environment asks for.

        Args:
            environment: of this process; ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` are looked at.
        """
        microseconds = environment.get("WATCHDOG_USEC", "")
        # A parent may have been meant whose variables we inherited.
        is_meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog = int(microseconds) / 1e6 if microseconds.isdecimal() and is_meant else 0.0
        return cls(environment.get("NOTIFY_SOCKET") or None, watchdog_seconds=watchdog or None)

    def ready(self) -> None:
        """It serves, or serves again after a reload."""
        self._send("READY=1")

    def reloading(self) -> None:
        """It reads its settings anew; ``ready`` says when it has."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def alive(self) -> None:
        """It still works as it should."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What to show people.

        Args:
            text: one line.
        """
        self._send(f"STATUS={' '.join(text.split())[:_LONGEST_STATUS]}")

    def stopping(self) -> None:
        """It is about to end."""
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        # An abstract name begins with a zero byte, which no environment can hold.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.settimeout(self._patience_seconds)
            sender.sendto("\n".join(lines).encode(), address)
