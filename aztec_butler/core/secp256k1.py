"""Addresses of Ethereum private keys, without a library for signing: the one multiple of secp256k1's generator.

Plain Python integers, so it does not run in constant time; it signs nothing.
"""

from __future__ import annotations

from functools import cache

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import checksum_address, keccak256

FIELD_MODULUS = 2**256 - 2**32 - 977
GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Private keys are at least 1 and below it."""
Point = tuple[int, int]
GENERATOR: Point = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
"""Source: SEC 2, section 2.4.1."""

_P = FIELD_MODULUS
_WINDOW_BITS = 4


def address_of(secret: int) -> str:
    """Address of a private key, checksummed.

    Args:
        secret: at least 1, below ``GROUP_ORDER``.

    >>> address_of(1)
    '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf'

    Raises:
        InputError: the secret is out of range. The error does not tell it.

    Source: Yellow Paper, appendix F.
    """
    x, y = point_of(secret)
    return checksum_address(keccak256(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[12:])


def point_of(secret: int) -> Point:
    """Public key of a private key: the generator times it, as (x, y).

    About 0.3 ms, after 10 ms of tables at the first one.

    Args:
        secret: at least 1, below ``GROUP_ORDER``.

    Raises:
        InputError: the secret is out of range. The error does not tell it.
    """
    is_in_range = 0 < secret < GROUP_ORDER
    scalar, secret = secret, 0  # locals end up in error reports
    if not is_in_range:
        del scalar
        raise InputError("a private key is an integer of at least 1 and below the group order")
    x, y, z = 1, 1, 0
    for row in _rows():
        digit = scalar & 0xF
        scalar >>= _WINDOW_BITS
        if digit:
            x, y, z = _add((x, y, z), row[digit - 1])
    inverse = pow(z, -1, _P)
    square = inverse * inverse % _P
    return x * square % _P, y * square % _P * inverse % _P


@cache
def _rows() -> tuple[tuple[Point, ...], ...]:
    """Row w: the multiples 1, 2, ..., 15 of 16^w times the generator."""
    rows = []
    base = GENERATOR
    for _ in range(256 // _WINDOW_BITS):
        row = [base, _sum(base, base)]
        while len(row) < 16:
            row.append(_sum(row[-1], base))
        base = row.pop()
        rows.append(tuple(row))
    return tuple(rows)


def _sum(one: Point, other: Point) -> Point:
    """Sum of two points that are not opposite."""
    (x1, y1), (x2, y2) = one, other
    rise, run = (3 * x1 * x1, 2 * y1) if one == other else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, _P) % _P
    x = (slope * slope - x1 - x2) % _P
    return x, (slope * (x1 - x) - y1) % _P


def _add(point: tuple[int, int, int], other: Point) -> tuple[int, int, int]:
    """Sum in Jacobian coordinates, where (x, y, z) is (x/z^2, y/z^3).

    The points are never equal or opposite: the first is a smaller multiple of the generator than the second.
    """
    x, y, z = point
    if not z:
        return *other, 1
    zz = z * z % _P
    h = other[0] * zz % _P - x
    r = other[1] * zz % _P * z % _P - y
    hh = h * h % _P
    v = x * hh % _P
    hhh = h * hh % _P
    x3 = (r * r - hhh - 2 * v) % _P
    return x3, (r * (v - x3) - y * hhh) % _P, z * h % _P
