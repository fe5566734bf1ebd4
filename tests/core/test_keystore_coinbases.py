"""Coinbases: who wants which, and the smallest change that brings it about."""

from __future__ import annotations

import difflib
import json

import keystore_cases as cases
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keystore_cases import ADDRESSES, COINBASE, ETH, FEES, KEY_FILES, MNEMONIC, PASSWORD
from keystore_reading import examine, remembered_keys

from aztec_butler.core.errors import CheckFailed, InputError
from aztec_butler.core.keystores.coinbase_policy import (
    CoinbasePolicy,
    WantedCoinbase,
    read_overrides,
    wanted_coinbases,
)
from aztec_butler.core.keystores.coinbases import Verdict, plan_coinbases
from aztec_butler.core.keystores.public import attesters_of, coinbases_of

ONE, TWO, THREE, FOUR = ADDRESSES
ZERO = "0x" + "0" * 40


@pytest.fixture(scope="module", autouse=True)
def _remembered():
    with remembered_keys():
        yield


def wanted(coinbases: dict[str, str]) -> dict[str, WantedCoinbase]:
    return {
        attester: WantedCoinbase(coinbase=coinbase, reason="test") for attester, coinbase in coinbases.items()
    }


def plan(coinbases: dict[str, str], *keystores, indent=2):
    texts = [each if isinstance(each, str) else json.dumps(each, indent=indent) for each in keystores]
    return plan_coinbases(examine(*texts), wanted(coinbases))


def after(made, *before: str) -> list[str]:
    """The texts of all files when the plan is done."""
    texts = {f"{index}.json": text for index, text in enumerate(before)}
    return list((texts | {edit.file: edit.after for edit in made.edits}).values())


# --------------------------------------------------------------------------- policies


def test_wallet__everybody_gets_it_but_overrides_win():
    found = wanted_coinbases(
        [ONE, TWO], CoinbasePolicy.WALLET, wallet=FOUR.lower(), overrides={TWO.lower(): THREE}
    )
    assert found == {
        ONE: WantedCoinbase(coinbase=FOUR, reason="wallet"),
        TWO: WantedCoinbase(coinbase=THREE, reason="override"),
    }


def test_split__those_without_a_delegation_are_left_alone():
    found = wanted_coinbases([ONE, TWO], CoinbasePolicy.SPLIT, splits={TWO: FOUR, THREE: FOUR})
    assert found == {TWO: WantedCoinbase(coinbase=FOUR, reason="split of its delegation")}


def test_keep__nothing_but_overrides():
    assert wanted_coinbases([ONE], CoinbasePolicy.KEEP) == {}
    assert set(wanted_coinbases([ONE, TWO], CoinbasePolicy.KEEP, overrides={ONE: FOUR})) == {ONE}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"policy": CoinbasePolicy.WALLET}, "the wallet belongs to the policy wallet"),
        ({"policy": CoinbasePolicy.SPLIT, "wallet": FOUR}, "the wallet belongs to the policy wallet"),
        ({"policy": CoinbasePolicy.WALLET, "wallet": ZERO}, "rewards would go to the zero address"),
        ({"policy": CoinbasePolicy.SPLIT, "splits": {ONE: ZERO}}, "rewards would go to the zero address"),
        ({"policy": CoinbasePolicy.KEEP, "overrides": {ONE: ZERO}}, "rewards would go to the zero address"),
        ({"policy": CoinbasePolicy.KEEP, "overrides": {FOUR: ONE}}, "in none of the keystores"),
        ({"policy": CoinbasePolicy.KEEP, "overrides": {ONE: ETH[3]}}, "an address is 0x and 40 hex digits"),
    ],
)
def test_wanted__what_cannot_be_meant__is_refused(options, sentence):
    with pytest.raises(InputError, match=sentence) as raised:
        wanted_coinbases([ONE, TWO], **options)
    assert ETH[3] not in str(raised.value)


