"""The figures of concentration together: exact, and as the rows of tables that name the threshold each one stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

import attrs

from aztec_butler.core.concentration import (
    HALF,
    HHI_SCALE,
    THIRD,
    TWO_THIRDS,
    Holdings,
    Threshold,
    committee_quorum,
    committee_threshold,
    slashing_threshold,
)
from aztec_butler.core.concentration_holders import By
from aztec_butler.core.errors import InputError
from aztec_butler.core.records import unit

LARGEST: Final = (1, 3, 10)
"""Of so many of the largest holders the share is told."""


@attrs.frozen(kw_only=True)
class ConcentrationTerms:
    """The sizes and quorums by which a part of the stake is a power.

    Args:
        committee_size: of a committee; None to leave it out.
        slashing_quorum: votes that a slash needs; None to leave it out.
        slashing_round_size: slots of a slashing round, a vote each; None together with the quorum.

    Raises:
        InputError: a quorum without its round, or what is none.
    """

    committee_size: int | None = None
    slashing_quorum: int | None = None
    slashing_round_size: int | None = None

    def __attrs_post_init__(self) -> None:
        if (self.slashing_quorum is None) != (self.slashing_round_size is None):
            raise InputError(
                "a slashing quorum is a part of a round: both are needed, or neither",
                slashing_quorum=self.slashing_quorum,
                slashing_round_size=self.slashing_round_size,
            )
        if self.committee_size is not None and self.committee_size < 1:
            raise InputError("a committee has at least one member", committee_size=self.committee_size)
        if self.slashing_round_size is not None and self.slashing_round_size < 1:
            raise InputError("a round has at least one slot", slashing_round_size=self.slashing_round_size)

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """A third, a half and two thirds of the stake, and the quorums that are known."""
        found = [THIRD, HALF, TWO_THIRDS]
        if self.committee_size is not None:
            found.append(committee_threshold(self.committee_size))
        if self.slashing_quorum is not None and self.slashing_round_size is not None:
            found.append(slashing_threshold(self.slashing_quorum, self.slashing_round_size))
        return tuple(found)

    def sentence(self, threshold: Threshold) -> str:
        """What a threshold stands for, in words.

        >>> ConcentrationTerms().sentence(THIRD)
        'more than 1/3 of the stake'
        >>> ConcentrationTerms(committee_size=48).sentence(committee_threshold(48))
        '33/48 of the stake, the quorum of a committee on average'
        """
        if threshold.name == "committee_quorum" and self.committee_size is not None:
            quorum = committee_quorum(self.committee_size)
            return f"{quorum}/{self.committee_size} of the stake, the quorum of a committee on average"
        if threshold.name == "slashing_quorum":
            return f"{self.slashing_quorum}/{self.slashing_round_size} of the stake, the votes of a slash on average"
        return f"{'more than' if threshold.is_strict else 'at least'} {threshold.share} of the stake"


@attrs.frozen(kw_only=True)
class Figures:
    """The exact figures of some holdings: integers, from which all indices follow.

    Args:
        holders: that have any.
        total: what all of them have.
        squares: the sum of squared amounts.
        ranked: the sum of rank times amount, 1 for the smallest.
        nakamoto: for each threshold the fewest holders that reach it together.
        top: for each size what so many of the largest have.
    """

    holders: int
    total: int
    squares: int
    ranked: int
    nakamoto: tuple[int, ...]
    top: tuple[int, ...]

    @classmethod
    def of(cls, holdings: Holdings, thresholds: Sequence[Threshold], largest: Sequence[int]) -> Figures:
        """The figures of holdings."""
        amounts = holdings.amounts
        return cls(
            holders=holdings.count,
            total=holdings.total,
            squares=sum(amount * amount for amount in amounts),
            ranked=sum(rank * amount for rank, amount in enumerate(reversed(amounts), start=1)),
            nakamoto=tuple(holdings.nakamoto(threshold) for threshold in thresholds),
            top=tuple(sum(amounts[:count]) for count in largest),
        )

    @property
    def hhi(self) -> Fraction:
        """As ``Holdings.hhi``."""
        return Fraction(self.squares, self.total**2)

    @property
    def gini(self) -> Fraction:
        """As ``Holdings.gini``."""
        return Fraction(self._gini_parts[0], self._gini_parts[1])

    @property
    def _gini_parts(self) -> tuple[int, int]:
        return 2 * self.ranked - (self.holders + 1) * self.total, self.holders * self.total

    # Python divides integers of any size to the nearest float.

    @property
    def hhi_ratio(self) -> float:
        """``hhi`` to look at."""
        return self.squares / self.total**2

    @property
    def effective_holders(self) -> float:
        """1 / HHI to look at."""
        return self.total**2 / self.squares

    @property
    def gini_ratio(self) -> float:
        """``gini`` to look at."""
        above, below = self._gini_parts
        return above / below


@attrs.frozen(kw_only=True)
class Figure:
    """One figure of concentration."""

    by: By
    """Who is taken for one holder."""
    figure: str
    """``holders``, ``nakamoto``, ``hhi``, ``hhi_points``, ``effective_holders``, ``gini`` or ``top_share``."""
    threshold: str | None
    """What a Nakamoto coefficient counts up to, or whose share it is; None for the others."""
    value: float
    """Counts are exact, ratios lie between 0 and 1, points between 0 and 10 000."""
    meaning: str


def figure_rows(
    by: By, figures: Figures, terms: ConcentrationTerms, largest: Sequence[int] = LARGEST
) -> tuple[Figure, ...]:
    """The figures as rows, each with what it means.

    Args:
        by: who is taken for one holder.
        figures: made with the thresholds of ``terms`` and these sizes.
        terms: sizes and quorums.
        largest: the sizes.
    """

    def rows() -> Iterator[tuple[str, str | None, float, str]]:
        yield "holders", None, figures.holders, "who has any stake"
        for threshold, count in zip(terms.thresholds, figures.nakamoto, strict=True):
            told = terms.sentence(threshold)
            yield "nakamoto", told, count, f"the fewest that together have {told}"
        yield "hhi", None, figures.hhi_ratio, "sum of squared shares: 1 is a monopoly"
        yield "hhi_points", None, figures.hhi_ratio * HHI_SCALE, "the same, of 10 000"
        yield (
            "effective_holders",
            None,
            figures.effective_holders,
            "equal holders that were as concentrated: 1 / HHI",
        )
        yield "gini", None, figures.gini_ratio, "0 where all have the same, towards 1 for one of many"
        for count, amount in zip(largest, figures.top, strict=True):
            whose = "the largest" if count == 1 else f"the {count} largest"
            yield (
                "top_share",
                whose,
                amount / figures.total,
                f"what {whose} {'has' if count == 1 else 'have'} of the stake",
            )

    return tuple(
        Figure(by=by, figure=name, threshold=threshold, value=float(value), meaning=meaning)
        for name, threshold, value, meaning in rows()
    )


@attrs.frozen(kw_only=True)
class ConcentrationStep:
    """How concentrated stake was at one time; where nobody had any, nothing but that is known."""

    ends_at: int = unit("s")
    """Of the step; what happened at this very second is counted."""
    by: By
    holders: int
    attesters: int
    """In the validator set of any rollup."""
    stake_wei: int = unit("wei")
    nakamoto_third: int | None
    """The fewest holders that have more than 1/3 of the stake together; None while nobody has any, as in all below."""
    nakamoto_half: int | None
    nakamoto_two_thirds: int | None
    nakamoto_committee_quorum: int | None
    """The fewest that have ``committee_quorum / committee_size`` of the stake."""
    nakamoto_slashing_quorum: int | None
    """The fewest that have the slashing quorum's part of the stake; None as well where no votes decide about slashes."""
    hhi: float | None
    """The sum of squared shares."""
    hhi_points: float | None
    """The same, of 10 000."""
    effective_holders: float | None
    gini: float | None
    top_1_share: float | None = unit("ratio")
    top_3_share: float | None = unit("ratio")
    top_10_share: float | None = unit("ratio")


