"""What a rollup paid for: claims of sequencers, told from refunds, withdrawals and claims of provers. Pure.

A claim leaves nothing behind but the token's Transfer from the rollup to the coinbase. A rollup sends more than that: the
stake of who left (``finalizeWithdraw``), deposits that failed (``flushEntryQueue``), provers their part
(``claimProverRewards``), and burnt fees. Of the first two the same transaction has an event right behind the Transfer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import checksum_address
from aztec_butler.core.history import missing_logs

BURN_ADDRESS: Final = checksum_address(b"CUAUHXICALLI".ljust(20, b"\0"))
"""Where fees are burnt. Source: RewardLib ``BURN_ADDRESS``."""


@attrs.frozen(kw_only=True)
class Payment:
    """A Transfer of a token from a rollup.

    Args:
        rollup: who paid.
        recipient: who was paid.
        amount_wei: how much.
        block_number: in which block.
        log_index: of the log in the block.
        transaction_hash: of the transaction.
    """

    rollup: str
    recipient: str
    amount_wei: int
    block_number: int
    log_index: int
    transaction_hash: str


@attrs.frozen(kw_only=True)
class StakeReturned:
    """The rollup's own word for a Transfer that gave stake back: ``WithdrawFinalized`` or ``FailedDeposit``.

    Args:
        rollup: who paid.
        recipient: who was paid.
        amount_wei: how much: the whole stake of one attester where a deposit failed.
        block_number: in which block.
        log_index: of the log in the block.
        transaction_hash: of the transaction.
    """

    rollup: str
    recipient: str
    amount_wei: int
    block_number: int
    log_index: int
    transaction_hash: str


def check_payable(coinbases: Iterable[str], *others: str) -> None:
    """Refuse addresses that rollups pay for other reasons without a word, so that their claims cannot be told apart.

    Args:
        coinbases: whose claims are wanted.
        others: more such addresses than where fees are burnt: the GSE, which takes deposits.

    Raises:
        InputError: one of them.
    """
    for coinbase in coinbases:
        if coinbase in (BURN_ADDRESS, *others):
            raise InputError(
                "rollups pay this address for other reasons than rewards, and do not say why",
                hint="leave it away: it is a part of the protocol, and nobody's coinbase",
                coinbase=coinbase,
            )


def without_stake(payments: Iterable[Payment], returned: Iterable[StakeReturned]) -> list[Payment]:
    """The payments that did not give stake back, in the order of the chain.

    Every event of the rollup takes away one Transfer of the same transaction, to the same recipient, of the same amount:
    the nearest one before it, as the contracts emit them.

    Args:
        payments: of one token from some rollups; those to the recipients of the events have to be there.
        returned: stake that came back to recipients of payments.

    Raises:
        NodeRefused: an event without its Transfer.

    Source: StakingLib.sol ``finalizeWithdraw`` and ``flushEntryQueue``: the Transfer is right before the event.
    """
    open_ones: dict[tuple[str, str, str, int], list[Payment]] = defaultdict(list)
    ordered = sorted(payments, key=_place)
    for payment in ordered:
        open_ones[_key(payment)].append(payment)
    gone = set()
    for event in sorted(returned, key=_place):
        before = [each for each in open_ones[_key(event)] if each.log_index < event.log_index]
        if not before:
            raise missing_logs(
                "stake was given back without a transfer",
                rollup=event.rollup,
                recipient=event.recipient,
                amount_wei=event.amount_wei,
                block=event.block_number,
                transaction=event.transaction_hash,
            )
        open_ones[_key(event)].remove(before[-1])
        gone.add(_place(before[-1]))
    return [payment for payment in ordered if _place(payment) not in gone]


def doubtful(payments: Iterable[Payment], provers: Collection[str]) -> list[Payment]:
    """Payments that may as well be a prover's part: those to somebody who proved an epoch.

    Args:
        payments: without stake that was given back.
        provers: everybody who ever proved one.
    """
    return [payment for payment in payments if payment.recipient in provers]


def _key(each: Payment | StakeReturned) -> tuple[str, str, str, int]:
    return each.transaction_hash, each.rollup, each.recipient, each.amount_wei


def _place(each: Payment | StakeReturned) -> tuple[int, int]:
    return each.block_number, each.log_index
