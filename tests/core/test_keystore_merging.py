"""One keystore per server: the same attesters, and publishers that nobody else has."""

from __future__ import annotations

import json

import keystore_cases as cases
import pytest
from keystore_cases import ADDRESSES, BLS, COINBASE, ETH, FEES, KEY_FILES, MNEMONIC, PASSWORD, SIGNER
from keystore_reading import examine, key_files, remembered_keys

from aztec_butler.core import secp256k1
from aztec_butler.core.errors import CheckFailed, InputError
from aztec_butler.core.keystores.checks import check_set
from aztec_butler.core.keystores.merging import Assignment, plan_merge
from aztec_butler.core.keystores.public import attesters_of, coinbases_of, publishers_of
from aztec_butler.core.keystores.publishers import (
    is_server,
    publishers_of_addresses,
    publishers_of_keys,
    read_publishers,
)
from aztec_butler.core.keystores.records import Secret
from aztec_butler.core.keystores.resolving import Means, referenced_files
from aztec_butler.core.keystores.schema import read_keystore

ONE, TWO, THREE, FOUR = ADDRESSES
PUBLISHERS = {"server-a": [ETH[10], ETH[11]], "server-b": [ETH[12], ETH[13]]}


@pytest.fixture(scope="module", autouse=True)
def _remembered():
    with remembered_keys():
        yield


def address(key: str) -> str:
    return secp256k1.address_of(int(key, 16))


def named(*keystores, prefix: str, **means):
    """Keystores as files with names of their own."""
    texts = [each if isinstance(each, str) else json.dumps(each, indent=2) for each in keystores]
    readings = [read_keystore(text, f"{prefix}{index}.json") for index, text in enumerate(texts)]
    files = {path: key_files(path) for path in referenced_files(tuple(each.keystore for each in readings))}
    return check_set(readings, Means(key_files=files, **means))


def merge(production, new=(), publishers=None, **options):
    return plan_merge(
        named(*production, prefix="production"),
        named(*new, prefix="new") if new else None,
        read_publishers(json.dumps(PUBLISHERS if publishers is None else publishers)),
        **options,
    )


def new_keys(**more) -> dict:
    return {
        "schemaVersion": 1,
        "validators": [{"attester": {"eth": ETH[2], "bls": BLS[2]}, "coinbase": FOUR, "feeRecipient": FEES}],
        **more,
    }


def told(*arguments, **options) -> str:
    with pytest.raises(CheckFailed) as raised:
        merge(*arguments, **options)
    return str(raised.value)


# --------------------------------------------------------------------------- what comes out


def test_merge__every_server__has_all_attesters_and_its_own_publishers():
    made = merge([cases.keys()], [new_keys()])
    assert [server.server for server in made.servers] == ["server-a", "server-b"]
    assert made.added == (THREE,)
    for server in made.servers:
        examined = examine(made.texts[server.file])
        assert attesters_of(examined.public) == (ONE, TWO, THREE) == server.attesters
        assert set(publishers_of(examined.public)) == set(map(address, PUBLISHERS[server.server]))
        assert coinbases_of(examined.public) == {ONE: COINBASE, TWO: COINBASE, THREE: FOUR}


def test_merge__text__is_productions_but_for_publishers_and_new_keys():
    before = json.dumps(cases.keys(), indent=4) + "\n"
    text = merge([before], [new_keys()]).texts["server-a.json"]
    expected = cases.keys()
    for validator in expected["validators"]:
        validator["publisher"] = PUBLISHERS["server-a"]
    (added,) = new_keys()["validators"]
    expected["validators"].append(added | {"publisher": PUBLISHERS["server-a"]})
    assert json.loads(text) == expected
    start = before.index('"publisher"')
    assert text[:start] == before[:start]
    assert text.endswith("\n    ]\n}\n")


def test_merge__publishers_of_other_servers__are_in_no_text():
    made = merge([cases.keys()], [new_keys(validators=[*new_keys()["validators"]])])
    old = [ETH[4], ETH[5]]
    for name, others in (
        ("server-a.json", PUBLISHERS["server-b"]),
        ("server-b.json", PUBLISHERS["server-a"]),
    ):
        assert [key for key in [*old, *others] if key in made.texts[name]] == []


def test_merge__no_new_keys__gives_publishers_anew():
    made = merge([cases.keys()])
    assert made.added == ()
    assert attesters_of(examine(made.texts["server-b.json"]).public) == (ONE, TWO)


