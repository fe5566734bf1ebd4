"""Slashing rounds, votes, tallies, vetoes and what-ifs on real contracts: what is told is then really done."""

from __future__ import annotations

import random
from contextlib import ExitStack

import pandas as pd
import pytest

import aztec_butler as ab
from aztec_butler import InputError, NotFoundError, connect
from aztec_butler.core.errors import RevertError
from aztec_butler.devnet import SMALL
from aztec_butler.devnet.checkpoints import Checkpoints
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

pytestmark = pytest.mark.devnet

ATTESTERS = 6
TOKEN = 10**18
AMOUNTS = (1_000 * TOKEN, 3_000 * TOKEN, 5_000 * TOKEN)
VETOER = wallet("vetoer")
PARAMETERS = SMALL.with_rollup(
    slash_amounts_wei=AMOUNTS, slashing_vetoer=VETOER, slashing_execution_delay_in_rounds=1
)


class Court:
    """A small set, whose proposers vote."""

    def __init__(self, devnet) -> None:
        self.devnet, self.chain = devnet, devnet.chain
        self.moves = StakingMoves(devnet, devnet.rollups[-1])
        keys = [attester_keys(number) for number in range(ATTESTERS)]
        self.keys = {each.address: each for each in keys}
        self.moves.deposit([Deposit(keys=each, withdrawer=wallet("owner")) for each in keys])
        self.moves.flush_all()
        self.proposer, self.slasher = devnet.contract("slashing_proposer"), devnet.contract("slasher")
        self._checkpoints = Checkpoints(self.moves, self.keys)
        self.size = self.proposer.read("ROUND_SIZE")
        self.places = self.proposer.read("COMMITTEE_SIZE") * self.proposer.read("ROUND_SIZE_IN_EPOCHS")

    @property
    def round(self) -> int:
        return self.proposer.read("getCurrentRound")

    def first_round(self) -> int:
        """The first one that judges committees drawn from the whole set."""
        return self.round + self.proposer.read("SLASH_OFFSET_IN_ROUNDS") + 2

    def vote(self, slot: int, units) -> str:
        """Cast a vote: who did."""
        votes = sum(unit << 2 * place for place, unit in enumerate(units)).to_bytes(
            self.places // 4, "little"
        )
        at = self.moves.clock.slot_start_at(slot)
        self.chain.wait_until(at - self.moves.clock.slot_seconds)
        voter = self._checkpoints.proposer(slot)
        signature = self.keys[voter].sign(self.proposer.read("getVoteSignatureDigest", votes, slot))
        self.proposer.send("vote", votes, signature.struct, sender=voter, at=at)
        return voter

    def wait_for_round(self, number: int) -> None:
        self.chain.wait_until(self.moves.clock.slot_start_at(number * self.size))
        self.chain.mine()

    def execute(self, number: int) -> None:
        self.proposer.send("executeRound", number, self.proposer.read("getSlashTargetCommittees", number))


@pytest.fixture
def court(start_devnet):
    return Court(start_devnet(PARAMETERS))


@pytest.fixture
def ask(court):
    """A connection to the chain as it is now: ``ask()``."""
    with ExitStack() as stack:

        def make():
            addresses = court.devnet.addresses
            return stack.enter_context(
                connect(
                    "devnet",
                    l1=court.devnet.url,
                    registry=addresses["registry"],
                    staking_registry=addresses["staking_registry"],
                    progress=False,
                )
            ).at("latest")

        yield make


