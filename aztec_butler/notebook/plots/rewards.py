"""What rewards came in, and whose they are."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.core.units import render_duration
from aztec_butler.notebook.plots.amounts import short, token_axis, tokens, total_wei
from aztec_butler.notebook.plots.canvas import blank, finish, grid, legend, open_axes
from aztec_butler.notebook.plots.looks import BLACK, BLUE, GREEN, ORANGE, Look
from aztec_butler.notebook.plots.times import days, time_axis
from aztec_butler.notebook.staked_rows import check_columns

_PARTS: Final[tuple[tuple[str, str, Look], ...]] = (
    ("staker_wei", "to stakers, through splits", BLUE),
    ("provider_wei", "to providers, as commission", ORANGE),
    ("direct_wei", "to other coinbases, undivided", GREEN),
)
_MOST_APART: Final = 90
_DAY: Final = 86_400
_WORDS: Final = {
    60: "minute",
    300: "5 minutes",
    900: "15 minutes",
    3_600: "hour",
    _DAY: "day",
    7 * _DAY: "week",
}


def rewards_per_day(ledger: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What accrued in each period of a ledger, whose it is, and what was claimed.

    Args:
        ledger: as ``net.reward_ledger()`` gives it, or a part of it; bars are as wide as its periods, days by default.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such table.
    """
    names = [name for name, _, _ in _PARTS]
    check_columns(
        ledger, ("begins_at", "ends_at", "accrued_wei", "claimed_wei", *names), "net.reward_ledger()"
    )
    period = _period(ledger)
    every = _WORDS.get(period) or render_duration(period)
    ax = open_axes(ax, f"Rewards per {every}")
    if ledger.empty:
        return blank(ax, ledger, "There are no rewards in this table")
    periods = ledger.groupby("begins_at", sort=True)[[*names, "claimed_wei"]].agg(total_wei)
    at = days(periods.index.to_series())
    width = period / _DAY
    below = np.zeros(len(at))
    few = len(at) <= _MOST_APART
    gap = 0.92 if few else 1.0
    # Outlines and hatching of hundreds of bars would cover what they are there to tell apart.
    plain = {} if few else {"hatch": None, "linewidth": 0.0}
    for name, label, look in _PARTS:
        heights = np.array([tokens(amount) for amount in periods[name]])
        if heights.any():
            ax.bar(at, heights, width * gap, bottom=below, align="edge", label=label, **look.area | plain)
        below += heights
    claimed = np.array([tokens(amount) for amount in periods["claimed_wei"]])
    if (some := claimed > 0).any():
        ax.plot(
            at[some] + width * gap / 2,
            claimed[some],
            linestyle="none",
            marker=BLACK.marker,
            markersize=7,
            color=BLACK.colour,
            markeredgecolor="white",
            label="claimed",
        )
    ax.set_xlim(at[0] - width * 0.5, at[-1] + width * 1.5)
    ax.set_ylim(0, 1.08 * max(float(below.max()), float(claimed.max()), 1e-18))
    token_axis(ax.yaxis, f"rewards per {every}")
    time_axis(ax)
    grid(ax, "y")
    legend(ax)
    accrued, taken = total_wei(ledger["accrued_wei"]), total_wei(ledger["claimed_wei"])
    return finish(ax, ledger, f"Accrued {short(tokens(accrued))} AZTEC, claimed {short(tokens(taken))}")


def _period(ledger: pd.DataFrame) -> int:
    """Seconds of a whole period; the first and the last may be cut."""
    if ledger.empty:
        return _DAY
    lengths: pd.Series[Any] = (ledger["ends_at"] - ledger["begins_at"]).dt.total_seconds()
    return int(lengths.max())
