"""The entry queue to come."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.notebook.plots.canvas import blank, finish, grid, legend, open_axes, whole_numbers
from aztec_butler.notebook.plots.looks import BLACK, BLUE, INK, ORANGE, SERIES
from aztec_butler.notebook.plots.names import short_name
from aztec_butler.notebook.plots.times import as_of_day, days, time_axis
from aztec_butler.notebook.staked_rows import check_columns

_UNITS: Final = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))
_FEW: Final = 60


def queue_forecast(
    what_if: pd.DataFrame,
    *,
    column: Literal["queue_length", "wait_seconds"] = "queue_length",
    ax: Axes | None = None,
) -> Axes:
    """The entry queue played forward, a line for each scenario.

    Args:
        what_if: as ``net.queue_what_if()`` gives it.
        column: ``queue_length`` for how many wait, ``wait_seconds`` for how long a deposit made then waits.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such column or table.
    """
    if column not in ("queue_length", "wait_seconds"):
        raise InputError("this column is not drawn", column=column, hint="queue_length or wait_seconds")
    check_columns(what_if, ("scenario", "begins_at", column), "net.queue_what_if()")
    is_wait = column == "wait_seconds"
    ax = open_axes(ax, "How long a new deposit waits" if is_wait else "How long the entry queue gets")
    if what_if.empty:
        return blank(ax, what_if, "There are no steps in this table")
    numbers = what_if[column].to_numpy(dtype=float, na_value=np.nan)
    size, name = _unit(numbers) if is_wait else (1, "")
    for scenario, look in zip(what_if["scenario"].unique(), SERIES, strict=False):
        rows = (what_if["scenario"] == scenario).to_numpy(dtype=bool)
        ax.plot(
            days(what_if[rows]["begins_at"]),
            numbers[rows] / size,
            label=str(scenario),
            marker=look.marker if rows.sum() <= _FEW else None,
            markersize=4,
            **look.stroke,
        )
    ax.set_ylim(0, 1.08 * max(1.0, float(np.nanmax(numbers, initial=0.0)) / size))
    ax.margins(x=0.01)
    if is_wait:
        ax.set_ylabel(f"wait of a deposit made then ({name})", fontsize=9)
    else:
        ax.set_ylabel("deposits in the queue", fontsize=9)
        whole_numbers(ax.yaxis)
    time_axis(ax)
    grid(ax, "y")
    legend(ax)
    never = int(np.isnan(numbers).sum())
    return finish(
        ax, what_if, "A line ends where a deposit would wait longer than was looked ahead" if never else ""
    )


def _unit(seconds: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[int, str]:
    """What to count waits in."""
    longest = float(np.nanmax(seconds, initial=0.0))
    return next(((size, name) for size, name in _UNITS if longest >= 2 * size), _UNITS[-1])


def activation_calendar(
    forecast: pd.DataFrame, attester: str | None = None, *, ax: Axes | None = None
) -> Axes:
    """When each deposit of the entry queue is activated: at the earliest, and as is to be expected.

    Args:
        forecast: as ``net.activation_forecast()`` gives it.
        attester: one to point at, any case.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no address, one that is not in the table, or no such table.
    """
    needed = ("position", "attester", "fails_because", "earliest_at", "expected_at")
    check_columns(forecast, needed, "net.activation_forecast()")
    chosen = None
    if attester is not None:
        address = parse_address(attester)
        found = forecast[forecast["attester"] == address]
        if found.empty:
            raise InputError("this attester does not wait in the queue", attester=address)
        chosen = found.iloc[0]
    ax = open_axes(ax, "When deposits are activated")
    if forecast.empty:
        return blank(ax, forecast, "The entry queue is empty")
    enter = forecast[forecast["earliest_at"].notna()]
    ends = [enter["earliest_at"], enter["expected_at"]]
    knows_expected = bool(enter["expected_at"].notna().any())
    earliest, expected = (days(column) for column in ends)
    places = enter["position"].to_numpy(dtype=float) + 1
    if knows_expected:
        ax.fill_betweenx(places, earliest, expected, color=BLUE.colour, alpha=0.13, linewidth=0)
    few = len(enter) <= _FEW
    ax.plot(
        earliest,
        places,
        label="at the earliest",
        marker=BLUE.marker if few else None,
        markersize=4,
        **BLUE.stroke,
    )
    if knows_expected:
        ax.plot(
            expected,
            places,
            label="expected",
            marker=ORANGE.marker if few else None,
            markersize=4,
            **ORANGE.stroke,
        )
    refused = forecast["fails_because"].notna().to_numpy(dtype=bool)
    if refused.any():
        # It leaves the queue with its money when its turn comes: not before the one in front of it.
        turns = pd.Series(days(forecast["earliest_at"])).ffill().bfill().fillna(as_of_day(forecast) or 0.0)
        ax.plot(
            turns[refused].to_numpy(),
            forecast[refused]["position"].to_numpy(dtype=float) + 1,
            label="refunded in its turn",
            color=BLACK.colour,
            marker="x",
            linestyle="none",
            markersize=6,
        )
    ax.set_ylim(len(forecast) + 0.5, 0.5)
    ax.margins(x=0.06)
    ax.set_ylabel("place in the entry queue, 1 is next", fontsize=9)
    whole_numbers(ax.yaxis)
    time_axis(ax)
    grid(ax, "both")
    legend(ax)
    if chosen is not None:
        _point_at(ax, chosen)
    unknown = "How soon deposits are flushed is not known yet, so nothing is expected"
    return finish(ax, forecast, "" if knows_expected or enter.empty else unknown)


def _point_at(ax: Axes, row: pd.Series[Any]) -> None:
    """Say of one deposit what the picture shows of it: in the corner that the curve never enters."""
    place = int(row["position"]) + 1
    lines = [f"{short_name(str(row['attester']))}, place {place}"]
    at = ax.get_xlim()[0]
    if pd.isna(row["earliest_at"]):
        lines.append(f"refunded: {row['fails_because']}")
    else:
        at = float(days(pd.Series([row["earliest_at"]]))[0])
        lines.append(f"earliest {row['earliest_at']:%d %b %H:%M} UTC")
    if not pd.isna(row["expected_at"]):
        lines.append(f"expected {row['expected_at']:%d %b %H:%M} UTC")
    ax.axhline(place, color=INK, linewidth=0.7, linestyle=(0, (2, 2)))
    ax.annotate(
        "\n".join(lines),
        xy=(at, place),
        xytext=(0.03, 0.06),
        textcoords="axes fraction",
        ha="left",
        va="bottom",
        fontsize=9,
        color=INK,
        arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.0, "shrinkB": 4},
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.9},
    )
