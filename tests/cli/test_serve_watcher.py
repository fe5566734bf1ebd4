"""``serve --watcher`` as a shell sees it, as far as no node is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

KEY = "0123456789abcdef" * 4
DEAD = ("--network", "devnet", "--l1", "http://127.0.0.1:1", "--provider-ids", "1")
SCRIPT = Path(__file__).parents[2] / "scripts" / "watcher.py"


@pytest.fixture(autouse=True)
def _state_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("AZTEC_BUTLER_STATE_DIR", str(tmp_path / "state"))


def serve(cli, *words):
    return cli("serve", "--watcher", *words)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("serve", "--watcher", "--prometheus"), "one process serves one thing"),
        (("serve", "--prometheus", "--mode", "auto"), "--mode"),
        (("serve", "--watcher", "--textfile", "x.prom"), "--textfile"),
        (("serve", "--prometheus", "--replay", "1-2"), "--replay"),
        (("serve", "--watcher", "--once", "--replay", "1-2"), "--once, --replay"),
        (("serve", "--watcher", "--replay", "2"), "expected two blocks"),
        (("serve", "--watcher", "--replay", "a-b"), "expected two blocks"),
    ],
)
def test_serve__options_that_do_not_belong_together__are_named(cli, words, named):
    ran = cli(*words, *(DEAD if "--replay" in words else ()))
    assert (ran.code, ran.out) == (2, "")
    assert named in ran.err


def test_serve__wrong_settings__are_told_all_at_once(cli):
    words = ("--mode", "perhaps", "--coinbase", "there", "--network", "mainet", "--confirmations", "-1")
    ran = serve(cli, *words)
    assert (ran.code, ran.out) == (2, "")
    for part in ("4 settings are wrong", "--mode", "--coinbase", "did you mean mainnet?", "--confirmations"):
        assert part in ran.err


@pytest.mark.parametrize(
    ("words", "variables", "named"),
    [
        (["--safe", f"0x{KEY}"], {}, "--safe"),
        ([], {"AZTEC_BUTLER_WATCHER_SAFE_PROPOSER_KEY": KEY}, "AZTEC_BUTLER_WATCHER_SAFE_PROPOSER_KEY"),
    ],
)
@pytest.mark.parametrize("once", [[], ["--once"]])
def test_serve__with_a_private_key__does_not_start(cli, monkeypatch, words, variables, named, once):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = serve(cli, *words, *once, *DEAD)
    assert (ran.code, ran.out) == (2, "")
    assert named in ran.err
    assert KEY not in ran.err


@pytest.mark.loopback
def test_once__node_is_dead__exit_3_and_no_journal(cli, tmp_path):
    ran = serve(cli, *DEAD, "--once")
    assert (ran.code, ran.out) == (3, "")
    assert not (tmp_path / "state" / "journal.sqlite3").exists()


@pytest.mark.loopback
def test_replay__node_is_dead__exit_3_and_no_trace(cli, tmp_path):
    ran = serve(cli, *DEAD, "--replay", "1-2")
    assert (ran.code, ran.out) == (3, "")
    assert not (tmp_path / "state").exists()


def test_script__is_the_command_under_another_name():
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "--once", "--mode", "perhaps"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 2
    assert "--mode" in ran.stderr
    assert len(SCRIPT.read_text().splitlines()) < 60


def test_help__names_what_the_exit_codes_mean(cli):
    told = serve(cli, "--help").out
    for part in ("--mode", "--once", "--replay", "actions list", "another instance holds the lock"):
        assert part in told
    assert json.dumps(told)
