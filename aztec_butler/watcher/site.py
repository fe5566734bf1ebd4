"""What the watcher answers to which request: ``/metrics``, ``/healthz``, ``/readyz`` and a page for people."""

from __future__ import annotations

import gzip
import html
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import attrs

from aztec_butler.serving.exposition import Samples, page, sample_lines
from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.serving.site import (
    HEALTH,
    OPENMETRICS_END,
    OPENMETRICS_TYPE,
    PLAIN_TYPE,
    Answer,
    Site,
    accepts_gzip,
    json_answer,
    prefers_openmetrics,
)


@attrs.frozen(kw_only=True)
class Shown:
    """What is shown until the next turn.

    Args:
        samples: metrics.
        failing: what keeps the watcher from being ready, a sentence each.
        rows: names and values for the page for people.
    """

    samples: Samples = attrs.field(factory=dict)
    failing: tuple[str, ...] = ("it has not reached the head of the chain yet",)
    rows: tuple[tuple[str, str], ...] = ()


class WatcherSite(Site):
    """Answers requests from what the last turn left, so that no answer waits for a node or the disk.

    Args:
        own: metrics of the process about itself.
        network: the network's name.
        seconds_since_turn: how long ago the loop last gave a sign of life.
        stuck_seconds: a loop that gave none for so long hangs.
        version: the package's.
        token: what a request must bear; None to answer all.
    """

    def __init__(
        self,
        own: SelfMetrics,
        *,
        network: str,
        seconds_since_turn: Callable[[], float],
        stuck_seconds: float,
        version: str,
        token: str | None = None,
    ) -> None:
        self._own = own
        self._network = network
        self._seconds_since_turn = seconds_since_turn
        self._stuck_seconds = stuck_seconds
        self._version = version
        self.shown = Shown()
        super().__init__(
            {"/": self._landing, "/metrics": self._metrics, HEALTH: self._health, "/readyz": self._readiness},
            token=token,
        )

    def _metrics(self, headers: Mapping[str, str]) -> Answer:
        openmetrics = prefers_openmetrics(headers.get("accept", ""))
        # What a loop that hangs found is old, however often it is asked for: only what the process is remains.
        samples: Samples = {} if self._hangs else self.shown.samples
        content = page([sample_lines(samples, network=self._network)], openmetrics=openmetrics)
        content += self._own.render(openmetrics=openmetrics) + (OPENMETRICS_END if openmetrics else b"")
        common = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(headers.get("accept-encoding", "")):
            content = gzip.compress(content, 1, mtime=0)
            common["Content-Encoding"] = "gzip"
        kind = OPENMETRICS_TYPE if openmetrics else PLAIN_TYPE
        return Answer(status=HTTPStatus.OK, content=content, content_type=kind, headers=common)

    @property
    def _hangs(self) -> bool:
        return self._seconds_since_turn() > self._stuck_seconds

    def _health(self, _: Mapping[str, str]) -> Answer:
        if self._hangs:
            age = round(self._seconds_since_turn())
            return json_answer(
                HTTPStatus.SERVICE_UNAVAILABLE, {"healthy": False, "loop_stuck_for_seconds": age}
            )
        return json_answer(HTTPStatus.OK, {"healthy": True})

    def _readiness(self, _: Mapping[str, str]) -> Answer:
        failing = [*self.shown.failing, *(["the loop hangs"] if self._hangs else [])]
        if failing:
            return json_answer(HTTPStatus.SERVICE_UNAVAILABLE, {"ready": False, "failing": failing})
        return json_answer(HTTPStatus.OK, {"ready": True})

    def _landing(self, _: Mapping[str, str]) -> Answer:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
            for name, value in (
                ("network", self._network),
                *self.shown.rows,
                *(("not ready", each) for each in self.shown.failing),
            )
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
<meta charset="utf-8"><title>aztec_butler watcher</title>
<style>body{{font:16px/1.5 sans-serif;margin:2rem}}td,th{{padding:.1rem 1rem .1rem 0;text-align:left}}</style>
</head>
<body>
<h1>aztec_butler watcher</h1>
<p>Version {version}. <a href="/metrics">/metrics</a> for Prometheus, <a href="/readyz">/readyz</a> and
<a href="/healthz">/healthz</a> for whoever starts and watches it. What it means to do, and what it did, is told by
<code>aztec-butler actions list</code> and <code>aztec-butler journal status</code>.</p>
<table>{rows}</table>
</body>
</html>
"""
