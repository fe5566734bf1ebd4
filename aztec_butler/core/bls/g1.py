"""The group G1: points (x, y) with ``y^2 = x^3 + 3`` in the base field.

As on the chain, (0, 0) stands for the neutral element; no point of the curve has an x of zero.
"""

from __future__ import annotations

from collections.abc import Sequence

from aztec_butler.core.bls.field import FIELD_MODULUS, invert_all

Affine = tuple[int, int]
"""A point as (x, y)."""
Jacobian = tuple[int, int, int]
"""A point as (x, y, z), which stands for (x/z^2, y/z^3); z is zero for the neutral element."""

GENERATOR: Affine = (1, 2)
IDENTITY: Affine = (0, 0)

_P = FIELD_MODULUS
# A cube root of one: (x, y) -> (root * x, y) multiplies a point by `multiples.LAMBDA`.
_CUBE_ROOT = 0x59E26BCEA0D48BACD4F263F1ACDB5C4F5763473177FFFFFE


def is_on_curve(point: Affine) -> bool:
    """Whether the coordinates are below the modulus and fit the equation; all such points are in the group."""
    x, y = point
    return 0 <= x < _P and 0 <= y < _P and (y * y - x * x * x - 3) % _P == 0


def negate(point: Affine) -> Affine:
    """The opposite point."""
    x, y = point
    return x, -y % _P


def endomorphism(point: Affine) -> Affine:
    """The point times ``multiples.LAMBDA``, for one product."""
    x, y = point
    return x * _CUBE_ROOT % _P, y


def add_all(pairs: Sequence[tuple[Affine, Affine]]) -> list[Affine]:
    """Sum of each pair, with one inversion for all of them."""
    rises = []
    runs = []
    for (x1, y1), (x2, y2) in pairs:
        if x1 != x2:
            rises.append(y2 - y1)
            runs.append(x2 - x1)
        else:
            rises.append(3 * x1 * x1)
            runs.append(2 * y1 if y1 == y2 != 0 else 1)
    sums = []
    for (one, other), rise, inverse in zip(pairs, rises, invert_all(runs), strict=True):
        x1, y1 = one
        x2, y2 = other
        if not x1 or not x2:
            sums.append(one if x1 else other)
        elif x1 == x2 and y1 != y2:
            sums.append(IDENTITY)
        else:
            slope = rise * inverse % _P
            x = (slope * slope - x1 - x2) % _P
            sums.append((x, (slope * (x1 - x) - y1) % _P))
    return sums


# The formulas are the usual ones for curves with a = 0: dbl-2009-l, and madd with an affine second point.


def double(point: Jacobian) -> Jacobian:
    """The point twice."""
    x, y, z = point
    xx = x * x % _P
    yy = y * y % _P
    s = 4 * x * yy
    m = 3 * xx
    x3 = (m * m - 2 * s) % _P
    return x3, (m * (s - x3) - 8 * yy * yy) % _P, 2 * y * z % _P


def add(point: Jacobian, other: Affine) -> Jacobian:
    """Sum with a point that is not the neutral one."""
    x, y, z = point
    if not z:
        return *other, 1
    zz = z * z % _P
    h = (other[0] * zz - x) % _P
    r = (other[1] * (zz * z % _P) - y) % _P
    if not h:
        return (1, 1, 0) if r else double(point)
    hh = h * h % _P
    v = x * hh % _P
    hhh = h * hh % _P
    x3 = (r * r - hhh - 2 * v) % _P
    return x3, (r * (v - x3) - y * hhh) % _P, z * h % _P


def affine_all(points: Sequence[Jacobian]) -> list[Affine]:
    """Points in coordinates that everybody agrees on, with one inversion for all of them."""
    inverses = invert_all([z or 1 for _, _, z in points])
    affine = []
    for (x, y, z), inverse in zip(points, inverses, strict=True):
        square = inverse * inverse % _P
        affine.append((x * square % _P, y * square % _P * inverse % _P) if z else IDENTITY)
    return affine
