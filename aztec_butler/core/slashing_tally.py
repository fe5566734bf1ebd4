"""The tally of a slashing round: who is accused, by how many votes, and what a quorum takes from whom.

A vote names a number of units, 0 to 3, for every place of the committees that the round judges. A vote for more also is
one for less, and whoever has a quorum loses the largest amount that has one. Epochs in which the escape hatch was open
are not judged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import attrs

from aztec_butler.core.records import unit
from aztec_butler.core.slashing_rounds import SlashingTerms

UNITS = (1, 2, 3)
"""What a vote can ask for, beside nothing: the small, the medium and the large amount."""


@attrs.frozen(kw_only=True)
class Accusation:
    """The votes against one place of a judged committee."""

    round: int
    epoch: int
    """The judged one."""
    seat: int
    """In its committee, from 0."""
    attester: str | None
    """None: nobody sits there, because the committee did not form; with a quorum the round can never be executed."""
    votes: int
    """For any amount."""
    votes_medium: int
    """For the medium amount or more."""
    votes_large: int
    """For the large amount."""
    quorum: int
    votes_missing: int
    """Until something is taken; 0 where there is a quorum."""
    units: int
    """That have a quorum, 0 to 3."""
    amount_wei: int = unit("wei")
    """What the execution asks the rollup to take; 0 without a quorum."""


@attrs.frozen(kw_only=True)
class CastVote:
    """What one vote asks for one attester."""

    round: int
    slot: int
    """In which it was cast."""
    voter: str
    """The proposer of the slot."""
    block_number: int
    epoch: int
    """The judged one."""
    seat: int
    attester: str | None
    """None: nobody sits there."""
    units: int
    """1 to 3."""
    amount_wei: int = unit("wei")
    """What so many units are."""


def units_of_vote(vote: bytes) -> Iterator[tuple[int, int]]:
    """The places that a vote accuses, with the units.

    >>> list(units_of_vote(bytes([0b0000_0111, 0b1100_0000])))
    [(0, 3), (1, 1), (7, 3)]

    Source: TallySlashingProposer.sol ``_processVotes``.
    """
    for index, byte in enumerate(vote):
        for place in range(4):
            units = byte >> 2 * place & 3
            if units:
                yield 4 * index + place, units


def tally(
    round_number: int,
    votes: Iterable[bytes],
    committees: Sequence[Sequence[str]],
    terms: SlashingTerms,
    *,
    first_epoch: int,
    open_hatches: Collection[int] = (),
) -> tuple[Accusation, ...]:
    """Everybody that votes of a round accuse, in the order of the committees.

    Args:
        round_number: of the round.
        votes: as ``getVotes`` returns them.
        committees: judged, in order; empty where there was none.
        terms: of the slasher.
        first_epoch: the first judged one.
        open_hatches: judged epochs in which the escape hatch was open, which nobody is slashed for.

    Source: TallySlashingProposer.sol ``_tally``, ``_determineSlashActions``.
    """
    counts: dict[int, list[int]] = {}
    for vote in votes:
        for place, units in units_of_vote(vote):
            of_place = counts.setdefault(place, [0, 0, 0])
            for lower in range(units):
                of_place[lower] += 1
    found = []
    for place, reached in sorted(counts.items()):
        index, seat = divmod(place, terms.committee_size)
        epoch = first_epoch + index
        if index >= len(committees) or epoch in open_hatches:
            continue
        units = sum(count >= terms.quorum for count in reached)
        found.append(
            Accusation(
                round=round_number,
                epoch=epoch,
                seat=seat,
                attester=_member(committees, index, seat),
                votes=reached[0],
                votes_medium=reached[1],
                votes_large=reached[2],
                quorum=terms.quorum,
                votes_missing=max(terms.quorum - reached[0], 0),
                units=units,
                amount_wei=terms.amounts_wei[units - 1] if units else 0,
            )
        )
    return tuple(found)


def cast_votes(
    round_number: int,
    votes: Iterable[tuple[int, str, int, bytes]],
    committees: Sequence[Sequence[str]],
    terms: SlashingTerms,
    *,
    first_epoch: int,
) -> tuple[CastVote, ...]:
    """What each vote asks for whom, in the order in which they were cast.

    Args:
        round_number: of the round.
        votes: of each the slot, the voter, the block and the votes as ``getVotes`` returns them.
        committees: judged, in order; empty where there was none.
        terms: of the slasher.
        first_epoch: the first judged one.
    """
    return tuple(
        CastVote(
            round=round_number,
            slot=slot,
            voter=voter,
            block_number=block_number,
            epoch=first_epoch + place // terms.committee_size,
            seat=place % terms.committee_size,
            attester=_member(committees, *divmod(place, terms.committee_size)),
            units=units,
            amount_wei=terms.amounts_wei[units - 1],
        )
        for slot, voter, block_number, vote in votes
        for place, units in units_of_vote(vote)
    )


def _member(committees: Sequence[Sequence[str]], index: int, seat: int) -> str | None:
    if index < len(committees) and seat < len(committees[index]):
        return committees[index][seat]
    return None
