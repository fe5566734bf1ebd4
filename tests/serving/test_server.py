from __future__ import annotations

import http.client
import random
import socket
import ssl
import subprocess
import threading
from http import HTTPStatus

import pytest

from aztec_butler.core.errors import SettingsError
from aztec_butler.serving import server as server_module
from aztec_butler.serving.server import Server
from aztec_butler.serving.site import Answer

pytestmark = pytest.mark.loopback


class EchoSite:
    """Answers with what was asked."""

    def answer(self, method, target, headers):
        return Answer(status=HTTPStatus.OK, content=f"{method} {target} {headers.get('x-test')}".encode())


@pytest.fixture
def server():
    server = Server(EchoSite(), port=0)
    server.start()
    yield server
    server.close()


def address(server):
    host, port = server.url.partition("://")[2].rsplit(":", 1)
    return host, int(port)


def ask(connection, method="GET", target="/metrics", **request):
    connection.request(method, target, **request)
    response = connection.getresponse()
    return response.status, response.read()


def test_server__one_connection__answers_many_requests(server):
    connection = http.client.HTTPConnection(*address(server), timeout=20)
    for number in range(3):
        status, body = ask(connection, headers={"X-Test": str(number)})
        assert (status, body) == (200, f"GET /metrics {number}".encode())
    assert ask(connection, "HEAD") == (200, b"")
    assert ask(connection, "POST", body=b"x" * 100_000) == (200, b"POST /metrics None")
    connection.close()


def test_server__malformed_requests__are_refused_without_echo_and_disturb_nobody(server, capfd):
    random_bytes = random.Random(7)
    lines = [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"SECRET-METHOD /metrics HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nno colon SECRET\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET /metrics HTTP/1.1\r\ncontent-length: -SECRET\r\n\r\n",
    ]
    for number in range(200):
        nonsense = lines[number % 10] if number % 10 < len(lines) else random_bytes.randbytes(400)
        with socket.create_connection(address(server), timeout=20) as connection:
            try:
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
                reply = b"".join(iter(lambda: connection.recv(65536), b""))
            except ConnectionError:
                continue
            assert b"SECRET" not in reply
    connection = http.client.HTTPConnection(*address(server), timeout=20)
    assert ask(connection)[0] == 200
    connection.close()
    assert capfd.readouterr() == ("", "")


def test_server__more_slow_connections_than_it_holds__still_answers(server, monkeypatch):
    monkeypatch.setattr(server_module, "_CONNECTIONS", 8)
    monkeypatch.setattr(server_module, "_REQUEST_SECONDS", 1000)
    monkeypatch.setattr(server_module._Handler, "timeout", 1000)
    slow = [socket.create_connection(address(server), timeout=20) for _ in range(40)]
    for connection in slow:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nX-")
    connection = http.client.HTTPConnection(*address(server), timeout=20)
    assert ask(connection)[0] == 200
    assert slow[0].recv(1) == b""  # who has waited longest made room
    for held in [*slow, connection]:
        held.close()


def test_server__request_that_drips__is_cut(server, monkeypatch):
    monkeypatch.setattr(server_module, "_REQUEST_SECONDS", 0.3)
    with socket.create_connection(address(server), timeout=20) as connection:
        connection.settimeout(0.1)
        for _ in range(100):
            try:
                connection.sendall(b"X")
                if connection.recv(10) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            pytest.fail("it listened for as long as bytes came")


def test_server__closed__lets_go_of_its_port_and_threads(server):
    with socket.create_connection(address(server), timeout=20) as held:
        held.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert held.recv(15) == b"HTTP/1.1 200 OK"
        server.close()
        while held.recv(1000):
            pass
    with pytest.raises(OSError):
        socket.create_connection(address(server), timeout=1).close()
    assert not [thread for thread in threading.enumerate() if thread.name == "exporter server"]


def test_server__port_taken__says_so(server):
    host, port = address(server)
    with pytest.raises(SettingsError, match="cannot listen") as caught:
        Server(EchoSite(), host=host, port=port)
    assert caught.value.facts["port"] == port


def test_server__with_a_certificate__speaks_tls_and_survives_who_does_not(tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    server = Server(EchoSite(), port=0, certificate=certificate, key=key)
    server.start()
    try:
        silent = socket.create_connection(address(server), timeout=20)
        plain = socket.create_connection(address(server), timeout=20)
        plain.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        context = ssl.create_default_context(cafile=certificate)
        connection = http.client.HTTPSConnection(*address(server), context=context, timeout=20)
        assert server.url.startswith("https://")
        assert ask(connection)[0] == 200
        for held in (silent, plain, connection):
            held.close()
    finally:
        server.close()


def test_server__another_site__answers_on_connections_that_are_open(server, tmp_path):
    class Other:
        def answer(self, *_):
            return Answer(status=HTTPStatus.OK, content=b"other")

    connection = http.client.HTTPConnection(*address(server), timeout=20)
    ask(connection)
    with pytest.raises(SettingsError, match="certificate"):
        server.replace(Other(), certificate=tmp_path / "missing.pem")
    assert ask(connection)[1].startswith(b"GET")
    server.replace(Other())
    assert ask(connection) == (200, b"other")
    connection.close()


def test_server__certificate_that_is_none__says_so(tmp_path):
    path = tmp_path / "cert.pem"
    path.write_text("no certificate")
    with pytest.raises(SettingsError, match="certificate"):
        Server(EchoSite(), port=0, certificate=path)
    with pytest.raises(SettingsError, match="certificate"):
        Server(EchoSite(), port=0, certificate=tmp_path / "missing.pem")
