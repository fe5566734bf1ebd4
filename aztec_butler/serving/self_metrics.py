"""What a long-running process says of itself: its build, and every request it makes to a node."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from aztec_butler.serving.metric import PREFIX

# From an answer out of a node's cache to the time-out of a slow one.
_BUCKETS_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_END: Final = b"# EOF\n"


class RequestLike(Protocol):
    """What is counted of a request to a node: ``clients.request_details.RequestDetails`` has it."""

    @property
    def endpoint(self) -> str:
        """The endpoint's name, without secrets."""

    @property
    def method(self) -> str:
        """The JSON-RPC method."""

    @property
    def outcome(self) -> str:
        """How it ended."""

    @property
    def seconds(self) -> float:
        """How long it took."""


class _WithoutTimesOfBirth(CollectorRegistry):
    """What another registry has, without a second series for each counter that says when it began.

    Args:
        registry: the other one.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._other = registry

    def collect(self) -> Iterator[Metric]:
        for family in self._other.collect():
            family.samples = [each for each in family.samples if not each.name.endswith("_created")]
            yield family


class SelfMetrics:
    """The metrics of a process about itself, in a registry of their own.

    Args:
        version: the package's.
    """

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._shown = _WithoutTimesOfBirth(self.registry)
        build = Gauge(
            PREFIX + "build_info", "What is running.", ["version", "python_version"], registry=self.registry
        )
        build.labels(version, platform.python_version()).set(1)
        self._requests = Counter(
            PREFIX + "rpc_requests",
            "HTTP requests to nodes, by how they ended.",
            ["network", "endpoint", "method", "outcome"],
            registry=self.registry,
        )
        self._durations = Histogram(
            PREFIX + "rpc_request_duration_seconds",
            "How long requests to nodes took.",
            ["network", "endpoint"],
            registry=self.registry,
            buckets=_BUCKETS_SECONDS,
        )
        self._reloads = Counter(
            PREFIX + "settings_reloads",
            "Reloads of the settings, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        for outcome in ("succeeded", "refused"):
            self._reloads.labels(outcome)  # counters begin at zero, so that increases show

    def count_request(self, network: str, request: RequestLike) -> None:
        """Count one request to a node.

        Args:
            network: name of the network.
            request: what is known of it.
        """
        self._requests.labels(network, request.endpoint, request.method, request.outcome).inc()
        self._durations.labels(network, request.endpoint).observe(request.seconds)

    def count_reload(self, *, succeeded: bool) -> None:
        """Count one reload of the settings."""
        self._reloads.labels("succeeded" if succeeded else "refused").inc()

    def render(self, *, openmetrics: bool) -> bytes:
        """All of them as text; in OpenMetrics without the mark of its end."""
        if openmetrics:
            text: bytes = generate_openmetrics(self._shown)  # type: ignore[no-untyped-call]
            return text.removesuffix(_END)
        return generate_latest(self._shown)
