"""The commands that build the calls of stakers and of everybody: deposits, exits, rewards, tokens, splits, votes."""

# ruff: noqa: D417 - what groups of options give is not the caller's

from typing import Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.calldata_amounts import Amount, is_staking_asset
from aztec_butler.cli.calldata_answer import Proof, build, build_checked, proof
from aztec_butler.cli.calldata_files import read_registrations
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address

Block = int | str
Address = Annotated[str, parse_address, "ADDRESS"]
ProposalId = Annotated[int, parse_whole, "PROPOSAL_ID"]


@command(connection, pinned, proof)
def deposit(
    session: Session,
    block: Block,
    wanted: Proof,
    file: Annotated[str, str, "FILE"],
    *,
    withdrawer: Address,
    moves_with_latest_rollup: bool = False,
    rollup: Address | None = None,
    unverified: bool = False,
    no_duplicate_check: bool = False,
) -> Answer:
    """Calldata to stake on an attester of one's own; the sender pays, and approves the rollup before.

    Where an L1 endpoint is set, the key is looked for in all queues, in the GSE and on every rollup, and nothing is
    built when it is known, or when the endpoint fails.

    Args:
        file: one registration as JSON: attester, publicKeyG1, publicKeyG2 and proofOfPossession; nothing secret.
        withdrawer: who may withdraw the stake, for ever.
        moves_with_latest_rollup: let the stake follow the canonical rollup.
        rollup: the contract; the canonical one when not given.
        unverified: do not check the registration.
        no_duplicate_check: do not look whether the key is known already.

    Examples:
        aztec-butler calldata deposit registration.json --withdrawer 0x00000000000000000000000000000000000000aa
    """
    registrations = read_registrations(file)
    if len(registrations) != 1:
        raise InputError(
            "a deposit is of one attester",
            hint="give a file with one registration",
            file=file,
            registrations=len(registrations),
        )
    return build_checked(
        session,
        block,
        wanted,
        "deposit",
        registrations[0],
        withdrawer=withdrawer,
        moves_with_latest_rollup=moves_with_latest_rollup,
        verify=not unverified,
        rollup=rollup,
        no_duplicate_check=no_duplicate_check,
    )


@command(connection, pinned, proof)
def flush_entry_queue(
    session: Session,
    block: Block,
    wanted: Proof,
    *,
    at_most: int | None = None,
    rollup: Address | None = None,
) -> Answer:
    """Calldata to activate those who wait in the entry queue; anybody may.

    Args:
        at_most: activate no more than so many; all that the epoch allows when not given.
        rollup: the contract; the canonical one when not given.

    Examples:
        aztec-butler calldata flush-entry-queue
        aztec-butler calldata flush-entry-queue --at-most 4 --simulate --sender 0x00000000000000000000000000000000000000aa
    """
    return build(session, block, wanted, "flush_entry_queue", at_most=at_most, rollup=rollup)


@command(connection, pinned, proof)
def initiate_withdraw(
    session: Session,
    block: Block,
    wanted: Proof,
    attester: Annotated[str, parse_address, "ATTESTER"],
    recipient: Annotated[str, parse_address, "RECIPIENT"],
    *,
    rollup: Address | None = None,
) -> Answer:
    """Calldata to begin an attester's exit; its withdrawer sends.

    Args:
        attester: whose stake is to leave.
        recipient: who gets it when both delays are over.
        rollup: the contract; the canonical one when not given.

    Examples:
        aztec-butler calldata initiate-withdraw 0x00000000000000000000000000000000000000aa 0x00000000000000000000000000000000000000bb
    """
    return build(session, block, wanted, "initiate_withdraw", attester, recipient, rollup=rollup)


@command(connection, pinned, proof)
def finalize_withdraw(
    session: Session,
    block: Block,
    wanted: Proof,
    attester: Annotated[str, parse_address, "ATTESTER"],
    *,
    rollup: Address | None = None,
) -> Answer:
    """Calldata to pay out an exit whose delays are over; anybody may.

    Args:
        attester: who left.
        rollup: the contract; the canonical one when not given.

    Examples:
        aztec-butler calldata finalize-withdraw 0x00000000000000000000000000000000000000aa
        aztec-butler calldata finalize-withdraw 0x00000000000000000000000000000000000000aa --simulate --sender 0x00000000000000000000000000000000000000aa --at 2026-12-31T12:00Z
    """
    return build(session, block, wanted, "finalize_withdraw", attester, rollup=rollup)


@command(connection, pinned, proof)
def claim_sequencer_rewards(
    session: Session,
    block: Block,
    wanted: Proof,
    coinbase: Annotated[str, parse_address, "COINBASE"],
    *,
    rollup: Address | None = None,
) -> Answer:
    """Calldata to pay a coinbase the rewards it earned on a rollup; anybody may.

    Args:
        coinbase: who earned them: a split, or a wallet.
        rollup: the contract; the canonical one when not given.

    Examples:
        aztec-butler calldata claim-sequencer-rewards 0x00000000000000000000000000000000000000aa
    """
    return build(session, block, wanted, "claim_sequencer_rewards", coinbase, rollup=rollup)


