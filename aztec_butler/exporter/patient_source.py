"""A network that is opened when it is first asked, and anew after it turned out to be another one.

Opening asks nothing, so nothing that nodes do keeps the exporter from starting. What a connection has learned for good
(that an endpoint is on another chain, that stored events are of another one) ends with it: the next collection finds
out whether somebody has put it right.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.errors import CheckFailed, SettingsError
from aztec_butler.exporter.source import Source


class OpenSource(Source, Protocol):
    """A connected network that can be closed."""

    def close(self) -> None:
        """Close its connections."""


class PatientSource:
    """A network behind a connection that comes and goes. Safe to use from many threads.

    Args:
        name: value of the label ``network``.
        connect: opens a connection, and asks nothing.
    """

    def __init__(self, name: str, connect: Callable[[], OpenSource]) -> None:
        self._name = name
        self._connect = connect
        self._lock = threading.Lock()
        self._opened: OpenSource | None = None

    @property
    def name(self) -> str:
        """Value of the label ``network``."""
        return self._name

    @property
    def rpc(self) -> Rpc:
        """The door to the Ethereum node."""
        return self._open().rpc

    @property
    def multicall(self) -> Multicall:
        """Many contract reads at one block, through the same door."""
        return self._open().multicall

    def snapshot(self) -> Snapshot:
        """Stake at the newest block, read as far as it is asked for.

        Raises:
            SettingsError: no endpoint is on the right chain.
            NodeError: the node failed.
        """
        opened = self._open()
        try:
            return opened.snapshot()
        except (SettingsError, CheckFailed):
            self._forget(opened)
            raise

    def close(self) -> None:
        """Close the connection; whoever asks later opens another."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _open(self) -> OpenSource:
        with self._lock:
            if self._opened is None:
                self._opened = self._connect()
            return self._opened

    def _forget(self, opened: OpenSource) -> None:
        """Unless another thread has been faster."""
        with self._lock:
            if self._opened is opened:
                self._opened = None
        opened.close()
