"""What nobody may read in a log: of URLs, of places where files are kept, and of a network's settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.core.setting_values import redact_place
from aztec_butler.core.settings import Settings

_SHORTEST: Final = 6
"""Of the pieces of a URL that are taken out of text: shorter ones are versions, ports and chain ids."""


def secrets_of_urls(urls: Iterable[str | None]) -> frozenset[str]:
    """The pieces of URLs that may be somebody's keys; None is passed over."""
    return frozenset(
        piece
        for url in urls
        if url is not None
        for piece in Endpoint.parse(url).secrets
        if len(piece) >= _SHORTEST
    )


def secrets_of_network(settings: Settings) -> frozenset[str]:
    """Everything in a network's settings that nobody may read in a log."""
    found = set(secrets_of_urls([*(settings.l1 or ()), settings.l2, settings.l2_admin]))
    found |= {settings.l2_admin_key or ""}
    place = settings.event_store or ""
    if redact_place(place) != place:
        found |= set(_words(place))
    return frozenset(found) - {""}


def _words(place: str) -> Iterator[str]:
    """What may be secret of a place that is no HTTP URL: who asks, and what stands behind a question mark."""
    authority = place.partition("://")[2].partition("/")[0].rpartition("@")[0]
    yield from (word for word in authority.split(":") if len(word) >= _SHORTEST)
    for pair in place.partition("?")[2].split("&"):
        value = pair.partition("=")[2]
        if len(value) >= _SHORTEST:
            yield value
