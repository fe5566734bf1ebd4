"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.fractions_written import parse_fraction


@given(st.integers(-(10**12), 10**12), st.integers(0, 8))
def test_parse_fraction__any_decimal__is_exact(digits, places):
    value = Decimal(digits).scaleb(-places)
    assert parse_fraction(f"{value:f}") == parse_fraction(value) == Fraction(digits, 10**places)
    assert parse_fraction(f"{value:f}%") == Fraction(digits, 10 ** (places + 2))


@given(st.fractions(-(10**12), 10**12, max_denominator=10**6))
def test_parse_fraction__any_fraction__is_itself(value):
    assert parse_fraction(value) == value
    assert parse_fraction(f"{value.numerator}/{value.denominator}") == value


@pytest.mark.parametrize(
    "value", ["", "one", "1/0", "1e9", "nan", float("inf"), float("nan"), True, "1" * 41]
)
def test_parse_fraction__no_number__is_refused(value):
    with pytest.raises(InputError, match="expected a number"):
        parse_fraction(value)
