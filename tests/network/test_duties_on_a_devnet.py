"""Performance and forecasts of duties, where the contracts themselves say what is right."""

from __future__ import annotations

from collections import Counter

import pytest
from proposing_devnet import Played

from aztec_butler import InputError, connect
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

pytestmark = pytest.mark.devnet


@pytest.fixture
def played(devnet):
    return Played(devnet)


@pytest.fixture
def net(played):
    with played.connect() as connected:
        yield connected


# --------------------------------------------------------------------------- performance


def test_performance__every_slot__is_proposed_or_missed_by_whom_the_rollup_names(played, net):
    proposed = [*played.propose_and_prove(missed=(0, 2)), *played.propose_and_prove()]
    first, last = played.epoch_of(proposed[0]), played.epoch_of(proposed[-1])
    played.moves.wait_epochs(1)
    frame = net.performance(first, last).set_index("attester")
    slots = played.moves.clock.epoch_slots
    due = Counter(played.duties.proposer(slot) for slot in range(first * slots, (last + 1) * slots))
    done = Counter(each.proposer for each in proposed)
    for attester, row in frame.iterrows():
        assert row.proposer_slots == due[attester]
        assert row.proposed_slots == row.proven_slots == done[attester]
        assert row.missed_slots == due[attester] - done[attester]
    missed = due.total() - done.total()
    assert frame.missed_slots.sum() == missed >= 2
    members = [member for epoch in range(first, last + 1) for member in played.duties.committee(epoch)]
    assert frame.committees.to_dict() == Counter(members)
    by_provider = net.performance(first, last, by="provider").set_index("provider_id")
    assert by_provider.proposed_slots[1] == sum(done[each] for each in played.ours)
    assert by_provider.missed_slots.sum() == missed


def test_performance__pruned_and_proposed_again__counts_each_slot_once_with_its_fate(played, net):
    first = played.moves.epoch + 1
    lost = played.propose()
    played.moves.wait_epochs(3)
    played.moves.rollup.send("prune")
    kept = played.propose_and_prove()
    waiting = played.propose()
    assert kept[0].number == lost[0].number
    played.moves.wait_epochs(1)
    frame = net.performance(first, played.epoch_of(waiting[-1]))
    assert frame.pruned_slots.sum() == len(lost)
    assert frame.proven_slots.sum() == len(kept)
    assert frame.pending_slots.sum() == len(waiting)
    assert frame.proposed_slots.sum() == len(lost) + len(kept) + len(waiting)
    assert (frame.proposer_slots == frame.proposed_slots + frame.missed_slots).all()
    assert frame.missed_slots.sum() > 0  # nobody proposed while the proof was waited for


def test_performance__present_epoch__only_slots_that_are_over(played, net):
    clock = played.moves.clock
    played.moves.wait_epochs(1)
    epoch = played.moves.epoch
    played.devnet.chain.mine(at=clock.slot_start_at(epoch * clock.epoch_slots + 2))
    frame = net.performance(epoch, epoch)
    assert frame.proposer_slots.sum() == frame.missed_slots.sum() == 2


def test_performance__epochs_without_a_committee__nobody_has_a_duty(net):
    frame = net.performance(0, 0)
    assert len(frame) == 0
    assert {"attester", "missed_slots", "watched_slots"} <= set(frame.columns)


def test_committees__set_of_just_the_committees_size__is_enough(devnet):
    moves = StakingMoves(devnet, devnet.rollups[-1])
    size = moves.rollup.read("getTargetCommitteeSize")
    everybody = [attester_keys(number) for number in range(size)]
    moves.deposit([Deposit(keys=keys, withdrawer=wallet("direct")) for keys in everybody])
    moves.flush_all()
    moves.wait_epochs(3)
    with connect("devnet", l1=devnet.url, progress=False) as net:
        seats = net.committees(moves.epoch)
        assert list(seats.attester) == list(moves.rollup.read("getEpochCommittee", moves.epoch))
        assert set(seats.attester) == {keys.address for keys in everybody}


# --------------------------------------------------------------------------- forecast


def test_duty_forecast__before_and_after_the_randomness__drawn_then_final_and_true(played, net):
    played.moves.wait_epochs(1)
    present = played.moves.epoch
    before = net.duty_forecast()
    assert before.groupby("epoch").stage.first().to_dict() == {
        present: "final",
        present + 1: "drawn",
        present + 2: "sampled",
    }
    assert before[before.epoch == present + 2].is_in_committee.isna().all()
    played.moves.rollup.send("setupEpoch")
    frame = net.duty_forecast()
    ahead = frame[frame.epoch == present + 1]
    assert set(ahead.stage) == {"final"}
    sampled = frame[frame.epoch == present + 2]
    chances = (played.moves.rollup.read("getTargetCommitteeSize") / 9,) * 9
    assert tuple(sampled.chance) == pytest.approx(chances)
    # It stays so, whatever happens next.
    played.moves.wait_epochs(1)
    assert played.moves.epoch == present + 1
    assert set(ahead.attester) == set(played.duties.committee(present + 1))
    for row in ahead[ahead.proposals > 0].itertuples():
        assert played.duties.proposer(int(row.next_slot)) == row.attester
    assert set(played.duties.committee(present + 2)) <= set(sampled.attester)


def test_duty_forecast__of_a_provider__a_row_for_each_of_its_attesters_and_epochs(played, net):
    frame = net.duty_forecast(provider_id=1)
    assert set(frame.attester) == set(played.ours)
    assert len(frame) == 3 * len(played.ours)
    one = net.duty_forecast(played.ours[0].lower())
    assert list(one.epoch) == [played.moves.epoch + n for n in range(3)]
    with pytest.raises(InputError, match="either"):
        net.duty_forecast(played.ours, provider_id=1)


# --------------------------------------------------------------------------- escape hatch


def test_committees__open_escape_hatch__its_proposer_stands_in(played, net):
    """A stub that is always open, where the rollup asks the real one."""
    hatch, stand_in = wallet("hatch"), wallet("stands in")
    opened = bytes.fromhex("73" + stand_in[2:] + "602052" + "6001600052" + "60406000f3")
    played.devnet.chain.set_code(hatch, opened)
    rollup = played.moves.rollup
    before = played.moves.epoch
    rollup.send("updateEscapeHatch", hatch, sender=rollup.read("owner"))
    played.moves.wait_epochs(2)
    slots = net.proposers(before, before + 2)
    told = slots.groupby("epoch").is_escape_hatch.first().to_dict()
    assert told == {before: False, before + 1: True, before + 2: True}
    assert set(slots[slots.is_escape_hatch].proposer) == {stand_in}
    assert set(slots[~slots.is_escape_hatch].proposer) <= set(played.keys)
    performance = net.performance(before, before + 2)
    assert performance.committees.max() == 1
    forecast = net.duty_forecast()
    assert (forecast.proposals.dropna() == 0).all()
