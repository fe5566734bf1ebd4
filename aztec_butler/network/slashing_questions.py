"""What researchers ask about slashing: who votes against whom, what becomes of it, and what would be if."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aztec_butler.network.pinned import PinnedNetwork

if TYPE_CHECKING:
    import pandas as pd

    from aztec_butler.network.slashing import SlashingRecords


class SlashingQuestions(PinnedNetwork):
    """The part of ``Network`` that answers about slashing."""

    def slashing_rounds(self, last: int | None = None) -> pd.DataFrame:
        """Rounds of slashing votes: votes, quorum, who is condemned to what, vetoes, executions and what they took.

        Args:
            last: only so many of the newest rounds of each slasher; None for all.

        Returns:
            One row per round in which somebody voted or that was executed, on every rollup, the oldest first. Columns:
            ``core.slashing_round_rows.SlashingRound``.

        Raises:
            InputError: no number of rounds.
            NodeRefused: events and contracts do not agree.
            NodeError: the node failed.
        """
        from aztec_butler.core.slashing_round_rows import SlashingRound

        records = self.slashing_records()
        return self._frame(records.snapshot, records.rounds(last), SlashingRound)

    def slashing_votes(self, number: int, *, rollup_version: int | None = None) -> pd.DataFrame:
        """What each vote of a round asks for whom.

        Args:
            number: of the round.
            rollup_version: of the rollup; None for the canonical one.

        Returns:
            One row per vote and accused, in the order in which they were cast. Columns: ``core.slashing_tally.CastVote``.

        Raises:
            NotFoundError: there is no such round yet, or the contract does not keep its votes any more.
            NodeError: the node failed.
        """
        from aztec_butler.core.slashing_tally import CastVote

        records = self.slashing_records()
        return self._frame(records.snapshot, records.votes(number, rollup_version), CastVote)

    def slashing_tally(self, number: int, *, rollup_version: int | None = None) -> pd.DataFrame:
        """Whom the votes of a round accuse, how many are missing, and what a quorum takes.

        Args:
            number: of the round.
            rollup_version: of the rollup; None for the canonical one.

        Returns:
            One row per accused seat, in the order of the judged committees. Columns: ``core.slashing_tally.Accusation``.

        Raises:
            NotFoundError: as ``slashing_votes``.
            NodeError: the node failed.
        """
        from aztec_butler.core.slashing_tally import Accusation

        records = self.slashing_records()
        return self._frame(records.snapshot, records.tally(number, rollup_version), Accusation)

    def slashing_what_if(
        self,
        units: int = 1,
        *,
        amount_wei: int | None = None,
        slashes: int = 1,
        attesters: str | Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """What slashes would do to everybody in the set: what they take, and whom they eject.

        Args:
            units: of each slash, 1 to 3: the small, medium or large amount of the attester's rollup.
            amount_wei: of each slash, in place of units.
            slashes: how many in a row each attester gets.
            attesters: whom, one address or several, any case; None for everybody in the set.

        Returns:
            One row per attester. Columns: ``core.slashing_what_if.SlashWhatIf``; ``ejecting_slash`` says which slash of
            the amount ejects it.

        Raises:
            InputError: no such units, amount or number, or what is no address; nothing was asked.
            NotFoundError: nobody has staked on one of them, or its rollup has no usual amounts.
            NodeError: the node failed.
        """
        from aztec_butler.core.slashing_what_if import SlashWhatIf

        records = self.slashing_records()
        rows = records.what_if(units=units, amount_wei=amount_wei, slashes=slashes, attesters=attesters)
        return self._frame(records.snapshot, rows, SlashWhatIf)

    def slashing_records(self) -> SlashingRecords:
        """Answers about slashing as records, at the network's block."""
        from aztec_butler.network.slashing import SlashingRecords

        return SlashingRecords(self._connection, *self._look())
