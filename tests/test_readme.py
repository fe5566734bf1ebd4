"""What README says of the package, its files and commands is so. Its code runs in ``tests/readme``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import aztec_butler
from aztec_butler.cli.table_of_commands import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_module_map__names_every_room_and_no_other():
    named = set(re.findall(r"^\| `aztec_butler\.(\w+)` \|", README, re.MULTILINE))
    rooms = {path.parent.name for path in (ROOT / "aztec_butler").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "aztec_butler").glob("*.py") if not path.stem.startswith("__")}
    assert named == rooms | files


def test_methods_of_a_network__that_the_page_calls__exist():
    named = set(re.findall(r"\bnet\.(\w+)", README))
    assert {"attesters", "entry_queue", "at"} <= named | set(re.findall(r"`(\w+)`", README))
    assert all(hasattr(aztec_butler.Network, name) for name in named)


def test_names_of_the_package__that_the_page_uses__exist():
    named = set(re.findall(r"\bab\.(\w+)", README))
    assert {"connect", "plots", "widgets", "events"} <= named
    assert named <= set(aztec_butler.__all__)
    for module, name in re.findall(
        r"\bab\.(plots|widgets|events|columns|bls|calldata|analysis)\.(\w+)", README
    ):
        assert hasattr(getattr(aztec_butler, module), name)


@pytest.mark.parametrize(
    "words", sorted(set(re.findall(r"`aztec-butler ([a-z][a-z -]*?)(?: --[^`]*|\.\.\.)?`", README)))
)
def test_commands__that_the_text_names__exist(words):
    found = COMMANDS
    for word in words.split():
        assert word in found
        found = found[word]


def test_links__lead_to_files_that_are_there():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert {"CHANGELOG.md", "scripts/README.md"} <= set(links)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_extras__that_the_page_installs__exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = set(re.findall(r"(?:aztec-butler|\.)\[(\w+)\]", README))
    assert {"devnet", "test", "scale"} <= named
    assert named <= extras.keys()


def test_ci__runs_the_test_command_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text()
    assert "-m pytest" in README
    assert "install -e '.[test]'" in README
    assert re.search(r"install .*-e '\.\[test\]'", script)
    assert "-m pytest" in script
