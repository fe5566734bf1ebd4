"""The loop over a chain that forks: what is kept, done and told, whatever the nodes say and wherever it ends."""

from __future__ import annotations

import io
import json

import attrs
import pytest
from event_logs import GSE, ROLLUP
from forking_chain import ChainRpc, ForkingChain
from watcher_world import Watched, World, with_effects

from aztec_butler.core.errors import NodeRefused, ReorgTooDeep
from aztec_butler.core.intent_parameters import TopUp
from aztec_butler.core.intents import ActionKind, Condition, IntentState
from aztec_butler.watcher import intake
from aztec_butler.watcher.conditions import is_undecided

SLASHED, TAKEN, TRUE = "Attester slashed", "Taken back: Attester slashed", "True again: Attester slashed"


@pytest.fixture
def chain():
    chain = ForkingChain(finality=8)
    chain.mine(20)
    return chain


@pytest.fixture
def rpc(chain):
    return ChainRpc(chain)


@pytest.fixture
def make(rpc, tmp_path, monkeypatch):
    with_effects(monkeypatch)
    opened = []

    def make(name="watched", **options):
        world = World(tmp_path / name)
        watched = Watched(
            rpc, tmp_path / f"{name}.sqlite3", world, contracts={ROLLUP: "rollup", GSE: "gse"}, **options
        )
        opened.append(watched)
        return watched

    yield make
    for each in opened:
        each.close()


def slashes(chain, first=0, last=None):
    """Block, its hash and the transaction's, of the slashes on the chain; those of the GSE nobody handles."""
    last = chain.head.number if last is None else last
    return {
        (block.number, block.hash, f"0x{number:064x}")
        for block in chain.blocks[first : last + 1]
        for number, record in block.transactions
        if record == "RollupSlashed"
    }


def titles(watched):
    return [title for title, _ in watched.told()]


def settle(chain, watched):
    chain.mine(chain.finality + 1, events=0)
    watched.turn()


def test_turn__what_is_final_is_done_and_what_is_not_is_told(chain, make):
    watched = make()
    watched.turn()
    assert titles(watched) == [SLASHED] * 20
    assert watched.final_events() == slashes(chain, last=chain.final)
    assert len(watched.world.happened("effects")) == chain.final
    watched.turn()
    assert len(watched.world.happened("effects")) == chain.final
    settle(chain, watched)
    assert len(watched.world.happened("effects")) == 20
    assert titles(watched) == [SLASHED] * 20


def test_reorg__there_and_back_again__each_is_told_and_nothing_is_done_twice(chain, make):
    watched = make()
    watched.turn()
    for _ in range(2):
        left = chain.drop(3)
        chain.mine(4)
        watched.turn()
        chain.restore(4, left)
        chain.mine(2, events=0)
        watched.turn()
    told = titles(watched)
    assert (told.count(TAKEN), told.count(TRUE)) == (3 + 4 + 1 + 4, 3 + 1)
    settle(chain, watched)
    fresh = make("fresh")
    fresh.turn()
    assert watched.outcome() == fresh.outcome()
    assert watched.journal.verify() == []


def test_reorg__while_stopped_and_back_before_it_runs__is_no_news(chain, make):
    watched = make()
    watched.turn()
    before = watched.told()
    left = chain.drop(3)
    chain.mine(4)
    chain.restore(4, left)
    watched.restart()
    watched.turn()
    assert watched.told() == before


@pytest.mark.parametrize("depth", [1, 7, 8])
def test_reorg__to_fewer_events__what_nobody_was_told_of_is_not_taken_back(chain, make, depth):
    watched = make()
    watched.watcher.turn()  # written down, and nobody told yet
    chain.drop(depth)
    chain.mine(depth + 1, events=0)
    watched.turn()
    assert titles(watched) == [SLASHED] * (20 - depth)
    retracted = watched.journal.intents(states=[IntentState.RETRACTED])
    assert len(retracted) == depth


def test_reorg__deeper_than_what_is_final__stops_and_does_nothing(chain, make):
    watched = make()
    watched.turn()
    before, lines = watched.outcome(), watched.journal.status().lines
    chain.drop(12)
    chain.mine(30)
    with pytest.raises(ReorgTooDeep):
        watched.turn()
    watched.act()
    assert (watched.outcome(), watched.journal.status().lines) == (before, lines)


def test_turn__nodes_contradict_each_other__the_head_is_not_said_to_be_reached(chain, rpc, make):
    watched = make()
    watched.turn()
    reached = watched.watcher.view().reached_head_at
    watched.clock = watched.watcher._clock = lambda: reached + 100
    rpc.views = [10]
    watched.turn()
    assert not watched.watcher.is_at_head
    assert watched.watcher.view().reached_head_at == reached
    watched.turn()
    assert watched.watcher.is_at_head
    assert watched.watcher.view().reached_head_at == reached + 100


def test_turn__node_fails_half_way__goes_on_where_it_was(chain, rpc, make):
    watched = make()
    reader = watched.watcher._knowledge._reader
    read, failures = reader.read, iter([False, True, True, False, True])

    def fail(block):
        if next(failures, False):
            raise NodeRefused("busy", retryable=True)
        return read(block)

    reader.read = fail
    failed = 0
    for _ in range(6):
        try:
            watched.turn()
        except NodeRefused:
            failed += 1
    assert failed == 3
    settle(chain, watched)
    assert len(watched.world.happened("effects")) == 20
    assert titles(watched) == [SLASHED] * 20


