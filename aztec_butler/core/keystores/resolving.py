"""From accounts to addresses and public keys. What comes out holds no secret.

An encrypted file is opened only where something is needed that it does not tell by itself: an address that is not
written beside the key, a registration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from aztec_butler.core import secp256k1
from aztec_butler.core.bls import (
    GROUP_ORDER,
    PROOF_GAS_LIMIT,
    Affine,
    Registration,
    registration,
    registration_digest,
)
from aztec_butler.core.hexes import keccak256
from aztec_butler.core.keystores.encryption import KeyFileError, read_bls_key_file, read_eth_key
from aztec_butler.core.keystores.faults import Fault, Finding, found
from aztec_butler.core.keystores.mnemonics import derive_bls_key, derive_eth_keys, derived_indices
from aztec_butler.core.keystores.records import (
    AttesterAccount,
    BlsKey,
    EncryptedFile,
    EthAccount,
    Mnemonic,
    PrivateKey,
    RemoteAccount,
    Secret,
    parts_of,
)


@attrs.frozen(kw_only=True)
class KeyFile:
    """An encrypted file as it lies on the disk."""

    name: str
    text: str = attrs.field(repr=False)


KeyFiles = Mapping[str, Sequence[KeyFile] | str]
"""By the path that a keystore names: the file, the files of a folder, or why there is none."""


@attrs.frozen(kw_only=True)
class Means:
    """What it takes to turn accounts into public data, and what was found out already.

    Args:
        key_files: the encrypted files.
        password: opens every encrypted file, whatever the keystore says.
        opens_all: whether to open encrypted files even where they tell what is needed.
    """

    key_files: KeyFiles = attrs.field(factory=dict)
    password: Secret | None = None
    opens_all: bool = False
    _addresses: dict[int, str] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _opened: dict[tuple[str, str], str] = attrs.field(factory=dict, init=False, repr=False, eq=False)

    def address_of(self, secret: int) -> str:
        """The address of a private key; validators often share one, so each is computed once."""
        if secret not in self._addresses:
            self._addresses[secret] = secp256k1.address_of(secret)
        return self._addresses[secret]

    def remembered(self, account: EncryptedFile, file: KeyFile) -> str | None:
        """The address of a file that was opened before, which takes a second each time."""
        return self._opened.get((account.file, file.name))

    def remember(self, account: EncryptedFile, file: KeyFile, address: str) -> None:
        """Keep the address of a file that was opened."""
        self._opened[account.file, file.name] = address


@attrs.frozen(kw_only=True)
class ResolvedBls:
    """A BLS key as far as it is needed: something to compare by, and its registration."""

    path: str
    mark: bytes | None
    """The compressed public key, or a digest of the secret where that would have to be computed first. Equal for equal
    keys of one kind; None when the file tells neither."""
    registration: Registration | None
    """None: it was not asked for."""


@attrs.frozen(kw_only=True)
class ResolvedAttester:
    """An attester's public side."""

    path: str
    address: str | None
    """None: an encrypted file that does not tell it, and was not opened."""
    bls: ResolvedBls | None
    """None: it has no BLS key, or its file was not opened."""
    has_bls: bool


