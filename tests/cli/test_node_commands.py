"""``block``, ``node`` and ``doctor`` against nodes on this machine."""

from __future__ import annotations

import json
import time

import pytest
from fault_proxy import FaultyNode, http_status

KEY = "0123456789abcdef0123456789abcdef"
HEADER = {"number": "0x3e8", "hash": "0x" + "cd" * 32, "timestamp": hex(1_700_000_000)}
ROLLUP = "0x00000000000000000000000000000000000000aa"


def l1(**changes):
    return FaultyNode({"eth_getBlockByNumber": lambda *_: HEADER} | changes, chain_id=1)


@pytest.mark.loopback
def test_block__one_request_of_the_right_chain(cli):
    with l1() as node:
        ran = cli("block", "--l1", node.url, "--format", "json")
    assert node.request_count == 1
    assert ("eth_chainId", []) in node.requests[0]
    shown = json.loads(ran.out)
    assert abs(shown.pop("age_seconds") - (time.time() - 1_700_000_000)) < 60
    assert shown == {
        "number": 1000,
        "hash": HEADER["hash"],
        "timestamp": "2023-11-14T22:13:20Z",
        "is_finalized": True,
        "finalized_number": 1000,
        "network": "mainnet",
        "chain_id": 1,
    }


@pytest.mark.loopback
def test_block__table__a_line_per_field(cli):
    with l1() as node:
        ran = cli("block", "--l1", node.url)
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert lines["number"] == "1000"
    assert lines["timestamp"] == "2023-11-14 22:13:20Z"
    assert lines["is_finalized"] == "yes"


@pytest.mark.loopback
def test_block__of_another_chain__exit_2(cli):
    with FaultyNode({"eth_getBlockByNumber": lambda *_: HEADER}, chain_id=5) as node:
        ran = cli("block", "--l1", node.url)
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.loopback
def test_block__not_there__exit_4(cli):
    with l1(eth_getBlockByNumber=lambda name, _: HEADER if name == "finalized" else None) as node:
        ran = cli("block", "--l1", node.url, "--block", "5")
    assert (ran.code, ran.out) == (4, "")


@pytest.mark.loopback
def test_block__endpoint_that_refuses__exit_3_without_the_key(cli):
    with l1() as node:
        node.always(http_status(401, f"bad key {KEY} at http://127.0.0.1/{KEY}".encode()))
        ran = cli("block", "--l1", f"{node.url}/v3/{KEY}")
    assert (ran.code, ran.out) == (3, "")
    assert f"127.0.0.1:{node.port}" in ran.err
    assert KEY not in ran.err


@pytest.mark.loopback
def test_doctor__one_endpoint_dead_and_one_of_another_chain__exit_5_with_what_to_do(cli, monkeypatch):
    monkeypatch.setattr("aztec_butler.clients.policy.RetryPolicy.wait_seconds", lambda *_: 0.0)
    with FaultyNode(chain_id=5) as node, FaultyNode() as l2:
        words = ["doctor", "--l1", f"{node.url},http://127.0.0.1:1/{KEY}", "--l2", l2.url]
        ran = cli(*words)
        machine = cli(*words, "--format", "json")
    assert ran.code == machine.code == 5
    assert "chain 5, expected 1" in ran.out
    assert ran.out.count("fail") == 3
    assert ran.out.count("-> ") == 3
    assert "3 of 4 checks failed" in ran.err
    assert KEY not in ran.out + ran.err + machine.out
    rows = json.loads(machine.out)["rows"]
    assert [row["outcome"] for row in rows] == ["ok", "fail", "fail", "fail"]
    assert {row["subject"].split()[0] for row in rows} == {"L1", "node"}


@pytest.mark.loopback
def test_doctor__without_an_endpoint__that_is_what_is_wrong(cli, monkeypatch):
    with FaultyNode() as l2:
        monkeypatch.setattr("aztec_butler.clients.node_checks.check_node", lambda *_, **__: iter(()))
        ran = cli("doctor", "--l2", l2.url)
    assert ran.code == 5
    assert "no L1 endpoint is set" in ran.out
    assert "--l1" in ran.out


