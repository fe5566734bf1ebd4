"""The commands that read stake, each once, against rows built by hand."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from aztec_butler.cli.columns import columns_of
from aztec_butler.core import rows
from aztec_butler.core.time_steps import parse_window

KEY = "0123456789abcdef0123456789abcdef"
COMMANDS = {
    "attesters": rows.Attester,
    "entry-queue": rows.QueueEntry,
    "providers": rows.Provider,
    "delegations": rows.Delegation,
    "exits": rows.Exit,
    "slashings": rows.Slashing,
}
LEADING_ZEROS = "0x00000000000000000000000000000000000000aa"
CHECKSUMMED = "0x00000000000000000000000000000000000000AA"
OTHER = "0xa27ec0006e59f245217ff08cd52a7e8b169e62d2"
OTHER_CHECKSUMMED = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"


@pytest.mark.parametrize(("command", "row_type"), COMMANDS.items(), ids=list(COMMANDS))
def test_command__asks_its_question_and_shows_all_of_it(cli, network, command, row_type):
    ran = cli(command, "--format", "json")
    assert (ran.code, network.asked) == (0, [(command.replace("-", "_"),)])
    document = json.loads(ran.out)
    assert list(document["rows"][0]) == sorted(column.name for column in columns_of(row_type))
    assert document["block"] == {
        "number": 24_000_000,
        "hash": "0x" + "ab" * 32,
        "timestamp": "2023-11-14T22:13:20Z",
        "is_finalized": True,
    }
    assert (document["network"], document["chain_id"]) == ("mainnet", 1)


@pytest.mark.parametrize("command", COMMANDS)
def test_command__essential_columns_exist(cli, network, command, monkeypatch):
    wanted = []
    monkeypatch.setattr("aztec_butler.cli.rendering.show", lambda answer, _: wanted.append(answer))
    assert cli(command).code == 0
    (answer,) = wanted
    assert set(answer.essential) <= {column.name for column in columns_of(answer.row_type)}


def test_command__caption_tells_the_block_on_stderr(cli, network):
    ran = cli("attesters")
    assert ran.err == "1 row · mainnet (chain 1) · block 24000000, 2023-11-14 22:13:20Z, finalized\n"
    assert cli("attesters", "--quiet").err == ""


def test_command__settings_reach_connect(cli, network, tmp_path):
    config = tmp_path / "x.toml"
    config.write_text("requests_per_second = 5")
    cli(
        "exits",
        "--network",
        "testnet",
        "--l1",
        "http://a,http://b",
        "--config",
        str(config),
        "--block",
        "0x10",
    )
    (given,) = network.connected
    assert given["network"] == "testnet"
    assert given["l1"] == ("http://a", "http://b")
    assert given["requests_per_second"] == 5.0
    assert given["block"] == 16
    assert given["registry"] == "0xA0BFb1B494FB49041e5c6e8c2C1BE09cD171c6Ba"


@pytest.mark.parametrize(
    ("word", "block"), [("latest", "latest"), ("finalized", "finalized"), ("17", 17), ("0x11", 17)]
)
def test_block__word_or_number__is_passed_on(cli, network, word, block):
    cli("attesters", f"--block={word}")
    assert network.connected[0]["block"] == block


@pytest.mark.parametrize(
    ("words", "window", "step"),
    [
        ([], "7d", None),
        (["--window", "30d", "--step", "1d"], "30d", timedelta(days=1)),
        (["--step=1h 30m", "--window=all"], "all", timedelta(hours=1.5)),
        (["--window", "100..0x80"], (100, 128), None),
    ],
    ids=["default", "both", "all", "blocks"],
)
def test_history__window_and_step__are_passed_on(cli, network, words, window, step):
    ran = cli("history", *words, "--format", "json")
    assert ran.code == 0
    ((method, asked_window, asked_step),) = network.asked
    assert (method, parse_window(asked_window), asked_step) == ("history_steps", parse_window(window), step)
    document = json.loads(ran.out)
    assert list(document["rows"][0]) == sorted(column.name for column in columns_of(rows.HistoryStep))


def test_history__essential_columns_exist(cli, network, monkeypatch):
    wanted = []
    monkeypatch.setattr("aztec_butler.cli.rendering.show", lambda answer, _: wanted.append(answer))
    assert cli("history").code == 0
    assert set(wanted[0].essential) <= {column.name for column in columns_of(rows.HistoryStep)}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--window", "soon"], "block or a time"),
        (["--window", "1d..2d"], "counted from the other"),
        (["--step", "0s"], "whole seconds"),
        (["--step", "often"], "duration"),
        (["--windows", "7d"], "--window"),
    ],
)
def test_history__no_window_or_step__nothing_is_connected(cli, network, words, part):
    ran = cli("history", *words)
    assert (ran.code, ran.out, network.connected) == (2, "", [])
    assert part in ran.err


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([LEADING_ZEROS], [CHECKSUMMED]),
        ([f"{LEADING_ZEROS},{OTHER}"], [CHECKSUMMED, OTHER_CHECKSUMMED]),
        ([LEADING_ZEROS, OTHER], [CHECKSUMMED, OTHER_CHECKSUMMED]),
        (
            ["--quiet", LEADING_ZEROS, "--format", "csv", f"{OTHER}, {LEADING_ZEROS}"],
            [CHECKSUMMED, OTHER_CHECKSUMMED, CHECKSUMMED],
        ),
    ],
    ids=["one", "comma", "space", "between options"],
)
def test_lifecycle__addresses_survive(cli, network, words, asked):
    assert cli("lifecycle", *words).code == 0
    assert network.asked == [("lifecycle", asked)]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["0x00"], "40 hex digits"),
        (["170"], "begins with 0x"),
        ([OTHER_CHECKSUMMED.replace("A27E", "a27E")], "checksum"),
        ([LEADING_ZEROS, "None"], "begins with 0x"),
        ([], "no address"),
        ([","], "no address"),
    ],
)
def test_lifecycle__bad_address__nothing_is_connected(cli, network, words, part):
    ran = cli("lifecycle", *words)
    assert (ran.code, ran.out, network.connected) == (2, "", [])
    assert part in ran.err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--block", "1e3"], "expected a block"),
        (["--format", "xml"], "json"),
        (["--format", "parquet"], "--output"),
        (["--first-block", "1e3"], "whole number"),
        (["--network", "mainet"], "mainnet"),
        (["--registry", "0x00"], "40 hex digits"),
        (["--netwrk", "mainnet"], "--network"),
        (["--formt=json"], "--format"),
        (["-f", "json"], "no such option"),
        (["extra"], "extra"),
        (["--quiet=maybe"], "true or false"),
        (["--l1"], "no value"),
        (["--l1", "--quiet"], "no value"),
        (["--block", "1", "--block", "2"], "twice"),
        (["-"], "lone -"),
        (["--config", "/nowhere/at/all.toml"], "cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_command__mistake__exit_2_and_nothing_is_connected(cli, network, words, part):
    ran = cli("attesters", *words)
    assert (ran.code, ran.out, network.connected) == (2, "", [])
    assert part in ran.err


def test_command__without_an_endpoint__says_how_to_name_one(cli, monkeypatch):
    ran = cli("attesters")
    assert ran.code == 2
    assert "--l1" in ran.err
    assert "AZTEC_BUTLER_L1" in ran.err


def test_command__secrets_of_the_url__are_in_no_output(cli, network):
    for words in (
        ["attesters"],
        ["attesters", "--format", "json"],
        ["config", "show"],
        ["config", "show", "--format", "json"],
        ["attesters", f"--l2=htp://{KEY}"],
        ["attesters", f"--l3=https://node/{KEY}"],
        ["attesters", f"--l1=https://a/{KEY}", f"--l1=https://b/{KEY}"],
        [f"--l1=https://node/{KEY}", "attesters"],
    ):
        ran = cli(*words)
        assert KEY not in ran.out + ran.err, words
