"""One watcher per journal: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aztec_butler.core.errors import LockHeld
from aztec_butler.store.journal_errors import JournalUnwritable

_TRIES: Final = 5
_BETWEEN_SECONDS: Final = 0.02


class JournalLock:
    """The lock of a running watcher, held until ``release`` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let others have it. The file stays: removing it would let two processes lock two files of one name."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def hold_lock(path: Path) -> JournalLock:
    """Take the lock of a journal, at once or not at all.

    Args:
        path: of the journal; the lock is a file beside it.

    Raises:
        LockHeld: another process has it.
        JournalUnwritable: its folder cannot be written.
    """
    beside = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalUnwritable(
            "the lock of the journal cannot be used", file=beside, reason=error.strerror
        ) from None
    if not _locked(descriptor, tries=_TRIES):
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise LockHeld(
            "another watcher uses this journal",
            hint="stop that one first; approvals and questions need no lock: aztec-butler actions, journal",
            file=path,
            process=holder or "unknown",
        )
    # Only to tell the next one who has it. On a full disk it is told nothing.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return JournalLock(descriptor)


def lock_holder(path: Path) -> str | None:
    """The process that has the lock of a journal; None when none has, or when that cannot be seen."""
    try:
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _locked(descriptor, tries=1, how=fcntl.LOCK_SH):
            return None
        return os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
    finally:
        os.close(descriptor)


def _locked(descriptor: int, *, tries: int, how: int = fcntl.LOCK_EX) -> bool:
    """Whether the lock could be had. More tries outlast those who only look whether somebody has it."""
    for left in reversed(range(tries)):
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except OSError:
            if left:
                time.sleep(_BETWEEN_SECONDS)
        else:
            return True
    return False
