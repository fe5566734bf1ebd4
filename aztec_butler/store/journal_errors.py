"""What can be wrong with a journal's file, in words, and SQLite's errors as ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aztec_butler.core.errors import SettingsError

_PRIMARY: Final = 0xFF
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_REASONS: Final = {
    sqlite3.SQLITE_FULL: "no space is left on the disk, or the quota is used up",
    sqlite3.SQLITE_IOERR: "the disk did not read or write",
    sqlite3.SQLITE_READONLY: "it may only be read",
    sqlite3.SQLITE_PERM: "permission denied",
    sqlite3.SQLITE_CANTOPEN: "the file, or one beside it, cannot be opened",
    sqlite3.SQLITE_BUSY: "another process has been writing to it for long",
    sqlite3.SQLITE_LOCKED: "another process has been writing to it for long",
}


class JournalUnwritable(SettingsError):
    """The journal's file cannot be read or written now. What was being written is not in it; it may succeed later."""


class JournalDamaged(SettingsError):
    """A file is no journal, or not as the watcher left it. It is never repaired, emptied or replaced."""


class UnreadableRowError(Exception):
    """A row is not what any watcher writes. ``telling`` makes a ``JournalDamaged`` of it."""


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Errors of SQLite that an operator can act on, with the file's name; others are bugs and pass.

    Raises:
        JournalUnwritable: disk full, read-only, in use.
        JournalDamaged: the file is no database, or torn.
    """
    try:
        yield
    except UnicodeDecodeError:  # SQLite's own message quotes what is torn
        raise damaged(path, "its tables are torn") from None
    except UnreadableRowError as error:
        raise damaged(path, str(error)) from None
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & _PRIMARY
        if primary in _DAMAGE:
            raise damaged(path, str(error)) from None
        if primary in _REASONS:
            raise JournalUnwritable(
                "the journal cannot be used",
                hint="nothing of what was being written is in it; it can be tried again",
                file=path,
                reason=_REASONS[primary],
                sqlite=getattr(error, "sqlite_errorname", str(error)),
            ) from None
        raise


def damaged(path: Path, reason: str) -> JournalDamaged:
    """The error for a file that cannot be trusted."""
    return JournalDamaged(
        "this file is not a journal as a watcher leaves it",
        hint="keep it, and put a copy in its place or move it away; a watcher without its journal begins anew"
        " and looks at the world before it does anything",
        file=path,
        reason=reason,
    )
