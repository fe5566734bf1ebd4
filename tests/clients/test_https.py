"""TLS, plain and through a proxy's tunnel, with a certificate made on the spot."""

import contextlib
import datetime as dt
import socket
import ssl
import threading

import pytest
from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS
from fault_proxy import FaultyNode, close, drip, hang, zipped

from aztec_butler.clients import connections
from aztec_butler.clients.http import HttpTransport
from aztec_butler.clients.jsonrpc import Call, decode_reply, encode_call
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import NodeUnreachable

pytestmark = pytest.mark.loopback

KEY = "0123456789abcdef0123456789abcdef"
REQUEST = encode_call(Call("eth_blockNumber"))


def der(tag, *contents):
    """An ASN.1 value of less than 65 536 bytes."""
    content = b"".join(contents)
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def self_signed(address, name):
    """Certificate and key, as PEM, for an IP address and a host name."""
    key = ECC.generate(curve="P-256")
    algorithm = der(0x30, bytes.fromhex("06082a8648ce3d040302"))  # ecdsa-with-SHA256
    subject = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0C, b"a node"))))
    now = dt.datetime.now(dt.UTC)
    times = [(now + dt.timedelta(days=days)).strftime("%y%m%d%H%M%SZ").encode() for days in (-1, 1)]
    names = der(0x30, der(0x87, socket.inet_aton(address)), der(0x82, name.encode()))
    body = der(
        0x30,
        der(0xA0, der(0x02, b"\x02")),  # version 3
        der(0x02, b"\x01"),
        algorithm,
        subject,
        der(0x30, *(der(0x17, time) for time in times)),
        subject,
        key.public_key().export_key(format="DER"),
        der(0xA3, der(0x30, der(0x30, bytes.fromhex("0603551d11"), der(0x04, names)))),  # subjectAltName
    )
    signature = DSS.new(key, "fips-186-3", encoding="der").sign(SHA256.new(body))
    certificate = der(0x30, body, algorithm, der(0x03, b"\x00", signature))
    return ssl.DER_cert_to_PEM_cert(certificate), key.export_key(format="PEM")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with certificate and key."""
    path = tmp_path_factory.mktemp("tls") / "node.pem"
    path.write_text("\n".join(self_signed("127.0.0.1", "node.invalid")))
    return path


@pytest.fixture
def node(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with FaultyNode(tls=context) as node:
        yield node


@pytest.fixture
def trusted(certificate, monkeypatch):
    """Our side trusts the certificate for the time of the test."""
    context = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(connections, "_tls_context", lambda: context)


def block_number(transport):
    return decode_reply(transport.post(REQUEST.body).body, REQUEST).value()


def test_post__tls__is_answered_over_one_connection(node, trusted):
    with HttpTransport(f"{node.url}/v3/{KEY}") as transport:
        assert [block_number(transport) for _ in range(3)] == ["0x10"] * 3

    assert node.connection_count == 1
    assert node.targets[0] == f"/v3/{KEY}"


def test_post__tls_and_a_certificate_nobody_knows__is_unreachable_for_good(node):
    with HttpTransport(f"{node.url}/v3/{KEY}") as transport, pytest.raises(NodeUnreachable) as caught:
        block_number(transport)

    assert not caught.value.retryable
    assert "certificate" in caught.value.sentence
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("fault", [hang(), drip(0.05), drip(0.05, in_headers=True)])
def test_post__tls_and_an_answer_that_never_ends__ends_at_the_deadline(node, trusted, fault):
    node.always(fault)

    with HttpTransport(node.url, timeout_seconds=0.3) as transport, pytest.raises(NodeUnreachable) as caught:
        block_number(transport)

    assert trouble_of(caught.value) is Trouble.TIMED_OUT


def test_post__tls_and_a_kept_connection_that_died__is_repeated(node, trusted):
    with HttpTransport(node.url) as transport:
        block_number(transport)
        node.drop_connections()
        assert block_number(transport) == "0x10"
        node.script(close(), zipped())
        assert block_number(transport) == "0x10"


def test_post__tls_through_a_tunnel__reaches_the_node(node, trusted):
    asked = []

    def relay(source, sink):
        with contextlib.suppress(OSError):  # either side may go first
            while content := source.recv(65536):
                sink.sendall(content)
            sink.shutdown(socket.SHUT_WR)

    def proxy():
        client, _ = listener.accept()
        with client, socket.create_connection(("127.0.0.1", node.port)) as upstream:
            asked.append(client.recv(65536).decode())
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=relay, args=(upstream, client))
            back.start()
            relay(client, upstream)
            back.join()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=proxy)
        thread.start()
        environment = {"HTTPS_PROXY": f"http://me:pw@127.0.0.1:{listener.getsockname()[1]}"}
        with HttpTransport(f"https://node.invalid/{KEY}", environment=environment) as transport:
            assert [block_number(transport), block_number(transport)] == ["0x10"] * 2
        thread.join()

    assert asked[0].startswith("CONNECT node.invalid:443 HTTP/1.")
    assert "proxy-authorization: Basic bWU6cHc=" in asked[0]
    assert KEY not in asked[0]
