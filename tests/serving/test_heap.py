from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, platform, threading
from pathlib import Path
from aztec_butler.serving.heap import settle_heap
took = settle_heap()

def heaps():
    # glibc maps a heap of 64 MiB for each thread that gets one of its own.
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sum(int(e, 16) - int(b, 16) for b, e in (line.split()[0].split("-") for line in lines))

before = heaps()
ready, done = threading.Barrier(9), threading.Event()
def work():
    kept = ctypes.CDLL(None).malloc(100_000)
    ready.wait()
    done.wait()
threading.stack_size(1 << 20)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
ready.wait()
grown = heaps() - before
done.set()
print(took, platform.libc_ver()[0], grown < 8 * (1 << 26))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_settle_heap__threads__share_one():
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    took, *library, is_shared = shown.split()
    assert (took, is_shared) == ("True", "True") if library == ["glibc"] else took == "False"
