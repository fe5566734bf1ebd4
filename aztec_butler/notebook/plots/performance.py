"""Slots that were proposed in, and slots that were missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.core.errors import InputError
from aztec_butler.notebook.plots.canvas import blank, finish, grid, legend, open_axes, whole_numbers
from aztec_butler.notebook.plots.looks import BLUE, GREEN, INK, ORANGE, YELLOW, Look
from aztec_butler.notebook.plots.names import provider_name, short_name
from aztec_butler.notebook.staked_rows import check_columns

_FATES: Final[tuple[tuple[str, tuple[str, ...], Look], ...]] = (
    ("proposed and proven", ("proven_slots",), BLUE),
    ("proposed, proof to come", ("pending_slots",), GREEN),
    ("proposed, pruned or invalidated", ("pruned_slots", "invalidated_slots"), YELLOW),
    ("missed", ("missed_slots",), ORANGE),
)
_BAR_INCHES: Final = 0.27


def proposals(
    performance: pd.DataFrame,
    *,
    top: int = 20,
    names: Mapping[int, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """What became of the slots of each attester or provider, those with the most missed slots first.

    Args:
        performance: as ``net.performance()`` gives it, by attester or by provider.
        top: so many rows.
        names: what to call providers, by id.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such table, or no rows.
    """
    columns = [name for _, parts, _ in _FATES for name in parts]
    check_columns(
        performance, ("rollup_version", "provider_id", "proposer_slots", *columns), "net.performance()"
    )
    if top < 1:
        raise InputError("a picture needs at least one bar", top=top)
    whole = performance[performance["proposer_slots"] > 0]
    rows = whole.sort_values(["missed_slots", "proposer_slots"], ascending=False, kind="stable").head(top)
    size = (8.0, max(2.8, 1.9 + _BAR_INCHES * len(rows)))
    ax = open_axes(ax, "Slots proposed in and missed", size=size)
    if rows.empty:
        return blank(ax, performance, "Nobody was to propose")
    below = np.zeros(len(rows))
    for label, parts, look in _FATES:
        widths = rows[list(parts)].sum(axis="columns").to_numpy(dtype=float)
        if widths.any():
            ax.barh(range(len(rows)), widths, height=0.72, left=below, label=label, **look.area)
        below += widths
    for place, (missed, total) in enumerate(zip(rows["missed_slots"], below, strict=True)):
        ax.annotate(
            f"{missed / total:.0%} missed",
            xy=(total, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=INK,
        )
    ax.set_yticks(range(len(rows)), _names(rows, names))
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1.18 * below.max())
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("slots in which it was to propose", fontsize=9)
    whole_numbers(ax.xaxis)
    grid(ax, "x")
    legend(ax)
    left_out = len(whole) - len(rows)
    return finish(ax, performance, f"{left_out:,} with fewer missed slots are not shown" if left_out else "")


def _names(rows: pd.DataFrame, names: Mapping[int, str] | None) -> list[str]:
    several = len(set(rows["rollup_version"])) > 1
    return [
        _name(row, names) + (f", v{row['rollup_version']}" if several else "")
        for row in rows.to_dict("records")
    ]


def _name(row: Mapping[Any, Any], names: Mapping[int, str] | None) -> str:
    if "attester" in row:
        return short_name(row["attester"])
    return "no provider" if pd.isna(row["provider_id"]) else provider_name(int(row["provider_id"]), names)
