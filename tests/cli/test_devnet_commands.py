"""The chain of one's own, as a shell starts and ends it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

import pytest

pytestmark = pytest.mark.devnet


def butler(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "aztec_butler", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(*words: str) -> tuple[int, str, str]:
    with butler(*words) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_demo__prints_every_table_and_the_way_to_mainnet(cli):
    ran = cli("demo", "--quiet")
    assert ran.code == 0
    for title in ("Attesters by state", "Entry queue", "Providers", "Exits", "Slashings"):
        assert re.search(rf"^{title}", ran.out, re.MULTILINE), title
    for state in (
        "never-registered",
        "provider-queued",
        "entry-queued",
        "validating",
        "zombie",
        "exiting",
        "exited",
    ):
        (count,) = re.findall(rf"^{state} +(\d+) ", ran.out, re.MULTILINE)
        assert int(count) > 0, state
    assert "fails_because" in ran.out
    assert "--l1 https://your-ethereum-node" in ran.out


def test_devnet__up_season_and_interrupt__found_while_it_runs_and_gone_afterwards():
    with butler("devnet", "up", "--port", "0") as devnet:
        try:
            lines = [devnet.stdout.readline() for _ in range(8)]
            (url,) = re.findall(r"listens on (http://127\.0\.0\.1:\d+)", "".join(lines))
            played = output("devnet", "season")
            code, table, _ = output("providers", "--network", "devnet", "--format", "csv")
        finally:
            devnet.send_signal(signal.SIGINT)
            rest, err = devnet.communicate(timeout=30)
    assert played[0] == 0
    assert url in played[1]
    assert (code, table.count("\n")) == (0, 6)
    assert (devnet.returncode, err) == (0, "")
    assert "gone" in rest
    code, _, err = output("devnet", "season")
    assert code == 4
    assert "no devnet runs" in err
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
