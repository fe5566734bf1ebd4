"""``hosts check`` at a shell."""

from __future__ import annotations

import json
import socket

import pytest


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.loopback
def test_check__one_of_two_hosts_down__exit_5_and_a_verdict_each(cli, tmp_path, listener):
    up = f'[[hosts]]\nname = "up"\naddress = "127.0.0.1"\np2p_port = {listener}\n'
    down = '[[hosts]]\nname = "down"\naddress = "127.0.0.1"\np2p_port = 1\n'
    (tmp_path / "hosts.toml").write_text(up + down)
    ran = cli("hosts", "check", str(tmp_path / "hosts.toml"))
    assert ran.code == 5
    lines = ran.out.splitlines()
    assert "up: ok" in lines
    assert "down: fail" in lines
    assert "1 of 2 hosts failed" in ran.err
    quiet = cli("hosts", "check", str(tmp_path / "hosts.toml"), "--quiet")
    assert "up: ok" not in quiet.out
    machine = json.loads(cli("hosts", "check", str(tmp_path / "hosts.toml"), "--format", "json").out)
    assert [(row["subject"], row["outcome"]) for row in machine["rows"]] == [("up", "ok"), ("down", "fail")]


@pytest.mark.loopback
def test_check__all_up__exit_0(cli, tmp_path, listener):
    document = {"hosts": [{"name": "up", "address": "127.0.0.1", "p2p_port": listener}]}
    (tmp_path / "hosts.json").write_text(json.dumps(document))
    assert cli("hosts", "check", str(tmp_path / "hosts.json")).code == 0


def test_check__file_with_problems__exit_2_with_all_of_them(cli, tmp_path):
    (tmp_path / "hosts.toml").write_text('[[hosts]]\nadress = "x"\n')
    ran = cli("hosts", "check", str(tmp_path / "hosts.toml"))
    assert (ran.code, ran.out) == (2, "")
    assert "hosts[0].name" in ran.err
    assert "did you mean address?" in ran.err
