"""Accounts of a keystore in all their forms: who signs, and with what."""

from __future__ import annotations

from aztec_butler.core.keystores.faults import Fault
from aztec_butler.core.keystores.fields import FieldReader
from aztec_butler.core.keystores.records import (
    AttesterAccount,
    BlsKey,
    EncryptedFile,
    EthAccount,
    EthAccounts,
    Mnemonic,
    PrivateKey,
    RemoteAccount,
    RemoteSigner,
    Secret,
)
from aztec_butler.core.keystores.text import Kind, Node, join
from aztec_butler.core.keystores.values import (
    LARGEST_COUNT,
    LARGEST_INDEX,
    is_address,
    is_private_key,
    read_address,
    read_bls_key,
    read_private_key,
    read_words,
    shape_of,
)

_REMOTE = ("remoteSignerUrl", "certPath", "certPass")
_ENCRYPTED = ("path", "password")
_MNEMONIC = ("mnemonic", "addressIndex", "accountIndex", "addressCount", "accountCount")
_ATTESTER = ("eth", "bls")
_NOWHERE = "http://unreadable.invalid"
"""In place of a default signer's URL that was reported already: those who rely on it are no further faults."""


class AccountReader(FieldReader):
    """Reads accounts. Source: node-keystore ``schemas.ts``, ``ethAccountSchema`` and what is made of it."""

    def attesters(self, node: Node, path: str) -> tuple[AttesterAccount, ...] | None:
        """One attester, a list of them, or a mnemonic."""
        if node.kind is Kind.ARRAY:
            read = [self.attester(item, f"{path}[{index}]") for index, item in enumerate(node.items)]
            if not node.items:
                self.report(node, path, Fault.NO_ATTESTERS)
            return tuple(attester for attester in read if attester is not None)
        if node.kind is Kind.OBJECT and node.has("mnemonic"):
            words = self.mnemonic(node, path)
            return None if words is None else (AttesterAccount(path=path, eth=words, bls=None),)
        attester = self.attester(node, path)
        return None if attester is None else (attester,)

    def attester(self, node: Node, path: str) -> AttesterAccount | None:
        """An account, or one beside a BLS key."""
        if node.kind is Kind.OBJECT and (node.has("eth") or node.has("bls")):
            self.known_keys(node, path, _ATTESTER)
            eth = self.required(node, path, "eth", self.account)
            bls = self.optional(node, path, "bls", self.bls_key)
            return None if eth is None else AttesterAccount(path=path, eth=eth, bls=bls)
        account = self.account(node, path)
        return None if account is None else AttesterAccount(path=path, eth=account, bls=None)

    def publishers(self, node: Node, path: str) -> EthAccounts | None:
        """Accounts, of which there must be one."""
        if node.kind is Kind.ARRAY and not node.items:
            self.report(node, path, Fault.NO_PUBLISHERS)
        return self.accounts(node, path)

    def accounts(self, node: Node, path: str) -> EthAccounts | None:
        """One account, a list of them, or a mnemonic."""
        if node.kind is Kind.ARRAY:
            read = [self.account(item, f"{path}[{index}]") for index, item in enumerate(node.items)]
            return tuple(account for account in read if account is not None)
        if node.kind is Kind.OBJECT and node.has("mnemonic"):
            words = self.mnemonic(node, path)
            return None if words is None else (words,)
        account = self.account(node, path)
        return None if account is None else (account,)

    def account(self, node: Node, path: str) -> EthAccount | None:
        """A private key, an address, a remote signer's account, or an encrypted file."""
        if node.kind is Kind.TEXT:
            return self.written_account(node, path)
        if node.kind is Kind.ARRAY:
            self.report(node, path, Fault.MISPLACED_LIST)
            return None
        if not self.is_kind(node, path, Kind.OBJECT, expected="text or an object"):
            return None
        if node.has("mnemonic"):
            self.report(node, path, Fault.MISPLACED_MNEMONIC, remedy="it stands alone, not in a list")
            return None
        if node.has("eth") or node.has("bls"):
            self.report(node, path, Fault.MISPLACED_BLS)
            return None
        if node.has("path"):
            return self.encrypted(node, path)
        self.known_keys(node, path, ("address", *_REMOTE))
        address = self.required(node, path, "address", self.address)
        url = self.required(
            node,
            path,
            "remoteSignerUrl",
            self.url,
            remedy="an address whose signer is named elsewhere is written as text, not as an object",
        )
        certificate = self.optional(node, path, "certPath", self.text)
        password = self.optional(node, path, "certPass", self.text)
        if address is None or url is None:
            return None
        return RemoteAccount(path=path, address=address, signer=_signer(url, certificate, password))

    def written_account(self, node: Node, path: str) -> EthAccount | None:
        """A private key or an address."""
        text = self.text(node, path) or ""
        if is_private_key(text):
            key = read_private_key(text, self.reporter(node, path))
            return None if key is None else PrivateKey(path=path, secret=Secret(key))
        if is_address(text):
            address = read_address(text, self.reporter(node, path))
            return None if address is None else RemoteAccount(path=path, address=address, signer=None)
        self.report(node, path, Fault.NOT_AN_ACCOUNT, detail=shape_of(text))
        return None

    def bls_key(self, node: Node, path: str) -> BlsKey | None:
        """A private key of BN254, or an encrypted file."""
        if node.kind is Kind.OBJECT:
            if node.has("address") or node.has("remoteSignerUrl"):
                self.report(node, path, Fault.REMOTE_BLS)
                return None
            return self.encrypted(node, path)
        text = self.text(node, path)
        key = None if text is None else read_bls_key(text, self.reporter(node, path))
        return None if key is None else PrivateKey(path=path, secret=Secret(key))

    def encrypted(self, node: Node, path: str) -> EncryptedFile | None:
        """The path of an encrypted file, with or without its password."""
        self.known_keys(node, path, _ENCRYPTED)
        file = self.required(node, path, "path", self.text)
        password = self.optional(node, path, "password", self.text)
        if file is None:
            return None
        if not file:
            self.report(node, join(path, "path"), Fault.EMPTY_PATH)
            return None
        if not file.startswith("/"):
            self.report(node, join(path, "path"), Fault.RELATIVE_PATH)
        return EncryptedFile(path=path, file=file, password=None if password is None else Secret(password))

    def mnemonic(self, node: Node, path: str) -> Mnemonic | None:
        """Words, and which of their keys."""
        self.known_keys(node, path, _MNEMONIC)
        text = self.required(node, path, "mnemonic", self.text)
        target = node.get("mnemonic")
        words = None
        if text is not None and target is not None:
            words = read_words(text, self.reporter(target, join(path, "mnemonic")))
        numbers = [self.count(node, path, name) for name in _MNEMONIC[1:]]
        address_index, account_index, address_count, account_count = numbers
        if words is None or None in numbers:
            return None
        assert address_index is not None and account_index is not None  # noqa: PT018 - for the type checker
        assert address_count is not None and account_count is not None  # noqa: PT018
        if (
            address_index + address_count - 1 > LARGEST_INDEX
            or account_index + account_count - 1 > LARGEST_INDEX
            or address_count * account_count > LARGEST_COUNT
        ):
            self.report(
                node, path, Fault.BAD_INDEX, detail=f"at most {LARGEST_COUNT} keys, indices below 2^31"
            )
            return None
        return Mnemonic(
            path=path,
            words=Secret(words),
            account_index=account_index,
            account_count=account_count,
            address_index=address_index,
            address_count=address_count,
        )

    def remote_signer(self, node: Node, path: str) -> RemoteSigner | None:
        """A default signer: a URL, or one with a certificate."""
        if node.kind is Kind.TEXT:
            return RemoteSigner(url=self.url(node, path) or _NOWHERE)
        if not self.is_kind(node, path, Kind.OBJECT, expected="a URL or an object"):
            return None
        self.known_keys(node, path, _REMOTE)
        url = self.required(node, path, "remoteSignerUrl", self.url)
        certificate = self.optional(node, path, "certPath", self.text)
        password = self.optional(node, path, "certPass", self.text)
        return _signer(url or _NOWHERE, certificate, password)


def _signer(url: str, certificate: str | None, password: str | None) -> RemoteSigner:
    return RemoteSigner(
        url=url,
        certificate_path=certificate,
        certificate_password=None if password is None else Secret(password),
    )
