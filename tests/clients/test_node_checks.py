"""What is wrong with an Aztec node, judged with and without a view of L1."""

from __future__ import annotations

import time

import pytest
from fault_proxy import FaultyNode

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.node_checks import check_node, fetch_rollup_view
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import DecodeError

ROLLUP = "0x00000000000000000000000000000000000000AA"
ZERO = "0x" + "00" * 32
TIP = {"number": 9, "hash": ZERO}


def node_at(*, rollup: str = ROLLUP, chain_id: int = 1, age: int = 30, checkpoint: int = 9) -> FaultyNode:
    """A version 4 node without p2p."""
    stage = {"block": TIP, "checkpoint": {"number": checkpoint, "hash": ZERO}}
    roles = "registry inbox outbox feeJuice stakingAsset feeJuicePortal coinIssuer rewardDistributor"
    roles += " governanceProposer governance gse"
    addresses = {f"{role}Address": ROLLUP for role in roles.split()} | {"rollupAddress": rollup}
    place = {
        "chainId": "0x1",
        "version": "0x7",
        "blockNumber": 9,
        "slotNumber": "0x9",
        "timestamp": str(int(time.time()) - age),
        "coinbase": ROLLUP,
        "feeRecipient": ZERO,
        "gasFees": {"feePerDaGas": "0", "feePerL2Gas": "1"},
    }
    return FaultyNode(
        {
            "node_getNodeInfo": {
                "nodeVersion": "4.1.2",
                "l1ChainId": chain_id,
                "rollupVersion": 7,
                "enr": None,
                "realProofs": True,
                "l1ContractAddresses": addresses,
                "protocolContractAddresses": {},
            },
            "node_getL2Tips": {"proposed": TIP, "checkpointed": stage, "proven": stage, "finalized": stage},
            "node_getBlockHeader": {"globalVariables": place},
            "node_getWorldStateSyncStatus": {
                "latestBlockNumber": 9,
                "latestBlockHash": ZERO,
                "finalizedBlockNumber": 9,
                "oldestHistoricBlockNumber": 1,
                "treesAreSynched": True,
            },
            "node_isReady": True,
            "node_getEncodedEnr": None,
            "node_getCurrentMinFees": {"feePerDaGas": "0", "feePerL2Gas": "1"},
        }
    )


def outcomes(
    l2: FaultyNode,
    *,
    chain_id: int = 1,
    rpc: Rpc | None = None,
    registry: str | None = None,
    admin: str | None = None,
):
    with AztecNode(l2.url, admin_url=admin) as node:
        checks = list(
            check_node(node, chain_id=chain_id, rpc=rpc, registry=registry, has_admin=admin is not None)
        )
    assert all(check.remedy for check in checks if check.outcome is Outcome.FAIL)
    return {check.check: (check.outcome, check.finding) for check in checks}


@pytest.mark.loopback
def test_node__that_keeps_up__is_ok():
    with node_at() as l2:
        found = outcomes(l2)
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        "reachable": Outcome.OK,
        "progress": Outcome.OK,
    }
    assert "4.1.2" in found["reachable"][1]


@pytest.mark.loopback
def test_node__that_is_not_there__one_failure():
    with node_at() as l2:
        pass
    assert {name: outcome for name, (outcome, _) in outcomes(l2).items()} == {"reachable": Outcome.FAIL}


@pytest.mark.loopback
def test_node__of_another_chain__nothing_else_is_asked():
    with node_at(chain_id=5) as l2:
        found = outcomes(l2)
    assert list(found) == ["reachable", "chain"]
    assert found["chain"][0] is Outcome.FAIL


@pytest.mark.loopback
def test_node__that_lost_sight_of_the_chain__fails_though_it_says_ready():
    with node_at(age=100_000) as l2:
        found = outcomes(l2)
    assert found["progress"][0] is Outcome.FAIL
    assert "old" in found["progress"][1]


@pytest.mark.loopback
def test_admin_port__that_is_none__fails():
    with node_at() as l2:
        assert outcomes(l2, admin=l2.url)["admin port"][0] is Outcome.FAIL


# --------------------------------------------------------------------------- with the real rollup


@pytest.fixture
def rpc(devnet):
    with Rpc(devnet.url, policy=NO_RETRIES) as opened:
        yield opened


@pytest.mark.devnet
def test_rollup_view__as_the_contract_says(devnet, rpc):
    rollup = devnet.contract("rollup")
    view, clock = fetch_rollup_view(rpc, rollup.address)
    pending, proven = rollup.read("getTips")
    assert (view.pending_checkpoint, view.proven_checkpoint) == (pending, proven)
    assert clock.genesis_at == rollup.read("getGenesisTime")
    assert clock.slot_seconds == rollup.read("getSlotDuration")
    assert clock.epoch_slots == rollup.read("getEpochDuration")


@pytest.mark.devnet
def test_rollup_view__no_contract_there__is_an_error(rpc):
    with pytest.raises(DecodeError):
        fetch_rollup_view(rpc, ROLLUP)


@pytest.mark.devnet
def test_node__of_the_canonical_rollup__is_ok_and_of_another_not(devnet, rpc):
    registry = devnet.addresses["registry"]
    for rollup, outcome in (
        (devnet.addresses["rollup"], Outcome.OK),
        (devnet.addresses["gse"], Outcome.FAIL),
    ):
        with node_at(rollup=rollup, chain_id=31337, checkpoint=0) as l2:
            found = outcomes(l2, chain_id=31337, rpc=rpc, registry=registry)
        assert found["rollup"][0] is outcome
