"""Who sits in committees, who is to propose, and who did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.notebook.plots.canvas import blank, finish, legend, open_axes
from aztec_butler.notebook.plots.looks import BLUE, GREEN, INK, ORANGE, PALE
from aztec_butler.notebook.plots.names import short_name
from aztec_butler.notebook.staked_rows import check_columns

_NAMED: Final = 48
"""More rows than these have no room for names."""
_UNNAMED: Final = 30
"""Then the picture is as high as if there were so many."""
_ROW_INCHES: Final = 0.21
_MARKED: Final = 140
"""More columns than these have no room for marks."""
_EPOCHS_NAMED: Final = 12


@attrs.frozen
class _Kind:
    label: str
    colour: str
    marker: str
    """In the cell, beside its colour; nothing for none."""
    ink: str


_SEAT: Final = _Kind("sits in the committee", PALE, "", "none")
_DUTY: Final = _Kind("is to propose", GREEN.colour, "o", "white")
_DONE: Final = _Kind("proposed", BLUE.colour, "", "none")
_MISSED: Final = _Kind("missed", ORANGE.colour, "x", "black")
_KINDS: Final = (_SEAT, _DUTY, _DONE, _MISSED)
"""In a cell their number counts from 1; 0 is nothing."""


def duty_map(
    committees: pd.DataFrame,
    proposers: pd.DataFrame,
    checkpoints: pd.DataFrame | None = None,
    *,
    attesters: str | Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A row for each attester, a column for each slot: who sits in a committee, and who is to propose.

    Args:
        committees: as ``net.committees()`` gives it, of one rollup.
        proposers: as ``net.proposers()`` gives it, for the same epochs.
        checkpoints: as ``net.events("CheckpointProposed")`` gives it, of these epochs at least; then slots that are over
            are told apart into proposed and missed. None for duties alone.
        attesters: of whom to tell, any case; None for everybody with a seat.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no such tables, tables of several rollups or of other epochs, or what is no address.
    """
    check_columns(committees, ("rollup_version", "epoch", "attester"), "net.committees()")
    check_columns(proposers, ("rollup_version", "epoch", "slot", "slot_at", "proposer"), "net.proposers()")
    wanted = None
    if attesters is not None:
        wanted = [parse_address(each) for each in ([attesters] if isinstance(attesters, str) else attesters)]
    _check_alike(committees, proposers)
    slots = proposers.sort_values("slot").reset_index(drop=True)
    people = _people(committees, slots) if wanted is None else list(dict.fromkeys(wanted))
    what = "Who is on duty" if checkpoints is None else "Who was on duty, and who proposed"
    rows = max(len(people), 4) if len(people) <= _NAMED else _UNNAMED
    ax = open_axes(ax, what, size=(8.0, 1.9 + _ROW_INCHES * rows))
    if slots.empty or slots["proposer"].isna().all() or not people:
        return blank(ax, proposers, "There is no committee in these epochs")
    cells = _cells(committees, slots, people, _outcomes(slots, checkpoints))
    _paint(ax, cells)
    _rule(ax, slots, people)
    return finish(ax, proposers)


def _check_alike(committees: pd.DataFrame, proposers: pd.DataFrame) -> None:
    versions = {*committees["rollup_version"], *proposers["rollup_version"]}
    if len(versions) > 1:
        raise InputError(
            "the tables are of several rollups", rollup_versions=", ".join(map(str, sorted(versions)))
        )
    lacking = sorted(set(committees["epoch"]) - set(proposers["epoch"]))
    if lacking:
        raise InputError(
            "there are committees of epochs without proposers",
            epochs=", ".join(map(str, lacking[:5])),
            hint="ask net.committees and net.proposers for the same epochs",
        )


def _people(committees: pd.DataFrame, slots: pd.DataFrame) -> list[str]:
    """Everybody with a duty, in the order of the first."""
    found: dict[str, None] = {}
    seated = dict(iter(committees.groupby("epoch")["attester"]))
    for epoch, proposers in slots.groupby("epoch", sort=True)["proposer"]:
        found |= dict.fromkeys(seated.get(epoch, ()))
        found |= dict.fromkeys(proposers.dropna())  # who opens an escape hatch need not have a seat
    return list(found)


