"""HTTP/1.1 to one endpoint: pooled connections, deadlines, and no word about the URL.

The interface, shared by every client of this package::

    transport = HttpTransport("https://node.example/v3/KEY", name="mine")     # or an Endpoint
    response = transport.post(body, timeout_seconds=10)                       # Response(status, headers, body)
    response = transport.get("/status")                                       # below the URL's path
    transport.close()                                                         # or: with HttpTransport(...) as transport

``post``, ``put`` and ``get`` return whatever the other side answered, of any status: what a 400 or a 429 means is for the
client to judge. They raise ``NodeUnreachable`` when no whole answer arrived, and ``NodeRefused`` when what arrived is
no HTTP, too large or not decodable. Safe to use from many threads; each request has a connection to itself.

Only the standard library's ``http.client``: it starts fast, and cassettes can stand in for it. Redirects are not
followed: they would carry the key in the URL to wherever the other side says.
"""

from __future__ import annotations

import enum
import http.client
import os
import socket
import ssl
import time
import zlib
from typing import TYPE_CHECKING, Any, Self

import attrs

from aztec_butler.clients.connections import Connection, ConnectionPool, Deadline
from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.clients.proxies import proxy_for
from aztec_butler.clients.stopping import breaking_off
from aztec_butler.clients.stopping import check as check_stop_sign
from aztec_butler.clients.troubles import Trouble
from aztec_butler.core.errors import InputError, NodeError, NodeRefused, NodeUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_TIMEOUT_SECONDS = 30.0
_MEBIBYTE = 1 << 20
_PIECE_BYTES = 1 << 16
_HEADERS = {"content-type": "application/json", "accept-encoding": "gzip", "user-agent": "aztec-butler"}

# What http.client, socket, ssl, zlib and the idna codec may raise on the way. A test compares this with what they define.
TRANSPORT_EXCEPTIONS = (OSError, http.client.HTTPException, zlib.error, UnicodeError)
# How a connection ends that the other side closed while it rested.
_CLOSED_AT_REST = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError, http.client.RemoteDisconnected)


