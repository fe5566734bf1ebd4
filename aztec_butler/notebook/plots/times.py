"""Time in pictures: always UTC, said on the axis."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.notebook.plots.looks import INK


def days(times: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A column of times as matplotlib counts them; NaN where one is missing."""
    plain = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return np.asarray(mdates.date2num(plain), dtype=np.float64)  # type: ignore[no-untyped-call]


def as_of_day(frame: pd.DataFrame) -> float | None:
    """The time of the table's block, as matplotlib counts; None where the table does not know."""
    at = frame.attrs.get("block_timestamp")
    if at is None:
        return None
    return float(mdates.date2num(datetime.fromtimestamp(at, tz=UTC)))  # type: ignore[no-untyped-call]


def time_axis(ax: Axes) -> None:
    """An x axis of times."""
    locator = mdates.AutoDateLocator(tz=UTC, minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    formatter = mdates.ConciseDateFormatter(locator, tz=UTC)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(formatter)
    ax.xaxis.get_offset_text().set_fontsize(9)
    ax.set_xlabel("time (UTC)", fontsize=9)


def mark_now(ax: Axes, frame: pd.DataFrame) -> None:
    """A line at the time of the block, where it lies within the picture."""
    now = as_of_day(frame)
    left, right = ax.get_xlim()
    if now is None or not left <= now <= right:
        return
    ax.axvline(now, color=INK, linewidth=0.9, linestyle=(0, (2, 2)), gid="now")
    before_middle = now < (left + right) / 2
    ax.annotate(
        "this block",
        xy=(now, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4 if before_middle else -4, -2),
        textcoords="offset points",
        ha="left" if before_middle else "right",
        va="top",
        fontsize=8,
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
    )
