"""Multiples and sums in both groups against the definition of the group."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aztec_butler.core.bls import g1, g2
from aztec_butler.core.bls.field import (
    CURVE_PARAMETER,
    FIELD_MODULUS,
    GROUP_ORDER,
    invert,
    invert_all,
    multiply,
    power,
    scale,
    square,
    square_root,
)
from aztec_butler.core.bls.multiples import LAMBDA, Generator, generators, multiples, split

P = FIELD_MODULUS
SCALARS = st.one_of(st.integers(1, 5000), st.integers(1, GROUP_ORDER - 1))
NUMBERS = st.integers(1, P - 1)
PAIRS = st.tuples(st.integers(0, P - 1), st.integers(0, P - 1)).filter(lambda pair: pair != (0, 0))
GROUPS = pytest.mark.parametrize("group", [g1, g2], ids=["g1", "g2"])


def times(group, scalar, point):
    """Double and add; None of the shortcuts."""
    total = group.IDENTITY
    for bit in f"{scalar:b}":
        (total,) = group.add_all([(total, total)])
        if bit == "1":
            (total,) = group.add_all([(total, point)])
    return total


def root_of_pair(pair):
    """A square root in the quadratic extension by trial of both halves of the norm's root; None without one."""
    a, b = pair
    length = square_root((a * a + b * b) % P)
    if length is None:
        return None
    for sign in (length, -length):
        x = square_root((a + sign) * pow(2, -1, P) % P)
        if x:
            found = (x, b * pow(2 * x, -1, P) % P)
            if square(found) == pair:
                return found
    return None


def points_of_the_twist(seed):
    """Points that fit the equation and, but for one in 2^254, are not in the group."""
    dice = random.Random(seed)
    b = multiply((3, 0), invert((9, 1)))
    while True:
        x = (dice.randrange(P), dice.randrange(P))
        cube = multiply(square(x), x)
        y = root_of_pair(((cube[0] + b[0]) % P, (cube[1] + b[1]) % P))
        if y is not None:
            yield x, y


def test_modulus_and_order__are_the_curves_polynomials():
    x = CURVE_PARAMETER
    assert 36 * x**4 + 36 * x**3 + 24 * x**2 + 6 * x + 1 == FIELD_MODULUS
    assert 36 * x**4 + 36 * x**3 + 18 * x**2 + 6 * x + 1 == GROUP_ORDER


@given(st.lists(NUMBERS, max_size=9))
def test_invert_all__of_any_numbers__are_the_inverses(values):
    assert [value * inverse % P for value, inverse in zip(values, invert_all(values), strict=True)] == [
        1
    ] * len(values)


@given(PAIRS, PAIRS, NUMBERS)
def test_pairs__follow_the_laws_of_a_field(one, other, factor):
    assert square(one) == multiply(one, one)
    assert multiply(one, other) == multiply(other, one)
    assert multiply(one, invert(one)) == (1, 0)
    assert scale(one, factor) == multiply(one, (factor, 0))
    assert multiply((0, 1), (0, 1)) == (P - 1, 0)
    assert power(one, 5) == multiply(one, square(square(one)))


