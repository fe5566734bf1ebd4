"""Where a node or service is asked, and what may be said about it.

A URL often is a secret: providers put keys into its path, its query and its user-info. An ``Endpoint`` takes the URL
apart once; afterwards only ``name`` (a configured name, else host and port) is shown anywhere. Text that came from the
other side goes through ``redact`` before a message may hold it, because gateways like to quote the URL back.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

import attrs

from aztec_butler.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SHOWN_CHARACTERS = 300
# Shorter pieces of a path are versions and networks ("v3", "rpc", "mainnet"), longer ones may be keys.
_KEY_CHARACTERS = 8
# Shorter values of a query are chain ids and flags; taking those out of messages would only make them unreadable.
_VALUE_CHARACTERS = 4
_URL_IN_TEXT = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<rest>[^\s\"'<>\\)\]}]+)", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@attrs.frozen(kw_only=True, repr=False)
class Endpoint:
    """One URL, taken apart; nothing but ``name`` is ever shown.

    Make it with ``Endpoint.parse``.

    >>> Endpoint.parse("https://user:pw@node.example:8545/v3/0123456789abcdef?apikey=abc")
    <Endpoint node.example:8545>
    """

    name: str
    scheme: str
    host: str
    port: int
    target: str
    """Path and query, as the request line wants them. Secret."""
    headers: tuple[tuple[str, str], ...] = ()
    """Extra request headers, user-info as ``Authorization`` among them. Secret."""
    secrets: tuple[str, ...] = attrs.field(default=(), eq=False)
    """What ``redact`` removes, longest first."""

    @classmethod
    def parse(
        cls, url: str, *, name: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Endpoint:
        """The endpoint at a URL.

        Args:
            url: ``http://`` or ``https://``, with user-info, path and query as the provider gave them.
            name: how messages and metrics call it; None for host and port.
            headers: sent with every request, e.g. ``{"x-api-key": "..."}``.

        Raises:
            SettingsError: not such a URL, or headers that HTTP cannot carry. The message does not show the URL.
        """
        if not isinstance(url, str):
            raise SettingsError("an endpoint is a URL", type=type(url).__name__)
        if not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
            raise SettingsError(
                "an endpoint URL holds white space or characters beyond ASCII",
                hint="percent-encode them",
                endpoint=name or "(unnamed)",
            )
        parts, port = _split(url)
        if parts is None or parts.scheme not in _DEFAULT_PORTS or not parts.hostname or port == 0:
            raise SettingsError(
                "an endpoint URL begins with http:// or https:// and names a host",
                hint="for example http://127.0.0.1:8545",
                endpoint=name or "(unnamed)",
            )
        if any(not 1 <= len(label) <= 63 for label in parts.hostname.rstrip(".").split(".")):
            raise SettingsError(
                "the host name of an endpoint URL is not well formed", endpoint=name or "(unnamed)"
            )
        host = parts.hostname
        authority = f"[{host}]" if ":" in host else host
        target = parts.path or "/"
        if parts.query:
            target += "?" + parts.query
        sent = dict(headers or {})
        _check_headers(sent, name or authority)
        if parts.username is not None:
            user_info = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            credentials = b2a_base64(user_info.encode(), newline=False).decode()
            sent.setdefault("authorization", "Basic " + credentials)
        return cls(
            name=name or (authority if port is None else f"{authority}:{port}"),
            scheme=parts.scheme,
            host=host,
            port=port or _DEFAULT_PORTS[parts.scheme],
            target=target,
            headers=tuple(sent.items()),
            secrets=_secrets(parts, sent.values()),
        )

    def redact(self, text: str, *, limit: int = _SHOWN_CHARACTERS) -> str:
        """Text from the other side without this endpoint's secrets, other URLs' paths, and beyond a length.

        >>> Endpoint.parse("http://node.example/v3/0123456789").redact("no project 0123456789 at http://up/v3/77")
        'no project *** at http://up/***'
        """
        # Cut generously first: replies may have many megabytes. Cut exactly last: half a secret would not be found.
        text = text[: limit * 8]
        for secret in self.secrets:
            text = text.replace(secret, "***")
        text = _URL_IN_TEXT.sub(_url_without_secrets, text)
        return text if len(text) <= limit else text[:limit] + "..."

    def __repr__(self) -> str:
        return f"<Endpoint {self.name}>"


def _split(url: str) -> tuple[SplitResult | None, int | None]:
    # urlsplit quotes parts of the URL in its errors, so they end here.
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts, parts.port
    return None, None


def _check_headers(headers: Mapping[str, str], name: str) -> None:
    for header, value in headers.items():
        if not _HEADER_NAME.fullmatch(header):
            raise SettingsError("a header name has characters that HTTP does not allow", endpoint=name)
        if not value.isprintable() or not value.isascii():
            raise SettingsError(
                "a header value has characters that HTTP does not allow", endpoint=name, header=header
            )


def _secrets(parts: SplitResult, header_values: Iterable[str]) -> tuple[str, ...]:
    whole = [parts.path + "?" + parts.query, parts.path.rstrip("/"), parts.query]
    pieces = [piece for piece in parts.path.split("/") if len(piece) >= _KEY_CHARACTERS]
    values = [pair.partition("=")[2] for pair in parts.query.split("&")]
    pieces += [value for value in values if len(value) >= _VALUE_CHARACTERS]
    for value in header_values:
        pieces += [value, *(word for word in value.split(" ") if len(word) >= _KEY_CHARACTERS)]
    if parts.username is not None:
        pieces += [parts.netloc.rpartition("@")[0], parts.username, parts.password or ""]
    found = {text for piece in (*whole, *pieces) for text in (piece, unquote(piece), unquote_plus(piece))}
    found = {text for text in found if len(text) > 1}
    return tuple(sorted(found, key=len, reverse=True))


def _url_without_secrets(match: re.Match[str]) -> str:
    authority, slash, _ = match["rest"].partition("/")
    host, question, _ = authority.rpartition("@")[2].partition("?")
    return match["scheme"] + host + ("/***" if slash or question else "")
