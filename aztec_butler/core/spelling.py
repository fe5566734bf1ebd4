"""Names that somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest known names; None when nothing is near.

    >>> did_you_mean("mainet", ["mainnet", "testnet", "devnet"])
    'did you mean mainnet?'
    """
    # Only errors need it, and it would cost every start-up milliseconds.
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower, n=3)
    return f"did you mean {' or '.join(by_lower[name] for name in near)}?" if near else None
