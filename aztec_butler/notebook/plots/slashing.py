"""Rounds of votes to slash, and how much slashing the set can take."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.core.errors import InputError
from aztec_butler.core.slashing_round_rows import RoundState
from aztec_butler.notebook.plots.amounts import short, tokens
from aztec_butler.notebook.plots.canvas import blank, finish, grid, legend, open_axes, whole_numbers
from aztec_butler.notebook.plots.looks import BARE, BLACK, BLUE, GREEN, INK, ORANGE, YELLOW, Look
from aztec_butler.notebook.staked_rows import check_columns

_STATES: Final[tuple[tuple[tuple[RoundState, ...], str, Look], ...]] = (
    ((RoundState.VOTING,), "votes are being cast", YELLOW),
    ((RoundState.WAITING, RoundState.EXECUTABLE), "over, may yet be executed", ORANGE),
    ((RoundState.EXECUTED,), "executed", BLUE),
    ((RoundState.VETOED,), "vetoed", GREEN),
    ((RoundState.EXPIRED,), "over, never executed", BARE),
)
_MOST_SAID: Final = 12
_LIKE_SMALL: Final = 12


def slashing_rounds(rounds: pd.DataFrame, *, last: int = 40, ax: Axes | None = None) -> Axes:
    """Votes in each slashing round beside the quorum, and what became of it.

    Args:
        rounds: as ``net.slashing_rounds()`` gives it.
        last: so many of the newest rounds.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such table, or no rounds.
    """
    needed = ("rollup_version", "round", "state", "votes", "quorum", "condemned", "slashes", "slashed_wei")
    check_columns(rounds, needed, "net.slashing_rounds()")
    if last < 1:
        raise InputError("a picture needs at least one round", last=last)
    ax = open_axes(ax, "Slashing rounds")
    if rounds.empty:
        return blank(ax, rounds, "Nobody has voted to slash anybody")
    rows = rounds.tail(last).reset_index(drop=True)
    states = rows["state"].astype("string")
    for members, label, look in _STATES:
        some = rows[states.isin([member.value for member in members])]
        if len(some):
            ax.bar(some.index.to_numpy(), some["votes"].to_numpy(dtype=float), 0.7, label=label, **look.area)
    for number, (place, quorum) in enumerate(zip(rows.index, rows["quorum"], strict=True)):
        line = ax.hlines(int(quorum), place - 0.45, place + 0.45, color=BLACK.colour, linewidth=2)
        if not number:
            line.set_label("quorum: votes that condemn an attester")
    highest = 1.25 * max(1, int(rows[["votes", "quorum"]].max().max()))
    if len(rows) <= _MOST_SAID:
        for place, row in rows.iterrows():
            ax.annotate(
                _result(row),
                xy=(float(str(place)), _height(int(row["votes"]), int(row["quorum"]), highest)),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=8,
                color=INK,
            )
    several = len(set(rows["rollup_version"])) > 1
    names = [
        f"{number:,}" + (f"\nv{version}" if several else "")
        for version, number in zip(rows["rollup_version"], rows["round"], strict=True)
    ]
    every = -(-len(rows) // _LIKE_SMALL)
    ax.set_xticks(range(0, len(rows), every), names[::every])
    ax.set_xlim(-max(0.8, (5 - len(rows)) / 2), len(rows) - 1 + max(0.8, (5 - len(rows)) / 2))
    ax.set_ylim(0, highest)
    versions = "" if several else f" on rollup version {rows['rollup_version'].iloc[0]}"
    ax.set_xlabel(f"slashing round{versions}", fontsize=9)
    ax.set_ylabel("votes cast", fontsize=9)
    whole_numbers(ax.yaxis)
    grid(ax, "y")
    legend(ax)
    left_out = len(rounds) - len(rows)
    return finish(ax, rounds, f"{left_out:,} older rounds are not shown" if left_out else "")


def _height(votes: int, quorum: int, highest: float) -> int:
    """Where to write above a bar: above the quorum's line where that would cross the letters."""
    return quorum if votes < quorum < votes + 0.15 * highest else votes


def _result(row: pd.Series[Any]) -> str:
    """What came of a round, in a few words."""
    if not pd.isna(row["slashes"]):
        return f"{int(row['slashes'])} slashed,\n{short(tokens(int(row['slashed_wei'])))} AZTEC"
    if pd.isna(row["condemned"]):
        return ""
    return f"{int(row['condemned'])} condemned"


def slashing_headroom(what_if: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How many slashes in a row each attester of the set can take: those on the left leave first.

    Args:
        what_if: as ``net.slashing_what_if()`` gives it, of one kind of slash.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such table, or slashes of several amounts.
    """
    check_columns(what_if, ("ejecting_slash", "amount_wei", "rollup_version"), "net.slashing_what_if()")
    ax = open_axes(ax, "How many slashes put an attester out")
    if what_if.empty:
        return blank(ax, what_if, "Nobody is in the set")
    amounts = sorted({int(amount) for amount in what_if["amount_wei"]})
    known = what_if["ejecting_slash"].dropna().astype(int)
    counts = known.value_counts().sort_index()
    never = len(what_if) - len(known)
    names = [f"{number:,}" for number in counts.index] + ["never"] * bool(never)
    heights = [*counts.tolist(), never] if never else counts.tolist()
    ax.bar(range(len(heights)), heights, 0.7, **BLUE.area)
    for place, height in enumerate(heights):
        ax.annotate(
            f"{height:,}",
            xy=(place, height),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=INK,
        )
    every = -(-len(names) // _LIKE_SMALL)
    ax.set_xticks(range(0, len(names), every), names[::every])
    ax.set_xlim(-max(0.8, (6 - len(names)) / 2), len(names) - 1 + max(0.8, (6 - len(names)) / 2))
    ax.set_ylim(0, 1.15 * max(heights))
    each = " or ".join(short(tokens(amount)) for amount in amounts)
    ax.set_xlabel(f"slashes of {each} AZTEC in a row until it is ejected", fontsize=9)
    ax.set_ylabel("attesters in the set", fontsize=9)
    whole_numbers(ax.yaxis)
    grid(ax, "y")
    return finish(ax, what_if, f"{len(what_if):,} attesters")
