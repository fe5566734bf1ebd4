"""The transport against a server that misbehaves: a whole answer or a named error, and no word about the URL."""

import gc
import http.client
import socket
import ssl
import threading
import time
import zlib

import pytest
from fault_proxy import (
    FaultyNode,
    body,
    chunked,
    close,
    close_in_the_middle,
    delay,
    drip,
    hang,
    http_status,
    no_http,
    reset,
    reset_in_the_middle,
    zipped,
)

from aztec_butler.clients import http as transport_module
from aztec_butler.clients.connections import Connection
from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.clients.http import TRANSPORT_EXCEPTIONS, HttpTransport
from aztec_butler.clients.jsonrpc import Call, decode_reply, encode_call
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import ButlerError, InputError, NodeError, NodeRefused, NodeUnreachable

KEY = "0123456789abcdef0123456789abcdef"
REQUEST = encode_call(Call("eth_blockNumber"))
loopback = pytest.mark.loopback


@pytest.fixture
def node():
    with FaultyNode() as node:
        yield node


def transport_to(node, path=f"/v3/{KEY}?apikey={KEY}", **options):
    return HttpTransport(node.url + path, environment={}, **({"timeout_seconds": 5.0} | options))


def block_number(transport, **options):
    return decode_reply(transport.post(REQUEST.body, **options).body, REQUEST).value()


# ---------------------------------------------------------------------- whole answers


@loopback
@pytest.mark.parametrize(
    "fault", [zipped(), chunked(), delay(0.05), drip(0.0005), drip(0.0005, in_headers=True)]
)
def test_post__strange_but_whole_answer__is_read(node, fault):
    node.always(fault)

    with transport_to(node) as transport:
        assert block_number(transport) == "0x10"


@loopback
@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
def test_post__last_answer_of_a_connection__body_after_the_headers__is_read(version):
    answer = b'{"jsonrpc":"2.0","id":%d,"result":"0x1"}' % REQUEST.first_id

    def serve(listener):
        with listener.accept()[0] as connection:
            while not connection.recv(65536).endswith(b"}"):
                pass
            connection.sendall(version + b" 200 OK\r\nconnection: close\r\n\r\n")
            time.sleep(0.1)  # the headers are read by now, and nothing else
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=[listener])
        server.start()
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert block_number(HttpTransport(endpoint, environment={})) == "0x1"
        server.join()


@loopback
def test_post__many_requests__share_one_connection(node):
    with transport_to(node) as transport:
        for _ in range(5):
            block_number(transport)

    assert node.connection_count == 1


@loopback
def test_post__path_query_headers_and_user_info__are_sent(node):
    url = node.url.replace("http://", "http://user:pw@") + f"/v3/{KEY}?a=b"
    with HttpTransport(url, headers={"x-api-key": "k"}, environment={}) as transport:
        block_number(transport)

    assert node.targets == [f"/v3/{KEY}?a=b"]
    assert node.headers[0]["authorization"] == "Basic dXNlcjpwdw=="
    assert node.headers[0]["x-api-key"] == "k"
    assert node.headers[0]["content-type"] == "application/json"
    assert node.headers[0]["host"] == f"127.0.0.1:{node.port}"


@loopback
@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("", "/status"),
        ("/", "/status"),
        ("/aztec/", "/aztec/status"),
        (f"/rpc?key={KEY}", f"/rpc/status?key={KEY}"),
    ],
)
def test_get__path__goes_below_the_endpoint(node, base, expected):
    node.always(http_status(200, b"OK"))

    with transport_to(node, base) as transport:
        assert transport.get("/status").body == b"OK"
        assert transport.post(REQUEST.body, path="/status").body == b"OK"

    assert node.targets == [expected, expected]


@loopback
@pytest.mark.parametrize(
    ("base", "expected"),
    [("/tx", "/tx/blocks?limit=5"), (f"/rpc?key={KEY}", f"/rpc/blocks?limit=5&key={KEY}")],
    ids=["plain", "key in the query"],
)
def test_get__path_with_a_query__joins_the_endpoints(node, base, expected):
    node.always(http_status(200, b"OK"))

    with transport_to(node, base) as transport:
        transport.get("/blocks?limit=5")

    assert node.targets == [expected]


