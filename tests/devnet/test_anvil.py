"""The anvil process: it starts, says why when it does not, and never outlives whoever started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aztec_butler.core.errors import NodeUnreachable, SettingsError
from aztec_butler.devnet.anvil import Anvil, AnvilOptions
from aztec_butler.devnet.packages import install_packages

pytestmark = pytest.mark.devnet

OWNER = """
import sys, time
from pathlib import Path
from aztec_butler.devnet.anvil import Anvil, AnvilOptions

anvil = Anvil(Path(sys.argv[1]), AnvilOptions())
try:
    print(anvil.process_id, flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print(anvil.open_rpc().call("eth_chainId"), flush=True)
    anvil.stop()
"""


@pytest.fixture(scope="module")
def executable(cache_folder: Path | None) -> Path:
    return install_packages(cache_folder).anvil


def is_running(process_id: int) -> bool:
    """Whether there is such a process that nobody killed (a killed one waits for its parent to take note)."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() != "" and not shown.stdout.startswith("Z")


def ends_soon(process_id: int) -> bool:
    deadline = time.monotonic() + 10
    while is_running(process_id):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def start_owner(executable: Path) -> tuple[subprocess.Popen[str], int]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(executable)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert owner.stdout is not None
    return owner, int(owner.stdout.readline())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "terminate"])
def test_anvil__owner_dies_without_a_word__it_dies_too(executable: Path, end: signal.Signals) -> None:
    owner, process_id = start_owner(executable)
    with owner:
        assert is_running(process_id)
        owner.send_signal(end)
    assert ends_soon(process_id)


def test_anvil__interrupt_from_the_terminal__reaches_the_owner_only(executable: Path) -> None:
    owner, process_id = start_owner(executable)
    with owner:
        os.killpg(owner.pid, signal.SIGINT)
        assert owner.stdout is not None
        assert int(owner.stdout.readline(), 16) == 31337  # anvil still answers while the owner tidies up
        assert owner.wait(10) == 0
    assert ends_soon(process_id)


def test_stop__twice__process_and_guard_are_gone(executable: Path) -> None:
    anvil = Anvil(executable, AnvilOptions())
    process_id = anvil.process_id
    guards = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process_id)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(guards) == 1
    anvil.stop()
    anvil.stop()
    assert not is_running(process_id)
    assert ends_soon(int(guards[0]))


def kept_states(process_id: int) -> Path:
    """The folder that anvil was told to keep older states in."""
    words = Path(f"/proc/{process_id}/cmdline").read_bytes().decode().split("\0")
    return Path(words[words.index("--cache-path") + 1])


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads the command line from /proc")
def test_stop__states_kept_on_disk__go_with_it(executable: Path) -> None:
    with Anvil(executable, AnvilOptions()) as anvil:
        folder = kept_states(anvil.process_id)
        assert folder.is_dir()
        with anvil.open_rpc() as rpc:
            rpc.call("anvil_mine", hex(1200))
        assert list(folder.iterdir())
    assert not folder.exists()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads the command line from /proc")
def test_anvil__owner_is_killed__states_on_disk_go_too(executable: Path) -> None:
    owner, process_id = start_owner(executable)
    with owner:
        folder = kept_states(process_id)
        assert folder.is_dir()
        owner.kill()
    deadline = time.monotonic() + 10
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


def test_anvil__two_at_once__listen_on_two_ports(executable: Path) -> None:
    with Anvil(executable, AnvilOptions()) as one, Anvil(executable, AnvilOptions(chain_id=99)) as other:
        assert one.url != other.url
        rpc = other.open_rpc()
        assert int(rpc.call("eth_chainId"), 16) == 99
        rpc.close()


def test_anvil__refuses_its_arguments__its_words_are_told(executable: Path, tmp_path: Path) -> None:
    with pytest.raises(NodeUnreachable) as raised:
        Anvil(executable, AnvilOptions(state_file=tmp_path / "missing.json"))
    assert "missing.json" in str(raised.value.facts["anvil"])


def test_anvil__port_in_use__is_a_matter_of_settings(executable: Path) -> None:
    with Anvil(executable, AnvilOptions()) as anvil:
        port = int(anvil.url.rpartition(":")[2])
        with pytest.raises(SettingsError) as raised:
            Anvil(executable, AnvilOptions(port=port))
    assert raised.value.facts["port"] == port
    with Anvil(executable, AnvilOptions(port=port)) as anvil:
        assert anvil.url == f"http://127.0.0.1:{port}"


def test_anvil__not_executable__is_a_matter_of_settings(tmp_path: Path) -> None:
    (tmp_path / "anvil").write_text("text")
    with pytest.raises(SettingsError) as raised:
        Anvil(tmp_path / "anvil", AnvilOptions())
    assert raised.value.facts["exit_code"] == 126


def test_anvil__asked_after_its_end__is_unreachable(executable: Path) -> None:
    anvil = Anvil(executable, AnvilOptions())
    rpc = anvil.open_rpc()
    assert int(rpc.call("eth_chainId"), 16) == 31337
    anvil.stop()
    with pytest.raises(NodeUnreachable):
        rpc.call("eth_chainId")
    rpc.close()
