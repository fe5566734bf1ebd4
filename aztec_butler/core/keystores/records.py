"""What a keystore holds, as records. Secrets in them show themselves to nobody who does not ask by name."""

from __future__ import annotations

from typing import Any

import attrs

from aztec_butler.core.setting_values import redact_url


@attrs.frozen(repr=False)
class Secret:
    """Text that no message, table or traceback shows; ``reveal`` gives it to whoever needs it."""

    _text: str

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return f"<secret of {len(self._text)} characters>"


@attrs.frozen(kw_only=True)
class RemoteSigner:
    """A web3signer that holds keys."""

    url: str = attrs.field(repr=redact_url)
    certificate_path: str | None = None
    certificate_password: Secret | None = None

    @property
    def holds_secrets(self) -> bool:
        """Whether the URL holds more than a host, e.g. a token, or a password stands beside it."""
        return self.certificate_password is not None or redact_url(self.url) != self.url


@attrs.frozen(kw_only=True)
class PrivateKey:
    """A key in the file itself, of secp256k1 or of BN254."""

    path: str
    secret: Secret


@attrs.frozen(kw_only=True)
class RemoteAccount:
    """A key that a remote signer holds."""

    path: str
    address: str
    signer: RemoteSigner | None
    """Its own; None: that of the validator or of the file."""


@attrs.frozen(kw_only=True)
class EncryptedFile:
    """A key in a file of its own: web3 v3 for Ethereum (or a folder of such files), EIP-2335 in form for BLS."""

    path: str
    file: str
    password: Secret | None


@attrs.frozen(kw_only=True)
class Mnemonic:
    """Words from which keys are derived: accounts times addresses, at ``m/44'/60'/account'/0/address``."""

    path: str
    words: Secret
    account_index: int = 0
    account_count: int = 1
    address_index: int = 0
    address_count: int = 1


EthAccount = PrivateKey | RemoteAccount | EncryptedFile | Mnemonic
"""One account, or several at once: a mnemonic, a folder of encrypted files."""
BlsKey = PrivateKey | EncryptedFile
EthAccounts = tuple[EthAccount, ...]


@attrs.frozen(kw_only=True)
class AttesterAccount:
    """The keys of an attester."""

    path: str
    eth: EthAccount
    bls: BlsKey | None
    """None: it attests, but cannot be registered from here."""


@attrs.frozen(kw_only=True)
class Validator:
    """One block of configuration: attesters, and what they share."""

    path: str
    attesters: tuple[AttesterAccount, ...]
    publishers: EthAccounts | None
    """None: the file's, else the attester itself."""
    coinbase: str | None
    """None: the file's, else the attester's own address."""
    fee_recipient: str | None
    """None: the file's."""
    remote_signer: RemoteSigner | None
    """None: the file's."""
    funding_account: EthAccount | None


@attrs.frozen(kw_only=True)
class Prover:
    """Who sends proofs."""

    path: str
    id: str | None
    """Who is rewarded; None: the publisher itself."""
    publishers: EthAccounts


@attrs.frozen(kw_only=True)
class Keystore:
    """One file. Source: node-keystore ``schemas.ts``."""

    file: str
    version: int
    validators: tuple[Validator, ...]
    has_validators: bool
    """Whether the list is there at all; it may be empty."""
    publishers: EthAccounts | None
    coinbase: str | None
    fee_recipient: str | None
    remote_signer: RemoteSigner | None
    slashers: EthAccounts | None
    prover: Prover | None
    funding_account: EthAccount | None


def holds_secrets(record: object) -> bool:
    """Whether anything below a record must not be seen."""
    if isinstance(record, Secret):
        return True
    if isinstance(record, RemoteSigner):
        return record.holds_secrets
    if isinstance(record, tuple):
        return any(holds_secrets(part) for part in record)
    return any(holds_secrets(part) for part in parts_of(record))


def parts_of(record: object) -> list[object]:
    """The values of a record's fields; none of anything else."""
    kind: Any = type(record)
    return [getattr(record, field.name) for field in attrs.fields(kind)] if attrs.has(kind) else []
