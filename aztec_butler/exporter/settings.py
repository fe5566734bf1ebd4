"""Settings of the exporter: what it shows of which networks, and where.

Pure. They stand in the table ``[exporter]`` of a settings file, in variables ``AZTEC_BUTLER_EXPORTER_*`` and behind
flags; what a network is (its nodes, its contracts) stands where all commands look for it. One process may serve several
networks: each then has a table ``[exporter.networks.NAME]`` with both kinds of settings. ``settings_reading`` reads the
sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from aztec_butler.core.setting_layers import Setting
from aztec_butler.core.setting_values import read_count, read_text, read_url
from aztec_butler.core.settings import Settings
from aztec_butler.exporter.ours import DEFAULT_CAP, Ours
from aztec_butler.exporter.setting_values import read_coinbases, read_collectors, read_seconds, read_textfile
from aztec_butler.serving.secrets import secrets_of_network, secrets_of_urls
from aztec_butler.serving.setting_values import (
    Address,
    LogLevel,
    read_addresses,
    read_counts,
    read_level,
    read_listen,
    read_paths,
    read_switch,
)

SECTION: Final = "exporter"
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 9464
"""Where OpenTelemetry's exporters for Prometheus listen."""

PROCESS_SETTINGS: Final = (
    Setting(
        name="listen",
        parse=read_listen,
        default=Address(host=DEFAULT_HOST, port=DEFAULT_PORT),
        meaning="where it is scraped, as address:port",
    ),
    Setting(
        name="certificate", parse=read_text, meaning="file of a certificate chain in PEM; speaks TLS with it"
    ),
    Setting(
        name="certificate_key",
        parse=read_text,
        meaning="file of its private key, if the chain's does not hold it",
    ),
    Setting(name="token", parse=read_text, only_by_file=True, meaning="what scrapers must bear"),
    Setting(name="collectors", parse=read_collectors, meaning="those that run; all that can by default"),
    Setting(name="without", parse=read_collectors, default=(), meaning="collectors that do not run"),
    Setting(
        name="intervals", parse=read_seconds, default={}, meaning="seconds between collections, by collector"
    ),
    Setting(
        name="timeouts", parse=read_seconds, default={}, meaning="seconds a collection may take, by collector"
    ),
    Setting(
        name="max_series",
        parse=read_count,
        default=DEFAULT_CAP,
        meaning="how many of our attesters (publishers, coinbases) have series of their own",
    ),
    Setting(name="log_level", parse=read_level, meaning="debug, info, warning or error"),
    Setting(name="textfile", parse=read_textfile, meaning="the file that a single run writes"),
    Setting(name="push", parse=read_url, is_url=True, meaning="the Pushgateway that a single run tells"),
    Setting(name="push_job", parse=read_text, default="aztec_butler", meaning="label job at the Pushgateway"),
    Setting(
        name="push_instance", parse=read_text, meaning="label instance there; this machine's name by default"
    ),
)
OWN_SETTINGS: Final = (
    Setting(
        name="provider_ids", parse=read_counts, default=(), meaning="our providers in the StakingRegistry"
    ),
    Setting(
        name="attesters", parse=read_addresses, default=(), meaning="our attesters, besides the providers'"
    ),
    Setting(
        name="keystores",
        parse=read_paths,
        default=(),
        meaning="files or folders of keystores: whose they are",
    ),
    Setting(
        name="publishers", parse=read_addresses, default=(), meaning="our publishers, besides the keystores'"
    ),
    Setting(
        name="coinbases", parse=read_coinbases, default={}, meaning="where rewards should go, by attester"
    ),
    Setting(
        name="all_attesters",
        parse=read_switch,
        default=False,
        meaning="yes to show every attester of the network one by one, not ours alone",
    ),
    Setting(name="check_hosts", parse=read_text, meaning="file that names hosts to look after"),
)
"""Those of each network."""


@attrs.frozen(kw_only=True)
class NetworkSettings:
    """One network, and what of it is ours.

    Args:
        connection: the network's own settings.
        provider_ids: our providers.
        attesters: ours, checksummed.
        keystores: paths of files and folders.
        publishers: ours, checksummed.
        coinbases: by attester, checksummed.
        all_attesters: whether every attester of the network is shown one by one.
        check_hosts: path of a file of hosts; None where there is none.
    """

    connection: Settings
    provider_ids: tuple[int, ...] = ()
    attesters: tuple[str, ...] = ()
    keystores: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    coinbases: Mapping[str, str] = attrs.field(factory=dict)
    all_attesters: bool = False
    check_hosts: str | None = None

    @property
    def name(self) -> str:
        """The network's."""
        return self.connection.network

    def named(self, cap: int) -> Ours:
        """Who we are, as far as settings say.

        Args:
            cap: how many of a kind are shown one by one.
        """
        return Ours(
            provider_ids=self.provider_ids,
            attesters=self.attesters,
            publishers=self.publishers,
            coinbases=self.coinbases,
            cap=cap,
            everybody=self.all_attesters,
        )


@attrs.frozen(kw_only=True)
class ExporterSettings:
    """Everything the exporter is told.

    Args:
        networks: at least one, each once.
        listen: where it is scraped.
        certificate: path; None to speak plain HTTP.
        certificate_key: path; None when the certificate's file holds it.
        token: what scrapers must bear; None to answer all.
        collectors: names of those that run; None for all that can.
        without: names of those that do not.
        intervals: seconds from the start of one collection to that of the next, by collector.
        timeouts: seconds that one may take, by collector.
        max_series: how many of a kind of ours are shown one by one.
        log_level: from which on is logged; None for what is usual.
        textfile: path that a single run writes.
        push: URL of a Pushgateway that a single run tells.
        push_job: label ``job`` there.
        push_instance: label ``instance`` there; None for this machine's name.
    """

    networks: tuple[NetworkSettings, ...]
    listen: Address
    certificate: str | None
    certificate_key: str | None
    token: str | None = attrs.field(repr=False)
    collectors: tuple[str, ...] | None
    without: tuple[str, ...]
    intervals: Mapping[str, float]
    timeouts: Mapping[str, float]
    max_series: int
    log_level: LogLevel | None
    textfile: str | None
    push: str | None = attrs.field(repr=False)
    push_job: str
    push_instance: str | None

    def runs(self, collector: str) -> bool:
        """Whether a collector is wanted.

        Args:
            collector: its name.
        """
        return (self.collectors is None or collector in self.collectors) and collector not in self.without

    @property
    def secrets(self) -> frozenset[str]:
        """Everything in them that nobody may read in a log."""
        found = secrets_of_urls([self.push]) | {self.token or ""}
        return frozenset(found.union(*(secrets_of_network(each.connection) for each in self.networks))) - {""}
