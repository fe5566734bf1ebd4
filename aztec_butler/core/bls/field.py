"""The fields below BN254: integers modulo a prime, and pairs of them.

A pair ``(a, b)`` is ``a + b*u`` with ``u*u = -1``, the field of G2's coordinates. What multiplies or inverts reduces its
result; sums are left as they come, because Python's integers do not overflow and the next product reduces them.
"""

from __future__ import annotations

from collections.abc import Sequence

FIELD_MODULUS = 0x30644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD47
"""Modulus of the base field; coordinates are below it. Source: BN254Lib ``BASE_FIELD_ORDER``."""
GROUP_ORDER = 0x30644E72E131A029B85045B68181585D2833E84879B9709143E1F593F0000001
"""Order of both groups; secrets are below it. Source: BN254Lib ``GROUP_ORDER``."""
CURVE_PARAMETER = 4965661367192848881
"""The number that the whole curve follows from; modulus and order are polynomials of it."""

_P = FIELD_MODULUS

Pair = tuple[int, int]
ONE: Pair = (1, 0)
ZERO: Pair = (0, 0)


def invert_all(values: Sequence[int]) -> list[int]:
    """Inverses of many numbers for the price of one and three products each: Montgomery's trick."""
    inverses = []
    product = 1
    for value in values:
        inverses.append(product)
        product = product * value % _P
    rest = pow(product, -1, _P)
    for place in range(len(values) - 1, -1, -1):
        inverses[place] = inverses[place] * rest % _P
        rest = rest * values[place] % _P
    return inverses


def square_root(square: int) -> int | None:
    """A root; None where there is none."""
    root = pow(square, (_P + 1) // 4, _P)  # because the modulus is 3 mod 4
    return root if root * root % _P == square else None


def multiply(one: Pair, other: Pair) -> Pair:
    """Product."""
    a, b = one
    c, d = other
    return (a * c - b * d) % _P, (a * d + b * c) % _P


def square(pair: Pair) -> Pair:
    """Product with itself."""
    a, b = pair
    return (a + b) * (a - b) % _P, 2 * a * b % _P


def norm(pair: Pair) -> int:
    """Product with its conjugate, a number of the base field; zero for zero alone."""
    a, b = pair
    return (a * a + b * b) % _P


def invert(pair: Pair) -> Pair:
    """Inverse of a pair that is not zero."""
    a, b = pair
    inverse = pow(a * a + b * b, -1, _P)
    return a * inverse % _P, -b * inverse % _P


def scale(pair: Pair, factor: int) -> Pair:
    """Product with a number of the base field."""
    return pair[0] * factor % _P, pair[1] * factor % _P


def conjugate(pair: Pair) -> Pair:
    """``a - b*u``, which is also the modulus-th power."""
    return pair[0], -pair[1] % _P


def power(pair: Pair, exponent: int) -> Pair:
    """Power by squaring."""
    result = ONE
    for bit in f"{exponent:b}":
        result = square(result)
        if bit == "1":
            result = multiply(result, pair)
    return result
