"""High-availability sets: one keystore per server, with the attesters of all and publishers of its own.

Two servers may run the same attesters when a database keeps them from signing twice. What nothing keeps them from is
sending two transactions with one nonce: so no account may send from two of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import attrs

from aztec_butler.core.keystores.checks import CheckedSet, check_set
from aztec_butler.core.keystores.faults import Fault, Finding, found, refuse
from aztec_butler.core.keystores.public import attesters_of, coinbases_of, publishers_of
from aztec_butler.core.keystores.publishers import (
    PublishersReading,
    ServerPublishers,
    addresses_by_server,
    check_publishers,
)
from aztec_butler.core.keystores.resolving import Means
from aztec_butler.core.keystores.schema import Reading, read_keystore
from aztec_butler.core.keystores.splicing import (
    Splice,
    add_items,
    add_member,
    indent_of,
    margin_of,
    remove_member,
    render,
    spliced,
)
from aztec_butler.core.keystores.text import Kind, Node

_ABOUT_OLD_PUBLISHERS = {
    Fault.MISSING_PUBLISHER,
    Fault.ATTESTER_PAYS,
    Fault.NO_PUBLISHERS,
    Fault.DUPLICATE_PUBLISHER,
}
"""They are replaced."""
_WRITTEN_OUT = {Fault.CONFLICTING_DEFAULTS, Fault.REACHING_DEFAULT, Fault.LOST_PUBLISHERS}
"""The defaults of the new keys are written into each of them."""
_DEFAULTS = ("coinbase", "feeRecipient", "remoteSigner")


class Assignment(StrEnum):
    """Which of a server's publishers an attester gets."""

    ALL = "all"
    """All of them: the node takes one that is free."""
    SPREAD = "spread"
    """One each, in turn."""


@attrs.frozen(kw_only=True)
class ServerFile:
    """The keystore of one server; not its text, which holds secrets."""

    server: str
    file: str
    attesters: tuple[str, ...]
    publishers: tuple[str, ...]


@attrs.frozen(kw_only=True)
class MergePlan:
    """The keystores of all servers."""

    servers: tuple[ServerFile, ...]
    added: tuple[str, ...]
    """Attesters that production did not have."""
    texts: Mapping[str, str] = attrs.field(repr=False)
    """By the name of the file."""
    findings: tuple[Finding, ...]
    """What an operator will want to know, and nothing that fails."""


def plan_merge(
    production: CheckedSet,
    new: CheckedSet | None,
    publishers: PublishersReading,
    *,
    means: Means | None = None,
    publishers_file: str = "publishers",
    assignment: Assignment = Assignment.ALL,
) -> MergePlan:
    """One keystore per server: production's attesters, the new ones, and the server's own publishers.

    The text is that of production's first file, with as little changed as possible. What production says of publishers
    is dropped, so that no server keeps the keys of another.

    Args:
        production: what runs now.
        new: keys to add; None to give out publishers anew.
        publishers: by server.
        means: what it takes to derive the addresses of all of them; by default what production was examined with.
        publishers_file: how findings name their file.
        assignment: which of them an attester gets.

    Raises:
        CheckFailed: with everything that is wrong with any of the files, or with all of them together.
    """
    means = means or production.means
    both = check_set([*production.readings, *(() if new is None else new.readings)], means)
    attesters = attesters_of(both.public)
    addresses, unresolved = addresses_by_server(publishers.servers, means, publishers_file)
    findings = [each for each in production.findings if each.fault not in _ABOUT_OLD_PUBLISHERS]
    # Of the new keys only what is wrong beside production's: a signer that they lack, production may have.
    findings += [each for each in both.findings if each.fault not in _ABOUT_OLD_PUBLISHERS | _WRITTEN_OUT]
    findings += [*publishers.findings, *unresolved]
    findings += _failing(check_publishers(addresses, attesters, publishers_file))
    findings += _shared_provers(both)
    refuse(list(dict.fromkeys(findings)))
    servers = []
    texts: dict[str, str] = {}
    notes: list[Finding] = []
    for share in publishers.servers:
        text = _merged_text(production, new, share, assignment)
        file = f"{share.server}.json"
        checked = check_set([read_keystore(text, file)], means)
        refuse(checked.findings)
        _prove(checked, both, production, addresses[share.server])
        notes += checked.findings
        texts[file] = text
        servers.append(
            ServerFile(
                server=share.server,
                file=file,
                attesters=attesters,
                publishers=addresses[share.server],
            )
        )
    known = set(attesters_of(production.public))
    files = {reading.file for reading in production.readings}
    notes += [each for each in both.findings if each.fault is Fault.REACHING_DEFAULT and each.file in files]
    return MergePlan(
        servers=tuple(servers),
        added=tuple(attester for attester in attesters if attester not in known),
        texts=texts,
        findings=(*notes, *_shared_accounts(both)),
    )


def _failing(findings: Sequence[Finding]) -> Iterator[Finding]:
    """A publisher twice on one server is a warning in a keystore, and a mistake here."""
    for finding in findings:
        yield attrs.evolve(finding, outcome=Fault.PUBLISHER_ON_TWO_SERVERS.outcome)