def concentration_step(
    ends_at: int,
    by: By,
    figures: Figures | None,
    *,
    attesters: int,
    terms: ConcentrationTerms,
) -> ConcentrationStep:
    """The figures of one time as a row.

    Args:
        ends_at: the time, in Unix seconds.
        by: who is taken for one holder.
        figures: made with the thresholds of ``terms`` and ``LARGEST``; None while nobody has any stake.
        attesters: in the set.
        terms: sizes and quorums.
    """
    names = [threshold.name for threshold in terms.thresholds]
    nakamoto: dict[str, int] = {}
    top: dict[int, float] = {}
    if figures is not None:
        nakamoto = dict(zip(names, figures.nakamoto, strict=True))
        top = {count: amount / figures.total for count, amount in zip(LARGEST, figures.top, strict=True)}
    return ConcentrationStep(
        ends_at=ends_at,
        by=by,
        holders=figures.holders if figures is not None else 0,
        attesters=attesters,
        stake_wei=figures.total if figures is not None else 0,
        nakamoto_third=nakamoto.get("third"),
        nakamoto_half=nakamoto.get("half"),
        nakamoto_two_thirds=nakamoto.get("two_thirds"),
        nakamoto_committee_quorum=nakamoto.get("committee_quorum"),
        nakamoto_slashing_quorum=nakamoto.get("slashing_quorum"),
        hhi=figures.hhi_ratio if figures is not None else None,
        hhi_points=figures.hhi_ratio * HHI_SCALE if figures is not None else None,
        effective_holders=figures.effective_holders if figures is not None else None,
        gini=figures.gini_ratio if figures is not None else None,
        top_1_share=top.get(1),
        top_3_share=top.get(3),
        top_10_share=top.get(10),
    )