def test_overrides__read__checksummed():
    assert read_overrides(json.dumps({ONE.lower(): FOUR.lower()})) == {ONE: FOUR}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not JSON"),
        ("[]", "not an object"),
        ("[" * 100_000, "not JSON"),
        (f'{{"{ONE}": "{FOUR}", "{ONE.lower()}": "{FOUR}"}}', "stands twice"),
        (f'{{"{ONE}": "{ETH[3]}"}}', "40 hex digits"),
        (f'{{"{ONE}": 7}}', "40 hex digits"),
        (f'{{"{ONE}": "{ZERO}"}}', "zero address"),
        (f'{{"{ONE}": "{COINBASE.replace("b169", "B169")}"}}', "checksum"),
    ],
)
def test_overrides__anything_else__is_refused(text, sentence):
    with pytest.raises(InputError, match=sentence) as raised:
        read_overrides(text)
    assert ETH[3] not in str(raised.value)


# --------------------------------------------------------------------------- plans


def test_plan__a_coinbase_that_is_there__one_line_changes():
    before = json.dumps(cases.keys(), indent=4) + "\n"
    made = plan({ONE: FOUR}, before)
    (text,) = after(made, before)
    changed = [line for line in difflib.ndiff(before.splitlines(), text.splitlines()) if line[0] in "+-"]
    assert changed == [f'-             "coinbase": "{COINBASE}",', f'+             "coinbase": "{FOUR}",']
    assert [change.verdict for change in made.changes] == [Verdict.SET, Verdict.LEFT]


def test_plan__a_coinbase_that_is_not_there__stands_behind_the_publisher():
    keystore = cases.keys()
    del keystore["validators"][0]["coinbase"]
    before = json.dumps(keystore, indent=2)
    (text,) = after(plan({ONE: FOUR}, before), before)
    added = [line for line in difflib.ndiff(before.splitlines(), text.splitlines()) if line[0] in "+-"]
    assert added == [f'+       "coinbase": "{FOUR}",']
    assert list(json.loads(text)["validators"][0]) == ["attester", "publisher", "coinbase", "feeRecipient"]


def test_plan__null_for_a_coinbase__is_replaced():
    keystore = cases.keys()
    keystore["validators"][0]["coinbase"] = None
    before = json.dumps(keystore)
    (text,) = after(plan({ONE: FOUR}, before), before)
    assert text == before.replace('"coinbase": null', f'"coinbase": "{FOUR}"')


def test_plan__attesters_of_one_block__are_parted_only_where_they_must():
    before = json.dumps(cases.remote(), indent=2)
    together = plan({ONE: FOUR, TWO: FOUR}, before)
    (text,) = after(together, before)
    assert len(json.loads(text)["validators"]) == 1
    apart = plan({ONE: FOUR, TWO: THREE}, before)
    (text,) = after(apart, before)
    first, second = json.loads(text)["validators"]
    original = cases.remote()["validators"][0]
    assert first == original | {"attester": original["attester"][:1], "coinbase": FOUR}
    assert second == original | {"attester": original["attester"][1:], "coinbase": THREE}


def test_plan__one_of_a_block_is_left_alone__keeps_its_block_without_a_coinbase():
    before = json.dumps(cases.remote(), indent=2)
    (text,) = after(plan({TWO: THREE}, before), before)
    first, second = json.loads(text)["validators"]
    assert "coinbase" not in first
    assert second["coinbase"] == THREE
    assert text.startswith(before[: before.index('"attester": [')])


def test_plan__a_mnemonic_of_several__becomes_one_for_each():
    before = json.dumps(cases.mnemonic(), indent=2)
    attesters = attesters_of(examine(before).public)
    (text,) = after(plan({attesters[0]: FOUR}, before), before)
    blocks = json.loads(text)["validators"]
    assert [block["attester"] for block in blocks] == [
        {"mnemonic": MNEMONIC, "accountIndex": 1, "addressIndex": 0},
        {"mnemonic": MNEMONIC, "accountIndex": 1, "addressIndex": 1},
    ]
    assert [block.get("coinbase") for block in blocks] == [FOUR, None]