@given(st.integers(1, GROUP_ORDER - 1))
@example(1)
@example(GROUP_ORDER - 1)
@example(GROUP_ORDER // 2)
@example(LAMBDA)
@example(GROUP_ORDER - LAMBDA)
def test_split__any_scalar__gives_two_short_halves_of_it(scalar):
    first, second = split(scalar)
    assert (first + second * LAMBDA - scalar) % GROUP_ORDER == 0
    assert max(abs(first), abs(second)) < 1 << 126


@given(st.integers(1, 1 << 60))
def test_split__small_scalar__stays_whole(scalar):
    assert split(scalar) == (scalar, 0)


@GROUPS
def test_endomorphism__multiplies_by_lambda(group):
    assert LAMBDA not in (0, 1)
    assert pow(LAMBDA, 3, GROUP_ORDER) == 1
    assert group.endomorphism(group.GENERATOR) == times(group, LAMBDA, group.GENERATOR)


@GROUPS
def test_add_all__equal_opposite_and_neutral_points__give_the_groups_answers(group):
    one = group.GENERATOR
    (two,) = group.add_all([(one, one)])
    (three,) = group.add_all([(two, one)])
    pairs = {
        (one, group.negate(one)): group.IDENTITY,
        (group.IDENTITY, two): two,
        (two, group.IDENTITY): two,
        (group.IDENTITY, group.IDENTITY): group.IDENTITY,
        (three, group.negate(one)): two,
        (three, group.negate(two)): one,
    }
    assert group.add_all(list(pairs)) == list(pairs.values())
    assert all(group.is_on_curve(point) for point in (one, two, three))
    assert group.add_all([]) == []


@GROUPS
def test_jacobian_steps__equal_affine_ones_also_where_points_meet(group):
    one = group.GENERATOR
    unit = 1 if group is g1 else (1, 0)
    lifted = (*one, unit)
    two = group.double(lifted)
    three = group.add(two, one)
    nothing = group.add(lifted, group.negate(one))
    four = group.add(three, one)

    def affine(point):
        if group is g1:
            return g1.affine_all([point])[0]
        x, y, z = point
        if z == (0, 0):
            return g2.IDENTITY
        inverse = invert(z)
        return multiply(x, square(inverse)), multiply(y, multiply(inverse, square(inverse)))

    assert affine(two) == affine(group.add(lifted, one)) == times(group, 2, one)
    assert affine(three) == times(group, 3, one)
    assert affine(four) == affine(group.double(two)) == times(group, 4, one)
    assert affine(nothing) == affine(group.double(nothing)) == group.IDENTITY
    assert affine(group.add(nothing, one)) == one


@GROUPS
@pytest.mark.parametrize("bits", range(2, 10))
def test_generator__window_of_any_size__gives_the_same_multiples(group, bits):
    scalars = [1, 2, (1 << bits) - 1, 1 << (bits - 1), GROUP_ORDER - 1, GROUP_ORDER // 3, LAMBDA]
    made = Generator(
        group.GENERATOR,
        bits,
        add_all=group.add_all,
        negate=group.negate,
        endomorphism=group.endomorphism,
    )
    assert made.multiples(scalars) == [times(group, scalar, group.GENERATOR) for scalar in scalars]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(SCALARS, SCALARS), min_size=1, max_size=4))
def test_multiples__of_any_points__equal_double_and_add(pairs):
    points = [times(g1, scalar, g1.GENERATOR) for scalar, _ in pairs]
    scalars = [scalar for _, scalar in pairs]
    assert multiples(points, scalars) == [
        times(g1, scalar, point) for point, scalar in zip(points, scalars, strict=True)
    ]


def test_generators__for_more_keys__have_larger_tables():
    few, many = generators(1)[0], generators(4000)[0]
    assert len(few._rows[0]) < len(many._rows[0]) <= 1 << 8
    assert generators(4000)[0] is many
    assert few.multiples([12345]) == many.multiples([12345])


def test_is_in_group__points_of_the_group__are():
    dice = random.Random(5)
    for _ in range(5):
        point = times(g2, dice.randrange(1, GROUP_ORDER), g2.GENERATOR)
        assert g2.is_on_curve(point)
        assert g2.is_in_group(point)


def test_is_in_group__other_points_of_the_twist__are_not():
    twist = points_of_the_twist(1)
    cofactor = 2 * FIELD_MODULUS - GROUP_ORDER
    for _ in range(5):
        point = next(twist)
        assert g2.is_on_curve(point)
        assert not g2.is_in_group(point)
        assert g2.is_in_group(times(g2, cofactor, point))


def test_is_in_group__points_of_small_order__are_not():
    # 10069 divides the cofactor: a point of that order meets itself and its opposite in the middle of a sum.
    cofactor = 2 * FIELD_MODULUS - GROUP_ORDER
    assert cofactor % 10069 == 0
    point = times(g2, GROUP_ORDER * cofactor // 10069, next(points_of_the_twist(2)))
    assert point != g2.IDENTITY
    assert times(g2, 10069, point) == g2.IDENTITY
    assert not g2.is_in_group(point)


@pytest.mark.parametrize("place", range(4))
def test_is_on_curve__coordinate_not_below_the_modulus__is_not(place):
    (x, y), twisted = g1.GENERATOR, g2.GENERATOR
    if place < 2:
        assert g1.is_on_curve((x, y))
        assert not g1.is_on_curve((x + P * (place == 0), y + P * (place == 1)))
        assert not g1.is_on_curve((x - P * (place == 0), y - P * (place == 1)))
    parts = [part for coordinate in twisted for part in coordinate]
    for moved in (P, -P):
        changed = [part + moved * (number == place) for number, part in enumerate(parts)]
        assert not g2.is_on_curve(((changed[0], changed[1]), (changed[2], changed[3])))


def test_square_root__numbers_without_one__have_none():
    roots = [square_root(number) for number in range(1, 60)]
    assert any(roots)
    assert all(root is None or root * root % P == number for number, root in enumerate(roots, start=1))
    squares = [pow(number, (P - 1) // 2, P) == 1 for number in range(1, 60)]
    assert [root is not None for root in roots] == squares
