"""The public side of keystores, and what staking asks of it."""

from __future__ import annotations

import json

import keystore_cases as cases
import pytest
from keystore_cases import ADDRESSES, BLS, COINBASE, ETH, FEES, KEY_FILES, PASSWORD
from keystore_reading import FILES, examine, key_files, remembered_keys

from aztec_butler.core import bls
from aztec_butler.core.bls import find_fault, parse_registrations, registration, render_registrations
from aztec_butler.core.errors import CheckFailed
from aztec_butler.core.keystores import resolving
from aztec_butler.core.keystores.faults import Fault, failures
from aztec_butler.core.keystores.public import CoinbaseFrom, attesters_of, coinbases_of, publishers_of
from aztec_butler.core.keystores.records import Secret
from aztec_butler.core.keystores.registering import registrations_of
from aztec_butler.core.keystores.resolving import KeyFile

ONE, TWO, THREE, FOUR = ADDRESSES


@pytest.fixture(scope="module", autouse=True)
def _remembered():
    with remembered_keys():
        yield


def public(keystore, **options):
    return examine(json.dumps(keystore), **options).public


def encrypted(name: str = "eth.json", bls_name: str | None = "bls.json", **fields) -> dict:
    attester = {"eth": {"path": f"{KEY_FILES}/{name}", "password": PASSWORD}}
    if bls_name is not None:
        attester["bls"] = {"path": f"{KEY_FILES}/{bls_name}", "password": PASSWORD}
    return {"schemaVersion": 1, "validators": [{"attester": attester, "feeRecipient": FEES, **fields}]}


def faults(examined) -> set[Fault]:
    return {finding.fault for finding in failures(examined.findings)}


def test_public__addresses_publishers_coinbases():
    seen = public(cases.keys())
    assert attesters_of(seen) == (ONE, TWO)
    assert len(publishers_of(seen)) == 2
    assert coinbases_of(seen) == {ONE: COINBASE, TWO: COINBASE}


@pytest.mark.parametrize(
    ("keystore", "coinbase", "source"),
    [
        (cases.keys(), COINBASE, CoinbaseFrom.VALIDATOR),
        (cases.second(), COINBASE, CoinbaseFrom.DEFAULT),
        (cases.remote(), ONE, CoinbaseFrom.ATTESTER),
    ],
)
def test_public__coinbase__says_where_it_is_from(keystore, coinbase, source):
    first = public(keystore).attesters[0]
    assert (first.coinbase, first.coinbase_from) == (coinbase, source)


def test_public__nobody_named__the_attester_pays():
    first = public(cases.SETS["two files"][0]).attesters[0]
    assert (first.publishers, first.pays_itself) == ((ONE,), True)


def test_public__registrations__are_those_of_the_secrets():
    seen = public(cases.keys(), registers=True)
    assert [each.registration for each in seen.attesters] == [registration(1000), registration(1001)]
    assert all(find_fault(each.registration) is None for each in seen.attesters)


def test_public__registrations_not_asked_for__cost_nothing(monkeypatch):
    monkeypatch.setattr(resolving, "registration", None)
    assert [each.registration for each in public(cases.keys()).attesters] == [None, None]


def test_public__encrypted__unopened_until_it_must(monkeypatch):
    def never(*_):
        raise AssertionError("a file was opened that tells what is needed")

    monkeypatch.setattr("aztec_butler.core.keystores.encryption.EncryptedEthKey.open", never)
    monkeypatch.setattr("aztec_butler.core.keystores.encryption.EncryptedBlsKey.open", never)
    assert attesters_of(public(encrypted())) == (THREE,)


def test_public__encrypted_bls__opens_for_its_registration():
    (attester,) = public(encrypted(), registers=True).attesters
    assert attester.registration == registration(1000)


def test_public__an_address_that_the_file_does_not_tell__takes_the_password():
    document = json.loads((FILES / "eth.json").read_text())
    del document["address"]
    path = f"{KEY_FILES}/eth.json"
    files = {path: (KeyFile(name="eth.json", text=json.dumps(document)),)}
    keystore = encrypted(bls_name=None)
    assert attesters_of(public(keystore, key_files=files)) == (THREE,)
    del keystore["validators"][0]["attester"]["eth"]["password"]
    unknown = examine(json.dumps(keystore), key_files=files)
    assert attesters_of(unknown.public) == ()
    assert Fault.ADDRESS_UNKNOWN in {finding.fault for finding in unknown.findings}
    given_ = examine(json.dumps(keystore), key_files=files, password=Secret(PASSWORD))
    assert attesters_of(given_.public) == (THREE,)


def changed_file(name: str, **changes) -> dict:
    document = json.loads((FILES / name).read_text()) | changes
    path = f"{KEY_FILES}/{name}"
    others = {f"{KEY_FILES}/{other}": key_files(f"{KEY_FILES}/{other}") for other in ("eth.json", "bls.json")}
    return others | {path: (KeyFile(name=name, text=json.dumps(document)),)}


