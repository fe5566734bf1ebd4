"""What the explorer shows: which table, which picture, and which line of Python gives the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs
import pandas as pd
from matplotlib.axes import Axes

from aztec_butler.core.errors import ButlerError
from aztec_butler.notebook import analysis, plots
from aztec_butler.notebook.widgets.asked import AskedNetwork

_BAR_INCHES: Final = 0.3
_MOST_BARS: Final = 18

Tables = Mapping[str, pd.DataFrame | ButlerError]
"""What was read, by view: a table, or why there is none."""


@attrs.frozen(kw_only=True)
class View:
    """One thing to look at.

    Args:
        name: as the list has it.
        read: asks the network for the table.
        code: the same as a line of Python, behind the network.
        columns: of the table, those that are shown.
        nothing: said when it is empty.
        draw: the picture of the rows that are shown; given all rows as well, and the attester that is chosen.
        height: of the picture in inches, for so many rows.
        words: what the picture shows.
    """

    name: str
    read: Callable[[AskedNetwork], pd.DataFrame]
    code: str
    columns: tuple[str, ...]
    nothing: str
    draw: Callable[[pd.DataFrame, pd.DataFrame, str | None, Axes], object]
    height: Callable[[pd.DataFrame], float]
    words: str


def _queue(_: pd.DataFrame, whole: pd.DataFrame, attester: str | None, ax: Axes) -> object:
    # Places count from the head of the whole queue, so the picture always shows all of it.
    is_there = attester is not None and bool((whole["attester"] == attester).any())
    return plots.activation_calendar(whole, attester if is_there else None, ax=ax)


def _bars_inches(rows: pd.DataFrame) -> float:
    holders = min(rows["provider_id"].nunique(dropna=False), _MOST_BARS) if len(rows) else 0
    return max(2.8, 1.7 + _BAR_INCHES * holders)


VIEWS: Final = (
    View(
        name="attesters",
        read=lambda net: net.attesters(),
        code="attesters()",
        columns=(
            "attester",
            "lifecycle",
            "stake_wei",
            "provider_id",
            "rollup_version",
            "queue_position",
            "activated_block",
            "withdrawer",
            "coinbase",
        ),
        nothing="No attester is like this.",
        draw=lambda rows, _, __, ax: plots.attesters_by_lifecycle(rows, ax=ax),
        height=lambda _: 3.3,
        words="How many attesters stand where, from listed by a provider to exited.",
    ),
    View(
        name="stake by provider",
        read=lambda net: net.attesters(),
        code='holders("provider")',
        columns=("rank", "entity", "attesters", "stake_wei", "stake_share", "cumulative_share"),
        nothing="Nobody like this is validating.",
        draw=lambda rows, _, __, ax: plots.stake_by_provider(analysis.holders(rows), ax=ax),
        height=_bars_inches,
        words="A bar for each provider by its active stake, the largest first.",
    ),
    View(
        name="how evenly stake is spread",
        read=lambda net: net.attesters(),
        code='holders("withdrawer")',
        columns=("rank", "entity", "attesters", "stake_wei", "stake_share", "cumulative_share"),
        nothing="Nobody like this is validating.",
        draw=lambda rows, _, __, ax: plots.lorenz_curve(rows, ax=ax),
        height=lambda _: 5.2,
        words="Lorenz curves of stake by provider and by withdrawer: the further below the diagonal, the less even.",
    ),
    View(
        name="entry queue",
        read=lambda net: net.activation_forecast(),
        code="activation_forecast()",
        columns=(
            "position",
            "attester",
            "provider_id",
            "earliest_at",
            "expected_at",
            "fails_because",
            "withdrawer",
        ),
        nothing="No deposit like this waits.",
        draw=_queue,
        height=lambda _: 4.4,
        words="When each place of the entry queue is activated, at the earliest and as is to be expected.",
    ),
    View(
        name="exits",
        read=lambda net: net.exit_calendar(),
        code="exit_calendar()",
        columns=(
            "withdrawable_at",
            "attester",
            "amount_wei",
            "state",
            "next_actor",
            "provider_id",
            "recipient",
        ),
        nothing="Nobody like this is leaving.",
        draw=lambda rows, _, __, ax: plots.exit_calendar(rows, ax=ax),
        height=lambda _: 4.2,
        words="How much stake can be withdrawn from when on.",
    ),
    View(
        name="slashing headroom",
        read=lambda net: net.slashing_what_if(),
        code="slashing_what_if()",
        columns=("attester", "provider_id", "stake_wei", "headroom_wei", "amount_wei", "ejecting_slash"),
        nothing="Nobody like this is in the set.",
        draw=lambda rows, _, __, ax: plots.slashing_headroom(rows, ax=ax),
        height=lambda _: 3.6,
        words="How many slashes in a row put each attester out of the set.",
    ),
)


def tabled(view: View, rows: pd.DataFrame) -> pd.DataFrame:
    """The table below the picture: the rows themselves, or their holders.

    Args:
        view: what is looked at.
        rows: those that are shown.
    """
    if not view.code.startswith("holders"):
        return rows
    return analysis.holders(rows, "withdrawer" if "withdrawer" in view.code else "provider")
