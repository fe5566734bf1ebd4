"""Encrypted key files: those that the node's own code wrote, and those of another implementation."""

from __future__ import annotations

import copy
import json

import eth_keyfile
import pytest
from keystore_cases import BLS, ETH, PASSWORD
from keystore_reading import FILES

from aztec_butler.core.keystores.encryption import KeyFileError, read_bls_key_file, read_eth_key
from aztec_butler.core.keystores.faults import Fault

UNICODE = "pässwörd ﬁ Å"
"""A ligature and the sign of Angstrom, which normalize to other letters."""
UNICODE_BLS = 0x2C8EA4B2E9D96F2F8EA4B2E9D96F2FB2E9D96F2F8EA4B2E9D96F2F8EA4B2E9D9


def recorded(name: str) -> str:
    return (FILES / name).read_text()


@pytest.mark.parametrize(
    ("name", "password", "secret"),
    [
        ("eth.json", PASSWORD, int(ETH[2], 16)),
        ("many/a.json", PASSWORD, int(ETH[4], 16)),
        ("eth-unicode.json", UNICODE, 7),
    ],
)
def test_eth_file__of_the_node__opens(name, password, secret):
    assert read_eth_key(recorded(name)).open(password) == secret


@pytest.mark.parametrize(
    ("name", "password", "secret"),
    [("bls.json", PASSWORD, int(BLS[0], 16)), ("bls-unicode.json", UNICODE, UNICODE_BLS)],
)
def test_bls_file__of_the_node__opens(name, password, secret):
    assert read_bls_key_file(recorded(name)).open(password) == secret


def test_eth_file__address__is_told_without_a_password():
    assert read_eth_key(recorded("eth.json")).address == "0x6813Eb9362372EEF6200f3b1dbC3f819671cBA69"


@pytest.mark.parametrize(("kdf", "rounds"), [("scrypt", 2), ("pbkdf2", 10)])
def test_eth_file__of_another_implementation__opens(kdf, rounds):
    secret = bytes(range(32))
    document = eth_keyfile.create_keyfile_json(secret, PASSWORD.encode(), kdf=kdf, iterations=rounds)
    assert read_eth_key(json.dumps(document)).open(PASSWORD) == int.from_bytes(secret, "big")
    shouted = {name.upper(): part for name, part in document.items()}  # as some wallets write "Crypto"
    assert read_eth_key(json.dumps(shouted)).open(PASSWORD) == int.from_bytes(secret, "big")


@pytest.mark.parametrize(("name", "read"), [("eth.json", read_eth_key), ("bls.json", read_bls_key_file)])
@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " "])
def test_file__another_password__is_told(name, read, password):
    with pytest.raises(KeyFileError) as raised:
        read(recorded(name)).open(password)
    assert raised.value.fault is Fault.WRONG_PASSWORD


def changed(document, place, value):
    result = copy.deepcopy(document)
    *path, last = place.split("/")
    target = result
    for part in path:
        target = target[part]
    target[last] = value
    return result


ETH_FAULTS = {
    "version": 2,
    "crypto": None,
    "crypto/kdf": "argon2",
    "crypto/kdfparams/n": 1000,
    "crypto/kdfparams/r": "8",
    "crypto/kdfparams/p": 0,
    "crypto/kdfparams/dklen": 64,
    "crypto/kdfparams/salt": 7,
    "crypto/cipher": "aes-256-gcm",
    "crypto/cipherparams/iv": "00",
    "crypto/ciphertext": "xx",
    "crypto/mac": None,
    "address": "not an address",
}
BLS_FAULTS = {
    "crypto/kdf/function": "scrypt",
    "crypto/kdf/params/dklen": 16,
    "crypto/kdf/params/c": 0,
    "crypto/kdf/params/prf": None,
    "crypto/kdf/params/salt": "zz",
    "crypto/checksum/function": "md5",
    "crypto/checksum/params": [],
    "crypto/cipher/message": "00",
    "crypto/cipher/params/iv": 1,
    "pubkey": None,
    "path": 0,
    "uuid": None,
    "version": "4",
}


@pytest.mark.parametrize(
    ("name", "read", "place", "value"),
    [("eth.json", read_eth_key, place, value) for place, value in ETH_FAULTS.items()]
    + [("bls.json", read_bls_key_file, place, value) for place, value in BLS_FAULTS.items()],
)
def test_file__of_another_form__is_told_with_its_place(name, read, place, value):
    document = json.loads(recorded(name))
    read(json.dumps(document))
    with pytest.raises(KeyFileError) as raised:
        read(json.dumps(changed(document, place, value)))
    assert raised.value.fault is Fault.KEY_FILE_BROKEN
    assert raised.value.detail


@pytest.mark.parametrize("text", ["", "[]", "{", "7", "null", "[" * 100_000])
@pytest.mark.parametrize("read", [read_eth_key, read_bls_key_file])
def test_text__that_is_no_key_file__is_told(read, text):
    with pytest.raises(KeyFileError) as raised:
        read(text)
    assert raised.value.fault is Fault.KEY_FILE_BROKEN


def test_eth_file__that_would_take_all_memory__is_refused_unopened():
    greedy = changed(json.loads(recorded("eth.json")), "crypto/kdfparams/n", 1 << 40)
    with pytest.raises(KeyFileError) as raised:
        read_eth_key(json.dumps(greedy))
    assert "1 GiB" in raised.value.detail


def test_repr__of_an_encrypted_key__shows_nothing():
    assert "b'" not in repr(read_eth_key(recorded("eth.json")))
    assert "b'" not in repr(read_bls_key_file(recorded("bls.json")))