def _shared_provers(both: CheckedSet) -> Iterator[Finding]:
    for keystore in both.keystores:
        if keystore.prover is not None:
            yield found(
                Fault.SHARED_PROVER,
                file=keystore.file,
                path="prover",
                remedy="keep the prover in a keystore of its own",
            )


def _shared_accounts(both: CheckedSet) -> Iterator[Finding]:
    for keystore in both.keystores:
        if keystore.slashers is not None:
            yield found(Fault.SHARED_ACCOUNT, file=keystore.file, path="slasher")
        funds = [keystore.funding_account, *(validator.funding_account for validator in keystore.validators)]
        for account in funds:
            if account is not None:
                yield found(Fault.SHARED_ACCOUNT, file=keystore.file, path=account.path)


# --------------------------------------------------------------------------- the text


def _merged_text(
    production: CheckedSet, new: CheckedSet | None, share: ServerPublishers, assignment: Assignment
) -> str:
    text, root = _document(production.readings[0])
    turns = _turns(share, assignment)
    kept = _defaults_of(production.readings[:1])
    defaults = _defaults_of(production.readings)
    splices = [remove_member(text, root, "publisher")]
    validators = root.get("validators")
    for node in () if validators is None else validators.items:
        splices += _block_splices(text, node, next(turns), _lacking(node, defaults, kept))
    added: list[object] = []
    for readings, own in (
        (production.readings[1:], defaults),
        (() if new is None else new.readings, {} if new is None else _defaults_of(new.readings)),
    ):
        for reading in readings:
            listed = _document(reading)[1].get("validators")
            added += [
                _block(node, next(turns), _lacking(node, own, kept))
                for node in (() if listed is None else listed.items)
            ]
    if validators is None:
        splices.append(add_member(text, root, "validators", added, after=("schemaVersion",)))
    else:
        splices.append(add_items(text, validators, added))
    return spliced(text, [splice for splice in splices if splice is not None])


def _document(reading: Reading) -> tuple[str, Node]:
    assert reading.document is not None, "what is no JSON was refused"
    return reading.document.text, reading.document.root


def _defaults_of(readings: Sequence[Reading]) -> dict[str, object]:
    """The defaults of a set as they are written: the last file's. Source: node-keystore ``mergeKeystores``."""
    return {
        key: node.plain()
        for reading in readings
        for key in _DEFAULTS
        if (node := _document(reading)[1].get(key)) is not None
    }


def _lacking(node: Node, own: Mapping[str, object], kept: Mapping[str, object]) -> dict[str, object]:
    """What a block took from the top of its files, and must say itself where another default holds."""
    return {key: value for key, value in own.items() if not node.has(key) and kept.get(key) != value}


def _turns(share: ServerPublishers, assignment: Assignment) -> Iterator[object]:
    """The publishers of one block after the other."""
    for count in itertools.count():
        written = list(share.written)
        if assignment is Assignment.SPREAD:
            written = [written[count % len(written)]]
        # A mnemonic stands alone, not in a list.
        is_mnemonic = isinstance(written[0], dict) and "mnemonic" in written[0]
        yield written[0] if is_mnemonic else written


def _block_splices(
    text: str, node: Node, publishers: object, lacking: Mapping[str, object]
) -> Iterator[Splice]:
    """The change of a block that stays where it is."""
    present = next((part for key, part in node.members if key == "publisher"), None)
    if present is None:
        yield add_member(text, node, "publisher", publishers, after=("attester",))
    elif present.plain() != publishers:
        rendered = render(publishers, indent=indent_of(text), margin=margin_of(text, present.start))
        yield Splice(present.start, present.end, rendered)
    for key, value in lacking.items():
        old = next((part for name, part in node.members if name == key), None)  # a null
        if old is None:
            yield add_member(text, node, key, value, after=("attester", "publisher"))
        else:
            yield Splice(old.start, old.end, render(value, indent=None))


def _block(node: Node, publishers: object, lacking: Mapping[str, object]) -> dict[str, object]:
    """A block that comes from another file."""
    block = dict(lacking)
    for key, part in node.members:
        if part.kind is not Kind.NULL and key != "publisher":
            block[key] = part.plain()
    return {"attester": block.pop("attester"), "publisher": publishers, **block}


def _prove(merged: CheckedSet, both: CheckedSet, production: CheckedSet, addresses: Sequence[str]) -> None:
    """Read the result as a server's node would: the same attesters with the same keys, paid for by its own accounts."""

    def keys(examined: CheckedSet) -> list[str]:
        return sorted(f"{each.attester} {each.bls_mark!r}" for each in examined.public.attesters)

    if keys(merged) != keys(both):
        raise AssertionError("the merged keystore has other attesters")
    if not set(publishers_of(merged.public)) <= set(addresses):
        raise AssertionError("the merged keystore has publishers of nobody knows whom")
    coinbases = coinbases_of(merged.public)
    if any(coinbases[each] != coinbase for each, coinbase in coinbases_of(production.public).items()):
        raise AssertionError("the merged keystore sends rewards elsewhere")
