"""What all pictures have in common: axes, a title, the caption that says of which block they are, and an honest blank."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from aztec_butler.notebook.plots.looks import FAINT, INK

SIZE = (8.0, 4.5)
"""Inches."""
# Letters of the default font, on average, and what stands before a label; in points.
_LEGEND_POINTS = 5.2
_HANDLE_POINTS = 40
_CAPTION_POINTS = 4.5
_STRETCH = 1.1
"""Layouts make axes wider than matplotlib's margins leave them."""


def open_axes(ax: Axes | None, title: str, *, size: tuple[float, float] = SIZE) -> Axes:
    """Axes to draw in: those given, or new ones.

    Args:
        ax: None for a new figure.
        title: what the picture shows.
        size: of a new figure, in inches.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
    _entitle(ax, title)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=9, colors=INK)
    ax.set_axisbelow(True)
    return ax


def grid(ax: Axes, axis: str) -> None:
    """Faint lines to read values by, along one axis: ``x`` or ``y``."""
    ax.grid(visible=True, axis=axis, color="#e6e6e6", linewidth=0.8)  # type: ignore[arg-type]


def whole_numbers(axis: Any) -> None:
    """Ticks at whole numbers only, for what is counted, with thousands set apart."""
    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=6))
    axis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def legend(ax: Axes, handles: Sequence[Any] = (), labels: Sequence[str] = ()) -> None:
    """A legend between title and picture, where it hides nothing; none where there is nothing to explain.

    Args:
        ax: drawn already.
        handles: matplotlib's; those that the artists brought along by default.
        labels: of these.
    """
    if not handles:
        handles, labels = _areas_first(*ax.get_legend_handles_labels())
    if not handles:
        return
    columns = _columns(labels, _width_points(ax))
    rows = -(-len(labels) // columns)
    ax.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        borderaxespad=0.1,
        borderpad=0.2,
        labelspacing=0.35,
        columnspacing=1.6,
        handlelength=2.2,
    )
    _entitle(ax, ax.get_title(loc="left"), pad=10 + 15 * rows)


def _areas_first(handles: list[Any], labels: list[str]) -> tuple[list[Any], list[str]]:
    """What is below in the picture before the lines and marks above it."""
    pairs = sorted(
        zip(handles, labels, strict=True), key=lambda pair: isinstance(pair[0], Line2D | LineCollection)
    )
    return [handle for handle, _ in pairs], [label for _, label in pairs]


def _columns(labels: Sequence[str], points: float) -> int:
    """How many columns of labels fit side by side, filled one after the other as matplotlib does."""

    def width(columns: int) -> float:
        parts = np.array_split(np.array([len(label) for label in labels]), columns)
        return sum(int(part.max()) * _LEGEND_POINTS + _HANDLE_POINTS for part in parts)

    return next((number for number in range(len(labels), 1, -1) if width(number) <= points), 1)


def _entitle(ax: Axes, title: str, *, pad: float = 6) -> None:
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=pad)


def _width_points(ax: Axes) -> float:
    """How wide the axes are, nearly: layouts move them a little when they are drawn."""
    width = ax.get_position().width * (1.0 if ax.figure.get_layout_engine() is None else _STRETCH)
    return float(width * ax.figure.bbox.width / ax.figure.dpi * 72)


def finish(ax: Axes, frame: pd.DataFrame, *notes: str) -> Axes:
    """Write below the axes of which block the picture is, and what else has to be said.

    Args:
        ax: drawn already.
        frame: the table, whose ``attrs`` tell.
        notes: sentences without a full stop.
    """
    text = ". ".join([as_of(frame), *(note for note in notes if note)])
    text = fill(text, max(30, int(_width_points(ax) / _CAPTION_POINTS)))
    # Hung on the label, wherever that ends up: ticks and labels push it down, and layouts make room for it.
    label = ax.xaxis.label
    below: Any = label if label.get_text() else ax.transAxes
    ax.annotate(
        text,
        xy=(0, 0),
        xycoords=(ax.transAxes, below),
        xytext=(0, -5 if label.get_text() else -24),
        textcoords="offset points",
        va="top",
        ha="left",
        fontsize=8,
        color=FAINT,
        annotation_clip=False,
        gid="caption",
    )
    return ax


def as_of(frame: pd.DataFrame) -> str:
    """Of which block of which network a table is, in words.

    >>> frame = pd.DataFrame()
    >>> frame.attrs = {"network": "mainnet", "block": 24000000, "block_timestamp": 1765411200, "finalized": True}
    >>> as_of(frame)
    'mainnet, block 24,000,000, 2025-12-11 00:00 UTC, final'
    """
    facts = frame.attrs
    network = facts.get("network") or (f"chain {facts['chain_id']}" if "chain_id" in facts else None)
    if network is None or "block" not in facts:
        return "The table does not say of which block it is"
    parts = [str(network), f"block {facts['block']:,}"]
    if "block_timestamp" in facts:
        moment = datetime.fromtimestamp(facts["block_timestamp"], tz=UTC)
        parts.append(f"{moment:%Y-%m-%d %H:%M} UTC")
    if "finalized" in facts:
        parts.append("final" if facts["finalized"] else "not final")
    return ", ".join(parts)


def blank(ax: Axes, frame: pd.DataFrame, reason: str) -> Axes:
    """A picture of nothing that says so.

    Args:
        ax: the axes.
        frame: the table.
        reason: a sentence without a full stop.
    """
    ax.text(
        0.5,
        0.5,
        reason,
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=11,
        color=FAINT,
        gid="blank",
    )
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    return finish(ax, frame)
