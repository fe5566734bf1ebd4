"""The command that serves until it is told to stop."""

import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from aztec_butler.cli.command import command, flag_of
from aztec_butler.cli.session import Session, connection, running_devnet
from aztec_butler.core.errors import InputError

if TYPE_CHECKING:
    from aztec_butler.core.settings import Settings
    from aztec_butler.exporter.settings import ExporterSettings
    from aztec_butler.network import Network
    from aztec_butler.watcher.settings import WatcherSettings


def serving(
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
    log_level: Annotated[str, str, "LEVEL"] | None = None,
) -> dict[str, object]:
    """Both.

    Args:
        listen: where it is scraped; 127.0.0.1:9464 by default, and 9465 for the watcher. Port 0 takes a free one.
        certificate: certificate chain in PEM, to speak TLS.
        certificate_key: its private key, if it is in a file of its own.
        token_file: holds the bearer token that scrapers must send; readable by its owner alone.
        provider_ids: our providers.
        attesters: our attesters, besides those of our providers and keystores.
        keystores: files and folders of keystores, separated by commas. The exporter keeps only their addresses in mind, the
            watcher sets coinbases in them.
        publishers: our publishers, besides those of our keystores.
        coinbases: where the rewards of our attesters should go, besides what our keystores say.
        log_level: debug, info, warning or error; info by default, warning with --quiet and for an exporter with --once.
    """
    return _given(locals())


def exporting(
    *,
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
) -> dict[str, object]:
    """Metrics.

    Args:
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
    """
    return _given(locals())


def watching(
    *,
    mode: Annotated[str, str, "MODE|ACTION=MODE"] | None = None,
    coinbase: Annotated[str, str, "RULE"] | None = None,
    safe: Annotated[str, str, "ADDRESS"] | None = None,
    out_dir: Annotated[str, str, "FOLDER"] | None = None,
    registration_file: Annotated[str, str, "FILE"] | None = None,
    reload_by_hand: bool = False,
    targets_file: Annotated[str, str, "FILE"] | None = None,
    confirmations: Annotated[str, str, "N"] | None = None,
    poll_seconds: Annotated[str, str, "SECONDS"] | None = None,
    start_block: Annotated[str, str, "N"] | None = None,
) -> dict[str, object]:
    """The watcher. Its other settings stand in its file: scripts/deploy/watcher.toml names all of them.

    Args:
        mode: dry-run, approve or auto; for one kind of action as update-coinbase=auto. A dry run by default. Notices are
            sent whatever a word alone says.
        coinbase: where rewards go: split, map, or one address for all.
        safe: the Safe that acts on L1.
        out_dir: where files for its owners are written.
        registration_file: prepared registrations, from which keys are added.
        reload_by_hand: somebody else reloads the node when a keystore has changed.
        targets_file: where notices go, one URL a line; readable by its owner alone.
        confirmations: blocks after which one counts as final; what the chain calls final by default.
        poll_seconds: seconds between polls; 12 by default.
        start_block: where a new journal begins; at the head by default.
    """
    return _given(locals())


def _given(values: dict[str, object]) -> dict[str, object]:
    # Texts, because they are checked together with the other sources: every problem is reported at once.
    return {name: value for name, value in values.items() if value not in (None, False)}


