"""Every way in which a keystore can be wrong has a name, a place and a sentence of its own, and tells no secret."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress

import attrs
import keystore_cases as cases
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keystore_cases import ADDRESSES, BLS, COINBASE, ETH, KEY_FILES, MNEMONIC, PASSWORD, SIGNER
from keystore_reading import FILES, examine, remembered_keys

from aztec_butler.core.bls import GROUP_ORDER
from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import CheckFailed
from aztec_butler.core.keystores.faults import Fault, failures, found, refuse
from aztec_butler.core.keystores.records import Secret, holds_secrets

ORDER = f"0x{GROUP_ORDER:064x}"
KEY_FILE = (FILES / "eth.json").read_text()


@pytest.fixture(scope="module", autouse=True)
def _remembered():
    with remembered_keys():
        yield


def spoil(place: str, value: object, make=cases.keys) -> str:
    """A valid keystore with one place changed; ``cases.REMOVED`` removes it."""
    keystore = make()
    *path, last = [int(part) if part.isdigit() else part for part in place.split("/")]
    target = cases.at(keystore, tuple(path))
    if value is cases.REMOVED:
        del target[last]
    else:
        target[last] = value
    return json.dumps(keystore, indent=2)


def text(change, make=cases.keys) -> str:
    return change(json.dumps(make(), indent=2))


# What is done to a valid keystore, the fault that follows, and where.
FAULTS: dict[str, tuple[str | tuple[str, ...], Fault, str]] = {
    "empty": ("", Fault.EMPTY, ""),
    "byte order mark": (text(lambda valid: "\ufeff" + valid), Fault.BYTE_ORDER_MARK, ""),
    "cut off": (text(lambda valid: valid[:-3]), Fault.NOT_JSON, ""),
    "something behind it": (text(lambda valid: valid + "]"), Fault.NOT_JSON, ""),
    "a key twice": (
        text(lambda valid: valid.replace('"coinbase"', f'"coinbase": "{COINBASE}", "coinbase"', 1)),
        Fault.DUPLICATE_KEY,
        "validators[0]",
    ),
    "an encrypted key": (KEY_FILE, Fault.NOT_A_KEYSTORE, ""),
    "registrations": (json.dumps([{"publicKeyG1": {}}]), Fault.NOT_A_KEYSTORE, ""),
    "not an object": ("[]", Fault.WRONG_TYPE, ""),
    "a number for text": (spoil("validators/0/coinbase", 7), Fault.WRONG_TYPE, "validators[0].coinbase"),
    "text for a number": (spoil("schemaVersion", "1"), Fault.WRONG_TYPE, "schemaVersion"),
    "no version": (spoil("schemaVersion", cases.REMOVED), Fault.MISSING_KEY, "schemaVersion"),
    "version 3": (spoil("schemaVersion", 3), Fault.UNKNOWN_VERSION, "schemaVersion"),
    "version 2's key in version 1": (spoil("coinbase", COINBASE), Fault.WRONG_VERSION, "coinbase"),
    "version 2 without a fee recipient": (
        spoil("feeRecipient", cases.REMOVED, cases.second),
        Fault.NO_FEE_RECIPIENT,
        "validators[0].feeRecipient",
    ),
    "nothing to run": (spoil("validators", cases.REMOVED), Fault.NOTHING_TO_RUN, ""),
    "a misspelled key": (spoil("validators/0/coinbsae", COINBASE), Fault.UNKNOWN_KEY, "validators[0].coinbsae"),
    "no attester": (spoil("validators/1/attester", cases.REMOVED), Fault.MISSING_KEY, "validators[1].attester"),
    "a list in a list": (
        spoil("validators/0/publisher", [[ETH[4]]]),
        Fault.MISPLACED_LIST,
        "validators[0].publisher[0]",
    ),
    "a mnemonic in a list": (
        spoil("validators/0/publisher", [{"mnemonic": MNEMONIC}]),
        Fault.MISPLACED_MNEMONIC,
        "validators[0].publisher[0]",
    ),
    "a BLS key beside a publisher": (
        spoil("validators/0/publisher", {"eth": ETH[4], "bls": BLS[4]}),
        Fault.MISPLACED_BLS,
        "validators[0].publisher",
    ),
    "a remote BLS key": (
        spoil("validators/0/attester/bls", {"address": ADDRESSES[0], "remoteSignerUrl": SIGNER}),
        Fault.REMOTE_BLS,
        "validators[0].attester.bls",
    ),
    "a digit lost from a key": (
        spoil("validators/0/attester/eth", ETH[0][:-1]),
        Fault.NOT_AN_ACCOUNT,
        "validators[0].attester.eth",
    ),
    "a key of zero": (
        spoil("validators/0/attester/eth", "0x" + "0" * 64),
        Fault.PRIVATE_KEY_RANGE,
        "validators[0].attester.eth",
    ),
    "a digit lost from a BLS key": (
        spoil("validators/0/attester/bls", BLS[0][:-1]),
        Fault.BAD_BLS_KEY,
        "validators[0].attester.bls",
    ),
    "BLS zero": (spoil("validators/0/attester/bls", "0x" + "0" * 64), Fault.BLS_ZERO, "validators[0].attester.bls"),
    "BLS not below the order": (spoil("validators/0/attester/bls", ORDER), Fault.BLS_RANGE, "validators[0].attester.bls"),
    "a digit lost from an address": (spoil("validators/0/coinbase", COINBASE[:-1]), Fault.BAD_ADDRESS, "validators[0].coinbase"),
    "a bad checksum": (
        spoil("validators/0/coinbase", COINBASE.replace("b169", "B169")),
        Fault.BAD_CHECKSUM,
        "validators[0].coinbase",
    ),
    "a coinbase of zero": (spoil("validators/0/coinbase", "0x" + "0" * 40), Fault.ZERO_COINBASE, "validators[0].coinbase"),
    "an attester of zero": (
        spoil("validators/0/attester/0/eth", "0x" + "0" * 40, cases.remote),
        Fault.ZERO_ADDRESS,
        "validators[0].attester[0].eth",
    ),
    "an address for a fee recipient": (
        spoil("validators/0/feeRecipient", COINBASE),
        Fault.BAD_FEE_RECIPIENT,
        "validators[0].feeRecipient",
    ),
    "a fee recipient beyond the field": (
        spoil("validators/0/feeRecipient", ORDER),
        Fault.FEE_RECIPIENT_RANGE,
        "validators[0].feeRecipient",
    ),
    "a remote signer without http": (
        spoil("remoteSigner", "signer.example:9000", cases.remote),
        Fault.BAD_URL,
        "remoteSigner",
    ),
    "a remote signer lost": (
        spoil("remoteSigner", cases.REMOVED, cases.prover),
        Fault.NO_REMOTE_SIGNER,
        "prover",
    ),
    "an account of a signer without its URL": (
        spoil("validators/0/attester/1/eth/remoteSignerUrl", cases.REMOVED, cases.remote),
        Fault.MISSING_KEY,
        "validators[0].attester[1].eth.remoteSignerUrl",
    ),
    "a mnemonic with a word lost": (
        spoil("validators/0/attester/mnemonic", MNEMONIC[:-5], cases.mnemonic),
        Fault.BAD_MNEMONIC,
        "validators[0].attester.mnemonic",
    ),
    "an index of a mnemonic below zero": (
        spoil("validators/0/attester/accountIndex", -1, cases.mnemonic),
        Fault.BAD_INDEX,
        "validators[0].attester.accountIndex",
    ),
    "an encrypted file without a path": (
        spoil("validators/0/attester/eth/path", "", cases.encrypted),
        Fault.EMPTY_PATH,
        "validators[0].attester.eth.path",
    ),
    "an encrypted file that is not there": (
        spoil("validators/0/attester/eth/path", f"{KEY_FILES}/lost.json", cases.encrypted),
        Fault.KEY_FILE_MISSING,
        "validators[0].attester.eth",
    ),
    "an encrypted file of another kind": (
        spoil("validators/0/attester/bls/path", f"{KEY_FILES}/eth.json", cases.encrypted),
        Fault.KEY_FILE_BROKEN,
        "validators[0].attester.bls",
    ),
    "an encrypted file without a password": (
        spoil("validators/0/attester/eth/password", cases.REMOVED, cases.encrypted),
        Fault.NO_PASSWORD,
        "validators[0].attester.eth",
    ),
    "an encrypted file with another password": (
        spoil("validators/0/attester/eth/password", "wrong", cases.encrypted),
        Fault.WRONG_PASSWORD,
        "validators[0].attester.eth",
    ),
    "a folder of keys beside one BLS key": (
        spoil("validators/0/attester/eth/path", f"{KEY_FILES}/many", cases.encrypted),
        Fault.SEVERAL_KEYS_ONE_BLS,
        "validators[0].attester",
    ),
    "no publisher where others have one": (
        spoil("validators/1/publisher", cases.REMOVED),
        Fault.MISSING_PUBLISHER,
        "validators[1]",
    ),
    "an empty list of publishers": (spoil("validators/0/publisher", []), Fault.NO_PUBLISHERS, "validators[0].publisher"),
    "an attester twice": (spoil("validators/1/attester/eth", ETH[0]), Fault.DUPLICATE_ATTESTER, "validators[1].attester"),
    "an attester in two files": (
        (json.dumps(cases.keys()), json.dumps(cases.SETS["two files"][0])),
        Fault.DUPLICATE_ATTESTER,
        "validators[0].attester[0]",
    ),
    "a BLS key twice": (spoil("validators/1/attester/bls", BLS[0]), Fault.DUPLICATE_BLS, "validators[1].attester"),
    "two versions": (
        tuple(map(json.dumps, cases.SETS["versions 1 and 2"])),
        Fault.MIXED_VERSIONS,
        "schemaVersion",
    ),
    "two provers": (tuple(map(json.dumps, cases.SETS["two provers"])), Fault.SEVERAL_PROVERS, "prover"),
    "two defaults": (
        tuple(map(json.dumps, cases.SETS["conflicting coinbases"])),
        Fault.CONFLICTING_DEFAULTS,
        "coinbase",
    ),
    "publishers that a mnemonic drives out": (
        tuple(map(json.dumps, cases.SETS["publishers, then a mnemonic"])),
        Fault.LOST_PUBLISHERS,
        "publisher",
    ),
}  # fmt: skip

WARNINGS: dict[str, tuple[str | tuple[str, ...], Fault, str]] = {
    "an address without 0x": (spoil("validators/0/coinbase", COINBASE[2:]), Fault.UNPREFIXED_ADDRESS, "validators[0].coinbase"),
    "a fee recipient of zero": (
        spoil("validators/0/feeRecipient", "0x" + "0" * 64),
        Fault.ZERO_FEE_RECIPIENT,
        "validators[0].feeRecipient",
    ),
    "a fee recipient that nobody can be": (
        spoil("validators/0/feeRecipient", f"0x{7:064x}"),
        Fault.LOST_FEES,
        "validators[0].feeRecipient",
    ),
    "a path that begins nowhere": (
        spoil("validators/0/attester/bls/path", "bls.json", cases.encrypted),
        Fault.RELATIVE_PATH,
        "validators[0].attester.bls.path",
    ),
    "no publisher at all": (json.dumps(cases.SETS["two files"][0]), Fault.ATTESTER_PAYS, "validators[0]"),
    "no coinbase": (spoil("validators/0/coinbase", cases.REMOVED), Fault.MISSING_COINBASE, "validators[0]"),
    "no BLS key": (spoil("validators/0/attester", ETH[0]), Fault.MISSING_BLS, "validators[0].attester"),
    "no attesters": (spoil("validators/0/attester", []), Fault.NO_ATTESTERS, "validators[0].attester"),
    "a publisher twice": (
        spoil("validators/0/publisher", [ETH[4], ETH[4]]),
        Fault.DUPLICATE_PUBLISHER,
        "validators[0].attester",
    ),
    "a default that reaches further": (
        tuple(map(json.dumps, cases.SETS["a default of one file"])),
        Fault.REACHING_DEFAULT,
        "coinbase",
    ),
}  # fmt: skip


def texts(given_: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given_,) if isinstance(given_, str) else given_


@pytest.mark.parametrize("name", FAULTS)
def test_fault__of_each_kind__fails_by_its_name_at_its_place(name):
    given_, fault, path = FAULTS[name]
    examined = examine(*texts(given_), opens_all=True)
    failing = failures(examined.findings)
    assert (fault, path) in {(finding.fault, finding.path) for finding in failing}
    with pytest.raises(CheckFailed) as raised:
        refuse(examined.findings)
    assert f"{fault.value}: {fault.sentence}" in str(raised.value)
    assert raised.value.exit_code == 5


@pytest.mark.parametrize("name", WARNINGS)
def test_warning__of_each_kind__is_told_and_fails_only_when_strict(name):
    given_, fault, path = WARNINGS[name]
    findings = [each for each in examine(*texts(given_)).findings if each.fault is fault]
    assert path in {finding.path for finding in findings}
    refuse(findings)
    with pytest.raises(CheckFailed):
        refuse(findings, strict=True)


def test_valid_keystores__fail_nowhere():
    for make in cases.KEYSTORES.values():
        assert failures(examine(json.dumps(make()), opens_all=True).findings) == []


def test_faults__names_and_sentences__are_all_different():
    assert len({fault.value for fault in Fault}) == len(Fault)
    assert len({fault.sentence for fault in Fault}) == len(Fault)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fault.value) for fault in Fault)


def test_faults__several_in_one_file__are_told_at_once():
    keystore = cases.keys()
    keystore["publisher"] = ETH[4]
    first, second = keystore["validators"]
    first |= {"coinbase": "0x" + "0" * 40, "coinbsae": COINBASE, "publisher": []}
    second |= {"feeRecipient": "x", "attester": {"eth": ETH[0], "bls": ORDER}}
    examined = examine(json.dumps(keystore, indent=2))
    with pytest.raises(CheckFailed) as raised:
        refuse(examined.findings)
    told = str(raised.value)
    for fault in (
        Fault.WRONG_VERSION,
        Fault.ZERO_COINBASE,
        Fault.UNKNOWN_KEY,
        Fault.NO_PUBLISHERS,
        Fault.BAD_FEE_RECIPIENT,
        Fault.BLS_RANGE,
        Fault.DUPLICATE_ATTESTER,
    ):
        assert f" {fault.value}: " in told
    assert "did you mean coinbase?" in told
    lines = [finding.line for finding in examined.findings]
    assert lines == sorted(lines)


def test_finding__line__is_that_of_the_value():
    given_ = spoil("validators/1/coinbase", "0x" + "0" * 40)
    (finding,) = [each for each in examine(given_).findings if each.fault is Fault.ZERO_COINBASE]
    assert "0x" + "0" * 40 in given_.splitlines()[finding.line - 1]


def test_refuse__a_place_named_like_a_parameter__is_told():
    with pytest.raises(CheckFailed, match="hint: unknown-key"):
        refuse([found(Fault.UNKNOWN_KEY, path="hint")])


# --------------------------------------------------------------------------- secrets

SECRET_WORDS = [
    MNEMONIC,
    PASSWORD,
    "certificate-password",
    "token-in-a-url",
    "word-pasted-as-a-key-of-the-json-object",
]


def secret_key(number: int) -> str:
    """A key that nothing else looks like, for both curves."""
    return "0x0" + hashlib.sha256(bytes([number])).hexdigest()[1:]


def with_keys(value, key=None):
    """The keystore with keys that can be recognized in place of the small ones."""
    if isinstance(value, dict):
        return {name: with_keys(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [with_keys(part, key) for part in value]
    is_key = isinstance(value, str) and len(value) == 66 and key != "feeRecipient"
    return secret_key(int(value, 16) % 256) if is_key else value


def with_secrets() -> list[dict]:
    keystores = [with_keys(make()) for make in cases.KEYSTORES.values()]
    keystores[1]["remoteSigner"] = {
        "remoteSignerUrl": "https://user:token-in-a-url@signer.example/token-in-a-url",
        "certPass": "certificate-password",
    }
    keystores[1]["validators"][0]["word-pasted-as-a-key-of-the-json-object"] = 1
    return keystores


def leaks(shown: str) -> list[str]:
    keys = [secret_key(number)[2:] for number in range(256)]
    parts = [key[start : start + 16] for key in keys for start in (0, 16, 32, 48)]
    return [secret for secret in [*SECRET_WORDS, *parts] if secret in shown]


def test_leaks__sees_one():
    assert leaks(f"the key is {secret_key(7)[:40]}")
    assert leaks(f"the password is {PASSWORD}")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_messages__of_any_spoiled_keystore__hold_no_secret(data):
    keystore = data.draw(st.sampled_from(with_secrets()))
    place = data.draw(st.sampled_from(list(cases.paths(keystore))))
    change = data.draw(st.sampled_from(sorted(cases.CHANGES)))
    result = cases.changed(keystore, place, change)
    if result is NotImplemented:
        return
    spoiled = json.dumps(result, indent=1)
    cut = data.draw(st.integers(0, len(spoiled)))
    for given_ in (spoiled, spoiled[:cut]):
        examined = examine(given_, opens_all=data.draw(st.booleans()))
        assert leaks(repr(examined)) == []
        assert leaks(repr([attrs.asdict(finding) for finding in examined.findings])) == []
        with suppress(CheckFailed) if not examined.findings else pytest.raises(CheckFailed) as raised:
            refuse(examined.findings, strict=True)
        assert not examined.findings or leaks(str(raised.value)) == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=5)
    | st.sampled_from([*ETH[:3], *ADDRESSES]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "schemaVersion",
                    "validators",
                    "attester",
                    "eth",
                    "bls",
                    "path",
                    "password",
                    "mnemonic",
                    "publisher",
                    "coinbase",
                    "feeRecipient",
                    "remoteSigner",
                    "remoteSignerUrl",
                    "address",
                    "prover",
                    "id",
                    "slasher",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None)
@given(JSON, st.sampled_from([1, 2]))
def test_examine__any_json__never_breaks(value, version):
    examined = examine(json.dumps({"schemaVersion": version, "validators": [value], "prover": value}))
    assert all(isinstance(finding.fault, Fault) for finding in examined.findings)


def test_secret__shows_itself_nowhere_but_when_asked():
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("hunter3")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("keys", True), ("remote", True), ("mnemonic", True), ("encrypted", True), ("prover", False)],
)
def test_holds_secrets__says_whether_a_file_must_be_private(name, expected):
    assert holds_secrets(examine(json.dumps(cases.KEYSTORES[name]())).keystores) is expected


def test_holds_secrets__a_url_with_a_token_is_one():
    keystore = cases.prover() | {"remoteSigner": "https://signer.example/0123456789"}
    assert holds_secrets(examine(json.dumps(keystore)).keystores)


def test_outcomes__only_two():
    assert {fault.outcome for fault in Fault} == {Outcome.FAIL, Outcome.WARN}


def test_finding__line_of_a_fault_found_later__is_that_of_its_place():
    examined = examine(FAULTS["an attester twice"][0])
    (finding,) = failures(examined.findings)
    assert '"attester": {' in FAULTS["an attester twice"][0].splitlines()[finding.line - 1]
    assert finding.line > 10


def test_duplicates__one_attester_with_its_keys__is_one_fault():
    keystore = cases.keys()
    keystore["validators"][1] |= {"attester": keystore["validators"][0]["attester"]}
    assert [finding.fault for finding in examine(json.dumps(keystore)).findings] == [Fault.DUPLICATE_ATTESTER]
