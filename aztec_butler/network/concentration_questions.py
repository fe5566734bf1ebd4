"""What researchers ask about concentration: who holds the stake, how concentrated it is, and how it was before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from aztec_butler.network.pinned import PinnedNetwork

if TYPE_CHECKING:
    import pandas as pd

    from aztec_butler.network.concentration import ConcentrationRecords


class ConcentrationQuestions(PinnedNetwork):
    """The part of ``Network`` that answers about concentration."""

    def holders(self, by: str | Sequence[str] = "provider") -> pd.DataFrame:
        """Who holds the stake, the largest first; that on older versions of the rollup counts, too.

        Args:
            by: who is taken for one holder: ``attester``, ``withdrawer``, ``staker`` or ``provider``; several for a table
                of each. Who staked directly is its own staker and provider, by its withdrawer's address.

        Returns:
            One row per holder. Columns: ``core.concentration_holders.Holder``.

        Raises:
            InputError: no such level.
        """
        from aztec_butler.core.concentration_holders import Holder, parse_bys

        bys = parse_bys(by)
        records = self.concentration_records()
        return self._frame(records.snapshot, records.holders(bys), Holder)

    def concentration(self, by: str | Sequence[str] = "provider") -> pd.DataFrame:
        """How concentrated the stake is: Nakamoto coefficients, HHI, Gini, effective number, shares of the largest.

        Every Nakamoto coefficient comes with the threshold that it stands for; quorums are those of the canonical rollup.
        The stake is that on all versions of the rollup: ``attrs["attesters_elsewhere"]`` tells how many attesters are in the
        set of another one than the canonical, and so have no part in its quorums. ``aztec_butler.analysis.concentration``
        does the same for any table of attesters, of one rollup for example.

        >>> attesters = net.attesters()  # doctest: +SKIP
        >>> ab.analysis.concentration(attesters[attesters.rollup_version == 2])  # doctest: +SKIP

        Args:
            by: as for ``holders``.

        Returns:
            One row per figure. Columns: ``core.concentration_figures.Figure``.

        Raises:
            InputError: no such level.
            NotFoundError: nobody is validating.
        """
        from aztec_butler.core.concentration_figures import Figure
        from aztec_butler.core.concentration_holders import parse_bys

        bys = parse_bys(by)
        records = self.concentration_records()
        frame = self._with_terms(self._frame(records.snapshot, records.figures(bys), Figure), records)
        frame.attrs["attesters_elsewhere"] = records.elsewhere
        return frame

    def concentration_history(
        self,
        window: str | int | date | timedelta | Sequence[str | int | date | timedelta | None] = "30d",
        step: str | timedelta | None = "1d",
        *,
        by: str | Sequence[str] = "provider",
    ) -> pd.DataFrame:
        """How concentrated the stake was at the end of each step, without an archive node.

        The stake of every attester is replayed from events, slashes and exits included, and agrees with what the
        contracts remember at every step. Quorums are those of the canonical rollup now, so that a line does not jump
        because they changed.

        >>> net.concentration_history("90d").plot("ends_at", "nakamoto_third")  # doctest: +SKIP

        Args:
            window: as for ``history``.
            step: as for ``history``.
            by: as for ``holders``; several for a row of each.

        Returns:
            One row per step and level, level by level. Columns: ``core.concentration_figures.ConcentrationStep``.

        Raises:
            InputError: no window, step or level, or too many steps.
            NotFoundError: the window ends after the network's block.
            NodeRefused: the logs do not agree with the contracts at some step.
            NodeError: the node failed.
        """
        from aztec_butler.core.concentration_figures import ConcentrationStep
        from aztec_butler.core.concentration_holders import parse_bys

        bys = parse_bys(by)
        records = self.concentration_records()
        rows = records.history(window, step, bys)
        return self._with_terms(self._frame(records.snapshot, rows, ConcentrationStep), records)

    def committee_odds(self, by: str | Sequence[str] = "provider") -> pd.DataFrame:
        """How likely each holder has a third, or the quorum, of a committee of the canonical rollup.

        Committees are drawn from the attesters of the set without replacement, each counting once whatever its stake, so
        the chances are exact (hypergeometric); those of a year assume that the set stays as it is.

        Args:
            by: as for ``holders``.

        Returns:
            One row per holder, the one with the most attesters first. Columns: ``core.committee_odds.CommitteeOdds``.

        Raises:
            InputError: no such level, or the set is smaller than a committee.
        """
        from aztec_butler.core.committee_odds import CommitteeOdds
        from aztec_butler.core.concentration_holders import parse_bys

        bys = parse_bys(by)
        records = self.concentration_records()
        return self._frame(records.snapshot, records.odds(bys), CommitteeOdds)

    def concentration_records(self) -> ConcentrationRecords:
        """Answers about concentration as records, at the network's block."""
        from aztec_butler.network.concentration import ConcentrationRecords

        return ConcentrationRecords(self._connection, self.snapshot())

    def _with_terms(self, frame: pd.DataFrame, records: ConcentrationRecords) -> pd.DataFrame:
        terms = records.terms
        frame.attrs |= {
            "committee_size": terms.committee_size,
            "slashing_quorum": terms.slashing_quorum,
            "slashing_round_size": terms.slashing_round_size,
        }
        return frame
