"""The commands that build the calls of operators: the StakingRegistry's, and what explains and simulates any calldata."""

# ruff: noqa: D417 - what groups of options give is not the caller's

import re
from typing import Annotated, Any

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.calldata_answer import Proof, answer, build, build_checked, proof
from aztec_butler.cli.calldata_files import read_calls, read_explained, read_registrations
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address

Block = int | str
_RATE = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?\s*(%?)", re.ASCII)
Address = Annotated[str, parse_address, "ADDRESS"]
ProviderId = Annotated[int, parse_whole, "PROVIDER_ID"]


def parse_rate(text: str) -> int:
    """A share in basis points, or with a percent sign.

    >>> parse_rate("2500"), parse_rate("25%"), parse_rate("0.5%")
    (2500, 2500, 50)

    Raises:
        InputError: anything else, or finer than a basis point.
    """
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise InputError("expected a share in basis points or percent", hint="2500, or 25%", value=text)
    whole, fraction, percent = match.groups()
    bps = int(whole + (fraction or "").ljust(2, "0")) if percent else int(whole)
    if len(fraction or "") > (2 if percent else 0):
        raise InputError("a share finer than a basis point", hint="2500, or 25%", value=text)
    return bps


Rate = Annotated[int, parse_rate, "BPS|PERCENT%"]


@command(connection, pinned, proof)
def register_provider(
    session: Session,
    block: Block,
    wanted: Proof,
    *,
    admin: Address,
    take_rate: Rate,
    rewards_recipient: Address,
) -> Answer:
    """Calldata to become an operator.

    Args:
        admin: who may add keys and change the terms.
        take_rate: the operator's share of rewards.
        rewards_recipient: where that share goes.

    Examples:
        aztec-butler calldata register-provider --admin 0x00000000000000000000000000000000000000aa --take-rate 25% --rewards-recipient 0x00000000000000000000000000000000000000bb
    """
    return build(
        session,
        block,
        wanted,
        "register_provider",
        admin=admin,
        take_rate_bps=take_rate,
        rewards_recipient=rewards_recipient,
    )


@command(connection, pinned, proof)
def add_keys(
    session: Session,
    block: Block,
    wanted: Proof,
    provider_id: ProviderId,
    file: Annotated[str, str, "FILE"],
    *,
    chunk_size: int = 50,
    unverified: bool = False,
    no_duplicate_check: bool = False,
) -> Answer:
    """Calldata to list keys in a provider's queue, in as many calls as it takes.

    Every registration is checked as the GSE will check it when somebody has staked on it. Where an L1 endpoint is set,
    every key is looked for in all providers' queues, in the entry queues, in the GSE and on every rollup, those that
    have left included, and nothing is built when one is known, or when the endpoint fails. Without an endpoint nobody
    can look, and the answer says so.

    Args:
        provider_id: the provider's id.
        file: registrations as JSON: attester, publicKeyG1, publicKeyG2 and proofOfPossession each; nothing secret.
        chunk_size: keys in a call, 100 at most.
        unverified: do not check the registrations.
        no_duplicate_check: do not look whether a key is known already.

    Examples:
        aztec-butler calldata add-keys 7 registrations.json
        aztec-butler calldata add-keys 7 registrations.json --simulate --sender 0x00000000000000000000000000000000000000aa
    """
    keys = read_registrations(file)
    return build_checked(
        session,
        block,
        wanted,
        "add_keys",
        provider_id,
        keys,
        chunk_size=chunk_size,
        verify=not unverified,
        no_duplicate_check=no_duplicate_check,
    )


@command(connection, pinned, proof)
def update_provider_admin(
    session: Session,
    block: Block,
    wanted: Proof,
    provider_id: ProviderId,
    new_admin: Annotated[str, parse_address, "NEW_ADMIN"],
) -> Answer:
    """Calldata to name a provider's next admin, who then has to accept.

    Args:
        provider_id: the provider's id.
        new_admin: who is to rule.

    Examples:
        aztec-butler calldata update-provider-admin 7 0x00000000000000000000000000000000000000aa
    """
    return build(session, block, wanted, "update_provider_admin", provider_id, new_admin)


@command(connection, pinned, proof)
def accept_provider_admin(session: Session, block: Block, wanted: Proof, provider_id: ProviderId) -> Answer:
    """Calldata to accept the role of a provider's admin.

    Args:
        provider_id: the provider's id.

    Examples:
        aztec-butler calldata accept-provider-admin 7
    """
    return build(session, block, wanted, "accept_provider_admin", provider_id)


@command(connection, pinned, proof)
def update_rewards_recipient(
    session: Session,
    block: Block,
    wanted: Proof,
    provider_id: ProviderId,
    rewards_recipient: Annotated[str, parse_address, "REWARDS_RECIPIENT"],
) -> Answer:
    """Calldata to send a provider's share of future delegations elsewhere.

    Args:
        provider_id: the provider's id.
        rewards_recipient: where the share goes.

    Examples:
        aztec-butler calldata update-rewards-recipient 7 0x00000000000000000000000000000000000000aa
    """
    return build(session, block, wanted, "update_rewards_recipient", provider_id, rewards_recipient)


