"""Many multiples of points at once.

A scalar is split into two of half its length with the curve's endomorphism, and both are read in windows of signed
digits. For the two generators every window's multiples stand in a table, so a multiple is a sum of few table entries; the
sums of many scalars are made side by side, because their divisions then cost one together. For any other point the
doublings cannot be saved, only halved.

Nothing here runs in constant time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Generic, TypeVar

from aztec_butler.core.bls import g1, g2
from aztec_butler.core.bls.field import CURVE_PARAMETER, GROUP_ORDER

_X = CURVE_PARAMETER
LAMBDA = 36 * _X**3 + 18 * _X**2 + 6 * _X + 1
"""What ``endomorphism`` multiplies points by: a cube root of one modulo the group's order."""
_HALF_BITS = 127  # a half is below 2^126 in size
_ODD_BITS = 5

_Point = TypeVar("_Point")
_AddAll = Callable[[Sequence[tuple[_Point, _Point]]], list[_Point]]


def split(scalar: int) -> tuple[int, int]:
    """Two integers of half the length, of either sign, with ``first + second * LAMBDA = scalar`` modulo the order.

    Small scalars stay whole.

    >>> split(1234)
    (1234, 0)

    Source: Gallant, Lambert and Vanstone, "Faster point multiplication on elliptic curves with efficient endomorphisms".
    """
    # (a, -b) and (c, a) are short, and multiples of the order in that sense; a*a + b*c is the order itself.
    a, b, c = 2 * _X + 1, 6 * _X**2 + 2 * _X, 6 * _X**2 + 4 * _X + 1
    first = (2 * a * scalar + GROUP_ORDER) // (2 * GROUP_ORDER)
    second = (2 * b * scalar + GROUP_ORDER) // (2 * GROUP_ORDER)
    return scalar - first * a - second * c, first * b - second * a


class Generator(Generic[_Point]):
    """Multiples of one point, from a table.

    Args:
        bits: of a window; every bit more makes the table twice as large and multiples somewhat cheaper.
    """

    def __init__(
        self,
        point: _Point,
        bits: int,
        *,
        add_all: _AddAll[_Point],
        negate: Callable[[_Point], _Point],
        endomorphism: Callable[[_Point], _Point],
    ) -> None:
        self._bits = bits
        self._add_all = add_all
        self._negate = negate
        # Row w holds the multiples 1, 2, ..., 2^(bits-1) of 2^(bits*w) times the point.
        bases = [point]
        for _ in range(_HALF_BITS // bits):
            for _ in range(bits):
                (point,) = add_all([(point, point)])
            bases.append(point)
        rows = [[base] for base in bases]
        for _ in range(bits - 1):
            longer = iter(add_all([(row[-1], point) for row in rows for point in row]))
            for row in rows:
                row.extend([next(longer) for _ in row[:]])
        self._rows = rows
        self._images = [[endomorphism(point) for point in row] for row in rows]

    def multiples(self, scalars: Sequence[int]) -> list[_Point]:
        """The point times each scalar.

        Args:
            scalars: each at least 1 and below the group's order.
        """
        return _sums([self._entries(scalar) for scalar in scalars], self._add_all)

    def _entries(self, scalar: int) -> list[_Point]:
        entries = []
        for half, rows in zip(split(scalar), (self._rows, self._images), strict=True):
            for digit, row in zip(_digits(abs(half), self._bits), rows, strict=False):
                if digit:
                    entry = row[abs(digit) - 1]
                    entries.append(self._negate(entry) if (digit < 0) != (half < 0) else entry)
        return entries


def generators(count: int) -> tuple[Generator[g1.Affine], Generator[g2.Affine]]:
    """The generators of G1 and G2, with tables that pay for so many multiples."""

    def additions(bits: int) -> int:
        rows = _HALF_BITS // bits + 1
        return (rows << (bits - 1)) + 2 * rows * count

    return _generators(min(range(4, 10), key=additions))


@cache
def _generators(bits: int) -> tuple[Generator[g1.Affine], Generator[g2.Affine]]:
    return (
        Generator(g1.GENERATOR, bits, add_all=g1.add_all, negate=g1.negate, endomorphism=g1.endomorphism),
        Generator(g2.GENERATOR, bits, add_all=g2.add_all, negate=g2.negate, endomorphism=g2.endomorphism),
    )


def multiples(points: Sequence[g1.Affine], scalars: Sequence[int]) -> list[g1.Affine]:
    """Each point of G1 times its scalar.

    Args:
        points: none of them the neutral one.
        scalars: as many, each at least 1 and below the group's order.
    """
    # The odd multiples 1, 3, 5, ... of every point.
    odd = [list(points)]
    twice = g1.add_all([(point, point) for point in points])
    for _ in range((1 << (_ODD_BITS - 2)) - 1):
        odd.append(g1.add_all(list(zip(odd[-1], twice, strict=True))))
    return g1.affine_all(
        [
            _multiple(list(table), scalar)
            for table, scalar in zip(zip(*odd, strict=True), scalars, strict=True)
        ]
    )


def _multiple(odd: list[g1.Affine], scalar: int) -> g1.Jacobian:
    """A point times a scalar, both halves of it in the same doublings."""
    first, second = split(scalar)
    images = [g1.endomorphism(point) for point in odd]
    steps: dict[int, list[g1.Affine]] = {}
    for half, table in ((first, odd), (second, images)):
        for place, digit in _sparse_digits(abs(half)):
            point = table[abs(digit) >> 1]
            steps.setdefault(place, []).append(g1.negate(point) if (digit < 0) != (half < 0) else point)
    total: g1.Jacobian = (1, 1, 0)
    for place in range(max(steps), -1, -1):
        total = g1.double(total)
        for point in steps.get(place, ()):
            total = g1.add(total, point)
    return total


def _digits(number: int, bits: int) -> Iterator[int]:
    """Digits to the base ``2^bits``, lowest first, at most half the base in size."""
    base = 1 << bits
    while number:
        digit = number & (base - 1)
        number >>= bits
        if digit > base >> 1:
            digit -= base
            number += 1
        yield digit


def _sparse_digits(number: int) -> Iterator[tuple[int, int]]:
    """Odd digits with the power of two they stand at, lowest first; between two of them lie several places."""
    base = 1 << _ODD_BITS
    place = 0
    while number:
        zeros = (number & -number).bit_length() - 1
        number >>= zeros
        place += zeros
        digit = number & (base - 1)
        if digit > base >> 1:
            digit -= base
        yield place, digit
        number -= digit


def _sums(rows: list[list[_Point]], add_all: _AddAll[_Point]) -> list[_Point]:
    """Sum of each row, in rounds that halve all rows at once."""
    while any(len(row) > 1 for row in rows):
        halved = iter(add_all([pair for row in rows for pair in zip(row[::2], row[1::2], strict=False)]))
        rows = [[*(next(halved) for _ in range(len(row) // 2)), *row[len(row) & ~1 :]] for row in rows]
    return [row[0] for row in rows]
