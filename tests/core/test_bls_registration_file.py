"""Registrations as JSON: the node's own output, and every way not to be it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core import bls, secp256k1
from aztec_butler.core.bls import (
    AttesterRegistration,
    Registration,
    parse_registrations,
    render_registrations,
)
from aztec_butler.core.errors import InputError

# Printed by the node's own command line; the file tells how.
NODE = json.loads((Path(__file__).parent / "node_validator_keys.json").read_text())
NUMBERS = st.integers(0, 2**256 - 1)
ENTRIES = st.builds(
    AttesterRegistration,
    attester=st.sampled_from([None, "0x00000000000000000000000000000000000000AA"]),
    registration=st.builds(
        Registration,
        public_key_g1=st.tuples(NUMBERS, NUMBERS),
        public_key_g2=st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS),
        proof_of_possession=st.tuples(NUMBERS, NUMBERS),
    ),
)


def parse(document):
    return parse_registrations(json.dumps(document).encode())


def test_registrations__keys_of_the_node__equal_what_the_node_hands_out():
    accounts = [validator["attester"] for validator in NODE["keystore"]["validators"]]
    entries = parse(NODE["staker"])
    assert len(entries) == len(accounts) == 3
    made = bls.registrations([bls.SecretKey.parse(account["bls"]) for account in accounts])
    assert [entry.registration for entry in entries] == list(made)
    assert [entry.attester for entry in entries] == [
        secp256k1.address_of(int(account["eth"], 16)) for account in accounts
    ]
    assert [bls.find_fault(entry.registration) for entry in entries] == [None] * 3


def test_render__what_the_node_hands_out__has_the_same_form():
    entries = parse(NODE["staker"])
    shown = json.loads(render_registrations(entries))
    assert [list(entry) for entry in shown] == [list(entry) for entry in NODE["staker"]]
    for ours, theirs in zip(shown, NODE["staker"], strict=True):
        for point in ("publicKeyG1", "publicKeyG2", "proofOfPossession"):
            assert list(ours[point]) == list(theirs[point])
            # The node leaves leading zeros out of some.
            assert [int(text, 16) for text in ours[point].values()] == [
                int(text, 16) for text in theirs[point].values()
            ]


@given(st.lists(ENTRIES, min_size=1, max_size=3))
def test_parse__what_was_rendered__is_the_same_again(entries):
    assert parse_registrations(render_registrations(entries).encode()) == tuple(entries)


def test_parse__names_of_the_contracts__decimal_numbers_and_a_single_one():
    (entry,) = parse(
        {
            "publicKeyInG1": {"x": "1", "y": "2"},
            "publicKeyInG2": {"x0": "0x3", "x1": "0X0A", "y0": "5", "y1": "6"},
            "proofOfPossession": {"x": "7", "y": "8"},
            "somethingElse": [],
        }
    )
    assert entry == AttesterRegistration(
        attester=None,
        registration=Registration(
            public_key_g1=(1, 2), public_key_g2=(3, 10, 5, 6), proof_of_possession=(7, 8)
        ),
    )


def changed(path, value):
    document = copy.deepcopy(NODE["staker"])
    spot = document
    *way, last = path
    for step in way:
        spot = spot[step]
    if value is None:
        del spot[last]
    else:
        spot[last] = value
    return document


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (changed([1], "text"), "[1]"),
        (changed([1, "attester"], "0x12"), "[1].attester"),
        (changed([1, "attester"], "0x" + "0" * 40), "[1].attester"),
        (
            changed([1, "attester"], NODE["staker"][1]["attester"].swapcase().replace("0X", "0x")),
            "[1].attester",
        ),
        (changed([2, "publicKeyG1"], None), "[2]"),
        (changed([2, "publicKeyInG1"], {"x": "1", "y": "2"}), "[2]"),
        (changed([2, "publicKeyG1"], ["1", "2"]), "[2].publicKeyG1"),
        (changed([2, "publicKeyG2", "x1"], None), "[2].publicKeyG2"),
        (changed([2, "publicKeyG2", "z"], "1"), "[2].publicKeyG2"),
        (changed([0, "proofOfPossession", "y"], 12), "[0].proofOfPossession.y"),
        (changed([0, "proofOfPossession", "y"], "0x"), "[0].proofOfPossession.y"),
        (changed([0, "proofOfPossession", "y"], "-1"), "[0].proofOfPossession.y"),
        (changed([0, "proofOfPossession", "y"], "0x-1"), "[0].proofOfPossession.y"),
        (changed([0, "proofOfPossession", "y"], "1_0"), "[0].proofOfPossession.y"),
        (changed([0, "proofOfPossession", "y"], "٣"), "[0].proofOfPossession.y"),
        (changed([0, "proofOfPossession", "y"], hex(2**256)), "[0].proofOfPossession.y"),
        (changed([0, "proofOfPossession", "y"], "9" * 5000), "[0].proofOfPossession.y"),
    ],
)
def test_parse__something_amiss__names_the_place(document, path):
    with pytest.raises(InputError) as caught:
        parse(document)
    assert caught.value.facts["path"] == path


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 3_000,
        b"7" * 5000,
        b'"text"',
        b"null",
        b"[NaN]",
    ],
)
def test_parse__no_list_of_registrations__is_refused(content):
    with pytest.raises(InputError):
        parse_registrations(content)


def test_parse__a_name_that_stands_twice__is_refused():
    text = json.dumps(NODE["staker"])
    assert parse_registrations(text.encode())
    with pytest.raises(InputError) as caught:
        parse_registrations(text.replace('"x0": ', '"x0": "1", "x0": ', 1).encode())
    assert caught.value.facts == {"name": "x0"}


def test_parse__a_file_with_something_else__is_not_quoted():
    secret = "0x" + "5ec2e7" * 10
    for content in (secret, f'{{"bls": {secret}}}', f'["{secret}"]', f'{{"attester": "{secret}"}}'):
        with pytest.raises(InputError) as caught:
            parse_registrations(content.encode())
        assert "5ec2e7" not in str(caught.value)