@attrs.frozen
class Response:
    """A whole HTTP answer of any status.

    Args:
        status: e.g. 200.
        headers: names in lower case; a repeated header keeps its last value.
        body: decoded when it came compressed.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


class HttpTransport:
    """The way to one endpoint.

    Args:
        url: the URL, or an endpoint taken apart already.
        name: how messages call it; None for host and port.
        headers: sent with every request, e.g. an API key.
        timeout_seconds: for a whole exchange: connecting, sending, waiting, reading to the last byte.
        connect_seconds: for connecting, once for each address the name resolves to. Resolving itself is the system's.
        idle_seconds: the longest wait for the next byte; None for whatever is left of the whole.
        max_body_bytes: a larger answer is refused, also when it only grows by unpacking.
        environment: where the proxy variables are looked up; None for the process's own.
        clock: seconds of a monotonic clock.

    Raises:
        SettingsError: not a usable URL, headers or proxy.
    """

    def __init__(
        self,
        url: str | Endpoint,
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        connect_seconds: float = 5.0,
        idle_seconds: float | None = None,
        max_body_bytes: int = 256 * _MEBIBYTE,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.endpoint = url if isinstance(url, Endpoint) else Endpoint.parse(url, name=name, headers=headers)
        self._timeout_seconds = timeout_seconds
        self._connect_seconds = connect_seconds
        self._max_body_bytes = max_body_bytes
        self._clock = clock
        proxy = proxy_for(self.endpoint, os.environ if environment is None else environment)
        self._headers = _HEADERS | dict(self.endpoint.headers)
        if proxy is not None and self.endpoint.scheme == "http":
            self._headers |= {f"proxy-{key}": value for key, value in proxy.headers}
        self._pool = ConnectionPool(lambda: Connection(self.endpoint, proxy, idle_seconds), clock)

    def post(
        self,
        body: bytes,
        *,
        path: str = "",
        timeout_seconds: float | None = None,
        repeatable: bool = True,
        max_body_bytes: int | None = None,
    ) -> Response:
        """Send a body and wait for the whole answer.

        Args:
            body: JSON.
            path: below the endpoint's path, as for ``get``.
            timeout_seconds: for this exchange; None for the transport's own.
            repeatable: whether doing it twice does no harm. Such a request is sent once more, silently, when a
                kept-alive connection turns out to have been closed; any other then ends in an error.
            max_body_bytes: a larger answer is refused, where the transport's own limit is not lower.

        Raises:
            NodeUnreachable: no whole answer arrived.
            NodeRefused: the answer is no HTTP, too large, or not decodable.
        """
        return self._exchange(
            "POST",
            self._below(path),
            body,
            timeout_seconds,
            repeatable=repeatable,
            max_body_bytes=max_body_bytes,
        )

    def put(self, body: bytes, *, path: str = "", timeout_seconds: float | None = None) -> Response:
        """Put a body in the place of what is there, and wait for the whole answer. Once or twice is the same.

        Args:
            body: of the type that the transport's headers name.
            path: below the endpoint's path, as for ``get``.
            timeout_seconds: for this exchange; None for the transport's own.

        Raises:
            NodeUnreachable: no whole answer arrived.
            NodeRefused: the answer is no HTTP, too large, or not decodable.
        """
        return self._exchange("PUT", self._below(path), body, timeout_seconds, repeatable=True)

    def get(self, path: str, *, timeout_seconds: float | None = None) -> Response:
        """Ask for something below the endpoint's path, with the endpoint's query and headers.

        Args:
            path: e.g. ``/status`` or ``/blocks?limit=5``; no secrets.
            timeout_seconds: for this exchange; None for the transport's own.

        Raises:
            NodeUnreachable: no whole answer arrived.
            NodeRefused: the answer is no HTTP, too large, or not decodable.
        """
        return self._exchange("GET", self._below(path), None, timeout_seconds, repeatable=True)

    def close(self) -> None:
        """Close the connections; the transport cannot be used again."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<HttpTransport {self.endpoint.name}>"

    def _below(self, path: str) -> str:
        if not path:
            return self.endpoint.target
        base, mark, query = self.endpoint.target.partition("?")
        return base.rstrip("/") + path + ("&" if mark and "?" in path else mark) + query

    def _exchange(
        self,
        method: str,
        target: str,
        body: bytes | None,
        timeout_seconds: float | None,
        *,
        repeatable: bool,
        max_body_bytes: int | None = None,
    ) -> Response:
        if self._pool.is_closed:
            raise InputError(
                "this connection was closed and cannot be used again", endpoint=self.endpoint.name
            )
        seconds = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        deadline = Deadline(seconds, self._clock)
        limit = min(self._max_body_bytes, max_body_bytes or self._max_body_bytes)
        outcome = self._try(self._pool.take(), method, target, body, deadline, limit)
        if isinstance(outcome, _Failure) and outcome.was_dead_at_rest and repeatable:
            outcome = self._try(self._pool.take_new(), method, target, body, deadline, limit)
        if isinstance(outcome, Response):
            return outcome
        # Raised outside of any except clause: the cause's text and traceback may hold the URL.
        raise outcome.error(self.endpoint, seconds, repeatable=repeatable)

    def _try(
        self,
        connection: Connection,
        method: str,
        target: str,
        body: bytes | None,
        deadline: Deadline,
        limit: int,
    ) -> Response | _Failure:
        with breaking_off(connection):
            return self._attempt(connection, method, target, body, deadline, limit)

    def _attempt(
        self,
        connection: Connection,
        method: str,
        target: str,
        body: bytes | None,
        deadline: Deadline,
        limit: int,
    ) -> Response | _Failure:
        stage = _Stage.CONNECTING
        was_reused = connection.has_answered
        response = None
        try:
            check_stop_sign()
            if not was_reused:
                connection.open(deadline, self._connect_seconds)
            check_stop_sign()
            stage = _Stage.SENDING
            connection.send(method, target, body, self._headers, deadline)
            stage = _Stage.WAITING
            answer = connection.receive()
            stage = _Stage.READING
            content = _read(answer, limit)
            if isinstance(content, _TooLarge):
                return _Failure(stage, None, too_large=content)
            response = Response(
                answer.status, {key.lower(): value for key, value in answer.getheaders()}, content
            )
        except TRANSPORT_EXCEPTIONS as cause:
            check_stop_sign()  # then nobody else is to blame
            is_dead = was_reused and connection.received_bytes == 0 and isinstance(cause, _CLOSED_AT_REST)
            return _Failure(stage, cause, was_dead_at_rest=is_dead)
        finally:
            # Whatever ended this early, an interrupt from the keyboard too: the rest of a reply must not be met again.
            if response is None or getattr(answer, "will_close", True):
                connection.close()
            else:
                self._pool.give_back(connection)
        return response