@command(connection, serving, exporting, watching, renders=False)
def serve(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    shared: dict[str, object],
    of_exporter: dict[str, object],
    of_watcher: dict[str, object],
    *,
    prometheus: bool = False,
    watcher: bool = False,
    once: bool = False,
    replay: Annotated[str, str, "FIRST-LAST"] | None = None,
) -> None:
    """Serve metrics to Prometheus, or watch the chain and act on it, until a signal ends it.

    The exporter: nothing that nodes do ends it. What cannot be read is not shown, and /readyz says why. Settings stand
    behind these options, in variables AZTEC_BUTLER_EXPORTER_LISTEN and so on, or in the table [exporter] of the settings
    file. --network may name several networks; each then has its own table [exporter.networks.NAME].

    The watcher: turns events into notices and actions (set a coinbase, add keys, create a provider, top up a publisher),
    each once, as a dry run unless --mode says otherwise. What waits for approval is told by `actions list`, what was done
    by `journal history`. Settings stand behind these options, in variables AZTEC_BUTLER_WATCHER_MODE and so on, or in the
    table [watcher]. A chain that leaves final blocks behind ends it with exit code 4.

    SIGTERM and SIGINT end either, SIGHUP makes it read its settings again. No private key may be among the settings.

    Args:
        prometheus: serve /metrics, /healthz and /readyz.
        watcher: watch the chain and act on it.
        once: collect once, or catch up and act once, and end. Exporter: into --textfile, to --push, or onto the screen; exit
            code 3 when a collector failed. Watcher: exit code 3 when an attempt failed, 5 when an action was given up, 6 when
            actions wait for approval.
        replay: with --watcher, tell what the events of these blocks would ask for, one JSON object a line, and do nothing.

    Examples:
        aztec-butler serve --prometheus --network mainnet --provider-ids 4 --l2 http://127.0.0.1:8080
        aztec-butler serve --prometheus --config /etc/aztec-butler/exporter.toml
        aztec-butler serve --prometheus --once --textfile /var/lib/node_exporter/aztec_butler.prom
        aztec-butler serve --watcher --config /etc/aztec-butler/watcher.toml
        aztec-butler serve --watcher --network mainnet --provider-ids 4 --keystores /etc/keystores --mode update-coinbase=approve
        aztec-butler serve --watcher --network mainnet --provider-ids 4 --replay 24000000-24100000
    """
    if prometheus == watcher:
        raise InputError(
            "there is nothing to serve" if not prometheus else "one process serves one thing",
            hint="aztec-butler serve --prometheus, or aztec-butler serve --watcher",
        )
    _refuse(of_watcher if prometheus else of_exporter, "--watcher" if prometheus else "--prometheus")
    if watcher:
        _watch(session, shared | of_watcher, once=once, replay=replay)
        return
    if replay is not None:
        raise InputError("this is the watcher's", option="--replay", hint="serve --watcher --replay")
    flags = shared | of_exporter
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


def _refuse(flags: dict[str, object], whose: str) -> None:
    if flags:
        options = ", ".join(flag_of(name) for name in flags)
        raise InputError(f"this is for {whose}", options=options)


# --------------------------------------------------------------------------- the exporter


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


# --------------------------------------------------------------------------- the watcher


def _watch(session: Session, flags: dict[str, object], *, once: bool, replay: str | None) -> None:
    def read() -> "WatcherSettings":
        from aztec_butler.watcher.settings_reading import read_watcher_settings

        return read_watcher_settings(session.flags, flags, config=session.config, found=running_devnet)

    if replay is not None:
        if once:
            raise InputError("a replay ends by itself", options="--once, --replay")
        _replay(read(), *_range(replay), session)
    elif once:
        _watch_once(read(), session)
    else:
        _run_watcher(read, session)


def _run_watcher(read: "Callable[[], WatcherSettings]", session: Session) -> None:
    from aztec_butler import __version__
    from aztec_butler.serving.setting_values import LogLevel
    from aztec_butler.watcher.daemon import WatcherDaemon

    daemon = WatcherDaemon(
        read,
        open_network,
        version=__version__,
        stream=sys.stderr,
        environment=os.environ,
        level=LogLevel.WARNING if session.quiet else LogLevel.INFO,
    )
    if daemon.run() is signal.SIGINT:
        raise KeyboardInterrupt


def _watch_once(settings: "WatcherSettings", session: Session) -> None:
    from aztec_butler.serving.logs import Redactor, logging_everything, open_log
    from aztec_butler.serving.setting_values import LogLevel
    from aztec_butler.watcher.once import watch_once

    # Notices stand in the log: those that only inform, too. A run that finds nothing new says nothing.
    usual = LogLevel.WARNING if session.quiet else LogLevel.INFO
    log = open_log(sys.stderr, Redactor(settings.secrets), level=settings.log_level or usual)
    with logging_everything(log):
        watch_once(settings, open_network, log)


def _replay(settings: "WatcherSettings", first_block: int, last_block: int, session: Session) -> None:
    import attrs
    import msgspec

    from aztec_butler.cli.progress import Bar
    from aztec_butler.watcher.replay import replay

    network = open_network(settings.connection, lambda _: None)
    try:
        with Bar(quiet=session.quiet) as bar:
            for wanted in replay(
                network,
                settings,
                first_block=first_block,
                last_block=last_block,
                progress=lambda done, total: bar.step(done, total, "reading blocks"),
            ):
                sys.stdout.write(msgspec.json.encode(attrs.asdict(wanted)).decode() + "\n")
    finally:
        network.close()


def _range(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not dash or not first.strip().isdecimal() or not last.strip().isdecimal():
        raise InputError("expected two blocks with a dash between them", replay=text, hint="--replay 100-200")
    return int(first), int(last)


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
