"""``publishers`` at a shell."""

from __future__ import annotations

import json

import pytest

ETHER = 10**18
A = "0x00000000000000000000000000000000000000AA"
B = "0x00000000000000000000000000000000000000bb"


@pytest.mark.devnet
def test_publishers__one_is_critical__exit_5_worst_first(devnet, cli):
    devnet.chain.set_ether_balance(A, 20 * ETHER)
    devnet.chain.set_ether_balance(B, ETHER // 20)
    devnet.chain.mine()
    words = ["publishers", f"{A},{B}", "--network", "devnet", "--l1", devnet.url, "--window", "24s"]
    ran = cli(*words)
    assert ran.code == 5
    assert ran.out.splitlines()[1].startswith(B)
    assert "0.050000" in ran.out
    assert "1 of 2 publishers are critical" in ran.err
    document = json.loads(cli(*words, "--format", "json").out)
    first, second = document["rows"]
    assert (first["address"], first["outcome"], first["balance_wei"]) == (B, "fail", str(ETHER // 20))
    assert (second["address"], second["outcome"]) == (A, "ok")
    assert document["is_pruned"] is False
    assert cli(*words, "--critical", "0.01", "--low", "0.02").code == 0


@pytest.mark.devnet
def test_publishers__of_a_keystore__found_without_opening_a_key(devnet, cli, tmp_path):
    document = {
        "schemaVersion": 1,
        "validators": [
            {
                "attester": "0x" + "11" * 20,
                "publisher": [A, B],
                "coinbase": "0x" + "22" * 20,
                "feeRecipient": "0x" + "03" * 32,
                "remoteSigner": "http://127.0.0.1:9000",
            }
        ],
    }
    (tmp_path / "keystore.json").write_text(json.dumps(document))
    (tmp_path / "keystore.json").chmod(0o600)
    ran = cli(
        "publishers", "--keystores", str(tmp_path / "keystore.json"), "--network", "devnet", "--l1", devnet.url,
        "--format", "json",
    )  # fmt: skip
    assert {row["address"] for row in json.loads(ran.out)["rows"]} == {A, B}


def test_publishers__nobody_named__exit_2(cli):
    ran = cli("publishers", "--l1", "http://127.0.0.1:1")
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("words", [["--critical", "1", "--low", "0.5"], ["--target", "1h"]], ids=str)
def test_publishers__limits_that_contradict__exit_2(cli, words):
    ran = cli("publishers", A, "--l1", "http://127.0.0.1:1", *words)
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("command", [["publishers"], ["claims", "evaluate", "--price", "0.00001"]], ids=str)
def test_keystores_that_cannot_be_read__are_refused_before_anybody_is_asked(cli, tmp_path, command):
    good = tmp_path / "good.json"
    validator = {"attester": A, "publisher": B, "coinbase": B, "feeRecipient": "0x" + "00" * 32}
    document = {"schemaVersion": 1, "validators": [validator | {"remoteSigner": "https://signer.example"}]}
    good.write_text(json.dumps(document))
    good.chmod(0o600)
    broken = tmp_path / "broken.json"
    broken.write_text(good.read_text()[:-20])
    for paths in (f"{good},{tmp_path / 'none.json'}", f"{good},{broken}"):
        ran = cli(*command, "--keystores", paths, "--l1", "http://127.0.0.1:1")
        assert (ran.code, ran.out) == (5, "")
        assert "the keystore has" in ran.err
