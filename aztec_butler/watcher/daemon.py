"""The watcher as a process that serves until a signal ends it.

SIGTERM and SIGINT park what is under way and end it within ten seconds, SIGHUP makes it read its settings again. It also
ends, with a named error, where going on would be wrong: the chain left behind what was acted upon, or the journal was
changed by hand.
"""

from __future__ import annotations

import queue
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TextIO

import attrs

from aztec_butler.core.errors import ButlerError, InputError, SettingsError
from aztec_butler.serving.heap import settle_heap
from aztec_butler.serving.logs import Redactor, logging_everything, open_log, told
from aztec_butler.serving.notify import Notifier
from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.serving.server import Server
from aztec_butler.serving.setting_values import LogLevel
from aztec_butler.serving.signals import told_of_signals
from aztec_butler.watcher.engine import Engine
from aztec_butler.watcher.running import Connecting
from aztec_butler.watcher.settings import WatcherSettings
from aztec_butler.watcher.site import Shown, WatcherSite

_TICK_SECONDS: Final = 1.0
_STUCK_SECONDS: Final = 600.0
"""A first reading of years of history gives no sign between two steps for a while."""
_LOOPBACK: Final = ("127.", "::1", "localhost")


@attrs.frozen(eq=False)
class _Ended:
    """The engine cannot go on."""

    error: BaseException
    engine: Engine


