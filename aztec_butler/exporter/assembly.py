"""Collectors out of settings: what is read of which network, and for whom.

Making an assembly reads files (keystores, hosts) and asks no node. What the settings have not changed is taken over
from the assembly before, so that a reload neither reads the chain's history again nor forgets what was learned.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.core.errors import InputError, SettingsError
from aztec_butler.core.hosts import Host, read_hosts
from aztec_butler.core.networks import PRESETS
from aztec_butler.core.settings import Settings
from aztec_butler.exporter.balance_book import BalanceBook
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.collectors import (
    coinbases,
    committees,
    entry_queue,
    governance,
    hosts,
    network,
    node,
    node_progress,
    offenses,
    provider,
    publishers,
    rewards,
    rollup,
    slashing,
    validators,
)
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace
from aztec_butler.exporter.l1_reading import MAX_AGE_SECONDS, L1Reading
from aztec_butler.exporter.ours import Who
from aztec_butler.exporter.own_files import OwnFiles
from aztec_butler.exporter.patient_source import OpenSource, PatientSource
from aztec_butler.exporter.settings import ExporterSettings, NetworkSettings
from aztec_butler.exporter.stats_reader import StatsReader
from aztec_butler.serving.self_metrics import RequestLike

Connect = Callable[[Settings], OpenSource]
"""Opens a connection to a network's Ethereum nodes, and asks nothing."""
CountRequest = Callable[[str, RequestLike], None]
"""Told of every request to a node: the network's name, and what is known of it."""
_NO_NODE: Final = "no Aztec node is named (l2)"
_NEEDS: Final = {
    "node": _NO_NODE,
    "node_progress": _NO_NODE,
    "validators": _NO_NODE,
    "offenses": "no admin port of an Aztec node is named (l2 and l2_admin)",
    "hosts": "no hosts are named (check_hosts)",
}
"""Why collectors cannot run that are not there."""
_PACES: Final = {
    "publishers": publishers.PUBLISHERS_PACE,
    "node": node.NODE_PACE,
    "node_progress": node.NODE_PACE,
    "hosts": hosts.HOSTS_PACE,
}
"""Of those that have one of their own."""


@attrs.frozen(kw_only=True, eq=False)
class Reader:
    """What one network is read through; it outlives reloads that do not change the connection.

    Args:
        connection: the settings it was made with.
        source: the Ethereum nodes.
        reading: of L1, shared by collectors.
        node: the Aztec node; None where none is named.
        stats: what that node tells of attesters.
        balances: what accounts had.
    """

    connection: Settings
    source: PatientSource
    reading: L1Reading
    node: AztecNode | None
    stats: StatsReader | None
    balances: BalanceBook

    @classmethod
    def of(
        cls, connection: Settings, connect: Connect, count_request: CountRequest, max_age_seconds: float
    ) -> Reader:
        """A reader that has asked nothing yet.

        Args:
            connection: the settings it is made with.
            connect: opens a connection.
            count_request: told of every request to the Aztec node; a connection tells of its own.
            max_age_seconds: how long a reading of L1 is shared.
        """
        source = PatientSource(connection.network, lambda: connect(connection))
        aztec_node = _aztec_node(connection, count_request)
        return cls(
            connection=connection,
            source=source,
            reading=L1Reading(source, max_age_seconds=max_age_seconds),
            node=aztec_node,
            stats=None if aztec_node is None else StatsReader(aztec_node),
            balances=BalanceBook(source),
        )

    def close(self) -> None:
        """Close its connections."""
        self.source.close()
        if self.node is not None:
            self.node.close()


@attrs.frozen(kw_only=True, eq=False)
class Assembly:
    """Everything that is to run.

    Args:
        settings: what it was made of.
        readers: by network.
        collectors: of all networks.
        left_out: of each network the collectors that cannot run, each with why.
    """

    settings: ExporterSettings
    readers: dict[str, Reader]
    collectors: tuple[Collector, ...]
    left_out: dict[str, dict[str, str]]

    def close(self, *, but: Assembly | None = None) -> None:
        """Close connections.

        Args:
            but: not those that this one uses.
        """
        kept = set() if but is None else set(map(id, but.readers.values()))
        for reader in self.readers.values():
            if id(reader) not in kept:
                reader.close()


def assemble(
    settings: ExporterSettings,
    connect: Connect,
    count_request: CountRequest,
    before: Assembly | None = None,
) -> Assembly:
    """What runs with these settings.

    Args:
        settings: of the exporter.
        connect: opens connections to Ethereum nodes.
        count_request: told of every request to an Aztec node.
        before: what ran so far; it is not touched.

    Raises:
        SettingsError: a file of hosts is not there or has problems; a node's key cannot be used.
        CheckFailed: a keystore cannot be read, or does not tell whose it is.
    """
    readers: dict[str, Reader] = {}
    collectors: list[Collector] = []
    left_out: dict[str, dict[str, str]] = {}
    max_age = _max_age_seconds(settings)
    for each in settings.networks:
        known = None if before is None else before.readers.get(each.name)
        fits = (
            known is not None
            and known.reading.max_age_seconds == max_age
            and _same(known.connection, each.connection)
        )
        reader = (
            known
            if known is not None and fits
            else Reader.of(each.connection, connect, count_request, max_age)
        )
        readers[each.name] = reader
        who = OwnFiles(each.named(settings.max_series), [Path(path).expanduser() for path in each.keystores])
        looked_after = _read_hosts(each)
        possible = _Possible(settings=settings, network=each, reader=reader, who=who, hosts=looked_after)
        collectors += possible.collectors()
        left_out[each.name] = possible.left_out()
    return Assembly(settings=settings, readers=readers, collectors=tuple(collectors), left_out=left_out)


