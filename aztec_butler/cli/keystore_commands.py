"""The commands about keystores of the Aztec node. They show no secret, and write nothing unless told to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.keystore_inputs import (
    KeyFileOptions,
    apply_plan,
    edits_of_texts,
    key_files,
    lines_of_edits,
    lines_of_findings,
    parse_path,
    parse_paths,
    read_all,
    read_text,
)
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.cli.stdout import write_text
from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import CheckFailed, InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.keystores.coinbase_policy import CoinbasePolicy
from aztec_butler.core.keystores.merging import Assignment
from aztec_butler.core.setting_values import read_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aztec_butler.core.keystores.coinbases import CoinbaseChange
    from aztec_butler.core.records import BlockStamp

_BACKUPS = 10


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(parse_address(part) for part in _names(text))


@command(key_files)
def check(  # noqa: D417 - what groups of options give is not the caller's
    options: KeyFileOptions,
    *paths: Annotated[tuple[Path, ...], parse_paths, "PATH"],
    open: bool = False,  # noqa: A002 - the name of the option
    strict: bool = False,
) -> Answer:
    """Examine keystores as the node would load them, and tell every problem with its place in the JSON.

    What fails is what the node refuses, or what it takes and loses money or duties by: an attester that stands twice, a
    coinbase of zero, a BLS key out of range, an address that nothing can sign for, a file that others can read. What
    warns works, and is worth knowing. Exit code 5 when anything failed. No secret is shown.

    Args:
        paths: files, and folders of which the node loads every .json file; what one node loads belongs into one call.
        open: open every encrypted file, which takes up to a second each, and compare what is in it with what it tells.
        strict: let warnings fail, too.

    Examples:
        aztec-butler keystore check /var/lib/aztec/keystore
        aztec-butler keystore check key1.json,key2.json --strict --format json
        aztec-butler keystore check keystore --open --key-files /backup/keys --password-file password.txt
    """
    from aztec_butler.core.keystores.faults import Finding, failures
    from aztec_butler.core.keystores.public import publishers_of

    read = read_all(paths)
    checked = options.check(read, opens_all=open, registers=open)
    failed = len(failures(checked.findings, strict=strict))
    warned = sum(finding.outcome is Outcome.WARN for finding in checked.findings)
    summary = (
        f"{_count(len(checked.public.attesters), 'attester')},"
        f" {_count(len(publishers_of(checked.public)), 'publisher')} in {_count(len(read.readings), 'file')};"
        f" {_count(len(failures(checked.findings)), 'problem')}, {_count(warned, 'warning')}"
    )
    return Answer(
        rows=checked.findings,
        row_type=Finding,
        lines=lines_of_findings(checked.findings),
        notes=(summary,),
        failure=CheckFailed("the keystores have problems", problems=failed) if failed else None,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@command(key_files, renders=False)
def public(  # noqa: D417 - as above
    options: KeyFileOptions,
    *paths: Annotated[tuple[Path, ...], parse_paths, "PATH"],
    output: Annotated[Path, parse_path, "PATH"] | None = None,
    partial: bool = False,
) -> None:
    """The registrations of the attesters of keystores, as JSON without a secret: what add-keys and deposits take.

    The form is that of `aztec validator-keys staker`, but no chain is asked. Encrypted BLS keys are opened; of a
    mnemonic the BLS keys are derived as `aztec validator-keys new` derives them.

    Args:
        paths: files, and folders of which the node loads every .json file.
        output: write to this file, whole or not at all, instead of to stdout.
        partial: leave out attesters without a BLS key, instead of refusing.

    Examples:
        aztec-butler keystore public new-keys.json --output registrations.json
        aztec-butler keystore public keystore --key-files /backup/keys --password-file password.txt
    """
    from aztec_butler.core.bls import render_registrations
    from aztec_butler.core.keystores.registering import registrations_of

    checked = options.check(read_all(paths), registers=True)
    registered = registrations_of(checked, has_password=options.password_file is not None, partial=partial)
    text = render_registrations(registered)
    if output is None:
        write_text(text)
    else:
        from aztec_butler.store.files import write_whole

        write_whole(output, text.encode())


@command(key_files)
def merge(  # noqa: D417 - as above
    options: KeyFileOptions,
    production: Annotated[tuple[Path, ...], parse_paths, "PRODUCTION"],
    *,
    publishers: Annotated[Path, parse_path, "PATH"],
    into: Annotated[Path, parse_path, "FOLDER"],
    new: Annotated[tuple[Path, ...], parse_paths, "PATH,..."] = (),
    assignment: Assignment = Assignment.ALL,
    write: bool = False,
    keep_backups: int = _BACKUPS,
) -> Answer:
    """One keystore per server, for high availability: the same attesters everywhere, and publishers of its own.

    Refused, with every reason at once: an attester or BLS key that stands twice, a publisher on two servers, a publisher
    that is an attester, a prover (every server would run it), a coinbase of zero, and whatever `keystore check` refuses.
    The publishers that production names are replaced, and their keys are not in the new files.

    Without --write, the plan is shown and nothing is written.

    Args:
        production: the keystores that run now: files and folders.
        publishers: JSON with the publishers of each server, {"SERVER": ["0x...", ...], ...}: private keys, addresses on
            a remote signer, or any other form of an account. See `keystore new-publishers`.
        into: the folder for the files, SERVER.json each.
        new: keystores with the attesters to add.
        assignment: all gives every attester all publishers of its server, spread one each in turn.
        write: write the files. Those that are there already are kept as backups.
        keep_backups: how many backups of a file to keep.

    Examples:
        aztec-butler keystore merge production.json --new new-keys.json --publishers publishers.json --into servers
        aztec-butler keystore merge keystore --publishers publishers.json --into servers --write
    """
    from aztec_butler.core.keystores.merging import ServerFile, plan_merge
    from aztec_butler.store.keystores import read_publishers_file

    if any(path.is_dir() and path.resolve() == into.resolve() for path in (*production, *new)):
        raise InputError("the folder for the servers' files is one that they are made from", folder=into)
    named = read_publishers_file(publishers)
    running = read_all([production])
    added = read_all([new]) if new else None
    records = [reading.keystore for read in (running, added) if read is not None for reading in read.readings]
    means = options.means((*records, named.servers))
    plan = plan_merge(
        options.check(running, means),
        None if added is None else options.check(added, means),
        named,
        publishers_file=str(publishers),
        assignment=assignment,
    )
    edits, sources = edits_of_texts({into / file: text for file, text in plan.texts.items()})
    done = apply_plan(edits, sources, write=write, keep_backups=keep_backups)
    lines = [
        f"{into / server.file}: {_count(len(server.attesters), 'attester')}, publishers {', '.join(server.publishers)}"
        for server in plan.servers
    ]
    return Answer(
        rows=plan.servers,
        row_type=ServerFile,
        facts={"added": plan.added, "written": write},
        lines=(*lines, *lines_of_findings(plan.findings), *lines_of_edits(edits)),
        notes=(f"{_count(len(plan.added), 'attester')} added", *done),
    )


@command(connection, pinned, key_files)
def set_coinbase(  # noqa: D417 - as above
    session: Session,
    block: int | str,
    options: KeyFileOptions,
    *paths: Annotated[tuple[Path, ...], parse_paths, "PATH"],
    policy: CoinbasePolicy,
    wallet: Annotated[str, parse_address, "ADDRESS"] | None = None,
    overrides: Annotated[Path, parse_path, "PATH"] | None = None,
    provider_id: int | None = None,
    write: bool = False,
    keep_backups: int = _BACKUPS,
) -> Answer:
    """Point the rewards of attesters where a policy says, with the smallest change of the keystores.

    Attesters that share a block of a keystore and get different coinbases are parted into blocks. Everything else stays
    as it is, to the last space. Without --write, the plan is shown and nothing is written; with it, each file is
    replaced at once, and the old text is kept beside it. A file that was changed since it was read, or that others can
    read, is refused. The node takes up new coinbases when its keystore is reloaded, or at its next start.

    Only the policy split asks a network: about the latest block for a plan, about the last finalized one where files are
    written, unless --block names a block by number, by hash or as safe.

    Args:
        paths: files, and folders of which the node loads every .json file; what one node loads belongs into one call.
        policy: split is the split of the attester's delegation to one provider, and leaves the others alone; wallet is
            one address for all; keep changes nothing but what the overrides say.
        wallet: the address of the policy wallet.
        overrides: a JSON object of coinbases by attester, which win over the policy.
        provider_id: the provider whose delegations count; needed by the policy split, since anybody can stake on an
            attester through a provider of their own.
        write: write the files.
        keep_backups: how many backups of a file to keep.

    Examples:
        aztec-butler keystore set-coinbase keystore --policy split --provider-id 7
        aztec-butler keystore set-coinbase keystore --policy split --provider-id 7 --write
        aztec-butler keystore set-coinbase key1.json --policy wallet --wallet 0x00000000000000000000000000000000000000aa
        aztec-butler keystore set-coinbase keystore --policy keep --overrides overrides.json --write
    """
    from aztec_butler.core.keystores.coinbase_policy import read_overrides, wanted_coinbases
    from aztec_butler.core.keystores.coinbases import CoinbaseChange, plan_coinbases
    from aztec_butler.core.keystores.public import attesters_of

    if (provider_id is None) is (policy is CoinbasePolicy.SPLIT):
        raise InputError(
            "the policy split, and no other, needs the provider whose delegations count",
            hint="anybody can stake on an attester through a provider of their own; aztec-butler provider-id ADMIN",
            policy=policy.value,
        )
    exceptions = None if overrides is None else read_overrides(read_text(overrides))
    read = read_all(paths)
    checked = options.check(read)
    attesters = attesters_of(checked.public)
    # Once without splits: what is wrong with the words must not cost a read of the chain first.
    wanted_coinbases(attesters, policy, wallet=wallet, overrides=exceptions)
    splits: dict[str, str] = {}
    stamp: BlockStamp | None = None
    facts: dict[str, object] = {}
    notes: list[str] = []
    if provider_id is not None:
        splits, stamp, facts, notes = _splits(
            session, "finalized" if write and block == "latest" else block, attesters, provider_id
        )
    wanted = wanted_coinbases(attesters, policy, splits=splits, wallet=wallet, overrides=exceptions)
    plan = plan_coinbases(checked, wanted)
    done = apply_plan(plan.edits, read.sources, write=write, keep_backups=keep_backups)
    return Answer(
        rows=plan.changes,
        row_type=CoinbaseChange,
        stamp=stamp,
        facts={**facts, "written": write},
        lines=(*_lines_of_changes(plan.changes), *lines_of_edits(plan.edits)),
        notes=(*notes, *done),
    )


def _splits(
    session: Session, block: int | str, attesters: "Iterable[str]", provider_id: int
) -> "tuple[dict[str, str], BlockStamp | None, dict[str, object], list[str]]":
    """The splits of delegated attesters at a block, and which attesters others have staked on."""
    from aztec_butler.core.coinbase_check import standing_splits

    with session.connect(block) as network:
        snapshot = network.snapshot()
        anybodys = standing_splits(snapshot.state, attesters)
        splits = standing_splits(snapshot.state, attesters, provider_id=provider_id)
    strangers = [attester for attester in anybodys if attester not in splits]
    notes = [f"{attester} was staked on through another provider; left alone" for attester in strangers]
    facts = {
        "network": network.name,
        "chain_id": network.chain_id,
        "provider_id": provider_id,
        "staked_through_others": strangers,
    }
    return splits, snapshot.block, facts, notes


def _lines_of_changes(changes: "tuple[CoinbaseChange, ...]") -> list[str]:
    longest = max((len(change.verdict.value) for change in changes), default=0)
    return [
        f"{change.verdict.value:<{longest}}  {change.attester}  {change.before}"
        + (f" -> {change.after}" if change.after != change.before else "")
        + f"  ({change.reason})"
        for change in changes
    ]


@command()
def new_publishers(
    servers: Annotated[tuple[str, ...], _names, "SERVER,..."],
    *,
    file: Annotated[Path, parse_path, "PATH"],
    count: int | None = None,
    addresses: Annotated[tuple[str, ...], _addresses, "ADDRESS,..."] = (),
    remote_signer: Annotated[str, read_url, "URL"] | None = None,
    beside: Annotated[tuple[Path, ...], parse_paths, "PATH,..."] = (),
) -> Answer:
    """Publishers for servers: fresh private keys, or addresses of keys that a remote signer holds.

    Writes the file that `keystore merge --publishers` takes. Private keys go nowhere else: they are not printed, and the
    file is new and for its owner alone. What is printed are the addresses, which need ETH before they can publish.

    The file is no keystore, and a node that found it among its keystores would not start: beside keystores, a name that
    ends with .json is refused.

    Args:
        servers: their names, with commas between them.
        file: where to write; there must be no such file yet.
        count: how many new keys each server gets.
        addresses: in place of new keys, addresses on a remote signer; each server gets equally many, in order.
        remote_signer: the URL of the signer of the addresses; without it, the one that the keystores name.
        beside: keystores whose attesters and publishers must not be among the addresses.

    Examples:
        aztec-butler keystore new-publishers server-a,server-b --count 2 --file publishers.json
        aztec-butler keystore new-publishers a --addresses 0x00000000000000000000000000000000000000aa --file publishers.json
    """
    from aztec_butler.core.keystores.editing import FileEdit
    from aztec_butler.core.keystores.public import attesters_of, publishers_of
    from aztec_butler.core.keystores.publishers import (
        NewPublisher,
        publishers_of_addresses,
        publishers_of_keys,
    )
    from aztec_butler.store.keystore_edits import apply_edits, fresh_keys

    if (count is None) == (not addresses):
        raise InputError("either --count or --addresses says which publishers they are to be")
    if remote_signer is not None and not addresses:
        raise InputError("a remote signer belongs to --addresses; new keys are in the file itself")
    _refuse_among_keystores(file, beside)
    taken: set[str] = set()
    if beside:
        running = KeyFileOptions(None, None).check(read_all([beside])).public
        taken = {*attesters_of(running), *publishers_of(running)}
    if count is None:
        made = publishers_of_addresses(servers, addresses, remote_signer=remote_signer, taken=taken)
    else:
        made = publishers_of_keys(servers, fresh_keys(count * len(servers)), taken=taken)
    apply_edits([FileEdit(file=str(file), before=None, after=made.text)])
    return Answer(rows=made.publishers, row_type=NewPublisher, notes=(f"written {file}",))


def _refuse_among_keystores(file: Path, beside: tuple[Path, ...]) -> None:
    """Refuse a file that the node would load as a keystore.

    Raises:
        InputError: it would.
    """
    from aztec_butler.store.keystores import keystores_beside

    folder = file.parent.resolve()
    found = keystores_beside(file)
    if found or (file.suffix.lower() == ".json" and any(path.resolve() == folder for path in beside)):
        raise InputError(
            "a node would take this file for a keystore, and not start: it loads every .json file of a folder",
            hint=f"another folder, or another ending: --file {file.with_suffix('.txt')}",
            file=file,
            keystore=found[0].name if found else None,
        )
