"""Registration of an attester's BLS key on BN254: public key in G1 and in G2, and a proof of possession.

A key enters the attester set with three points that the GSE checks in one pairing: ``secret * G1``, ``secret * G2`` and
``secret * D``, where ``D`` is the curve point that the contract derives from the key in G1.

Plain Python integers, so nothing here runs in constant time: make keys on a machine that nobody else measures.
Secrets appear in no ``repr`` and in no error.
"""

from __future__ import annotations

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import keccak256

FIELD_MODULUS = 0x30644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD47
"""Modulus of the base field; coordinates are below it. Source: BN254Lib ``BASE_FIELD_ORDER``."""
GROUP_ORDER = 0x30644E72E131A029B85045B68181585D2833E84879B9709143E1F593F0000001
"""Order of both groups; secrets are below it. Source: BN254Lib ``GROUP_ORDER``."""
PROOF_DOMAIN = b"AZTEC_BLS_POP_BN254_V1".ljust(32, b"\0")
"""Domain of the hash that the proof signs. Source: BN254Lib ``STAKING_DOMAIN_SEPARATOR``."""

_P = FIELD_MODULUS
_WINDOW_BITS = 5
_WINDOW_MASK = (1 << _WINDOW_BITS) - 1
_SIGN_ATTEMPT = (1 << 256) - 1

Affine = tuple[int, int]
"""A point of G1 as (x, y)."""
_Jacobian = tuple[int, int, int]
_Pair = tuple[int, int]  # a + b*u of the quadratic extension, u*u = -1
_Affine2 = tuple[_Pair, _Pair]
_Jacobian2 = tuple[_Pair, _Pair, _Pair]

G1_GENERATOR: Affine = (1, 2)
_G2_GENERATOR: _Affine2 = (
    (
        0x1800DEEF121F1E76426A00665E5C4479674322D4F75EDADD46DEBD5CD992F6ED,
        0x198E9393920D483A7260BFB731FB5D25F1AA493335A9E71297E485B7AEF312C2,
    ),
    (
        0x12C85EA5DB8C6DEB4AAB71808DCB408FE3D1E7690C43D37B4CE6CC0166FA7DAA,
        0x090689D0585FF075EC9E99AD690C3395BC4B313370B38EF355ACDADCD122975B,
    ),
)


@attrs.frozen(kw_only=True)
class Registration:
    """What ``deposit`` and ``addKeysToProvider`` take beside the attester's address; nothing in it is secret.

    The fields encode as they are: ``(x, y)``, ``(x0, x1, y0, y1)`` with ``x = x0 + x1*u`` (real part first, although a
    comment in BN254Lib says otherwise: its pairing call swaps them), ``(x, y)``.
    """

    public_key_g1: Affine
    public_key_g2: tuple[int, int, int, int]
    proof_of_possession: Affine


def registration(secret: int) -> Registration:
    """Registration of a secret key.

    About 3 ms for a secret of full length after 60 ms of tables at the first one; under 1 ms for a small one, which is as
    valid on the chain and made for tests.

    Args:
        secret: at least 1, below ``GROUP_ORDER``.

    >>> registration(1).public_key_g1
    (1, 2)

    Raises:
        InputError: the secret is out of range. The error does not tell it.

    Source: GSE ``_checkProofOfPossession``, BN254Lib ``proofOfPossession``.
    """
    if not 0 < secret < GROUP_ORDER:
        raise InputError(
            "a BLS secret key is an integer of at least 1 and below the group order", group_order=GROUP_ORDER
        )
    public_key = _affine(_multiply_generator(secret))
    (x0, x1), (y0, y1) = _affine2(_multiply_generator2(secret))
    return Registration(
        public_key_g1=public_key,
        public_key_g2=(x0, x1, y0, y1),
        proof_of_possession=_affine(_multiply(registration_digest(public_key), secret)),
    )


def public_key_hash(public_key_g1: Affine) -> bytes:
    """What the GSE knows a key by in ``ownedPKs``, the keys that were ever activated.

    Args:
        public_key_g1: public key in G1, (x, y).

    Source: GSE ``_checkProofOfPossession``.
    """
    x, y = public_key_g1
    return keccak256(x.to_bytes(32, "big") + y.to_bytes(32, "big"))


def registration_digest(public_key_g1: Affine) -> Affine:
    """The point that the proof of possession signs.

    Args:
        public_key_g1: public key in G1, (x, y).

    Source: GSE ``getRegistrationDigest``, BN254Lib ``g1ToDigestPoint``.
    """
    x, y = public_key_g1
    return hash_to_point(PROOF_DOMAIN, x.to_bytes(32, "big") + y.to_bytes(32, "big"))


