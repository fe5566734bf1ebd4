"""The commands about a Safe: files for its web app, hashes, and proposals to its owners."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import render_text
from aztec_butler.cli.command import command
from aztec_butler.cli.safe_inputs import (
    chain_id_of,
    known_contracts,
    open_l1,
    open_service,
    read_batch_file,
    read_named,
    read_proposable,
    read_secret_file,
    write_batches,
)
from aztec_butler.cli.safe_rows import ShownCall, ShownFile, ShownHashes, ShownProposal, ShownQueued
from aztec_butler.cli.session import Session, connection
from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import CheckFailed, SettingsError
from aztec_butler.core.hexes import parse_address

if TYPE_CHECKING:
    from aztec_butler.clients.safe_proposals import ProposalPlan
    from aztec_butler.core.safe_batch import SafeBatch
    from aztec_butler.core.safe_batch_file import BatchFile
    from aztec_butler.core.safe_queue import QueuedTransaction


@command(connection)
def batch(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    calls: Annotated[str, str, "CALLS"],
    *,
    safe: Annotated[str, parse_address, "ADDRESS"],
    file: Annotated[str, str, "PATH"],
    name: str = "aztec-butler",
) -> Answer:
    """Calls to a Transaction Builder file, which an owner imports in the web app of Safe.

    A file holds 100 transactions at most; more go into several files, numbered, in order. The same calls make the same
    bytes, so that somebody else can build the file again and compare its checksum.

    The calls must be of the network's chain. What they do is told from their calldata; what their files say about them
    is quoted beside it.

    Args:
        calls: JSON files with the calls, separated by commas, as the commands that build calls print them.
        safe: whose transactions they are to be.
        file: where to write; several files get a number each, and other files of the same set must not be there.
        name: what the web app calls the batch.

    Examples:
        aztec-butler safe batch register.json,keys.json --safe 0x111CEEee040739fD91D29C34C33E6B3E112F2177 --file batch.json
    """
    from aztec_butler.core.safe_batch import split_calls
    from aztec_butler.core.safe_batch_file import read_batch
    from aztec_butler.core.safe_calls import read_calls

    chain_id = chain_id_of(session)
    read = partial(read_calls, chain_id=chain_id)
    paths = [part.strip() for part in calls.split(",") if part.strip()]
    found = [call for path in paths for call in read_named(path, read)]
    batches = split_calls(found, chain_id=chain_id, safe=safe, name=name)
    rows = [
        ShownFile(
            file=str(place),
            transactions=len(part.calls),
            checksum=read_batch(place.read_bytes()).checksum,
            safe=safe,
            chain_id=part.chain_id,
        )
        for place, part in zip(write_batches(file, batches), batches, strict=True)
    ]
    return Answer(rows=rows, row_type=ShownFile, facts={"network": session.settings.network})


@command(connection)
def check(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    file: Annotated[str, str, "FILE"],
    *,
    safe: Annotated[str, parse_address, "ADDRESS"] | None = None,
) -> Answer:
    """What a Transaction Builder file would do, and whether it is what it was when it was made.

    What the calls do is told from their calldata, never from the file's own words. Contracts are known by their
    addresses: where an L1 endpoint is set it is asked for them, otherwise nobody is asked. Exit code 5 when the checksum
    is missing or wrong, when there are too many transactions, when it is of another Safe or chain, or when a call, or
    one inside it, lets everybody spend or runs a stranger's code.

    Args:
        file: a file written here or by the web app.
        safe: the Safe that it should be of.

    Examples:
        aztec-butler safe check batch.json
        aztec-butler safe check batch.json --safe 0x111CEEee040739fD91D29C34C33E6B3E112F2177 --network mainnet
    """
    from aztec_butler.core.safe_batch_file import examine_batch

    read = read_batch_file(file)
    chosen = session.settings.sources["network"] != "default"
    roles, notes = known_contracts(session, read.batch.chain_id)
    checks = examine_batch(
        read,
        subject=Path(file).name,
        chain_id=chain_id_of(session) if chosen else None,
        safe=safe,
        roles=roles,
    )
    failed = [found for found in checks if found.outcome is Outcome.FAIL]
    lines = []
    for found in checks:
        lines.append(f"{found.outcome.value:<4}  {found.check:<8}  {render_text(found.finding)}")
        if found.remedy is not None:
            lines.append(f"      {'':<8}  -> {found.remedy}")
    lines += ["", *_call_lines(read, roles)]
    return Answer(
        rows=_shown_calls(read.batch, roles),
        row_type=ShownCall,
        facts={
            "chain_id": read.batch.chain_id,
            "safe": read.batch.safe,
            "name": read.batch.name,
            "checksum": read.checksum,
            "is_intact": read.is_intact,
            "checks": [attrs.asdict(found) for found in checks],
        },
        lines=tuple(lines),
        notes=notes if checks[-1].outcome is not Outcome.OK else (),
        failure=CheckFailed(f"{len(failed)} of {len(checks)} checks failed") if failed else None,
    )


def _shown_calls(batch: "SafeBatch", roles: Mapping[str, str]) -> list[ShownCall]:
    from aztec_butler.core.safe_batch import describe_call

    return [
        ShownCall(
            position=n,
            to=call.to,
            value_wei=call.value_wei,
            summary=describe_call(call, chain_id=batch.chain_id, roles=roles),
            data=call.data,
        )
        for n, call in enumerate(batch.calls, 1)
    ]


def _call_lines(read: "BatchFile", roles: Mapping[str, str]) -> Iterator[str]:
    from aztec_butler.core.decoding_calls import explain

    batch = read.batch
    yield f"{render_text(batch.name)}, chain {batch.chain_id}, Safe {batch.safe or 'not named'}"
    for position, call in enumerate(batch.calls, 1):
        head, *rest = [render_text(line) for line in str(explain(call, roles=roles)).splitlines()]
        yield f"{position}. {head}"
        yield from (f"   {line}" for line in rest)


@command(connection)
def hash(  # noqa: A001, D417 - the word of the command; groups of options give the rest
    session: Session,
    file: Annotated[str, str, "FILE"],
    *,
    safe: Annotated[str, parse_address, "ADDRESS"],
    nonce: int | None = None,
    safe_version: Annotated[str, str, "VERSION"] | None = None,
) -> Answer:
    """The hash that the owners of a Safe sign for the calls of a file, to compare with what a wallet shows.

    With nonce and version nobody is asked; otherwise the Safe is, and then it must compute the same hash.

    Args:
        file: a Transaction Builder file.
        safe: the Safe.
        nonce: of the transaction; the Safe's next one if not given.
        safe_version: the Safe's version, e.g. 1.4.1; the Safe is asked if not given.

    Examples:
        aztec-butler safe hash batch.json --safe 0x111CEEee040739fD91D29C34C33E6B3E112F2177 --nonce 12 --safe-version 1.4.1
        aztec-butler safe hash batch.json --safe 0x111CEEee040739fD91D29C34C33E6B3E112F2177 --l1 https://node.example/KEY
    """
    from aztec_butler.core.errors import NodeRefused
    from aztec_butler.core.hexes import to_hex
    from aztec_butler.core.safe_transaction import (
        domain_separator,
        message_hash,
        parse_version,
        transaction_hash,
        transaction_of,
    )

    read = read_proposable(session, file, safe)
    chain_id = chain_id_of(session)
    told = None
    if nonce is None or safe_version is None:
        from aztec_butler.clients.safe_contract import fetch_safe_state, fetch_transaction_hash

        with session.open_rpc() as rpc:
            state = fetch_safe_state(rpc, safe)
            nonce = state.nonce if nonce is None else nonce
            version = parse_version(state.version if safe_version is None else safe_version)
            transaction = transaction_of(read.batch.calls, nonce=nonce, version=version)
            told = fetch_transaction_hash(rpc, safe, transaction)
    else:
        transaction = transaction_of(read.batch.calls, nonce=nonce, version=parse_version(safe_version))
    computed = to_hex(transaction_hash(transaction, chain_id=chain_id, safe=safe))
    if told not in (None, computed):
        raise NodeRefused("the Safe computes another hash than this package", computed=computed, told=told)
    shown = ShownHashes(
        safe_tx_hash=computed,
        domain_hash=to_hex(domain_separator(chain_id=chain_id, safe=safe)),
        message_hash=to_hex(message_hash(transaction)),
        safe=safe,
        chain_id=chain_id,
        nonce=nonce,
        to=transaction.to,
        operation=transaction.operation.name.lower().replace("_", " "),
        calls=len(read.batch.calls),
        is_checked=told is not None,
    )
    return Answer(rows=(shown,), row_type=ShownHashes, is_single=True)


@command(connection)
def propose(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    file: Annotated[str, str, "FILE"],
    *,
    safe: Annotated[str, parse_address, "ADDRESS"],
    proposer_key_file: Annotated[str, str, "PATH"] | None = None,
    api_key_file: Annotated[str, str, "PATH"] | None = None,
    service: Annotated[str, str, "URL"] | None = None,
    yes: bool = False,
) -> Answer:
    """Propose the calls of a file to the owners of a Safe, through its Transaction Service.

    Without --yes nothing is sent: the plan is shown. The proposal goes behind everything that waits already; what waits
    already with the same calls is recognised, so that running this again does no harm. With an L1 endpoint the chain
    has the last word on nonce, owners and hash.

    The key can only propose: an owner makes its address a proposer in the web app. Nothing is executed.

    Args:
        file: a Transaction Builder file with a valid checksum.
        safe: the Safe.
        proposer_key_file: a file of mode 0600 with the proposer's private key.
        api_key_file: a file of mode 0600 with the service's API key.
        service: base URL of another Transaction Service than the network's.
        yes: send the proposal.

    Examples:
        aztec-butler safe propose batch.json --safe 0x111CEEee040739fD91D29C34C33E6B3E112F2177 --api-key-file safe-api.key
        aztec-butler safe propose batch.json --safe 0x111CEEee040739fD91D29C34C33E6B3E112F2177 --api-key-file safe-api.key --proposer-key-file proposer.key --yes
    """
    from aztec_butler.clients.safe_proposals import plan_proposal, submit_proposal
    from aztec_butler.clients.safe_signer import ProposerKey

    read = read_proposable(session, file, safe)
    key = None
    if proposer_key_file is not None:
        key = ProposerKey(read_secret_file(proposer_key_file, "--proposer-key-file"))
    elif yes:
        raise SettingsError(
            "a proposal is signed, and there is no key",
            hint="--proposer-key-file PATH; without one an owner imports the file in the web app",
        )
    queued = None
    with open_service(session, service, api_key_file) as remote, open_l1(session) as rpc:
        plan = plan_proposal(
            remote, read.batch.calls, safe=safe, sender=None if key is None else key.address, rpc=rpc
        )
        if yes and key is not None:
            queued = submit_proposal(remote, plan, key)
    notes = [] if plan.is_checked else ["the hash was not compared with the chain's: no L1 endpoint is set"]
    if plan.standing is None and queued is None:
        notes.append("nothing was sent; --yes proposes it")
    return Answer(
        rows=(_shown_proposal(plan, queued),),
        row_type=ShownProposal,
        facts={"network": session.settings.network},
        is_single=True,
        notes=tuple(notes),
    )


def _shown_proposal(plan: "ProposalPlan", queued: "QueuedTransaction | None") -> ShownProposal:
    known = plan.standing or queued
    return ShownProposal(
        outcome="already there" if plan.standing else "planned" if queued is None else "proposed",
        safe_tx_hash=plan.safe_tx_hash,
        nonce=plan.transaction.nonce,
        safe=plan.state.address,
        chain_id=plan.chain_id,
        calls=len(plan.calls),
        proposer=plan.sender,
        on_behalf_of=plan.on_behalf_of,
        confirmations=0 if known is None else len(known.confirmed_by),
        threshold=plan.state.threshold,
        queue_length=plan.queue_length,
        is_checked=plan.is_checked,
        summaries=tuple(call.summary for call in plan.calls),
    )


@command(connection)
def status(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    *,
    safe: Annotated[str, parse_address, "ADDRESS"],
    api_key_file: Annotated[str, str, "PATH"] | None = None,
    service: Annotated[str, str, "URL"] | None = None,
) -> Answer:
    """What waits for the signatures of a Safe's owners, and who has signed how often.

    Args:
        safe: the Safe.
        api_key_file: a file of mode 0600 with the service's API key.
        service: base URL of another Transaction Service than the network's.

    Examples:
        aztec-butler safe status --safe 0x111CEEee040739fD91D29C34C33E6B3E112F2177 --api-key-file safe-api.key
    """
    from aztec_butler.core.errors import DecodeError
    from aztec_butler.core.safe_batch import describe_call
    from aztec_butler.core.safe_transaction import calls_of

    with open_service(session, service, api_key_file) as remote:
        state = remote.get_safe(safe)
        queue = remote.fetch_queue(safe, first_nonce=state.nonce)
    rows = []
    for queued in queue:
        try:
            summary = (
                "; ".join(
                    describe_call(call, chain_id=remote.chain_id) for call in calls_of(queued.transaction)
                )
                or "nothing"
            )
        except DecodeError as error:
            summary = error.sentence
        rows.append(
            ShownQueued(
                nonce=queued.transaction.nonce,
                confirmations=len(queued.confirmed_by),
                required=queued.confirmations_required,
                summary=summary,
                safe_tx_hash=queued.safe_tx_hash,
                proposer=queued.proposer,
                submitted=queued.submitted,
            )
        )
    return Answer(
        rows=rows,
        row_type=ShownQueued,
        facts={
            "network": session.settings.network,
            "safe": safe,
            "safe_version": state.version,
            "nonce": state.nonce,
            "threshold": state.threshold,
            "owners": state.owners,
        },
        essential=("nonce", "confirmations", "required", "summary"),
    )
