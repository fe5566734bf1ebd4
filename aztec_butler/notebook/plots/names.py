"""Names in pictures: short enough to fit, and whole enough to be found again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_LONGEST: Final = 26

Names = Mapping[int, str]
"""What to call providers, by id; contracts know them by number only."""


def short_name(name: str) -> str:
    """An address by its ends, and anything else cut where it would not fit.

    >>> short_name("0x" + "ab" * 20), short_name("provider 7"), short_name("A provider with a very long name")
    ('0xabab…abab', 'provider 7', 'A provider with a very lo…')
    """
    if _ADDRESS.fullmatch(name):
        return f"{name[:6]}…{name[-4:]}"
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"


def provider_name(provider_id: int, names: Names | None) -> str:
    """What to call a provider.

    >>> provider_name(7, None), provider_name(7, {7: "Acme"})
    ('provider 7', 'Acme (7)')
    """
    if names is None or provider_id not in names:
        return f"provider {provider_id}"
    tail = f" ({provider_id})"
    name = names[provider_id]
    room = _LONGEST - len(tail)
    return (name if len(name) <= room else f"{name[: room - 1].rstrip()}…") + tail