def test_turn__counts_what_happened(chain, make):
    watched = make()
    watched.turn()
    chain.drop(3)
    chain.mine(4)
    watched.turn()
    tally = watched.watcher.tally
    assert tally.reorgs == {"1": 0, "2-5": 1, "6-12": 0, "13-31": 0, "32-255": 0, "256+": 0}
    assert tally.vanished == 3
    assert tally.polls == 2
    view = watched.watcher.view()
    assert view.counts[ActionKind.TOP_UP, IntentState.DONE] == len(watched.world.happened("effects"))
    assert view.checkpoint.noticed.number == chain.head.number


# --------------------------------------------------------------------------- conditions


class Holding:
    """Conditions that a test lets hold."""

    def __init__(self, monkeypatch):
        self.now = ()
        monkeypatch.setattr(intake, "conditions_of", lambda facts, settings: self.now)


@pytest.fixture
def holding(monkeypatch):
    return Holding(monkeypatch)


def paying(name="publisher-low"):
    who = "0x" + "11" * 20
    parameters = TopUp(publisher=who, amount_wei=1, balance_wei=0, low_wei=1, from_safe="0x" + "22" * 20)
    return Condition(
        name=name,
        kind=ActionKind.TOP_UP,
        target="publisher:x",
        parameters=parameters.to_json(),
        summary="Pay.",
    )


def look(chain, watched, blocks=1):
    chain.mine(blocks, events=0)
    watched.watcher._looked_at = None
    watched.turn()


def paid(watched):
    return [
        row for row in watched.journal.intents(kinds=[ActionKind.TOP_UP]) if row.intent.cause.is_condition
    ]


def test_condition__that_holds_on__asks_once(chain, make, holding):
    watched = make()
    watched.turn()
    settle(chain, watched)
    holding.now = (paying(),)
    for _ in range(3):
        watched.clock = watched.watcher._clock = lambda: 0  # done long before the blocks that are looked at
        look(chain, watched, 0)
    assert [row.state for row in paid(watched)] == [IntentState.DONE]


def test_condition__done_and_it_holds_all_the_same__asks_again_by_a_later_state(chain, make, holding):
    watched = make()
    watched.turn()
    settle(chain, watched)
    holding.now = (paying(),)
    look(chain, watched)
    assert len(paid(watched)) == 1
    look(chain, watched)
    assert len(paid(watched)) == 1, "the block is from before it was done"
    chain_time = chain.blocks[0].timestamp
    rows = paid(watched)
    watched.journal._connection.execute(
        "UPDATE intents SET changed_at = ? WHERE id = ?", (chain_time, rows[0].id)
    )
    look(chain, watched)
    assert len(paid(watched)) == 2
    assert len(watched.world.happened("effects")) - len(slashes(chain)) == 2


def test_condition__ended_and_begun_again_in_one_block__is_not_forgotten(chain, make, holding):
    watched = make()
    watched.turn()
    settle(chain, watched)
    for now in ((paying(),), (), (paying(),)):
        holding.now = now
        watched.watcher.look()
    assert [row.state for row in paid(watched)] == [IntentState.RETRACTED]
    look(chain, watched)
    assert [row.state for row in paid(watched)] == [IntentState.RETRACTED, IntentState.DONE]


def test_condition__that_rests_on_what_is_not_known__neither_ends_nor_begins_anew(
    chain, make, holding, monkeypatch
):
    watched = make()
    watched.turn()
    keys = Condition(
        name="keys-low", kind=ActionKind.ADD_KEYS, target="provider:1#a", parameters={}, summary="List keys."
    )
    reader = watched.watcher._knowledge._reader
    holding.now = (keys,)
    watched.watcher.look()
    known = reader._base
    reader._base = attrs.evolve(known, troubles={"registration_file": "gone"})
    holding.now = ()
    chain.mine(2, events=0)
    watched.watcher.look()
    assert [each.key[0] for each in watched.journal.open_conditions()] == ["keys-low"]
    reader._base = known
    watched.watcher.look()
    assert watched.journal.open_conditions() == []


def test_undecided__only_what_rests_on_it(make):
    watched = make()
    facts = watched.watcher._knowledge._reader._base
    troubled = attrs.evolve(facts, troubles={"offenses": "shut"})
    assert is_undecided("offense-seen", ActionKind.NOTIFY, troubled)
    assert not is_undecided("keys-low", ActionKind.ADD_KEYS, troubled)
    assert not is_undecided("publisher-low", ActionKind.TOP_UP, troubled)
    assert not is_undecided("offense-seen", ActionKind.NOTIFY, facts)


def test_trouble__is_told_once_and_when_it_is_over(chain, make):
    stream = io.StringIO()
    watched = make(stream=stream)
    watched.turn()
    reader = watched.watcher._knowledge._reader
    known = reader._base
    reader._base = attrs.evolve(known, troubles={"offenses": "shut"})
    for _ in range(3):
        watched.watcher.look()
    reader._base = known
    watched.watcher.look()
    lines = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert (lines.count("something is not known"), lines.count("it is known again")) == (1, 1)


def test_action_given_up__is_told_once_for_each_time(chain, make):
    watched = make()
    watched.turn()
    row = watched.journal.intents(kinds=[ActionKind.TOP_UP])[0]
    connection = watched.journal._connection
    connection.execute("UPDATE intents SET state = 'dead' WHERE id = ?", (row.id,))
    for _ in range(2):
        watched.turn()
    assert titles(watched).count("An action was given up") == 1
    connection.execute("UPDATE intents SET attempts = attempts + 1 WHERE id = ?", (row.id,))
    watched.turn()
    assert titles(watched).count("An action was given up") == 2