def _outcomes(slots: pd.DataFrame, checkpoints: pd.DataFrame | None) -> list[_Kind]:
    """What each slot is, for its proposer."""
    if checkpoints is None:
        return [_DUTY] * len(slots)
    check_columns(checkpoints, ("block_time", "address"), 'net.events("CheckpointProposed")')
    known = checkpoints
    if slots["rollup_version"].iloc[:1].tolist() == [slots.attrs.get("rollup_version")]:
        known = checkpoints[checkpoints["address"] == slots.attrs.get("rollup")]
    elif len(set(checkpoints["address"])) > 1:
        raise InputError(
            "these checkpoints are of several rollups", hint="keep those of the rollup's address"
        )
    begins = _seconds(slots["slot_at"])
    length = int(np.diff(begins).min()) if len(begins) > 1 else 0
    places = np.searchsorted(begins, times := _seconds(known["block_time"]), side="right") - 1
    proposed = {
        int(at) for at, time in zip(places, times, strict=True) if at >= 0 and time < begins[at] + length
    }
    # A slot that goes on at the table's block may still be proposed in.
    now = min(int(frame.attrs.get("block_timestamp", 0)) for frame in (slots, checkpoints))
    return [
        _DONE if place in proposed else _MISSED if begin + length <= now else _DUTY
        for place, begin in enumerate(begins)
    ]


def _seconds(times: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(times.dt.tz_convert("UTC").to_numpy(dtype="datetime64[s]").astype(np.int64))


def _cells(
    committees: pd.DataFrame, slots: pd.DataFrame, people: list[str], outcomes: list[_Kind]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The number of the kind of each cell, by attester and slot."""
    rows = {person: row for row, person in enumerate(people)}
    columns = {epoch: list(places) for epoch, places in slots.groupby("epoch").groups.items()}
    cells = np.zeros((len(people), len(slots)), dtype=np.int64)
    for epoch, attester in zip(committees["epoch"], committees["attester"], strict=True):
        if attester in rows:
            cells[rows[attester], columns[epoch]] = 1 + _KINDS.index(_SEAT)
    for column, (proposer, outcome) in enumerate(zip(slots["proposer"], outcomes, strict=True)):
        if not pd.isna(proposer) and proposer in rows:
            cells[rows[proposer], column] = 1 + _KINDS.index(outcome)
    return cells


def _paint(ax: Axes, cells: np.ndarray[Any, np.dtype[np.int64]]) -> None:
    colours = ListedColormap(["white", *(kind.colour for kind in _KINDS)])
    height, width = cells.shape
    few = height <= _NAMED and width <= _MARKED
    ax.pcolormesh(
        np.arange(width + 1) - 0.5,
        np.arange(height + 1) - 0.5,
        cells,
        cmap=colours,
        vmin=-0.5,
        vmax=len(_KINDS) + 0.5,
        edgecolors="white" if few else "none",
        linewidth=1.0 if few else 0,
    )
    handles: list[tuple[_Kind, dict[str, Any]]] = []
    for number, kind in enumerate(_KINDS, start=1):
        where = np.argwhere(cells == number)
        if not len(where):
            continue
        mark: dict[str, Any] = {
            "marker": kind.marker or "none",
            "markeredgecolor": kind.ink,
            "markerfacecolor": "none",
        }
        if few and kind.marker:
            ax.plot(where[:, 1], where[:, 0], linestyle="none", markersize=5, markeredgewidth=1.4, **mark)
        handles.append((kind, mark))
    shown: list[Any] = [
        (Patch(facecolor=kind.colour), Line2D([], [], linestyle="none", **mark)) for kind, mark in handles
    ]
    legend(ax, shown, [kind.label for kind, _ in handles])
    ax.set_ylim(height - 0.5, -0.5)
    ax.set_xlim(-0.5, width - 0.5)


def _rule(ax: Axes, slots: pd.DataFrame, people: list[str]) -> None:
    """Epochs apart, and names where there is room for them."""
    firsts = slots.drop_duplicates("epoch")
    for place in firsts.index[1:]:
        ax.axvline(float(place) - 0.5, color=INK, linewidth=0.7)
    shown = firsts.iloc[:: -(-len(firsts) // _EPOCHS_NAMED)]
    ax.set_xticks(
        [float(place) - 0.5 for place in shown.index],
        [f"{epoch:,}\n{at:%H:%M}" for epoch, at in zip(shown["epoch"], shown["slot_at"], strict=True)],
        ha="left",
    )
    ax.tick_params(axis="both", length=0)
    ax.set_xlabel("slots, by epoch and its beginning (UTC)", fontsize=9)
    if len(people) <= _NAMED:
        ax.set_yticks(range(len(people)), [short_name(person) for person in people])
        ax.tick_params(axis="y", labelsize=8)
    else:
        ax.set_yticks([])
        ax.set_ylabel(f"{len(people):,} attesters, by their first duty", fontsize=9)
