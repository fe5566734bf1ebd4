"""Reorganisations of a real node's chain through the whole watcher: what it keeps, does and tells in the end."""

from __future__ import annotations

from collections import Counter

import pytest
from emitting_node import EMITTER, EmittingNode
from event_logs import TIME
from watcher_world import Watched, World, with_effects

from aztec_butler.clients.policy import RetryPolicy
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import ReorgTooDeep
from aztec_butler.core.intents import IntentState
from aztec_butler.devnet.anvil import Anvil, AnvilOptions
from aztec_butler.devnet.packages import install_packages

pytestmark = pytest.mark.devnet

FINALITY = 300
DEPTHS = [1, 2, 5, 12, 32, 64, 256]
SLASHED, TAKEN, TRUE = "Attester slashed", "Taken back: Attester slashed", "True again: Attester slashed"


@pytest.fixture(scope="module")
def node(cache_folder):
    options = AnvilOptions(finality_epoch_slots=FINALITY // 2, genesis_at=TIME)
    with Anvil(install_packages(cache_folder).anvil, options) as anvil:
        node = EmittingNode(anvil)
        node.mine(500)
        yield node
        node.rpc.close()


@pytest.fixture
def make(node, tmp_path, monkeypatch):
    """A factory of watchers, each with a journal and a world of its own, that begin at one block."""
    with_effects(monkeypatch)
    node.mine(320)  # whatever another test did is final
    start, opened = node.head - 318, []
    with Rpc(node.url, policy=RetryPolicy(rounds=2, first_wait_seconds=0.01)) as rpc:

        def make(name):
            world = World(tmp_path / name)
            path = tmp_path / f"{name}.sqlite3"
            watched = Watched(rpc, path, world, contracts={EMITTER: "rollup"}, start_block=start)
            opened.append(watched)
            return watched

        yield make
        for each in opened:
            each.close()


def logs(node, watched):
    return node.events(watched.options["start_block"])


def assert_as_fresh(node, watched, make):
    """Once all is final: what one is left with who never saw another chain, and nobody believes what is not true."""
    node.mine(FINALITY + 10)
    watched.turn()
    fresh = make("fresh")
    fresh.turn()
    assert watched.outcome() == fresh.outcome()
    final = watched.journal.checkpoint().final.number
    outcome = watched.outcome()
    assert outcome["events"] == {each for each in logs(node, watched) if each[0] <= final}
    assert outcome["others"] == []
    assert set(outcome["effects"].values()) == {1}
    assert set(outcome["effects"]) == outcome["done"]
    assert len(outcome["done"]) == len(outcome["events"])
    assert not watched.journal.verify()
    told = Counter(title for title, _ in watched.told())
    noticed = len(logs(node, watched))
    assert told[SLASHED] - told[TAKEN] + told[TRUE] == noticed
    return told


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_reorgs__of_all_depths__end_as_if_there_had_been_none(node, make, stopped):
    watched = make("watched")
    watched.turn()
    vanished = 0
    for depth in DEPTHS:
        node.mine(4)
        watched.turn()
        assert watched.watcher.tally.events["noticed"] or stopped
        before = logs(node, watched)
        node.reorg(depth)
        vanished += len(before - logs(node, watched))
        if stopped:
            watched.restart()
            node.mine(2)
        watched.turn()
    assert stopped or sum(watched.watcher.tally.reorgs.values()) == len(DEPTHS)
    told = assert_as_fresh(node, watched, make)
    assert told[TAKEN] == vanished > 0


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
@pytest.mark.parametrize("depth", [257, 310])
def test_reorg__too_deep__nothing_is_written_done_or_told(node, make, depth, stopped):
    watched = make("watched")
    watched.turn()
    lines, effects = watched.journal.status().lines, watched.world.happened("effects")
    told = watched.told()
    node.reorg(depth)
    if stopped:
        watched.restart()
        node.mine(20)
        lines = watched.journal.status().lines
    for _ in range(2):
        with pytest.raises(ReorgTooDeep):
            watched.turn()
    assert watched.journal.status().lines == lines
    assert (watched.world.happened("effects"), watched.told()) == (effects, told)


def test_transaction__mined_again_in_another_block__is_taken_back_here_and_told_there(node, make):
    watched = make("watched")
    node.mine(3)
    moved = node.emit(7)
    node.mine(5, events=1)
    watched.turn()
    (place,) = [each[0] for each in logs(node, watched) if each[2] == moved]
    raw = node.rpc.call("eth_getRawTransactionByHash", moved)
    node.rpc.call("anvil_reorg", 5, [[raw, 3]])
    node.repair()
    watched.turn()
    blocks = Counter(watched.told())
    assert (blocks[TAKEN, place] > 0, blocks[SLASHED, place + 3]) == (True, 1)
    assert_as_fresh(node, watched, make)
    rows = [
        row
        for row in watched.journal.intents(states=[IntentState.DONE])
        if row.intent.cause.transaction_hash == moved and row.intent.kind.is_irreversible
    ]
    assert [row.intent.cause.block_number for row in rows] == [place + 3]


def test_event__that_vanishes_for_good__is_taken_back_and_never_acted_upon(node, make):
    watched = make("watched")
    node.mine(8)
    watched.turn()
    gone = {each for each in logs(node, watched) if each[0] > node.head - 8}
    node.rpc.call("anvil_reorg", 8, [])
    node.repair()
    node.mine(2, events=1)
    watched.turn()
    told = assert_as_fresh(node, watched, make)
    assert told[TAKEN] == len(gone) > 0
    effects = {
        row.intent.cause.transaction_hash
        for row in watched.journal.intents()
        if row.intent.kind.is_irreversible
    }
    assert not effects & {transaction for *_, transaction in gone}
