from __future__ import annotations

import random

import pytest

from aztec_butler.serving.key_shapes import find_keys

HEX = random.Random(5).randbytes(32).hex()
# The test vectors of BIP 39.
TWELVE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
FIFTEEN = f"{TWELVE} ozone drill grab"
TWENTY_FOUR = f"{TWELVE} {TWELVE}"
ADDRESS = "0x" + "ab" * 20
XPRV = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"


@pytest.mark.parametrize(
    "value",
    [
        HEX,
        "0x" + HEX,
        "0X" + HEX.upper(),
        f" {ADDRESS}, 0x{HEX} ",
        f'{{"key": "{HEX}"}}',
        f"mainnet={HEX}",
        [ADDRESS, "0x" + HEX],
        {"a": {"b": [HEX]}},
        {HEX: 1},
        int(HEX, 16) | 1 << 255,
        TWELVE,
        TWENTY_FOUR,
        TWELVE.split(),
        f"  {FIFTEEN}\n",
        XPRV,
        "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----",
    ],
    ids=lambda value: type(value).__name__,
)
def test_key__wherever_it_stands__is_found_and_not_told(value):
    found = list(find_keys("attesters", value))
    assert found
    assert all(HEX not in name + why and HEX.upper() not in name + why for name, why in found)


@pytest.mark.parametrize(
    "name",
    [
        "private_key",
        "eth_private_key",
        "PRIVATE-KEY",
        "safe_key",
        "safe_proposer_key",
        "watcher.safe_private_key",
        "mnemonic",
        "seed_phrase",
        "exporter.signing_key",
        "publisher_private_keys",
        "privatekey",
    ],
)
def test_name_of_a_key__is_enough(name):
    assert list(find_keys(name, "x"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("l1", f"https://rpc.example/eth/{HEX}"),
        ("l1", [f"https://user:{HEX}@rpc.example/?key={HEX}", "http://127.0.0.1:8545"]),
        ("l2_admin_key_file", "/run/credentials/key"),
        ("certificate_key", "/etc/ssl/private/key.pem"),
        ("safe_key_file", "/etc/aztec-butler/safe"),
        ("attesters", [ADDRESS] * 30),
        ("first_block", 23_786_827),
        ("keystores", f"/var/lib/docker/volumes/{HEX}/_data"),
        ("coinbases", {ADDRESS: ADDRESS}),
        ("max_series", True),
        ("collectors", "rollup,node,hosts"),
        ("push_instance", "a machine in the cellar"),
    ],
)
def test_what_settings_hold__is_no_key(name, value):
    assert list(find_keys(name, value)) == []


def test_every_key__is_found():
    keys = random.Random(6)
    for _ in range(200):
        assert list(find_keys("registry", "0x" + keys.randbytes(32).hex()))