def test_rounds__voted_vetoed_executed_and_forgotten__are_told_as_they_go(court, ask):
    draw = random.Random(3)
    condemned, doubtful, vetoed = (court.first_round() + number for number in range(3))
    cast = {}
    for number in (condemned, doubtful, vetoed):
        hated = {place: draw.choice((0, 0, 0.4, 0.9)) for place in range(court.places)}
        quiet = 10 if number == doubtful else 0  # a few votes, and no quorum
        for slot in range(number * court.size + quiet, (number + 1) * court.size):
            units = [
                draw.randint(1, 3) if draw.random() < hated[place] else 0 for place in range(court.places)
            ]
            cast[slot] = (court.vote(slot, units), units)
    net = ask()
    court_committees = {
        number: court.proposer.read("getSlashTargetCommittees", number)
        for number in (condemned, doubtful, vetoed)
    }
    frame = net.slashing_rounds().set_index("round")
    # While the last one is voted on, the first one waits.
    assert frame.state.tolist() == ["executable", "waiting", "voting"]
    assert frame.votes.tolist() == [court.size, court.size - 10, court.size]
    assert frame.blocked_because.isna().all()
    for number, committees in court_committees.items():
        tally = court.proposer.read("getTally", number, committees)
        votes, told = net.slashing_votes(number), net.slashing_tally(number)
        members = [member for committee in committees for member in committee]
        expected = [
            (slot, voter, members[place], unit)
            for slot, (voter, units) in cast.items()
            if slot // court.size == number
            for place, unit in enumerate(units)
            if unit
        ]
        assert list(zip(votes.slot, votes.voter, votes.attester, votes.units, strict=True)) == expected
        found = told[told.units > 0]
        assert list(zip(found.attester, found.amount_wei, strict=True)) == [tuple(each) for each in tally]
        assert frame.tally_wei[number] == sum(amount for _, amount in tally)
        assert (frame.condemned[number], frame.accused[number]) == (len(tally), len(told))
        assert (told.votes_missing == (9 - told.votes).clip(lower=0)).all()
    assert frame.condemned[condemned] > 0 == frame.condemned[doubtful] < frame.condemned[vetoed]
    assert pd.isna(frame.payload[doubtful])

    clock = court.moves.clock
    for number, row in frame.iterrows():
        for at, is_ready in ((row.executable_at, True), (row.expires_at, False)):
            slot = (int(at.timestamp()) - clock.genesis_at) // clock.slot_seconds
            told = [
                court.proposer.read("isRoundReadyToExecute", int(number), each) for each in (slot - 1, slot)
            ]
            assert told == [not is_ready, is_ready]

    # Executed exactly from when on it is said to be.
    begins_at = int(frame.executable_at[vetoed].timestamp())
    court.chain.wait_until(begins_at - 24)
    with pytest.raises(RevertError, match="round"):
        court.execute(vetoed)
    court.slasher.send("vetoPayload", frame.payload[vetoed], sender=VETOER)
    court.execute(condemned)
    court.chain.wait_until(begins_at)
    with pytest.raises(RevertError):
        court.execute(vetoed)
    after = ask().slashing_rounds().set_index("round")
    assert after.state[[condemned, vetoed]].tolist() == ["executed", "vetoed"]
    assert "vetoed" in after.blocked_because[vetoed]
    assert after.slashes[condemned] == frame.condemned[condemned]
    logs = [
        values["amount"]
        for log in court.devnet.rpc.call(
            "eth_getLogs",
            {
                "address": court.moves.rollup.address,
                "fromBlock": hex(int(after.executed_block[condemned])),
                "toBlock": hex(int(after.executed_block[condemned])),
                "topics": ["0x" + court.moves.rollup.compiled.event("Slashed").topic0.hex()],
            },
        )
        for values in [{"amount": int(log["data"], 16)}]
    ]
    assert after.slashed_wei[condemned] == sum(logs) > 0
    block = court.devnet.rpc.call("eth_getBlockByNumber", hex(int(after.executed_block[condemned])), False)
    assert after.executed_at[condemned].timestamp() == int(block["timestamp"], 16)

    # Paused: an execution would revert, and it is told why; then time runs out.
    court.slasher.send("setSlashingEnabled", False, sender=VETOER)
    paused = ask().slashing_rounds(last=2).set_index("round")
    assert paused.index.tolist() == [doubtful, vetoed]
    assert paused.blocked_because[doubtful] is pd.NA
    expires_at = int(paused.expires_at[doubtful].timestamp())
    court.chain.wait_until(expires_at)
    court.chain.mine()
    assert not court.proposer.read(
        "isRoundReadyToExecute", doubtful, court.moves.rollup.read("getCurrentSlot")
    )
    assert ask().slashing_rounds().set_index("round").state[doubtful] == "expired"

    # Votes of a round that is long over are not kept, and that is said instead of nothing.
    court.wait_for_round(condemned + 128)
    late = ask()
    forgotten = late.slashing_rounds().set_index("round").loc[condemned]
    assert (forgotten.state, forgotten.votes) == ("executed", court.size)
    assert pd.isna(forgotten.tally_wei)
    with pytest.raises(NotFoundError, match="not keep"):
        late.slashing_votes(condemned)
    with pytest.raises(NotFoundError, match="no such round yet") as caught:
        late.slashing_tally(court.round + 1)
    assert "version of the rollup" in caught.value.hint  # another one may have had it
    with pytest.raises(NotFoundError, match="no rollup of this version"):
        late.slashing_tally(condemned, rollup_version=99)
    assert late.slashing_votes(court.round - 1).empty  # nobody voted
    with pytest.raises(InputError, match="one round"):
        late.slashing_rounds(last=0)


