"""Publishers by server: the file that says who pays for transactions on L1, where.

A JSON object of lists: ``{"server-a": ["0x<private key or address>", ...], "server-b": [...]}``. An account has any form
that it can have in a keystore.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

import attrs

from aztec_butler.core import secp256k1
from aztec_butler.core.errors import InputError
from aztec_butler.core.keystores.accounts import AccountReader
from aztec_butler.core.keystores.faults import Fault, Finding, found
from aztec_butler.core.keystores.fields import read_document
from aztec_butler.core.keystores.records import EthAccounts
from aztec_butler.core.keystores.resolving import Means, Resolver
from aztec_butler.core.keystores.text import Kind

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")


@attrs.frozen(kw_only=True)
class ServerPublishers:
    """The publishers of one server."""

    server: str
    accounts: EthAccounts
    written: tuple[object, ...] = attrs.field(repr=False)
    """The accounts as JSON."""


@attrs.frozen(kw_only=True)
class PublishersReading:
    """What a file of publishers says."""

    servers: tuple[ServerPublishers, ...]
    findings: tuple[Finding, ...]


def read_publishers(text: str, file: str = "publishers") -> PublishersReading:
    """A file of publishers, with every problem of its form."""
    document = read_document(text, file)
    if isinstance(document, Finding):
        return PublishersReading(servers=(), findings=(document,))
    reader = AccountReader(document)
    servers: list[ServerPublishers] = []
    root = document.root
    if reader.is_kind(root, "", Kind.OBJECT):
        if not root.members:
            reader.report(root, "", Fault.NO_SERVERS)
        for server, node in root.members:
            if not is_server(server):
                reader.report(node, "", Fault.BAD_SERVER)
                continue
            accounts = reader.accounts(node, server)
            written = (
                tuple(item.plain() for item in node.items) if node.kind is Kind.ARRAY else (node.plain(),)
            )
            if accounts is not None:
                servers.append(ServerPublishers(server=server, accounts=accounts, written=written))
    return PublishersReading(servers=tuple(servers), findings=tuple(reader.findings))


def is_server(name: str) -> bool:
    """Whether a server can have this name: its file will have it, too."""
    return _NAME.fullmatch(name) is not None and len(name) <= 100


def addresses_by_server(
    servers: Sequence[ServerPublishers], means: Means, file: str
) -> tuple[dict[str, tuple[str, ...]], tuple[Finding, ...]]:
    """The addresses of each server's publishers, and what stands in the way."""
    resolver = Resolver(means, file)
    addresses: dict[str, tuple[str, ...]] = {}
    for each in servers:
        known: list[str] = []
        for account in each.accounts:
            for address in resolver.addresses(account):
                if address is None:
                    resolver.report(account.path, Fault.NO_PASSWORD, "its address is needed")
                else:
                    known.append(address)
        addresses[each.server] = tuple(known)
    return addresses, tuple(resolver.findings)


def check_publishers(
    addresses: Mapping[str, Sequence[str]], attesters: Iterable[str], file: str
) -> tuple[Finding, ...]:
    """Publishers that would meet another's transactions.

    Args:
        addresses: by server.
        attesters: those that every server runs.
        file: how findings name the file of the publishers.
    """
    findings: list[Finding] = []
    first: dict[str, str] = {}
    shared = set(attesters)
    for server, publishers in addresses.items():
        if not publishers:
            findings.append(found(Fault.SERVER_WITHOUT_PUBLISHERS, file=file, path=server))
        for publisher in publishers:
            if publisher in shared:
                findings.append(found(Fault.PUBLISHER_IS_ATTESTER, file=file, path=server, detail=publisher))
            if first.get(publisher, server) != server:
                findings.append(
                    found(
                        Fault.PUBLISHER_ON_TWO_SERVERS,
                        file=file,
                        path=server,
                        detail=f"{publisher}, first on {first[publisher]}",
                    )
                )
            elif publisher in first:
                findings.append(found(Fault.DUPLICATE_PUBLISHER, file=file, path=server, detail=publisher))
            first.setdefault(publisher, server)
    return tuple(findings)


# --------------------------------------------------------------------------- new ones


@attrs.frozen(kw_only=True)
class NewPublisher:
    """A publisher that a server gets; funds have to be sent to its address."""

    server: str
    publisher: str


@attrs.frozen(kw_only=True)
class NewPublishers:
    """New publishers for servers, and the file that says so."""

    publishers: tuple[NewPublisher, ...]
    text: str = attrs.field(repr=False)
    """Holds private keys, unless a remote signer has them."""


def publishers_of_keys(
    servers: Sequence[str], keys: Sequence[int], *, taken: Iterable[str] = ()
) -> NewPublishers:
    """Give each server equally many of the keys.

    Args:
        servers: their names.
        keys: fresh private keys, a multiple of the number of servers.
        taken: addresses that no new publisher may have.

    Raises:
        InputError: names that no server can have, or that stand twice; keys that cannot be shared out.
    """
    count = _share(servers, len(keys))
    accounts = [(secp256k1.address_of(key), f"0x{key:064x}") for key in keys]
    return _assigned(servers, count, accounts, taken)


def publishers_of_addresses(
    servers: Sequence[str],
    addresses: Sequence[str],
    *,
    remote_signer: str | None = None,
    taken: Iterable[str] = (),
) -> NewPublishers:
    """Give each server equally many of the addresses that a remote signer holds the keys of.

    Args:
        servers: their names.
        addresses: checksummed, a multiple of the number of servers.
        remote_signer: its URL; None for the one that the keystores name.
        taken: addresses that no new publisher may have.

    Raises:
        InputError: names that no server can have, or that stand twice; addresses that stand twice, or cannot be shared
            out.
    """
    count = _share(servers, len(addresses))
    accounts: list[tuple[str, object]] = [
        (
            address,
            address if remote_signer is None else {"address": address, "remoteSignerUrl": remote_signer},
        )
        for address in addresses
    ]
    return _assigned(servers, count, accounts, taken)


def _share(servers: Sequence[str], count: int) -> int:
    """How many each server gets."""
    if not servers:
        raise InputError("no server is named")
    for server in servers:
        if not is_server(server):
            raise InputError(Fault.BAD_SERVER.sentence, server=server)
        if servers.count(server) > 1:
            raise InputError("a server is named twice", server=server)
    if count < 1 or count % len(servers):
        raise InputError(
            "publishers are shared out evenly, at least one to each server",
            publishers=count,
            servers=len(servers),
        )
    return count // len(servers)


def _assigned(
    servers: Sequence[str], count: int, accounts: Sequence[tuple[str, object]], taken: Iterable[str]
) -> NewPublishers:
    seen = set(taken)
    for address, _ in accounts:
        if address in seen:
            raise InputError("this publisher is taken already, or named twice", publisher=address)
        seen.add(address)
    shares = {server: accounts[index * count : (index + 1) * count] for index, server in enumerate(servers)}
    text = json.dumps(
        {server: [written for _, written in share] for server, share in shares.items()}, indent=2
    )
    return NewPublishers(
        publishers=tuple(
            NewPublisher(server=server, publisher=address)
            for server, share in shares.items()
            for address, _ in share
        ),
        text=text + "\n",
    )