@loopback
@pytest.mark.parametrize("status", [204, 400, 404, 429, 500, 503])
def test_post__any_status__is_an_answer(node, status):
    node.script(http_status(status, b"" if status == 204 else b"words", retry_after="2"))

    with transport_to(node) as transport:
        response = transport.post(REQUEST.body)

    assert response.status == status
    assert response.headers["retry-after"] == "2"


@loopback
def test_post__from_many_threads__every_answer_reaches_who_asked(node):
    node.answers["eth_getBalance"] = lambda address, _: address
    requests = [encode_call(Call("eth_getBalance", [hex(number), "0x1"])) for number in range(200)]
    results = {}

    def work(part):
        for number in part:
            results[number] = decode_reply(
                transport.post(requests[number].body).body, requests[number]
            ).value()

    with transport_to(node) as transport:
        threads = [threading.Thread(target=work, args=(range(start, 200, 8),)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert results == {number: hex(number) for number in range(200)}
    assert node.connection_count <= 8


# ---------------------------------------------------------------------- kept-alive connections


@loopback
def test_post__connection_closed_while_it_rested__is_replaced_silently(node):
    with transport_to(node) as transport:
        block_number(transport)
        node.drop_connections()
        time.sleep(0.02)
        assert block_number(transport) == "0x10"

    assert node.request_count == 2
    assert node.connection_count == 2


@loopback
@pytest.mark.parametrize("fault", [close, reset])
def test_post__kept_connection_dies_at_the_request__is_repeated_once(node, fault):
    with transport_to(node) as transport:
        block_number(transport)
        node.script(fault())
        assert block_number(transport) == "0x10"

    assert node.request_count == 3


@loopback
def test_post__kept_connection_dies_under_a_write__is_not_repeated(node):
    with transport_to(node) as transport:
        block_number(transport)
        node.script(close())
        with pytest.raises(NodeUnreachable) as caught:
            transport.post(REQUEST.body, repeatable=False)

    assert node.request_count == 2
    assert not caught.value.retryable
    assert "carried out" in caught.value.hint


@loopback
@pytest.mark.parametrize("fault", [close, reset])
def test_post__new_connection_dies__is_an_error_at_once(node, fault):
    node.script(fault())

    with transport_to(node) as transport, pytest.raises(NodeUnreachable) as caught:
        transport.post(REQUEST.body)

    assert node.request_count == 1
    assert caught.value.retryable


@loopback
def test_post__write_after_the_connection_was_closed_at_rest__goes_over_a_new_one(node):
    with transport_to(node) as transport:
        block_number(transport)
        node.drop_connections()
        time.sleep(0.02)
        transport.post(REQUEST.body, repeatable=False)

    assert node.request_count == 2


@loopback
@pytest.mark.parametrize("fault", [close_in_the_middle(), reset_in_the_middle()])
def test_post__after_half_an_answer__is_not_repeated(node, fault):
    with transport_to(node) as transport:
        block_number(transport)
        node.script(fault)
        with pytest.raises(NodeUnreachable, match="broke off"):
            transport.post(REQUEST.body)

    assert node.request_count == 2


@loopback
def test_post__rest_of_a_late_answer__never_reaches_the_next_request(node):
    node.answers["eth_chainId"] = "0x1"
    node.script(delay(0.2))
    chain_id = encode_call(Call("eth_chainId"))

    with transport_to(node) as transport:
        with pytest.raises(NodeUnreachable):
            transport.post(REQUEST.body, timeout_seconds=0.05)
        assert decode_reply(transport.post(chain_id.body).body, chain_id).value() == "0x1"

    assert node.connection_count == 2


@loopback
def test_transport__idle_for_long__connects_anew(node):
    now = [1000.0]
    with transport_to(node, clock=lambda: now[0]) as transport:
        block_number(transport)
        now[0] += 51
        block_number(transport)

    assert node.connection_count == 2


@loopback
def test_transport__closed__cannot_be_used(node):
    transport = transport_to(node)
    block_number(transport)
    transport.close()

    with pytest.raises(InputError):
        transport.post(REQUEST.body)


@loopback
def test_transport__in_a_forked_process__leaves_the_parents_connection_alone(node, monkeypatch):
    with transport_to(node) as transport:
        block_number(transport)
        [parents] = transport._pool._resting
        monkeypatch.setattr("os.getpid", lambda: -1)
        block_number(transport)

    assert node.connection_count == 2
    assert parents.is_usable()
    parents.close()


# ---------------------------------------------------------------------- deadlines


@loopback
@pytest.mark.parametrize(
    "fault", [hang(), drip(0.05), drip(0.05, in_headers=True)], ids=["hang", "drip", "drip-in-headers"]
)
def test_post__answer_that_never_ends__ends_at_the_deadline(node, fault):
    node.always(fault)
    started = time.monotonic()

    with transport_to(node) as transport, pytest.raises(NodeUnreachable) as caught:
        transport.post(REQUEST.body, timeout_seconds=0.3)

    assert 0.25 < time.monotonic() - started < 1.5
    assert trouble_of(caught.value) is Trouble.TIMED_OUT
    assert caught.value.facts["timeout_seconds"] == 0.3


@loopback
def test_post__next_byte_is_late__ends_after_the_idle_time(node):
    node.always(hang())

    with (
        transport_to(node, timeout_seconds=30.0, idle_seconds=0.1) as transport,
        pytest.raises(NodeUnreachable),
    ):
        transport.post(REQUEST.body)


@loopback
def test_post__nobody_accepts__ends_at_the_time_to_connect():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []  # fills the queue of connections, so that one more gets no answer
        try:
            for _ in range(4):
                each = socket.socket()
                each.setblocking(False)
                each.connect_ex(listener.getsockname())
                waiting.append(each)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with (
                HttpTransport(url, connect_seconds=0.2) as transport,
                pytest.raises(NodeUnreachable) as caught,
            ):
                transport.post(REQUEST.body)
        finally:
            for each in waiting:
                each.close()

    assert caught.value.sentence == "no connection within the time-out"
    assert trouble_of(caught.value) is None


# ---------------------------------------------------------------------- broken answers


@loopback
@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        (reset(), NodeUnreachable, "broke off"),
        (close(), NodeUnreachable, "broke off"),
        (reset_in_the_middle(), NodeUnreachable, "broke off"),
        (close_in_the_middle(), NodeUnreachable, "broke off"),
        (no_http(), NodeRefused, "not HTTP"),
        (body(b"no gzip", content_encoding="gzip"), NodeRefused, "gzip"),
        (body(zlib.compress(b"{}" * 500, wbits=31)[:-9], content_encoding="gzip"), NodeRefused, "gzip"),
    ],
    ids=["reset", "close", "half-reset", "half-close", "no-http", "no-gzip", "half-gzip"],
)
def test_post__broken_answer__is_a_named_retryable_error(node, fault, kind, sentence):
    node.always(fault)

    with transport_to(node) as transport, pytest.raises(kind, match=sentence) as caught:
        transport.post(REQUEST.body)

    assert caught.value.retryable
    assert caught.value.facts["endpoint"] == f"127.0.0.1:{node.port}"