@pytest.mark.parametrize(("units", "slashes"), [(1, 1), (1, 4), (2, 2), (3, 1), (3, 3)])
def test_slashing_what_if__really_slashed__ends_as_foretold(court, ask, units, slashes):
    rollup, slasher = court.moves.rollup, court.moves.rollup.read("getSlasher")
    addresses = list(court.keys)
    rollup.send("slash", addresses[0], 2_500 * TOKEN, sender=slasher)  # somebody has less room
    foretold = ask().slashing_what_if(units, slashes=slashes)
    assert foretold.attester.tolist() == addresses
    active = rollup.read("getActiveAttesterCount")
    slashed = dict.fromkeys(addresses, 0)
    ejected_by = {}
    for attester in addresses:
        for number in range(1, 8 if slashes == 4 else slashes + 1):
            receipt = rollup.send("slash", attester, AMOUNTS[units - 1], sender=slasher)
            if number <= slashes:
                slashed[attester] += sum(v["amount"] for v in rollup.decode_logs(receipt, "Slashed"))
            if number == slashes:
                view = rollup.read("getAttesterView", attester)
                row = foretold[foretold.attester == attester].iloc[0]
                assert row.status_after == ("none", "validating", "zombie", "exiting")[view[0]]
                assert (row.stake_after_wei, row.exit_after_wei) == (view[1], view[2][1])
            if attester not in ejected_by and rollup.read("getStatus", attester) == 2:
                ejected_by[attester] = number
    assert foretold.slashed_wei.tolist() == [slashed[each] for each in addresses]
    for row in foretold.itertuples():
        if row.attester in ejected_by:
            assert row.ejecting_slash == ejected_by[row.attester]
        assert row.is_ejected == (row.ejecting_slash <= slashes)
    if slashes != 4:
        assert rollup.read("getActiveAttesterCount") == active - foretold.is_ejected.sum()
    losses = ab.analysis.slash_losses(foretold, "withdrawer")
    assert (losses.attesters.sum(), losses.ejected.sum()) == (ATTESTERS, foretold.is_ejected.sum())


def test_slashing_what_if__somebody_and_any_amount__and_what_cannot_be(court, ask):
    net = ask()
    who = list(court.keys)[2]
    (row,) = net.slashing_what_if(amount_wei=4_000 * TOKEN + 1, attesters=[who.lower()]).itertuples()
    assert (row.attester, row.is_ejected, row.ejecting_slash) == (who, True, 1)
    (row,) = net.slashing_what_if(amount_wei=4_000 * TOKEN, attesters=[who]).itertuples()
    assert (row.is_ejected, row.ejecting_slash, row.headroom_wei) == (False, 2, 4_000 * TOKEN)
    assert net.slashing_what_if(attesters=who).attester.tolist() == [who]
    for wrong in (
        {"units": 4},
        {"units": 0},
        {"amount_wei": 0},
        {"amount_wei": 4e21},
        {"slashes": 0},
        {"attesters": ["0x12"]},
    ):
        with pytest.raises(InputError):
            net.slashing_what_if(**wrong)
    with pytest.raises(NotFoundError, match="nobody has staked"):
        net.slashing_what_if(attesters=[wallet("stranger")])
