"""Hosts that answer, refuse or are of another chain, as series."""

from __future__ import annotations

import socket
import time

import pytest
from fault_proxy import FaultyNode, delay, html
from metric_values import values_of
from node_stand_in import AztecStandIn

from aztec_butler.core.hosts import Host
from aztec_butler.exporter.collectors import hosts

pytestmark = pytest.mark.loopback

CHAIN = 31337
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def resolve(name, _port):
    if name != "seq.example":
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [(socket.AF_INET, None, 0, "", ("10.0.0.1", 0))]


def ethereum():
    header = {"number": "0x3e8", "hash": "0x" + "cd" * 32, "timestamp": hex(int(time.time()))}
    return FaultyNode(
        {
            "eth_getBlockByNumber": lambda *_: header,
            "eth_syncing": False,
            "web3_clientVersion": "Geth/v1",
        }
    )


def found(*named, **options):
    collector = hosts.collector("devnet", named, **{"chain_id": CHAIN, "resolve": resolve} | options)
    return values_of(collector.collect())


def test_hosts__everything_answers__up_and_how_fast(listener):
    with AztecStandIn() as aztec, ethereum() as first, ethereum() as second:
        second.always(delay(0.2))
        shown = found(
            Host(
                name="a",
                address="127.0.0.1",
                p2p_port=listener,
                aztec=aztec.url,
                ethereum=(first.url, second.url),
            ),
            Host(name="b", address="seq.example"),
        )
    series = {("a", "p2p"), ("a", "aztec"), ("a", "ethereum 1"), ("a", "ethereum 2"), ("b", "dns")}
    assert shown["host_up"] == dict.fromkeys(series, 1)
    assert set(shown["host_latency_seconds"]) == series
    assert shown["host_latency_seconds"]["a", "ethereum 2"] >= 0.2
    assert all(seconds >= 0 for seconds in shown["host_latency_seconds"].values())


def test_hosts__nothing_answers__down_and_no_latency():
    shown = found(
        Host(name="a", address="127.0.0.1", p2p_port=1, aztec=f"http://127.0.0.1:1/{KEY}"),
        Host(name="b", address="nowhere.example", ethereum=(f"http://127.0.0.1:1/{KEY}",)),
    )
    assert set(shown["host_up"].values()) == {0}
    assert shown["host_latency_seconds"] == {}
    assert KEY not in repr(shown)


def test_hosts__aztec_node_that_stands_still__answers_and_is_not_up():
    with AztecStandIn(age_seconds=3600) as aztec, html_only() as page:
        shown = found(Host(name="a", aztec=aztec.url), Host(name="b", aztec=page.url))
    assert shown["host_up"] == {("a", "aztec"): 0, ("b", "aztec"): 0}
    assert set(shown["host_latency_seconds"]) == {("a", "aztec")}


def html_only():
    node = FaultyNode()
    node.always(html())
    return node


def test_hosts__of_another_chain__answer_and_are_not_up():
    with AztecStandIn() as aztec, ethereum() as node:
        shown = found(Host(name="a", aztec=aztec.url, ethereum=(node.url,)), chain_id=1)
    assert set(shown["host_up"].values()) == {0}
    assert len(shown["host_latency_seconds"]) == 2


def test_hosts__one_that_never_answers__costs_the_others_nothing(monkeypatch):
    monkeypatch.setattr(hosts, "ANSWER_SECONDS", 0.5)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, ethereum() as node:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        shown = found(Host(name="a", aztec=url), Host(name="b", ethereum=(node.url,)))
    assert shown["host_up"] == {("a", "aztec"): 0, ("b", "ethereum"): 1}
