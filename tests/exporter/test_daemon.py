"""The exporter as a process: what starts, changes and ends it, and what does not."""

from __future__ import annotations

import io
import json
import random
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from exporter_process import ExporterProcess
from fault_proxy import FaultyNode, hang

from aztec_butler.exporter.daemon import Daemon
from aztec_butler.exporter.loop import CollectionLoop

pytestmark = pytest.mark.loopback

KEY = "0123456789abcdef0123456789abcdef"
PASSWORD = "correct-horse-battery"
OLD_TOKEN, NEW_TOKEN = "the-first-bearer-token", "the-second-bearer-token"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def secret(tmp_path):
    """Puts a secret into a file that its owner alone may read."""

    def write(name, content):
        path = tmp_path / name
        path.write_text(content)
        path.chmod(0o600)
        return path

    return write


class Supervisor:
    """Listens at a socket, as systemd does."""

    def __init__(self, path):
        self.path = str(path)
        self.heard = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener.bind(self.path)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self):
        while (said := self._listener.recv(4096)) != b"enough":
            self.heard.append(said.decode())

    def close(self):
        if self._thread.is_alive():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"enough", self.path)
            self._thread.join()
        self._listener.close()


@pytest.fixture
def supervisor(tmp_path):
    supervisor = Supervisor(tmp_path / "notify")
    yield supervisor
    supervisor.close()


def test_life__with_nodes_that_are_dead(tmp_path, secret, supervisor):
    dead = f"http://operator:{PASSWORD}@127.0.0.1:{free_port()}/v3/{KEY}"
    first = f"""
        l1_file = "{secret("l1", dead)}"
        l2 = "{dead}"
        l2_admin = "{dead}"
        l2_admin_key_file = "{secret("admin", KEY[::-1])}"
        [exporter]
        listen = "127.0.0.1:0"
        token_file = "{secret("token", OLD_TOKEN)}"
        log_level = "debug"
        intervals = {{ rollup = 0.1, node = 0.1, offenses = 0.1 }}
    """
    environment = {"NOTIFY_SOCKET": supervisor.path, "WATCHDOG_USEC": "300000"}
    with ExporterProcess(tmp_path, first, environment=environment) as exporter:
        assert exporter.get("/healthz")[0] == 200
        assert exporter.get("/metrics")[0] == 401
        exporter.wait_for_event("a collection failed again")

        def reasons():
            status, body = exporter.get("/readyz", token=OLD_TOKEN)
            assert status == 503
            return {each["collector"]: each["reason"] for each in json.loads(body)["failing"]}

        exporter.wait_for("reasons", lambda: all("refused" in reasons()[each] for each in ("node", "rollup")))
        metrics = exporter.metrics(token=OLD_TOKEN)
        assert metrics['aztec_butler_scrape_success{network="mainnet",collector="node"}'] == 0
        assert not [name for name in metrics if "l1_block" in name or "node_tip" in name]
        assert exporter.get("/", token=OLD_TOKEN)[0] == 200

        exporter.reload(first + f'lisen = "{KEY}"')
        assert "did you mean listen?" in exporter.log
        with socket.create_server(("127.0.0.1", 0)) as taken:
            exporter.reload(first.replace("127.0.0.1:0", f"127.0.0.1:{taken.getsockname()[1]}"))
        exporter.reload(first + f'attesters = ["{KEY * 2}"]')
        exporter.reload("[exporter")
        reloads = 'aztec_butler_settings_reloads_total{outcome="%s"}'
        metrics = exporter.metrics(token=OLD_TOKEN)
        assert (metrics[reloads % "refused"], metrics[reloads % "succeeded"]) == (4, 0)

        old_port, new_port = exporter.port, free_port()
        second = first.replace("127.0.0.1:0", f"127.0.0.1:{new_port}")
        exporter.reload(second.replace(str(tmp_path / "token"), str(secret("token 2", NEW_TOKEN))))
        assert exporter.port == new_port
        assert exporter.get("/metrics", token=OLD_TOKEN)[0] == 401
        assert exporter.metrics(token=NEW_TOKEN)[reloads % "succeeded"] == 1
        with pytest.raises(OSError):
            exporter.get("/healthz", port=old_port)
        exporter.reload(second)
        assert exporter.get("/metrics", token=NEW_TOKEN)[0] == 401
        assert exporter.metrics(token=OLD_TOKEN)[reloads % "succeeded"] == 2

        code, seconds = exporter.end()
    supervisor.close()
    heard = supervisor.heard
    assert code == 0
    assert seconds < 5
    assert heard.count("READY=1") == 7
    assert heard.count("WATCHDOG=1") > 3
    assert sum(each.startswith("RELOADING=1\nMONOTONIC_USEC=") for each in heard) == 6
    assert any(each.startswith("STATUS=") and "node of mainnet" in each for each in heard)
    assert heard[-1] == "STOPPING=1"
    everything = "".join(exporter.bodies) + exporter.log + "".join(heard)
    for text in (KEY, KEY[::-1], PASSWORD, OLD_TOKEN, NEW_TOKEN):
        assert text not in everything


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signal__while_nodes_hang__ends_it_in_time(tmp_path, number, expected):
    with FaultyNode() as node:
        node.always(hang())
        settings = (
            f'network = "devnet"\nl1 = "{node.url}"\nl2 = "{node.url}"\n[exporter]\nlisten = "127.0.0.1:0"'
        )
        with ExporterProcess(tmp_path, settings) as exporter:
            exporter.wait_for("requests that hang", lambda: node.request_count > 1)
            code, seconds = exporter.end(number)
    assert code == expected
    assert seconds < 5
    assert "Traceback" not in exporter.log


