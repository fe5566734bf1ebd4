"""The command line as a shell starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fault_proxy import FaultyNode

SCRIPT = str(Path(sys.executable).parent / "aztec-butler")
ZEROS = "0x00000000000000000000000000000000000000aa"


def start(*words: str, **options) -> subprocess.Popen[str]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen([sys.executable, "-m", "aztec_butler", *words], text=True, **streams)


def finish(*words: str, **options) -> tuple[int, str, str]:
    with start(*words, **options) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_console_script__is_the_same_program():
    ran = subprocess.run([SCRIPT, "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout == finish("--version")[1]


def test_address_with_leading_zeros__survives_the_shell():
    code, out, err = finish("decode", "0x30ccebb5" + f"{0xAA:064x}")
    assert (code, err) == (0, "")
    assert out.split()[-1].lower() == ZEROS


def test_mistyped_option__runs_nothing():
    code, out, err = finish("lifecycle", ZEROS, "--netwrk", "mainnet")
    assert (code, out) == (2, "")
    assert "--network" in err


def test_settings_problem__exit_2_without_a_traceback(tmp_path):
    environment = os.environ | {"AZTEC_BUTLER_NETWORK": "mainet", "XDG_CONFIG_HOME": str(tmp_path)}
    code, out, err = finish("config", "show", env=environment)
    assert (code, out) == (2, "")
    assert "did you mean mainnet?" in err
    assert "Traceback" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize(
    "words", [("decode", "0x30ccebb5" + f"{0xAA:064x}"), ("--help",), ("decode", "--help")]
)
def test_stdout_that_is_full__says_so(words):
    with Path("/dev/full").open("w") as full:
        code, _, err = finish(*words, stdout=full)
    assert (code, err.splitlines()[0]) == (2, "aztec-butler: the answer cannot be written to stdout")
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_stdout_that_is_closed__says_so():
    command = f"exec {sys.executable} -m aztec_butler decode 0x30ccebb5{0xAA:064x} >&-"
    ran = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr.splitlines()[:1]) == (
        2,
        ["aztec-butler: the answer cannot be written to stdout"],
    )
    assert "Traceback" not in ran.stderr


def test_reader_that_goes_away__no_complaint():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with start("decode", "0x30ccebb5" + f"{0xAA:064x}", stdout=write_end) as process:
        os.close(write_end)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, "")


def test_help__goes_to_stdout_without_a_pager(tmp_path):
    environment = os.environ | {"PAGER": "false"}
    code, out, err = finish("attesters", "--help", env=environment)
    assert (code, err) == (0, "")
    assert "--block" in out


@pytest.mark.loopback
def test_interrupt__while_a_node_is_waited_for__130():
    import time

    from fault_proxy import hang

    with FaultyNode() as node:
        node.always(hang())
        with start("block", "--l1", node.url, "--network", "devnet") as process:
            deadline = time.monotonic() + 30
            while node.request_count == 0 and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "aztec-butler: interrupted\n")
