"""How things that belong apart look apart: in colour, in grey, and to those who see colours otherwise.

The colours are those of Okabe and Ito (2008), which people with any common kind of colour blindness can tell apart. Of these
only such stand in one picture that differ in lightness too, and each goes with a hatching, a line and a marker of its own.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

INK: Final = "#222222"
"""For text and for what has no colour."""
FAINT: Final = "#6b6b6b"
"""For text that should not catch the eye; still 5 to 1 against white."""
PALE: Final = "#d9d9d9"
"""For what is only there to be compared with."""

_BLUE: Final = "#0072B2"
_GREEN: Final = "#009E73"
_ORANGE: Final = "#E69F00"
_YELLOW: Final = "#F0E442"
_SKY: Final = "#56B4E9"


@attrs.frozen(kw_only=True)
class Look:
    """How one kind of thing is drawn.

    Args:
        colour: of its area or line.
        hatch: matplotlib's pattern, over areas.
        line: matplotlib's dashes.
        marker: matplotlib's, on lines and alone.
        edge: of the hatching and the outline.
    """

    colour: str
    hatch: str
    line: Any
    marker: str
    edge: str

    @property
    def area(self) -> dict[str, Any]:
        """For bars, wedges and filled areas."""
        return {
            "facecolor": self.colour,
            "hatch": self.hatch or None,
            "edgecolor": self.edge,
            "linewidth": 0.6,
        }

    @property
    def stroke(self) -> dict[str, Any]:
        """For lines."""
        return {"color": self.colour, "linestyle": self.line, "linewidth": 2.0}


BLUE: Final = Look(colour=_BLUE, hatch="", line="-", marker="o", edge="white")
ORANGE: Final = Look(colour=_ORANGE, hatch="///", line=(0, (5, 1.5)), marker="s", edge="white")
GREEN: Final = Look(colour=_GREEN, hatch="...", line=(0, (5, 1, 1, 1)), marker="^", edge="white")
YELLOW: Final = Look(colour=_YELLOW, hatch="xxx", line=(0, (3, 1)), marker="D", edge="#8a7f00")
BLACK: Final = Look(colour="#000000", hatch="", line=(0, (1, 1)), marker="v", edge="white")
SKY: Final = Look(colour=_SKY, hatch="\\\\\\", line=(0, (3, 1, 1, 1, 1, 1)), marker="P", edge="white")
BARE: Final = Look(colour="#ffffff", hatch="", line="-", marker="x", edge=INK)
GREY: Final = Look(colour=PALE, hatch="", line="-", marker=".", edge="white")

SERIES: Final = (BLUE, ORANGE, BLACK, GREEN)
"""For lines, in this order: dark enough on white, and no two of the same lightness."""
