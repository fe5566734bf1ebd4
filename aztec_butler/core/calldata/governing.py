"""Calls of Governance's side: who votes with a stake, and which payload a proposer signals for."""

from __future__ import annotations

from aztec_butler.core.calldata.arguments import check_bool
from aztec_butler.core.calldata.tokens import describe_amount
from aztec_butler.core.calls import Call, build_call, check_address, check_uint
from aztec_butler.core.contracts.governance import GOVERNANCE_PROPOSER
from aztec_butler.core.contracts.registry import GSE


def delegate(attester: str, delegatee: str, *, instance: str, gse: str) -> Call:
    """Give the voting power of an attester's stake to somebody; its withdrawer sends.

    Args:
        attester: whose stake.
        delegatee: who is to vote with it; the instance itself to give it back to the rollup.
        instance: where the stake lies: the bonus instance for an attester that moves with the latest rollup, else its
            rollup. In any other the contract finds no stake.
        gse: the contract.

    Raises:
        InputError: a zero address.

    Source: GSE.sol ``delegate``.
    """
    who = check_address("attester", attester)
    voter = check_address("delegatee", delegatee, hint="the instance itself takes the power back")
    place = check_address("instance", instance)
    return build_call(
        check_address("gse", gse),
        GSE.function("delegate"),
        place,
        who,
        voter,
        summary=f"Let {voter} vote with the stake of attester {who} in instance {place}",
    )


def gse_vote(proposal_id: int, amount_wei: int, *, support: bool, gse: str) -> Call:
    """Vote on a proposal with power that was delegated to the sender.

    Args:
        proposal_id: of the proposal.
        amount_wei: how much of the power.
        support: for it, or against it.
        gse: the contract.

    Raises:
        InputError: no id, or an amount that is not positive.

    Source: GSE.sol ``vote``.
    """
    number = check_uint("proposal_id", proposal_id)
    amount = check_uint("amount_wei", amount_wei, at_least=1)
    yea = check_bool("support", support)
    return build_call(
        check_address("gse", gse),
        GSE.function("vote"),
        number,
        amount,
        yea,
        summary=f"Vote {'for' if yea else 'against'} proposal {number} with a power of {describe_amount(amount)}",
    )


def signal(payload: str, *, governance_proposer: str) -> Call:
    """Signal for a payload as the proposer of the current slot.

    Args:
        payload: the contract whose actions are to be proposed.
        governance_proposer: the contract.

    Raises:
        InputError: a zero address.

    Source: EmpireBase.sol ``signal``.
    """
    what = check_address("payload", payload)
    return build_call(
        check_address("governance_proposer", governance_proposer),
        GOVERNANCE_PROPOSER.function("signal"),
        what,
        summary=f"Signal for the payload {what} as the proposer of the current slot",
    )
