"""What can be wrong with a keystore, each fault by a name of its own; and what was found in one.

A fault either fails or warns. It fails when the node would refuse the file, or take it and lose money or duties by it.
It warns when the node works with it, and an operator will still want to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Self

import attrs

from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import CheckFailed

_FAIL, _WARN = Outcome.FAIL, Outcome.WARN


class Fault(StrEnum):
    """The name of a fault; ``sentence`` says it, ``outcome`` how bad it is."""

    sentence: str
    outcome: Outcome

    def __new__(cls, name: str, sentence: str, outcome: Outcome = _FAIL) -> Self:
        """A member with what belongs to it."""
        fault = str.__new__(cls, name)
        fault._value_ = name
        fault.sentence = sentence
        fault.outcome = outcome
        return fault

    # -- files
    MISSING_FILE = "missing-file", "there is no such file or folder"
    UNREADABLE = "unreadable", "the file cannot be read"
    NOT_A_FILE = "not-a-file", "this is neither a file nor a folder"
    NO_FILES = "no-files", "the folder holds no .json file, and the node would not start"
    VANISHED = "vanished", "the file was there a moment ago, and is gone"
    DANGLING_LINK = "dangling-link", "the symbolic link leads nowhere"
    SYMBOLIC_LINK = (
        "symbolic-link",
        "the file is a symbolic link; an edit would not know which file is meant, and is refused",
        _WARN,
    )
    OPEN_TO_OTHERS = "open-to-others", "the file holds secrets, and group or others can use it"
    TOO_LARGE = "too-large", "the file is too large to be a keystore"
    NOT_UTF8 = "not-utf8", "the file is not UTF-8 text"

    # -- JSON
    EMPTY = "empty", "the file is empty"
    BYTE_ORDER_MARK = "byte-order-mark", "the file begins with a byte order mark, which the node refuses"
    NOT_JSON = "not-json", "the file is not JSON"
    DUPLICATE_KEY = "duplicate-key", "a key stands twice; the node would take the last one without a word"

    # -- shape
    NOT_A_KEYSTORE = (
        "not-a-keystore",
        "the file is something else; the node takes every .json file of its folder for a keystore, and refuses to start",
    )
    WRONG_TYPE = "wrong-type", "the value is of another kind"
    UNKNOWN_KEY = "unknown-key", "there is no such key; the node refuses the whole file"
    MISSING_KEY = "missing-key", "a key is missing"
    UNKNOWN_VERSION = "unknown-version", "the schema version is neither 1 nor 2"
    WRONG_VERSION = "wrong-version", "this key belongs to schema version 2"
    NOTHING_TO_RUN = "nothing-to-run", "there are neither validators nor a prover"
    MISPLACED_LIST = "misplaced-list", "a list stands inside a list of accounts"
    MISPLACED_MNEMONIC = "misplaced-mnemonic", "a mnemonic stands where one account belongs"
    MISPLACED_BLS = "misplaced-bls", "only an attester has a BLS key"
    REMOTE_BLS = "remote-bls", "a BLS key cannot be on a remote signer"

    # -- values
    NOT_AN_ACCOUNT = "not-an-account", "the text is neither a private key nor an address"
    BAD_PRIVATE_KEY = "bad-private-key", "a private key is 0x and 64 hex digits"
    PRIVATE_KEY_RANGE = "private-key-range", "no private key of secp256k1 has this value"
    BAD_BLS_KEY = "bad-bls-key", "a BLS key is 0x and 64 hex digits"
    BLS_ZERO = "bls-zero", "the BLS key is zero"
    BLS_RANGE = "bls-range", "the BLS key is not below the order of BN254"
    BAD_ADDRESS = "bad-address", "an address is 0x and 40 hex digits"
    BAD_CHECKSUM = "bad-checksum", "the checksum of the address is wrong"
    UNPREFIXED_ADDRESS = (
        "unprefixed-address",
        "the address has no 0x; the node takes it, others do not",
        _WARN,
    )
    ZERO_ADDRESS = "zero-address", "nobody holds the key of the zero address"
    ZERO_COINBASE = "zero-coinbase", "rewards would go to the zero address"
    BAD_FEE_RECIPIENT = "bad-fee-recipient", "a fee recipient is an Aztec address: 0x and 64 hex digits"
    FEE_RECIPIENT_RANGE = "fee-recipient-range", "the fee recipient is not below the field's modulus"
    ZERO_FEE_RECIPIENT = "zero-fee-recipient", "L2 fees would go to the zero address", _WARN
    LOST_FEES = (
        "lost-fees",
        "no Aztec account can have this fee recipient: it is not the x of a point of Grumpkin",
        _WARN,
    )
    BAD_URL = "bad-url", "a remote signer is an http:// or https:// URL"
    BAD_MNEMONIC = "bad-mnemonic", "a mnemonic has 12, 15, 18, 21 or 24 words with one space between them"
    BAD_INDEX = "bad-index", "an index or a count of a mnemonic is out of range"
    EMPTY_PATH = "empty-path", "the path of an encrypted file is empty"
    RELATIVE_PATH = (
        "relative-path",
        "the node looks for this path where it was started, not beside this file",
        _WARN,
    )

    # -- what belongs together
    NO_REMOTE_SIGNER = "no-remote-signer", "an address without a remote signer: nothing can sign for it"
    NO_FEE_RECIPIENT = "no-fee-recipient", "the validator has no fee recipient, and neither has the file"
    NO_PUBLISHERS = "no-publishers", "the list of publishers is empty; the node refuses to start"
    MISSING_PUBLISHER = (
        "missing-publisher",
        "others have publishers and this validator has none: its attester would pay",
    )
    ATTESTER_PAYS = (
        "attester-pays",
        "no publisher is named: the attester's own key pays for transactions on L1",
        _WARN,
    )
    MISSING_COINBASE = (
        "missing-coinbase",
        "no coinbase: rewards go to the attester's own address, outside of any split",
        _WARN,
    )
    MISSING_BLS = "missing-bls", "the attester has no BLS key: it cannot be registered from this file", _WARN
    NO_ATTESTERS = "no-attesters", "the list is empty", _WARN
    DUPLICATE_ATTESTER = "duplicate-attester", "the attester stands twice; the node refuses to start"
    DUPLICATE_BLS = "duplicate-bls", "two attesters have the same BLS key; the contracts take it once"
    DUPLICATE_PUBLISHER = "duplicate-publisher", "the publisher stands twice in one list", _WARN
    MIXED_VERSIONS = "mixed-versions", "files of schema version 1 and 2 together: the node refuses to start"
    SEVERAL_PROVERS = "several-provers", "two files name a prover; the node refuses to start"
    CONFLICTING_DEFAULTS = (
        "conflicting-defaults",
        "two files set this default differently; the node applies the last file's to the validators of all",
    )
    LOST_PUBLISHERS = (
        "lost-publishers",
        "where a mnemonic is among them, the node takes the publishers of the last file alone, and these are not",
    )
    REACHING_DEFAULT = (
        "reaching-default",
        "the node applies this default to the validators of the other files, too",
        _WARN,
    )

    # -- encrypted files
    KEY_FILE_MISSING = "key-file-missing", "the encrypted file is not there"
    KEY_FILE_BROKEN = "key-file-broken", "this is not an encrypted key file that the node reads"
    NO_PASSWORD = "no-password", "the encrypted file has no password, and the node asks nobody"
    WRONG_PASSWORD = "wrong-password", "the password does not open the encrypted file"
    KEY_FILE_ADDRESS = "key-file-address", "the address told in the encrypted file is not that of its key"
    BLS_MISMATCH = "bls-mismatch", "the public key told in the encrypted file is not that of its BLS key"
    SEVERAL_KEYS_ONE_BLS = "several-keys-one-bls", "a folder of several keys stands beside one BLS key"
    DEAR_PROOF = (
        "dear-proof",
        "the proof of this BLS key needs more gas than the GSE grants: its deposit would fail",
    )
    ADDRESS_UNKNOWN = (
        "address-unknown",
        "the encrypted file does not tell its address, so nothing was compared",
        _WARN,
    )

    # -- sets of servers
    PUBLISHER_ON_TWO_SERVERS = (
        "publisher-on-two-servers",
        "the publisher is given to two servers: their transactions would take each other's nonce",
    )
    PUBLISHER_IS_ATTESTER = (
        "publisher-is-attester",
        "the publisher is an attester, which every server has: their transactions would take each other's nonce",
    )
    SERVER_WITHOUT_PUBLISHERS = "server-without-publishers", "the server has no publisher"
    SHARED_PROVER = "shared-prover", "every server would run the prover with the same keys"
    SHARED_ACCOUNT = (
        "shared-account",
        "every server has this account: should two send with it at once, one takes the other's nonce",
        _WARN,
    )
    BAD_SERVER = "bad-server", "the name of a server is made of letters, digits, dots, dashes and underscores"
    NO_SERVERS = "no-servers", "no server is named"


@attrs.frozen(kw_only=True)
class Finding:
    """One fault, where it was found."""

    outcome: Outcome
    fault: Fault
    file: str | None
    """None where there is no file, but a value from elsewhere."""
    path: str
    """Where in the JSON, e.g. ``validators[2].attester.eth``; empty for the whole file."""
    line: int | None
    finding: str
    """The fault's sentence, with what is particular to this one. Never a secret."""
    remedy: str | None = None

    @property
    def place(self) -> str:
        """Where it is, on one line."""
        file = "" if self.file is None else self.file
        place = f"{file}:{self.line}" if self.line is not None and file else file
        return f"{place} {self.path}".strip()


