"""What README says is so."""

from __future__ import annotations

import re
from pathlib import Path

import aztec_butler

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_module_map__names_every_room_and_no_other():
    named = set(re.findall(r"^\| `aztec_butler\.(\w+)` \|", README, re.MULTILINE))
    rooms = {path.parent.name for path in (ROOT / "aztec_butler").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "aztec_butler").glob("*.py") if not path.stem.startswith("__")}
    assert named == rooms | files


def test_table_of_questions__names_methods_that_exist():
    named = set(re.findall(r"^\| `net\.(\w+)\(", README, re.MULTILINE))
    assert {"attesters", "entry_queue", "at"} <= named
    assert all(callable(getattr(aztec_butler.Network, name)) for name in named)


def test_ci__runs_the_test_command_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text()
    assert "-m pytest" in README
    assert "install -e '.[test]'" in README
    assert re.search(r"install .*-e '\.\[test\]'", script)
    assert "-m pytest" in script
