from __future__ import annotations

import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aztec_butler.core.errors import NodeRefused, NodeUnreachable
from aztec_butler.exporter.push import push_metrics

pytestmark = pytest.mark.loopback
PASSWORD = "correct-horse-battery"


class Gateway:
    """A Pushgateway that remembers, and answers with a status."""

    def __init__(self):
        self.requests = []
        self.status, self.words = 200, b""
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                gateway.requests.append((self.path, dict(self.headers.items()), body))
                self.send_response(gateway.status)
                self.send_header("content-length", str(len(gateway.words)))
                self.end_headers()
                self.wfile.write(gateway.words)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def url(self):
        return f"http://operator:{PASSWORD}@127.0.0.1:{self.server.server_port}/gateway"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def gateway():
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.mark.parametrize("status", [200, 202])
def test_push__puts_the_page_under_its_labels(gateway, status):
    gateway.status = status
    push_metrics(gateway.url, b"a 1\n", job="aztec butler", instance="machine/1")
    ((path, headers, body),) = gateway.requests
    assert path == "/gateway/metrics/job/aztec%20butler/instance@base64/bWFjaGluZS8x"
    assert body == b"a 1\n"
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert headers["authorization"] == "Basic " + b64encode(f"operator:{PASSWORD}".encode()).decode()


def test_push__refused__says_what_the_gateway_said_and_no_secret(gateway):
    gateway.status, gateway.words = 400, f"inconsistent, {PASSWORD}".encode()
    with pytest.raises(NodeRefused, match="did not take") as caught:
        push_metrics(gateway.url, b"a 1\n", job="j", instance="i")
    assert caught.value.facts["http_status"] == 400
    assert "inconsistent" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_push__nobody_there__is_a_node_that_is_not_reached(gateway):
    url = gateway.url
    gateway.close()
    with pytest.raises(NodeUnreachable) as caught:
        push_metrics(url, b"a 1\n", job="j", instance="i")
    assert PASSWORD not in str(caught.value)