def test_plan__a_default_at_the_top__is_left_and_overruled():
    before = json.dumps(cases.second(), indent=2)
    made = plan({ONE: FOUR, TWO: FOUR, THREE: COINBASE}, before)
    (text,) = after(made, before)
    assert json.loads(text)["coinbase"] == COINBASE
    assert coinbases_of(examine(text).public) == {ONE: FOUR, TWO: FOUR, THREE: COINBASE}
    assert [change.verdict for change in made.changes] == [Verdict.SET, Verdict.SET, Verdict.RIGHT]


def test_plan__of_several_files__touches_those_that_change():
    before = [json.dumps(each, indent=2) for each in cases.SETS["two files"]]
    made = plan({TWO: FOUR}, *before)
    assert [edit.file for edit in made.edits] == ["1.json"]


def test_plan__again__changes_nothing():
    before = json.dumps(cases.remote(), indent=2)
    (text,) = after(plan({ONE: FOUR, TWO: THREE}, before), before)
    again = plan({ONE: FOUR, TWO: THREE}, text)
    assert again.edits == ()
    assert {change.verdict for change in again.changes} == {Verdict.RIGHT}


def test_plan__a_coinbase_of_zero__is_mended_or_refused():
    keystore = cases.keys()
    keystore["validators"][0]["coinbase"] = ZERO
    before = json.dumps(keystore)
    made = plan({ONE: FOUR}, before)
    assert made.changes[0].before == ZERO
    assert json.loads(made.edits[0].after)["validators"][0]["coinbase"] == FOUR
    with pytest.raises(CheckFailed, match="zero-coinbase"):
        plan({TWO: FOUR}, before)


def test_plan__a_broken_keystore__is_refused():
    keystore = cases.keys()
    keystore["validators"][0]["feeRecipient"] = "x"
    with pytest.raises(CheckFailed, match="bad-fee-recipient"):
        plan({ONE: FOUR}, keystore)


def folder_of_keys(path: str, password: str | None = PASSWORD) -> dict:
    attester = {"path": f"{KEY_FILES}/{path}"} | ({} if password is None else {"password": password})
    return {"schemaVersion": 1, "validators": [{"attester": attester, "feeRecipient": FEES}]}


def test_plan__keys_of_one_folder__have_one_coinbase():
    before = json.dumps(folder_of_keys("many"))
    first, second = attesters_of(examine(before).public)
    assert coinbases_of(examine(*after(plan({first: FOUR, second: FOUR}, before), before)).public) == {
        first: FOUR,
        second: FOUR,
    }
    with pytest.raises(InputError, match="name the files one by one"):
        plan({first: FOUR}, before)


@pytest.mark.parametrize("name", cases.KEYSTORES)
def test_diff__of_a_plan__shows_no_secret(name):
    before = json.dumps(cases.KEYSTORES[name](), indent=2)
    attesters = attesters_of(examine(before).public)
    made = plan(dict.fromkeys(attesters, FOUR), before)
    shown = "\n".join(line for edit in made.edits for line in edit.diff())
    secrets = [*ETH[1:], *cases.BLS, MNEMONIC, PASSWORD]
    assert [secret for secret in secrets if secret in shown] == []
    assert bool(shown) == bool(made.edits)
    assert "secret" not in repr(made)
    assert [secret for secret in secrets if secret in repr(made)] == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["keys", "remote", "mnemonic", "second"]), min_size=1, max_size=1),
    st.sampled_from([None, 0, 1, 2, 4, "\t"]),
    st.lists(st.sampled_from([None, *ADDRESSES, COINBASE]), min_size=3, max_size=3),
)
def test_plan__any__reaches_its_aim_and_changes_nothing_else(names, indent, aims):
    before = json.dumps(cases.KEYSTORES[names[0]](), indent=indent)
    checked = examine(before)
    attesters = attesters_of(checked.public)
    targets = {attester: aim for attester, aim in zip(attesters, aims, strict=False) if aim is not None}
    (text,) = after(plan_coinbases(checked, wanted(targets)), before)
    done = examine(text)
    assert coinbases_of(done.public) == coinbases_of(checked.public) | targets
    assert set(attesters_of(done.public)) == set(attesters)
    old, new = json.loads(before), json.loads(text)
    old.pop("validators")
    new.pop("validators")
    assert old == new
