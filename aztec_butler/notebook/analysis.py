"""Figures of tables that are there already: who holds the stake of these attesters, and how concentrated it is.

::

    import aztec_butler as ab

    attesters = net.attesters()
    ab.analysis.concentration(attesters, by="provider")
    ab.analysis.holders(attesters[attesters.rollup_version == 1], by="staker")

What goes in is a table as a network gives it, or a part of it, or one that was kept; nobody is asked for anything. Amounts are
added up exactly, and become floats at the very end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs
import pandas as pd

from aztec_butler.core.committee_odds import CommitteeOdds
from aztec_butler.core.committee_odds import committee_odds as _committee_odds
from aztec_butler.core.concentration import Holdings
from aztec_butler.core.concentration_figures import LARGEST, ConcentrationTerms, Figure, Figures, figure_rows
from aztec_butler.core.concentration_holders import (
    Holder,
    group_stakes,
    holders_of,
    parse_by,
    parse_bys,
)
from aztec_butler.core.errors import InputError
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.marginal_reward import YEAR_SECONDS
from aztec_butler.core.records import unit
from aztec_butler.notebook.frames import to_frame
from aztec_butler.notebook.risk_tables import exits_by_time, slash_losses
from aztec_butler.notebook.staked_rows import facts_of, validating_rows

__all__ = ["committee_odds", "concentration", "exits_by_time", "holders", "lorenz", "slash_losses"]

_MAINNET_EPOCH_SECONDS = 2_304
_Levels: TypeAlias = str | Sequence[str]


def holders(attesters: pd.DataFrame, by: _Levels = "provider") -> pd.DataFrame:
    """Who holds the stake of a table of attesters, the largest first.

    Args:
        attesters: as ``net.attesters()`` gives it, or a part of it; those that validate count.
        by: who is taken for one holder: ``attester``, ``withdrawer``, ``staker`` or ``provider``; several for a table of
            each. Who staked directly is its own staker and provider, by its withdrawer's address.

    Returns:
        One row per holder. Columns: ``core.concentration_holders.Holder``.

    Raises:
        InputError: no such level, or no table of attesters.
    """
    bys = parse_bys(by)
    rows = validating_rows(attesters)
    return to_frame(
        (each for level in bys for each in holders_of(rows, level)), Holder, facts=facts_of(attesters)
    )


def concentration(
    attesters: pd.DataFrame,
    by: _Levels = "provider",
    *,
    committee_size: int | None = None,
    slashing_quorum: int | None = None,
    slashing_round_size: int | None = None,
) -> pd.DataFrame:
    """How concentrated the stake of a table of attesters is.

    Nakamoto coefficients at named thresholds, Herfindahl-Hirschman index on both scales, effective number of holders, Gini
    coefficient, shares of the largest. Each row says what it stands for. ``net.concentration()`` reads the quorums from the
    chain; here those are left out that are not given.

    Args:
        attesters: as for ``holders``.
        by: as for ``holders``.
        committee_size: of a committee, 48 on mainnet.
        slashing_quorum: votes that a slash needs, 65 on mainnet.
        slashing_round_size: slots of a slashing round, 128 on mainnet.

    Returns:
        One row per figure, level by level. Columns: ``core.concentration_figures.Figure``.

    Raises:
        InputError: no such level, no table of attesters, nobody validates, or a quorum without its round.
    """
    bys = parse_bys(by)
    terms = ConcentrationTerms(
        committee_size=committee_size,
        slashing_quorum=slashing_quorum,
        slashing_round_size=slashing_round_size,
    )
    rows = validating_rows(attesters)
    found: list[Figure] = []
    for level in bys:
        amounts = [stake_wei for _, stake_wei in group_stakes(rows, level).values()]
        found += figure_rows(level, Figures.of(Holdings.of(amounts), terms.thresholds, LARGEST), terms)
    return to_frame(found, Figure, facts=facts_of(attesters))


def committee_odds(
    attesters: pd.DataFrame,
    by: _Levels = "provider",
    *,
    committee_size: int,
    epoch_seconds: int = _MAINNET_EPOCH_SECONDS,
) -> pd.DataFrame:
    """How likely each holder has a third, or the quorum, of a committee that is drawn from a table of attesters.

    Args:
        attesters: the set of one rollup, as for ``holders``.
        by: as for ``holders``.
        committee_size: of a committee, 48 on mainnet.
        epoch_seconds: of an epoch, for the chances of a year.

    Returns:
        One row per holder, the one with the most attesters first. Columns: ``core.committee_odds.CommitteeOdds``.

    Raises:
        InputError: no such level, no table of attesters, attesters of several rollups, or fewer than a committee has.
    """
    bys = parse_bys(by)
    rows = validating_rows(attesters)
    if "rollup_version" in attesters.columns:
        validating = attesters[attesters["lifecycle"].astype("string") == Lifecycle.VALIDATING.value]
        versions = validating["rollup_version"].dropna().unique()
        if len(versions) > 1:
            raise InputError(
                "committees are drawn from the set of one rollup",
                hint="attesters[attesters.rollup_version == ...]",
                rollup_versions=", ".join(map(str, sorted(versions))),
            )
    return to_frame(
        (
            each
            for level in bys
            for each in _committee_odds(
                rows,
                level,
                committee_size=committee_size,
                epochs_in_a_year=YEAR_SECONDS // max(epoch_seconds, 1),
            )
        ),
        CommitteeOdds,
        facts=facts_of(attesters),
    )


@attrs.frozen(kw_only=True)
class LorenzPoint:
    """One point of a Lorenz curve."""

    holders_share: float = unit("ratio")
    """So large a part of the holders, those with the least, ..."""
    stake_share: float = unit("ratio")
    """... has this part of the stake."""


def lorenz(attesters: pd.DataFrame, by: str = "provider") -> pd.DataFrame:
    """The Lorenz curve of the stake of a table of attesters; the Gini coefficient is twice its distance from the diagonal.

    Args:
        attesters: as for ``holders``.
        by: as for ``holders``, one level.

    Returns:
        One row per point, from (0, 0) to (1, 1). Columns: ``LorenzPoint``.

    Raises:
        InputError: no such level, no table of attesters, or nobody validates.
    """
    level = parse_by(by)
    grouped = group_stakes(validating_rows(attesters), level)
    amounts = Holdings.of(stake_wei for _, stake_wei in grouped.values()).amounts[::-1]
    total, held = sum(amounts), 0
    points = [LorenzPoint(holders_share=0.0, stake_share=0.0)]
    for number, amount in enumerate(amounts, start=1):
        held += amount
        points.append(LorenzPoint(holders_share=number / len(amounts), stake_share=held / total))
    return to_frame(points, LorenzPoint, facts=facts_of(attesters))
