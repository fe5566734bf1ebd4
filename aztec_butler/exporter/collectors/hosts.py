"""Hosts: whether their names, peer-to-peer ports and nodes answer from here, and how fast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from aztec_butler.clients.host_checks import HostAnswer, Resolve, measure_hosts
from aztec_butler.core.hosts import Host
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import Pace
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

HOSTS_PACE: Final = Pace(interval_seconds=60.0, timeout_seconds=60.0)
ANSWER_SECONDS: Final = 5.0
"""Whoever has not answered by then is down. A node is asked eight questions at most, one after the other."""

UP: Final = Metric(
    name="host_up",
    help="Whether a host's name resolves (dns), its port takes connections (p2p), or its node answers, follows the right"
    " chain and keeps up with it (aztec, ethereum).",
    labels=("host", "check"),
)
LATENCY: Final = Metric(
    name="host_latency_seconds",
    help="How long its first answer took: a name, a connection, a reply; absent when there was none.",
    labels=("host", "check"),
    old_names=("aztec_butler_host_*_latency_ms",),
)
METRICS: Final = (UP, LATENCY)


def samples(answers: Iterable[HostAnswer]) -> Samples:
    """The metrics of one round.

    Args:
        answers: of all hosts.
    """
    found: dict[Metric, dict[tuple[str, ...], float]] = {UP: {}, LATENCY: {}}
    for each in answers:
        found[UP][each.host, each.check] = int(each.is_ok)
        if each.seconds is not None:
            found[LATENCY][each.host, each.check] = each.seconds
    return found


def collector(
    network: str,
    hosts: Sequence[Host],
    *,
    chain_id: int,
    block_seconds: int | None = None,
    pace: Pace = HOSTS_PACE,
    resolve: Resolve | None = None,
) -> Collector:
    """The collector.

    Args:
        network: value of the label ``network``.
        hosts: what should answer.
        chain_id: of L1: every node has to follow it.
        block_seconds: between blocks of L1; None where an old head means nothing.
        pace: how often.
        resolve: looks a name up, as ``socket.getaddrinfo``.
    """

    def collect() -> Samples:
        return samples(
            measure_hosts(
                hosts,
                chain_id=chain_id,
                block_seconds=block_seconds,
                timeout_seconds=ANSWER_SECONDS,
                resolve=resolve,
            )
        )

    return Collector(
        name="hosts",
        network=network,
        metrics=METRICS,
        interval_seconds=pace.interval_seconds,
        timeout_seconds=pace.timeout_seconds,
        collect=collect,
    )