class _Stage(enum.Enum):
    CONNECTING = enum.auto()
    SENDING = enum.auto()
    WAITING = enum.auto()
    READING = enum.auto()


@attrs.frozen
class _TooLarge:
    """An answer that was not read.

    Args:
        allowed_bytes: the limit.
        bytes: how long it says it is; None when it does not.
    """

    allowed_bytes: int
    bytes: int | None = None


@attrs.frozen
class _Failure:
    """What went wrong and when. Holds the cause only until it is translated, never as the cause of an error."""

    stage: _Stage
    cause: BaseException | None
    too_large: _TooLarge | None = None
    was_dead_at_rest: bool = False

    def error(self, endpoint: Endpoint, seconds: float, *, repeatable: bool) -> NodeError:
        facts: dict[str, Any] = {"endpoint": endpoint.name}
        if self.too_large is not None:
            facts |= attrs.asdict(self.too_large, filter=lambda _, size: size is not None)
            return NodeRefused("the answer is larger than allowed", reason=Trouble.TOO_LARGE, **facts)
        facts["cause"] = type(self.cause).__name__
        error = _translate(self.stage, self.cause, facts)
        if isinstance(self.cause, TimeoutError):
            error.facts["timeout_seconds"] = seconds
        if self.stage is not _Stage.CONNECTING and not repeatable:
            error.retryable = False
            error.hint = "it may have been carried out all the same: look before you send it again"
        return error


def _read(answer: http.client.HTTPResponse, limit: int) -> bytes | _TooLarge:
    """The whole body, unless it is too large."""
    declared = answer.getheader("content-length", "")
    if declared.isdigit() and answer.getheader("transfer-encoding") is None:
        if int(declared) > limit:
            return _TooLarge(limit, int(declared))
        content = answer.read()
    else:
        pieces, size = [], 0
        while piece := answer.read(_PIECE_BYTES):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                return _TooLarge(limit)
        content = b"".join(pieces)
    if answer.getheader("content-encoding", "").lower() not in ("gzip", "x-gzip"):
        return content
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    content = unpacker.decompress(content, limit + 1)
    if len(content) > limit:
        return _TooLarge(limit)
    if not unpacker.eof:
        raise zlib.error
    return content


def _translate(stage: _Stage, cause: BaseException | None, facts: dict[str, Any]) -> NodeError:
    if isinstance(cause, TimeoutError):
        if stage is _Stage.CONNECTING:  # has nothing to do with what would have been asked
            return NodeUnreachable("no connection within the time-out", **facts)
        return NodeUnreachable("no answer within the time-out", reason=Trouble.TIMED_OUT, **facts)
    if isinstance(cause, socket.gaierror):
        again = cause.errno == socket.EAI_AGAIN
        hint = None if again else "check the host name, and that this machine is online"
        return NodeUnreachable("the host name does not resolve", hint=hint, retryable=again, **facts)
    if isinstance(cause, UnicodeError):
        return NodeUnreachable("the host name is not well formed", retryable=False, **facts)
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "a proxy or a wrong clock may be the reason; SSL_CERT_FILE names another certificate store"
        return NodeUnreachable("the certificate cannot be verified", hint=hint, retryable=False, **facts)
    if isinstance(cause, zlib.error):
        return NodeRefused("the answer is not the gzip it claims to be", retryable=True, **facts)
    if isinstance(cause, ConnectionRefusedError):
        hint = "is the node running, and is this its port?"
        return NodeUnreachable("the connection was refused", hint=hint, **facts)
    if stage is _Stage.CONNECTING:
        return NodeUnreachable("no connection could be made", **facts)
    if isinstance(cause, (OSError, http.client.IncompleteRead, http.client.RemoteDisconnected)):
        return NodeUnreachable("the connection broke off before the whole answer had arrived", **facts)
    return NodeRefused("the answer is not HTTP", retryable=True, **facts)
