"""Calls of the rollup around one's own stake: in, through the queue, out, and the rewards.

Their names and arguments are the same in every generation of the rollup.
"""

from __future__ import annotations

from collections.abc import Mapping

from aztec_butler.core.calldata.arguments import check_bool, count_of
from aztec_butler.core.calldata.key_stores import as_key_store, refuse_faulty, refuse_known
from aztec_butler.core.calls import Call, build_call, check_address, check_uint
from aztec_butler.core.contracts.rollup import ROLLUP


def deposit(
    registration: object,
    *,
    withdrawer: str,
    moves_with_latest_rollup: bool,
    known: Mapping[str, str] | None = None,
    verify: bool = True,
    rollup: str,
) -> Call:
    """Stake on an attester of one's own; the sender pays the activation threshold, which the rollup may take.

    Args:
        registration: the attester and its BLS registration, in any form that ``as_key_store`` takes.
        withdrawer: who may withdraw the stake, for ever.
        moves_with_latest_rollup: whether the stake follows the canonical rollup.
        known: attesters that are in use already, or whose BLS key is, with the place where; one of them is refused.
            Networks fill it in, see ``core.known_keys``.
        verify: whether to check the registration as the GSE will, which takes about 20 ms.
        rollup: the contract.

    Raises:
        InputError: a zero address, a registration that is wrong, or one that is in use already.

    Source: StakingLib.sol ``deposit``.
    """
    key_store = as_key_store(registration)
    refuse_known([key_store], known or {})
    if verify:
        refuse_faulty([key_store])
    attester, public_key_g1, public_key_g2, proof = key_store
    owner = check_address("withdrawer", withdrawer)
    moves = check_bool("moves_with_latest_rollup", moves_with_latest_rollup)
    return build_call(
        check_address("rollup", rollup),
        ROLLUP.function("deposit"),
        attester,
        owner,
        public_key_g1,
        public_key_g2,
        proof,
        moves,
        summary=(
            f"Deposit one activation threshold for attester {attester}"
            f"{', moving with the latest rollup' if moves else ''}, with withdrawer {owner}"
        ),
    )


def flush_entry_queue(*, at_most: int | None = None, rollup: str) -> Call:
    """Activate those who wait in the entry queue, as many as the epoch allows; anybody may.

    Args:
        at_most: activate no more than so many; None for all that are allowed.
        rollup: the contract.

    Raises:
        InputError: less than one.

    Source: StakingLib.sol ``flushEntryQueue``.
    """
    to = check_address("rollup", rollup)
    if at_most is None:
        return build_call(
            to,
            ROLLUP.function("flushEntryQueue()"),
            summary="Activate as many queued deposits as the epoch allows",
        )
    number = check_uint("at_most", at_most, at_least=1)
    return build_call(
        to,
        ROLLUP.function("flushEntryQueue(uint256)"),
        number,
        summary=f"Activate at most {count_of(number, 'queued deposit')}, as far as the epoch allows",
    )


def initiate_withdraw(attester: str, recipient: str, *, rollup: str) -> Call:
    """Begin the exit of an attester, or name the recipient of an ejected one's stake; its withdrawer sends.

    Args:
        attester: whose stake is to leave.
        recipient: who gets it when both delays are over.
        rollup: the contract.

    Raises:
        InputError: a zero address.

    Source: StakingLib.sol ``initiateWithdraw``.
    """
    who, to = check_address("attester", attester), check_address("recipient", recipient)
    return build_call(
        check_address("rollup", rollup),
        ROLLUP.function("initiateWithdraw"),
        who,
        to,
        summary=f"Begin the withdrawal of attester {who}'s whole stake to {to}; it never validates again",
    )


def finalize_withdraw(attester: str, *, rollup: str) -> Call:
    """Pay out an exit whose delays are over; anybody may.

    Args:
        attester: who left.
        rollup: the contract.

    Raises:
        InputError: a zero address.

    Source: StakingLib.sol ``finalizeWithdraw``.
    """
    who = check_address("attester", attester)
    return build_call(
        check_address("rollup", rollup),
        ROLLUP.function("finalizeWithdraw"),
        who,
        summary=f"Pay the stake of attester {who} to the recipient of its withdrawal",
    )


def claim_sequencer_rewards(coinbase: str, *, rollup: str) -> Call:
    """Pay a coinbase the rewards that it earned on a rollup; anybody may.

    Args:
        coinbase: who earned them.
        rollup: the contract.

    Raises:
        InputError: a zero address.

    Source: RewardLib.sol ``claimSequencerRewards``.
    """
    who = check_address("coinbase", coinbase)
    return build_call(
        check_address("rollup", rollup),
        ROLLUP.function("claimSequencerRewards"),
        who,
        summary=f"Pay coinbase {who} its sequencer rewards of this rollup",
    )


def rollup_vote(proposal_id: int, *, rollup: str) -> Call:
    """Let the canonical rollup vote yea with all stake that nobody was given to vote with; anybody may.

    Args:
        proposal_id: of a proposal that came from this rollup's own proposers.
        rollup: the contract.

    Raises:
        InputError: no id.

    Source: StakingLib.sol ``vote``.
    """
    number = check_uint("proposal_id", proposal_id)
    return build_call(
        check_address("rollup", rollup),
        ROLLUP.function("vote"),
        number,
        summary=f"Let the rollup vote for proposal {number} with all stake that is not delegated",
    )