def test_merge__spread__one_publisher_each_in_turn():
    made = merge([cases.keys()], [new_keys()], assignment=Assignment.SPREAD)
    publishers = [each["publisher"] for each in json.loads(made.texts["server-a.json"])["validators"]]
    assert publishers == [[ETH[10]], [ETH[11]], [ETH[10]]]


def test_merge__publishers_at_the_top__go():
    keystore = cases.second()
    del keystore["prover"]
    made = merge([keystore], publishers={"a": [ETH[10]]})
    (text,) = made.texts.values()
    assert "publisher" not in json.loads(text)
    assert all(each["publisher"] == [ETH[10]] for each in json.loads(text)["validators"])


@pytest.mark.parametrize(
    ("accounts", "written"),
    [
        (FOUR, [FOUR]),
        ({"mnemonic": MNEMONIC, "addressCount": 2}, {"mnemonic": MNEMONIC, "addressCount": 2}),
        ([{"address": FOUR, "remoteSignerUrl": SIGNER}], [{"address": FOUR, "remoteSignerUrl": SIGNER}]),
    ],
)
def test_merge__publishers_of_any_form__are_taken(accounts, written):
    keystore = cases.remote() | {"remoteSigner": SIGNER}
    del keystore["fundingAccount"], keystore["validators"][0]["fundingAccount"]
    made = merge([keystore], publishers={"a": accounts})
    (text,) = made.texts.values()
    assert json.loads(text)["validators"][0]["publisher"] == written


def test_merge__encrypted_publishers__their_addresses_are_read():
    publishers = {"a": [{"path": f"{KEY_FILES}/eth.json", "password": PASSWORD}]}
    means = Means(key_files={f"{KEY_FILES}/eth.json": key_files(f"{KEY_FILES}/eth.json")})
    made = merge([cases.keys()], publishers=publishers, means=means)
    assert made.servers[0].publishers == (THREE,)


def test_merge__defaults_of_the_new_file__are_written_into_its_keys():
    production = {
        "schemaVersion": 2,
        "coinbase": COINBASE,
        "feeRecipient": FEES,
        "validators": [{"attester": ETH[0]}],
    }
    new = {
        "schemaVersion": 2,
        "coinbase": FOUR,
        "feeRecipient": cases.OTHER_FEES,
        "remoteSigner": SIGNER,
        "validators": [{"attester": THREE}],
    }
    made = merge([production], [new], publishers={"a": [ETH[10]]})
    (text,) = made.texts.values()
    first, second = json.loads(text)["validators"]
    assert first == {"attester": ETH[0], "publisher": [ETH[10]]}
    assert second == {
        "attester": THREE,
        "publisher": [ETH[10]],
        "coinbase": FOUR,
        "feeRecipient": cases.OTHER_FEES,
        "remoteSigner": SIGNER,
    }


def test_merge__production_of_several_files__keeps_what_the_node_made_of_their_defaults():
    production = cases.SETS["a default of the other file"]
    made = merge(production, publishers={"a": [ETH[10]]})
    (text,) = made.texts.values()
    assert coinbases_of(examine(text).public) == {ONE: COINBASE, TWO: COINBASE}


def test_merge__new_keys_without_a_signer__take_productions():
    new = new_keys(validators=[{"attester": THREE, "feeRecipient": FEES}])
    production = cases.keys() | {"remoteSigner": SIGNER}
    assert merge([production], [new]).added == (THREE,)
    assert "no-remote-signer" in told([cases.keys()], [new])


# --------------------------------------------------------------------------- what is refused


def test_merge__every_reason__at_once():
    production = cases.keys()
    production["validators"][0]["coinbase"] = "0x" + "0" * 40
    production["prover"] = ETH[8]
    new = new_keys(
        validators=[
            {"attester": {"eth": ETH[0], "bls": BLS[9]}, "feeRecipient": FEES},
            {"attester": {"eth": ETH[2], "bls": BLS[1]}, "feeRecipient": FEES},
        ]
    )
    publishers = {"a": [ETH[10], ETH[10]], "b": [ETH[10], ETH[1]], "c": [], "d/": [ETH[14]], "e": ["0x12"]}
    shown = told([production], [new], publishers)
    for fault in (
        "zero-coinbase",
        "shared-prover",
        "duplicate-attester",
        "duplicate-bls",
        "publisher-on-two-servers",
        "duplicate-publisher",
        "publisher-is-attester",
        "server-without-publishers",
        "bad-server",
        "not-an-account",
    ):
        assert f"{fault}: " in shown
    assert [secret for secret in [*ETH, *BLS] if secret in shown] == []


