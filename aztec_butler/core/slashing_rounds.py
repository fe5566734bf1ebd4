"""Rounds of slashing votes: which are open, which can still be executed, and who is voted against.

Each proposer casts one vote a slot, with two bits for every member of the committees that the round judges: how much to
slash it by, from nothing to the large amount. Whoever gets a quorum of votes loses the largest amount that has one, where
a vote for more also is one for less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import attrs

from aztec_butler.core.records import unit


@attrs.frozen(kw_only=True)
class SlashingTerms:
    """What never changes about one rollup's slashing by vote."""

    proposer: str
    """The contract that tallies."""
    quorum: int
    """Votes that a slash needs."""
    round_size: int
    """Slots of a round."""
    lifetime_in_rounds: int
    """Rounds after its own in which a round can be executed."""
    offset_in_rounds: int
    """Rounds between the one in which is voted and the one that is judged."""
    committee_size: int
    amounts_wei: tuple[int, int, int] = unit("wei")
    """The small, medium and large slash."""

    def round_at(self, slot: int) -> int:
        """The round of a slot.

        Source: TallySlashingProposer.sol ``getCurrentRound``.
        """
        return slot // self.round_size

    def live_rounds(self, current: int) -> range:
        """The rounds that can still slash somebody: those that may be executed yet, and at the end the present one.

        Args:
            current: the present round.

        Source: TallySlashingProposer.sol ``_isRoundReadyToExecute``, ``getSlashTargetEpoch``.
        """
        return range(max(self.offset_in_rounds, current - self.lifetime_in_rounds), current + 1)


def votes_against(
    votes: Iterable[bytes], committees: Sequence[Sequence[str]], committee_size: int
) -> dict[str, int]:
    """How many votes of a round want each member of the judged committees slashed, by any amount.

    A member of several committees is judged in each of them by itself; the most votes count.

    Args:
        votes: as ``getVotes`` returns them: the votes of four members a byte, low bits first.
        committees: judged, in order; empty where there was none.
        committee_size: places of each committee in a vote.

    >>> votes_against([bytes([0b0000_0111]), bytes([0b0000_0100])], [["A", "B"], ["A", "C"]], 2)
    {'A': 1, 'B': 2}

    Source: TallySlashingProposer.sol ``_processVotes``, ``_determineSlashActions``.
    """
    counts: Counter[int] = Counter()
    for vote in votes:
        for index, byte in enumerate(vote):
            if byte:
                counts.update(4 * index + place for place in range(4) if byte >> 2 * place & 3)
    most: dict[str, int] = {}
    for place, count in sorted(counts.items()):
        epoch, member = divmod(place, committee_size)
        if epoch < len(committees) and member < len(committees[epoch]):
            attester = committees[epoch][member]
            most[attester] = max(most.get(attester, 0), count)
    return most
