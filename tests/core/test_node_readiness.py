import attrs
import pytest

from aztec_butler.core.node_readiness import L1View, ReadinessLimits, readiness
from aztec_butler.core.node_records import (
    BlockHeader,
    BlockId,
    ChainTips,
    GasFees,
    SlotClock,
    SyncStatus,
    Tip,
)

NOW = 1_800_000_000
SLOT = 72
CLOCK = SlotClock(genesis_at=NOW - 1000 * SLOT, slot_seconds=SLOT, epoch_slots=32, proof_submission_epochs=1)


def block(number):
    return BlockId(number=number, hash=f"0x{number:064x}")


def tip(block_number, checkpoint_number):
    return Tip(block=block(block_number), checkpoint=block(checkpoint_number))


def judge(*, age=30, proposed=500, checkpoint=100, synced=500, **changes):
    """A healthy node on a mainnet-like chain, but for the changes."""
    inputs = {
        "now": NOW,
        "tips": ChainTips(
            proposed=block(proposed),
            checkpointed=tip(498, checkpoint),
            proven=tip(400, 80),
            finalized=tip(390, 78),
        ),
        "header": BlockHeader(
            number=proposed,
            slot=1000 - -(-age // SLOT),
            proposed_at=NOW - age,
            l1_chain_id=1,
            rollup_version=7,
            coinbase="0x" + "00" * 20,
            fee_recipient="0x" + "00" * 32,
            gas_fees=GasFees(fee_per_da_gas=0, fee_per_l2_gas=1),
        ),
        "sync": SyncStatus(
            latest_block=synced,
            latest_block_hash="0x",
            finalized_block=390,
            oldest_block=1,
            trees_synced=True,
        ),
        "says_ready": True,
        "p2p_enabled": True,
        "connected_peers": 20,
        "slots": CLOCK,
        "l1": L1View(block_at=NOW - 12, pending_checkpoint=100, proven_checkpoint=80),
    }
    return readiness(**(inputs | changes))


def codes(findings):
    return [finding.code for finding in findings]


def test_readiness__everything_fresh__ready_with_its_measurements():
    verdict = judge(age=100)
    assert verdict.ready
    assert (verdict.reasons, verdict.notes) == ((), ())
    assert (verdict.tip_block, verdict.tip_age_seconds, verdict.tip_at) == (500, 100, NOW - 100)
    assert verdict.slot_lag == 2
    assert (verdict.checkpoint_lag, verdict.world_state_lag, verdict.l1_age_seconds) == (0, 0, None)
    assert (verdict.connected_peers, verdict.says_ready, verdict.judged_at) == (20, True, NOW)


def test_readiness__l1_endpoint_dead_and_node_says_ready__not_ready():
    """The trap: it answers from its store, and isReady stays true. Only time and our own L1 know better."""
    verdict = judge(age=3600, l1=L1View(block_at=NOW - 12, pending_checkpoint=150, proven_checkpoint=120))
    assert verdict.says_ready
    assert not verdict.ready
    assert codes(verdict.reasons) == ["behind-l1", "tip-old"]
    assert verdict.checkpoint_lag == 50
    assert verdict.slot_lag == 50


def test_readiness__l1_endpoint_dead_without_our_own_l1__the_age_alone_tells():
    assert codes(judge(age=3600, l1=None).reasons) == ["tip-old"]


def test_readiness__chain_stands_still_on_l1_too__a_note_and_not_the_nodes_fault():
    verdict = judge(age=3600)
    assert verdict.ready
    assert codes(verdict.notes) == ["chain-stalled"]


def test_readiness__our_own_l1_is_stale_too__cannot_excuse_the_node():
    verdict = judge(age=3600, l1=L1View(block_at=NOW - 3600, pending_checkpoint=100, proven_checkpoint=80))
    assert codes(verdict.reasons) == ["tip-old"]
    assert codes(verdict.notes) == ["l1-view-old"]
    assert verdict.checkpoint_lag is None


@pytest.mark.parametrize(("age", "ready"), [(720, True), (721, False)])
def test_readiness__tip_age_at_the_limit__ten_slots(age, ready):
    assert judge(age=age, l1=None).ready is ready


def test_readiness__limit_in_slots__scaled_by_the_chains_slot():
    short = attrs.evolve(CLOCK, slot_seconds=24)
    assert not judge(age=300, l1=None, slots=short).ready
    assert judge(age=300, l1=None, slots=None).ready
    assert judge(age=300, l1=None, slots=None).slot_lag is None
    assert not judge(age=300, l1=None, slots=None, limits=ReadinessLimits(slot_seconds=24)).ready


@pytest.mark.parametrize(("age", "reasons"), [(-72, []), (-144, []), (-145, ["tip-in-future"])])
def test_readiness__tip_ahead_of_the_clock__two_slots_are_tolerated(age, reasons):
    assert codes(judge(age=age).reasons) == reasons


def test_readiness__no_block_since_genesis__said_so():
    header = judge().tip_at
    assert header  # the builder works
    verdict = judge(age=NOW, proposed=0, synced=0, l1=None)
    assert codes(verdict.reasons) == ["tip-old"]
    assert "genesis" in str(verdict.reasons[0])


@pytest.mark.parametrize(
    ("pending", "reasons"), [(102, []), (103, ["behind-l1"]), (98, []), (97, ["ahead-of-l1"])], ids=str
)
def test_readiness__checkpoints_against_l1__two_either_way_are_tolerated(pending, reasons):
    verdict = judge(l1=L1View(block_at=NOW, pending_checkpoint=pending, proven_checkpoint=80))
    assert codes(verdict.reasons) == reasons
    assert verdict.checkpoint_lag == pending - 100


@pytest.mark.parametrize(
    ("synced", "lag", "reasons"), [(488, 12, []), (487, 13, ["world-state-behind"]), (503, 0, [])]
)
def test_readiness__world_state__held_against_the_nodes_own_chain(synced, lag, reasons):
    verdict = judge(synced=synced)
    assert (verdict.world_state_lag, codes(verdict.reasons)) == (lag, reasons)


def test_readiness__trees_out_of_sync__not_ready():
    sync = SyncStatus(
        latest_block=500, latest_block_hash="0x", finalized_block=1, oldest_block=1, trees_synced=False
    )
    assert codes(judge(sync=sync).reasons) == ["trees-not-synced"]


def test_readiness__nodes_own_no__is_believed():
    assert codes(judge(says_ready=False).reasons) == ["says-not-ready"]


@pytest.mark.parametrize(
    ("enabled", "peers", "reasons"),
    [(True, 0, ["no-peers"]), (True, 1, []), (True, None, []), (False, 0, [])],
    ids=["none", "one", "untold", "p2p_off"],
)
def test_readiness__peers__none_speaks_against_a_node_with_p2p(enabled, peers, reasons):
    assert codes(judge(p2p_enabled=enabled, connected_peers=peers).reasons) == reasons


@pytest.mark.parametrize(
    ("seen_at", "reasons"), [(NOW - 300, []), (NOW - 301, ["l1-old"])], ids=["fresh", "old"]
)
def test_readiness__newest_l1_block_of_the_node__held_against_the_clock(seen_at, reasons):
    verdict = judge(node_l1_at=seen_at)
    assert codes(verdict.reasons) == reasons
    assert verdict.l1_age_seconds == NOW - seen_at


def test_readiness__node_cannot_reach_l1__its_sentence_is_in_the_reason():
    verdict = judge(l1_refusal="HTTP request failed")
    assert codes(verdict.reasons) == ["l1-unreachable"]
    assert "HTTP request failed" in verdict.reasons[0].sentence
