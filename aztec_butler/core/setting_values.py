"""Raw values of settings, as text or as TOML gives them, to what they mean.

Every reader raises InputError with a sentence that does not hold the value: it may be a secret.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from urllib.parse import urlsplit

from aztec_butler.core.errors import InputError
from aztec_butler.core.networks import PRESETS
from aztec_butler.core.spelling import did_you_mean


def alternatives(name: str, known: Iterable[str]) -> str:
    """What was probably meant, else what there is.

    >>> alternatives("zzz", ["mainnet", "testnet"])
    'there is mainnet, testnet'
    """
    return did_you_mean(name, known) or f"there is {', '.join(known)}"


def redact_url(url: str) -> str:
    """A URL as it may be shown: its path, query and user-info may hold keys.

    >>> redact_url("https://user:pw@node.example:8545/v3/0123456789abcdef?key=1")
    'https://node.example:8545/...'
    >>> redact_url("http://127.0.0.1:8545")
    'http://127.0.0.1:8545'
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    authority = f"[{host}]" if ":" in host else host
    if parts.port is not None:
        authority += f":{parts.port}"
    hidden = parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment
    return f"{parts.scheme}://{authority}" + ("/..." if hidden else "")


def redact_place(place: str) -> str:
    """A folder as it is, an address without what may be secret in it.

    >>> redact_place("/var/cache"), redact_place("s3://key:secret@bucket/events?token=1")
    ('/var/cache', 's3://bucket/events')
    """
    scheme, separator, rest = place.partition("://")
    if not separator:
        return place
    authority, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def read_text(raw: object) -> str:
    """Text with something in it, without the white space around it."""
    if not isinstance(raw, str) or not raw.strip():
        raise InputError("expected text")
    return raw.strip()


def read_network(raw: object) -> str:
    """A network's name, in any case."""
    name = read_text(raw).lower()
    if name not in PRESETS:
        raise InputError("no such network", hint=alternatives(name, PRESETS))
    return name


def read_url(raw: object) -> str:
    """An HTTP URL, as it was given."""
    text = read_text(raw)
    sentence = "a URL begins with http:// or https:// and names a host"
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or broken brackets
        raise InputError(sentence) from None
    if not well_formed or not text.isascii() or any(letter.isspace() for letter in text):
        raise InputError(sentence)
    return text


def read_urls(raw: object) -> tuple[str, ...]:
    """URLs: a list, or text with commas or white space between them."""
    parts = raw if isinstance(raw, list | tuple) else read_text(raw).replace(",", " ").split()
    urls = tuple(read_url(part) for part in parts)
    if not urls:
        raise InputError("expected at least one URL")
    if len(set(urls)) != len(urls):
        raise InputError("the same URL is named twice")
    return urls


def read_count(raw: object) -> int:
    """A whole number, zero or more; text may be 0x hex."""
    sentence = "expected a whole number, zero or more"
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise InputError(sentence)
    try:
        number = int(raw, 0) if isinstance(raw, str) else raw
    except ValueError:
        raise InputError(sentence) from None
    if number < 0:
        raise InputError(sentence)
    return number


def read_positive(raw: object) -> float:
    """A number above zero."""
    sentence = "expected a number above zero"
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise InputError(sentence)
    try:
        number = float(raw)
    except ValueError:
        raise InputError(sentence) from None
    if not math.isfinite(number) or number <= 0:
        raise InputError(sentence)
    return number
