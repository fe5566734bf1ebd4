"""Whose the stake is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.core.errors import InputError
from aztec_butler.notebook.plots.amounts import percent, short, token_axis, tokens, total_wei
from aztec_butler.notebook.plots.canvas import blank, finish, grid, legend, open_axes
from aztec_butler.notebook.plots.looks import BLUE, GREEN, INK, ORANGE, Look
from aztec_butler.notebook.plots.names import provider_name
from aztec_butler.notebook.staked_rows import check_columns

_TITLE: Final = "Stake by provider"
_BAR_INCHES: Final = 0.3


@attrs.frozen
class _Bar:
    name: str
    stake_wei: int
    attesters: int
    kind: str
    look: Look


def stake_by_provider(
    holders: pd.DataFrame,
    *,
    top: int = 15,
    names: Mapping[int, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A bar for each provider by its active stake, the largest first; those who staked directly share one.

    Args:
        holders: as ``net.holders()`` gives it, or ``ab.analysis.holders(attesters)``: of the level ``provider``.
        top: so many providers have a bar of their own, the others share one.
        names: what to call providers, by id.
        ax: where to draw; None for a new figure.

    Raises:
        InputError: no table of holders by provider, or no bars.
    """
    check_columns(holders, ("by", "provider_id", "stake_wei", "attesters"), "net.holders()")
    if top < 1:
        raise InputError("a picture needs at least one bar", top=top)
    if set(holders["by"].astype("string")) - {"provider"}:
        raise InputError("these are holders of another level", hint='net.holders("provider")')
    bars = _bars(holders, top, names)
    ax = open_axes(ax, _TITLE, size=(8.0, max(2.6, 1.6 + _BAR_INCHES * len(bars))))
    if not bars:
        return blank(ax, holders, "Nobody is validating")
    whole = sum(bar.stake_wei for bar in bars)
    told: set[str] = set()
    for place, bar in enumerate(bars):
        width = tokens(bar.stake_wei)
        ax.barh(place, width, height=0.72, label=None if bar.kind in told else bar.kind, **bar.look.area)
        told.add(bar.kind)
        text = f"{short(width)}, {percent(bar.stake_wei / whole)}, {bar.attesters:,} attester{'s' * (bar.attesters != 1)}"
        ax.annotate(
            text,
            xy=(width, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=INK,
        )
    ax.set_yticks(range(len(bars)), [bar.name for bar in bars])
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.set_xlim(0, 1.42 * max(tokens(bar.stake_wei) for bar in bars))
    ax.tick_params(axis="y", length=0)
    token_axis(ax.xaxis, "active stake")
    grid(ax, "x")
    if len(told) > 1:
        legend(ax)
    return finish(
        ax, holders, f"{short(tokens(whole))} AZTEC of {sum(bar.attesters for bar in bars):,} attesters"
    )


def _bars(holders: pd.DataFrame, top: int, names: Mapping[int, str] | None) -> list[_Bar]:
    """From the largest provider to the smallest, then what is put together."""
    is_provider = holders["provider_id"].notna()
    ranked = sorted(
        (
            (int(stake), int(provider_id), int(attesters))
            for provider_id, stake, attesters in zip(
                *(holders[is_provider][name] for name in ("provider_id", "stake_wei", "attesters")),
                strict=True,
            )
        ),
        key=lambda row: (-row[0], row[1]),
    )
    # One that is left over has room for a bar of its own.
    shown = ranked if len(ranked) <= top + 1 else ranked[:top]
    rest = ranked[len(shown) :]
    bars = [_Bar(provider_name(id_, names), stake, count, "a provider", BLUE) for stake, id_, count in shown]
    if rest:
        bars.append(
            _Bar(
                f"{len(rest):,} other providers",
                sum(stake for stake, _, _ in rest),
                sum(count for _, _, count in rest),
                "providers together",
                GREEN,
            )
        )
    direct = holders[~is_provider]
    if len(direct):
        owners = f"{len(direct):,} owner" + ("s" if len(direct) > 1 else "")
        bars.append(
            _Bar(
                f"directly, {owners}",
                total_wei(direct["stake_wei"]),
                int(direct["attesters"].sum()),
                "staked without a provider",
                ORANGE,
            )
        )
    return bars