def test_doctor__node_that_nobody_chose__is_no_failure(cli, monkeypatch):
    from aztec_butler.core.checks import Check, Outcome

    failed = Check(outcome=Outcome.FAIL, subject="node x", check="reachable", finding="no", remedy="wait")
    monkeypatch.setattr("aztec_butler.clients.node_checks.check_node", lambda *_, **__: iter((failed,)))
    monkeypatch.setattr("aztec_butler.clients.l1_checks.check_endpoint", lambda *_, **__: iter(()))
    ran = cli("doctor", "--l1", "http://a")
    assert (ran.code, ran.out.split()[0]) == (0, "warn")
    assert cli("doctor", "--l1", "http://a", "--l2", "http://b").code == 5


def test_doctor__quiet__prints_nothing_that_is_ok(cli, monkeypatch):
    from aztec_butler.core.checks import Check, Outcome

    fine = Check(outcome=Outcome.OK, subject="L1 a", check="chain", finding="chain 1")
    monkeypatch.setattr("aztec_butler.clients.node_checks.check_node", lambda *_, **__: iter(()))
    monkeypatch.setattr("aztec_butler.clients.l1_checks.check_endpoint", lambda *_, **__: iter((fine,)))
    ran = cli("doctor", "--l1", "http://a", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


@pytest.fixture
def aztec_node():
    """A node of version 4 whose newest block is as old as the test says."""

    def answer(age: int):
        zero = "0x" + "00" * 32
        tip = {"number": 9, "hash": zero}
        tips = {"block": tip, "checkpoint": tip}
        names = (
            "registry rollup inbox outbox feeJuice stakingAsset feeJuicePortal coinIssuer rewardDistributor"
        )
        names += " governanceProposer governance gse"
        info = {
            "nodeVersion": "4.1.2",
            "l1ChainId": 1,
            "rollupVersion": 7,
            "enr": None,
            "realProofs": True,
            "l1ContractAddresses": {f"{name}Address": ROLLUP for name in names.split()},
            "protocolContractAddresses": {},
        }
        header = {
            "globalVariables": {
                "chainId": "0x1",
                "version": "0x7",
                "blockNumber": 9,
                "slotNumber": "0x9",
                "timestamp": str(int(time.time()) - age),
                "coinbase": ROLLUP,
                "feeRecipient": zero,
                "gasFees": {"feePerDaGas": "0", "feePerL2Gas": "1"},
            }
        }
        sync = {
            "latestBlockNumber": 9,
            "latestBlockHash": zero,
            "finalizedBlockNumber": 9,
            "oldestHistoricBlockNumber": 1,
            "treesAreSynched": True,
        }
        return FaultyNode(
            {
                "node_getNodeInfo": info,
                "node_getL2Tips": {"proposed": tip, "checkpointed": tips, "proven": tips, "finalized": tips},
                "node_getBlockHeader": header,
                "node_getWorldStateSyncStatus": sync,
                "node_isReady": True,
                "node_getEncodedEnr": None,
                "node_getCurrentMinFees": {"feePerDaGas": "0", "feePerL2Gas": "1"},
            }
        )

    return answer


@pytest.mark.loopback
@pytest.mark.parametrize(("age", "code"), [(30, 0), (100_000, 5)], ids=["keeps up", "lost sight"])
def test_node__judged_by_its_progress(cli, aztec_node, age, code):
    with aztec_node(age) as node:
        ran = cli("node", "--l2", node.url, "--format", "json")
    assert ran.code == code
    shown = json.loads(ran.out)
    assert shown["node_version"] == "4.1.2"
    assert shown["is_ready"] is (code == 0)
    assert bool(shown["reasons"]) is (code == 5)
    assert shown["says_ready"] is True


def test_node__without_one__exit_2(cli):
    ran = cli("node", "--network", "devnet")
    assert (ran.code, ran.out) == (2, "")
    assert "--l2" in ran.err