@attrs.define
class Resolver:
    """Resolves the accounts of one file, and collects what stands in the way."""

    means: Means
    file: str
    findings: list[Finding] = attrs.field(factory=list)
    lines: Callable[[str], int | None] = attrs.field(default=lambda _: None)
    """The line of a path."""

    def report(self, path: str, fault: Fault, detail: str | None = None, remedy: str | None = None) -> None:
        """Note a fault."""
        self.findings.append(
            found(fault, file=self.file, path=path, line=self.lines(path), detail=detail, remedy=remedy)
        )

    def addresses(self, account: EthAccount) -> list[str | None]:
        """The addresses of an account, in the node's order; None for one that is not known."""
        if isinstance(account, RemoteAccount):
            return [account.address]
        if isinstance(account, PrivateKey):
            return [self.means.address_of(int(account.secret.reveal(), 16))]
        if isinstance(account, Mnemonic):
            return [self.means.address_of(key) for key in derive_eth_keys(account)]
        return [self.address_in(account, file) for file in self.files(account)]

    def attesters(self, account: AttesterAccount, *, registers: bool) -> Iterator[ResolvedAttester]:
        """The attesters of an account.

        Args:
            account: one account, which may stand for several attesters.
            registers: whether their registrations are wanted.
        """
        addresses = self.addresses(account.eth)
        if isinstance(account.eth, Mnemonic):
            for address, derived in zip(
                addresses, self.derived_bls(account.eth, registers=registers), strict=True
            ):
                yield ResolvedAttester(path=account.path, address=address, bls=derived, has_bls=True)
            return
        bls = None if account.bls is None else self.bls(account.bls, registers=registers)
        if account.bls is not None and len(addresses) > 1:
            self.report(account.path, Fault.SEVERAL_KEYS_ONE_BLS, f"{len(addresses)} keys")
        for address in addresses:
            yield ResolvedAttester(
                path=account.path, address=address, bls=bls, has_bls=account.bls is not None
            )

    # -- BLS

    def bls(self, key: BlsKey, *, registers: bool) -> ResolvedBls | None:
        """A BLS key; None where its file cannot be opened, after it was reported why."""
        if isinstance(key, PrivateKey):
            return self.bls_of(key.path, int(key.secret.reveal(), 16), registers=registers)
        for file in self.files(key):
            try:
                encrypted = read_bls_key_file(file.text)
                if not registers and not self.means.opens_all:
                    return ResolvedBls(path=key.path, mark=encrypted.public_key, registration=None)
                secret = encrypted.open(self.password(key))
            except KeyFileError as error:
                self.report(key.path, error.fault, error.detail)
                return None
            if not 0 < secret < GROUP_ORDER:
                self.report(key.path, Fault.BLS_RANGE if secret else Fault.BLS_ZERO)
                return None
            resolved = self.bls_of(key.path, secret, registers=True)
            told, true = encrypted.public_key, resolved.mark
            if told is not None and told != true:
                self.report(key.path, Fault.BLS_MISMATCH)
                return None
            return resolved
        return None

    def bls_of(self, path: str, secret: int, *, registers: bool) -> ResolvedBls:
        """A BLS secret."""
        if not registers:
            return ResolvedBls(path=path, mark=keccak256(secret.to_bytes(32, "big")), registration=None)
        made = registration(secret)
        if registration_digest(made.public_key_g1).proof_gas > PROOF_GAS_LIMIT:
            self.report(path, Fault.DEAR_PROOF, remedy="use another key; it is good in itself")
        return ResolvedBls(path=path, mark=compressed_key(made.public_key_g1), registration=made)

    def derived_bls(self, mnemonic: Mnemonic, *, registers: bool) -> Iterator[ResolvedBls]:
        """The BLS keys that the node's command line derives beside those of Ethereum."""
        for account, address in derived_indices(mnemonic):
            secret = derive_bls_key(mnemonic.words.reveal(), account, address)
            yield self.bls_of(mnemonic.path, secret, registers=registers)

    # -- encrypted files

    def files(self, account: EncryptedFile) -> Sequence[KeyFile]:
        """The files behind an account; none where they are missing, after it was reported."""
        files = self.means.key_files.get(account.file, "nobody looked for it")
        if isinstance(files, str):
            self.report(account.path, Fault.KEY_FILE_MISSING, files)
            return ()
        return files

    def password(self, account: EncryptedFile) -> str:
        """The password of a file.

        Raises:
            KeyFileError: there is none.
        """
        password = self.means.password or account.password
        if password is None or not password.reveal():
            raise KeyFileError(Fault.NO_PASSWORD)
        return password.reveal()

    def address_in(self, account: EncryptedFile, file: KeyFile) -> str | None:
        """The address of an encrypted file: what it tells, or what opening it shows."""
        known = self.means.remembered(account, file)
        if known is not None:
            return known
        try:
            encrypted = read_eth_key(file.text)
            if not self.means.opens_all and encrypted.address is not None:
                return encrypted.address
            if not self.means.opens_all and self.means.password is None and account.password is None:
                self.report(account.path, Fault.ADDRESS_UNKNOWN)
                return None
            secret = encrypted.open(self.password(account))
        except KeyFileError as error:
            self.report(account.path, error.fault, error.detail)
            return None
        if not 0 < secret < secp256k1.GROUP_ORDER:
            self.report(account.path, Fault.PRIVATE_KEY_RANGE)
            return None
        address = self.means.address_of(secret)
        if encrypted.address is not None and encrypted.address != address:
            self.report(account.path, Fault.KEY_FILE_ADDRESS)
            return None
        self.means.remember(account, file, address)
        return address


def compressed_key(point: Affine) -> bytes:
    """A point of G1 in 32 bytes: x, with the lowest bit of y in the highest of the first byte.

    Source: foundation ``Bn254G1Point.compress``.
    """
    x, y = point
    return (x | (y & 1) << 255).to_bytes(32, "big")


def referenced_files(record: object) -> list[str]:
    """The path of every encrypted file that a record names, in order, each once."""
    return list(dict.fromkeys(_referenced(record)))


def _referenced(record: object) -> Iterator[str]:
    if isinstance(record, EncryptedFile):
        yield record.file
    elif isinstance(record, tuple):
        for part in record:
            yield from _referenced(part)
    else:
        for part in parts_of(record):
            yield from _referenced(part)
