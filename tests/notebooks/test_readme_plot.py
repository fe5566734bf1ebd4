"""The README's plot is made by a command."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "readme_plot.py"


@pytest.fixture
def main():
    spec = importlib.util.spec_from_file_location("readme_plot", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.mark.devnet
@pytest.mark.xdist_group("history")
@pytest.mark.usefixtures("found_devnet")
def test_readme_plot__a_running_devnet__is_drawn(main, tmp_path):
    assert main([str(tmp_path / "plot.png")]) == 0
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments", [[], ["one.png", "two.png"], ["plot.txt"]], ids=["none", "two", "text"])
def test_readme_plot__other_arguments__are_refused(main, arguments, capsys):
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err
