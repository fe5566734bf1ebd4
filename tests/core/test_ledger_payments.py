"""What a rollup paid for: each event takes away one transfer, the right one."""

from __future__ import annotations

import pytest

from aztec_butler import CheckFailed, InputError, NodeRefused, NotFoundError
from aztec_butler.core.ledger_payments import (
    BURN_ADDRESS,
    Payment,
    StakeReturned,
    check_payable,
    without_stake,
)
from aztec_butler.core.ledger_proofs import EpochProof, SequencerShare, accrued_by, pending_before

ROLLUP, ALICE, BOB = ("0x" + digit * 40 for digit in "abc")
STAKE = 200_000


def paid(index, amount, to=ALICE, block=1, transaction="0x1"):
    return Payment(
        rollup=ROLLUP,
        recipient=to,
        amount_wei=amount,
        block_number=block,
        log_index=index,
        transaction_hash=transaction,
    )


def gave_back(index, amount=STAKE, to=ALICE, block=1, transaction="0x1"):
    return StakeReturned(
        rollup=ROLLUP,
        recipient=to,
        amount_wei=amount,
        block_number=block,
        log_index=index,
        transaction_hash=transaction,
    )


def test_payments__refund_and_payout__are_no_claims():
    claim, refund, payout = paid(0, 350), paid(3, STAKE), paid(7, 123)
    assert without_stake([payout, claim, refund], [gave_back(4), gave_back(8, 123)]) == [claim]


def test_payments__claim_of_the_very_amount__the_transfer_right_before_the_event_goes():
    claim, refund = paid(0, STAKE), paid(3, STAKE)
    assert without_stake([claim, refund], [gave_back(4)]) == [claim]
    late = paid(6, STAKE)
    assert without_stake([refund, late], [gave_back(4)]) == [late]


@pytest.mark.parametrize(
    "payments",
    [[], [paid(5, STAKE)], [paid(3, STAKE, to=BOB)], [paid(3, STAKE, transaction="0x2")], [paid(3, 1)]],
    ids=["none", "behind", "to another", "elsewhere", "other amount"],
)
def test_payments__event_without_its_transfer__logs_are_missing(payments):
    with pytest.raises(NodeRefused, match="without a transfer"):
        without_stake(payments, [gave_back(4)])


def test_payments__two_events_and_one_transfer__logs_are_missing():
    with pytest.raises(NodeRefused):
        without_stake([paid(3, STAKE)], [gave_back(4), gave_back(9)])


def test_burn_address__refused_as_coinbase():
    check_payable([ALICE], BOB)
    for address in (BURN_ADDRESS, BOB):
        with pytest.raises(InputError):
            check_payable([ALICE, address], BOB)


def proof(first, last, granted, *, block=10, fees=None, version=1):
    count = last - first + 1
    return EpochProof(
        rollup_version=version,
        first_checkpoint=first,
        last_checkpoint=last,
        coinbases=tuple((ALICE, BOB)[place % 2] for place in range(count)),
        fees_wei=tuple(fees or [0] * count),
        granted_wei=granted,
        block_number=block,
        log_index=0,
        transaction_hash="0x1",
    )


def share(bps, block=-1):
    return SequencerShare(rollup_version=1, block_number=block, log_index=0, bps=bps)


def test_proofs__longer_proof_of_the_epoch__credits_the_rest_only():
    found = accrued_by(
        [proof(5, 6, 1_000), proof(5, 8, 1_001, block=11), proof(5, 7, 0, block=12)], [share(7_000)]
    )
    assert [(each.checkpoint, each.amount_wei, each.block_number) for each in found] == [
        (5, 350, 10),
        (6, 350, 10),
        (7, 350, 11),  # 1 001 * 70 % is 700.7, and 350 for each of the two
        (8, 350, 11),
    ]
    after = accrued_by([proof(5, 6, 1_000), proof(5, 8, 1_001, block=11)], [share(7_000)], after_block=10)
    assert [each.checkpoint for each in after] == [7, 8]


def test_proofs__share_changes__the_one_in_force():
    found = accrued_by(
        [proof(1, 1, 1_000), proof(2, 2, 1_000, block=20)], [share(7_000), share(5_000, block=15)]
    )
    assert [each.amount_wei for each in found] == [700, 500]
    with pytest.raises(NotFoundError):
        accrued_by([proof(1, 1, 1_000)], [share(5_000, block=15)])
    assert accrued_by([proof(1, 1, 0)], [])[0].amount_wei == 0  # not canonical: nothing to share


def test_proofs__fees__are_an_error_for_those_who_earned_them_alone():
    with_fee = proof(1, 2, 1_000, fees=[0, 3])
    with pytest.raises(CheckFailed, match="fees"):
        accrued_by([with_fee], [share(7_000)])
    (only,) = accrued_by([with_fee], [share(7_000)], coinbases={ALICE})
    assert only.amount_wei == 350


def test_pending_before__more_credited_than_there_is__named_error():
    facts = {"coinbase": ALICE, "rollup_version": 1, "block_number": 4}
    assert pending_before(10, 7, 2, **facts) == 5
    with pytest.raises(CheckFailed) as failed:
        pending_before(1, 7, 2, **facts)
    assert failed.value.facts["difference_wei"] == 4
