"""The field that pairings take their values in: twelve integers, as polynomials of polynomials of pairs.

``Sextic`` is ``a + b*v + c*v^2`` over pairs with ``v^3 = 9 + u``; ``Full`` is ``a + b*w`` over those with ``w^2 = v``.
"""

from __future__ import annotations

from aztec_butler.core.bls.field import (
    FIELD_MODULUS,
    ONE,
    ZERO,
    Pair,
    conjugate,
    invert,
    multiply,
    power,
    scale,
    square,
)
from aztec_butler.core.bls.g2 import TWIST

Sextic = tuple[Pair, Pair, Pair]
Full = tuple[Sextic, Sextic]

_P = FIELD_MODULUS
_SEXTIC_ZERO: Sextic = (ZERO, ZERO, ZERO)
FULL_ONE: Full = ((ONE, ZERO, ZERO), _SEXTIC_ZERO)
# What w^i gets multiplied by when it is raised to the modulus, divided by w^i.
_FROBENIUS = tuple(power(TWIST, place * (_P - 1) // 6) for place in range(6))


def _add(one: Pair, other: Pair) -> Pair:
    return one[0] + other[0], one[1] + other[1]


def _subtract(one: Pair, other: Pair) -> Pair:
    return one[0] - other[0], one[1] - other[1]


def _twist(pair: Pair) -> Pair:
    a, b = pair
    return 9 * a - b, a + 9 * b


def _sextic_add(one: Sextic, other: Sextic) -> Sextic:
    return _add(one[0], other[0]), _add(one[1], other[1]), _add(one[2], other[2])


def _sextic_subtract(one: Sextic, other: Sextic) -> Sextic:
    return _subtract(one[0], other[0]), _subtract(one[1], other[1]), _subtract(one[2], other[2])


def _sextic_multiply(one: Sextic, other: Sextic) -> Sextic:
    a0, a1, a2 = one
    b0, b1, b2 = other
    low = multiply(a0, b0)
    middle = multiply(a1, b1)
    high = multiply(a2, b2)
    # Karatsuba's way: what two cross products sum to, from one product of sums.
    ahead = _subtract(_subtract(multiply(_add(a1, a2), _add(b1, b2)), middle), high)
    across = _subtract(_subtract(multiply(_add(a0, a1), _add(b0, b1)), low), middle)
    around = _subtract(_subtract(multiply(_add(a0, a2), _add(b0, b2)), low), high)
    return _add(low, _twist(ahead)), _add(across, _twist(high)), _add(around, middle)


def _sextic_shift(one: Sextic) -> Sextic:
    """Times v."""
    a, b, c = one
    return _twist(c), a, b


def _sextic_invert(one: Sextic) -> Sextic:
    a, b, c = one
    # The classic formula: the adjugate, over the norm.
    x = _subtract(square(a), _twist(multiply(b, c)))
    y = _subtract(_twist(square(c)), multiply(a, b))
    z = _subtract(square(b), multiply(a, c))
    norm = _add(multiply(a, x), _twist(_add(multiply(c, y), multiply(b, z))))
    inverse = invert(norm)
    return multiply(x, inverse), multiply(y, inverse), multiply(z, inverse)


def full_multiply(one: Full, other: Full) -> Full:
    """Product."""
    a0, a1 = one
    b0, b1 = other
    low = _sextic_multiply(a0, b0)
    high = _sextic_multiply(a1, b1)
    cross = _sextic_multiply(_sextic_add(a0, a1), _sextic_add(b0, b1))
    return (
        _sextic_add(low, _sextic_shift(high)),
        _sextic_subtract(_sextic_subtract(cross, low), high),
    )


def full_square(one: Full) -> Full:
    """Product with itself."""
    a0, a1 = one
    half = _sextic_multiply(a0, a1)
    whole = _sextic_multiply(_sextic_add(a0, a1), _sextic_add(a0, _sextic_shift(a1)))
    return (
        _sextic_subtract(_sextic_subtract(whole, half), _sextic_shift(half)),
        _sextic_add(half, half),
    )


def full_multiply_line(one: Full, constant: int, tilt: Pair, offset: Pair) -> Full:
    """Product with ``constant + tilt*w + offset*w^3``, which is what lines look like."""
    (a0, a1, a2), (b0, b1, b2) = one

    def by_line(x: Pair, y: Pair, z: Pair) -> Sextic:
        """(x + y*v + z*v^2) * (tilt + offset*v)."""
        low = multiply(x, tilt)
        middle = multiply(y, offset)
        cross = _subtract(_subtract(multiply(_add(x, y), _add(tilt, offset)), low), middle)
        return _add(low, _twist(multiply(z, offset))), cross, _add(middle, multiply(z, tilt))

    x, y, z = by_line(b0, b1, b2)
    even = _twist(z), x, y
    odd = by_line(a0, a1, a2)
    return (
        (
            _add(scale(a0, constant), even[0]),
            _add(scale(a1, constant), even[1]),
            _add(scale(a2, constant), even[2]),
        ),
        (
            _add(scale(b0, constant), odd[0]),
            _add(scale(b1, constant), odd[1]),
            _add(scale(b2, constant), odd[2]),
        ),
    )


def full_conjugate(one: Full) -> Full:
    """``a - b*w``: the inverse, for what ``pairing`` has raised to the field's cofactor."""
    return one[0], _sextic_subtract(_SEXTIC_ZERO, one[1])


def full_invert(one: Full) -> Full:
    """Inverse of an element that is not zero."""
    a0, a1 = one
    norm = _sextic_subtract(_sextic_multiply(a0, a0), _sextic_shift(_sextic_multiply(a1, a1)))
    inverse = _sextic_invert(norm)
    return _sextic_multiply(a0, inverse), _sextic_subtract(_SEXTIC_ZERO, _sextic_multiply(a1, inverse))


def full_frobenius(one: Full) -> Full:
    """The modulus-th power."""
    (a0, a1, a2), (b0, b1, b2) = one
    powers = [
        multiply(conjugate(pair), factor)
        for pair, factor in zip((a0, b0, a1, b1, a2, b2), _FROBENIUS, strict=True)
    ]
    return (powers[0], powers[2], powers[4]), (powers[1], powers[3], powers[5])


def cyclotomic_square(one: Full) -> Full:
    """Product with itself, of an element whose inverse is its conjugate; half the price.

    Source: Granger and Scott, "Faster squaring in the cyclotomic subgroup of sixth degree extensions".
    """
    (a0, a1, a2), (b0, b1, b2) = one

    def squares(x: Pair, y: Pair) -> tuple[Pair, Pair]:
        """Of x + y*s with s*s = 9 + u: x^2 + (9 + u)*y^2, and 2*x*y."""
        xx = square(x)
        yy = square(y)
        return _add(xx, _twist(yy)), _subtract(_subtract(square(_add(x, y)), xx), yy)

    t0, t1 = squares(a0, b1)
    t2, t3 = squares(b0, a2)
    t4, t5 = squares(a1, b2)
    return (
        (_thrice_less_twice(t0, a0), _thrice_less_twice(t2, a1), _thrice_less_twice(t4, a2)),
        (_thrice_and_twice(_twist(t5), b0), _thrice_and_twice(t1, b1), _thrice_and_twice(t3, b2)),
    )


def _thrice_less_twice(one: Pair, other: Pair) -> Pair:
    return (3 * one[0] - 2 * other[0]) % _P, (3 * one[1] - 2 * other[1]) % _P


def _thrice_and_twice(one: Pair, other: Pair) -> Pair:
    return (3 * one[0] + 2 * other[0]) % _P, (3 * one[1] + 2 * other[1]) % _P


def is_one(one: Full) -> bool:
    """Whether it is the neutral element of multiplication."""
    return all(
        (part - (place == 0)) % _P == 0
        for place, part in enumerate(part for half in one for pair in half for part in pair)
    )