@loopback
@pytest.mark.parametrize(
    "fault",
    [
        body(b"x" * 2000),
        body(zlib.compress(b"x" * 2000, wbits=31), content_encoding="gzip"),
        lambda exchange: exchange.send_raw(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n"
        ),
        lambda exchange: exchange.send_raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"),
    ],
    ids=["declared", "zipped", "chunked", "announced"],
)
def test_post__answer_larger_than_allowed__is_refused(node, fault):
    node.script(fault)

    with transport_to(node, max_body_bytes=1999) as transport, pytest.raises(NodeRefused) as caught:
        transport.post(REQUEST.body)

    assert trouble_of(caught.value) is Trouble.TOO_LARGE
    assert caught.value.facts["allowed_bytes"] == 1999


@loopback
def test_post__limit_of_one_request__holds_where_it_is_lower(node):
    node.script(*[body(b"x" * 2000) for _ in range(3)])

    with transport_to(node, max_body_bytes=2000) as transport:
        with pytest.raises(NodeRefused) as caught:
            transport.post(REQUEST.body, max_body_bytes=1999)
        assert (caught.value.facts["bytes"], caught.value.facts["allowed_bytes"]) == (2000, 1999)
        assert transport.post(REQUEST.body, max_body_bytes=5000).body == b"x" * 2000


