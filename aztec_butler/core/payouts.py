"""What a provider owes to those who staked with it, for a window of epochs: to the wei, and as calls to sign.

For providers whose attesters name a wallet of the provider as coinbase, in place of the split of each delegation: the
rewards of all stakers arrive in one place and are forwarded from there. A checkpoint whose coinbase is not that wallet
is no part of it.

The rule, which is that of settlements made on mainnet:

* every counted checkpoint earns the sequencer's reward, ``checkpoint_reward_wei * sequencer_bps // 10_000``;
* the checkpoints of all attesters of one delegator at one commission are added up first, and the delegator gets
  ``reward * (10_000 - commission_bps) // 10_000`` of the sum: rounded down once, not once for each checkpoint;
* the commission is the rest, so what is forwarded and what is kept are together what was earned;
* transfers come in the order in which the delegators first staked, one to each, none of nothing.

Fees of transactions are not in it, and a pool of rewards that ran dry is not noticed: the ledger of rewards shows both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import attrs

from aztec_butler.core.calldata.tokens import transfer
from aztec_butler.core.calls import Call, check_address, check_uint
from aztec_butler.core.errors import InputError
from aztec_butler.core.records import unit

BPS: Final = 10_000


@attrs.frozen(kw_only=True)
class PayoutDelegation:
    """Who is paid for an attester, and what the provider keeps."""

    attester: str
    delegator: str
    commission_bps: int = unit("bps")


@attrs.frozen(kw_only=True)
class PayoutCheckpoint:
    """A proven checkpoint of one of the provider's attesters."""

    number: int
    slot: int
    block_number: int
    transaction_hash: str
    attester: str
    coinbase: str
    """Whom it names for the sequencer's reward; it counts where that is the provider's wallet."""


@attrs.frozen(kw_only=True)
class PayoutTerms:
    """What a checkpoint earns, in the whole window."""

    checkpoint_reward_wei: int = unit("wei")
    """For sequencer and provers together. Source: ``getRewardConfig``."""
    sequencer_bps: int = unit("bps")

    @property
    def sequencer_reward_wei(self) -> int:
        """What the coinbase of a checkpoint is credited with. Source: RewardLib ``handleRewardsAndFees``."""
        return self.checkpoint_reward_wei * self.sequencer_bps // BPS


@attrs.frozen(kw_only=True)
class PayoutTransfer:
    """What one delegator gets."""

    delegator: str
    checkpoints: int
    """Counted, of all of its attesters."""
    attesters: int
    """That proposed them."""
    reward_wei: int = unit("wei")
    """What they earned."""
    commission_wei: int = unit("wei")
    """What the provider keeps of it."""
    amount_wei: int = unit("wei")
    """What is sent."""


@attrs.frozen(kw_only=True)
class Settlement:
    """What a window comes to: ``reward_wei == commission_wei + forwarded_wei``."""

    checkpoints: int
    """That count."""
    passed_over: int
    """Checkpoints with another coinbase than the wallet, which do not."""
    reward_wei: int = unit("wei")
    commission_wei: int = unit("wei")
    forwarded_wei: int = unit("wei")
    transfers: tuple[PayoutTransfer, ...]


def settle(
    checkpoints: Sequence[PayoutCheckpoint],
    delegations: Sequence[PayoutDelegation],
    terms: PayoutTerms,
    *,
    wallet: str,
) -> Settlement:
    """What each delegator gets.

    Args:
        checkpoints: every proven one of the window, of the provider's attesters; each once.
        delegations: in the order in which they were made, one for each attester.
        terms: what a checkpoint earns.
        wallet: the coinbase whose checkpoints count.

    Raises:
        InputError: a checkpoint is there twice or of an attester without a delegation, an attester has two delegations,
            or a commission is none.
    """
    check_address("wallet", wallet)
    check_uint("checkpoint_reward_wei", terms.checkpoint_reward_wei)
    _check_bps("sequencer_bps", terms.sequencer_bps)
    by_attester = _by_attester(delegations)
    _check_checkpoints(checkpoints, by_attester)
    counted = [each for each in checkpoints if each.coinbase == wallet]
    counts: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    proposers: defaultdict[str, set[str]] = defaultdict(set)
    for each in counted:
        delegation = by_attester[each.attester]
        counts[delegation.delegator][delegation.commission_bps] += 1
        proposers[delegation.delegator].add(each.attester)
    transfers = []
    for delegator in dict.fromkeys(each.delegator for each in delegations):
        if delegator not in counts:
            continue
        rewards = {bps: count * terms.sequencer_reward_wei for bps, count in counts[delegator].items()}
        amount = sum(reward * (BPS - bps) // BPS for bps, reward in rewards.items())
        reward = sum(rewards.values())
        transfers.append(
            PayoutTransfer(
                delegator=delegator,
                checkpoints=sum(counts[delegator].values()),
                attesters=len(proposers[delegator]),
                reward_wei=reward,
                commission_wei=reward - amount,
                amount_wei=amount,
            )
        )
    reward_wei = len(counted) * terms.sequencer_reward_wei
    forwarded_wei = sum(each.amount_wei for each in transfers)
    return Settlement(
        checkpoints=len(counted),
        passed_over=len(checkpoints) - len(counted),
        reward_wei=reward_wei,
        commission_wei=reward_wei - forwarded_wei,
        forwarded_wei=forwarded_wei,
        transfers=tuple(transfers),
    )


def payout_calls(transfers: Sequence[PayoutTransfer], *, token: str) -> tuple[Call, ...]:
    """The transfers as calls of the token, one each, to be sent by the wallet itself.

    No allowance is given to anybody: what a contract may take that calls for everybody (Multicall3), everybody may take.

    Args:
        transfers: in order; those of nothing are left out.
        token: the contract.

    Raises:
        InputError: a delegator is nobody, or the token itself.
    """
    return tuple(
        transfer(each.delegator, each.amount_wei, token=token) for each in transfers if each.amount_wei
    )


def _by_attester(delegations: Sequence[PayoutDelegation]) -> dict[str, PayoutDelegation]:
    found: dict[str, PayoutDelegation] = {}
    for each in delegations:
        _check_bps("commission_bps", each.commission_bps)
        check_address("attester", each.attester)
        check_address("delegator", each.delegator)
        if each.attester in found:
            raise InputError("an attester has two delegations", attester=each.attester)
        found[each.attester] = each
    return found


def _check_checkpoints(
    checkpoints: Sequence[PayoutCheckpoint], delegations: dict[str, PayoutDelegation]
) -> None:
    numbers: set[int] = set()
    for each in checkpoints:
        if each.number in numbers:
            raise InputError("a checkpoint is there twice", checkpoint=each.number)
        numbers.add(each.number)
        if each.attester not in delegations:
            raise InputError(
                "a checkpoint of an attester without a delegation",
                checkpoint=each.number,
                attester=each.attester,
            )


def _check_bps(name: str, value: int) -> None:
    check_uint(name, value)
    if value > BPS:
        raise InputError(
            "a part of more than the whole", hint="10000 basis points are all of it", **{name: value}
        )
