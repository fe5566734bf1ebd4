"""A JSON-RPC node on this machine that misbehaves on demand; alone, or as a proxy in front of a real one.

::

    with FaultyNode({"eth_blockNumber": "0x10"}) as node:          # or FaultyNode(upstream="http://127.0.0.1:8545")
        node.script(http_status(503), reset(), healthy())          # one fault a request; healthy afterwards
        ...
        assert node.request_count == 3

A fault is a function of an ``Exchange``: the calls that were asked, and the means to answer well, badly or not at all.
``node.script`` lists them for the next requests, ``node.always`` sets one for all, ``node.decide`` takes a function of
the calls. Requests, calls and connections are counted; a batch is one request, and one round trip.
"""

import contextlib
import gzip
import http.client
import json
import socket
import struct
import threading
from urllib.parse import urlsplit

CHAIN_ID = 31337


class NodeSays(Exception):
    """Raised by an answer to send a JSON-RPC error."""

    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({} if data is None else {"data": data})


class FaultyNode:
    """The server. ``answers`` maps a method to its result, or to a function of the parameters that returns it."""

    def __init__(self, answers=None, *, upstream=None, chain_id=CHAIN_ID, batches=True, tls=None, port=0):
        self.answers = {"eth_chainId": hex(chain_id), "eth_blockNumber": "0x10"} | (answers or {})
        self.upstream = upstream
        self.batches = batches
        self.port = port  # 0 until it listens, for a free one
        self.tls = tls  # an ssl.SSLContext, to speak https
        self.requests = []  # the calls of each HTTP request, as (method, params)
        self.headers = []  # and its headers, names in lower case
        self.targets = []  # and its path
        self.connection_count = 0
        self.stopping = threading.Event()
        self._script = []
        self._default = healthy()
        self._decide = None
        self._lock = threading.Lock()
        self._sockets = set()
        self._threads = []

    # ------------------------------------------------------------------ what it does next

    def script(self, *faults):
        """Faults of the next requests, in order; after them the default."""
        with self._lock:
            self._script += faults

    def always(self, fault):
        """The fault of every request that no script covers."""
        self._default = fault

    def decide(self, decide):
        """A function of the calls that returns a fault, or None for the default."""
        self._decide = decide

    @property
    def request_count(self):
        return len(self.requests)

    @property
    def methods(self):
        """The methods asked so far, in order; a batch is a tuple."""
        named = [tuple(method for method, _ in calls) for calls in self.requests]
        return [methods[0] if len(methods) == 1 else methods for methods in named]

    # ------------------------------------------------------------------ life

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def drop_connections(self):
        """Close every open connection, as a server does with idle ones."""
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets.add(connection)
                self.connection_count += 1
            self._start(self._serve, connection)

    def _serve(self, connection):
        if self.tls is not None:
            with self._lock:
                self._sockets.discard(connection)
            try:
                connection = self.tls.wrap_socket(connection, server_side=True)
            except OSError:
                return  # the client does not trust us
            with self._lock:
                self._sockets.add(connection)
        try:
            with connection.makefile("rb") as reader:
                while (exchange := self._receive(connection, reader)) is not None:
                    self._next_fault(exchange.calls)(exchange)
                    if exchange.is_over:
                        return
        except (OSError, ValueError):
            pass  # the client went away, or the node is being stopped
        finally:
            with self._lock:
                self._sockets.discard(connection)
            connection.close()

    def _receive(self, connection, reader):
        line = reader.readline()
        if not line:
            return None
        verb, target, _ = line.decode("latin-1").split(" ", 2)
        headers = {}
        while (line := reader.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", 0)))
        content = json.loads(body) if verb == "POST" else []
        exchange = Exchange(self, connection, content, body)
        with self._lock:
            self.requests.append([(call["method"], call["params"]) for call in exchange.calls])
            self.headers.append(headers)
            self.targets.append(target)
        return exchange

    def _next_fault(self, calls):
        if self._decide is not None:
            fault = self._decide([(call["method"], call["params"]) for call in calls])
            if fault is not None:
                return fault
        with self._lock:
            return self._script.pop(0) if self._script else self._default

    def result_of(self, call):
        """The reply object to one call, as a healthy node gives it."""
        reply = {"jsonrpc": "2.0", "id": call["id"]}
        if call["method"] not in self.answers:
            return reply | {
                "error": {
                    "code": -32601,
                    "message": f"the method {call['method']} does not exist/is not available",
                }
            }
        answer = self.answers[call["method"]]
        try:
            return reply | {"result": answer(*call["params"]) if callable(answer) else answer}
        except NodeSays as error:
            return reply | {"error": error.error}


class Exchange:
    """One HTTP request and what is done about it."""

    def __init__(self, node, connection, content, body):
        self.node = node
        self.connection = connection
        self.is_batch = isinstance(content, list)
        self.calls = content if self.is_batch else [content]
        self.body = body
        self.is_over = False

    def replies(self):
        """What a healthy node answers: a list for a batch, else one object."""
        if self.node.upstream is not None:
            return self._from_upstream()
        if self.is_batch and not self.node.batches:
            return {
                "jsonrpc": "2.0",
                "id": None,
                "error": {"code": -32600, "message": "batch requests are not supported"},
            }
        replies = [self.node.result_of(call) for call in self.calls]
        return replies if self.is_batch else replies[0]

    def _from_upstream(self):
        address = urlsplit(self.node.upstream)
        with contextlib.closing(
            http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        ) as upstream:
            upstream.request("POST", address.path or "/", self.body, {"content-type": "application/json"})
            return json.loads(upstream.getresponse().read())

    def head(self, status, size, headers):
        lines = {"content-type": "application/json", "content-length": str(size)} | headers
        fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
        return f"HTTP/1.1 {status} {http.client.responses.get(status, 'Strange')}\r\n{fields}\r\n".encode(
            "latin-1"
        )

    def send(self, content, *, status=200, headers=None):
        """Answer with JSON, or with bytes as they are."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.connection.sendall(self.head(status, len(body), headers or {}) + body)

    def send_raw(self, content):
        self.connection.sendall(content)

    def pause(self, seconds):
        """Wait, but not beyond the end of the test."""
        self.node.stopping.wait(seconds)

    def hang_up(self, *, hard=False):
        """Close the connection; hard: with a TCP reset."""
        if hard:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.is_over = True


# ---------------------------------------------------------------------- faults


def healthy():
    """No fault."""
    return lambda exchange: exchange.send(exchange.replies())


def delay(seconds):
    """The right answer, late."""

    def fault(exchange):
        exchange.pause(seconds)
        exchange.send(exchange.replies())

    return fault


def hang():
    """No answer at all, and the connection stays open."""
    return lambda exchange: exchange.pause(60)


def http_status(status, body=b"", **headers):
    """An HTTP status with a body; ``retry_after="2"`` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.send(body, status=status, headers=named)


def html(status=200):
    """A web page where JSON was expected."""
    page = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
    return http_status(status, page, content_type="text/html")


def reset():
    """The connection is reset instead of an answer."""
    return lambda exchange: exchange.hang_up(hard=True)


def close():
    """The connection is closed instead of an answer."""
    return lambda exchange: exchange.hang_up()


def reset_in_the_middle():
    """Half of the answer, then a reset."""

    def fault(exchange):
        body = json.dumps(exchange.replies()).encode()
        exchange.send_raw(exchange.head(200, len(body), {}) + body[: len(body) // 2])
        exchange.pause(0.05)  # a reset overtakes what is not read yet
        exchange.hang_up(hard=True)

    return fault


def close_in_the_middle():
    """Half of the answer, then an orderly end."""

    def fault(exchange):
        body = json.dumps(exchange.replies()).encode()
        exchange.send_raw(exchange.head(200, len(body), {}) + body[: len(body) // 2])
        exchange.hang_up()

    return fault


def truncated():
    """Half of the JSON, and a Content-Length that agrees with it."""

    def fault(exchange):
        body = json.dumps(exchange.replies()).encode()
        exchange.send(body[: len(body) // 2])

    return fault


def drip(seconds, *, in_headers=False):
    """The right answer, byte by byte."""

    def fault(exchange):
        body = json.dumps(exchange.replies()).encode()
        head = exchange.head(200, len(body), {})
        if not in_headers:
            exchange.send_raw(head)
            head = b""
        for byte in head + body:
            if exchange.node.stopping.is_set():
                return
            exchange.send_raw(bytes([byte]))
            exchange.pause(seconds)

    return fault


def zipped():
    """The right answer, compressed."""
    return lambda exchange: exchange.send(
        gzip.compress(json.dumps(exchange.replies()).encode()), headers={"content-encoding": "gzip"}
    )


def chunked():
    """The right answer with Transfer-Encoding: chunked."""

    def fault(exchange):
        body = json.dumps(exchange.replies()).encode()
        pieces = [body[start : start + 7] for start in range(0, len(body), 7)]
        content = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        exchange.send_raw(
            exchange.head(200, 0, {"content-length": None, "transfer-encoding": "chunked"}) + content
        )

    return fault


def no_http():
    """Something that is not HTTP."""

    def fault(exchange):
        exchange.send_raw(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n")
        exchange.hang_up()

    return fault


def body(content, *, status=200, **headers):
    """A body as it is, whatever was asked."""
    return http_status(status, content, **headers)


def rpc_error(code, message, data=None, *, status=200, only=None):
    """A JSON-RPC error for every call, or for those of one method; the others are answered."""
    error = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return altered(
        lambda reply, call: _erroneous(reply, error) if only in (None, call["method"]) else reply,
        status=status,
    )


def whole_error(code, message, *, status=200, in_array=False):
    """One JSON-RPC error for the whole request."""

    def fault(exchange):
        reply = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
        exchange.send([reply] if in_array else reply, status=status)

    return fault


def altered(change, *, status=200):
    """The right replies, each changed by a function of reply and call."""

    def fault(exchange):
        replies = exchange.replies()
        if not isinstance(replies, list):
            return exchange.send(change(replies, exchange.calls[0]), status=status)
        changed = [change(reply, call) for reply, call in zip(replies, exchange.calls, strict=True)]
        return exchange.send(changed, status=status)

    return fault


def null_result(only=None):
    """``null`` as the result of every call, or of those of one method."""
    return altered(lambda reply, call: reply | {"result": None} if only in (None, call["method"]) else reply)


def no_result():
    """Replies with neither result nor error."""
    return altered(lambda reply, call: {"jsonrpc": "2.0", "id": reply["id"]})


def wrong_id():
    """Replies to somebody else's question."""
    return altered(lambda reply, call: reply | {"id": reply["id"] + 77})


def on_chain(chain_id):
    """The right replies, of another chain."""
    return altered(
        lambda reply, call: reply | {"result": hex(chain_id)} if call["method"] == "eth_chainId" else reply
    )


def rearranged(change):
    """The replies of a batch as a function of the list rearranges them: out of order, short, doubled."""

    def fault(exchange):
        replies = exchange.replies()
        exchange.send(change(replies) if isinstance(replies, list) else replies)

    return fault


def out_of_order():
    return rearranged(lambda replies: replies[::-1])


def short():
    return rearranged(lambda replies: replies[:-1])


def doubled():
    return rearranged(lambda replies: [*replies[:-1], replies[0]])


def _erroneous(reply, error):
    return {"jsonrpc": "2.0", "id": reply["id"], "error": error}