def hash_to_point(domain: bytes, message: bytes) -> Affine:
    """A point of G1 whose discrete logarithm nobody knows: the first hash that is the x of a point.

    Args:
        domain: 32 bytes.
        message: any bytes.

    Source: BN254Lib ``hashToPoint``.
    """
    attempt = 0
    while True:
        x = _hash_attempt(domain, message, attempt)
        attempt += 1
        if x >= _P:
            continue
        square = (x * x % _P * x + 3) % _P
        y = pow(square, (_P + 1) // 4, _P)  # a root, if there is one, because the modulus is 3 mod 4
        if y * y % _P == square:
            lower, higher = sorted((y, _P - y))
            return x, higher if _hash_attempt(domain, message, _SIGN_ATTEMPT) & 1 else lower


def _hash_attempt(domain: bytes, message: bytes, attempt: int) -> int:
    """``keccak256(abi.encode(bytes32 domain, bytes message, uint256 attempt))`` as an integer."""
    words = (96, attempt, len(message))
    head = domain + b"".join(word.to_bytes(32, "big") for word in words)
    return int.from_bytes(keccak256(head + message + bytes(-len(message) % 32)), "big")


# Jacobian coordinates: (x, y, z) is the affine point (x/z^2, y/z^3); the formulas are the usual ones for curves with a = 0
# (dbl-2009-l and madd with an affine second point). No addition meets two opposite points, because no partial sum of a
# scalar between zero and the group order is a multiple of the order. Equal points meet only where digits are signed:
# the scalar ``order - 2`` ends in (order - 1) + (-1), and both are -1 to the group.


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    xx = x * x % _P
    yy = y * y % _P
    s = 4 * x * yy
    m = 3 * xx
    x3 = (m * m - 2 * s) % _P
    return x3, (m * (s - x3) - 8 * yy * yy) % _P, 2 * y * z % _P


def _add(point: _Jacobian, other: Affine) -> _Jacobian:
    x, y, z = point
    zz = z * z % _P
    h = other[0] * zz % _P - x
    if not h:
        return _double(point)
    r = other[1] * zz % _P * z % _P - y
    hh = h * h % _P
    v = x * hh % _P
    hhh = h * hh % _P
    x3 = (r * r - hhh - 2 * v) % _P
    return x3, (r * (v - x3) - y * hhh) % _P, z * h % _P


def _affine(point: _Jacobian) -> Affine:
    x, y, z = point
    inverse = pow(z, -1, _P)
    square = inverse * inverse % _P
    return x * square % _P, y * square % _P * inverse % _P


def _all_affine(points: list[_Jacobian]) -> list[Affine]:
    """Many points with one inversion: invert the product of all z, then peel off one z after the other."""
    products = [1]
    for point in points:
        products.append(products[-1] * point[2] % _P)
    inverse = pow(products.pop(), -1, _P)
    affine: list[Affine] = []
    for (x, y, z), product in zip(reversed(points), reversed(products), strict=True):
        own = inverse * product % _P
        inverse = inverse * z % _P
        square = own * own % _P
        affine.append((x * square % _P, y * square % _P * own % _P))
    affine.reverse()
    return affine


def _multiply(base: Affine, scalar: int) -> _Jacobian:
    """``scalar * base`` by signed windows over the odd multiples of the base."""
    twice = _affine(_double((*base, 1)))
    odd: list[_Jacobian] = [(*base, 1)]
    for _ in range((1 << (_WINDOW_BITS - 2)) - 1):
        odd.append(_add(odd[-1], twice))
    table = _all_affine(odd)
    digits = _signed_digits(scalar)
    total: _Jacobian = (*table[digits.pop() >> 1], 1)
    for digit in reversed(digits):
        total = _double(total)
        if digit > 0:
            total = _add(total, table[digit >> 1])
        elif digit < 0:
            x, y = table[-digit >> 1]
            total = _add(total, (x, _P - y))
    return total


def _signed_digits(scalar: int) -> list[int]:
    """Digits, lowest first, that are zero or odd and below half a window in size, with zeros in between; the last is > 0."""
    digits: list[int] = []
    while scalar:
        digit = 0
        if scalar & 1:
            digit = scalar & _WINDOW_MASK
            if digit >> (_WINDOW_BITS - 1):
                digit -= 1 << _WINDOW_BITS
            scalar -= digit
        digits.append(digit)
        scalar >>= 1
    return digits


# Row w of a table holds the multiples 1, 2, ... of 2^(bits*w) times the generator. Rows are made when a secret first
# needs them, so that small secrets never pay for the whole table.
_rows: list[list[Affine]] = []
_rows2: list[list[_Affine2]] = []


def _windows(scalar: int) -> list[int]:
    digits: list[int] = []
    while scalar:
        digits.append(scalar & _WINDOW_MASK)
        scalar >>= _WINDOW_BITS
    return digits


def _multiply_generator(scalar: int) -> _Jacobian:
    digits = _windows(scalar)
    while len(_rows) < len(digits):
        _rows.append(_row(_shifted(_rows[-1][0]) if _rows else G1_GENERATOR))
    points = [row[digit - 1] for row, digit in zip(_rows, digits, strict=False) if digit]
    total: _Jacobian = (*points[0], 1)
    for point in points[1:]:
        total = _add(total, point)
    return total


def _shifted(base: Affine) -> Affine:
    point: _Jacobian = (*base, 1)
    for _ in range(_WINDOW_BITS):
        point = _double(point)
    return _affine(point)


def _row(base: Affine) -> list[Affine]:
    points: list[_Jacobian] = [(*base, 1), _double((*base, 1))]
    while len(points) < _WINDOW_MASK:
        points.append(_add(points[-1], base))
    return _all_affine(points)


# G2: the same curve shape over the quadratic extension.


def _multiply_pairs(a: _Pair, b: _Pair) -> _Pair:
    real = a[0] * b[0]
    imaginary = a[1] * b[1]
    return (real - imaginary) % _P, ((a[0] + a[1]) * (b[0] + b[1]) - real - imaginary) % _P


def _square_pair(a: _Pair) -> _Pair:
    return (a[0] + a[1]) * (a[0] - a[1]) % _P, 2 * a[0] * a[1] % _P


def _invert_pair(a: _Pair) -> _Pair:
    inverse = pow(a[0] * a[0] + a[1] * a[1], -1, _P)
    return a[0] * inverse % _P, -a[1] * inverse % _P


def _double2(point: _Jacobian2) -> _Jacobian2:
    x, y, z = point
    xx = _square_pair(x)
    yy = _square_pair(y)
    quarter = _multiply_pairs(x, yy)
    s = (4 * quarter[0], 4 * quarter[1])
    m = (3 * xx[0], 3 * xx[1])
    mm = _square_pair(m)
    x3 = ((mm[0] - 2 * s[0]) % _P, (mm[1] - 2 * s[1]) % _P)
    product = _multiply_pairs(m, (s[0] - x3[0], s[1] - x3[1]))
    yyyy = _square_pair(yy)
    yz = _multiply_pairs(y, z)
    return (
        x3,
        ((product[0] - 8 * yyyy[0]) % _P, (product[1] - 8 * yyyy[1]) % _P),
        (2 * yz[0] % _P, 2 * yz[1] % _P),
    )


def _add2(point: _Jacobian2, other: _Affine2) -> _Jacobian2:
    x, y, z = point
    zz = _square_pair(z)
    moved_x = _multiply_pairs(other[0], zz)
    moved_y = _multiply_pairs(other[1], _multiply_pairs(zz, z))
    h = (moved_x[0] - x[0], moved_x[1] - x[1])
    r = (moved_y[0] - y[0], moved_y[1] - y[1])
    hh = _square_pair(h)
    hhh = _multiply_pairs(h, hh)
    v = _multiply_pairs(x, hh)
    rr = _square_pair(r)
    x3 = ((rr[0] - hhh[0] - 2 * v[0]) % _P, (rr[1] - hhh[1] - 2 * v[1]) % _P)
    left = _multiply_pairs(r, (v[0] - x3[0], v[1] - x3[1]))
    right = _multiply_pairs(y, hhh)
    return x3, ((left[0] - right[0]) % _P, (left[1] - right[1]) % _P), _multiply_pairs(z, h)


def _affine2(point: _Jacobian2) -> _Affine2:
    x, y, z = point
    inverse = _invert_pair(z)
    square = _square_pair(inverse)
    return _multiply_pairs(x, square), _multiply_pairs(y, _multiply_pairs(square, inverse))


def _all_affine2(points: list[_Jacobian2]) -> list[_Affine2]:
    products: list[_Pair] = [(1, 0)]
    for point in points:
        products.append(_multiply_pairs(products[-1], point[2]))
    inverse = _invert_pair(products.pop())
    affine: list[_Affine2] = []
    for (x, y, z), product in zip(reversed(points), reversed(products), strict=True):
        own = _multiply_pairs(inverse, product)
        inverse = _multiply_pairs(inverse, z)
        square = _square_pair(own)
        affine.append((_multiply_pairs(x, square), _multiply_pairs(y, _multiply_pairs(square, own))))
    affine.reverse()
    return affine


def _multiply_generator2(scalar: int) -> _Jacobian2:
    digits = _windows(scalar)
    while len(_rows2) < len(digits):
        _rows2.append(_row2(_shifted2(_rows2[-1][0]) if _rows2 else _G2_GENERATOR))
    points = [row[digit - 1] for row, digit in zip(_rows2, digits, strict=False) if digit]
    total: _Jacobian2 = (*points[0], (1, 0))
    for point in points[1:]:
        total = _add2(total, point)
    return total


def _shifted2(base: _Affine2) -> _Affine2:
    point: _Jacobian2 = (*base, (1, 0))
    for _ in range(_WINDOW_BITS):
        point = _double2(point)
    return _affine2(point)


def _row2(base: _Affine2) -> list[_Affine2]:
    points: list[_Jacobian2] = [(*base, (1, 0)), _double2((*base, (1, 0)))]
    while len(points) < _WINDOW_MASK:
        points.append(_add2(points[-1], base))
    return _all_affine2(points)