@attrs.frozen(kw_only=True, eq=False)
class _Possible:
    """What can run of one network."""

    settings: ExporterSettings
    network: NetworkSettings
    reader: Reader
    who: Who
    hosts: tuple[Host, ...]

    def collectors(self) -> list[Collector]:
        """Those that are wanted and can run."""
        return [make(self._pace(name)) for name, make in self._makers().items() if self.settings.runs(name)]

    def left_out(self) -> dict[str, str]:
        """Those that are wanted and cannot run, each with why."""
        makers = self._makers()
        return {name: why for name, why in _NEEDS.items() if self.settings.runs(name) and name not in makers}

    def _pace(self, name: str) -> Pace:
        usual = _PACES.get(name, USUAL_PACE)
        return Pace(
            interval_seconds=self.settings.intervals.get(name, usual.interval_seconds),
            timeout_seconds=self.settings.timeouts.get(name, usual.timeout_seconds),
        )

    def _makers(self) -> dict[str, Callable[[Pace], Collector]]:
        reading, source, who = self.reader.reading, self.reader.source, self.who
        makers: dict[str, Callable[[Pace], Collector]] = {
            "rollup": lambda pace: rollup.collector(reading, who, pace),
            "entry_queue": lambda pace: entry_queue.collector(reading, who, pace),
            "provider": lambda pace: provider.collector(reading, who, pace),
            "coinbases": lambda pace: coinbases.collector(reading, who, pace),
            "rewards": lambda pace: rewards.collector(reading, who, pace),
            "slashing": lambda pace: slashing.collector(reading, who, pace),
            "governance": lambda pace: governance.collector(reading, pace),
            "network": lambda pace: network.collector(reading, pace),
            "committees": lambda pace: committees.collector(reading, who, pace),
            "publishers": lambda pace: publishers.collector(self.reader.balances, who, pace),
        }
        aztec_node, stats = self.reader.node, self.reader.stats
        if aztec_node is not None and stats is not None:
            makers |= {
                "node": lambda pace: node.collector(aztec_node, source, pace),
                "node_progress": lambda pace: node_progress.collector(aztec_node, source, pace),
                "validators": lambda pace: validators.collector(reading, stats, who, pace),
            }
            if self.network.connection.l2_admin is not None:
                makers["offenses"] = lambda pace: offenses.collector(aztec_node, reading, who, pace)
        if self.hosts:
            preset = PRESETS[self.network.name]
            makers["hosts"] = lambda pace: hosts.collector(
                self.network.name,
                self.hosts,
                chain_id=preset.chain_id,
                block_seconds=preset.block_seconds,
                pace=pace,
            )
        return makers


def _max_age_seconds(settings: ExporterSettings) -> float:
    """How long a reading of L1 is shared: shorter than any interval, so that each round has a block of its own."""
    chosen = [seconds for name, seconds in settings.intervals.items() if name not in _PACES]
    return min([MAX_AGE_SECONDS, *(seconds / 2 for seconds in chosen)])


def _same(one: Settings, other: Settings) -> bool:
    """Whether two settings lead to the same nodes and contracts."""
    return attrs.evolve(one, sources=_chosen(one)) == attrs.evolve(other, sources=_chosen(other))


def _chosen(connection: Settings) -> dict[str, str]:
    """Of the sources only what matters: whether anybody chose the Aztec node."""
    return {"l2": str(_is_preset(connection))}


def _is_preset(connection: Settings) -> bool:
    return connection.sources["l2"].startswith("preset")


def _aztec_node(connection: Settings, count_request: CountRequest) -> AztecNode | None:
    """The Aztec node that somebody named. A public one that nobody chose is not ours to look after."""
    if connection.l2 is None or _is_preset(connection):
        return None
    return AztecNode(
        connection.l2,
        admin_url=connection.l2_admin,
        admin_key=connection.l2_admin_key,
        timeout_seconds=connection.timeout_seconds,
        on_request=lambda request: count_request(connection.network, request),
    )


def _read_hosts(network_settings: NetworkSettings) -> tuple[Host, ...]:
    name = network_settings.check_hosts
    if name is None:
        return ()
    path = Path(name).expanduser()
    try:
        return read_hosts(path.read_bytes(), is_json=path.suffix.lower() == ".json")
    except OSError as error:
        raise SettingsError("the file of hosts cannot be read", file=path, reason=error.strerror) from None
    except InputError as error:
        raise SettingsError(error.sentence, hint=error.hint, file=path, **error.facts) from None
