"""The exporter as a process that serves until a signal ends it, whatever nodes do.

SIGTERM and SIGINT end it, SIGHUP makes it read its settings again. Reading them (files, keystores) is a thread's work,
so that neither signals nor the supervisor's watchdog wait for it.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TextIO

import attrs

from aztec_butler.core.errors import ButlerError, SettingsError
from aztec_butler.exporter.assembly import Assembly
from aztec_butler.exporter.exporter import Connecting, Exporter
from aztec_butler.exporter.settings import ExporterSettings
from aztec_butler.serving.heap import settle_heap
from aztec_butler.serving.logs import Redactor, logging_everything, open_log, told
from aztec_butler.serving.notify import Notifier
from aztec_butler.serving.server import Server, tls_context
from aztec_butler.serving.setting_values import LogLevel
from aztec_butler.serving.signals import told_of_signals
from aztec_butler.serving.site import STUCK_SECONDS

_TICK_SECONDS: Final = 1.0
_LOOPBACK: Final = ("127.", "::1", "localhost")


@attrs.frozen(eq=False)
class _Prepared:
    """What came of reading the settings."""

    outcome: Assembly | BaseException


class Daemon:
    """Serves until it is told to stop.

    Args:
        read: the settings as they are now.
        connecting: opens connections to networks.
        version: the package's.
        stream: where it logs.
        environment: of the process, for what its supervisor wants to be told.
        level: from which on is logged where the settings do not say.
    """

    def __init__(
        self,
        read: Callable[[], ExporterSettings],
        connecting: Connecting,
        *,
        version: str,
        stream: TextIO,
        environment: Mapping[str, str],
        level: LogLevel = LogLevel.INFO,
    ) -> None:
        self._read = read
        self._stream = stream
        self._level = level
        self._redactor = Redactor()
        self._log = open_log(stream, self._redactor, level=level)
        self._exporter = Exporter(connecting, self._log, version=version)
        self._notifier = Notifier.of(environment)
        self._messages: queue.SimpleQueue[signal.Signals | _Prepared] = queue.SimpleQueue()
        self._preparing = False
        self._read_again = False
        self._settings: ExporterSettings | None = None
        self._server: Server | None = None
        self._status = ""

    def run(self) -> signal.Signals:
        """Serve. On the main thread, because signals arrive there.

        Returns:
            The signal that ended it: SIGTERM or SIGINT.

        Raises:
            ButlerError: it cannot start: settings, files that they name, or the address to listen at.
            SystemExit: a bug of ours, which was logged.
        """
        settle_heap()
        with told_of_signals(self._messages.put), logging_everything(self._log):
            try:
                self._prepare()
                ended_by = self._serve()
            except ButlerError:
                raise
            except Exception as bug:  # noqa: BLE001 - Python would print it with whatever secrets are in it
                self._log.critical("a bug ended the exporter", **told(bug))
                raise SystemExit(1) from None
            else:
                self._notifier.stopping()
                self._log.info("stopping", signal=ended_by.name)
                return ended_by
            finally:
                if self._server is not None:
                    self._server.close()
                self._exporter.close()

    # ------------------------------------------------------------------ messages

    def _serve(self) -> signal.Signals:
        seconds = self._notifier.watchdog_seconds
        tick = _TICK_SECONDS if seconds is None else min(_TICK_SECONDS, seconds / 3)
        while True:
            try:
                message = self._messages.get(timeout=tick)
            except queue.Empty:
                message = None
            if isinstance(message, _Prepared):
                self._take(message.outcome)
            elif message is signal.SIGHUP:
                self._notifier.reloading()
                self._log.info("reading the settings again")
                self._prepare()
            elif message is not None:
                return message
            self._beat()

    def _prepare(self) -> None:
        """Read the settings, and what they name, on a thread; one at a time."""
        if self._preparing:
            self._read_again = True
            return
        self._preparing, self._read_again = True, False

        def prepare() -> None:
            try:
                settings = self._read()
                # Before anything can be told of them.
                self._redactor.know(settings.secrets)
                outcome: Assembly | BaseException = self._exporter.prepare(settings)
            except BaseException as error:  # noqa: BLE001 - told to the main thread, which judges
                outcome = error
            self._messages.put(_Prepared(outcome))

        threading.Thread(target=prepare, name="settings", daemon=True).start()

    def _beat(self) -> None:
        """A sign of life, if the loop gives one, and a line for whoever asks systemd."""
        if self._server is None:
            return
        if self._exporter.loop.seconds_since_turn < STUCK_SECONDS:
            self._notifier.alive()
        states = self._exporter.board.states()
        stale = [f"{name} of {network}" for (network, name), state in states.items() if not state.is_fresh]
        status = f"{len(states) - len(stale)} of {len(states)} collectors are fresh"
        status += f"; not so: {', '.join(sorted(stale))}" if stale else ""
        if status != self._status:
            self._status = status
            self._notifier.status(status)

    # ------------------------------------------------------------------ settings

    def _take(self, outcome: Assembly | BaseException) -> None:
        """Run what was prepared; or, unless this is the start, go on as before."""
        self._preparing = False
        is_start = self._settings is None
        error = self._try(outcome)
        if error is not None and is_start:
            raise error
        if error is not None:
            self._log.error("the new settings are refused, the old ones stay", **told(error))
        if not is_start:
            self._exporter.own.count_reload(succeeded=error is None)
        self._notifier.ready()
        if self._read_again:
            self._prepare()

    def _try(self, outcome: Assembly | BaseException) -> BaseException | None:
        """Why it cannot run; None when it does."""
        if isinstance(outcome, BaseException):
            return outcome
        try:
            self._use(outcome)
        except Exception as error:  # noqa: BLE001 - the caller tells it, and what runs goes on
            return error
        return None

    def _use(self, assembly: Assembly) -> None:
        settings = assembly.settings
        try:
            self._listen(settings)
        except ButlerError:
            self._exporter.discard(assembly)
            raise
        is_start, self._settings = self._settings is None, settings
        self._log = open_log(self._stream, self._redactor, level=settings.log_level or self._level)
        self._exporter.outcomes.log = self._log
        self._exporter.use(assembly)
        if is_start:
            self._exporter.loop.start()
        self._tell(assembly)

    def _listen(self, settings: ExporterSettings) -> None:
        """Answer at the address and in the way that settings want.

        Raises:
            SettingsError: that is not possible; all is as it was.
        """
        site = self._exporter.site(settings.token)
        before, server = self._settings, self._server
        certificate, key = _paths(settings)
        if server is None or before is None:
            self._server = self._open_server(settings)
            return
        if settings.listen == before.listen:
            server.replace(site, certificate=certificate, key=key)
            return
        if certificate is not None:
            tls_context(certificate, key)  # so that nothing but the address can still be wrong
        if settings.listen.port != before.listen.port:
            self._server = self._open_server(settings)
            server.close()
            return
        # The same port of another address may be taken by ourselves.
        server.close()
        try:
            self._server = self._open_server(settings)
        except SettingsError:
            self._server = self._open_server(before)
            raise

    def _open_server(self, settings: ExporterSettings) -> Server:
        certificate, key = _paths(settings)
        server = Server(
            self._exporter.site(settings.token),
            host=settings.listen.host,
            port=settings.listen.port,
            certificate=certificate,
            key=key,
        )
        server.start()
        return server

    def _tell(self, assembly: Assembly) -> None:
        """What runs now, and what somebody may not have meant."""
        settings = assembly.settings
        assert self._server is not None
        self._log.info(
            "serving",
            url=self._server.url,
            networks=[network.name for network in settings.networks],
            collectors=sorted({collector.name for collector in assembly.collectors}),
        )
        for network, left_out in assembly.left_out.items():
            for why in dict.fromkeys(left_out.values()):
                names = [name for name in left_out if left_out[name] == why]
                self._log.info("collectors are left out", network=network, collectors=names, reason=why)
        is_local = settings.listen.host.startswith(_LOOPBACK)
        if settings.token is None:
            tell = self._log.info if is_local else self._log.warning
            tell("no bearer token is set: whoever reaches the port is answered", hint="token_file")
        elif settings.certificate is None and not is_local:
            self._log.warning("the bearer token travels unencrypted", hint="certificate")


def _paths(settings: ExporterSettings) -> tuple[Path | None, Path | None]:
    """Certificate and key."""
    certificate, key = settings.certificate, settings.certificate_key
    return (
        None if certificate is None else Path(certificate).expanduser(),
        None if key is None else Path(key).expanduser(),
    )
