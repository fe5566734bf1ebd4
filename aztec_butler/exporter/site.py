"""What is answered to which request: ``/metrics``, ``/healthz``, ``/readyz`` and a page for people. No sockets here."""

from __future__ import annotations

import gzip
import html
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from aztec_butler.exporter.board import Board, CollectorState
from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.serving.site import (
    HEALTH,
    OPENMETRICS_END,
    OPENMETRICS_TYPE,
    PLAIN_TYPE,
    STUCK_SECONDS,
    Answer,
    Site,
    accepts_gzip,
    json_answer,
    prefers_openmetrics,
)


class ExporterSite(Site):
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
        super().__init__(
            {
                "/": self._landing,
                "/metrics": self._metrics,
                HEALTH: self._health,
                "/readyz": self._readiness,
            },
            token=token,
        )

    # ------------------------------------------------------------------ pages

    def _metrics(self, headers: Mapping[str, str]) -> Answer:
        if self._seconds_since_turn() > STUCK_SECONDS:
            self._board.refresh()  # nobody else takes what is too old from the pages
        openmetrics = prefers_openmetrics(headers.get("accept", ""))
        pages = self._board.pages
        own = self._own.render(openmetrics=openmetrics) + (OPENMETRICS_END if openmetrics else b"")
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
            return json_answer(
                HTTPStatus.SERVICE_UNAVAILABLE, {"healthy": False, "loop_stuck_for_seconds": round(age)}
            )
        return json_answer(HTTPStatus.OK, {"healthy": True})

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
            return json_answer(HTTPStatus.SERVICE_UNAVAILABLE, {"ready": False, "failing": failing})
        return json_answer(HTTPStatus.OK, {"ready": True})

    def _landing(self, _: Mapping[str, str]) -> Answer:
        rows = "".join(
            f"<tr><td>{html.escape(network)}</td><td>{html.escape(collector)}</td>"
            f"<td>{'fresh' if state.is_fresh else html.escape(_reason(state))}</td></tr>"
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


def _reason(state: CollectorState) -> str:
    """Why a collector is not fresh."""
    if state.reason is not None:
        return f"its last collection failed: {state.reason}"
    return "no collection has succeeded yet" if state.last_success is None else "what it found is too old"
