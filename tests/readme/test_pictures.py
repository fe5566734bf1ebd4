"""README's pictures are what its commands draw now."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import readme_pictures as pictures
from matplotlib.testing.compare import compare_images

import aztec_butler as ab

from .conftest import README, ROOT

TOLERANCE = 30.0
"""Root mean square of grey values. Each devnet draws other committees, so a season slashes others, some blocks earlier or
later; an empty page is twice as far away."""
devnet = [pytest.mark.devnet, pytest.mark.xdist_group("history")]


def test_pictures__of_the_page__are_there_and_told_to_those_who_cannot_see():
    shown = dict(re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README))
    assert set(shown.values()) == {str(path.relative_to(ROOT)) for path in (pictures.PLOT, pictures.TERMINAL)}
    assert all((ROOT / path).exists() and len(words) > 20 for words, path in shown.items())


def test_terminal__as_stored__is_a_picture_with_words_that_fit_it():
    drawing = ET.parse(pictures.TERMINAL).getroot()
    width = float(drawing.get("width", "0"))
    words = drawing.findall(".//{http://www.w3.org/2000/svg}text")
    assert len(words) > 50
    assert all(float(word.get("x")) + float(word.get("textLength")) <= width for word in words)
    assert {word.get("fill") for word in words} == {pictures.INK, pictures.FAINT, pictures.PROMPT}


def shape_of(picture: Path) -> str:
    """A picture of a terminal without its digits: who is slashed, and how much is left, is another in every season."""
    return re.sub(r"[0-9a-fA-F]", "0", picture.read_text())


class TestDrawnAnew:
    pytestmark = devnet

    def test_terminal__says_what_it_says_on_the_page(self, desk, tmp_path):
        pictures.draw_terminal(tmp_path / "terminal.svg")
        assert shape_of(tmp_path / "terminal.svg") == shape_of(pictures.TERMINAL)

    def test_plot__looks_as_on_the_page(self, desk, tmp_path):
        stored = shutil.copy(pictures.PLOT, tmp_path / "stored.png")
        with ab.connect("devnet", progress=False) as net:
            pictures.draw_plot(net.at("latest"), tmp_path / "drawn.png")
        assert compare_images(stored, str(tmp_path / "drawn.png"), tol=TOLERANCE) is None
