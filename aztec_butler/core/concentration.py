"""How concentrated stake is: Nakamoto coefficients at named thresholds, Herfindahl-Hirschman index, Gini, shares.

Pure and exact: amounts are integers, results integers and fractions. Who holds nothing is no holder, and where nobody
holds anything there is nothing to measure, which is an error and not a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Final

import attrs

from aztec_butler.core.errors import InputError

HHI_SCALE: Final = 10_000
"""The usual scale of the Herfindahl-Hirschman index: a monopoly has so much."""


@attrs.frozen(kw_only=True)
class Threshold:
    """A part of the whole that gives a power.

    Args:
        name: as tables and metrics call it.
        share: of the whole, more than 0 and at most 1.
        is_strict: whether more than that is needed, and not just that.

    Raises:
        InputError: no part of a whole.
    """

    name: str
    share: Fraction
    is_strict: bool

    def __attrs_post_init__(self) -> None:
        if not 0 < self.share <= 1 or (self.is_strict and self.share == 1):
            raise InputError("a threshold that nobody or everybody reaches", name=self.name, share=self.share)

    def is_reached(self, amount: int, total: int) -> bool:
        """Whether an amount out of a total is enough."""
        needed = self.share * total
        return amount > needed if self.is_strict else amount >= needed


THIRD: Final = Threshold(name="third", share=Fraction(1, 3), is_strict=True)
"""More than a third can halt what needs two thirds."""
HALF: Final = Threshold(name="half", share=Fraction(1, 2), is_strict=True)
"""More than a half."""
TWO_THIRDS: Final = Threshold(name="two_thirds", share=Fraction(2, 3), is_strict=True)
"""More than two thirds."""


def committee_quorum(size: int) -> int:
    """Attestations that a checkpoint needs.

    >>> committee_quorum(48)
    33

    Source: AttestationLib ``verifyAttestations``: ``(committeeSize << 1) / 3 + 1``.
    """
    return 2 * size // 3 + 1


def committee_threshold(size: int) -> Threshold:
    """The part of the stake that on average has a committee's quorum.

    Args:
        size: of a committee.

    >>> committee_threshold(48).share
    Fraction(11, 16)
    """
    return Threshold(name="committee_quorum", share=Fraction(committee_quorum(size), size), is_strict=False)


def slashing_threshold(quorum: int, round_size: int) -> Threshold:
    """The part of the stake that on average has the votes of a slash.

    Args:
        quorum: votes that a slash needs.
        round_size: slots of a round, a vote each.

    >>> slashing_threshold(65, 128).share
    Fraction(65, 128)
    """
    return Threshold(name="slashing_quorum", share=Fraction(quorum, round_size), is_strict=False)


@attrs.frozen(kw_only=True)
class Holdings:
    """What each holder has, the largest first. Make it with ``Holdings.of``."""

    amounts: tuple[int, ...]

    @classmethod
    def of(cls, amounts: Iterable[int]) -> Holdings:
        """Holdings of any order.

        Args:
            amounts: what each has; zeros are left out.

        Raises:
            InputError: a negative amount, or nobody has anything.
        """
        held = sorted((amount for amount in amounts if amount), reverse=True)
        if not held:
            raise InputError("nobody holds anything, so there is no concentration")
        if held[-1] < 0:
            raise InputError("nobody holds less than nothing", amount=held[-1])
        return cls(amounts=tuple(held))

    @property
    def count(self) -> int:
        """Holders."""
        return len(self.amounts)

    @property
    def total(self) -> int:
        """What all of them have."""
        return sum(self.amounts)

    @property
    def hhi(self) -> Fraction:
        """Herfindahl-Hirschman index, the sum of squared shares: 1 / n where all have the same, 1 for a monopoly.

        >>> Holdings.of([1, 1, 1, 1]).hhi, Holdings.of([7]).hhi * HHI_SCALE
        (Fraction(1, 4), Fraction(10000, 1))
        """
        return Fraction(sum(amount * amount for amount in self.amounts), self.total**2)

    @property
    def effective_count(self) -> Fraction:
        """How many equal holders would be as concentrated.

        >>> Holdings.of([1, 1, 1, 1]).effective_count
        Fraction(4, 1)
        """
        return 1 / self.hhi

    @property
    def gini(self) -> Fraction:
        """Gini coefficient: 0 where all have the same, towards 1 the more one of many has.

        >>> Holdings.of([1, 1]).gini, Holdings.of([1, 3]).gini
        (Fraction(0, 1), Fraction(1, 4))
        """
        # Half the mean absolute difference over the mean; with ranks instead of pairs.
        weighted = sum(rank * amount for rank, amount in enumerate(reversed(self.amounts), start=1))
        return Fraction(2 * weighted, self.count * self.total) - Fraction(self.count + 1, self.count)

    def top_share(self, count: int) -> Fraction:
        """What part of the whole so many of the largest have.

        >>> Holdings.of([1, 2, 5]).top_share(2)
        Fraction(7, 8)

        Raises:
            InputError: fewer than one holder.
        """
        if count < 1:
            raise InputError("a share of the largest needs at least one of them", count=count)
        return Fraction(sum(self.amounts[:count]), self.total)

    def nakamoto(self, threshold: Threshold) -> int:
        """The fewest holders that reach a threshold together.

        >>> Holdings.of([40, 30, 20, 10]).nakamoto(HALF)
        2
        """
        total = self.total
        sums: Sequence[int] = list(accumulate(self.amounts))
        return next(number for number, held in enumerate(sums, start=1) if threshold.is_reached(held, total))
