"""The short form of ``soak/soak_watcher.py``: killed anywhere, on full disks, with broken nodes and wrong clocks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[1] / "soak" / "soak_watcher.py"
POINTS = {
    *("fetched", "intent-written", "before-commit", "committed"),
    *("intent-begun", "writing", "written", "reloading", "reloaded", "read-back", "acted", "looked-again"),
    *("acknowledged", "sending", "sent", "logged", "half written", "file-renamed", "half a Safe file"),
}


@pytest.mark.parametrize(
    ("words", "trials"),
    [
        (("points", "--ticks", "4"), 28),
        (("kills", "--ticks", "8", "--kills", "20"), 20),
        (("disk", "clock", "instances", "--ticks", "4", "--disk-step", "400000"), 12),
        (("faults", "--ticks", "4", "--fault-step", "9"), 10),
    ],
    ids=["points", "kills", "host", "node"],
)
def test_watcher__disturbed__is_left_with_what_an_undisturbed_one_is(words, trials):
    ran = subprocess.run(
        [sys.executable, str(SOAK), *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    figures = {name: found[name] for name in ("lost", "doubled", "unproven", "other_in_the_end")}
    assert set(figures.values()) == {0}, ran.stderr
    assert found["trials"] >= trials
    for name, each in found["what"].items():
        assert each["effects"] > 0, name
        assert set(each.get("points", POINTS)) >= POINTS
        assert each.get("refused") == each.get("second_watchers")