def found(
    fault: Fault,
    *,
    file: str | None = None,
    path: str = "",
    line: int | None = None,
    detail: str | None = None,
    remedy: str | None = None,
) -> Finding:
    """A finding of a fault.

    >>> found(Fault.ZERO_COINBASE, file="key1.json", path="validators[0].coinbase", line=9).place
    'key1.json:9 validators[0].coinbase'
    """
    return Finding(
        outcome=fault.outcome,
        fault=fault,
        file=file,
        path=path,
        line=line,
        finding=fault.sentence if detail is None else f"{fault.sentence} ({detail})",
        remedy=remedy,
    )


def failures(findings: Iterable[Finding], *, strict: bool = False) -> list[Finding]:
    """Those that fail; with ``strict`` also those that warn."""
    return [finding for finding in findings if strict or finding.outcome is Outcome.FAIL]


def refuse(findings: Sequence[Finding], *, strict: bool = False) -> None:
    """Raise what was found, if anything fails.

    Raises:
        CheckFailed: with every failing finding: its place, its fault's name and what it is.
    """
    failed = failures(findings, strict=strict)
    if not failed:
        return
    facts: dict[str, str] = {}
    for finding in failed:
        told = f"{finding.fault.value}: {finding.finding}"
        if finding.remedy is not None:
            told += f"; {finding.remedy}"
        place = finding.place or "keystore"
        facts[place] = f"{facts[place]}; {told}" if place in facts else told
    count = len(failed)
    error = CheckFailed("the keystore has a problem" if count == 1 else f"the keystore has {count} problems")
    error.facts.update(facts)  # not by the constructor: a place may have the name of one of its parameters
    raise error