@loopback
def test_post__answer_as_large_as_allowed__is_read(node):
    node.script(body(b"x" * 2000), body(zlib.compress(b"x" * 2000, wbits=31), content_encoding="gzip"))

    with transport_to(node, max_body_bytes=2000) as transport:
        assert transport.post(REQUEST.body).body == transport.post(REQUEST.body).body == b"x" * 2000


@loopback
def test_post__nobody_listens__is_unreachable():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with (
        HttpTransport(f"http://127.0.0.1:{port}/{KEY}") as transport,
        pytest.raises(NodeUnreachable) as caught,
    ):
        transport.post(REQUEST.body)

    assert caught.value.facts == {"endpoint": f"127.0.0.1:{port}", "cause": "ConnectionRefusedError"}
    assert caught.value.retryable


@loopback
def test_post__tls_to_a_server_without__is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        server = threading.Thread(target=answer)
        server.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/{KEY}"
        with HttpTransport(url) as transport, pytest.raises(NodeUnreachable) as caught:
            transport.post(REQUEST.body)
        server.join()

    assert caught.value.sentence == "no connection could be made"
    assert caught.value.facts["cause"] == "SSLError"


# ---------------------------------------------------------------------- every exception is translated


def subclasses(kind):
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def raisable(kind):
    """An instance of an exception class, however it wants to be made."""
    for arguments in (
        (),
        (f"https://u:p@host/{KEY}",),
        (1, KEY),
        (b"partial",),
        ("idna", "x", 0, 1, KEY),
        ("a", b"x", 0, 1, KEY),
        ("x", 0, 1, KEY),
    ):
        try:
            return kind(*arguments)
        except TypeError:
            continue
    raise AssertionError(kind)


def library_exceptions():
    """Whatever http.client, socket, ssl and zlib may raise, as the running Python defines it."""
    gc.collect()
    roots = [OSError, http.client.HTTPException, zlib.error, UnicodeError]
    found = {*roots, *(each for root in roots for each in subclasses(root))}
    modules = {"builtins", "http.client", "socket", "_socket", "ssl", "_ssl", "zlib", "encodings"}
    return sorted((each for each in found if each.__module__ in modules), key=lambda each: each.__name__)


def test_transport_exceptions__modules_in_use__define_no_others():
    for module in (http.client, socket, ssl, zlib):
        for name, kind in vars(module).items():
            is_public = isinstance(kind, type) and not name.startswith("_")
            if is_public and issubclass(kind, Exception) and kind.__module__ != "builtins":
                assert issubclass(kind, TRANSPORT_EXCEPTIONS), (
                    f"{module.__name__}.{name} would get through untranslated"
                )


class Broken:
    """A connection that raises at one stage."""

    has_answered = False
    received_bytes = 0

    def __init__(self, stage, error):
        self.stage, self.error = stage, error

    def _at(self, stage):
        if stage == self.stage:
            raise self.error

    def open(self, *_):
        self._at("open")

    def send(self, *_):
        self._at("send")

    def receive(self):
        self._at("receive")
        return self

    def getheader(self, *_):
        return ""

    def read(self, *_):
        self._at("read")
        return b""

    def close(self):
        pass


