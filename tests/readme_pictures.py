"""The pictures of README, drawn from a season on the devnet::

    python tests/readme_pictures.py

Look at them before you commit them. A test draws them once more and compares: they are what a reader would get.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import aztec_butler as ab
from aztec_butler.__main__ import main
from aztec_butler.devnet import SMALL, Devnet
from aztec_butler.devnet.season import play_season
from aztec_butler.devnet.session import write_session
from aztec_butler.devnet.session_attached import describe

FOLDER = Path(__file__).parent.parent / "notebooks" / "pictures"
PLOT = FOLDER / "attesters.png"
TERMINAL = FOLDER / "terminal.svg"

COMMANDS = (
    "aztec-butler providers --network devnet",
    "aztec-butler slashings --network devnet",
)
COLUMNS = 100

# A window with a ground of its own can be read on a light page and on a dark one.
GROUND, EDGE, INK, FAINT, PROMPT = "#15191f", "#3b434f", "#e6e9ee", "#98a2b0", "#7fd18b"
LETTER, LINE, MARGIN, BAR = 8.4, 20, 20, 34
NAMESPACE = "http://www.w3.org/2000/svg"
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


class Span(NamedTuple):
    """Text as a terminal got it, and what colour it has."""

    text: str
    colour: str


def draw_plot(net: ab.Network, path: Path) -> None:
    """How many validated, waited and left, minute by minute of the season."""
    import matplotlib as mpl

    with mpl.rc_context({"figure.dpi": 150}):
        axes = ab.plots.attester_lifecycle(net.history("all", "1m"))
        # Nothing about the machine that drew it.
        axes.figure.savefig(path, metadata={"Software": None}, facecolor="white")  # type: ignore[union-attr]
        import matplotlib.pyplot as plt

        plt.close(axes.figure)  # type: ignore[arg-type]


def draw_terminal(path: Path) -> None:
    """The commands, and what they say to somebody at a terminal."""
    lines: list[Sequence[Span]] = []
    for number, command in enumerate(COMMANDS):
        if number:
            lines.append(())
        lines.append((Span("$ ", PROMPT), Span(command, INK)))
        for out, colour in _said(command):
            lines.extend((Span(part, colour),) for part in _as_wide_as_the_terminal(out))
    path.write_text(_svg(lines))


def _said(command: str) -> list[tuple[str, str]]:
    """Lines of what a command says on a terminal, each with its colour."""
    said: list[Span] = []

    class Terminal:
        def __init__(self, colour: str) -> None:
            self._colour = colour

        def write(self, text: str) -> int:
            said.append(Span(text, self._colour))
            return len(text)

        def flush(self) -> None:
            pass

        def isatty(self) -> bool:
            return self._colour == INK  # no progress bar on the other

    with (
        contextlib.redirect_stdout(Terminal(INK)),  # type: ignore[type-var]
        contextlib.redirect_stderr(Terminal(FAINT)),  # type: ignore[type-var]
        _environment(COLUMNS=str(COLUMNS)),
    ):
        code = main(command.split()[1:])
    assert code == 0, "".join(span.text for span in said)
    lines: list[tuple[str, str]] = []
    for colour in (INK, FAINT):
        text = "".join(span.text for span in said if span.colour == colour)
        lines.extend((line, colour) for line in text.splitlines())
    return lines


def _as_wide_as_the_terminal(line: str) -> list[str]:
    return textwrap.wrap(line, COLUMNS, break_on_hyphens=False) if len(line) > COLUMNS else [line]


def _svg(lines: Sequence[Sequence[Span]]) -> str:
    """A window with lines of text. Each word has its place and width written down, so that columns stand in any font."""
    width, height = COLUMNS * LETTER + 2 * MARGIN, BAR + len(lines) * LINE + MARGIN
    parts = [
        f'<svg xmlns="{NAMESPACE}" width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" role="img">',
        f"<title>{escape(' and '.join(COMMANDS))}</title>",
        f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="8" fill="{GROUND}" stroke="{EDGE}"/>',
        *(f'<circle cx="{MARGIN + 16 * at + 2}" cy="17" r="5" fill="{EDGE}"/>' for at in range(3)),
        f'<g font-family="{FONTS}" font-size="14">',
    ]
    for row, line in enumerate(lines):
        column = 0
        for text, colour in line:
            for word in re.finditer(r"\S+(?: \S+)*", text):  # not all viewers keep more than one space
                x = MARGIN + (column + word.start()) * LETTER
                parts.append(
                    f'<text x="{x:g}" y="{BAR + row * LINE + 15}" fill="{colour}" '
                    f'textLength="{len(word[0]) * LETTER:g}">{escape(word[0])}</text>'
                )
            column += len(text)
    return "\n".join([*parts, "</g>", "</svg>", ""])


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def draw_all(folder: Path) -> None:
    """Start a devnet, play a season, and draw both pictures."""
    with (
        tempfile.TemporaryDirectory() as kept,
        _environment(XDG_STATE_HOME=kept, XDG_CONFIG_HOME=kept, AZTEC_BUTLER_EVENT_STORE=f"{kept}/events"),
        Devnet.start(SMALL) as devnet,
    ):
        play_season(devnet)
        write_session(describe(devnet))
        folder.mkdir(exist_ok=True)
        with ab.connect("devnet", l1=devnet.url, progress=False) as net:
            draw_plot(net.at("latest"), folder / PLOT.name)
        draw_terminal(folder / TERMINAL.name)


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("agg")
    draw_all(FOLDER)
    sys.stdout.write(f"{PLOT}\n{TERMINAL}\n")
