"""Collectors against cassettes of a real 4.1.2 node and the L1 beneath it.

The network: one sequencer that runs 3 of 4 validators (anvil's accounts 1 to 3; the fourth is down), a prover, p2p off,
an admin key; slots of 24 s, epochs of 4. What is expected was known before: the accounts, the addresses that the
deployment reported, the settings the node was started with.

To record anew: start such a network on the ports below, run pytest with ``--vcr-record=once`` and note the times.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from metric_values import values_of
from staking_states import state_of
from staking_story import NEW, Story

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.exporter.collectors import node as node_module
from aztec_butler.exporter.collectors import node_progress, offenses, validators
from aztec_butler.exporter.ours import Ours
from aztec_butler.exporter.stats_reader import StatsReader

PUBLIC = "http://127.0.0.1:8080"
ADMIN = "http://127.0.0.1:8880"
L1 = "http://127.0.0.1:8545"
KEY = "not-a-real-admin-key"
VALIDATORS = (
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
)
DOWN = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
STRANGER = "0x1111111111111111111111111111111111111111"
SLOT_SECONDS = 24
RECORDED_AT = 1795442090


@pytest.fixture
def node():
    with AztecNode(
        PUBLIC, admin_url=ADMIN, admin_key=KEY, policy=NO_RETRIES, clock=lambda: RECORDED_AT
    ) as node:
        yield node


@pytest.fixture
def source():
    with Rpc(L1, policy=NO_RETRIES, chain_id=31337) as rpc:
        yield SimpleNamespace(name="devnet", rpc=rpc)


@pytest.fixture
def reading():
    """Only who is ours and in the set matters of L1 here."""
    story = Story()
    for attester in (*VALIDATORS, DOWN, STRANGER):
        story.queued(attester, NEW).activated(attester, NEW)
    snapshot = SimpleNamespace(state=state_of(story))
    return SimpleNamespace(
        source=SimpleNamespace(name="devnet"), look=lambda: SimpleNamespace(snapshot=snapshot)
    )


def ours():
    return Ours(attesters=(*VALIDATORS, DOWN, STRANGER))


@pytest.mark.vcr
def test_node__real_one__stages_in_order(node, source):
    found = values_of(node_module.collector(node, source).collect())
    blocks, times = found["node_tip_block"], found["node_tip_timestamp_seconds"]
    assert blocks["proposed"] >= blocks["checkpointed"] >= blocks["proven"] >= blocks["finalized"] > 0
    assert times["proposed"] >= times["checkpointed"] >= times["proven"] >= times["finalized"]
    assert (times["proposed"] - times["proven"]) % SLOT_SECONDS == 0
    assert -2 * SLOT_SECONDS < RECORDED_AT - times["proposed"] < 10 * SLOT_SECONDS
    ((version, rollup_version),) = found["node_info"]
    assert version == "4.1.2"
    assert int(rollup_version) == found["node_rollup_version"]
    assert found["node_reports_ready"] == 1
    assert "node_peers" not in found


@pytest.mark.vcr
def test_node_progress__real_one__keeps_up(node, source):
    found = values_of(node_progress.collector(node, source).collect())
    assert found["node_progressing"] == 1
    assert set(found["node_progress_obstacle"].values()) == {0}
    assert -1 <= found["node_checkpoint_lag"] <= 1
    assert -1 <= found["node_slot_lag"] <= 3


@pytest.mark.vcr
def test_validators__three_up_one_down_one_stranger__told_apart(node, reading):
    found = values_of(validators.collector(reading, StatsReader(node), ours).collect())
    assert found["own_attesters_without_stats"] == {"not-asked": 0, "unknown": 1, "refused": 0}
    missed, all_of_them = found["attester_missed_attestations"], found["attester_attestations"]
    assert {attester for attester in missed if missed[attester]} == {DOWN}
    assert missed[DOWN] == all_of_them[DOWN] == found["attester_missed_attestations_streak"][DOWN] > 0
    attested = {attester for attester in all_of_them if all_of_them[attester] > missed[attester]}
    assert set(found["attester_last_attestation_timestamp_seconds"]) == attested
    proposals, missed_proposals = found["attester_proposals"], found["attester_missed_proposals"]
    assert {attester for attester in missed_proposals if missed_proposals[attester]} <= {DOWN}
    assert set(VALIDATORS) <= {each for each in proposals if proposals[each] + all_of_them[each] > 0}


@pytest.mark.vcr
def test_offenses__validator_down__inactivity(node, reading):
    found = values_of(offenses.collector(node, reading, ours).collect())
    own = found["attester_slash_offenses"]
    assert {attester for attester in own if own[attester]} == {DOWN}
    assert (
        found["node_slash_offenses"]["inactivity"] == own[DOWN] == sum(found["node_slash_offenses"].values())
    )
    assert found["attester_slash_offenses_aztec"][DOWN] == 10.0 * own[DOWN]
