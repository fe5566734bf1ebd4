"""Errors on one line, as plans and evidence show them."""

from __future__ import annotations

from aztec_butler.core.errors import ButlerError


def told_shortly(error: ButlerError) -> str:
    """What happened, with its facts and the way out.

    >>> from aztec_butler.core.errors import InputError
    >>> told_shortly(InputError("there are no keys to add", provider_id=7, hint="prepare some"))
    'there are no keys to add (provider_id: 7): prepare some'
    """
    facts = ", ".join(f"{name}: {value}" for name, value in error.facts.items())
    told = f"{error.sentence} ({facts})" if facts else error.sentence
    return told if error.hint is None else f"{told}: {error.hint}"
