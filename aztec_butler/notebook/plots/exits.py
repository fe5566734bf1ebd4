"""What can be withdrawn when."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.core.exit_calendar import Planned
from aztec_butler.core.exits import ExitState
from aztec_butler.notebook.plots.amounts import short, token_axis, tokens, total_wei
from aztec_butler.notebook.plots.canvas import blank, finish, grid, legend, open_axes
from aztec_butler.notebook.plots.looks import BLACK, BLUE, ORANGE, YELLOW, Look
from aztec_butler.notebook.plots.times import as_of_day, days, mark_now, time_axis
from aztec_butler.notebook.staked_rows import check_columns

_KINDS: Final[tuple[tuple[str, Look], ...]] = (
    ("its recipient is named", BLUE),
    ("its owner has to name a recipient first", ORANGE),
    ("thought to leave now", YELLOW),
)
_MOST_MARKED: Final = 200


def exit_calendar(calendar: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How much stake can be withdrawn from when on: a step for each exit that is not paid.

    Args:
        calendar: as ``net.exit_calendar()`` gives it, or a part of it.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such table.
    """
    check_columns(calendar, ("withdrawable_at", "amount_wei", "state", "planned"), "net.exit_calendar()")
    ax = open_axes(ax, "When stake can be withdrawn")
    if calendar.empty:
        return blank(ax, calendar, "Nobody is leaving")
    rows = calendar.sort_values("withdrawable_at", kind="stable")
    at = days(rows["withdrawable_at"])
    so_far = [tokens(amount) for amount in accumulate(int(each) for each in rows["amount_wei"])]
    heights = np.array(so_far)
    now = as_of_day(calendar)
    first, last = min(at[0], at[0] if now is None else now), max(at[-1], at[-1] if now is None else now)
    room = max(0.06 * (last - first), 1 / 24)
    # From nothing before the first to everything after the last.
    ax.fill_between(
        np.array([first - room, *at, last + room]),
        np.array([0.0, *heights, heights[-1]]),
        step="post",
        facecolor=BLUE.colour,
        alpha=0.15,
        linewidth=0,
    )
    ax.step(
        np.array([first - room, *at, last + room]),
        np.array([0.0, *heights, heights[-1]]),
        where="post",
        color=BLACK.colour,
        linewidth=1.2,
    )
    if len(rows) <= _MOST_MARKED:
        kinds = np.array([_kind(row) for row in zip(rows["planned"], rows["state"], strict=True)])
        for number, (label, look) in enumerate(_KINDS):
            if (some := kinds == number).any():
                ax.plot(
                    at[some],
                    heights[some],
                    linestyle="none",
                    marker=look.marker,
                    markersize=7,
                    color=look.colour,
                    markeredgecolor="black",
                    markeredgewidth=0.6,
                    label=label,
                )
    ax.set_xlim(first - room, last + room)
    ax.set_ylim(0, 1.08 * heights[-1] if heights[-1] else 1.0)
    token_axis(ax.yaxis, "withdrawable by then")
    time_axis(ax)
    grid(ax, "y")
    mark_now(ax, calendar)
    legend(ax)
    total = total_wei(calendar["amount_wei"])
    return finish(ax, calendar, f"{len(calendar):,} exits, {short(tokens(total))} AZTEC")


def _kind(row: tuple[Any, Any]) -> int:
    planned, state = row
    if planned == Planned.IF_LEFT_NOW.value:
        return 2
    return 1 if state == ExitState.AWAITING_RECIPIENT.value else 0
