"""What is asked of a node once: times of blocks, terms of splits, terms of slashing."""

from __future__ import annotations

from types import SimpleNamespace

import attrs
import pytest
from staking_story import DEPLOYMENT, NEW, OLD, SPLIT, Story, account

from aztec_butler.core.contracts import SLASHER, SLASHING_PROPOSER
from aztec_butler.core.errors import DecodeError, NodeUnreachable, RevertError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import SplitParameters
from aztec_butler.exporter import block_times, split_terms
from aztec_butler.exporter.block_times import BlockTimes
from aztec_butler.exporter.slashers import Slashers
from aztec_butler.exporter.split_terms import SplitTerms

LOGS = Story().queued(account(100)).queued(account(101)).queued(account(102)).logs


@pytest.fixture
def asked(monkeypatch):
    """Numbers of the blocks whose time was asked for."""
    numbers = []

    def fetch(rpc, wanted):
        numbers.append(set(wanted))
        return {number: number * 10 for number in wanted}

    monkeypatch.setattr(block_times, "fetch_timestamps", fetch)
    return numbers


# ---------------------------------------------------------------------- times


def test_times__logs_that_tell_them__ask_nobody(asked):
    logs = [attrs.evolve(log, block_timestamp=7) for log in LOGS]
    assert BlockTimes(SimpleNamespace(rpc=None)).of(logs) == [7, 7, 7]
    assert asked == []


def test_times__logs_that_do_not__are_asked_once(asked):
    times = BlockTimes(SimpleNamespace(rpc=None))
    assert times.of(LOGS[:2]) == [10, 20]
    assert times.of(LOGS) == [10, 20, 30]
    assert times.of([]) == []
    assert asked == [{1, 2}, {3}]


def test_times__another_block_of_the_number__is_asked_anew(asked):
    times = BlockTimes(SimpleNamespace(rpc=None))
    times.of(LOGS[:1])
    times.of([attrs.evolve(LOGS[0], block_hash="0x" + "ff" * 32)])
    assert asked == [{1}, {1}]


def test_times__too_many_to_remember__those_learned_first_are_asked_again(asked, monkeypatch):
    monkeypatch.setattr(block_times, "_REMEMBERED", 2)
    times = BlockTimes(SimpleNamespace(rpc=None))
    assert times.of(LOGS) == [10, 20, 30]
    assert times.of(LOGS[1:]) == [20, 30]
    assert times.of(LOGS) == [10, 20, 30]
    assert asked == [{1, 2, 3}, {1}]


# ---------------------------------------------------------------------- splits


def test_splits__of_delegations__are_asked_once_for_each_transaction(monkeypatch):
    calls = []

    def fetch(rpc, deployment, delegations, block):
        calls.append([each.log.transaction_hash for each in delegations])
        return {
            each.split: SplitParameters(
                split=each.split,
                recipients=(OLD, NEW),
                allocations=(len(calls), 9),
                total_allocation=10,
                distribution_incentive=0,
            )
            for each in delegations
        }

    monkeypatch.setattr(split_terms, "fetch_split_parameters", fetch)
    snapshot = SimpleNamespace(deployment=DEPLOYMENT, block=None)
    terms = SplitTerms(SimpleNamespace(rpc=None))
    one = SimpleNamespace(split=SPLIT, log=LOGS[0])
    assert terms.of(snapshot, [one])[SPLIT].allocations == (1, 9)
    assert terms.of(snapshot, [one])[SPLIT].allocations == (1, 9)
    moved = SimpleNamespace(split=SPLIT, log=LOGS[1])
    assert terms.of(snapshot, [moved])[SPLIT].allocations == (3, 9)
    assert calls == [[LOGS[0].transaction_hash], [], [LOGS[1].transaction_hash]]


# ---------------------------------------------------------------------- slashers


