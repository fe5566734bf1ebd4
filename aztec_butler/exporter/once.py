"""One collection by everybody, for cron: into a file, to a Pushgateway, or onto the screen."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from aztec_butler.core.errors import NodeError
from aztec_butler.exporter.exporter import Connecting, Exporter
from aztec_butler.exporter.push import push_metrics
from aztec_butler.exporter.settings import ExporterSettings
from aztec_butler.exporter.textfile import write_textfile


def collect_once(
    settings: ExporterSettings,
    connecting: Connecting,
    log: FilteringBoundLogger,
    *,
    version: str,
    show: Callable[[bytes], object],
) -> None:
    """Collect, and hand over what was found, also when some of it could not be.

    Args:
        settings: of the exporter; name a file or a Pushgateway or both.
        connecting: opens connections.
        log: for what fails.
        version: the package's.
        show: takes the metrics when the settings name no place for them.

    Raises:
        NodeError: a collector failed (its series are not there, and its ``scrape_success`` is 0), or the Pushgateway.
        InputError: the file cannot be written.
    """
    exporter = Exporter(connecting, log, version=version)
    try:
        exporter.use(exporter.prepare(settings))
        outcomes = exporter.loop.run_once()
        content = exporter.page()
        if settings.textfile is not None:
            write_textfile(Path(settings.textfile).expanduser(), content)
        if settings.push is not None:
            instance = settings.push_instance or socket.gethostname()
            push_metrics(settings.push, content, job=settings.push_job, instance=instance)
        if settings.textfile is None and settings.push is None:
            show(content)
    finally:
        exporter.close()
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if failed:
        names = sorted(f"{outcome.collector.name} of {outcome.collector.network}" for outcome in failed)
        raise NodeError(
            "a collector failed" if len(failed) == 1 else "some collectors failed",
            failed=", ".join(names),
            collectors=len(outcomes),
        )
