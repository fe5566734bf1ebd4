"""Which facts a step is looked at with, which contracts are watched, and when nobody has to be asked."""

from __future__ import annotations

import attrs
import pytest
from event_logs import ROLLUP, SOMEBODY, log
from staking_story import Story, rollup
from watcher_facts import facts_of, settings_of

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.intents import BlockRef, Checkpoint
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.store.journal_entry import Delivery
from aztec_butler.watcher.facts import OwnAttester
from aztec_butler.watcher.knowledge import Knowledge
from aztec_butler.watcher.steps import Step, WatchedContract, events_of, watched_logs

OTHER, REGISTRY = "0x" + "22" * 20, "0x" + "33" * 20
BASE = attrs.evolve(facts_of(Story(), provider_ids=()), contracts={ROLLUP: "rollup"})
WATCHED = watched_logs([WatchedContract(address=ROLLUP, role="rollup")], ["RollupSlashed"])


class Reader:
    """Facts of a chain whose head and final block a test sets; who is ours since which block."""

    def __init__(self):
        self.is_current = True
        self.head, self.final = 100, 90
        self.ours = {SOMEBODY: 0}
        self.contracts = {ROLLUP: 0}
        self.asked = []

    def read(self, block):
        self.asked.append(block)
        number = {"latest": self.head, "finalized": self.final}.get(block, block)
        stamp = attrs.evolve(BASE.block, number=number)
        attesters = {
            each: OwnAttester(attester=each, lifecycle=Lifecycle.VALIDATING)
            for each, since in self.ours.items()
            if since <= number
        }
        contracts = {each: "rollup" for each, since in self.contracts.items() if since <= number}
        return attrs.evolve(BASE, block=stamp, attesters=attesters, contracts=contracts)


@pytest.fixture
def reader():
    return Reader()


@pytest.fixture
def knowledge(reader):
    return Knowledge(reader, settings_of(provider_ids=(), keystores=()), None)


def step(delivery, last, *logs, **changes):
    return Step(
        delivery=delivery,
        first_block=1,
        last_block=last,
        checkpoint=Checkpoint(),
        events=events_of(logs, WATCHED),
        **changes,
    )


def slashed(block, who=SOMEBODY):
    return log("RollupSlashed", block, attester=who)


def test_sift__no_events__asks_nobody(knowledge, reader):
    assert knowledge.sift(step(Delivery.NOTICED, 100)) == ([], None)
    assert reader.asked == []


def test_sift__noticed__facts_of_the_steps_last_block(knowledge, reader):
    records, facts = knowledge.sift(step(Delivery.NOTICED, 99, slashed(98)))
    assert (len(records), facts.block.number, reader.asked) == (1, 99, [99])


def test_sift__final__facts_of_a_final_block_kept_for_earlier_steps(knowledge, reader):
    for last in (50, 60, 90):
        records, facts = knowledge.sift(step(Delivery.FINAL, last, slashed(last)))
        assert (len(records), facts.block.number) == (1, 90)
    assert reader.asked == ["finalized"]
    reader.final = 95
    assert knowledge.sift(step(Delivery.FINAL, 95, slashed(95)))[1].block.number == 95


def test_sift__events_of_others__ask_nobody_once_somebody_is_known(knowledge, reader):
    assert knowledge.sift(step(Delivery.NOTICED, 99, slashed(99, OTHER))) == ([], None)
    assert reader.asked == [99]
    for last in range(100, 110):
        assert knowledge.sift(step(Delivery.NOTICED, last, slashed(last, OTHER))) == ([], None)
    assert reader.asked == [99]


def test_sift__who_is_ours_since_a_block_that_is_not_final__is_noticed(knowledge, reader):
    reader.ours[OTHER] = 95
    knowledge.read_final()
    knowledge.sift(step(Delivery.NOTICED, 95, slashed(95)))
    records, facts = knowledge.sift(step(Delivery.NOTICED, 99, slashed(99, OTHER)))
    assert (len(records), facts.block.number) == (1, 99)


def test_sift__keystores_changed__facts_are_read_anew(knowledge, reader):
    knowledge.sift(step(Delivery.NOTICED, 100, slashed(100, OTHER)))
    reader.ours[OTHER] = 0
    assert knowledge.sift(step(Delivery.NOTICED, 100, slashed(100, OTHER)))[0] == []
    reader.is_current = False
    assert len(knowledge.sift(step(Delivery.NOTICED, 100, slashed(100, OTHER)))[0]) == 1


def test_sift__final_block_of_another_node_lags__is_no_answer(knowledge, reader):
    reader.final = 80
    with pytest.raises(NodeRefused, match="does not know the blocks any more"):
        knowledge.sift(step(Delivery.FINAL, 90, slashed(90)))


def test_sift__after_another_chain__facts_of_the_one_left_behind_are_forgotten(knowledge, reader):
    reader.ours[OTHER] = 95
    knowledge.sift(step(Delivery.NOTICED, 99, slashed(99)))
    reader.ours[OTHER] = 1000
    common = BlockRef(number=90, hash="0x", parent_hash="0x", timestamp=0)
    turned = step(Delivery.NOTICED, 96, slashed(96, OTHER), retracted_above=common, reorg_depth=9)
    assert knowledge.sift(turned)[0] == []
    assert reader.asked == [99, 96]


def test_watched__is_one_object_until_a_contract_comes(knowledge, reader):
    first = knowledge.watched()
    knowledge.read_final()
    assert knowledge.watched() is first
    assert first.contracts[0].since == 0
    reader.contracts[OTHER] = 85
    knowledge.read_final()
    second = knowledge.watched()
    assert second is not first
    new = {each.address: each for each in second.contracts}[OTHER]
    assert (new.since, new.first_block) == (90, BASE.deployment.rollups[-1].genesis_block)
    reader.contracts.pop(OTHER)
    knowledge.read_final()
    assert knowledge.watched() is second, "what was watched once stays so"


def test_watched__contract_that_came_while_nobody_watched__is_not_read_from_the_first_block_on(reader):
    newest = attrs.evolve(rollup(2, OTHER), genesis_block=70)
    deployment = attrs.evolve(BASE.deployment, rollups=(*BASE.deployment.rollups, newest))
    read = reader.read
    reader.read = lambda block: attrs.evolve(
        read(block),
        deployment=deployment,
        contracts={ROLLUP: "rollup", OTHER: "rollup", REGISTRY: "registry"},
    )
    knowledge = Knowledge(reader, settings_of(provider_ids=(), keystores=()), None)
    found = {each.address: each.first_block for each in knowledge.watched().contracts}
    assert found == {ROLLUP: 1, OTHER: 70, REGISTRY: 1}
