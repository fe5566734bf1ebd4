"""The exporter as one thing: what collects, what is shown, and settings that can change under both."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import attrs
from structlog.typing import FilteringBoundLogger

from aztec_butler.core.settings import Settings
from aztec_butler.exporter.assembly import Assembly, assemble
from aztec_butler.exporter.board import Board
from aztec_butler.exporter.collector import Outcome
from aztec_butler.exporter.loop import CollectionLoop, reason_of
from aztec_butler.exporter.patient_source import OpenSource
from aztec_butler.exporter.settings import ExporterSettings
from aztec_butler.exporter.site import ExporterSite
from aztec_butler.serving.logs import told
from aztec_butler.serving.self_metrics import RequestLike, SelfMetrics

OnRequest = Callable[[RequestLike], None]


class Connecting(Protocol):
    """How a network's Ethereum nodes are connected to; the room above knows."""

    def __call__(self, settings: Settings, on_request: OnRequest) -> OpenSource:
        """A connection that has asked nothing yet.

        Args:
            settings: of the network.
            on_request: to be told of every request to a node.
        """


class Exporter:
    """Collects and shows.

    Args:
        connecting: opens connections.
        log: where it tells how collections go.
        version: the package's.

    Attributes:
        board: what was found.
        own: its own metrics.
        loop: collects.
    """

    def __init__(self, connecting: Connecting, log: FilteringBoundLogger, *, version: str) -> None:
        self.own = SelfMetrics(version)
        self.board = Board(clock=time.time)
        self.outcomes = OutcomeLog(log)
        self.loop = CollectionLoop(self.board, on_outcome=self.outcomes)
        self._connecting = connecting
        self._version = version
        self._assembly: Assembly | None = None

    def prepare(self, settings: ExporterSettings) -> Assembly:
        """What would run with some settings. Reads files, asks no node, changes nothing.

        Raises:
            ButlerError: a file that the settings name is not as it should be.
        """
        return assemble(settings, self._connect, self.own.count_request, self._assembly)

    def use(self, assembly: Assembly) -> None:
        """Run this from now on, and close what it does without."""
        before, self._assembly = self._assembly, assembly
        self.loop.replace(assembly.collectors)
        if before is not None:
            before.close(but=assembly)

    def discard(self, assembly: Assembly) -> None:
        """Close what was prepared and is not wanted."""
        assembly.close(but=self._assembly)

    def site(self, token: str | None) -> ExporterSite:
        """What is answered to requests.

        Args:
            token: what they must bear; None to answer all.
        """
        return ExporterSite(
            self.board,
            self.own,
            seconds_since_turn=lambda: self.loop.seconds_since_turn,
            version=self._version,
            token=token,
        )

    def page(self) -> bytes:
        """Everything there is to show now, in Prometheus' own format."""
        return self.board.pages.plain + self.own.render(openmetrics=False)

    def close(self) -> None:
        """Stop collecting, and close all connections."""
        self.loop.stop()
        if self._assembly is not None:
            self._assembly.close()

    def _connect(self, settings: Settings) -> OpenSource:
        name = settings.network
        return self._connecting(settings, lambda request: self.own.count_request(name, request))


@attrs.frozen
class _Failing:
    reason: str
    since: float


class OutcomeLog:
    """Tells how collections go, and the same thing only once: a node that is away for a night is not worth a thousand lines.

    Args:
        log: where to.
        monotonic: seconds that never go back.
    """

    def __init__(self, log: FilteringBoundLogger, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.log = log
        self._monotonic = monotonic
        self._failing: dict[tuple[str, str], _Failing] = {}
        self._seen: set[tuple[str, str]] = set()

    def __call__(self, outcome: Outcome) -> None:
        """Tell one."""
        collector = outcome.collector
        key = (collector.network, collector.name)
        log = self.log.bind(
            network=collector.network, collector=collector.name, seconds=round(outcome.duration_seconds, 3)
        )
        before = self._failing.get(key)
        if outcome.error is None:
            self._failing.pop(key, None)
            if before is not None:
                log.info(
                    "a collector succeeds again", failed_for_seconds=round(self._monotonic() - before.since)
                )
            elif key not in self._seen:
                log.info("a collector succeeded for the first time")
            else:
                log.debug("collected")
            self._seen.add(key)
            return
        reason = reason_of(outcome.error)
        since = self._monotonic() if before is None else before.since
        self._failing[key] = _Failing(reason, since)
        if before is not None and before.reason == reason:
            log.debug("a collection failed again", reason=reason)
        else:
            log.warning("a collection failed", **told(outcome.error))
