"""Payouts, where the contracts themselves say what is right."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from proposing_devnet import PAYER, STAKERS, Played, rewards_wallet

from aztec_butler import InputError, NotFoundError
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
    assert net.payout(1, last, after=one.content, **common) == two
    with pytest.raises(InputError, match="not what its inputs make"):
        net.payout(1, last, after=one.content.replace(b'"passed_over": ', b'"passed_over": 1'), **common)
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


def test_payout__window_not_ready__is_refused_and_says_why(played, net):
    proposed = played.propose()
    epoch = played.epoch_of(proposed[0])
    common = {"first_epoch": epoch, "wallet": PAYER}
    with pytest.raises(NotFoundError, match="not over") as early:
        net.payout(1, epoch, **common)
    assert early.value.facts["present_epoch"] == epoch
    assert early.value.facts["ends"].endswith("Z")
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


# --------------------------------------------------------------------------- what changes under a window


def test_payout__another_rollup_was_canonical__earned_nothing_and_says_so(played):
    rollup = played.moves.rollup
    lost = played.propose()
    epoch = played.epoch_of(lost[0])
    with played.devnet.restored():
        played.devnet.add_rollup()
        played.duties.prove(lost, wallet("prover"))
        assert rollup.read("getSequencerRewards", PAYER) == 0
        assert rollup.read("getProvenCheckpointNumber") == lost[-1].number
        played.moves.wait_epochs(1)
        with played.connect() as net, pytest.raises(NotFoundError, match="earned nothing"):
            net.payout(
                1,
                epoch,
                first_epoch=epoch,
                wallet=PAYER,
                rollup_version=played.moves.version,
                allow_unfinalized=True,
            )


def change_reward(played) -> None:
    rollup = played.moves.rollup
    distributor, bps, booster, reward = rollup.read("getRewardConfig")
    config = (distributor, bps, booster, reward + 1)
    rollup.send("setRewardConfig", config, sender=rollup.read("owner"))


def test_payout__reward_changed__is_refused_and_an_older_record_still_verifies(played, net):
    epoch = played.epoch_of(played.propose_and_prove()[0])
    played.moves.wait_epochs(1)
    question = {"first_epoch": epoch, "wallet": PAYER, "allow_unfinalized": True}
    record = net.payout(1, epoch, **question)
    change_reward(played)
    with pytest.raises(InputError, match="was changed"):
        net.payout(1, epoch, **question)
    assert net.at(played.devnet.chain.block_number() - 1).payout(1, epoch, **question) == record
    checks = net.verify_payout(record.content).set_index("check").outcome
    assert checks["terms"] == "warn"
    assert set(checks.drop("terms")) == {"ok"}


def test_verify_payout__reward_changed_before_the_proof__fails(played, net):
    epoch = played.epoch_of(played.propose_and_prove()[0])
    played.moves.wait_epochs(1)
    record = net.payout(1, epoch, first_epoch=epoch, wallet=PAYER, allow_unfinalized=True)
    change_reward(played)
    proposed = played.propose_and_prove()
    played.moves.wait_epochs(1)
    longer = json.loads(record.content)
    last = net.payout_records()._inputs(
        lambda _: record.delegations, epoch, played.epoch_of(proposed[0]), None, allow_unfinalized=True
    )
    for name, block in (("last_block", last.window.last_block), ("settled_at", last.settled_at)):
        place = longer["window"] if name == "last_block" else longer
        place[name] = {"number": block.number, "hash": block.hash, "timestamp": block.timestamp}
    longer["window"]["last_epoch"] = last.window.last_epoch
    checks = net.verify_payout(json.dumps(longer).encode()).set_index("check").outcome
    assert checks["terms"] == "fail"