def test_strangers__a_thousand_and_slow_ones__disturb_no_scrape(tmp_path):
    settings = (
        f'network = "devnet"\nl1 = "http://127.0.0.1:{free_port()}"\n[exporter]\nlisten = "127.0.0.1:0"'
    )
    lines = [
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"BREW /coffee HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"POST /metrics HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    ]

    def talk_nonsense(number):
        content = lines[number % 8] if number % 8 < len(lines) else random.Random(number).randbytes(500)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            try:
                connection.sendall(content)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except ConnectionError:
                pass

    with ExporterProcess(tmp_path, settings) as exporter:
        port = exporter.port
        slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(150)]
        for connection in slow:
            try:
                connection.sendall(b"GET /metrics HTTP/1.1\r\nX-")
            except ConnectionError:
                continue
        done = threading.Event()
        scrapes = []

        def scrape():
            while not done.is_set():
                scrapes.append(exporter.get("/metrics")[0])

        scraper = threading.Thread(target=scrape)
        scraper.start()
        with ThreadPoolExecutor(4) as strangers:
            list(strangers.map(talk_nonsense, range(1000)))
        done.set()
        scraper.join()
        assert len(scrapes) > 3
        assert set(scrapes) == {200}
        assert exporter.get("/healthz")[0] == 200
        for connection in slow:
            connection.close()
        assert exporter.end()[0] == 0
    assert "coffee" not in exporter.log
    assert "Traceback" not in exporter.log


@pytest.mark.parametrize(("seconds", "expected"), [(0.5, True), (31, False)])
def test_watchdog__is_told_only_while_the_loop_turns(monkeypatch, supervisor, seconds, expected):
    monkeypatch.setattr(CollectionLoop, "seconds_since_turn", property(lambda _: seconds))
    daemon = Daemon(
        lambda: pytest.fail("nothing is read"),
        lambda *_: pytest.fail("nothing is connected"),
        version="1",
        stream=io.StringIO(),
        environment={"NOTIFY_SOCKET": supervisor.path},
    )
    daemon._server = object()  # it serves
    daemon._beat()
    supervisor.close()
    assert ("WATCHDOG=1" in supervisor.heard) is expected
    assert any(each.startswith("STATUS=") for each in supervisor.heard)
