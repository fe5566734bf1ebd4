"""The command that serves until it is told to stop."""

import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection, running_devnet
from aztec_butler.core.errors import InputError

if TYPE_CHECKING:
    from aztec_butler.core.settings import Settings
    from aztec_butler.exporter.settings import ExporterSettings
    from aztec_butler.network import Network


def exporting(
    *,
    listen: Annotated[str, str, "ADDRESS:PORT"] | None = None,
    certificate: Annotated[str, str, "FILE"] | None = None,
    certificate_key: Annotated[str, str, "FILE"] | None = None,
    token_file: Annotated[str, str, "FILE"] | None = None,
    provider_ids: Annotated[str, str, "N,N"] | None = None,
    attesters: Annotated[str, str, "ADDRESSES"] | None = None,
    keystores: Annotated[str, str, "PATHS"] | None = None,
    publishers: Annotated[str, str, "ADDRESSES"] | None = None,
    coinbases: Annotated[str, str, "ATTESTER=COINBASE"] | None = None,
    check_hosts: Annotated[str, str, "FILE"] | None = None,
    all_attesters: bool = False,
    max_series: Annotated[str, str, "N"] | None = None,
    collectors: Annotated[str, str, "NAMES"] | None = None,
    without: Annotated[str, str, "NAMES"] | None = None,
    intervals: Annotated[str, str, "NAME=SECONDS"] | None = None,
    timeouts: Annotated[str, str, "NAME=SECONDS"] | None = None,
    textfile: Annotated[str, str, "FILE.prom"] | None = None,
    push: Annotated[str, str, "URL"] | None = None,
    push_job: Annotated[str, str, "NAME"] | None = None,
    push_instance: Annotated[str, str, "NAME"] | None = None,
    log_level: Annotated[str, str, "LEVEL"] | None = None,
) -> dict[str, object]:
    """Metrics.

    Args:
        listen: where it is scraped; 127.0.0.1:9464 by default. Port 0 takes a free one.
        certificate: certificate chain in PEM, to speak TLS.
        certificate_key: its private key, if it is in a file of its own.
        token_file: holds the bearer token that scrapers must send; readable by its owner alone.
        provider_ids: our providers.
        attesters: our attesters, besides those of our providers and keystores.
        keystores: files and folders of keystores, separated by commas; only their addresses are kept in mind.
        publishers: our publishers, besides those of our keystores.
        coinbases: where the rewards of our attesters should go, besides what our keystores say.
        check_hosts: a file of hosts, as for `hosts check`.
        all_attesters: show every attester of the network one by one, not ours alone.
        max_series: how many of our attesters have series of their own; 500 by default, a metric tells of more.
        collectors: only these, separated by commas.
        without: all but these.
        intervals: from the start of a collection to that of the next, by collector.
        timeouts: how long a collection may take, by collector.
        textfile: with --once, a file for node_exporter's textfile collector.
        push: with --once, a Pushgateway. AZTEC_BUTLER_EXPORTER_PUSH_FILE names a file with a URL that is secret.
        push_job: label job at the Pushgateway; aztec_butler by default.
        push_instance: label instance there; this machine's name by default.
        log_level: debug, info, warning or error; info by default, warning with --once or --quiet.
    """
    # Texts, because they are checked together with the other sources: every problem is reported at once.
    return {name: value for name, value in locals().items() if value not in (None, False)}


@command(connection, exporting, renders=False)
def serve(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    flags: dict[str, object],
    *,
    prometheus: bool = False,
    once: bool = False,
) -> None:
    """Serve metrics to Prometheus, until a signal ends it.

    Nothing that nodes do ends it: what cannot be read is not shown, and /readyz says why. SIGTERM and SIGINT end it,
    SIGHUP makes it read its settings again. Settings stand behind these options, in variables
    AZTEC_BUTLER_EXPORTER_LISTEN and so on, or in the table [exporter] of the settings file. --network may name several
    networks; each then has its own table [exporter.networks.NAME]. No private key may be among the settings.

    Args:
        prometheus: serve /metrics, /healthz and /readyz.
        once: collect once and end: into --textfile, to --push, or onto the screen. Exit code 3 when a collector failed;
            what the others found is handed over all the same.

    Examples:
        aztec-butler serve --prometheus --network mainnet --provider-ids 4 --l2 http://127.0.0.1:8080
        aztec-butler serve --prometheus --config /etc/aztec-butler/exporter.toml
        aztec-butler serve --prometheus --once --textfile /var/lib/node_exporter/aztec_butler.prom
    """
    if not prometheus:
        raise InputError("there is nothing to serve", hint="aztec-butler serve --prometheus")
    for place in () if once else ("textfile", "push"):
        if place in flags:
            raise InputError("this is for a single run", option=f"--{place}", hint=f"--once --{place}")

    def read() -> "ExporterSettings":
        from aztec_butler.exporter.settings_reading import read_exporter_settings

        return read_exporter_settings(session.flags, flags, config=session.config, found=running_devnet)

    if once:
        _collect_once(read(), session)
    else:
        _run_daemon(read, session)


def _run_daemon(read: "Callable[[], ExporterSettings]", session: Session) -> None:
    from aztec_butler import __version__
    from aztec_butler.exporter.daemon import Daemon
    from aztec_butler.serving.setting_values import LogLevel

    daemon = Daemon(
        read,
        open_network,
        version=__version__,
        stream=sys.stderr,
        environment=os.environ,
        level=LogLevel.WARNING if session.quiet else LogLevel.INFO,
    )
    if daemon.run() is signal.SIGINT:
        raise KeyboardInterrupt


def _collect_once(settings: "ExporterSettings", session: Session) -> None:
    from aztec_butler import __version__
    from aztec_butler.exporter.once import collect_once
    from aztec_butler.serving.logs import Redactor, logging_everything, open_log
    from aztec_butler.serving.setting_values import LogLevel

    usual = LogLevel.ERROR if session.quiet else LogLevel.WARNING
    log = open_log(sys.stderr, Redactor(settings.secrets), level=settings.log_level or usual)
    with logging_everything(log):
        collect_once(settings, open_network, log, version=__version__, show=sys.stdout.buffer.write)


def open_network(settings: "Settings", on_request: Callable[[Any], None]) -> "Network":
    """A connection to a network that asks nothing until it is used.

    Args:
        settings: of the network.
        on_request: told of every request to its Ethereum nodes.
    """
    import attrs

    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.networks import PRESETS
    from aztec_butler.network import Network
    from aztec_butler.network.connection import Connection

    assert settings.l1 is not None, "checked with all other settings"
    preset = attrs.evolve(
        PRESETS[settings.network],
        registry=settings.registry,
        staking_registry=settings.staking_registry,
        first_block=settings.first_block,
    )
    rpc = Rpc(
        settings.l1,
        chain_id=preset.chain_id,
        requests_per_second=settings.requests_per_second,
        timeout_seconds=settings.timeout_seconds,
        on_request=on_request,
    )
    shared = Connection(rpc, settings=preset, node=None, progress=None, event_place=settings.event_store)
    return Network(shared, "latest")
