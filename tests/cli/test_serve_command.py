"""``serve`` as a shell sees it, as far as nothing has to run for long."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest

KEY = "0123456789abcdef" * 4
DEAD = ("--network", "devnet", "--l1", "http://127.0.0.1:1", "--collectors", "rollup,publishers")


def serve(cli, *words):
    return cli("serve", "--prometheus", *words)


def test_serve__what__has_to_be_said(cli):
    ran = cli("serve")
    assert ran.code == 2
    assert "--prometheus" in ran.err


@pytest.mark.parametrize("words", [["--textfile", "x.prom"], ["--push", "http://127.0.0.1:1"]])
def test_serve__what_is_for_a_single_run__without_one(cli, words):
    ran = serve(cli, *words)
    assert ran.code == 2
    assert f"--once {words[0]}" in ran.err


def test_serve__wrong_settings__are_told_all_at_once(cli, tmp_path):
    ran = serve(cli, "--listen", "here", "--network", "mainet", "--token-file", str(tmp_path / "no"))
    assert (ran.code, ran.out) == (2, "")
    for part in ("3 settings are wrong", "--listen", "did you mean mainnet?", "--token-file"):
        assert part in ran.err


@pytest.mark.parametrize(
    ("words", "variables", "named"),
    [
        (["--attesters", f"0x{KEY}"], {}, "--attesters"),
        (["--l1", KEY], {}, "--l1"),
        ([], {"AZTEC_BUTLER_PRIVATE_KEY": "x"}, "AZTEC_BUTLER_PRIVATE_KEY"),
        ([], {"AZTEC_BUTLER_EXPORTER_SAFE_KEY": KEY}, "AZTEC_BUTLER_EXPORTER_SAFE_KEY"),
    ],
)
@pytest.mark.parametrize("once", [[], ["--once"]])
def test_serve__with_a_private_key__does_not_start(cli, monkeypatch, words, variables, named, once):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = serve(cli, *words, *once)
    assert (ran.code, ran.out) == (2, "")
    assert "private key" in ran.err
    assert named in ran.err
    assert KEY not in ran.err


@pytest.mark.loopback
def test_serve__port_taken__ends_before_it_began_and_gives_signals_back(cli):
    handlers = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = serve(cli, *DEAD, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert ran.code == 2
    assert "cannot listen" in ran.err
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == handlers


@pytest.mark.loopback
def test_once__node_is_dead__exit_3_and_what_there_is(cli, tmp_path):
    path = tmp_path / "aztec_butler.prom"
    ran = serve(cli, *DEAD, "--once", "--textfile", str(path))
    assert (ran.code, ran.out) == (3, "")
    told, *rest = ran.err.splitlines()
    assert json.loads(told)["event"] == "a collection failed"
    assert rest[0] == "aztec-butler: a collector failed"
    assert 'scrape_success{network="devnet",collector="rollup"} 0' in path.read_text()


@pytest.mark.loopback
def test_once__all_well__is_quiet_but_for_the_metrics(cli):
    ran = serve(cli, *DEAD, "--without", "rollup", "--once")
    assert (ran.code, ran.err) == (0, "")
    assert 'scrape_success{network="devnet",collector="publishers"} 1' in ran.out


def test_textfile__that_node_exporter_would_not_read__is_refused(cli):
    ran = serve(cli, *DEAD, "--once", "--textfile", "metrics.txt")
    assert ran.code == 2
    assert ".prom" in ran.err


def test_process__requests_that_hang__are_not_waited_for():
    program = """
import time
from concurrent.futures import ThreadPoolExecutor
from aztec_butler.__main__ import run
ThreadPoolExecutor(1).submit(time.sleep, 50)
run(["decode", "0x"])
"""
    # Python itself waits for such threads at its end.
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=40, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("aztec-butler: ")
