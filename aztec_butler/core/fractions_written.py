"""Rates and shares as people write them, exact."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from aztec_butler.core.errors import InputError

_LONGEST = 40
"""Letters of a number that anybody writes."""


def parse_fraction(value: str | float | Decimal | Fraction) -> Fraction:
    """A number as people write it: ``12``, ``0.75``, ``3/4``, ``75%``.

    A float stands for the decimal number that it shows.

    >>> parse_fraction("75%"), parse_fraction(0.1), parse_fraction("1/3")
    (Fraction(3, 4), Fraction(1, 10), Fraction(1, 3))

    Raises:
        InputError: anything else.
    """
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        raise InputError("expected a number", value=value)
    if isinstance(value, Fraction | int):
        return Fraction(value)
    text = str(value).strip().replace("_", "")
    digits = text.removesuffix("%").strip()
    # An exponent could stand for more digits than there is room for.
    is_endless = len(digits) > _LONGEST or (isinstance(value, str) and "e" in digits.lower())
    try:
        found = Fraction("" if is_endless else digits)
    except (ValueError, ZeroDivisionError):
        raise InputError(
            "expected a number", hint="write 12, 0.75, 3/4 or 75%", value=text[: 2 * _LONGEST]
        ) from None
    return found / 100 if text.endswith("%") else found
