"""Where attesters stand, now and over time."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.notebook.plots.canvas import blank, finish, grid, legend, open_axes, whole_numbers
from aztec_butler.notebook.plots.looks import BLACK, BLUE, GREEN, GREY, INK, ORANGE, YELLOW, Look
from aztec_butler.notebook.plots.times import days, time_axis
from aztec_butler.notebook.staked_rows import check_columns

_LOOKS: Final = {
    Lifecycle.PROVIDER_QUEUED: YELLOW,
    Lifecycle.ENTRY_QUEUED: ORANGE,
    Lifecycle.VALIDATING: BLUE,
    Lifecycle.ZOMBIE: BLACK,
    Lifecycle.EXITING: GREEN,
    Lifecycle.EXITED: GREY,
    Lifecycle.NEVER_REGISTERED: GREY,
}
_STACK: Final[tuple[tuple[str, str, Look], ...]] = (
    ("attesters", "validating", BLUE),
    ("exiting", "exiting", GREEN),
    ("entry_queued", "in the entry queue", ORANGE),
    ("keys_queued", "keys listed by providers", YELLOW),
)
"""From the ground up; exits lie between so that no two areas of like lightness touch."""


def attesters_by_lifecycle(attesters: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How many attesters stand where, in the order of a life.

    Args:
        attesters: as ``net.attesters()`` gives it, or a part of it.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no table of attesters.
    """
    check_columns(attesters, ("lifecycle",), "net.attesters()")
    ax = open_axes(ax, "Where attesters stand", size=(8.0, 3.4))
    if attesters.empty:
        return blank(ax, attesters, "There are no attesters in this table")
    counts = attesters["lifecycle"].astype("string").value_counts()
    for place, (state, look) in enumerate(_LOOKS.items()):
        count = int(counts.get(state.value, 0))
        ax.barh(place, count, height=0.72, **look.area)
        ax.annotate(
            f"{count:,}",
            xy=(count, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=INK,
        )
    ax.set_yticks(range(len(_LOOKS)), [state.value.replace("-", " ") for state in _LOOKS])
    ax.set_ylim(len(_LOOKS) - 0.4, -0.6)
    ax.set_xlim(0, 1.1 * int(counts.max()))
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("attesters", fontsize=9)
    whole_numbers(ax.xaxis)
    grid(ax, "x")
    return finish(ax, attesters, f"{len(attesters):,} attesters in all")


def attester_lifecycle(history: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How many attesters wait, validate and leave, over time and over all rollups.

    Args:
        history: as ``net.history()`` gives it.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such table.
    """
    check_columns(history, ("ends_at", *(name for name, _, _ in _STACK)), "net.history()")
    ax = open_axes(ax, "Attesters over time")
    if history.empty:
        return blank(ax, history, "There are no steps in this table")
    at = days(history["ends_at"])
    below = [0.0] * len(history)
    for name, label, look in _STACK:
        above = [low + int(count) for low, count in zip(below, history[name], strict=True)]
        ax.fill_between(at, below, above, step="post", label=label, **look.area)
        below = above
    ax.set_xlim(at[0], at[-1] if len(at) > 1 else at[0] + 1)
    ax.set_ylim(0, 1.08 * max(1.0, *below))
    ax.set_ylabel("attesters, and keys listed", fontsize=9)
    whole_numbers(ax.yaxis)
    time_axis(ax)
    grid(ax, "y")
    legend(ax)
    return finish(ax, history)