@command(connection, pinned, proof)
def update_take_rate(
    session: Session, block: Block, wanted: Proof, provider_id: ProviderId, take_rate: Rate
) -> Answer:
    """Calldata to change a provider's share for future delegations.

    Args:
        provider_id: the provider's id.
        take_rate: the new share of rewards.

    Examples:
        aztec-butler calldata update-take-rate 7 25%
        aztec-butler calldata update-take-rate 7 2500 --simulate --sender 0x00000000000000000000000000000000000000aa
    """
    return build(session, block, wanted, "update_take_rate", provider_id, take_rate)


@command(connection, pinned, proof)
def drip_queue(session: Session, block: Block, wanted: Proof, provider_id: ProviderId, count: int) -> Answer:
    """Calldata to take keys off the head of a provider's queue, good ones included.

    Args:
        provider_id: the provider's id.
        count: keys to take off; to reach the key at position k, counted from 0, that is k + 1.

    Examples:
        aztec-butler calldata drip-queue 7 3
    """
    return build(session, block, wanted, "drip_queue", provider_id, count)


@command(connection, pinned, proof)
def stake(
    session: Session,
    block: Block,
    wanted: Proof,
    provider_id: ProviderId,
    *,
    withdrawer: Address,
    rewards_recipient: Address,
    expected_take_rate: Rate | None = None,
    rollup_version: int | None = None,
    moves_with_latest_rollup: bool = False,
) -> Answer:
    """Calldata to stake on the next key of a provider's queue; the sender pays, and approves the StakingRegistry before.

    Args:
        provider_id: the provider's id.
        withdrawer: who may withdraw the stake, for ever.
        rewards_recipient: where the staker's share of the rewards goes.
        expected_take_rate: the share that the operator is thought to take; what it takes now when not given.
        rollup_version: of the rollup to stake on; the canonical one when not given.
        moves_with_latest_rollup: let the stake follow the canonical rollup.

    Examples:
        aztec-butler calldata stake 7 --withdrawer 0x00000000000000000000000000000000000000aa --rewards-recipient 0x00000000000000000000000000000000000000aa --moves-with-latest-rollup
    """
    return build(
        session,
        block,
        wanted,
        "stake",
        provider_id,
        withdrawer=withdrawer,
        rewards_recipient=rewards_recipient,
        expected_take_rate_bps=expected_take_rate,
        rollup_version=rollup_version,
        moves_with_latest_rollup=moves_with_latest_rollup,
    )


# --------------------------------------------------------------------------- any calls


@command()
def explain(content: Annotated[str, str, "HEX|FILE"], *, to: Address | None = None) -> Answer:
    """What calldata does, down to the last call inside: batches, Safe transactions and Safe files; asks no node.

    Args:
        content: calldata as 0x hex; or a file with a Safe Transaction Builder batch, with the JSON of another `calldata`
            command, or with hex text.
        to: the contract that is called.

    Examples:
        aztec-butler calldata explain 0x1d934975
        aztec-butler calldata explain batch.json
    """
    from aztec_butler.core.decoding import Decoded
    from aztec_butler.core.decoding_text import lines_of

    explained = read_explained(content, to)
    return Answer(
        rows=explained,
        row_type=Decoded,
        lines=tuple(line for each in explained for line in lines_of(each)),
    )


@command(connection, pinned, proof)
def batch(
    session: Session,
    block: Block,
    wanted: Proof,
    file: Annotated[str, str, "FILE"],
    *,
    allow_failure: bool = False,
) -> Answer:
    """Calldata to make several calls at once through Multicall3, of those that anybody may make.

    Args:
        file: calls as another `calldata` command writes them with --format json.
        allow_failure: pass over calls that revert; else all or none are made.

    Examples:
        aztec-butler calldata batch claims.json
    """
    calls = read_calls(file, session=session, sender=None)
    return build(session, block, wanted, "batch", calls, allow_failure=allow_failure)


@command(connection, pinned, proof)
def simulate(
    session: Session,
    block: Block,
    wanted: Proof,
    content: Annotated[str, str, "HEX|FILE"],
    *,
    to: Address | None = None,
) -> Answer:
    """What calls would do on the state of a block: gas, events, balances, or why they revert. Sends nothing.

    A file must be of the network's chain; a Safe's file must be what it was when it was made, and the sender its Safe.

    Args:
        content: calldata as 0x hex, with --to; or a file with a Safe Transaction Builder batch or with the JSON of another
            `calldata` command.
        to: the contract that is called.

    Examples:
        aztec-butler calldata simulate batch.json --sender 0x00000000000000000000000000000000000000aa
        aztec-butler calldata simulate 0x1d934975 --to 0x00000000000000000000000000000000000000bb --sender 0x00000000000000000000000000000000000000aa
    """
    import attrs

    if wanted.sender is None:
        raise InputError("a sender is needed", hint="--sender ADDRESS: the account or Safe that would sign")
    calls: Any = read_calls(content, to, session=session, sender=wanted.sender)
    with session.connect(block) as network:
        return answer(
            session, attrs.evolve(wanted, simulate=True), calls, network.at(block), shows_calls=False
        )
