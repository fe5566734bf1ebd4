"""The commands that ask nobody."""

from __future__ import annotations

import json

import pytest

CALLDATA = "0x30ccebb5" + f"{0xAA:064x}"
SLASHED = "0x4ed05e9673c26d2ed44f7ef6a7f2942df0ee3b5e1e17db4b99f9dcd261a339cd"


def test_config_show__value_and_source_of_each(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("AZTEC_BUTLER_L1", "https://node.example/v3/0123456789")
    ran = cli("config", "show", "--timeout-seconds", "5", "--format", "json")
    rows = {row["setting"]: row for row in json.loads(ran.out)["rows"]}
    assert rows["l1"] == {"setting": "l1", "value": "https://node.example/...", "source": "AZTEC_BUTLER_L1"}
    assert rows["timeout_seconds"]["source"] == "--timeout-seconds"
    assert rows["registry"]["source"] == "preset mainnet"
    assert (ran.code, ran.err) == (0, "")


def test_config_show__mistakes__all_told(cli, monkeypatch):
    monkeypatch.setenv("AZTEC_BUTLER_TIMEOUT", "5")
    ran = cli("config", "show", "--network", "main", "--first-block", "x")
    assert ran.code == 2
    assert "AZTEC_BUTLER_TIMEOUT: " in ran.err
    assert "--network: " in ran.err
    assert "--first-block: " in ran.err


@pytest.mark.parametrize("tell", ["running", "none"])
def test_config_show__devnet_of_another_terminal__is_found(cli, monkeypatch, tell):
    from aztec_butler.core.errors import NotFoundError
    from aztec_butler.devnet import session

    class Running:
        url, first_block = "http://127.0.0.1:7", 0
        registry = staking_registry = "0x00000000000000000000000000000000000000AA"

    def read():
        if tell == "none":
            raise NotFoundError("no devnet runs")
        return Running

    monkeypatch.setattr(session, "read_session", read)
    rows = json.loads(cli("config", "show", "--network", "devnet", "--format", "json").out)["rows"]
    (l1,) = (row for row in rows if row["setting"] == "l1")
    assert l1["source"] == ("running devnet" if tell == "running" else "preset devnet")


def test_decode__calldata__for_eyes_and_machines(cli):
    ran = cli("decode", CALLDATA)
    assert (ran.code, ran.err) == (0, "")
    first, second = ran.out.splitlines()
    assert first == "call getStatus(address) of rollup"
    assert second.endswith("0x00000000000000000000000000000000000000AA")
    document = json.loads(cli("decode", CALLDATA, "--format", "json").out)
    assert (document["kind"], document["signature"], document["contracts"]) == (
        "call",
        "getStatus(address)",
        ["rollup"],
    )
    assert document["rows"][0]["value"] == "0x00000000000000000000000000000000000000AA"


def test_decode__log__values(cli):
    topic = "0x" + f"{0xAA:064x}"
    document = json.loads(
        cli("decode", SLASHED, "--topics", topic, "--data", "0x" + f"{10**21:064x}", "--format=json").out
    )
    assert [row["value"] for row in document["rows"]] == [
        "0x00000000000000000000000000000000000000AA",
        "1" + "0" * 21,
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["0xdeadbeef"], 4),
        (["0x30ccebb5"], 4),
        (["30ccebb5"], 2),
        (["0x3"], 2),
        ([], 2),
        ([CALLDATA, "--topics", "0x00"], 2),
    ],
    ids=["unknown", "does not fit", "no prefix", "odd", "nothing", "short topic"],
)
def test_decode__what_cannot_be_read__is_an_error(cli, words, code):
    ran = cli("decode", *words)
    assert (ran.code, ran.out) == (code, "")
