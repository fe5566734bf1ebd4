"""Conduct, committees and offenses of our attesters: what is asked of the node, how often, and what is shown of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from fault_proxy import reset
from metric_values import Scraped, values_of
from node_stand_in import DOWN, RECORDED, AztecStandIn, thrown
from staking_states import state_of
from staking_story import NEW, Story, account

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.errors import DecodeError, NodeRefused, NodeUnreachable, RevertError
from aztec_butler.exporter.collectors import committees, offenses, validators
from aztec_butler.exporter.l1_collector import Pace
from aztec_butler.exporter.ours import Ours
from aztec_butler.exporter.stats_reader import Silence, StatsReader

pytestmark = pytest.mark.loopback

RUNNING = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
EPOCH_SECONDS = 2304


def active(*attesters):
    story = Story()
    for attester in attesters:
        story.queued(attester, NEW).activated(attester, NEW)
    return story


class Reading:
    """L1 as it is: ``reading.state``, and answers to whatever else is read."""

    def __init__(self, story, *, epoch=1000, answers=()):
        self.story, self.epoch, self.answers = story, epoch, answers
        self.source = SimpleNamespace(name="devnet")
        self.plans = []

    def look(self, plan=None):
        state = state_of(self.story, now_at=self.epoch * EPOCH_SECONDS)
        snapshot = SimpleNamespace(state=state, block=state.block)
        if plan is not None:
            self.plans.append(plan(snapshot))
        return SimpleNamespace(snapshot=snapshot, tried=self.answers)


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def stand_in():
    with AztecStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def node(stand_in):
    with AztecNode(stand_in.url, admin_url=stand_in.url, policy=NO_RETRIES, timeout_seconds=5) as node:
        yield node


@pytest.fixture
def clock():
    return Clock()


def asked(stand_in):
    """Whom the node was asked about, in order."""
    return [
        parameters[0]
        for calls in stand_in.requests
        for method, parameters in calls
        if method == "node_getValidatorStats"
    ]


# ---------------------------------------------------------------------- conduct


def test_validators__one_up_one_down__as_recorded(node):
    reading = Reading(active(RUNNING, DOWN))
    ours = Ours(attesters=(RUNNING, DOWN))
    found = values_of(
        validators.collector(reading, StatsReader(node, clock=lambda: 7.5), lambda: ours).collect()
    )
    recorded = RECORDED["getValidatorsStats"]["prover"]["stats"]
    for attester in (RUNNING, DOWN):
        theirs = recorded[attester.lower()]
        assert found["attester_proposals"][attester] == theirs["missedProposals"]["total"]
        assert found["attester_missed_proposals"][attester] == theirs["missedProposals"]["count"]
        assert found["attester_attestations"][attester] == theirs["missedAttestations"]["total"]
        assert found["attester_missed_attestations"][attester] == theirs["missedAttestations"]["count"]
    assert found["attester_missed_attestations_streak"] == {RUNNING: 0, DOWN: 7}
    assert found["attester_missed_proposals_streak"] == {RUNNING: 0, DOWN: 4}
    assert found["attester_last_proposal_timestamp_seconds"] == {RUNNING: 1795418406}
    assert found["attester_last_attestation_timestamp_seconds"] == {RUNNING: 1795418502}
    assert found["attester_stats_oldest_timestamp_seconds"] == 7.5
    assert found["own_attesters_without_stats"] == {"not-asked": 0, "unknown": 0, "refused": 0}


def test_validators__whoever_has_no_duties__is_not_asked_about(node, stand_in):
    story = active(account(50), account(51), account(52)).queued(account(53), NEW)
    story.leaves(account(51), at=NEW).leaves(account(52), at=NEW).paid(account(52), at=NEW)
    ours = Ours(attesters=tuple(account(number) for number in (50, 51, 52, 53, 54)))
    found = values_of(validators.collector(Reading(story), StatsReader(node), lambda: ours).collect())
    assert asked(stand_in) == [account(50), account(51)]
    assert found["own_attesters_without_stats"] == {"not-asked": 0, "unknown": 2, "refused": 0}
    assert found["attester_proposals"] == {}
    assert found["attester_stats_oldest_timestamp_seconds"] == {}  # no series


def test_validators__many__a_few_at_a_time_and_each_once_an_epoch(node, stand_in, clock):
    everybody = [account(100 + number) for number in range(10)]
    for attester in everybody:
        stand_in.stats[attester.lower()] = RECORDED["getValidatorsStats"]["prover"]["stats"][DOWN.lower()]
    reading = Reading(active(*everybody))
    ours = Ours(attesters=tuple(everybody))
    collector = validators.collector(reading, StatsReader(node, calls=4, clock=clock), lambda: ours)
    silent = []
    for _ in range(5):
        silent.append(values_of(collector.collect())["own_attesters_without_stats"]["not-asked"])
        clock.now += 60
    assert silent == [6, 2, 0, 0, 0]
    assert asked(stand_in) == everybody
    reading.epoch += 1
    found = values_of(collector.collect())
    assert asked(stand_in)[10:] == everybody[:4]  # the oldest first
    assert len(found["attester_proposals"]) == 10
    assert found["attester_stats_oldest_timestamp_seconds"] == 1_000_060.0


def test_validators__answers_too_old__are_gone(node, stand_in, clock):
    reading = Reading(active(RUNNING, DOWN))
    ours = Ours(attesters=(RUNNING, DOWN))
    collector = validators.collector(reading, StatsReader(node, calls=1, clock=clock), lambda: ours)
    collector.collect()
    collector.collect()
    clock.now += 2 * EPOCH_SECONDS + 1
    reading.epoch += 2
    found = values_of(collector.collect())
    assert set(found["attester_proposals"]) == {RUNNING}
    assert found["own_attesters_without_stats"]["not-asked"] == 1


def test_validators__more_than_an_epoch_allows__answers_last_for_two_rounds(node, stand_in, clock):
    everybody = [account(100 + number) for number in range(100)]
    reading = Reading(active(*everybody))
    reader = StatsReader(node, calls=1, clock=clock)
    collector = validators.collector(
        reading, reader, lambda: Ours(attesters=tuple(everybody)), Pace(interval_seconds=60)
    )
    collector.collect()
    clock.now += 11_000  # two rounds of a hundred minutes are 12 000 seconds
    assert values_of(collector.collect())["own_attesters_without_stats"]["unknown"] == 2
    clock.now += 1_001
    reading.epoch += 6
    assert values_of(collector.collect())["own_attesters_without_stats"]["unknown"] == 2


def test_validators__record_that_the_node_chokes_on__hides_no_other(node, stand_in):
    whole = stand_in.validator

    def answer(address, *_):
        return thrown("ZodError")() if address == DOWN else whole(address)

    stand_in.answers["node_getValidatorStats"] = answer
    reading = Reading(active(RUNNING, DOWN))
    ours = Ours(attesters=(RUNNING, DOWN))
    found = values_of(validators.collector(reading, StatsReader(node), lambda: ours).collect())
    assert set(found["attester_proposals"]) == {RUNNING}
    assert found["own_attesters_without_stats"] == {"not-asked": 0, "unknown": 0, "refused": 1}


def test_validators__node_down__series_gone_and_what_was_told_kept(node, stand_in, clock):
    reading = Reading(active(RUNNING, DOWN))
    collector = validators.collector(
        reading,
        StatsReader(node, calls=1, clock=clock),
        lambda: Ours(attesters=(RUNNING, DOWN)),
        Pace(interval_seconds=60, timeout_seconds=30),
    )
    scraped = Scraped(collector)
    assert scraped.collect() == {"validators": None}
    stand_in.decide(lambda _: reset())
    assert isinstance(scraped.collect()["validators"], NodeUnreachable)
    assert "attester_proposals" not in scraped.names()
    assert scraped.value('scrape_success{collector="validators"}') == 0
    stand_in.decide(lambda _: None)
    scraped.collect()
    assert len(set(asked(stand_in))) == 2
    assert scraped.value(f'attester_missed_attestations_streak{{attester="{DOWN}"}}') == 7


def test_validators__node_without_the_method__fails(node, stand_in):
    del stand_in.answers["node_getValidatorStats"]
    collector = validators.collector(
        Reading(active(RUNNING)), StatsReader(node), lambda: Ours(attesters=(RUNNING,))
    )
    with pytest.raises(NodeRefused) as caught:
        collector.collect()
    assert caught.value.code == -32601


def test_reader__whoever_is_ours_no_more__is_forgotten(node, clock):
    reader = StatsReader(node, clock=clock)
    assert set(reader.read([RUNNING, DOWN], epoch=1, max_age_seconds=100)) == {RUNNING, DOWN}
    assert set(reader.read([DOWN], epoch=1, max_age_seconds=100)) == {DOWN}
    stranger = reader.read([account(77)], epoch=1, max_age_seconds=100)
    assert stranger[account(77)].stats is Silence.UNKNOWN


# ---------------------------------------------------------------------- committees


def drawn(answers, ours, story):
    reading = Reading(story, answers=answers)
    found = values_of(committees.collector(reading, lambda: ours).collect())
    return found, reading.plans


def revert(error):
    return RevertError("reverted", error=error)


def test_committees__this_epoch_and_the_next__who_sits_in_them():
    first, second, stranger = account(50), account(51), account(52)
    found, plans = drawn(
        [[first, stranger], [second, first, stranger]],
        Ours(attesters=(first, second), cap=1),
        active(first, second, stranger),
    )
    assert found == {
        "attester_in_committee": {(first, "current"): 1, (first, "next"): 1},
        "own_committee_members": {"current": 1, "next": 2},
        "committee_size": {"current": 2, "next": 3},
    }
    assert [(read.address, read.arguments) for read in plans[0]] == [(NEW, (1000,)), (NEW, (1001,))]
    assert {read.function.selector for read in plans[0]} == {ROLLUP.function("getEpochCommittee").selector}


def test_committees__next_one_not_drawn__has_no_series():
    member = account(50)
    not_drawn = revert("ValidatorSelection__EpochNotStable(uint256,uint32)")
    found, _ = drawn([[member], not_drawn], Ours(attesters=(member,)), active(member))
    assert found["attester_in_committee"] == {(member, "current"): 1}
    assert found["committee_size"] == {"current": 1}


def test_committees__set_too_small_for_one__nobody_is_on_duty():
    member = account(50)
    too_few = revert("ValidatorSelection__InsufficientValidatorSetSize(uint256,uint256)")
    found, _ = drawn([too_few, too_few], Ours(attesters=(member,)), active(member))
    assert found["attester_in_committee"] == {(member, "current"): 0, (member, "next"): 0}
    assert found["committee_size"] == {"current": 0, "next": 0}


@pytest.mark.parametrize("error", [revert("Panic(uint256)"), revert(None), DecodeError("no address")])
def test_committees__any_other_error__is_one(error):
    with pytest.raises(type(error)):
        drawn([error, []], Ours(attesters=(account(50),)), active(account(50)))


# ---------------------------------------------------------------------- offenses


def test_offenses__of_a_validator_that_was_down__by_kind_and_attester(node):
    reading = Reading(active(RUNNING, DOWN))
    ours = Ours(attesters=(RUNNING, DOWN))
    found = values_of(offenses.collector(node, reading, lambda: ours).collect())
    assert found["attester_slash_offenses"] == {RUNNING: 0, DOWN: 1}
    assert found["attester_slash_offenses_aztec"] == {RUNNING: 0.0, DOWN: 10.0}
    kinds = found["node_slash_offenses"]
    assert {kind: count for kind, count in kinds.items() if count} == {"inactivity": 1}
    assert len(kinds) == 12


def test_offenses__of_a_newer_kind_and_of_strangers__counted(node, stand_in):
    many = [
        {"validator": DOWN.lower(), "amount": str(5 * 10**18), "offenseType": 99, "epochOrSlot": "1"},
        {"validator": account(9), "amount": "1", "offenseType": 8, "epochOrSlot": "2"},
        {"validator": account(9), "amount": "1", "offenseType": 8, "epochOrSlot": "3"},
    ]
    stand_in.answers["nodeAdmin_getSlashOffenses"] = lambda which: many if which == "all" else []
    found = values_of(
        offenses.collector(node, Reading(active(DOWN)), lambda: Ours(attesters=(DOWN,))).collect()
    )
    assert found["attester_slash_offenses"] == {DOWN: 1}
    assert found["node_slash_offenses"]["type_99"] == 1
    assert found["node_slash_offenses"]["duplicate_proposal"] == 2


def test_offenses__node_without_a_slasher__fails_in_its_words(node, stand_in):
    stand_in.answers["nodeAdmin_getSlashOffenses"] = thrown("Slasher client not enabled")
    scraped = Scraped(offenses.collector(node, Reading(active(DOWN)), lambda: Ours(attesters=(DOWN,))))
    error = scraped.collect()["offenses"]
    assert isinstance(error, NodeRefused)
    assert "Slasher client not enabled" in str(error.facts["message"])
    assert "attester_slash_offenses" not in scraped.names()
