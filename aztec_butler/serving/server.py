"""The HTTP server of a long-running process: connections in, answers of a ``Site`` out.

Whoever may reach the port can send nonsense, or nothing at all and very slowly. A connection has so many seconds for a
whole request; when too many wait, the one that has waited longest makes room. So a scrape gets through.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any, Final

from aztec_butler.core.errors import SettingsError
from aztec_butler.serving.site import Answer, Site

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 9464
"""Where OpenTelemetry's exporters for Prometheus listen."""
_REQUEST_SECONDS: Final = 10.0
"""For a whole request, from the first byte to the last, and between two requests of one connection."""
_ANSWER_SECONDS: Final = 30.0
_CONNECTIONS: Final = 128


class Server:
    """Serves a site until it is closed.

    Args:
        site: what is answered.
        host: address to listen at; the default is reached from this machine only.
        port: 0 for any free one.
        certificate: file of a certificate chain in PEM; with it the server speaks TLS.
        key: file of its private key; None when the first file holds it.

    Raises:
        SettingsError: the address cannot be had, or the certificate cannot be used.
    """

    def __init__(
        self,
        site: Site,
        *,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        tls = None if certificate is None else tls_context(certificate, key)
        try:
            self._server = _Listener((host, port), site, tls)
        except OSError as error:
            raise SettingsError(
                "the process cannot listen there",
                hint="name another address or port",
                host=host,
                port=port,
                reason=error.strerror or type(error).__name__,
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="server",
            daemon=True,
        )

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self._server.server_address[:2]
        name = str(host)
        return f"{'http' if self._server.tls is None else 'https'}://{f'[{name}]' if ':' in name else name}:{port}"

    def replace(self, site: Site, *, certificate: Path | None = None, key: Path | None = None) -> None:
        """Answer from another site from the next request on, and read the certificate anew for the next connection.

        Args:
            site: what is answered.
            certificate: as when it was made.
            key: as when it was made.

        Raises:
            SettingsError: the certificate cannot be used; all is as it was.
        """
        self._server.tls = None if certificate is None else tls_context(certificate, key)
        self._server.site = site

    def start(self) -> None:
        """Begin to answer, on threads of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening and cut what is still open."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.cut_all()


def tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """What the server speaks TLS with.

    Args:
        certificate: file of a certificate chain in PEM.
        key: file of its private key; None when the first file holds it.

    Raises:
        SettingsError: one of them cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            "the certificate or its key cannot be used",
            certificate=certificate,
            key=key,
            reason=error.strerror or getattr(error, "reason", None) or type(error).__name__,
        ) from None
    return context


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, address: tuple[str, int], site: Site, tls: ssl.SSLContext | None) -> None:
        self.site = site
        self.tls = tls
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float | None] = {}
        """Since when each connection has been waiting for a request; None while it is being answered."""
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's, which looks the host's name up.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = self.socket.accept()
        connection.settimeout(_REQUEST_SECONDS)
        if self.tls is not None:
            # The handshake is the handler's: here it would hold up everybody.
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            waiting = {held: since for held, since in self._open.items() if since is not None}
            if len(self._open) >= _CONNECTIONS and waiting:
                longest = min(waiting, key=waiting.__getitem__)
                _cut(longest)
                self._open[longest] = None  # once; its thread is about to see it
            self._open[connection] = time.monotonic()
        return connection, address

    def waits(self, connection: socket.socket, *, since: float | None) -> None:
        with self._lock:
            if connection in self._open:
                self._open[connection] = since

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Between two looks at the port: cut whoever has not sent a whole request in time.

        A time-out of the socket is renewed by every byte; this one is not.
        """
        oldest = time.monotonic() - _REQUEST_SECONDS
        with self._lock:
            for connection, since in self._open.items():
                if since is not None and since < oldest:
                    _cut(connection)

    def cut_all(self) -> None:
        with self._lock:
            for connection in self._open:
                _cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a connection that breaks is the peer's affair, and its bytes belong in no log."""


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is gone already


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _REQUEST_SECONDS
    server: _Listener
    command = ""
    # The answer in one packet, and no waiting for more.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def handle_one_request(self) -> None:
        self.server.waits(self.connection, since=time.monotonic())
        super().handle_one_request()

    def do_GET(self) -> None:
        self.server.waits(self.connection, since=None)
        self.connection.settimeout(_ANSWER_SECONDS)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
            # What was sent along is not read, so nothing can follow it.
            self.close_connection = True
        self._send(self.server.site.answer(self.command, self.path, headers))
        self.connection.settimeout(_REQUEST_SECONDS)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 - names of http.server

    def version_string(self) -> str:
        """What the header Server says: no version, which would only help strangers."""
        return "aztec_butler"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Nothing: scrapes are not worth a line each, and what strangers send belongs in no log."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What http.server could not read: a status and nothing that was sent, and the end of the connection."""
        self.close_connection = True
        status = HTTPStatus(code)
        self.request_version = "HTTP/1.1"
        self._send(Answer(status=status, content=f"{status.phrase}\n".encode()))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)
        self.wfile.flush()