def test_merge__two_versions__are_refused():
    assert "mixed-versions" in told([cases.keys()], [{**cases.SETS["versions 1 and 2"][1]}])


def test_merge__conflicting_defaults_of_production__are_refused():
    assert "conflicting-defaults" in told(cases.SETS["conflicting coinbases"], publishers={"a": [ETH[10]]})


def test_merge__an_unreadable_file__is_refused():
    assert "not-json" in told(["{"])
    assert "empty" in told([cases.keys()], [""])
    with pytest.raises(CheckFailed, match="byte-order-mark"):
        plan_merge(named(cases.keys(), prefix="production"), None, read_publishers("\ufeff{}"))
    with pytest.raises(CheckFailed, match="no-servers"):
        plan_merge(named(cases.keys(), prefix="production"), None, read_publishers("{}"))


def test_merge__missing_publishers_of_production__do_not_matter():
    keystore = cases.keys()
    keystore["validators"][0]["publisher"] = []
    del keystore["validators"][1]["publisher"]
    assert merge([keystore]).servers


def test_merge__accounts_that_every_server_would_have__are_noted():
    keystore = cases.remote() | {"slasher": ETH[7]}
    del keystore["validators"][0]["fundingAccount"]
    findings = merge([keystore]).findings
    assert {finding.path for finding in findings if finding.fault == "shared-account"} == {
        "slasher",
        "fundingAccount",
    }


def test_plan__shows_no_secret():
    shown = repr(merge([cases.keys()], [new_keys()]))
    assert [secret for secret in [*ETH, *BLS] if secret in shown] == []


# --------------------------------------------------------------------------- new publishers


def test_new_publishers__keys__are_read_back_and_shared_out():
    made = publishers_of_keys(["a", "b"], [11, 12, 13, 14])
    assert [(each.server, each.publisher) for each in made.publishers] == [
        ("a", secp256k1.address_of(11)),
        ("a", secp256k1.address_of(12)),
        ("b", secp256k1.address_of(13)),
        ("b", secp256k1.address_of(14)),
    ]
    reading = read_publishers(made.text)
    assert reading.findings == ()
    assert [len(each.accounts) for each in reading.servers] == [2, 2]
    assert f"{11:064x}" not in repr(made)


def test_new_publishers__addresses__with_or_without_a_signer():
    plain = publishers_of_addresses(["a", "b"], [ONE, TWO])
    assert json.loads(plain.text) == {"a": [ONE], "b": [TWO]}
    own = publishers_of_addresses(["a"], [ONE], remote_signer=SIGNER)
    assert json.loads(own.text) == {"a": [{"address": ONE, "remoteSignerUrl": SIGNER}]}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([], [ONE]), "no server is named"),
        ((["a", "a"], [ONE, TWO]), "a server is named twice"),
        ((["../a"], [ONE]), "the name of a server"),
        ((["a", "b"], [ONE]), "shared out evenly"),
        ((["a"], []), "shared out evenly"),
        ((["a", "b"], [ONE, ONE]), "taken already, or named twice"),
    ],
)
def test_new_publishers__what_cannot_be_shared_out__is_refused(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        publishers_of_addresses(*arguments)


def test_new_publishers__one_that_is_taken__is_refused():
    with pytest.raises(InputError, match="taken already"):
        publishers_of_addresses(["a"], [ONE], taken=[ONE])


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\n", ".hidden", "-a", "a" * 101, "\u00e4"])
def test_server_names__that_make_no_file__are_none(name):
    assert not is_server(name)


@pytest.mark.parametrize("name", ["a", "server-1", "eu.west_2", "10.0.0.1"])
def test_server_names__that_people_use__are_fine(name):
    assert is_server(name)


def test_password__for_all__opens_publishers_without_one():
    publishers = {"a": [{"path": f"{KEY_FILES}/eth.json"}]}
    means = Means(
        key_files={f"{KEY_FILES}/eth.json": key_files(f"{KEY_FILES}/eth.json")}, password=Secret(PASSWORD)
    )
    # The address is known; what remains is that the node will find no password.
    assert "no-password" in told([cases.keys()], publishers=publishers, means=means)
