"""Exact amounts as the floats that metrics have: converted once, at the end, and never calculated with."""

from __future__ import annotations

from aztec_butler.core.units import BPS, tokens_from_wei


def whole_tokens(amount_wei: int) -> float:
    """An amount in whole tokens, as near as a float comes to it.

    >>> whole_tokens(200_000 * 10**18), whole_tokens(1)
    (200000.0, 1e-18)
    """
    return float(tokens_from_wei(amount_wei))


def ratio_of_bps(bps: int) -> float:
    """Basis points as a ratio.

    >>> ratio_of_bps(2_500)
    0.25
    """
    return bps / BPS
