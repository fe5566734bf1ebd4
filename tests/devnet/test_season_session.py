"""The file that tells where a devnet runs, and who lives by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from aztec_butler.core.errors import NotFoundError
from aztec_butler.devnet.session import (
    DevnetSession,
    default_state_folder,
    read_session,
    remove_session,
    session_path,
    write_session,
)

SESSION = DevnetSession(
    url="http://127.0.0.1:1",
    chain_id=31337,
    registry="0x" + "11" * 20,
    staking_registry="0x" + "22" * 20,
    first_block=0,
    pid=os.getpid(),
    block_seconds=12,
    parameters={"name": "small", "nested": {"wei": 10**30, "list": [1, 2]}},
    contracts={"registry": ("Registry", "0x" + "11" * 20)},
    cache_folder=None,
)


def ended_pid() -> int:
    """Number of a process that was."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_session__written_and_read__is_the_same(tmp_path: Path) -> None:
    assert write_session(SESSION, tmp_path / "state") == tmp_path / "state" / "devnet.json"
    assert read_session(tmp_path / "state") == SESSION


def test_session__none_written__is_not_found_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no devnet runs") as raised:
        read_session(tmp_path)
    assert raised.value.hint == "aztec-butler devnet up"


def test_session__its_process_is_gone__is_told_apart(tmp_path: Path) -> None:
    write_session(attrs.evolve(SESSION, pid=ended_pid()), tmp_path)
    with pytest.raises(NotFoundError, match="ended without a word") as raised:
        read_session(tmp_path)
    assert raised.value.hint == "aztec-butler devnet up"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"url": "http://127.0.0.1:1"}'])
def test_session__broken_file__is_told(tmp_path: Path, content: bytes) -> None:
    session_path(tmp_path).write_bytes(content)
    with pytest.raises(NotFoundError, match="broken") as raised:
        read_session(tmp_path)
    assert raised.value.facts["path"] == session_path(tmp_path)


def test_remove__own_file__is_gone(tmp_path: Path) -> None:
    write_session(SESSION, tmp_path)
    remove_session(SESSION, tmp_path)
    assert list(tmp_path.iterdir()) == []
    remove_session(SESSION, tmp_path)


@pytest.mark.parametrize("change", [{"pid": 1}, {"url": "http://127.0.0.1:2"}])
def test_remove__file_of_another_devnet__stays(tmp_path: Path, change: dict[str, object]) -> None:
    other = attrs.evolve(SESSION, **change)
    write_session(other, tmp_path)
    remove_session(SESSION, tmp_path)
    assert json.loads(session_path(tmp_path).read_bytes())["url"] == other.url


def test_default_folder__follows_the_user_s_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("XDG is Linux's")
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    assert default_state_folder() == Path("/somewhere/aztec-butler")


def test_import__of_the_session__loads_nothing_heavy() -> None:
    code = (
        "import sys, aztec_butler.devnet.session\n"
        "heavy = {'web3', 'pandas', 'fire', 'numpy', 'eth_abi', 'eth_keys', 'pyarrow', 'matplotlib'}\n"
        "print(*heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == []
