"""The commands that bring attesters in, with all that it takes: read from the chain, in the order of signing."""

# ruff: noqa: D417 - what groups of options give is not the caller's

from typing import Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.calldata_answer import Proof, answer, note_check, proof
from aztec_butler.cli.calldata_files import read_registrations
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.calldata.key_stores import as_key_store, refuse_known
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.known_keys import known_places

Block = int | str
Address = Annotated[str, parse_address, "ADDRESS"]


@command(connection, pinned, proof)
def register(
    session: Session,
    block: Block,
    wanted: Proof,
    provider_id: Annotated[int, parse_whole, "PROVIDER_ID"],
    file: Annotated[str, str, "FILE"],
    *,
    chunk_size: int = 50,
    no_duplicate_check: bool = False,
) -> Answer:
    """Calls that list attesters with a provider, for people to stake on; its admin signs.

    The provider has to exist, and every registration is checked as the GSE will check it. Every key is looked for in
    all queues, in the GSE and on every rollup, those that have left included; nothing is built when one is known.

    Args:
        provider_id: the provider's id.
        file: registrations as JSON: attester, publicKeyG1, publicKeyG2 and proofOfPossession each; nothing secret.
        chunk_size: keys in a call, 100 at most.
        no_duplicate_check: do not look whether a key is known already.

    Examples:
        aztec-butler attester register 7 registrations.json
        aztec-butler attester register 7 registrations.json --safe-file keys.json --sender 0x00000000000000000000000000000000000000aa
    """
    keys = read_registrations(file)
    with session.connect(block) as network:
        pinned_network = network.at(block)
        calls = pinned_network.calldata.add_keys(
            provider_id, keys, chunk_size=chunk_size, known={} if no_duplicate_check else None
        )
        made = answer(session, wanted, calls, pinned_network)
    return note_check(made, is_made=not no_duplicate_check)


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
    approved: bool = False,
    no_duplicate_check: bool = False,
) -> Answer:
    """Calls that stake on attesters of one's own: the approval of the tokens, then a deposit for each.

    Whoever signs them pays one activation threshold for each attester. Every registration is checked as the GSE will
    check it, and looked for in all queues, in the GSE and on every rollup; nothing is built when one is known already.

    Args:
        file: registrations as JSON: attester, publicKeyG1, publicKeyG2 and proofOfPossession each; nothing secret.
        withdrawer: who may withdraw the stakes, for ever.
        moves_with_latest_rollup: let the stakes follow the canonical rollup.
        rollup: the contract; the canonical one when not given.
        approved: leave the approval out, because the rollup may take the tokens already.
        no_duplicate_check: do not look whether an attester is known already.

    Examples:
        aztec-butler attester deposit registrations.json --withdrawer 0x00000000000000000000000000000000000000aa
        aztec-butler attester deposit registrations.json --withdrawer 0x00000000000000000000000000000000000000aa --simulate --sender 0x00000000000000000000000000000000000000bb
    """
    registrations = read_registrations(file)
    with session.connect(block) as network:
        pinned_network = network.at(block)
        deployment = pinned_network.deployment
        place = rollup or deployment.rollups[-1].address
        builders = pinned_network.calldata
        known = {} if no_duplicate_check else known_places(builders.known_keys(registrations))
        refuse_known([as_key_store(registration) for registration in registrations], known)  # all at once
        deposits = [
            builders.deposit(
                registration,
                withdrawer=withdrawer,
                moves_with_latest_rollup=moves_with_latest_rollup,
                known=known,
                rollup=place,
            )
            for registration in registrations
        ]
        amount_wei = deployment.activation_threshold_wei * len(registrations)
        approval = [] if approved else [builders.approve(place, amount_wei)]
        made = answer(session, wanted, [*approval, *deposits], pinned_network)
    return note_check(made, is_made=not no_duplicate_check)
