"""The pairing against its laws, and against another implementation's values."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core.bls import g1, g2, tower
from aztec_butler.core.bls.field import FIELD_MODULUS, GROUP_ORDER
from aztec_butler.core.bls.multiples import generators
from aztec_butler.core.bls.pairing import is_pairing_product_one, pairing_product

P = FIELD_MODULUS
SCALARS = st.integers(1, GROUP_ORDER - 1)


def points(*scalars):
    in_g1, in_g2 = generators(1)
    return in_g1.multiples(scalars), in_g2.multiples(scalars)


def flat(value):
    """The twelve numbers of a value as a polynomial of degree eleven in w, as others write it; u is w^6 - 9."""
    (a0, a1, a2), (b0, b1, b2) = value
    numbers = [0] * 12
    for place, (real, imaginary) in enumerate((a0, b0, a1, b1, a2, b2)):
        numbers[place] = (real - 9 * imaginary) % P
        numbers[place + 6] = imaginary % P
    return numbers


def some_value(seed):
    dice = random.Random(seed)
    return tuple(tuple((dice.randrange(P), dice.randrange(P)) for _ in range(3)) for _ in range(2))


def test_pairing_product__of_one_pair__equals_another_implementations():
    from py_ecc import optimized_bn128 as peer

    (p, _), (_, q) = points(0x1234567, GROUP_ORDER - 987654321)
    theirs = peer.pairing(
        (peer.FQ2(q[0]), peer.FQ2(q[1]), peer.FQ2.one()), (peer.FQ(p[0]), peer.FQ(p[1]), peer.FQ.one())
    )
    assert flat(pairing_product([(p, q)])) == [int(number) for number in theirs.coeffs]


@settings(max_examples=10, deadline=None)
@given(SCALARS, SCALARS)
def test_pairing_product__scalars_moved_to_the_other_side__stays(one, other):
    (p, q, r), (_, twisted, _) = points(one, other, one * other % GROUP_ORDER)
    # e(aG, bG') * e(-abG, G') = 1, and with another scalar it is not.
    assert is_pairing_product_one([(p, twisted), (g1.negate(r), g2.GENERATOR)])
    assert not is_pairing_product_one([(p, twisted), (g1.negate(q), g2.GENERATOR)]) or one == 1
    assert is_pairing_product_one([(p, g2.GENERATOR), (p, g2.negate(g2.GENERATOR))])
    assert not is_pairing_product_one([(p, g2.GENERATOR)])


def test_pairing_product__three_pairs_that_cancel__is_one():
    (a, b, c), _ = points(5, 7, GROUP_ORDER - 12)
    assert is_pairing_product_one([(point, g2.GENERATOR) for point in (a, b, c)])
    assert not is_pairing_product_one([(point, g2.GENERATOR) for point in (a, b, b)])


def test_pairing_product__neutral_elements__count_as_one():
    (p,), (q,) = points(42)
    assert is_pairing_product_one([])
    assert is_pairing_product_one([(g1.IDENTITY, q), (p, g2.IDENTITY)])
    assert pairing_product([(p, q), (g1.IDENTITY, q)]) == pairing_product([(p, q)])


def test_pairing_product__raised_to_the_order__is_one():
    (p,), (q,) = points(42)
    value, total = pairing_product([(p, q)]), tower.FULL_ONE
    for bit in f"{GROUP_ORDER:b}":
        total = tower.full_square(total)
        if bit == "1":
            total = tower.full_multiply(total, value)
    assert tower.is_one(total)
    assert not tower.is_one(value)


def test_tower__follows_the_laws_of_a_field():
    one, other, third = (some_value(seed) for seed in (1, 2, 3))
    multiply = tower.full_multiply
    assert flat(multiply(one, other)) == flat(multiply(other, one))
    assert flat(multiply(multiply(one, other), third)) == flat(multiply(one, multiply(other, third)))
    assert flat(tower.full_square(one)) == flat(multiply(one, one))
    assert tower.is_one(multiply(one, tower.full_invert(one)))
    assert flat(multiply(one, tower.FULL_ONE)) == flat(one)


def test_tower__product_of_polynomials__is_theirs():
    one, other = some_value(4), some_value(5)
    product = [0] * 23
    for i, a in enumerate(flat(one)):
        for j, b in enumerate(flat(other)):
            product[i + j] += a * b
    for place in range(22, 11, -1):  # w^12 = 18*w^6 - 82
        product[place - 6] += 18 * product[place]
        product[place - 12] -= 82 * product[place]
    assert flat(tower.full_multiply(one, other)) == [number % P for number in product[:12]]


def test_tower__lines__multiply_as_what_they_are():
    dice = random.Random(6)
    constant, tilt, offset = dice.randrange(P), (dice.randrange(P), 3), (4, dice.randrange(P))
    zero = (0, 0)
    line = (((constant, 0), zero, zero), (tilt, offset, zero))
    one = some_value(7)
    assert flat(tower.full_multiply_line(one, constant, tilt, offset)) == flat(tower.full_multiply(one, line))


def test_tower__frobenius__is_the_power_of_the_modulus():
    one, total = some_value(8), tower.FULL_ONE
    for bit in f"{P:b}":
        total = tower.full_square(total)
        if bit == "1":
            total = tower.full_multiply(total, one)
    assert flat(tower.full_frobenius(one)) == flat(total)


def test_cyclotomic_square__of_a_value_of_the_pairing__is_its_square():
    (p,), (q,) = points(43)
    value = pairing_product([(p, q)])
    assert flat(tower.cyclotomic_square(value)) == flat(tower.full_square(value))
    assert tower.is_one(tower.full_multiply(value, tower.full_conjugate(value)))
