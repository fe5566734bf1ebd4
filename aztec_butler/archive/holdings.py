"""What every attester had at stake at several times, out of the replayed events: exact, as columns of numpy.

Amounts of stake do not fit 64 bits. They are kept as multiples of their greatest common divisor (a thousand tokens, while
slashes are round), and those, where need be, as limbs: digits of as many bits as sums of squares leave room for. So every
figure is a sum of machine integers put together as a Python integer, and none is rounded.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from aztec_butler.core.concentration import Threshold
from aztec_butler.core.concentration_figures import Figures
from aztec_butler.core.concentration_holders import By, Entity, entity_of
from aztec_butler.core.errors import InputError
from aztec_butler.core.history import Outcome, Place, Slash, Stake, StakingHistory

_Ints: TypeAlias = npt.NDArray[np.int64]
_WORD_BITS = 62
"""Bits of a sum that leave room for its sign and one carry."""


@attrs.frozen(kw_only=True, eq=False)
class HoldingsSeries:
    """The stake of every attester at each of several times.

    Args:
        stakes: the deposit that took each attester into the set, in the order of the columns.
        unit_wei: what the amounts are multiples of.
        bits: of a limb.
        limbs: the amounts, lowest limb first: limb, time, attester.
    """

    stakes: tuple[Stake, ...]
    unit_wei: int
    bits: int
    limbs: _Ints

    @classmethod
    def of(cls, history: StakingHistory, cuts: Sequence[int]) -> HoldingsSeries:
        """What the events tell.

        Args:
            history: up to the last time or further.
            cuts: for each time a block, in order: what happened up to that block counts.
        """
        stakes = tuple(stake for stake in history.stakes if stake.outcome is Outcome.ACTIVATED)
        column = {stake.attester: place for place, stake in enumerate(stakes)}
        places, attesters, amounts = [], [], []
        for at, attester, amount_wei in _changes(history):
            row = bisect_left(cuts, at.block_number)
            if row < len(cuts):  # else it happened after the last time
                places.append(row)
                attesters.append(column[attester])
                amounts.append(amount_wei)
        return cls._of_changes(stakes, len(cuts), places, attesters, amounts)

    @classmethod
    def _of_changes(
        cls,
        stakes: tuple[Stake, ...],
        times: int,
        places: list[int],
        attesters: list[int],
        amounts: list[int],
    ) -> HoldingsSeries:
        unit_wei = math.gcd(*amounts) or 1
        bits = (_WORD_BITS - max(len(stakes), 1).bit_length()) // 2
        # Nobody holds more than came in; there are few different amounts, so each is cut into limbs once.
        most = sum(amount for amount in amounts if amount > 0) // unit_wei
        depth = max(1, -(-most.bit_length() // bits))
        different: dict[int, int] = {}
        codes = [different.setdefault(amount, len(different)) for amount in amounts]
        table = np.array(
            [_limbs_of(amount // unit_wei, bits, depth) for amount in different] or np.empty((0, depth)),
            dtype=np.int64,
        )
        limbs = np.zeros((depth, times, len(stakes)), dtype=np.int64)
        at = (np.array(places, dtype=np.intp), np.array(attesters, dtype=np.intp))
        for level in range(depth):
            np.add.at(limbs[level], at, table[np.array(codes, dtype=np.intp), level])
        np.cumsum(limbs, axis=1, out=limbs)
        return cls(stakes=stakes, unit_wei=unit_wei, bits=bits, limbs=_carried(limbs, bits))

    @property
    def times(self) -> int:
        """How many times it has."""
        return int(self.limbs.shape[1])

    def entities(self, by: By) -> tuple[Entity, ...]:
        """Who holds each attester: that is settled with its deposit, once in its life."""
        return tuple(
            entity_of(
                by,
                attester=stake.attester,
                withdrawer=stake.withdrawer,
                staker=None if stake.delegated is None else stake.delegated.staker,
                provider_id=None if stake.delegated is None else stake.delegated.provider_id,
            )
            for stake in self.stakes
        )

    def attester_counts(self) -> list[int]:
        """How many attesters had any stake, at each time."""
        counts: list[int] = np.any(self.limbs != 0, axis=0).sum(axis=1).tolist()
        return counts

    def figures(
        self, by: By, thresholds: Sequence[Threshold], largest: Sequence[int]
    ) -> tuple[Figures | None, ...]:
        """The figures of concentration at each time; None while nobody has any stake.

        Args:
            by: who is taken for one holder.
            thresholds: for which Nakamoto coefficients are wanted.
            largest: sizes of groups of the largest holders.

        Raises:
            InputError: a group of nobody.
        """
        if any(count < 1 for count in largest):
            raise InputError("a share of the largest needs at least one of them", largest=largest)
        held = self.limbs if by is By.ATTESTER else self._grouped(by)
        return tuple(_figures(held, self.unit_wei, self.bits, thresholds, largest))

    def amounts_wei(self, place: int) -> Mapping[str, int]:
        """What every attester had at one time that had any, in wei.

        Args:
            place: of the time among all.
        """
        totals = _whole(self.limbs[:, place, :], self.bits)
        return {
            stake.attester: amount * self.unit_wei
            for stake, amount in zip(self.stakes, totals, strict=True)
            if amount
        }

    def _grouped(self, by: By) -> _Ints:
        """The sums of holders, by their limbs."""
        known: dict[Entity, int] = {}
        codes = np.array(
            [known.setdefault(entity, len(known)) for entity in self.entities(by)], dtype=np.intp
        )
        if not known:
            return self.limbs
        order = np.argsort(codes, kind="stable")
        begins = np.searchsorted(codes[order], np.arange(len(known)))
        return _carried(np.add.reduceat(self.limbs[:, :, order], begins, axis=2), self.bits)


def _changes(history: StakingHistory) -> Iterator[tuple[Place, str, int]]:
    """Where the stake of an attester in the set changed, and by how much."""
    for stake in history.stakes:
        if stake.outcome is Outcome.ACTIVATED and stake.settled is not None:
            yield stake.settled, stake.attester, stake.activated_wei
    for departure in history.departures:
        if not departure.is_ejection:  # of an ejection it is the slash that takes the stake out
            yield departure.initiated, departure.attester, -departure.left_wei
    slash: Slash
    for slash in history.slashes:
        if slash.lost_stake_wei:
            yield slash.log, slash.attester, -slash.lost_stake_wei


def change_places(history: StakingHistory) -> Iterable[Place]:
    """Where on the chain the stake of somebody in the set changed."""
    return (place for place, _, _ in _changes(history))


# ---------------------------------------------------------------------- limbs


def _limbs_of(amount: int, bits: int, depth: int) -> list[int]:
    """The digits of an amount, lowest first; those of a negative one are negative."""
    sign, rest = (-1, -amount) if amount < 0 else (1, amount)
    mask = (1 << bits) - 1
    return [sign * (rest >> level * bits & mask) for level in range(depth)]


def _carried(limbs: _Ints, bits: int) -> _Ints:
    """The same amounts with every limb but the last below its base. The amounts themselves are not negative."""
    for level in range(len(limbs) - 1):
        limbs[level + 1] += limbs[level] >> bits
        limbs[level] &= (1 << bits) - 1
    return limbs


def _whole(limbs: _Ints, bits: int) -> list[int]:
    """Limbs put together as Python integers, along the last axis."""
    totals: list[int] = limbs[-1].tolist()
    for level in range(len(limbs) - 2, -1, -1):
        totals = [(high << bits) + low for high, low in zip(totals, limbs[level].tolist(), strict=True)]
    return totals


def _figures(
    held: _Ints, unit_wei: int, bits: int, thresholds: Sequence[Threshold], largest: Sequence[int]
) -> Iterator[Figures | None]:
    depth, times, width = held.shape
    if width == 0:
        yield from [None] * times
        return
    held = _sorted(held)
    zeros = width - np.any(held != 0, axis=0).sum(axis=1)
    totals = _whole(held.sum(axis=2), bits)
    # The sum of rank times amount, where ranks count those without anything as well, and then not.
    positions = np.arange(1, width + 1, dtype=np.int64)
    ranked = _whole(held @ positions, bits)
    squares = [0] * times
    for low in range(depth):
        for high in range(low, depth):
            products = np.einsum("tn,tn->t", held[low], held[high]).tolist()
            factor = (1 if low == high else 2) << (low + high) * bits
            squares = [known + factor * product for known, product in zip(squares, products, strict=True)]
    # The largest first, and what so many of them have.
    sums = np.cumsum(held[:, :, ::-1], axis=2)
    tops = [_whole(sums[:, :, min(count, width) - 1], bits) for count in largest]
    sums = _carried(sums, bits)
    fewest = [
        _fewest(sums, bits, [_needed(threshold, total) for total in totals]) for threshold in thresholds
    ]
    for place in range(times):
        total, idle = totals[place], int(zeros[place])
        if total == 0:
            yield None
            continue
        yield Figures(
            holders=width - idle,
            total=total * unit_wei,
            squares=squares[place] * unit_wei**2,
            ranked=(ranked[place] - idle * total) * unit_wei,
            nakamoto=tuple(counts[place] for counts in fewest),
            top=tuple(amounts[place] * unit_wei for amounts in tops),
        )


def _sorted(held: _Ints) -> _Ints:
    """Every time's amounts, the smallest first."""
    if len(held) == 1:
        return np.sort(held, axis=2)
    order = np.lexsort(held, axis=-1)
    return np.take_along_axis(held, order[np.newaxis], axis=2)


def _needed(threshold: Threshold, total: int) -> int:
    """The smallest amount that reaches a threshold."""
    above, below = threshold.share.numerator * total, threshold.share.denominator
    return above // below + 1 if threshold.is_strict else -(-above // below)


def _fewest(sums: _Ints, bits: int, needed: Sequence[int]) -> list[int]:
    """For each time the place, from 1, of the first sum that is no less than what is needed."""
    depth = len(sums)
    wanted: Any = np.array([_limbs_of(amount, bits, depth) for amount in needed], dtype=np.int64).T
    is_less = sums[0] < wanted[0][:, np.newaxis]
    for level in range(1, depth):
        bound = wanted[level][:, np.newaxis]
        is_less = (sums[level] < bound) | ((sums[level] == bound) & is_less)
    counts: list[int] = (is_less.sum(axis=1) + 1).tolist()
    return counts