class WatcherDaemon:
    """Serves until it is told to stop.

    Args:
        read: the settings as they are now.
        connecting: opens connections to the network.
        version: the package's.
        stream: where it logs.
        environment: of the process, for what its supervisor wants to be told.
        level: from which on is logged where the settings do not say.
        clock: Unix seconds.
        on_step: told of named moments.
    """

    def __init__(
        self,
        read: Callable[[], WatcherSettings],
        connecting: Connecting,
        *,
        version: str,
        stream: TextIO,
        environment: Mapping[str, str],
        level: LogLevel = LogLevel.INFO,
        clock: Callable[[], float] = time.time,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._read = read
        self._connecting = connecting
        self._version = version
        self._stream = stream
        self._level = level
        self._clock = clock
        self._on_step = on_step
        self._redactor = Redactor()
        self._log = open_log(stream, self._redactor, level=level)
        self._notifier = Notifier.of(environment)
        self._messages: queue.SimpleQueue[signal.Signals | _Ended] = queue.SimpleQueue()
        self._own = SelfMetrics(version)
        self._settings: WatcherSettings | None = None
        self._former: WatcherSettings | None = None
        """Settings that were of use, until those that followed them proved to be so."""
        self._engine: Engine | None = None
        self._server: Server | None = None
        self._site: WatcherSite | None = None
        self._status = ""

    def run(self) -> signal.Signals:
        """Serve. On the main thread, because signals arrive there.

        Returns:
            The signal that ended it: SIGTERM or SIGINT.

        Raises:
            ButlerError: it cannot start, or cannot go on.
            SystemExit: a bug of ours, which was logged.
        """
        settle_heap()
        with told_of_signals(self._messages.put), logging_everything(self._log):
            try:
                self._use(self._settings_now())
                ended_by = self._serve()
            except ButlerError:
                raise
            except Exception as bug:  # noqa: BLE001 - Python would print it with whatever secrets are in it
                self._log.critical("a bug ended the watcher", **told(bug))
                raise SystemExit(1) from None
            else:
                self._notifier.stopping()
                self._log.info("stopping", signal=ended_by.name)
                return ended_by
            finally:
                if self._engine is not None and not self._engine.stop():
                    self._log.warning("something is still under way; the journal tells how far it is")
                if self._server is not None:
                    self._server.close()

    def _serve(self) -> signal.Signals:
        seconds = self._notifier.watchdog_seconds
        tick = _TICK_SECONDS if seconds is None else min(_TICK_SECONDS, seconds / 3)
        while True:
            try:
                message = self._messages.get(timeout=tick)
            except queue.Empty:
                message = None
            if isinstance(message, _Ended):
                if message.engine is self._engine:
                    self._go_back(message)
            elif message is signal.SIGHUP:
                self._reload()
            elif message is not None:
                return message
            self._beat()

    def _beat(self) -> None:
        """A sign of life, if the engine gives one, and a line for whoever asks systemd."""
        if self._engine is None or self._site is None:
            return
        if self._engine.seconds_since_turn < _STUCK_SECONDS:
            self._notifier.alive()
        failing = self._site.shown.failing
        status = "reading the chain" if not failing else f"not ready: {'; '.join(failing)}"
        if status != self._status:
            self._status = status
            self._notifier.status(status)

    # ------------------------------------------------------------------ settings

    def _settings_now(self) -> WatcherSettings:
        settings = self._read()
        # Before anything can be told of them.
        self._redactor.know(settings.secrets)
        return settings

    def _reload(self) -> None:
        """Go on with the settings as they are now; with the old ones where they cannot be used."""
        self._notifier.reloading()
        self._log.info("reading the settings again")
        if self._engine is not None and self._engine.has_opened:
            self._former = self._settings
        try:
            self._use(self._settings_now())
        except ButlerError as error:
            self._own.count_reload(succeeded=False)
            self._log.error("the new settings are refused, the old ones stay", **told(error))
            self._notifier.ready()
        else:
            self._own.count_reload(succeeded=True)

    def _go_back(self, ended: _Ended) -> None:
        """To the settings from before a reload, where those that were read then turned out to be of no use.

        Raises:
            BaseException: what ended the engine, where that is no fault of new settings.
        """
        former, error = self._former, ended.error
        is_theirs = isinstance(error, InputError | SettingsError) and not ended.engine.has_opened
        if former is None or not is_theirs or former == self._settings:
            raise error
        assert isinstance(error, ButlerError)
        self._former = None
        self._log.error("the new settings are of no use, the old ones are taken again", **told(error))
        self._use(former)

    def _use(self, settings: WatcherSettings) -> None:
        before, old = self._settings, self._engine
        site = WatcherSite(
            self._own,
            network=settings.network,
            seconds_since_turn=lambda: 0.0 if self._engine is None else self._engine.seconds_since_turn,
            stuck_seconds=_STUCK_SECONDS,
            version=self._version,
            token=settings.token,
        )
        self._listen(settings, before, site)
        self._settings, self._site = settings, site
        self._log = open_log(self._stream, self._redactor, level=settings.log_level or self._level)
        if old is not None and not old.stop():
            self._log.warning("what is under way by the former settings is waited for")
        self._engine = self._new_engine(settings, site)
        self._engine.start()
        self._notifier.ready()
        self._tell(settings)

    def _new_engine(self, settings: WatcherSettings, site: WatcherSite) -> Engine:
        def show(shown: Shown) -> None:
            site.shown = shown

        def end(error: BaseException) -> None:
            self._messages.put(_Ended(error, engine))

        engine = Engine(
            settings,
            self._connecting,
            self._log,
            own=self._own,
            show=show,
            on_end=end,
            clock=self._clock,
            takes_over=self._engine is not None,
            on_step=self._on_step,
        )
        return engine

    def _listen(self, settings: WatcherSettings, before: WatcherSettings | None, site: WatcherSite) -> None:
        """Answer at the address that settings want.

        Raises:
            SettingsError: that is not possible; all is as it was.
        """
        certificate, key = _path(settings.certificate), _path(settings.certificate_key)
        server = self._server
        if server is not None and before is not None and settings.listen == before.listen:
            server.replace(site, certificate=certificate, key=key)
            return
        new = Server(
            site, host=settings.listen.host, port=settings.listen.port, certificate=certificate, key=key
        )
        new.start()
        self._server = new
        if server is not None:
            server.close()

    def _tell(self, settings: WatcherSettings) -> None:
        """What runs now, and what somebody may not have meant."""
        assert self._server is not None
        self._log.info(
            "watching",
            network=settings.network,
            url=self._server.url,
            modes={kind.value: mode.value for kind, mode in settings.mode.items()},
        )
        is_local = settings.listen.host.startswith(_LOOPBACK)
        if settings.token is None and not is_local:
            self._log.warning(
                "no bearer token is set: whoever reaches the port is answered", hint="token_file"
            )
        elif settings.token is not None and settings.certificate is None and not is_local:
            self._log.warning("the bearer token travels unencrypted", hint="certificate")


def _path(name: str | None) -> Path | None:
    return None if name is None else Path(name).expanduser()
