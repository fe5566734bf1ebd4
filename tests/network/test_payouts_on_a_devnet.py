"""Payouts, fates of checkpoints and forecasts where the contracts themselves say what is right."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from proposing_devnet import PAYER, STAKERS, Played, rewards_wallet

from aztec_butler import CheckFailed, InputError, NotFoundError
from aztec_butler.devnet.season_keys import wallet

pytestmark = pytest.mark.devnet


@pytest.fixture
def played(devnet):
    return Played(devnet)


@pytest.fixture
def net(played):
    with played.connect() as connected:
        yield connected


# --------------------------------------------------------------------------- payouts


def test_payout__proven_epochs__is_what_the_rollup_credits_and_can_be_paid(played, net):
    first = played.moves.epoch + 1
    proposed = [*played.propose_and_prove(), *played.propose_and_prove(missed=(1,))]
    proposed += played.propose_and_prove()
    played.moves.wait_epochs(1)
    last = played.epoch_of(proposed[-1])
    record = net.payout(1, last, first_epoch=first, wallet=PAYER, allow_unfinalized=True)
    settlement = record.settlement

    rollup = played.moves.rollup
    assert settlement.reward_wei == rollup.read("getSequencerRewards", PAYER) > 0
    counted = Counter(each.proposer for each in proposed if each.coinbase == PAYER)
    shares = Counter()
    for attester, count in counted.items():
        shares[rewards_wallet(STAKERS[played.ours.index(attester)])] += count
    reward = rollup.read("getCheckpointReward") * rollup.read("getRewardConfig")[1] // 10_000
    assert {each.delegator: each.checkpoints for each in settlement.transfers} == shares
    assert all(each.amount_wei == each.checkpoints * reward * 9 // 10 for each in settlement.transfers)
    astray = sum(each.proposer == played.ours[-1] for each in proposed)
    assert settlement.passed_over == astray

    # The calls do what the record says, sent by the wallet itself.
    rollup.send("claimSequencerRewards", PAYER)
    token = played.moves.token
    for call in record.calls:
        played.devnet.chain.send(call.to, call.data, sender=PAYER)
    for each in settlement.transfers:
        assert token.read("balanceOf", each.delegator) == each.amount_wei
    assert token.read("balanceOf", PAYER) == settlement.commission_wei


def test_payout__twice__the_same_bytes_that_verify(played, net):
    first = played.moves.epoch + 1
    played.propose_and_prove()
    played.moves.wait_epochs(1)
    pinned = net.at("latest")
    question = {"first_epoch": first, "wallet": PAYER, "commission_bps": 2_500, "allow_unfinalized": True}
    record = pinned.payout(1, first, **question)
    assert record.content == pinned.payout(1, first, **question).content
    played.moves.wait_epochs(2)  # later, and from another machine
    with played.connect(event_store=False) as another:
        assert another.payout(1, first, **question).content == record.content
    assert {each.commission_bps for each in record.delegations} == {2_500}
    checks = net.verify_payout(record.content)
    assert set(checks.outcome) == {"ok"}, checks
    assert {"arithmetic", "token", "blocks", "terms", "delegations", "checkpoints"} == set(checks.check)


def test_payout__next_window__continues_the_record_before(played, net):
    first = played.moves.epoch + 1
    last = [played.epoch_of(played.propose_and_prove()[-1]) for _ in range(2)][-1]
    played.moves.wait_epochs(2)
    common = {"wallet": PAYER, "allow_unfinalized": True}
    whole = net.payout(1, last, first_epoch=first, **common)
    one = net.payout(1, first, first_epoch=first, **common)
    two = net.payout(1, last, after=one, **common)
    assert (two.window.first_epoch, two.previous) == (first + 1, one.digest)
    assert two.window.first_block.number == one.window.last_block.number + 1
    assert one.settlement.reward_wei + two.settlement.reward_wei == whole.settlement.reward_wei
    assert one.checkpoints + two.checkpoints == whole.checkpoints
    for begin, told in ((first, "twice"), (first + 2, "gap")):
        with pytest.raises(InputError, match=told):
            net.payout(1, max(begin, last), first_epoch=begin, after=one, **common)
    checks = net.verify_payout(two.content, after=one.content).set_index("check")
    assert checks.outcome["continues"] == "ok"
    checks = net.verify_payout(two.content, after=whole.content).set_index("check")
    assert checks.outcome["continues"] == "fail"


def tampered(content: bytes, change) -> bytes:
    document = json.loads(content)
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda d: d["checkpoints"].pop(), "checkpoints"),
        (lambda d: d["checkpoints"][0].update(coinbase=d["token"]), "checkpoints"),
        (lambda d: d["terms"].update(checkpoint_reward_wei="7"), "terms"),
        (lambda d: d["delegations"][0].update(delegator=d["wallet"]), "delegations"),
        (lambda d: d["window"]["first_block"].update(hash="0x" + "1" * 64), "blocks"),
        (lambda d: d["settled_at"].update(hash="0x" + "1" * 64), "blocks"),
        (lambda d: d.update(token=d["wallet"]), "token"),
        (lambda d: d["calls"][0].update(to=d["wallet"]), "arithmetic"),
    ],
    ids=["fewer", "coinbase", "terms", "delegator", "window", "settled_at", "token", "call"],
)
def test_verify_payout__a_changed_record__fails_at_what_was_changed(made_record, change, check):
    net, content = made_record
    checks = net.verify_payout(tampered(content, change)).set_index("check")
    assert checks.outcome[check] == "fail"


@pytest.fixture(scope="module")
def made_record(session_devnet):
    """A network with a payout, and its record; for tests that change nothing."""
    with session_devnet.restored():
        played = Played(session_devnet)
        first = played.moves.epoch + 1
        last = [played.epoch_of(played.propose_and_prove()[-1]) for _ in range(2)][-1]
        played.moves.wait_epochs(1)
        with played.connect() as net:
            record = net.payout(1, last, first_epoch=first, wallet=PAYER, allow_unfinalized=True)
            yield net.at("latest"), record.content


def test_payout__window_not_ready__is_refused_and_says_why(played, net):
    proposed = played.propose()
    epoch = played.epoch_of(proposed[0])
    common = {"first_epoch": epoch, "wallet": PAYER}
    with pytest.raises(NotFoundError, match="not over"):
        net.payout(1, epoch, **common)
    played.moves.wait_epochs(1)
    with pytest.raises(NotFoundError, match="not proven") as caught:
        net.payout(1, epoch, **common, allow_unfinalized=True)
    assert f"epoch {epoch - 1}" in caught.value.hint
    played.duties.prove(proposed, wallet("prover"))
    with pytest.raises(NotFoundError, match="not final"):
        net.payout(1, epoch, **common)
    assert net.payout(1, epoch, **common, allow_unfinalized=True).checkpoints
    played.devnet.chain.mine_many(4)
    assert net.payout(1, epoch, **common).checkpoints


def test_payout__question_that_makes_no_sense__is_refused(net):
    with pytest.raises(InputError, match="needs a beginning"):
        net.payout(1, 5, wallet=PAYER)
    with pytest.raises(InputError, match="hex text"):
        net.payout(1, 5, first_epoch=5, wallet="me")
    with pytest.raises(NotFoundError, match="nobody has staked"):
        net.payout(2, 5, first_epoch=5, wallet=PAYER)
    with pytest.raises(NotFoundError, match="no rollup"):
        net.payout(1, 5, first_epoch=5, wallet=PAYER, rollup_version=77)


def test_verify_payout__record_of_another_chain__is_refused(made_record):
    net, content = made_record
    with pytest.raises(CheckFailed, match="another chain"):
        net.verify_payout(tampered(content, lambda d: d.update(chain_id=1)))


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
