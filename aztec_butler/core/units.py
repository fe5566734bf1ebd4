"""Amounts and durations: exact inside, readable at the edge.

Amounts are ``int`` wei. ``Decimal`` tokens exist for people; no float takes part anywhere in this module.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal

from aztec_butler.core.errors import InputError

TOKEN_DECIMALS = 18
WEI_PER_TOKEN: int = 10**TOKEN_DECIMALS
BPS = 10_000
"""Basis points in a whole."""

_WORD_DIGITS = 78  # of the largest uint256
_EXACT = Context(prec=100)  # a narrower context would round silently

# Commas separate thousands and nothing else: in many languages "0,5" is a half, and must not become 5.
_WHOLE = r"\d{1,3}(?:,\d{3})+|\d(?:_?\d)*"
_TOKENS = re.compile(rf"({_WHOLE})?(?:\.(\d*))?", re.ASCII)
_WEI = re.compile(rf"({_WHOLE})\s*wei", re.ASCII)

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,12})\s*(min|[smhdw])", re.ASCII)
_SECONDS_ALONE = re.compile(r"\d{1,12}", re.ASCII)


def tokens_from_wei(amount_wei: int) -> Decimal:
    """Whole tokens of an amount, exactly.

    >>> tokens_from_wei(200_000 * 10**18 + 1)
    Decimal('200000.000000000000000001')
    """
    return Decimal(amount_wei).scaleb(-TOKEN_DECIMALS, _EXACT)


def parse_tokens(text: str) -> int:
    """Tokens as people write them, to wei.

    Args:
        text: a decimal number of tokens, with ``_`` or ``,`` between thousands if any, and ``AZTEC`` behind it if you
            like; or ``<integer> wei``.

    >>> parse_tokens("200_000.5")
    200000500000000000000000
    >>> parse_tokens("100 AZTEC")
    100000000000000000000
    >>> parse_tokens("7 wei")
    7

    Raises:
        InputError: not a number, negative, or finer than one wei.
    """
    cleaned = text.strip().lower()
    if match := _WEI.fullmatch(cleaned):
        return _integer(match.group(1), text)
    match = _TOKENS.fullmatch(cleaned.removesuffix("aztec").rstrip())
    whole, fraction = match.groups(default="") if match else ("", "")
    if not whole and not fraction:
        if cleaned.startswith("-"):
            raise InputError("an amount cannot be negative", value=text)
        raise InputError("expected an amount of tokens", hint='write "200,000", "0.5" or "7 wei"', value=text)
    if len(fraction.rstrip("0")) > TOKEN_DECIMALS:
        raise InputError("an amount finer than one wei", value=text, decimals=TOKEN_DECIMALS)
    return _integer(whole or "0", text) * WEI_PER_TOKEN + int(
        fraction[:TOKEN_DECIMALS].ljust(TOKEN_DECIMALS, "0")
    )


def _integer(digits: str, text: str) -> int:
    plain = digits.replace(",", "").replace("_", "").lstrip("0")
    if len(plain) > _WORD_DIGITS:
        raise InputError("an amount larger than any contract can hold", value=text[:90], digits=len(plain))
    return int(plain or "0")


def render_tokens(amount_wei: int, *, decimals: int = 2) -> str:
    """An amount as text with thousands separated, rounded towards zero so that it never shows more than there is.

    Args:
        amount_wei: the amount; may be negative.
        decimals: digits after the point, 0 to 18.

    >>> render_tokens(199_999_999_999_999_999_999_999)
    '199,999.99'

    Raises:
        InputError: more decimals than an amount has, or fewer than none.
    """
    if not 0 <= decimals <= TOKEN_DECIMALS:
        raise InputError("an amount has 0 to 18 decimals", decimals=decimals)
    sign = "-" if amount_wei < 0 else ""
    whole, rest = divmod(abs(amount_wei), WEI_PER_TOKEN)
    if decimals == 0:
        return f"{sign}{whole:,}"
    return f"{sign}{whole:,}.{rest:018d}"[: -(TOKEN_DECIMALS - decimals) or None]


def render_exact(amount_wei: int) -> str:
    """An amount as text with thousands separated and every decimal that it has.

    >>> render_exact(1_234 * 10**18), render_exact(15 * 10**17), render_exact(1)
    ('1,234', '1.5', '0.000000000000000001')
    """
    return render_tokens(amount_wei, decimals=TOKEN_DECIMALS).rstrip("0").rstrip(".")


def render_bps(bps: int) -> str:
    """Basis points as a percentage.

    >>> render_bps(2550)
    '25.50%'
    """
    return f"{bps // 100}.{bps % 100:02d}%"


def parse_duration(text: str) -> int:
    """A duration as people write it, in seconds.

    Args:
        text: numbers with a unit each: ``s``, ``m`` or ``min``, ``h``, ``d``, ``w``; a bare number is seconds.

    >>> parse_duration("7d")
    604800
    >>> parse_duration("1h 30m")
    5400

    Raises:
        InputError: anything else.
    """
    cleaned = text.strip().lower()
    if _SECONDS_ALONE.fullmatch(cleaned):
        return int(cleaned)
    parts = _DURATION.findall(cleaned)
    if not parts or _DURATION.sub("", cleaned).strip():
        raise InputError("expected a duration", hint='write "90s", "12h", "7d" or "1h 30m"', value=text)
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def render_duration(seconds: int) -> str:
    """A duration in its two largest units.

    >>> render_duration(93_784)
    '1d 2h'
    >>> render_duration(-45)
    '-45s'
    """
    sign, rest = ("-", -seconds) if seconds < 0 else ("", seconds)
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return sign + " ".join(parts[:2])
