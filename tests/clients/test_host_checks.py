"""Hosts on this machine that answer, refuse, stay silent or are of another chain."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from fault_proxy import FaultyNode, http_status

from aztec_butler.clients.host_checks import check_hosts
from aztec_butler.core.checks import Outcome
from aztec_butler.core.hosts import Host

pytestmark = pytest.mark.loopback

KEY = "0123456789abcdef0123456789abcdef"


def head(age=0):
    header = {"number": "0x3e8", "hash": "0x" + "cd" * 32, "timestamp": hex(int(time.time()) - age)}
    return {
        "eth_getBlockByNumber": lambda *_: header,
        "eth_syncing": False,
        "web3_clientVersion": "Geth/v1",
    }


@pytest.fixture
def listener():
    """A port that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def known(name, _port):
    """A resolver that knows one name."""
    if name != "seq.example":
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [
        (socket.AF_INET, None, 0, "", ("10.0.0.1", 0)),
        (socket.AF_INET6, None, 0, "", ("2001:db8::1", 0, 0, 0)),
    ]


def outcomes(*hosts, **options):
    checks = check_hosts(
        hosts, **{"chain_id": 1, "block_seconds": 12, "timeout_seconds": 2, "resolve": known, **options}
    )
    return {(check.subject, check.check): check for check in checks}


def test_check_hosts__everything_answers__ok(listener):
    with FaultyNode(head(), chain_id=1) as node:
        found = outcomes(
            Host(name="a", address="127.0.0.1", p2p_port=listener, ethereum=(node.url,)),
            Host(name="b", address="seq.example"),
        )
    assert {check.outcome for check in found.values()} == {Outcome.OK}
    assert [key for key in found if key[0] == "a"] == [
        ("a", "p2p"),
        ("a", "ethereum reachable"),
        ("a", "ethereum chain"),
        ("a", "ethereum head"),
        ("a", "ethereum finality"),
    ]
    assert found["b", "dns"].finding == "seq.example is 10.0.0.1, 2001:db8::1"


def test_check_hosts__order__that_of_the_file():
    hosts = [Host(name=f"h{n}", address="seq.example") for n in range(100)]
    checks = check_hosts(hosts, chain_id=1, resolve=known)
    assert [check.subject for check in checks] == [host.name for host in hosts]


def test_check_hosts__name_unknown_and_port_closed__failures_with_remedies(listener):
    found = outcomes(
        Host(name="a", address="nothing.example"), Host(name="b", address="127.0.0.1", p2p_port=1)
    )
    assert found["a", "dns"].finding == "nothing.example does not resolve (Name or service not known)"
    assert "refused" in found["b", "p2p"].finding
    assert all(check.outcome is Outcome.FAIL and check.remedy for check in found.values())


def test_check_hosts__nodes_of_another_chain_or_asleep__failures():
    with FaultyNode(head(), chain_id=5) as astray, FaultyNode(head(age=100_000), chain_id=1) as asleep:
        found = outcomes(Host(name="a", ethereum=(astray.url, asleep.url)))
    assert found["a", "ethereum 1 chain"].outcome is Outcome.FAIL
    assert found["a", "ethereum 2 head"].outcome is Outcome.FAIL
    assert ("a", "ethereum 1 head") not in found


def test_check_hosts__aztec_node_of_another_chain__failure():
    names = "registry rollup inbox outbox feeJuice stakingAsset feeJuicePortal coinIssuer rewardDistributor"
    names += " governanceProposer governance gse"
    info = {
        "nodeVersion": "5.2.0",
        "l1ChainId": 11155111,
        "rollupVersion": 7,
        "enr": None,
        "realProofs": True,
        "l1ContractAddresses": {f"{name}Address": "0x" + "00" * 19 + "aa" for name in names.split()},
        "protocolContractAddresses": {},
    }
    with FaultyNode({"aztec_getNodeInfo": info}) as node:
        found = outcomes(Host(name="a", aztec=node.url))
    assert found["a", "aztec reachable"].outcome is Outcome.OK
    assert found["a", "aztec chain"].outcome is Outcome.FAIL


def test_check_hosts__errors_that_quote_the_url__do_not_pass_it_on():
    with FaultyNode(chain_id=1) as node:
        node.always(http_status(401, f"bad key {KEY}".encode()))
        url = f"{node.url}/v3/{KEY}"
        found = outcomes(Host(name="a", aztec=url, ethereum=(url,)))
    assert {check.outcome for check in found.values()} == {Outcome.FAIL}
    assert KEY not in repr(found)


def test_check_hosts__silent_ones__fail_by_themselves_and_hold_up_nobody():
    """More names that never resolve than there are threads, and one behind them that does."""
    release = threading.Event()

    def slow(name, port):
        if name.startswith("slow"):
            release.wait(30)
        return known("seq.example", port)

    hosts = [Host(name=f"s{n}", address=f"slow{n}.example") for n in range(80)] + [
        Host(name="f", address="seq.example")
    ]
    try:
        found = outcomes(*hosts, resolve=slow, timeout_seconds=0.2)
    finally:
        release.set()
    assert found["f", "dns"].outcome is Outcome.OK
    assert found["s0", "dns"].finding == "nothing within 0.2 s"
    assert sum(check.outcome is Outcome.FAIL for check in found.values()) == 80


def test_check_hosts__a_bug_in_a_check__is_not_swallowed():
    def broken(*_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        outcomes(Host(name="a", address="a.example"), resolve=broken)
