"""What may be known of a set of keystores: addresses, registrations, where rewards go. Nothing in it is secret.

A set is what one node loads: a file, or all .json files of a folder. The node merges their defaults, so a coinbase at
the top of one file is that of the validators of all files that have none of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

import attrs

from aztec_butler.core.bls import Registration
from aztec_butler.core.keystores.faults import Finding
from aztec_butler.core.keystores.records import (
    EthAccount,
    EthAccounts,
    Keystore,
    Mnemonic,
    RemoteSigner,
    Validator,
)
from aztec_butler.core.keystores.resolving import Means, ResolvedAttester, Resolver

_Value = TypeVar("_Value")


class CoinbaseFrom(StrEnum):
    """Why a coinbase is what it is."""

    VALIDATOR = "validator"
    """It stands in the validator's block."""
    DEFAULT = "default"
    """It stands at the top of a file."""
    ATTESTER = "attester"
    """It stands nowhere, and is the attester itself."""


@attrs.frozen(kw_only=True)
class PublicAttester:
    """One attester of a set of keystores."""

    attester: str | None
    """None: in an encrypted file that does not tell it, and was not opened."""
    coinbase: str | None
    """Where its rewards go; None where that is the attester itself, and unknown."""
    coinbase_from: CoinbaseFrom
    fee_recipient: str | None
    publishers: tuple[str, ...]
    """Who pays for its transactions on L1, as far as they are known; the attester itself when nobody else is named."""
    pays_itself: bool
    """Whether nobody else is named."""
    has_bls: bool
    bls_mark: bytes | None = attrs.field(repr=False)
    """Equal for equal BLS keys; None: there is none, or it is not known."""
    registration: Registration | None
    """None: it has no BLS key, or registrations were not asked for."""
    file: str
    path: str


@attrs.frozen(kw_only=True)
class PublicSet:
    """The public side of what one node loads."""

    attesters: tuple[PublicAttester, ...]
    findings: tuple[Finding, ...]
    """What stood in the way."""


def attesters_of(public: PublicSet) -> tuple[str, ...]:
    """The attesters whose addresses are known, in the order of the files."""
    known = (attester.attester for attester in public.attesters)
    return tuple(dict.fromkeys(address for address in known if address is not None))


def publishers_of(public: PublicSet) -> tuple[str, ...]:
    """Everyone who sends transactions to L1 for them, each once; attesters that pay for themselves included."""
    return tuple(dict.fromkeys(each for attester in public.attesters for each in attester.publishers))


def coinbases_of(public: PublicSet) -> dict[str, str]:
    """Where the rewards of each attester go."""
    return {
        attester.attester: attester.coinbase
        for attester in public.attesters
        if attester.attester is not None and attester.coinbase is not None
    }


@attrs.frozen(kw_only=True)
class Defaults:
    """What holds for validators that say nothing of their own. Source: node-keystore ``mergeKeystores``."""

    remote_signer: RemoteSigner | None
    coinbase: str | None
    fee_recipient: str | None
    publisher_files: tuple[str, ...]
    """The files whose publishers hold; empty when none names any."""


def merged_defaults(keystores: Sequence[Keystore]) -> Defaults:
    """The defaults of a set, as the node merges them: the last file's, and the publishers of all.

    Args:
        keystores: in the order of their names, which is the node's.
    """
    files: list[str] = []
    mnemonic = False
    for keystore in keystores:
        if keystore.publishers is None:
            continue
        # Mnemonics do not merge: the later publishers take the place of the earlier ones.
        is_mnemonic = any(isinstance(account, Mnemonic) for account in keystore.publishers)
        files = [keystore.file] if mnemonic or is_mnemonic else [*files, keystore.file]
        mnemonic = is_mnemonic
    return Defaults(
        remote_signer=_last(keystore.remote_signer for keystore in keystores),
        coinbase=_last(keystore.coinbase for keystore in keystores),
        fee_recipient=_last(keystore.fee_recipient for keystore in keystores),
        publisher_files=tuple(files),
    )


def _last(values: Iterable[_Value | None]) -> _Value | None:
    return next((value for value in reversed(list(values)) if value is not None), None)


def public_set(keystores: Sequence[Keystore], means: Means, *, registers: bool = False) -> PublicSet:
    """The public side of a set of keystores.

    Args:
        keystores: in the order of their names, which is the node's.
        means: what it takes to derive addresses and keys.
        registers: whether registrations are wanted, which opens the encrypted BLS keys.
    """
    defaults = merged_defaults(keystores)
    resolvers = [Resolver(means, keystore.file) for keystore in keystores]
    shared = [
        address
        for keystore, resolver in zip(keystores, resolvers, strict=True)
        if keystore.file in defaults.publisher_files
        for address in _addresses(resolver, keystore.publishers or ())
    ]
    attesters: list[PublicAttester] = []
    for keystore, resolver in zip(keystores, resolvers, strict=True):
        for validator in keystore.validators:
            publishers: tuple[str, ...] | None = tuple(shared) if defaults.publisher_files else None
            if validator.publishers is not None:
                publishers = _addresses(resolver, validator.publishers)
            for account in validator.attesters:
                attesters += [
                    _public(resolved, validator, defaults, publishers, keystore.file)
                    for resolved in resolver.attesters(account, registers=registers)
                ]
        for each in _others(keystore):
            resolver.addresses(each)  # for what stands in the way
    found = (finding for resolver in resolvers for finding in resolver.findings)
    return PublicSet(attesters=tuple(attesters), findings=tuple(dict.fromkeys(found)))


def _others(keystore: Keystore) -> Iterator[EthAccount]:
    """Accounts that the node needs as well: publishers that nobody takes, slashers, the prover's, those that fund."""
    yield from keystore.publishers or ()
    yield from keystore.slashers or ()
    if keystore.prover is not None:
        yield from keystore.prover.publishers
    funds = [keystore.funding_account, *(validator.funding_account for validator in keystore.validators)]
    yield from (account for account in funds if account is not None)


def _addresses(resolver: Resolver, accounts: EthAccounts) -> tuple[str, ...]:
    known = (address for account in accounts for address in resolver.addresses(account))
    return tuple(address for address in known if address is not None)


def _public(
    resolved: ResolvedAttester,
    validator: Validator,
    defaults: Defaults,
    publishers: tuple[str, ...] | None,
    file: str,
) -> PublicAttester:
    address = resolved.address
    coinbase: str | None
    if validator.coinbase is not None:
        coinbase, source = validator.coinbase, CoinbaseFrom.VALIDATOR
    elif defaults.coinbase is not None:
        coinbase, source = defaults.coinbase, CoinbaseFrom.DEFAULT
    else:
        coinbase, source = address, CoinbaseFrom.ATTESTER
    itself = () if address is None else (address,)
    return PublicAttester(
        attester=address,
        coinbase=coinbase,
        coinbase_from=source,
        fee_recipient=validator.fee_recipient or defaults.fee_recipient,
        publishers=itself if publishers is None else publishers,
        pays_itself=publishers is None,
        has_bls=resolved.has_bls,
        bls_mark=None if resolved.bls is None else resolved.bls.mark,
        registration=None if resolved.bls is None else resolved.bls.registration,
        file=file,
        path=resolved.path,
    )
