"""A devnet in the foreground: found by others, driven by others, and gone without a trace when it is told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aztec_butler.core.errors import NotFoundError
from aztec_butler.devnet import SMALL, Devnet
from aztec_butler.devnet.season import Story, play_season
from aztec_butler.devnet.session import DevnetSession, read_session, session_path, write_session
from aztec_butler.devnet.session_attached import attach, describe

pytestmark = pytest.mark.devnet

_UP = """
import sys
from pathlib import Path
from aztec_butler.devnet.session_up import up
cache = Path(sys.argv[2]) if len(sys.argv) > 2 else None
up(port=0, state_folder=Path(sys.argv[1]), cache_folder=cache, report=lambda line: print(line, flush=True))
"""


@pytest.fixture
def start_up(tmp_path: Path, cache_folder: Path | None) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start ``up`` as a program of its own."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        arguments = [str(tmp_path)] + ([] if cache_folder is None else [str(cache_folder)])
        process = subprocess.Popen(
            [sys.executable, "-c", _UP, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def wait_for_session(folder: Path, process: subprocess.Popen[str]) -> DevnetSession:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        with suppress(NotFoundError):
            return read_session(folder)
        time.sleep(0.05)
    raise AssertionError("the devnet did not come up")


def children(pid: int) -> list[int]:
    """Processes that a process started, and theirs."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    own = [child for child, parent in parents if parent == pid]
    return own + [below for child in own for below in children(child)]


def await_end(pids: list[int]) -> list[int]:
    """Those of the processes that are still there after a while."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        pids = [pid for pid in pids if is_alive(pid)]
        if not pids:
            break
        time.sleep(0.05)
    return pids


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up__signal__ends_cleanly_with_everything_it_started(
    tmp_path: Path, start_up: Callable[[], subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = start_up()
    session = wait_for_session(tmp_path, process)
    assert session.pid == process.pid
    below = children(process.pid)
    assert len(below) >= 1

    process.send_signal(number)
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 0, output
    assert output.splitlines()[-1] == "the devnet is gone"
    assert "Traceback" not in output
    assert session.url in output
    assert not session_path(tmp_path).exists()
    assert await_end(below) == []


def test_up__killed_without_a_word__leaves_no_process_and_a_stale_file(
    tmp_path: Path, start_up: Callable[[], subprocess.Popen[str]]
) -> None:
    process = start_up()
    wait_for_session(tmp_path, process)
    below = children(process.pid)
    process.kill()
    process.wait()
    assert await_end(below) == []
    with pytest.raises(NotFoundError, match="ended without a word"):
        read_session(tmp_path)


def test_up__anvil_is_killed__says_so(tmp_path: Path, start_up: Callable[[], subprocess.Popen[str]]) -> None:
    process = start_up()
    wait_for_session(tmp_path, process)
    os.kill(children(process.pid)[0], signal.SIGKILL)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "anvil ended by itself" in output
    assert not session_path(tmp_path).exists()


# --------------------------------------------------------------------------- attaching


def test_attach__devnet_of_another_object__has_its_contracts(
    devnet: Devnet, tmp_path: Path, cache_folder: Path | None
) -> None:
    write_session(describe(devnet, cache_folder=cache_folder), tmp_path)
    with attach(read_session(tmp_path)) as other:
        assert other.parameters == devnet.parameters
        assert (other.url, other.chain_id) == (devnet.url, devnet.chain_id)
        expected = {role: address for role, address in devnet.addresses.items() if role != "slash_factory"}
        assert other.addresses == expected
        assert other.is_running
    assert devnet.chain.block_number() > 0  # it goes on


def test_attach__season_and_again__finds_both_rollups(
    start_devnet: Callable[..., Devnet], tmp_path: Path, cache_folder: Path | None
) -> None:
    devnet = start_devnet(SMALL)
    write_session(describe(devnet, cache_folder=cache_folder), tmp_path)
    with attach(read_session(tmp_path)) as other:
        season = play_season(other)
    assert season.stories[Story.ZOMBIE]
    with attach(read_session(tmp_path)) as again:
        assert [each.rollup.address for each in again.rollups] == list(season.rollups)


def test_attach__nobody_answers__is_not_found(devnet: Devnet, cache_folder: Path | None) -> None:
    import attrs

    session = attrs.evolve(describe(devnet, cache_folder=cache_folder), url="http://127.0.0.1:9")
    with pytest.raises(NotFoundError, match="no devnet answers"):
        attach(session)
