"""How likely a holder has so many seats of a committee: exact, with integers and fractions.

A committee is drawn from the attesters of the set without replacement, and every attester counts once, whatever its
stake. So the seats of a holder are distributed hypergeometrically. Draws of different epochs are independent as long as
the set stays the same.

Source: SampleLib.sol ``computeCommittee``, ValidatorSelectionLib.sol ``sampleValidatorsIndices``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

import attrs

from aztec_butler.core.concentration import committee_quorum
from aztec_butler.core.concentration_holders import By, Staked, entity_name, group_stakes
from aztec_butler.core.errors import InputError
from aztec_butler.core.records import unit


def committee_third(size: int) -> int:
    """Members that can keep a committee from its quorum by not signing: a third, rounded up.

    >>> committee_third(48)
    16

    Source: as ``committee_quorum``.
    """
    return size - committee_quorum(size) + 1


def seat_chances(*, held: int, total: int, size: int) -> tuple[Fraction, ...]:
    """The chances of 0, 1, ... ``size`` seats in one committee; their sum is 1.

    Args:
        held: attesters of the holder, of those in the set.
        total: attesters in the set.
        size: of the committee.

    >>> seat_chances(held=1, total=3, size=1)
    (Fraction(2, 3), Fraction(1, 3))

    Raises:
        InputError: no committee can be drawn: the set is smaller, or somebody has more than all.
    """
    _check(held, total, size)
    ways = math.comb(total, size)
    return tuple(
        Fraction(math.comb(held, seats) * math.comb(total - held, size - seats), ways)
        for seats in range(size + 1)
    )


def chance_of_seats(seats: int, *, held: int, total: int, size: int) -> Fraction:
    """The chance of at least so many seats in one committee.

    Args:
        seats: that are wanted.
        held: attesters of the holder, of those in the set.
        total: attesters in the set.
        size: of the committee.

    >>> chance_of_seats(2, held=3, total=6, size=2)
    Fraction(1, 5)

    Raises:
        InputError: as ``seat_chances``.
    """
    _check(held, total, size)
    ways = sum(
        math.comb(held, count) * math.comb(total - held, size - count)
        for count in range(max(seats, 0), min(held, size) + 1)
    )
    return Fraction(ways, math.comb(total, size))


def expected_seats(*, held: int, total: int, size: int) -> Fraction:
    """How many seats of a committee a holder has on average.

    >>> expected_seats(held=400, total=4_000, size=48)
    Fraction(24, 5)

    Raises:
        InputError: as ``seat_chances``.
    """
    _check(held, total, size)
    return Fraction(size * held, total)


def chance_within(chance: Fraction, epochs: int) -> float:
    """The chance that what happens in an epoch with some chance happens in one of so many.

    To look at: computed with logarithms, because the exact fraction has millions of digits.

    >>> chance_within(Fraction(1, 2), 2)
    0.75
    """
    near = float(chance)
    if near == 1:
        return 1.0 if epochs else 0.0
    return -math.expm1(epochs * math.log1p(-near))


@attrs.frozen(kw_only=True)
class CommitteeOdds:
    """How likely one holder decides about a committee."""

    by: By
    entity: str
    provider_id: int | None
    """None where the holder is no provider."""
    attesters: int
    """Its attesters in the set."""
    set_size: int
    committee_size: int
    expected_seats: float
    """Per committee."""
    third_seats: int
    """So many members can keep a committee from its quorum."""
    third_chance: float = unit("ratio")
    """That the holder has them in one epoch's committee."""
    third_chance_in_a_year: float = unit("ratio")
    """In at least one of a year's committees, while the set stays as it is."""
    quorum_seats: int
    """So many members are a committee's quorum."""
    quorum_chance: float = unit("ratio")
    quorum_chance_in_a_year: float = unit("ratio")


def committee_odds(
    rows: Iterable[Staked], by: By, *, committee_size: int, epochs_in_a_year: int
) -> tuple[CommitteeOdds, ...]:
    """How likely each holder decides about committees, the one with the most attesters first.

    Args:
        rows: attesters in the set of one rollup.
        by: who is taken for one holder.
        committee_size: of a committee.
        epochs_in_a_year: of the rollup.

    Raises:
        InputError: the set is smaller than a committee.
    """
    grouped = group_stakes(rows, by)
    total = sum(count for count, _ in grouped.values())
    third, quorum = committee_third(committee_size), committee_quorum(committee_size)
    chances: dict[int, tuple[Fraction, Fraction]] = {}
    found = []
    for entity, (held, _) in sorted(grouped.items(), key=lambda item: (-item[1][0], str(item[0]))):
        if held not in chances:  # most holders have one attester
            chances[held] = (
                chance_of_seats(third, held=held, total=total, size=committee_size),
                chance_of_seats(quorum, held=held, total=total, size=committee_size),
            )
        of_third, of_quorum = chances[held]
        found.append(
            CommitteeOdds(
                by=by,
                entity=entity_name(entity),
                provider_id=entity if isinstance(entity, int) else None,
                attesters=held,
                set_size=total,
                committee_size=committee_size,
                expected_seats=float(expected_seats(held=held, total=total, size=committee_size)),
                third_seats=third,
                third_chance=float(of_third),
                third_chance_in_a_year=chance_within(of_third, epochs_in_a_year),
                quorum_seats=quorum,
                quorum_chance=float(of_quorum),
                quorum_chance_in_a_year=chance_within(of_quorum, epochs_in_a_year),
            )
        )
    return tuple(found)


def _check(held: int, total: int, size: int) -> None:
    if not 0 <= held <= total:
        raise InputError("a holder has some of the attesters in the set", held=held, total=total)
    if not 0 < size <= total:
        raise InputError(
            "no committee can be drawn: the set is smaller than it", attesters=total, committee_size=size
        )