@command(connection, pinned, proof)
def approve(
    session: Session,
    block: Block,
    wanted: Proof,
    spender: Annotated[str, parse_address, "SPENDER"],
    amount: Amount,
    *,
    token: Address | None = None,
) -> Answer:
    """Calldata to let a contract take tokens, up to an amount; 0 takes the right back.

    Args:
        spender: the StakingRegistry for `stake`, the rollup for `deposit`.
        amount: "200,000 AZTEC", "0.5" or "7 wei"; of another token than the staked one wei only, its smallest unit.
        token: the contract; the staked token when not given.

    Examples:
        aztec-butler calldata approve 0x00000000000000000000000000000000000000aa "200,000 AZTEC"
    """
    is_known = is_staking_asset(session, block, token, amount)
    return build(
        session,
        block,
        wanted,
        "approve",
        spender,
        amount.amount_wei,
        token=token,
        has_18_decimals=is_known,
    )


@command(connection, pinned, proof)
def transfer(
    session: Session,
    block: Block,
    wanted: Proof,
    recipient: Annotated[str, parse_address, "RECIPIENT"],
    amount: Amount,
    *,
    token: Address | None = None,
) -> Answer:
    """Calldata to send tokens.

    Args:
        recipient: who gets them.
        amount: "200,000 AZTEC", "0.5" or "7 wei"; of another token than the staked one wei only, its smallest unit.
        token: the contract; the staked token when not given.

    Examples:
        aztec-butler calldata transfer 0x00000000000000000000000000000000000000aa 100
    """
    is_known = is_staking_asset(session, block, token, amount)
    return build(
        session,
        block,
        wanted,
        "transfer",
        recipient,
        amount.amount_wei,
        token=token,
        has_18_decimals=is_known,
    )


@command(connection, pinned, proof)
def distribute(
    session: Session,
    block: Block,
    wanted: Proof,
    split: Annotated[str, parse_address, "SPLIT"],
    *,
    token: Address | None = None,
    distributor: Address | None = None,
) -> Answer:
    """Calldata to share what a split holds among its recipients, into the warehouse; anybody may.

    Its parameters are read from the event of its creation.

    Args:
        split: the coinbase of a delegation.
        token: the contract; the staked token when not given.
        distributor: who gets the incentive, if the split has one; the first recipient when not given.

    Examples:
        aztec-butler calldata distribute 0x00000000000000000000000000000000000000aa
    """
    return build(session, block, wanted, "distribute", split, token=token, distributor=distributor)


@command(connection, pinned, proof)
def warehouse_withdraw(
    session: Session,
    block: Block,
    wanted: Proof,
    owner: Annotated[str, parse_address, "OWNER"],
    *,
    token: Address | None = None,
    warehouse: Address | None = None,
) -> Answer:
    """Calldata to pay an owner what the warehouse holds for it; anybody may, unless the owner forbids it.

    Args:
        owner: who is paid.
        token: the contract; the staked token when not given.
        warehouse: the contract; that of the network's splits when not given.

    Examples:
        aztec-butler calldata warehouse-withdraw 0x00000000000000000000000000000000000000aa
    """
    return build(session, block, wanted, "warehouse_withdraw", owner, token=token, warehouse=warehouse)


@command(connection, pinned, proof)
def delegate(
    session: Session,
    block: Block,
    wanted: Proof,
    attester: Annotated[str, parse_address, "ATTESTER"],
    delegatee: Annotated[str, parse_address, "DELEGATEE"],
    *,
    instance: Address | None = None,
    gse: Address | None = None,
) -> Answer:
    """Calldata to give the voting power of an attester's stake to somebody; its withdrawer sends.

    Args:
        attester: whose stake.
        delegatee: who is to vote with it; the instance itself to give it back to the rollup.
        instance: where the stake lies: a rollup or the bonus instance; found out when not given.
        gse: the contract; the network's when not given.

    Examples:
        aztec-butler calldata delegate 0x00000000000000000000000000000000000000aa 0x00000000000000000000000000000000000000bb
    """
    return build(session, block, wanted, "delegate", attester, delegatee, instance=instance, gse=gse)


@command(connection, pinned, proof)
def gse_vote(
    session: Session,
    block: Block,
    wanted: Proof,
    proposal_id: ProposalId,
    amount: Amount,
    *,
    against: bool = False,
    gse: Address | None = None,
) -> Answer:
    """Calldata to vote on a proposal with power that was delegated to the sender.

    Args:
        proposal_id: the proposal's id.
        amount: how much of the power: "200,000", "0.5" or "7 wei".
        against: vote against it; for it otherwise.
        gse: the contract; the network's when not given.

    Examples:
        aztec-butler calldata gse-vote 3 200,000
        aztec-butler calldata gse-vote 3 200,000 --against
    """
    return build(
        session, block, wanted, "gse_vote", proposal_id, amount.amount_wei, support=not against, gse=gse
    )


@command(connection, pinned, proof)
def rollup_vote(
    session: Session, block: Block, wanted: Proof, proposal_id: ProposalId, *, rollup: Address | None = None
) -> Answer:
    """Calldata to let the rollup vote for a proposal with all stake that is not delegated; anybody may.

    Args:
        proposal_id: the proposal's id.
        rollup: the contract; the canonical one when not given.

    Examples:
        aztec-butler calldata rollup-vote 3
    """
    return build(session, block, wanted, "rollup_vote", proposal_id, rollup=rollup)


@command(connection, pinned, proof)
def signal(
    session: Session,
    block: Block,
    wanted: Proof,
    payload: Annotated[str, parse_address, "PAYLOAD"],
    *,
    governance_proposer: Address | None = None,
) -> Answer:
    """Calldata to signal for a payload as the proposer of the current slot.

    Args:
        payload: the contract whose actions are to be proposed.
        governance_proposer: the contract; the network's when not given.

    Examples:
        aztec-butler calldata signal 0x00000000000000000000000000000000000000aa
    """
    return build(session, block, wanted, "signal", payload, governance_proposer=governance_proposer)
