"""Amounts in pictures: added up in wei, and floats only where something is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aztec_butler.core.units import tokens_from_wei


def total_wei(amounts: Iterable[Any]) -> int:
    """The sum of a wei column, exactly."""
    return sum(int(amount) for amount in amounts)


def tokens(amount_wei: int) -> float:
    """An amount as AZTEC, for a position in a picture and nothing else.

    >>> tokens(1_500_000_000_000_000_000)
    1.5
    """
    return float(tokens_from_wei(amount_wei))


def short(value: float, _position: object = None) -> str:
    """A number of tokens in a few characters.

    >>> short(200_000), short(1_250_000), short(2e9), short(0), short(17.5), short(999_999), short(4_996_000)
    ('200k', '1.25M', '2bn', '0', '17.5', '1M', '4.996M')
    """
    for size, name in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.99995:
            return f"{value / size:.4g}{name}"
    return f"{value:.4g}"


def percent(share: float) -> str:
    """A share of a whole.

    >>> percent(0.160128), percent(0.0004), percent(1)
    ('16.0%', '0.04%', '100%')
    """
    if share == 1:
        return "100%"
    return f"{share * 100:.1f}%" if share >= 0.001 or share == 0 else f"{share * 100:.2g}%"


def token_axis(axis: Any, what: str) -> None:
    """An axis of amounts: short numbers, and the unit in its label.

    Args:
        axis: ``ax.xaxis`` or ``ax.yaxis``.
        what: the quantity.
    """
    axis.set_major_formatter(short)
    axis.set_label_text(f"{what} (AZTEC)", fontsize=9)
