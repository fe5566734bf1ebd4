"""What the exporter shows of L1 at the end of a season, and of turns of events after it: each value against plain web3."""

from __future__ import annotations

import time

import pytest
import requests
from l1_reads import PARTS, VALIDATING, L1Reads
from prometheus_client.parser import text_string_to_metric_families
from web3 import HTTPProvider, Web3

from aztec_butler import connect
from aztec_butler.devnet.checkpoints import Checkpoints
from aztec_butler.devnet.season import Story
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import StakingMoves
from aztec_butler.exporter.board import Board
from aztec_butler.exporter.collectors import (
    coinbases,
    entry_queue,
    governance,
    network,
    provider,
    rewards,
    rollup,
    slashing,
)
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.loop import CollectionLoop
from aztec_butler.exporter.ours import Ours

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

PREFIX = "aztec_butler_"
ROUND_TRIPS = 20
TIMES = {
    "entry_queue_last_activation_timestamp_seconds",
    "own_next_activation_timestamp_seconds",
    "own_last_activation_timestamp_seconds",
    "coinbase_missing_activation_timestamp_seconds",
}
"""For these the queue is played."""


@pytest.fixture(scope="module")
def season(played_season):
    return played_season[1]


@pytest.fixture
def devnet(played_season):
    with played_season[0].restored():
        yield played_season[0]


@pytest.fixture
def w3(devnet):
    with requests.Session() as session:
        yield Web3(HTTPProvider(devnet.url, session=session, cache_allowed_requests=True))


@pytest.fixture
def validating(devnet, season):
    """Who is in the set at the end of the season, in the order of the season."""
    return [
        attester
        for attester in season.attesters
        if any(each.rollup.read("getStatus", attester) == VALIDATING for each in devnet.rollups)
    ]


@pytest.fixture
def ours(season, validating):
    """Two providers, and some that were staked directly; some keystores lack a coinbase, one has a wrong one."""
    ids = (1, 4)
    of_providers = [each for each in season.attesters.values() if each.provider_id in ids]
    direct = [each for each in season.attesters.values() if each.provider_id is None]
    configured = {each.address: each.coinbase for each in (*of_providers, *direct[::3]) if each.coinbase}
    first, second, third = [each.address for each in of_providers if each.address in validating][:3]
    waiting = [each for each in configured if each in season.stories[Story.QUEUED]]
    configured |= {first: None, waiting[0]: None, waiting[-1]: None, second: wallet("somewhere else")}
    del configured[third]
    return Ours(
        provider_ids=ids,
        attesters=(direct[1].address, wallet("nobody that the contracts know")),
        coinbases=configured,
        cap=1000,
    )


class Exporter:
    """All collectors of L1 in their loop, scraped as Prometheus would."""

    def __init__(self, net, ours, parts=PARTS):
        self.net, self.ours, self.clock, self.parts = net, ours, 0.0, parts
        self.reading = L1Reading(net, monotonic=lambda: self.clock)
        self.board = Board(clock=time.time)
        self.outcomes = []
        self.loop = CollectionLoop(self.board, on_outcome=self.outcomes.append)
        makers = {
            module.__name__.rpartition(".")[2]: lambda module=module: module.collector(
                self.reading, lambda: self.ours
            )
            for module in (rollup, entry_queue, provider, coinbases, rewards, slashing)
        }
        makers |= {
            "governance": lambda: governance.collector(self.reading),
            "network": lambda: network.collector(self.reading),
        }
        self.loop.replace([makers[part]() for part in parts])

    def scrape(self):
        """Collect once, and read the page."""
        self.clock += 60
        self.outcomes.clear()
        self.loop.run_once()
        for outcome in self.outcomes:
            if outcome.error is not None:
                raise outcome.error
        found = {}
        for family in text_string_to_metric_families(self.board.pages.plain.decode()):
            for sample in family.samples:
                labels = dict(sample.labels)
                if "collector" not in labels:
                    assert labels.pop("network") == "devnet"
                    found[sample.name.removeprefix(PREFIX), tuple(sorted(labels.items()))] = sample.value
        return found


@pytest.fixture
def start(devnet, ours):
    """A factory of exporters: ``start("slashing")``."""
    addresses = devnet.addresses
    with connect(
        "devnet",
        l1=devnet.url,
        registry=addresses["registry"],
        staking_registry=addresses["staking_registry"],
        progress=False,
        event_store=False,
    ) as net:
        yield lambda *parts: Exporter(net, ours, parts or PARTS)


def without_times(values):
    return {key: value for key, value in values.items() if key[0] not in TIMES}


