"""The Aztec node's tips, peers, version and progress, from a stand-in that speaks as real nodes were heard to."""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest
from fault_proxy import FaultyNode, close_in_the_middle, html, http_status, reset
from metric_values import Scraped, values_of
from node_stand_in import RECORDED, AztecStandIn, thrown

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core import node_readiness
from aztec_butler.core.errors import NodeError, NodeRefused, NodeUnreachable, SettingsError
from aztec_butler.core.node_readiness import Finding
from aztec_butler.exporter.collectors import node as node_module
from aztec_butler.exporter.collectors import node_progress

pytestmark = pytest.mark.loopback

VIEWS = "aztec_butler.exporter.collectors.node_progress.fetch_rollup_view"


def source(chain_id=31337, rpc=None):
    return SimpleNamespace(name="devnet", rpc=rpc or SimpleNamespace(chain_id=chain_id))


def client(stand_in):
    return AztecNode(stand_in.url, policy=NO_RETRIES, timeout_seconds=5)


def read(stand_in, **options):
    with client(stand_in) as node:
        return values_of(node_module.collector(node, source(**options)).collect())


def test_node__tips__as_recorded_with_their_times():
    began = int(time.time())
    with AztecStandIn() as stand_in:
        found = read(stand_in)
    tips = RECORDED["getL2Tips"]["prover"]
    assert found["node_tip_block"] == {
        "proposed": tips["proposed"]["number"],
        "checkpointed": 9,
        "proven": 7,
        "finalized": 7,
    }
    assert found["node_tip_checkpoint"] == {"checkpointed": 9, "proven": 7, "finalized": 7}
    ages = {stage: began - at for stage, at in found["node_tip_timestamp_seconds"].items()}
    assert 20 <= ages["proposed"] <= 31
    assert ages["proven"] == ages["proposed"] + 2 * 24
    assert found["node_info"] == {("4.1.2", "1252851087"): 1}
    assert found["node_rollup_version"] == 1252851087
    assert (found["node_reports_ready"], found["node_pending_transactions"]) == (1, 0)


def test_node__stage_that_no_block_has_reached__has_no_time():
    with AztecStandIn("localnet") as stand_in:
        found = read(stand_in)
        asked = [
            parameters for calls in stand_in.requests for method, parameters in calls if "Header" in method
        ]
    assert [stand_in.tips["finalized"]["block"]["hash"]] not in asked
    assert found["node_tip_block"]["finalized"] == 0
    assert set(found["node_tip_timestamp_seconds"]) == {"proposed", "checkpointed", "proven"}


def test_node__headers__asked_for_once_each():
    with AztecStandIn() as stand_in, client(stand_in) as node:
        collector = node_module.collector(node, source())
        collector.collect()
        asked = stand_in.methods.count("node_getBlockHeader")
        collector.collect()
        assert stand_in.methods.count("node_getBlockHeader") == asked
        stand_in.tips["proposed"] = {"number": 10, "hash": "0x" + "10" * 32}
        collector.collect()
    assert asked == 2  # of four stages at two blocks
    assert stand_in.methods.count("node_getBlockHeader") == asked + 1


def test_node__tip_pruned_between_two_questions__asked_again():
    with AztecStandIn() as stand_in:
        right = stand_in.tips
        wrong = right | {"proposed": {"number": 10, "hash": "0x" + "66" * 32}}
        answers = iter([wrong, right])
        stand_in.answers["node_getL2Tips"] = lambda: next(answers)
        assert read(stand_in)["node_tip_block"]["proposed"] == 9


def test_node__peers__by_state_and_new_words_kept():
    peers = [{"id": "a", "status": "connected", "score": 0}, {"id": "b", "status": "banned"}]
    with AztecStandIn("p2p3", p2p_getPeers=lambda pending: peers if pending else []) as stand_in:
        found = read(stand_in)
    assert found["node_peers"] == {"connected": 1, "dialing": 0, "cached": 0, "banned": 1}


@pytest.mark.parametrize("case", ["p2p off", "not told"])
def test_node__peers_unknown__no_series(case):
    with AztecStandIn("prover" if case == "p2p off" else "p2p3", p2p_getPeers=lambda _: []) as stand_in:
        if case == "not told":
            del stand_in.answers["p2p_getPeers"]
        assert "node_peers" not in read(stand_in)


def test_node__of_another_chain__refused_by_name():
    with AztecStandIn() as stand_in, pytest.raises(SettingsError) as caught:
        read(stand_in, chain_id=1)
    assert caught.value.facts == {"network": "devnet", "expected": 1, "found": 31337}


def test_node__method_that_fails__is_an_error_and_no_zero():
    with AztecStandIn(node_getPendingTxCount=thrown()) as stand_in, pytest.raises(NodeRefused) as caught:
        read(stand_in)
    assert caught.value.code == -32702


