"""What is answered to which request, to whom, and in which format. No sockets here."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import attrs

PLAIN_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OPENMETRICS_END: Final = b"# EOF\n"
_QUALITY: Final = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)
STUCK_SECONDS: Final = 30.0
"""A loop that turns every second and has not for so long hangs."""
HEALTH: Final = "/healthz"


@attrs.frozen(kw_only=True)
class Answer:
    """What is sent back.

    Args:
        status: of HTTP.
        content: the body.
        content_type: its type.
        headers: further headers.
    """

    status: HTTPStatus
    content: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = attrs.field(factory=dict)


Page = Callable[[Mapping[str, str]], Answer]
"""Makes an answer of a request's headers, by lower-case name."""


class Site:
    """Answers requests from finished pages, so that no answer waits for a node.

    Args:
        pages: by path.
        token: what a request must bear to be answered; None to answer all. ``/healthz`` is always answered.
    """

    def __init__(self, pages: Mapping[str, Page], *, token: str | None = None) -> None:
        self._pages = dict(pages)
        self._token = None if token is None else token.encode()

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """The answer to one request.

        Args:
            method: of HTTP, in capitals.
            target: path and query, as they came.
            headers: by lower-case name.
        """
        path = target.partition("?")[0]
        make = self._pages.get(path)
        if make is None:
            return Answer(status=HTTPStatus.NOT_FOUND, content=self._directory())
        if method not in {"GET", "HEAD"}:
            return Answer(
                status=HTTPStatus.METHOD_NOT_ALLOWED,
                content=b"only GET and HEAD\n",
                headers={"Allow": "GET, HEAD"},
            )
        if path != HEALTH and not self._may(headers.get("authorization", "")):
            return Answer(
                status=HTTPStatus.UNAUTHORIZED,
                content=b"a bearer token is needed\n",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return make(headers)

    def _directory(self) -> bytes:
        return f"there is {', '.join(sorted(self._pages))}\n".encode()

    def _may(self, authorization: str) -> bool:
        if self._token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        # Compared in full whatever the scheme, so that time tells nothing.
        is_right = hmac.compare_digest(given.strip().encode(errors="replace"), self._token)
        return is_right and scheme.lower() == "bearer"


def prefers_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics is wanted at least as much as Prometheus' own format.

    >>> prefers_openmetrics("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1")
    True
    >>> prefers_openmetrics("*/*"), prefers_openmetrics("text/plain, application/openmetrics-text;q=0.2")
    (False, False)
    """
    wanted = _qualities(accept)
    openmetrics = wanted.get("application/openmetrics-text", 0.0)
    plain = max((wanted.get(kind, 0.0) for kind in ("text/plain", "text/*")), default=0.0)
    return openmetrics > 0 and openmetrics >= plain


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a compressed answer may be sent.

    >>> accepts_gzip("gzip"), accepts_gzip("deflate, GZIP;q=0.5"), accepts_gzip("gzip;q=0"), accepts_gzip("")
    (True, True, False, False)
    """
    return _qualities(accept_encoding).get("gzip", 0.0) > 0


def _qualities(header: str) -> dict[str, float]:
    """How much each alternative of a header is wanted; the most of those named twice."""
    found: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = part.split(";")
        quality = 1.0
        for parameter in parameters:
            match = _QUALITY.fullmatch(parameter)
            if match is not None:
                quality = min(1.0, float(match[1]))
        name = name.strip().lower()
        found[name] = max(found.get(name, 0.0), quality)
    return found


def json_answer(status: HTTPStatus, content: Mapping[str, object]) -> Answer:
    """A small object as the answer, which nobody may keep."""
    return Answer(
        status=status,
        content=(json.dumps(content, sort_keys=True) + "\n").encode(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