def compare(exporter, devnet, w3):
    """Everything shown, and nothing but, is what web3 reads."""
    shown = without_times(exporter.scrape())
    expected = L1Reads(devnet, w3, exporter.ours).values(*exporter.parts)
    assert shown == pytest.approx(expected, rel=1e-12, abs=0)
    assert shown.keys() == expected.keys()
    return shown


def test_season__every_value__is_what_web3_reads(start, devnet, w3):
    exporter = start()
    shown = compare(exporter, devnet, w3)
    names = {name for name, _ in shown}
    # What does not occur at the end of this season has tests of its own below.
    assert {metric.name for metric in rollup.METRICS} <= names
    assert shown["coinbases_missing", ()] == 3
    assert shown["coinbases_drifting", ()] > 0
    assert shown["coinbases_unknown", ()] > 0
    # Who proposes is drawn anew in every season; that both values show is another test's.
    drifts = {value for (name, _), value in shown.items() if name == "checkpoint_coinbase_drift"}
    assert drifts
    assert drifts <= {0, 1}
    assert shown["own_pending_rewards_aztec", ()] > 0


def test_season__a_collection__takes_few_round_trips(start):
    exporter = start()
    exporter.scrape()
    for _ in range(3):
        before = exporter.net.rpc.request_count
        exporter.scrape()
        assert exporter.net.rpc.request_count - before <= ROUND_TRIPS


def test_queue__played_to_its_end__activates_when_it_was_told(start, devnet, w3, ours):
    shown = start("entry_queue", "coinbases").scrape()
    moves = StakingMoves(devnet, devnet.rollups[-1])
    reads = L1Reads(devnet, w3, ours)
    queued = [entry[0] for entry in reads.queues[-1]]
    failing = reads.failing(len(devnet.rollups) - 1)
    good = [attester for place, attester in enumerate(queued) if place not in failing]
    activated: dict[str, int] = {}
    while len(activated) < len(good):
        epoch_begins = moves.clock.epoch_start_at(moves.epoch)
        activated |= dict.fromkeys(moves.flush().activated, epoch_begins)
        moves.wait_epochs(1)
    assert shown["entry_queue_last_activation_timestamp_seconds", ()] == activated[good[-1]]
    own = [attester for attester in good if attester in ours.coinbases or attester in ours.attesters]
    missing = [attester for attester in own if ours.coinbases.get(attester, "") is None]
    assert own
    assert missing
    assert shown["own_last_activation_timestamp_seconds", ()] == activated[own[-1]]
    for attester in missing:
        key = "coinbase_missing_activation_timestamp_seconds", (("attester", attester),)
        assert shown[key] == activated[attester]


def test_missing_coinbase__of_one_in_the_set__was_activated_when_its_deposit_says(start, w3, ours, devnet):
    shown = start("coinbases").scrape()
    reads = L1Reads(devnet, w3, ours)
    times = {
        log["args"]["attester"]: reads.time_of(log)
        for each in reads.rollups
        for log in reads.events(each, "Deposit")
    }
    validating = [
        attester
        for attester, coinbase in ours.coinbases.items()
        if coinbase is None and reads.own_standing(attester) == "validating"
    ]
    assert validating
    for attester in validating:
        key = "coinbase_missing_activation_timestamp_seconds", (("attester", attester),)
        assert shown[key] == times[attester]


class Duties:
    """Whoever is on duty on the canonical rollup, doing it."""

    def __init__(self, devnet, season):
        self.devnet, self.chain = devnet, devnet.chain
        self.moves = StakingMoves(devnet, devnet.rollups[-1])
        self.keys = {keys.address: keys for keys in map(attester_keys, range(120))}
        self.checkpoints = Checkpoints(self.moves, self.keys)
        self.slashing = self.moves.contracts.contracts["slashing_proposer"]
        self.season = season

    def slots_of_a_new_slashing_round(self):
        """A round that judges committees drawn from the full set, and its slots."""
        size = self.slashing.read("ROUND_SIZE")
        number = max(6, self.slashing.read("getCurrentRound") + 1)
        return number, range(number * size, (number + 1) * size)

    def at(self, slot: int) -> int:
        """The start of a slot; its proposer is known from the epoch before on."""
        at = self.moves.clock.slot_start_at(slot)
        self.chain.wait_until(at - self.moves.clock.slot_seconds)
        return at

    def vote(self, slot: int, votes: bytes) -> None:
        at = self.at(slot)
        voter = self.checkpoints.proposer(slot)
        signature = self.keys[voter].sign(self.slashing.read("getVoteSignatureDigest", votes, slot))
        self.slashing.send("vote", votes, signature.struct, sender=voter, at=at)

    def signal(self, slot: int, payload: str) -> None:
        at = self.at(slot)
        proposer = self.devnet.contract("governance_proposer")
        proposer.send("signal", payload, sender=self.checkpoints.proposer(slot), at=at)


