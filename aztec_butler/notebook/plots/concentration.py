"""How evenly stake is spread, and how that changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.core.concentration_holders import parse_bys
from aztec_butler.core.errors import InputError
from aztec_butler.notebook import analysis
from aztec_butler.notebook.plots.canvas import blank, finish, grid, legend, open_axes, whole_numbers
from aztec_butler.notebook.plots.looks import FAINT, SERIES
from aztec_butler.notebook.plots.times import days, time_axis
from aztec_butler.notebook.staked_rows import check_columns, validating_rows

_FIGURES: Final = {
    "nakamoto_third": "more than 1/3 of the stake",
    "nakamoto_half": "more than 1/2 of the stake",
    "nakamoto_two_thirds": "more than 2/3 of the stake",
    "nakamoto_committee_quorum": "the quorum of a committee",
    "nakamoto_slashing_quorum": "the quorum of a slashing round",
}
_MOST_MARKED: Final = 60


def lorenz_curve(
    attesters: pd.DataFrame, by: str | Sequence[str] = ("provider", "withdrawer"), *, ax: Axes | None = None
) -> Axes:
    """How much of the stake the smaller holders have: the further below the diagonal, the fewer have the most of it.

    Args:
        attesters: as ``net.attesters()`` gives it, or a part of it; those that validate count.
        by: who is taken for one holder: ``attester``, ``withdrawer``, ``staker``, ``provider``; up to four for a curve of
            each.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such level, or no table of attesters.
    """
    levels = [str(level.value) for level in parse_bys(by)]
    nobody = not validating_rows(attesters)
    ax = open_axes(ax, "How evenly stake is spread", size=(5.8, 5.6))
    if nobody:
        return blank(ax, attesters, "Nobody is validating")
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1.0, linestyle=(0, (1, 2)))
    ax.annotate(
        "all have the same",
        xy=(0.47, 0.47),
        xytext=(-4, 4),
        textcoords="offset points",
        rotation=45,
        rotation_mode="anchor",
        ha="center",
        fontsize=8,
        color=FAINT,
    )
    for level, look in zip(levels, SERIES, strict=False):
        curve = analysis.lorenz(attesters, by=level)
        figures = analysis.concentration(attesters, by=level).set_index("figure")["value"]
        few = len(curve) <= _MOST_MARKED
        ax.plot(
            curve["holders_share"].to_numpy(),
            curve["stake_share"].to_numpy(),
            label=f"by {level} ({len(curve) - 1:,}): Gini {figures['gini']:.2f}",
            marker=look.marker if few else None,
            markersize=4,
            **look.stroke,
        )
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value * 100:.0f}%")
    ax.set_xlabel("part of the holders, those with the least first", fontsize=9)
    ax.set_ylabel("part of the stake that they have", fontsize=9)
    grid(ax, "both")
    legend(ax)
    return finish(ax, attesters)


def concentration_over_time(
    history: pd.DataFrame,
    figures: str | Sequence[str] = ("nakamoto_third", "nakamoto_half", "nakamoto_two_thirds"),
    *,
    by: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How few holders together have so much of the stake, over time: the Nakamoto coefficients.

    Args:
        history: as ``net.concentration_history()`` gives it.
        figures: columns that begin with ``nakamoto``, up to four.
        by: of which level; None where the table has one only.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such figure or level, or no such table.
    """
    wanted = [figures] if isinstance(figures, str) else list(figures)
    if not wanted or len(wanted) > len(SERIES) or set(wanted) - set(_FIGURES):
        raise InputError(
            "these figures are not drawn", figures=wanted, hint=f"up to four of {', '.join(_FIGURES)}"
        )
    check_columns(history, ("ends_at", "by", *wanted), "net.concentration_history()")
    found = sorted(set(history["by"].astype("string")))
    level = by or (found[0] if len(found) == 1 else None)
    if found and level not in found:
        raise InputError("of which level of holders?", by=by, levels=", ".join(found), hint='by="provider"')
    rows = history[history["by"].astype("string") == level]
    drawn = rows[rows[wanted].notna().any(axis="columns")]
    ax = open_axes(ax, f"How few {level or 'holder'}s have so much of the stake")
    if drawn.empty:
        return blank(ax, history, "Nobody was validating")
    at = days(rows["ends_at"])
    for name, look in zip(wanted, SERIES, strict=False):
        ax.step(
            at,
            rows[name].to_numpy(dtype=float, na_value=np.nan),
            where="post",
            label=_FIGURES[name],
            marker=look.marker if len(rows) <= _MOST_MARKED else None,
            markersize=4,
            **look.stroke,
        )
    ax.set_ylim(0, 1.12 * max(1, int(rows[wanted].max().max())))
    ax.set_ylabel(f"fewest {level}s that together have", fontsize=9)
    whole_numbers(ax.yaxis)
    time_axis(ax)
    grid(ax, "y")
    legend(ax)
    return finish(ax, history)