@pytest.mark.parametrize(
    "fault",
    [reset(), close_in_the_middle(), html(), html(502), http_status(429), http_status(500), http_status(400)],
    ids=["reset", "half", "page", "502", "429", "500", "400"],
)
def test_node__down__series_gone_until_it_is_back(fault):
    with AztecStandIn() as stand_in, client(stand_in) as node:
        scraped = Scraped(node_module.collector(node, source()))
        scraped.collect()
        assert scraped.value('node_tip_block{tip="proposed"}') == 9
        last = scraped.value('last_success_timestamp_seconds{collector="node"}')
        stand_in.decide(lambda _: fault)
        assert isinstance(scraped.collect()["node"], NodeError)
        assert scraped.names() == {
            "scrape_success",
            "scrape_duration_seconds",
            "last_success_timestamp_seconds",
        }
        assert scraped.value('scrape_success{collector="node"}') == 0
        assert scraped.value('last_success_timestamp_seconds{collector="node"}') == last
        stand_in.decide(lambda _: None)
        assert scraped.collect() == {"node": None}
        assert scraped.value('node_tip_block{tip="proposed"}') == 9
        assert scraped.value('last_success_timestamp_seconds{collector="node"}') > last


# ---------------------------------------------------------------------- progress


@pytest.fixture
def l1(monkeypatch):
    """The rollup as L1 shows it; ``l1.pending = 12`` for more checkpoints there."""
    view = SimpleNamespace(pending=9, age=12, asked=[])

    def fetch(_, rollup):
        view.asked.append(rollup)
        clock = slot_clock()
        return (
            node_readiness.L1View(
                block_at=int(time.time()) - view.age,
                pending_checkpoint=view.pending,
                proven_checkpoint=view.pending,
            ),
            clock,
        )

    monkeypatch.setattr(VIEWS, fetch)
    return view


def slot_clock():
    from aztec_butler.core.node_records import SlotClock

    # Slot 45, the stand-in's newest, began 30 seconds ago.
    return SlotClock(
        genesis_at=int(time.time()) - 30 - 45 * 24, slot_seconds=24, epoch_slots=4, proof_submission_epochs=1
    )


def progress(stand_in):
    with client(stand_in) as node:
        return values_of(node_progress.collector(node, source()).collect())


def test_progress__node_that_keeps_up__nothing_against_it(l1):
    with AztecStandIn() as stand_in:
        found = progress(stand_in)
    assert found == {
        "node_progressing": 1,
        "node_progress_obstacle": dict.fromkeys(node_progress.OBSTACLES, 0),
        "node_checkpoint_lag": 0,
        "node_slot_lag": 1,
        "node_world_state_lag": 0,
    }
    assert l1.asked == ["0x322813Fd9A801c5507c9de605d63CEA4f2CE6c44"]


def test_progress__node_that_lost_l1__says_ready_and_is_not(l1):
    """As measured: only what needs L1 fails, everything else goes on answering the old."""
    l1.pending = 40
    lost = thrown("HTTP request failed ... fetch failed")
    with AztecStandIn(age_seconds=3600, node_getCurrentMinFees=lost) as stand_in:
        ready, found = read(stand_in)["node_reports_ready"], progress(stand_in)
    assert (ready, found["node_progressing"]) == (1, 0)
    against = {reason for reason, value in found["node_progress_obstacle"].items() if value}
    assert against == {"l1-unreachable", "behind-l1", "tip-old"}
    assert found["node_checkpoint_lag"] == 31


def test_progress__chain_that_stands_still_on_l1__does_not_speak_against_the_node(l1):
    with AztecStandIn(age_seconds=3600) as stand_in:
        assert progress(stand_in)["node_progressing"] == 1


def test_progress__our_own_view_too_old__no_lag(l1):
    l1.age = 3600
    with AztecStandIn() as stand_in:
        found = progress(stand_in)
    assert "node_checkpoint_lag" not in found
    assert found["node_progressing"] == 1


def test_progress__l1_down__no_judgment_while_tips_go_on():
    with FaultyNode() as ethereum, AztecStandIn() as stand_in, client(stand_in) as node:
        ethereum.always(reset())
        with Rpc(ethereum.url, policy=NO_RETRIES, chain_id=31337) as rpc:
            scraped = Scraped(
                node_module.collector(node, source(rpc=rpc)), node_progress.collector(node, source(rpc=rpc))
            )
            errors = scraped.collect()
        assert errors["node"] is None
        assert isinstance(errors["node_progress"], NodeUnreachable)
        assert "node_progressing" not in scraped.names()
        assert "node_tip_block" in scraped.names()


def test_obstacles__are_all_that_the_rule_has():
    text = Path(node_readiness.__file__).read_text()
    assert tuple(dict.fromkeys(re.findall(r'against\(\s*"([a-z0-9-]+)"', text))) == node_progress.OBSTACLES


def test_obstacle__each__is_shown_by_its_code():
    judged = node_readiness.Readiness(
        judged_at=0,
        reasons=(Finding(code="tip-old", sentence="s"),),
        notes=(),
        tip_block=1,
        tip_slot=1,
        tip_at=0,
        tip_age_seconds=0,
        slot_lag=None,
        checkpoint_lag=None,
        world_state_lag=3,
        l1_age_seconds=None,
        connected_peers=None,
        says_ready=True,
    )
    for code in node_progress.OBSTACLES:
        reasons = (Finding(code=code, sentence="s"),)
        found = values_of(node_progress.samples(attrs.evolve(judged, reasons=reasons)))
        assert [name for name, value in found["node_progress_obstacle"].items() if value] == [code]
        assert set(found) == {"node_progressing", "node_progress_obstacle", "node_world_state_lag"}
