"""What no command writes over, whichever it is."""

from __future__ import annotations

import json

import keystore_cases as cases
import pytest

KEYS = "0x" + "11" * 32


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "keystore"
    folder.mkdir()
    for name in ("a.json", "b.json"):
        path = folder / name
        path.write_text(json.dumps({"schemaVersion": 1, "validators": []}))
        path.chmod(0o600)
    return folder


@pytest.mark.parametrize(
    "words",
    [
        "keystore public {a} --output {a}",
        "keystore public {folder} --output {a}",
        "keystore public {folder} --output {folder}/new.json",
        "keystore public {a} --output {folder}/../keystore/a.json",
        "keystore public {a} --output {link}",
        "keystore public {a} --output {b}",
        "keystore check {a} --output {a}",
        "keystore check {a} --output {b} --format json",
        "coinbase check {a} --provider-id 7 --output {a}",
        "keys register --secret-file {secret} --output {secret}",
        "keys verify {secret} --output {secret}",
        "safe batch {secret} --safe {address} --file {secret}",
        "attesters --network mainnet --output {b}",
    ],
)
def test_output__over_an_input_or_a_keystore__is_refused_and_nothing_is_touched(cli, folder, tmp_path, words):
    secret, link = tmp_path / "secret.txt", tmp_path / "link"
    secret.write_text(KEYS)
    secret.chmod(0o600)
    link.symlink_to(folder / "a.json")
    names = {"a": folder / "a.json", "b": folder / "b.json", "folder": folder, "secret": secret, "link": link}
    before = {path: path.read_bytes() for path in (*folder.iterdir(), secret)}
    ran = cli(*words.format(**names, address=cases.ADDRESSES[0]).split())
    assert ran.code == 2
    assert "the output would" in ran.err
    assert {path: path.read_bytes() for path in (*folder.iterdir(), secret)} == before


def test_output__a_device_that_is_read_too__is_no_file_to_lose(cli):
    ran = cli("keys", "verify", "/dev/null", "--output", "/dev/null")
    assert "the output would" not in ran.err