def test_public__a_file_with_another_keys_public_key__is_a_mismatch():
    files = changed_file(
        "bls.json", pubkey="0x" + resolving.compressed_key(registration(1001).public_key_g1).hex()
    )
    examined = examine(json.dumps(encrypted()), key_files=files, registers=True)
    assert faults(examined) == {Fault.BLS_MISMATCH}
    assert examined.public.attesters[0].registration is None


def test_public__a_file_with_another_keys_address__is_a_mismatch():
    files = changed_file("eth.json", address=FOUR[2:])
    examined = examine(json.dumps(encrypted()), key_files=files, opens_all=True)
    assert Fault.KEY_FILE_ADDRESS in faults(examined)


def test_public__a_public_key_of_another_form__is_not_compared():
    files = changed_file("bls.json", pubkey="0x04" + "00" * 64)
    assert faults(examine(json.dumps(encrypted()), key_files=files, registers=True)) == set()


def test_public__the_same_bls_key_in_two_files__is_told_unopened():
    keystore = encrypted()
    keystore["validators"].append(
        {"attester": {"eth": ETH[0], "bls": {"path": f"{KEY_FILES}/bls.json"}}, "feeRecipient": FEES}
    )
    assert Fault.DUPLICATE_BLS in faults(examine(json.dumps(keystore)))


def test_public__the_same_bls_key_in_plain_and_encrypted__is_told_when_opened():
    keystore = encrypted()
    keystore["validators"].append({"attester": {"eth": ETH[0], "bls": BLS[0]}, "feeRecipient": FEES})
    assert Fault.DUPLICATE_BLS not in faults(examine(json.dumps(keystore)))
    assert Fault.DUPLICATE_BLS in faults(examine(json.dumps(keystore), registers=True))


def test_public__a_mnemonic__has_bls_keys_by_the_nodes_rule():
    seen = public(cases.mnemonic(), registers=True)
    # As derived by the node's command line, see test_keystore_mnemonics.
    assert f"{resolving.compressed_key(seen.attesters[0].registration.public_key_g1).hex()}" == (
        "0224fbed5e4f6fae1da11deac0d9129da045f926f3dba7787f72ce6b7bff2145"
    )


def test_public__a_proof_dearer_than_the_gse_grants__fails(monkeypatch):
    monkeypatch.setattr(resolving, "PROOF_GAS_LIMIT", 1)
    assert faults(examine(json.dumps(cases.keys()), registers=True)) == {Fault.DEAR_PROOF}
    assert faults(examine(json.dumps(cases.keys()))) == set()


# --------------------------------------------------------------------------- registrations


def test_registrations__of_a_keystore__are_read_back():
    made = registrations_of(examine(json.dumps(cases.keys()), registers=True))
    text = render_registrations(made)
    assert list(parse_registrations(text.encode())) == made
    assert [each.attester for each in made] == [ONE, TWO]
    assert [secret for secret in [*ETH[1:], *BLS[1:]] if secret in text] == []


def test_registrations__g1_and_g2_of_two_keys__are_found_in_the_public_file():
    made = registrations_of(examine(json.dumps(cases.keys()), registers=True))
    document = json.loads(render_registrations(made))
    document[0]["publicKeyG2"] = document[1]["publicKeyG2"]
    (first, second) = parse_registrations(json.dumps(document).encode())
    assert find_fault(first.registration) is bls.RegistrationFault.KEYS_DIFFER
    assert find_fault(second.registration) is None


def test_registrations__attesters_without_a_bls_key__are_refused_or_left_out():
    keystore = cases.keys()
    keystore["validators"][0]["attester"] = ETH[0]
    examined = examine(json.dumps(keystore), registers=True)
    with pytest.raises(CheckFailed, match="has no BLS key"):
        registrations_of(examined)
    assert [each.attester for each in registrations_of(examined, partial=True)] == [TWO]


def test_registrations__of_new_keys__need_no_publisher_and_no_signer():
    keystore = cases.keys()
    keystore["validators"][0] = {"attester": {"eth": FOUR, "bls": BLS[3]}, "feeRecipient": FEES}
    assert len(registrations_of(examine(json.dumps(keystore), registers=True))) == 2


def test_registrations__a_keystore_with_a_fault__is_refused():
    keystore = cases.keys()
    keystore["validators"][0]["coinbase"] = "0x" + "0" * 40
    with pytest.raises(CheckFailed, match="zero-coinbase"):
        registrations_of(examine(json.dumps(keystore), registers=True))


def test_registrations__a_password_for_all__stands_in_for_those_missing():
    keystore = encrypted()
    for part in keystore["validators"][0]["attester"].values():
        del part["password"]
    without = examine(json.dumps(keystore), registers=True)
    with pytest.raises(CheckFailed, match="no-password"):
        registrations_of(without)
    examined = examine(json.dumps(keystore), registers=True, password=Secret(PASSWORD))
    (made,) = registrations_of(examined, has_password=True)
    assert (made.attester, made.registration) == (THREE, registration(1000))
