"""Amounts and durations."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.units import (
    WEI_PER_TOKEN,
    parse_duration,
    parse_tokens,
    render_duration,
    render_tokens,
    tokens_from_wei,
)

UINT256 = st.integers(0, 2**256 - 1)


@pytest.mark.parametrize(
    ("text", "amount_wei"),
    [
        ("0", 0),
        ("1", 10**18),
        ("200000", 200_000 * 10**18),
        ("200_000", 200_000 * 10**18),
        ("200,000", 200_000 * 10**18),
        ("1,234,567.5", 1_234_567 * 10**18 + 5 * 10**17),
        (" 2 ", 2 * 10**18),
        ("0.5", 5 * 10**17),
        (".5", 5 * 10**17),
        ("5.", 5 * 10**18),
        ("007", 7 * 10**18),
        ("0.000000000000000001", 1),
        ("1.1000000000000000000000000", 11 * 10**17),
        ("7 wei", 7),
        ("7wei", 7),
        ("1,000 WEI", 1000),
        ("100 AZTEC", 100 * 10**18),
        ("0.5aztec", 5 * 10**17),
        ("115792089237316195423570985008687907853269984665640564039457584007913129639935 wei", 2**256 - 1),
    ],
)
def test_parse_tokens__what_people_write__is_exact(text, amount_wei):
    assert parse_tokens(text) == amount_wei


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "-",
        "-1",
        "-0.5",
        "- 1 wei",
        "+1",
        "1e3",
        "1E3",
        "AZTEC",
        "1 ETH",
        "7 wei AZTEC",
        "1 AZTEC AZTEC",
        "0x10",
        "0x10 wei",
        "nan",
        "inf",
        "infinity",
        "wei",
        "1.5 wei",
        "0.0000000000000000001",
        "1." + "0" * 101 + "1",
        "0,5",
        "1,5",
        "1,50",
        "1,0000",
        "1000,000",
        "1,000,00",
        ",5",
        "1,,000",
        "1_",
        "_1",
        "1__0",
        "1.5.5",
        "1.5,5",
        "1 000",
        "1 token",
        "\N{FULLWIDTH DIGIT ONE}",
        "\N{ARABIC-INDIC DIGIT THREE}",
        "9" * 79,
        "9" * 6000,
        "9" * 6000 + " wei",
        "0." + "9" * 6000,
    ],
)
def test_parse_tokens__anything_else__is_an_input_error(text):
    with pytest.raises(InputError):
        parse_tokens(text)


@given(UINT256)
def test_parse_tokens__all_decimals_rendered__is_the_amount(amount_wei):
    assert parse_tokens(render_tokens(amount_wei, decimals=18)) == amount_wei
    assert parse_tokens(f"{amount_wei} wei") == amount_wei
    assert parse_tokens(f"{tokens_from_wei(amount_wei):f}") == amount_wei


@given(st.integers(-(2**256), 2**256))
def test_tokens_from_wei__any_amount__is_exact(amount_wei):
    tokens = tokens_from_wei(amount_wei)
    numerator, denominator = tokens.as_integer_ratio()
    assert numerator * WEI_PER_TOKEN == amount_wei * denominator
    assert isinstance(tokens, Decimal)


@given(st.integers(-(2**256), 2**256), st.integers(0, 18))
def test_render_tokens__any_amount__never_shows_more_than_there_is(amount_wei, decimals):
    text = render_tokens(amount_wei, decimals=decimals)
    shown = Decimal(text.replace(",", ""))
    numerator, denominator = shown.as_integer_ratio()
    missing_wei = abs(amount_wei) - abs(numerator * WEI_PER_TOKEN // denominator)
    assert 0 <= missing_wei < 10 ** (18 - decimals)
    assert len(text.partition(".")[2]) == decimals


@pytest.mark.parametrize(
    ("amount_wei", "decimals", "text"),
    [
        (0, 2, "0.00"),
        (1, 2, "0.00"),
        (-1, 2, "-0.00"),
        (-(10**18), 2, "-1.00"),
        (199_999_999_999_999_999_999_999, 2, "199,999.99"),
        (199_999_999_999_999_999_999_999, 0, "199,999"),
        (5 * 10**17, 1, "0.5"),
        (1, 18, "0.000000000000000001"),
        (1_234_567 * 10**18, 0, "1,234,567"),
    ],
)
def test_render_tokens__amount__reads_well(amount_wei, decimals, text):
    assert render_tokens(amount_wei, decimals=decimals) == text


@pytest.mark.parametrize("decimals", [-1, 19])
def test_render_tokens__impossible_decimals__are_an_input_error(decimals):
    with pytest.raises(InputError):
        render_tokens(1, decimals=decimals)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("5min", 300),
        ("2 min", 120),
        ("12h", 43_200),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        (" 1D 2H ", 93_600),
    ],
)
def test_parse_duration__what_people_write__is_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h",
        "1.5h",
        "-5",
        "-5s",
        "1y",
        "1h30",
        "1h, 30m",
        "1 h h",
        "7 days",
        "soon",
        "1e3",
        "9" * 6000,
        "9" * 6000 + "s",
    ],
)
def test_parse_duration__anything_else__is_an_input_error(text):
    with pytest.raises(InputError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3_599, "59m 59s"),
        (3_600, "1h"),
        (3_601, "1h"),
        (86_400, "1d"),
        (93_784, "1d 2h"),
        (-45, "-45s"),
        (-93_784, "-1d 2h"),
        (34 * 86_400, "34d"),
    ],
)
def test_render_duration__seconds__are_two_units_at_most(seconds, text):
    assert render_duration(seconds) == text


@given(st.integers(0, 10**10))
def test_render_duration__any_duration__loses_less_than_its_smaller_unit(seconds):
    text = render_duration(seconds)
    lost = seconds - parse_duration(text)
    larger = {"s": 1, "m": 60, "h": 3600, "d": 86_400}[text.split(" ")[0][-1]]
    assert 0 <= lost < larger
