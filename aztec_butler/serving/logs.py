"""What a long-running process says of its work, a line for each event: for people in a terminal, as JSON for machines.

Everything goes through one place that takes secrets out: those of the settings wherever they occur, and the path, query
and user of every URL. Exceptions are text before they get there, without the values of local variables.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from aztec_butler.core.errors import ButlerError
from aztec_butler.core.setting_values import redact_url
from aztec_butler.serving.setting_values import LogLevel

HIDDEN: Final = "***"
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>\\)\]}]+", re.IGNORECASE)
# What nodes say may hold what moves a terminal's cursor.
_CONTROLS: Final = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}
_LEVELS: Final = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}


class Redactor:
    """Takes secrets out of whatever is about to be written. Safe to use from many threads.

    >>> Redactor(["sesame"])(None, "info", {"event": "sesame", "l1": "https://node.example/v3/key"})
    {'event': '***', 'l1': 'https://node.example/...'}
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        self.know(secrets)

    def know(self, secrets: Iterable[str]) -> None:
        """Take these out from now on, besides those that are known already: old ones stay secret."""
        self._secrets = tuple(sorted({*self._secrets, *secrets}, key=len, reverse=True))

    def text(self, text: str) -> str:
        """Text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return _URL.sub(_shown_url, text).translate(_CONTROLS)

    def __call__(self, _: object, __: str, event: EventDict) -> EventDict:
        """As a processor of structlog: all values as plain ones, without secrets."""
        return {self.text(str(name)): self._plain(value) for name, value in event.items()}

    def _plain(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self.text(str(name)): self._plain(each) for name, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._plain(each) for each in value]
        return self.text(str(value))


def _shown_url(match: re.Match[str]) -> str:
    try:
        return redact_url(match[0])
    except ValueError:  # a port that is no number: what was taken for a host may be anything
        return f"{match[0].partition('://')[0]}://..."


def open_log(
    stream: TextIO,
    redactor: Redactor,
    *,
    level: LogLevel = LogLevel.INFO,
    is_terminal: bool | None = None,
) -> FilteringBoundLogger:
    """A log that writes to a stream.

    Args:
        stream: one line for each event.
        redactor: takes secrets out.
        level: from which on something is written.
        is_terminal: whether people read it as it comes; None to ask the stream.
    """
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redactor,
    ]
    if stream.isatty() if is_terminal is None else is_terminal:
        processors.append(
            structlog.dev.ConsoleRenderer(
                colors=True, exception_formatter=structlog.dev.plain_traceback, sort_keys=False
            )
        )
    else:
        processors += [_head_first, structlog.processors.JSONRenderer(ensure_ascii=False)]
    log: FilteringBoundLogger = structlog.wrap_logger(
        _Lines(stream),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        context_class=dict,
        cache_logger_on_first_use=False,
    )
    return log


def _head_first(_: object, __: str, event: EventDict) -> EventDict:
    """When, how bad, what: where eyes look for it."""
    head = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**head, **event}


class _Lines:
    """Writes lines, each at once and whole. A stream that is closed or full must not end the process."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError), self._lock:
            self._stream.write(message + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = exception = log = msg


def told(error: BaseException) -> dict[str, Any]:
    """An error as values of an event: its kind, its sentence, its facts; of a bug the traceback as well."""
    if isinstance(error, ButlerError):
        parts = {"reason": error.sentence, "facts": error.facts or None, "hint": error.hint}
        return {
            "error": type(error).__name__,
            **{name: part for name, part in parts.items() if part is not None},
        }
    return {"error": type(error).__name__, "exc_info": error}


@contextmanager
def logging_everything(log: FilteringBoundLogger) -> Iterator[None]:
    """What libraries log, and exceptions that end a thread, come out the same way while this lasts."""
    handler = _Forward(log)
    root = logging.getLogger()
    previous = threading.excepthook
    root.addHandler(handler)
    threading.excepthook = lambda ended: log.error(
        "a thread ended by an exception",
        thread=None if ended.thread is None else ended.thread.name,
        exc_info=_info(ended.exc_value),
    )
    try:
        yield
    finally:
        threading.excepthook = previous
        root.removeHandler(handler)


def _info(
    error: BaseException | None,
) -> tuple[type[BaseException], BaseException, TracebackType | None] | None:
    return None if error is None else (type(error), error, error.__traceback__)


class _Forward(logging.Handler):
    """Hands records of the standard library's logging on."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