class Contracts:
    """Slashers and their proposers; what has no answer is an error."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []
        self.multicall = self

    def read(self, reads, block):
        return self.try_read(reads, block)

    def try_read(self, reads, block):
        found = []
        for read in reads:
            self.asked.append((read.address, read.function.name))
            answer = self.answers.get((read.address, read.function.name), DecodeError("no such function"))
            if isinstance(answer, NodeUnreachable):
                raise answer
            found.append(answer)
        return found


TALLY, EMPIRE = account(31), account(32)
SLASHER_OF_TALLY, SLASHER_OF_EMPIRE, NO_SLASHER = account(41), account(42), account(43)
TERMS = {
    "QUORUM": 65,
    "ROUND_SIZE": 128,
    "LIFETIME_IN_ROUNDS": 34,
    "SLASH_OFFSET_IN_ROUNDS": 2,
    "COMMITTEE_SIZE": 48,
    "SLASH_AMOUNT_SMALL": 2,
    "SLASH_AMOUNT_MEDIUM": 5,
    "SLASH_AMOUNT_LARGE": 7,
    "EXECUTION_DELAY_IN_ROUNDS": 28,
    "INSTANCE": OLD,
    "SLASHER": SLASHER_OF_TALLY,
}
ANSWERS = {
    (SLASHER_OF_TALLY, "PROPOSER"): TALLY,
    (SLASHER_OF_EMPIRE, "PROPOSER"): EMPIRE,
    (NO_SLASHER, "PROPOSER"): RevertError("reverted"),
    (EMPIRE, "ROUND_SIZE"): 10,
    **{(TALLY, name): value for name, value in TERMS.items()},
}


def snapshot_with(*slashers):
    """Rollups that have them; the one of the tally's own rollup is where that is."""
    rollups = [
        SimpleNamespace(
            slasher=each,
            rollup=SimpleNamespace(address=OLD if each == SLASHER_OF_TALLY else account(60 + place)),
        )
        for place, each in enumerate(slashers)
    ]
    return SimpleNamespace(block=None, rollups=rollups)


def test_slashers__of_every_kind__only_those_by_votes_are_found():
    contracts = Contracts(ANSWERS)
    slashers = Slashers(contracts)
    snapshot = snapshot_with(SLASHER_OF_EMPIRE, ZERO_ADDRESS, SLASHER_OF_TALLY, NO_SLASHER)
    [(rollup, terms)] = slashers.of(snapshot)
    assert rollup is snapshot.rollups[2]
    assert terms.proposer == TALLY
    assert (terms.quorum, terms.round_size, terms.amounts_wei) == (65, 128, (2, 5, 7))
    assert (terms.lifetime_in_rounds, terms.offset_in_rounds, terms.committee_size) == (34, 2, 48)


def test_slashers__asked_again__nobody_is_asked_but_a_new_one():
    contracts = Contracts(ANSWERS)
    slashers = Slashers(contracts)
    slashers.of(snapshot_with(SLASHER_OF_TALLY))
    contracts.asked.clear()
    assert len(slashers.of(snapshot_with(SLASHER_OF_TALLY, SLASHER_OF_TALLY))) == 2
    assert contracts.asked == []
    slashers.of(snapshot_with(SLASHER_OF_TALLY, SLASHER_OF_EMPIRE))
    assert {address for address, _ in contracts.asked} == {SLASHER_OF_EMPIRE, EMPIRE}


def test_slashers__the_node_fails__nothing_is_remembered():
    contracts = Contracts(ANSWERS | {(TALLY, "QUORUM"): NodeUnreachable("gone")})
    slashers = Slashers(contracts)
    with pytest.raises(NodeUnreachable):
        slashers.of(snapshot_with(SLASHER_OF_TALLY))
    contracts.answers = ANSWERS
    assert len(slashers.of(snapshot_with(SLASHER_OF_TALLY))) == 1


def test_terms__that_are_asked__exist_in_the_contracts():
    assert SLASHER.function("PROPOSER")
    for name in TERMS:
        assert SLASHING_PROPOSER.function(name)
