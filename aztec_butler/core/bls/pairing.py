"""The optimal ate pairing of BN254, for the one question that the chain's precompile answers: is a product of pairings one?

Source: Vercauteren, "Optimal pairings"; EIP-197.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from aztec_butler.core.bls import g1, g2
from aztec_butler.core.bls.field import CURVE_PARAMETER, FIELD_MODULUS, Pair, multiply, scale
from aztec_butler.core.bls.tower import (
    FULL_ONE,
    Full,
    cyclotomic_square,
    full_conjugate,
    full_frobenius,
    full_invert,
    full_multiply,
    full_multiply_line,
    full_square,
    is_one,
)

_P = FIELD_MODULUS
_LOOP = f"{6 * CURVE_PARAMETER + 2:b}"[1:]
_PARAMETER = f"{CURVE_PARAMETER:b}"[1:]

Line = tuple[Pair, Pair]
"""A line on the twist: its slope, and the slope times the x of one of its points less the y of that."""


def is_pairing_product_one(pairs: Sequence[tuple[g1.Affine, g2.Affine]]) -> bool:
    """Whether the product of the pairings of all pairs is one.

    Args:
        pairs: of points in their groups, as the caller has checked.

    Source: EIP-197, the precompile at address 8.
    """
    return is_one(pairing_product(pairs))


def pairing_product(pairs: Sequence[tuple[g1.Affine, g2.Affine]]) -> Full:
    """Product of the pairings; a pair with a neutral element in it counts as one."""
    evaluations = [
        (-point[0] % _P, point[1], _lines(twisted))
        for point, twisted in pairs
        if point != g1.IDENTITY and twisted != g2.IDENTITY
    ]
    total = FULL_ONE
    place = 0

    def follow_lines() -> None:
        nonlocal total, place
        for x, y, lines in evaluations:
            slope, offset = lines[place]
            total = full_multiply_line(total, y, scale(slope, x), offset)
        place += 1

    for bit in _LOOP:
        total = full_square(total)
        follow_lines()
        if bit == "1":
            follow_lines()
    follow_lines()
    follow_lines()
    return _final_exponentiation(total)


@cache
def _generator_lines() -> tuple[Line, ...]:
    return _compute_lines(g2.negate(g2.GENERATOR))


def _lines(point: g2.Affine) -> tuple[Line, ...]:
    """The lines that the pairing meets when it multiplies a point of the twist, in the order of ``pairing_product``."""
    return _generator_lines() if point == g2.negate(g2.GENERATOR) else _compute_lines(point)


def _compute_lines(point: g2.Affine) -> tuple[Line, ...]:
    lines: list[Line] = []

    def step(one: g2.Affine, other: g2.Affine) -> g2.Affine:
        (slope,) = g2.slopes([(one, other)])
        x, y = one
        a, b = multiply(slope, x)
        lines.append((slope, (a - y[0], b - y[1])))
        return g2.third(slope, one, other[0])

    total = point
    for bit in _LOOP:
        total = step(total, total)
        if bit == "1":
            total = step(total, point)
    image = g2.frobenius(point)
    total = step(total, image)
    step(total, g2.negate(g2.frobenius(image)))
    return tuple(lines)


def _final_exponentiation(one: Full) -> Full:
    """The power that makes values of equal pairings equal: (modulus^12 - 1) / order.

    Source: Scott, Benger, Charlemagne, Dominguez Perez and Kachisa, "On the final exponentiation for calculating
    pairings on ordinary elliptic curves".
    """
    one = full_multiply(full_conjugate(one), full_invert(one))
    one = full_multiply(full_frobenius(full_frobenius(one)), one)
    # From here on conjugates are inverses. `fx` is the x-th power with x the curve's parameter, `p` the modulus-th.
    fp = full_frobenius(one)
    fp2 = full_frobenius(fp)
    fp3 = full_frobenius(fp2)
    fx = _power_of_parameter(one)
    fx2 = _power_of_parameter(fx)
    fx3 = _power_of_parameter(fx2)
    fx2p = full_frobenius(fx2)
    y0 = full_multiply(full_multiply(fp, fp2), fp3)
    y1 = full_conjugate(one)
    y2 = full_frobenius(fx2p)
    y3 = full_conjugate(full_frobenius(fx))
    y4 = full_conjugate(full_multiply(fx, fx2p))
    y5 = full_conjugate(fx2)
    y6 = full_conjugate(full_multiply(fx3, full_frobenius(fx3)))
    t0 = full_multiply(full_multiply(cyclotomic_square(y6), y4), y5)
    t1 = full_multiply(full_multiply(y3, y5), t0)
    t0 = full_multiply(t0, y2)
    t1 = cyclotomic_square(full_multiply(cyclotomic_square(t1), t0))
    t0 = full_multiply(t1, y1)
    t1 = full_multiply(t1, y0)
    return full_multiply(cyclotomic_square(t0), t1)


def _power_of_parameter(one: Full) -> Full:
    result = one
    for bit in _PARAMETER:
        result = cyclotomic_square(result)
        if bit == "1":
            result = full_multiply(result, one)
    return result
