"""Rounds of votes on the real contracts: who is voted against, which rounds are alive, and when quorums are reached."""

from __future__ import annotations

import random

import pytest

from aztec_butler.core.concentration import committee_quorum
from aztec_butler.core.errors import RevertError
from aztec_butler.core.governance import signal_round
from aztec_butler.core.slashing_rounds import SlashingTerms, votes_against
from aztec_butler.devnet.checkpoints import Checkpoints
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

pytestmark = pytest.mark.devnet

ATTESTERS = 6


class Voting:
    """A small set, whose proposers propose and vote."""

    def __init__(self, devnet):
        self.devnet, self.chain = devnet, devnet.chain
        self.moves = StakingMoves(devnet, devnet.rollups[-1])
        keys = [attester_keys(number) for number in range(ATTESTERS)]
        self.keys = {each.address: each for each in keys}
        self.moves.deposit([Deposit(keys=each, withdrawer=wallet("owner")) for each in keys])
        self.moves.flush_all()
        self.contract = devnet.contract("slashing_proposer")
        self.checkpoints = Checkpoints(self.moves, self.keys)
        read = self.contract.read
        self.terms = SlashingTerms(
            proposer=self.contract.address,
            quorum=read("QUORUM"),
            round_size=read("ROUND_SIZE"),
            lifetime_in_rounds=read("LIFETIME_IN_ROUNDS"),
            offset_in_rounds=read("SLASH_OFFSET_IN_ROUNDS"),
            committee_size=read("COMMITTEE_SIZE"),
            amounts_wei=tuple(read(f"SLASH_AMOUNT_{size}") for size in ("SMALL", "MEDIUM", "LARGE")),
        )

    @property
    def slot(self) -> int:
        return self.moves.rollup.read("getCurrentSlot")

    def vote(self, slot: int, votes: bytes) -> None:
        at = self.moves.clock.slot_start_at(slot)
        self.chain.wait_until(at - self.moves.clock.slot_seconds)
        voter = self.checkpoints.proposer(slot)
        signature = self.keys[voter].sign(self.contract.read("getVoteSignatureDigest", votes, slot))
        self.contract.send("vote", votes, signature.struct, sender=voter, at=at)


@pytest.fixture
def voting(devnet):
    return Voting(devnet)


def test_votes_against__a_round_of_random_votes__reach_a_quorum_as_the_tally_does(voting):
    draw = random.Random(7)
    terms = voting.terms
    # Committees that are judged were drawn from the whole set.
    number = terms.round_at(voting.slot) + terms.offset_in_rounds + 2
    places = terms.committee_size * voting.contract.read("ROUND_SIZE_IN_EPOCHS")
    hated = {place: draw.choice((0.2, 0.5, 0.6, 0.9)) for place in range(places)}
    votes = []
    for slot in range(number * terms.round_size, (number + 1) * terms.round_size):
        units = [draw.randint(1, 3) if draw.random() < hated[place] else 0 for place in range(places)]
        votes.append(
            sum(unit << 2 * place for place, unit in enumerate(units)).to_bytes(places // 4, "little")
        )
        voting.vote(slot, votes[-1])
        assert voting.contract.read("getVotes", number, len(votes) - 1) == votes[-1]
        if len(votes) < terms.quorum - 1:
            continue
        committees = voting.contract.read("getSlashTargetCommittees", number)
        against = votes_against(votes, committees, terms.committee_size)
        condemned = {attester for attester, count in against.items() if count >= terms.quorum}
        assert condemned == {attester for attester, _ in voting.contract.read("getTally", number, committees)}
    assert 0 < len(condemned) < ATTESTERS


def test_rounds__over_more_than_a_lifetime__are_alive_as_long_as_they_can_be_executed(voting):
    terms, read = voting.terms, voting.contract.read
    for _ in range(terms.lifetime_in_rounds + 4):
        slot = voting.slot
        current = terms.round_at(slot)
        assert current == read("getCurrentRound")
        alive = terms.live_rounds(current)
        executable = {number for number in range(current) if read("isRoundReadyToExecute", number, slot)}
        # Before the offset nothing could be voted for, so there is nothing to execute.
        assert {*alive} - {current} == {number for number in executable if number >= terms.offset_in_rounds}
        assert all(read("getRound", number) is not None for number in alive)
        voting.chain.wait_until(voting.moves.clock.slot_start_at((current + 1) * terms.round_size))
        voting.chain.mine()


def test_signal_round__over_time__is_the_proposers(voting):
    proposer = voting.devnet.contract("governance_proposer")
    size = proposer.read("ROUND_SIZE")
    for slot in (voting.slot + step for step in (1, size // 2, size, 3 * size)):
        voting.chain.wait_until(voting.moves.clock.slot_start_at(slot))
        voting.chain.mine()
        assert signal_round(voting.slot, size) == proposer.read("getCurrentRound")
        assert signal_round(slot, size) == proposer.read("computeRound", slot)


def test_committee_quorum__one_attestation_less__is_what_the_rollup_calls_insufficient(voting):
    size = voting.moves.rollup.read("getTargetCommitteeSize")
    quorum = committee_quorum(size)
    voting.moves.wait_epochs(voting.moves.clock.lag_in_epochs + 1)
    for missing, is_enough in ((size - quorum, True), (size - quorum + 1, False)):
        # Who proposes signs in any case: absent are as many others.
        committee = voting.checkpoints.committee(voting.moves.epoch + 1)
        slots = voting.moves.clock.epoch_slots
        proposer = voting.checkpoints.proposer((voting.moves.epoch + 1) * slots)
        absent = [place for place, member in enumerate(committee) if member != proposer][:missing]
        with voting.devnet.restored():
            [first, *_] = voting.checkpoints.propose_epoch(
                lambda attester: attester, missed=range(1, slots), absent=absent
            )
            assert len(first.signers) == size - missing
            arguments = (first.number, first.attestations, committee)
            if is_enough:
                with pytest.raises(RevertError):
                    voting.moves.rollup.send("invalidateInsufficientAttestations", *arguments)
            else:
                voting.moves.rollup.send("invalidateInsufficientAttestations", *arguments)
                assert voting.moves.rollup.read("getPendingCheckpointNumber") == first.number - 1
