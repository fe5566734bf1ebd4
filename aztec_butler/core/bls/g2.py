"""The group G2: points of the twist ``y^2 = x^3 + 3/(9 + u)``, with pairs for coordinates.

The twist has far more points than the group, so a point on it may still be none of the group's. As on the chain, all
zeros stand for the neutral element.
"""

from __future__ import annotations

from collections.abc import Sequence

from aztec_butler.core.bls.field import (
    FIELD_MODULUS,
    GROUP_ORDER,
    ONE,
    ZERO,
    Pair,
    conjugate,
    invert,
    invert_all,
    multiply,
    norm,
    power,
    scale,
    square,
)

Affine = tuple[Pair, Pair]
"""A point as (x, y)."""
Jacobian = tuple[Pair, Pair, Pair]
"""A point as (x, y, z), which stands for (x/z^2, y/z^3); z is zero for the neutral element."""

GENERATOR: Affine = (
    (
        0x1800DEEF121F1E76426A00665E5C4479674322D4F75EDADD46DEBD5CD992F6ED,
        0x198E9393920D483A7260BFB731FB5D25F1AA493335A9E71297E485B7AEF312C2,
    ),
    (
        0x12C85EA5DB8C6DEB4AAB71808DCB408FE3D1E7690C43D37B4CE6CC0166FA7DAA,
        0x090689D0585FF075EC9E99AD690C3395BC4B313370B38EF355ACDADCD122975B,
    ),
)
"""Source: EIP-197."""
IDENTITY: Affine = (ZERO, ZERO)
TWIST: Pair = (9, 1)
"""What the twist divides by, neither a square nor a cube."""

_P = FIELD_MODULUS
_B = multiply((3, 0), invert(TWIST))
# As in G1, but the other root: here that one belongs to `multiples.LAMBDA`.
_CUBE_ROOT = 0x30644E72E131A0295E6DD9E7E0ACCCB0C28F069FBB966E3DE4BD44E5607CFD48
_FROBENIUS_X = power(TWIST, (_P - 1) // 3)
_FROBENIUS_Y = power(TWIST, (_P - 1) // 2)


def is_on_curve(point: Affine) -> bool:
    """Whether the coordinates are below the modulus and fit the equation of the twist."""
    x, y = point
    if not all(0 <= part < _P for part in (*x, *y)):
        return False
    left = square(y)
    cube = multiply(square(x), x)
    return all((left[part] - cube[part] - _B[part]) % _P == 0 for part in (0, 1))


def is_in_group(point: Affine) -> bool:
    """Whether a point of the twist is one of the group's: times the group's order it is the neutral element."""
    total: Jacobian = (*point, ONE)
    for bit in f"{GROUP_ORDER:b}"[1:]:
        total = double(total)
        if bit == "1":
            total = add(total, point)
    return total[2] == ZERO


def negate(point: Affine) -> Affine:
    """The opposite point."""
    x, (a, b) = point
    return x, (-a % _P, -b % _P)


def endomorphism(point: Affine) -> Affine:
    """The point times ``multiples.LAMBDA``, for two products."""
    x, y = point
    return scale(x, _CUBE_ROOT), y


def frobenius(point: Affine) -> Affine:
    """The point that the modulus-th power of the coordinates in the large field comes down to."""
    x, y = point
    return multiply(conjugate(x), _FROBENIUS_X), multiply(conjugate(y), _FROBENIUS_Y)


def slopes(pairs: Sequence[tuple[Affine, Affine]]) -> list[Pair]:
    """Slope of the line through each pair, the tangent for a point with itself; one inversion for all of them.

    Zero, which means nothing then, for lines without a slope.
    """
    rises: list[Pair] = []
    runs: list[Pair] = []
    for ((x1, x1u), (y1, y1u)), ((x2, x2u), (y2, y2u)) in pairs:
        if x1 != x2 or x1u != x2u:
            rises.append((y2 - y1, y2u - y1u))
            runs.append((x2 - x1, x2u - x1u))
        elif y1 == y2 and y1u == y2u and (y1 or y1u):
            a, b = square((x1, x1u))
            rises.append((3 * a, 3 * b))
            runs.append((2 * y1, 2 * y1u))
        else:
            rises.append(ZERO)
            runs.append(ONE)
    inverses = invert_all([norm(run) for run in runs])
    return [
        scale(multiply(rise, (run, -run_u)), inverse)
        for rise, (run, run_u), inverse in zip(rises, runs, inverses, strict=True)
    ]


def add_all(pairs: Sequence[tuple[Affine, Affine]]) -> list[Affine]:
    """Sum of each pair, with one inversion for all of them."""
    sums = []
    for (one, other), slope in zip(pairs, slopes(pairs), strict=True):
        x1, y1 = one
        x2, y2 = other
        if ZERO in (x1, x2):
            sums.append(other if x1 == ZERO else one)
        elif x1 == x2 and y1 != y2:
            sums.append(IDENTITY)
        else:
            sums.append(third(slope, one, x2))
    return sums


def third(slope: Pair, point: Affine, x2: Pair) -> Affine:
    """The sum of a point and one with x of ``x2``, from the slope of the line through both."""
    (x1, x1u), (y1, y1u) = point
    a, b = square(slope)
    x, xu = (a - x1 - x2[0]) % _P, (b - x1u - x2[1]) % _P
    a, b = multiply(slope, (x1 - x, x1u - xu))
    return (x, xu), ((a - y1) % _P, (b - y1u) % _P)


# As in G1.


def double(point: Jacobian) -> Jacobian:
    """The point twice."""
    x, y, z = point
    xx = square(x)
    yy = square(y)
    a, b = multiply(x, yy)
    s = (4 * a, 4 * b)
    m = (3 * xx[0], 3 * xx[1])
    mm = square(m)
    x3 = ((mm[0] - 2 * s[0]) % _P, (mm[1] - 2 * s[1]) % _P)
    a, b = multiply(m, (s[0] - x3[0], s[1] - x3[1]))
    c, d = square(yy)
    e, f = multiply(y, z)
    return x3, ((a - 8 * c) % _P, (b - 8 * d) % _P), (2 * e % _P, 2 * f % _P)


def add(point: Jacobian, other: Affine) -> Jacobian:
    """Sum with a point that is not the neutral one."""
    x, y, z = point
    if z == ZERO:
        return *other, ONE
    zz = square(z)
    a, b = multiply(other[0], zz)
    c, d = multiply(other[1], multiply(zz, z))
    h = ((a - x[0]) % _P, (b - x[1]) % _P)
    r = ((c - y[0]) % _P, (d - y[1]) % _P)
    if h == ZERO:
        return double(point) if r == ZERO else (ONE, ONE, ZERO)
    hh = square(h)
    hhh = multiply(h, hh)
    v = multiply(x, hh)
    rr = square(r)
    x3 = ((rr[0] - hhh[0] - 2 * v[0]) % _P, (rr[1] - hhh[1] - 2 * v[1]) % _P)
    a, b = multiply(r, (v[0] - x3[0], v[1] - x3[1]))
    c, d = multiply(y, hhh)
    return x3, ((a - c) % _P, (b - d) % _P), multiply(z, h)
