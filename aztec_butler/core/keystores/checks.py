"""What is wrong with a whole set of keystores, once each file could be read: what belongs together and does not fit."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import attrs

from aztec_butler.core.keystores.faults import Fault, Finding, found
from aztec_butler.core.keystores.public import (
    PublicAttester,
    PublicSet,
    merged_defaults,
    public_set,
)
from aztec_butler.core.keystores.records import EncryptedFile, EthAccounts, Keystore, RemoteAccount, Validator
from aztec_butler.core.keystores.resolving import Means
from aztec_butler.core.keystores.schema import Reading


@attrs.frozen(kw_only=True)
class CheckedSet:
    """A set of keystores, examined."""

    readings: tuple[Reading, ...]
    means: Means = attrs.field(repr=False)
    """What it was examined with."""
    public: PublicSet
    findings: tuple[Finding, ...]
    """Everything found, file by file and line by line."""

    @property
    def keystores(self) -> tuple[Keystore, ...]:
        """The files that could be read."""
        return tuple(reading.keystore for reading in self.readings if reading.keystore is not None)


def check_set(readings: Sequence[Reading], means: Means, *, registers: bool = False) -> CheckedSet:
    """Examine what one node loads: each file by itself, and all together.

    Args:
        readings: the files, in the order of their names, which is the node's.
        means: what it takes to derive addresses and keys.
        registers: whether registrations are wanted, which opens the encrypted BLS keys.
    """
    keystores = [reading.keystore for reading in readings if reading.keystore is not None]
    public = public_set(keystores, means, registers=registers)
    findings = [finding for reading in readings for finding in reading.findings]
    findings += public.findings
    for check in (
        _versions,
        _provers,
        _defaults,
        _default_publishers,
        _signers,
        _passwords,
        _publishers,
        _coinbases,
    ):
        findings += check(keystores)
    findings += _missing_bls(public)
    findings += _twice(public)
    lines = _line_numbers(readings)
    placed = [
        finding if finding.line is not None else attrs.evolve(finding, line=lines(finding.file, finding.path))
        for finding in dict.fromkeys(findings)
    ]
    order = {reading.file: index for index, reading in enumerate(readings)}
    placed.sort(key=lambda finding: (order.get(finding.file or "", -1), finding.line or 0))
    return CheckedSet(readings=tuple(readings), means=means, public=public, findings=tuple(placed))


def _line_numbers(readings: Sequence[Reading]) -> Callable[[str | None, str], int | None]:
    """The line of a path of a file, or of the next one around it."""
    lines: dict[tuple[str, str], int] = {}
    for reading in readings:
        if reading.document is not None:
            ends = [each.end() for each in re.finditer("\n", reading.document.text)]
            for path, node in reading.document.root.walk():
                lines[reading.file, path] = bisect_right(ends, node.start) + 1

    def line(file: str | None, path: str) -> int | None:
        while file is not None and path:
            if (file, path) in lines:
                return lines[file, path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return None

    return line


# --------------------------------------------------------------------------- files together


def _versions(keystores: Sequence[Keystore]) -> Iterator[Finding]:
    if not any(keystore.version == 2 for keystore in keystores):
        return
    for keystore in keystores:
        # One without validators is merged, whatever its version. Source: node-keystore ``mergeKeystores``.
        if keystore.version == 1 and keystore.validators:
            yield found(Fault.MIXED_VERSIONS, file=keystore.file, path="schemaVersion")


def _provers(keystores: Sequence[Keystore]) -> Iterator[Finding]:
    for keystore in [keystore for keystore in keystores if keystore.prover is not None][1:]:
        yield found(Fault.SEVERAL_PROVERS, file=keystore.file, path="prover")


def _defaults(keystores: Sequence[Keystore]) -> Iterator[Finding]:
    """Defaults that hold for more than the file they stand in."""
    for key, name in {
        "remoteSigner": "remote_signer",
        "coinbase": "coinbase",
        "feeRecipient": "fee_recipient",
    }.items():
        setting = [keystore for keystore in keystores if getattr(keystore, name) is not None]
        values = {getattr(keystore, name) for keystore in setting}
        for keystore in setting:
            others = [other for other in keystores if other not in setting and _relies(other, name)]
            if len(values) > 1:
                yield found(Fault.CONFLICTING_DEFAULTS, file=keystore.file, path=key)
            elif others:
                detail = ", ".join(other.file for other in others)
                yield found(Fault.REACHING_DEFAULT, file=keystore.file, path=key, detail=detail)


def _default_publishers(keystores: Sequence[Keystore]) -> Iterator[Finding]:
    """Publishers of one file that pay for the validators of another, or do not pay at all."""
    holding = merged_defaults(keystores).publisher_files
    for keystore in keystores:
        if keystore.publishers is None:
            continue
        if keystore.file not in holding:
            yield found(Fault.LOST_PUBLISHERS, file=keystore.file, path="publisher")
            continue
        others = [other for other in keystores if other is not keystore and _relies(other, "publishers")]
        if others:
            detail = ", ".join(other.file for other in others)
            yield found(Fault.REACHING_DEFAULT, file=keystore.file, path="publisher", detail=detail)


def _relies(keystore: Keystore, name: str) -> bool:
    """Whether a validator of a file takes a default."""
    return any(getattr(validator, name) is None for validator in keystore.validators)


# --------------------------------------------------------------------------- validators


def _accounts(keystore: Keystore) -> Iterator[tuple[EthAccounts, Validator | None]]:
    """All accounts of Ethereum of a file, with the validator whose signer holds for them."""
    for validator in keystore.validators:
        yield tuple(attester.eth for attester in validator.attesters), validator
        yield validator.publishers or (), validator
        yield () if validator.funding_account is None else (validator.funding_account,), validator
    yield keystore.publishers or (), None
    yield keystore.slashers or (), None
    yield () if keystore.prover is None else keystore.prover.publishers, None
    yield () if keystore.funding_account is None else (keystore.funding_account,), None


def _signers(keystores: Sequence[Keystore]) -> Iterator[Finding]:
    default = merged_defaults(keystores).remote_signer
    for keystore in keystores:
        for accounts, validator in _accounts(keystore):
            own = None if validator is None else validator.remote_signer
            for account in accounts:
                if isinstance(account, RemoteAccount) and (account.signer or own or default) is None:
                    yield found(
                        Fault.NO_REMOTE_SIGNER,
                        file=keystore.file,
                        path=account.path,
                        remedy="name one as remoteSigner of the validator or of the file",
                    )


def _passwords(keystores: Sequence[Keystore]) -> Iterator[Finding]:
    for keystore in keystores:
        for accounts, _ in _accounts(keystore):
            for account in accounts:
                if isinstance(account, EncryptedFile) and (
                    account.password is None or not account.password.reveal()
                ):
                    yield found(Fault.NO_PASSWORD, file=keystore.file, path=account.path)


def _publishers(keystores: Sequence[Keystore]) -> Iterator[Finding]:
    if merged_defaults(keystores).publisher_files:
        return
    validators = [(keystore.file, validator) for keystore in keystores for validator in keystore.validators]
    is_usual = any(validator.publishers is not None for _, validator in validators)
    fault = Fault.MISSING_PUBLISHER if is_usual else Fault.ATTESTER_PAYS
    for file, validator in validators:
        if validator.publishers is None:
            yield found(fault, file=file, path=validator.path)


def _coinbases(keystores: Sequence[Keystore]) -> Iterator[Finding]:
    if merged_defaults(keystores).coinbase is not None:
        return
    for keystore in keystores:
        for validator in keystore.validators:
            if validator.coinbase is None:
                yield found(Fault.MISSING_COINBASE, file=keystore.file, path=validator.path)


def _missing_bls(public: PublicSet) -> Iterator[Finding]:
    for attester in public.attesters:
        if not attester.has_bls:
            yield found(Fault.MISSING_BLS, file=attester.file, path=attester.path)


def _twice(public: PublicSet) -> Iterator[Finding]:
    """Attesters, BLS keys and publishers that stand where they stood before."""
    by_address: dict[str, list[PublicAttester]] = defaultdict(list)
    by_key: dict[bytes, list[PublicAttester]] = defaultdict(list)
    for attester in public.attesters:
        if attester.attester is not None:
            by_address[attester.attester].append(attester)
        if attester.bls_mark is not None:
            by_key[attester.bls_mark].append(attester)
    for fault, groups in (
        (Fault.DUPLICATE_ATTESTER, by_address.values()),
        (Fault.DUPLICATE_BLS, by_key.values()),
    ):
        for first, *others in groups:
            for other in others:
                if fault is Fault.DUPLICATE_BLS and other.attester == first.attester is not None:
                    continue  # the same attester twice is one fault, not two
                yield found(
                    fault,
                    file=other.file,
                    path=other.path,
                    detail=f"{other.attester or 'an unknown address'}, first in {first.file} {first.path}",
                )
    for attester in public.attesters:
        twice = {each for each in attester.publishers if attester.publishers.count(each) > 1}
        for publisher in sorted(twice):
            yield found(Fault.DUPLICATE_PUBLISHER, file=attester.file, path=attester.path, detail=publisher)