@pytest.mark.parametrize("stage", ["open", "send", "receive", "read"])
@pytest.mark.parametrize("kind", library_exceptions(), ids=lambda kind: kind.__name__)
def test_post__any_exception_of_the_libraries__is_translated_without_leak(monkeypatch, kind, stage):
    transport = HttpTransport(f"https://u:pass@host.example/{KEY}?key={KEY}", environment={})
    monkeypatch.setattr(transport._pool, "take", lambda: Broken(stage, raisable(kind)))

    with pytest.raises(NodeError) as caught:
        transport.post(b"{}")

    assert caught.value.facts["cause"] == kind.__name__
    assert caught.value.facts["endpoint"] == "host.example"
    assert KEY not in everything_told(caught.value)


def everything_told(error):
    """All text that a log of this error, of its causes and of its traceback could show."""
    told = []
    while error is not None:
        told += [str(error), repr(error), repr(getattr(error, "facts", "")), repr(error.args)]
        error = error.__cause__ or error.__context__
    return "\n".join(told)


@loopback
@pytest.mark.parametrize("fault", [reset(), no_http(), hang(), close_in_the_middle()])
def test_post__failure_of_any_kind__leaves_no_chain_behind(node, fault):
    node.always(fault)
    url = f"http://user:s3cret@127.0.0.1:{node.port}/v3/{KEY}?apikey={KEY}"

    with HttpTransport(url, timeout_seconds=0.2) as transport, pytest.raises(ButlerError) as caught:
        transport.post(REQUEST.body)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert KEY not in everything_told(caught.value)
    assert "s3cret" not in everything_told(caught.value)


@loopback
def test_response_and_transport__shown__tell_neither_body_nor_url(node):
    node.script(body(KEY.encode(), x_key=KEY))

    with transport_to(node) as transport:
        assert KEY not in repr(transport.post(REQUEST.body)) + repr(transport)


def test_translate__dns_failure__tells_passing_from_lasting():
    endpoint = Endpoint.parse("http://nowhere.example")
    for number, retryable in ((socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)):
        failure = transport_module._Failure(
            transport_module._Stage.CONNECTING, socket.gaierror(number, "Name or service not known")
        )
        error = failure.error(endpoint, 1.0, repeatable=True)

        assert isinstance(error, NodeUnreachable)
        assert error.retryable is retryable


def test_translate__untrusted_certificate__is_not_retried():
    failure = transport_module._Failure(transport_module._Stage.CONNECTING, ssl.SSLCertVerificationError())

    error = failure.error(Endpoint.parse("https://a.example"), 1.0, repeatable=True)

    assert not error.retryable
    assert "certificate" in error.sentence


def test_connection__through_a_proxy__takes_the_url_whole_or_a_tunnel():
    proxy = Endpoint.parse("http://me:pw@proxy.example:3128")
    plain = Connection(Endpoint.parse(f"http://node.example:8545/{KEY}"), proxy, None)
    tls = Connection(Endpoint.parse(f"https://node.example/{KEY}"), proxy, None)

    assert (plain._http.host, plain._http.port, plain._target_prefix) == (
        "proxy.example",
        3128,
        "http://node.example:8545",
    )
    assert (tls._http.host, tls._http.port, tls._http._tunnel_host, tls._http._tunnel_port) == (
        "proxy.example",
        3128,
        "node.example",
        443,
    )
    assert tls._http._tunnel_headers["proxy-authorization"] == "Basic bWU6cHc="


@loopback
def test_post__http_proxy_in_the_environment__is_asked_instead(node):
    environment = {"HTTP_PROXY": f"http://me:pw@127.0.0.1:{node.port}"}

    with HttpTransport(f"http://node.invalid:8545/v3/{KEY}", environment=environment) as transport:
        assert block_number(transport) == "0x10"

    assert node.targets == [f"http://node.invalid:8545/v3/{KEY}"]
    assert node.headers[0]["proxy-authorization"] == "Basic bWU6cHc="
    assert node.headers[0]["host"] == "node.invalid:8545"
