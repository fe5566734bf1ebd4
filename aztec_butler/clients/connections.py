"""Kept-alive connections to one endpoint, each used by one thread at a time.

``http.client`` bounds every single wait on the socket, not their sum: a reply that drips in byte by byte would hang
for ever. So the socket is wrapped once it is connected, and every wait gets what is left until the deadline.
"""

from __future__ import annotations

import functools
import http.client
import io
import os
import select
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aztec_butler.clients.endpoints import Endpoint

_IDLE_SECONDS = 50.0  # load balancers commonly close after 60
_IDLE_CONNECTIONS = 32
_READ_AT_ONCE = 1 << 16


class Deadline:
    """A moment by which something must be done.

    Args:
        seconds: from now.
        clock: seconds of a monotonic clock.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at = clock() + seconds

    def seconds_left(self, at_most: float | None = None) -> float:
        """What is left, above zero.

        Raises:
            TimeoutError: nothing is left.
        """
        left = self._at - self._clock()
        if left <= 0:
            raise TimeoutError
        return left if at_most is None else min(left, at_most)


class Connection:
    """One TCP or TLS connection, with its deadline.

    Args:
        endpoint: the other end.
        proxy: in between, or None.
        idle_seconds: the longest wait for the next piece of a reply; None for whatever the deadline leaves.
    """

    def __init__(self, endpoint: Endpoint, proxy: Endpoint | None, idle_seconds: float | None) -> None:
        self._endpoint = endpoint
        self._idle_seconds = idle_seconds
        self._deadline: Deadline | None = None
        self._socket: socket.socket | None = None
        self._target_prefix = ""
        self.received_bytes = 0
        self.has_answered = False
        self.resting_since = 0.0
        self._http = self._make(endpoint, proxy)

    def _make(self, endpoint: Endpoint, proxy: Endpoint | None) -> http.client.HTTPConnection:
        # Looked up in the module at each call: cassettes put their own classes there.
        peer = proxy or endpoint
        if endpoint.scheme == "http":
            if proxy is not None:
                self._target_prefix = f"http://{_authority(endpoint)}"
            return http.client.HTTPConnection(peer.host, peer.port)
        connection = http.client.HTTPSConnection(peer.host, peer.port, context=_tls_context())
        if proxy is not None:
            connection.set_tunnel(endpoint.host, endpoint.port, headers=_proxy_headers(proxy))
        return connection

    def open(self, deadline: Deadline, connect_seconds: float) -> None:
        """Connect, through TLS if the endpoint asks for it.

        Raises:
            OSError: no connection.
            http.client.HTTPException: the proxy answered nonsense.
        """
        self._http.timeout = deadline.seconds_left(connect_seconds)
        self._http.connect()
        if self._http.sock is not None:  # a cassette has no socket
            self._socket = self._http.sock
            self._http.sock = _BoundedSocket(self, self._http.sock)

    def send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], deadline: Deadline
    ) -> None:
        """Write a request.

        Raises:
            OSError: the connection broke or time ran out.
        """
        self._deadline = deadline
        self.received_bytes = 0
        self._http.request(method, self._target_prefix + target, body=body, headers=dict(headers))

    def receive(self) -> http.client.HTTPResponse:
        """Read the status line and the headers; the body is read from what is returned.

        Raises:
            OSError: the connection broke or time ran out.
            http.client.HTTPException: what arrived is no HTTP.
        """
        return self._http.getresponse()

    def is_usable(self) -> bool:
        """Whether a resting connection is still open as far as one can see without sending."""
        if self._socket is None:
            return True
        if self._socket.fileno() < 0:
            return False
        # Anything to read on a resting connection is its end, or the rest of somebody else's reply.
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)

    def break_off(self) -> None:
        """Wake the thread that waits on it, from another one: its request ends in an error."""
        if isinstance(self._socket, socket.socket):
            with suppress(OSError):
                # Of TCP alone: what TLS keeps about the connection belongs to the other thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; never raises."""
        self._http.close()
        if self._socket is not None:
            self._socket.close()

    def seconds_left(self) -> float | None:
        """How long the next wait on the socket may take."""
        return (
            self._idle_seconds if self._deadline is None else self._deadline.seconds_left(self._idle_seconds)
        )


class ConnectionPool:
    """The resting connections to one endpoint; the one used last is taken first.

    Args:
        make: makes a connection that is not open yet.
        clock: seconds of a monotonic clock.
    """

    def __init__(self, make: Callable[[], Connection], clock: Callable[[], float]) -> None:
        self._make = make
        self._clock = clock
        self._lock = threading.Lock()
        self._resting: list[Connection] = []
        self._process = os.getpid()
        self.is_closed = False

    def take(self) -> Connection:
        """A connection that answered before and still looks open, or else a new one."""
        while True:
            with self._lock:
                if self._process != os.getpid():
                    # After a fork the sockets are shared with the parent: leave them alone, unclosed.
                    self._process, self._resting = os.getpid(), []
                connection = self._resting.pop() if self._resting else None
            if connection is None:
                return self._make()
            if self._clock() - connection.resting_since < _IDLE_SECONDS and connection.is_usable():
                return connection
            connection.close()

    def take_new(self) -> Connection:
        """A new connection. Those at rest are closed: one of them was found dead."""
        self.drop_resting()
        return self._make()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose reply was read to its end."""
        connection.resting_since = self._clock()
        connection.has_answered = True
        with self._lock:
            if not self.is_closed and len(self._resting) < _IDLE_CONNECTIONS:
                self._resting.append(connection)
                return
        connection.close()

    def drop_resting(self) -> None:
        """Close the connections at rest."""
        with self._lock:
            dropped, self._resting = self._resting, []
        for connection in dropped:
            connection.close()

    def close(self) -> None:
        """Close what rests, and whatever is given back from now on."""
        self.is_closed = True
        self.drop_resting()


class _BoundedSocket:
    """What ``http.client`` uses of a socket, with every wait bounded by the connection's deadline."""

    def __init__(self, connection: Connection, wrapped: socket.socket) -> None:
        self._connection = connection
        self._wrapped = wrapped

    def sendall(self, content: bytes) -> None:
        self._wrapped.settimeout(self._connection.seconds_left())
        self._wrapped.sendall(content)

    def makefile(self, *_arguments: Any, **_options: Any) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReader(self._connection, self._wrapped), _READ_AT_ONCE)

    def close(self) -> None:
        """Nothing: ``http.client`` calls it before the body is read, when a reply is to be the connection's last.

        A socket of the standard library stays open for those who read from it; here ``Connection.close`` ends it.
        """


class _BoundedReader(io.RawIOBase):
    """The reading half of ``_BoundedSocket``. Closing it leaves the socket open: the next reply gets its own."""

    def __init__(self, connection: Connection, wrapped: socket.socket) -> None:
        self._connection = connection
        self._wrapped = wrapped

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._wrapped.settimeout(self._connection.seconds_left())
        count = self._wrapped.recv_into(buffer)
        self._connection.received_bytes += count
        return count


@functools.cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads the certificate store: once


def _authority(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port}"


def _proxy_headers(proxy: Endpoint) -> dict[str, str]:
    return {f"proxy-{name}": value for name, value in proxy.headers}
