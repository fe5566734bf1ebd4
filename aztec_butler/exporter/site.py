"""What is answered to which request: ``/metrics``, ``/healthz``, ``/readyz`` and a page for people. No sockets here."""

from __future__ import annotations

import gzip
import hmac
import html
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import attrs

from aztec_butler.exporter.board import Board, CollectorState
from aztec_butler.exporter.self_metrics import SelfMetrics

PLAIN_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_END: Final = b"# EOF\n"
_QUALITY: Final = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)
STUCK_SECONDS: Final = 30.0
"""A loop that turns every second and has not for so long hangs."""


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


class Site:
    """Answers requests from finished pages, so that no answer waits for a node.

    Args:
        board: the pages.
        own: the exporter's own metrics.
        seconds_since_turn: how long ago the loop last turned.
        version: the package's.
        token: what a request must bear to be answered; None to answer all. ``/healthz`` is always answered.
    """

    def __init__(
        self,
        board: Board,
        own: SelfMetrics,
        *,
        seconds_since_turn: Callable[[], float],
        version: str,
        token: str | None = None,
    ) -> None:
        self._board = board
        self._own = own
        self._seconds_since_turn = seconds_since_turn
        self._version = version
        self._token = None if token is None else token.encode()

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """The answer to one request.

        Args:
            method: of HTTP, in capitals.
            target: path and query, as they came.
            headers: by lower-case name.
        """
        path = target.partition("?")[0]
        pages = {
            "/": self._landing,
            "/metrics": self._metrics,
            "/healthz": self._health,
            "/readyz": self._readiness,
        }
        make = pages.get(path)
        if make is None:
            return Answer(
                status=HTTPStatus.NOT_FOUND, content=b"there is /metrics, /healthz, /readyz and /\n"
            )
        if method not in {"GET", "HEAD"}:
            return Answer(
                status=HTTPStatus.METHOD_NOT_ALLOWED,
                content=b"only GET and HEAD\n",
                headers={"Allow": "GET, HEAD"},
            )
        if path != "/healthz" and not self._may(headers.get("authorization", "")):
            return Answer(
                status=HTTPStatus.UNAUTHORIZED,
                content=b"a bearer token is needed\n",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return make(headers)

    def _may(self, authorization: str) -> bool:
        if self._token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        # Compared in full whatever the scheme, so that time tells nothing.
        is_right = hmac.compare_digest(given.strip().encode(errors="replace"), self._token)
        return is_right and scheme.lower() == "bearer"

    # ------------------------------------------------------------------ pages

    def _metrics(self, headers: Mapping[str, str]) -> Answer:
        openmetrics = prefers_openmetrics(headers.get("accept", ""))
        pages = self._board.pages
        own = self._own.render(openmetrics=openmetrics) + (_END if openmetrics else b"")
        kind = OPENMETRICS_TYPE if openmetrics else PLAIN_TYPE
        common = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(headers.get("accept-encoding", "")):
            # Two members make one stream: what is large was compressed when it was found.
            large = pages.openmetrics_gzip if openmetrics else pages.plain_gzip
            content = large + gzip.compress(own, 1, mtime=0)
            return Answer(
                status=HTTPStatus.OK,
                content=content,
                content_type=kind,
                headers=common | {"Content-Encoding": "gzip"},
            )
        large = pages.openmetrics if openmetrics else pages.plain
        return Answer(status=HTTPStatus.OK, content=large + own, content_type=kind, headers=common)

    def _health(self, _: Mapping[str, str]) -> Answer:
        age = self._seconds_since_turn()
        if age > STUCK_SECONDS:
            return _json(
                HTTPStatus.SERVICE_UNAVAILABLE, {"healthy": False, "loop_stuck_for_seconds": round(age)}
            )
        return _json(HTTPStatus.OK, {"healthy": True})

    def _readiness(self, _: Mapping[str, str]) -> Answer:
        failing = [
            {
                "network": network,
                "collector": collector,
                "reason": _reason(state),
            }
            for (network, collector), state in sorted(self._board.states().items())
            if not state.is_fresh
        ]
        if self._seconds_since_turn() > STUCK_SECONDS:
            failing.append({"reason": "the loop hangs"})
        if not self._board.states():
            failing.append({"reason": "there is no collector"})
        if failing:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, {"ready": False, "failing": failing})
        return _json(HTTPStatus.OK, {"ready": True})

    def _landing(self, _: Mapping[str, str]) -> Answer:
        rows = "".join(
            f"<tr><td>{html.escape(network)}</td><td>{html.escape(collector)}</td>"
            f"<td>{'fresh' if state.is_fresh else 'not fresh'}</td></tr>"
            for (network, collector), state in sorted(self._board.states().items())
        )
        content = _LANDING.format(version=html.escape(self._version), rows=rows)
        return Answer(
            status=HTTPStatus.OK,
            content=content.encode(),
            content_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
        )


_LANDING: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>aztec_butler exporter</title>
<style>body{{font:16px/1.5 sans-serif;margin:2rem}}td,th{{padding:.1rem 1rem .1rem 0;text-align:left}}</style>
</head>
<body>
<h1>aztec_butler exporter</h1>
<p>Version {version}. <a href="/metrics">/metrics</a> for Prometheus, <a href="/readyz">/readyz</a> and
<a href="/healthz">/healthz</a> for whoever starts and watches it.</p>
<table><tr><th>network</th><th>collector</th><th>state</th></tr>{rows}</table>
</body>
</html>
"""


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


def _reason(state: CollectorState) -> str:
    """Why a collector is not fresh."""
    if state.reason is not None:
        return f"its last collection failed: {state.reason}"
    return "no collection has succeeded yet" if state.last_success is None else "what it found is too old"


def _json(status: HTTPStatus, content: Mapping[str, object]) -> Answer:
    return Answer(
        status=status,
        content=(json.dumps(content, sort_keys=True) + "\n").encode(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