def packed(units: dict[int, int], places: int) -> bytes:
    return sum(unit << 2 * place for place, unit in units.items()).to_bytes(-(-places // 4), "little")


def test_slashing__votes_come_in_and_a_round_ends__every_value_is_what_web3_reads(start, devnet, season, w3):
    exporter = start("slashing")
    duties = Duties(devnet, season)
    number, slots = duties.slots_of_a_new_slashing_round()
    duties.chain.wait_until(duties.moves.clock.slot_start_at(slots[0] - 1))
    committees = duties.slashing.read("getSlashTargetCommittees", number)
    members = [member for committee in committees for member in committee]
    assert all(committees)
    exporter.ours = Ours(attesters=tuple(members), cap=1000)
    quorum = duties.slashing.read("QUORUM")
    compare(exporter, devnet, w3)
    for turn, slot in enumerate(slots):
        # One place gets every vote and so a quorum, one gets a few, one a single one.
        units = {3: 1 + turn % 3, 7: 2} if turn < 4 else {3: 1}
        if turn == 9:
            units[12] = 3
        duties.vote(slot, packed(units, len(members)))
        if turn in (0, 9):
            shown = compare(exporter, devnet, w3)
            assert shown["attester_slash_votes", (("attester", members[3]),)] == turn + 1
    accused = "attester_pending_slash_aztec", (("attester", members[3]),)
    assert shown[accused] == 0
    assert quorum <= len(slots)
    duties.chain.wait_until(duties.moves.clock.slot_start_at(slots[-1] + 1))
    duties.chain.mine()
    shown = compare(exporter, devnet, w3)
    assert shown[accused] == 2_000.0
    assert {value for (name, _), value in shown.items() if name == "attester_slash_votes"} == {0}
    duties.slashing.send("executeRound", number, committees)
    shown = compare(exporter, devnet, w3)
    assert shown[accused] == 0
    assert ("own_slashes_total", ()) in shown


def test_governance__signals_and_a_proposal__every_value_is_what_web3_reads(start, devnet, season, w3):
    exporter = start("governance")
    duties = Duties(devnet, season)
    payload, other = devnet.addresses["gse"], devnet.addresses["registry"]
    proposer = devnet.contract("governance_proposer")
    size = proposer.read("ROUND_SIZE")
    first = (proposer.read("getCurrentRound") + 2) * size
    for slot in range(first, first + 7):
        duties.signal(slot, other if slot == first else payload)
        if slot < first + 3:
            shown = compare(exporter, devnet, w3)
            leads = [dict(labels)["payload"] for name, labels in shown if name == "governance_signals"]
            assert leads == [other if slot < first + 2 else payload]
    duties.chain.wait_until(duties.moves.clock.slot_start_at(first + size))
    proposer.send("submitRoundWinner", first // size)
    shown = compare(exporter, devnet, w3)
    assert shown["governance_proposals", (("state", "pending"),)] == 1
    assert not any(name == "governance_signals" for name, _ in shown)
    duties.chain.wait(120)
    duties.chain.mine()
    assert compare(exporter, devnet, w3)["governance_proposals", (("state", "active"),)] == 1


@pytest.fixture
def all_configured(season, validating):
    """Everybody who may propose is ours, and configured as it was proposed in the season."""
    return Ours(
        coinbases={attester: season.attesters[attester].coinbase for attester in validating}, cap=1000
    )


def test_checkpoints__coinbases_change__the_last_one_of_each_counts(
    start, devnet, season, w3, all_configured
):
    exporter = start("coinbases")
    exporter.ours = all_configured
    duties = Duties(devnet, season)
    seen = set()
    for wrong in (True, False):
        proposed = duties.checkpoints.propose_epoch(
            lambda attester, wrong=wrong: wallet("stray") if wrong else season.attesters[attester].coinbase
        )
        shown = compare(exporter, devnet, w3)
        # One that is about to leave may still sit in the committee, and is none of ours.
        seen |= {
            (wrong, shown["checkpoint_coinbase_drift", (("attester", each.proposer),)])
            for each in proposed
            if each.proposer in all_configured.coinbases
        }
    assert {(True, 1), (False, 0)} <= seen
    assert (True, 0) not in seen


def test_checkpoints__a_reorganisation__takes_them_back(start, devnet, season, all_configured):
    exporter = start("coinbases")
    exporter.ours = all_configured
    before = exporter.scrape()
    with devnet.restored():
        proposed = Duties(devnet, season).checkpoints.propose_epoch(lambda _: wallet("stray"))
        during = exporter.scrape()
    assert during["checkpoint_coinbase_drift", (("attester", proposed[-1].proposer),)] == 1
    assert exporter.scrape() == before != during
