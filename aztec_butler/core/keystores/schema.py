"""A keystore file, from text to records, with everything that is wrong with its form.

The rules are those of the node's own loader; beyond them this reader refuses what the node takes and regrets later:
a key that stands twice, a zero coinbase, BLS keys out of range. Source: node-keystore ``schemas.ts``,
``keystore_manager.ts`` (4.1.2).
"""

from __future__ import annotations

import attrs

from aztec_butler.core.keystores.accounts import AccountReader
from aztec_butler.core.keystores.faults import Fault, Finding
from aztec_butler.core.keystores.fields import Document, read_document
from aztec_butler.core.keystores.records import Keystore, Prover, Validator
from aztec_butler.core.keystores.text import Kind, Node, join

_FILE_1 = ("schemaVersion", "validators", "slasher", "remoteSigner", "prover", "fundingAccount")
_FILE_2 = ("publisher", "coinbase", "feeRecipient")
_VALIDATOR = ("attester", "coinbase", "publisher", "feeRecipient", "remoteSigner", "fundingAccount")
_PROVER = ("id", "publisher")


@attrs.frozen(kw_only=True)
class Reading:
    """What became of a file."""

    file: str
    document: Document | None
    """None: it is no JSON."""
    keystore: Keystore | None
    """None: its form is so wrong that no record can hold it."""
    findings: tuple[Finding, ...]


def read_keystore(text: str, file: str = "keystore") -> Reading:
    """A keystore file, with every problem of its form.

    Args:
        text: what the file holds.
        file: how findings name it.

    Source: node-keystore ``loader.ts``, ``loadKeystoreFile``.
    """
    document = read_document(text, file)
    if isinstance(document, Finding):
        return Reading(file=file, document=None, keystore=None, findings=(document,))
    reader = _FileReader(document)
    keystore = reader.keystore()
    return Reading(file=file, document=document, keystore=keystore, findings=tuple(reader.findings))


class _FileReader(AccountReader):
    """Reads a whole file."""

    def keystore(self) -> Keystore | None:
        """The whole document."""
        root = self.document.root
        other = _other_kind(root)
        if other is not None:
            self.report(root, "", Fault.NOT_A_KEYSTORE, detail=other, remedy="move it to another folder")
            return None
        if not self.is_kind(root, "", Kind.OBJECT):
            return None
        version = self.version(root)
        if version is None:
            return None
        self.known_keys(root, "", _FILE_1 + _FILE_2)
        late = root if version == 2 else _NOTHING
        for key, node in root.members:
            if key in _FILE_2 and version == 1:
                remedy = "put it into each validator, or set schemaVersion to 2 in all files"
                self.report(node, key, Fault.WRONG_VERSION, remedy=remedy)
        if not root.has("validators") and not root.has("prover"):
            self.report(root, "", Fault.NOTHING_TO_RUN)
        fee_recipient = self.optional(late, "", "feeRecipient", self.fee_recipient)
        has_default = late.has("feeRecipient")
        validators: list[Validator] = []
        list_node = root.get("validators")
        if list_node is not None and self.is_kind(list_node, "validators", Kind.ARRAY):
            for index, node in enumerate(list_node.items):
                validator = self.validator(
                    node, f"validators[{index}]", has_default=has_default, version=version
                )
                if validator is not None:
                    validators.append(validator)
        funding_account = self.optional(root, "", "fundingAccount", self.account)
        return Keystore(
            file=self.document.file,
            version=version,
            validators=tuple(validators),
            has_validators=list_node is not None,
            publishers=self.optional(late, "", "publisher", self.publishers),
            coinbase=self.optional(late, "", "coinbase", self.coinbase),
            fee_recipient=fee_recipient,
            remote_signer=self.optional(root, "", "remoteSigner", self.remote_signer),
            slashers=self.optional(root, "", "slasher", self.accounts),
            prover=self.optional(root, "", "prover", self.prover),
            funding_account=funding_account,
        )

    def version(self, root: Node) -> int | None:
        """The schema version."""
        node = root.get("schemaVersion")
        if node is None:
            self.report(root, "schemaVersion", Fault.MISSING_KEY, remedy='"schemaVersion": 1')
            return None
        if not self.is_kind(node, "schemaVersion", Kind.NUMBER):
            return None
        if node.scalar not in (1, 2):
            self.report(node, "schemaVersion", Fault.UNKNOWN_VERSION)
            return None
        return int(node.scalar)

    def validator(self, node: Node, path: str, *, has_default: bool, version: int) -> Validator | None:
        """One block of attesters."""
        if not self.is_kind(node, path, Kind.OBJECT):
            return None
        self.known_keys(node, path, _VALIDATOR)
        attesters = self.required(node, path, "attester", self.attesters)
        if not node.has("feeRecipient") and not has_default:
            fault = Fault.NO_FEE_RECIPIENT
            remedy = "every validator has one in schema version 1" if version == 1 else None
            self.report(node, join(path, "feeRecipient"), fault, remedy=remedy)
        return Validator(
            path=path,
            attesters=attesters or (),
            publishers=self.optional(node, path, "publisher", self.publishers),
            coinbase=self.optional(node, path, "coinbase", self.coinbase),
            fee_recipient=self.optional(node, path, "feeRecipient", self.fee_recipient),
            remote_signer=self.optional(node, path, "remoteSigner", self.remote_signer),
            funding_account=self.optional(node, path, "fundingAccount", self.account),
        )

    def prover(self, node: Node, path: str) -> Prover | None:
        """An account, or an id with publishers."""
        if node.kind is Kind.OBJECT and (node.has("id") or node.has("publisher")):
            self.known_keys(node, path, _PROVER)
            identity = self.required(node, path, "id", self.address)
            publishers = self.required(node, path, "publisher", self.publishers)
            return Prover(path=path, id=identity, publishers=publishers or ())
        account = self.account(node, path)
        return None if account is None else Prover(path=path, id=None, publishers=(account,))


def _other_kind(root: Node) -> str | None:
    """What the node's own tools write beside keystores, where it is no keystore; None for anything else."""
    if root.kind is Kind.OBJECT and (root.has("crypto") or root.has("Crypto")):
        return "an encrypted key"
    if root.kind is Kind.ARRAY and any(item.has("publicKeyG1") for item in root.items):
        return "registrations of attesters"
    return None


_NOTHING = Node(kind=Kind.OBJECT, start=0, end=0)
