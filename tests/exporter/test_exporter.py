from __future__ import annotations

import io
import json

import pytest

from aztec_butler.core.errors import NodeError, NodeUnreachable
from aztec_butler.exporter.collector import Collector, Outcome
from aztec_butler.exporter.exporter import Exporter, OutcomeLog
from aztec_butler.exporter.once import collect_once
from aztec_butler.exporter.settings_reading import read_exporter_settings
from aztec_butler.serving.logs import Redactor, open_log
from aztec_butler.serving.setting_values import LogLevel


class DeadConnection:
    rpc = multicall = None

    def __init__(self, settings, on_request):
        self.on_request = on_request

    def snapshot(self):
        raise NodeUnreachable("no answer", endpoint="127.0.0.1:1")

    def close(self):
        pass


def settings(**own):
    return read_exporter_settings(
        {"l1": "http://127.0.0.1:1"}, {"collectors": "rollup,publishers", **own}, environment={}
    )


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def log(stream):
    return open_log(stream, Redactor(), level=LogLevel.DEBUG)


def events(stream):
    return [(entry["level"], entry["event"]) for entry in map(json.loads, stream.getvalue().splitlines())]


# --------------------------------------------------------------------------- the log of outcomes


def test_outcomes__are_told_when_they_change(log, stream):
    now = 0.0
    tell = OutcomeLog(log, monotonic=lambda: now)
    rollup = Collector(
        name="rollup", network="mainnet", metrics=(), interval_seconds=1, timeout_seconds=1, collect=dict
    )

    def end(error=None):
        tell(Outcome(collector=rollup, duration_seconds=0.5, error=error))

    end()
    end()
    end(NodeUnreachable("no answer", endpoint="a"))
    now = 60.0
    end(NodeUnreachable("no answer", endpoint="b"))
    end(KeyError("a bug"))
    now = 90.0
    end()
    assert events(stream) == [
        ("info", "a collector succeeded for the first time"),
        ("debug", "collected"),
        ("warning", "a collection failed"),
        ("debug", "a collection failed again"),
        ("warning", "a collection failed"),
        ("info", "a collector succeeds again"),
    ]
    entries = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert entries[2]["facts"] == {"endpoint": "a"}
    assert "KeyError" in entries[4]["exception"]
    assert entries[5]["failed_for_seconds"] == 90


# --------------------------------------------------------------------------- once


def test_once__a_collector_failed__what_the_others_found_is_written_all_the_same(tmp_path, log):
    path = tmp_path / "aztec_butler.prom"
    with pytest.raises(NodeError, match="a collector failed") as caught:
        collect_once(settings(textfile=str(path)), DeadConnection, log, version="1.2.3", show=pytest.fail)
    assert (caught.value.exit_code, caught.value.facts["failed"]) == (3, "rollup of mainnet")
    text = path.read_text()
    assert 'aztec_butler_scrape_success{network="mainnet",collector="rollup"} 0' in text
    assert 'aztec_butler_scrape_success{network="mainnet",collector="publishers"} 1' in text
    assert 'aztec_butler_build_info{python_version="' in text
    assert "aztec_butler_l1_block" not in text


def test_once__all_well__is_shown_in_silence(log, stream):
    shown = []
    wanted = settings(collectors="publishers")
    collect_once(wanted, DeadConnection, log.bind(), version="1.2.3", show=shown.append)
    assert b'collector="publishers"} 1' in shown[0]
    assert {level for level, _ in events(stream)} <= {"info", "debug"}


@pytest.mark.loopback
def test_once__the_gateway_is_away__the_file_is_written(tmp_path, log):
    path = tmp_path / "aztec_butler.prom"
    wanted = settings(collectors="publishers", textfile=str(path), push="http://127.0.0.1:1")
    with pytest.raises(NodeError):
        collect_once(wanted, DeadConnection, log, version="1.2.3", show=pytest.fail)
    assert path.exists()


# --------------------------------------------------------------------------- requests


def test_requests__of_a_connection__are_counted_under_its_network(log):
    exporter = Exporter(DeadConnection, log, version="1.2.3")
    assembly = exporter.prepare(settings())
    exporter.use(assembly)
    opened = assembly.readers["mainnet"].source._open()

    class Request:
        endpoint, method, outcome, seconds = "node-1", "eth_call", "ok", 0.1

    opened.on_request(Request())
    exporter.close()
    assert (
        b'aztec_butler_rpc_requests_total{endpoint="node-1",method="eth_call",network="mainnet"'
        in exporter.page()
    )


@pytest.mark.loopback
def test_requests__to_an_aztec_node_and_its_admin_port__are_counted_too(log):
    exporter = Exporter(DeadConnection, log, version="1.2.3")
    wanted = read_exporter_settings(
        {"l1": "http://127.0.0.1:1", "l2": "http://127.0.0.1:2"},
        {},
        environment={"AZTEC_BUTLER_L2_ADMIN": "http://127.0.0.1:3"},
    )
    node = exporter.prepare(wanted).readers["mainnet"].node
    for ask in (node.get_is_ready, node.get_slash_offenses):
        with pytest.raises(NodeError):
            ask()
    node.close()
    page = exporter.page().decode()
    for port, method in ((2, "aztec_isReady"), (3, "aztecAdmin_getSlashOffenses")):
        labels = f'endpoint="127.0.0.1:{port}",method="{method}",network="mainnet",outcome="unreachable"'
        assert f"aztec_butler_rpc_requests_total{{{labels}}} 3" in page
        labels = f'endpoint="127.0.0.1:{port}",network="mainnet"'
        assert f"aztec_butler_rpc_request_duration_seconds_count{{{labels}}} 3" in page
