"""Amounts and durations: exact inside, readable at the edge.

Amounts are ``int`` wei. ``Decimal`` tokens exist for people; no float takes part anywhere in this module.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation

from aztec_butler.core.errors import InputError

TOKEN_DECIMALS = 18
WEI_PER_TOKEN = 10**TOKEN_DECIMALS
BPS = 10_000
"""Basis points in a whole."""

# 78 digits hold every uint256; a narrower context would round silently.
_EXACT = Context(prec=100)

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+)\s*(min|[smhdw])")


def tokens_from_wei(amount_wei: int) -> Decimal:
    """Whole tokens of an amount, exactly.

    >>> tokens_from_wei(200_000 * 10**18 + 1)
    Decimal('200000.000000000000000001')
    """
    return Decimal(amount_wei).scaleb(-TOKEN_DECIMALS, _EXACT)


def parse_tokens(text: str) -> int:
    """Tokens as people write them, to wei.

    Args:
        text: a decimal number of tokens, ``_`` or ``,`` between thousands allowed, or ``<integer> wei``.

    >>> parse_tokens("200_000.5")
    200000500000000000000000
    >>> parse_tokens("7 wei")
    7

    Raises:
        InputError: not a number, negative, or finer than one wei.
    """
    cleaned = text.strip().lower().replace("_", "").replace(",", "")
    try:
        if cleaned.endswith("wei"):
            amount_wei = int(cleaned.removesuffix("wei"))
        else:
            scaled = Decimal(cleaned).scaleb(TOKEN_DECIMALS, _EXACT)
            amount_wei = int(scaled)
            if scaled != amount_wei:
                raise InputError("an amount finer than one wei", value=text, decimals=TOKEN_DECIMALS)
    except (InvalidOperation, ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "expected an amount of tokens", hint='write "200000", "0.5" or "7 wei"', value=text
        ) from None
    if amount_wei < 0:
        raise InputError("an amount cannot be negative", value=text)
    return amount_wei


def render_tokens(amount_wei: int, *, decimals: int = 2) -> str:
    """An amount as text with thousands separated, rounded towards zero so that it never shows more than there is.

    >>> render_tokens(199_999_999_999_999_999_999_999)
    '199,999.99'
    """
    sign = "-" if amount_wei < 0 else ""
    whole, rest = divmod(abs(amount_wei), WEI_PER_TOKEN)
    if decimals == 0:
        return f"{sign}{whole:,}"
    return f"{sign}{whole:,}.{rest:018d}"[: -(TOKEN_DECIMALS - decimals) or None]


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
    if cleaned.isdecimal():
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
