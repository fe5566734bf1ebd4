"""How the journal's file is made, opened and brought up to date."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aztec_butler.core.errors import InputError, SettingsError
from aztec_butler.store.journal_errors import JournalUnwritable, damaged, telling
from aztec_butler.store.journal_tables import MIGRATIONS

APPLICATION_ID: Final = 0x617A626A
"""In the file's header: this is a journal of ours."""
_PATIENCE_SECONDS: Final = 10.0
_PAGES_BETWEEN_CHECKPOINTS: Final = 4_000
_MOST_BYTES_OF_WAL: Final = 32 << 20


def create(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Make a journal's file, whole or not at all. Held by the lock.

    Args:
        path: where nothing is.
        fill: writes the first rows.

    Raises:
        JournalUnwritable: the folder or the disk does not take it.
        JournalDamaged: a part of another one is there.
    """
    making = path.with_name(path.name + ".new")
    if path.with_name(path.name + "-wal").exists():
        raise damaged(
            path, "the file is gone, and its log lies there still: SQLite would mix it into a new one"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for ending in ("", "-journal", "-wal", "-shm"):  # of one that a crash left
            with suppress(FileNotFoundError):
                making.with_name(making.name + ending).unlink()
        os.close(os.open(making, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise JournalUnwritable("a journal cannot be made here", file=path, reason=error.strerror) from None
    with telling(path):
        connection = connect(making, "rw")
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            migrate(connection)
            fill(connection)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    try:
        making.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise JournalUnwritable("a journal cannot be made here", file=path, reason=error.strerror) from None


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection without transactions of its own; text that is no UTF-8 is kept as it is, to be found wrong.

    Args:
        path: of a file that is there.
        mode: ``rw``, ``ro``; or ``immutable``, for a file that nobody writes to.
    """
    how = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{how}", uri=True, isolation_level=None, timeout=_PATIENCE_SECONDS
    )
    connection.text_factory = _text
    return connection


def _text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")


def open_to_write(path: Path) -> sqlite3.Connection:
    """A journal that is there.

    Raises:
        JournalDamaged: it is none.
        JournalUnwritable: it cannot be written.
    """
    check_file(path)
    with telling(path):
        connection = connect(path, "rw")
        try:
            check_header(path, connection)
            _use_log(path, connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BETWEEN_CHECKPOINTS}")
            connection.execute(f"PRAGMA journal_size_limit = {_MOST_BYTES_OF_WAL}")
            connection.execute("PRAGMA cell_size_check = ON")
        except BaseException:
            connection.close()
            raise
    return connection


def _use_log(path: Path, connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise JournalUnwritable(
            "the journal cannot be used", file=path, reason="its file system shares no memory"
        )


def open_to_read(path: Path) -> sqlite3.Connection:
    """A journal that is there, while a watcher writes to it or not, also where nothing can be written.

    Raises:
        InputError: there is none.
        JournalDamaged: the file is none.
        JournalUnwritable: it cannot be read.
    """
    check_file(path)
    with telling(path):
        connection = connect(path, "ro")
        try:
            try:
                connection.execute("PRAGMA schema_version").fetchone()
            except sqlite3.OperationalError:
                # A reader, too, needs the memory that writers share, as a file in the folder. Where it may not make
                # one and no log lies beside the journal, nobody writes to it.
                if _has_log(path) or os.access(path.parent, os.W_OK):
                    raise
                connection.close()
                connection = connect(path, "immutable")
            check_header(path, connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def check_file(path: Path) -> None:
    """That a journal may be there.

    Raises:
        InputError: there is no file.
        JournalDamaged: it is empty, or no file: a journal appears whole.
    """
    try:
        is_file, size = path.is_file(), path.stat().st_size
    except FileNotFoundError:
        raise InputError(
            "there is no journal", hint="a watcher makes one when it first runs", file=path
        ) from None
    except OSError as error:
        raise JournalUnwritable("the journal cannot be used", file=path, reason=error.strerror) from None
    if not is_file:
        raise damaged(path, "it is not a regular file")
    if size == 0:
        raise damaged(path, "it is empty")


def check_header(path: Path, connection: sqlite3.Connection) -> None:
    """That a database is a journal of ours, of a version that is known.

    Raises:
        JournalDamaged: it is another program's.
        SettingsError: a newer program made it.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise damaged(path, "it is a database of another program")
    version = version_of(connection)
    if version > len(MIGRATIONS):
        raise SettingsError(
            "a newer version of this program made the journal",
            hint="use that version, or a newer one",
            file=path,
            version=version,
            known=len(MIGRATIONS),
        )
    if version < 1:
        raise damaged(path, "it has no version")


def check_version(path: Path, connection: sqlite3.Connection) -> None:
    """That nothing has to be migrated: only the watcher does that, under its lock.

    Raises:
        SettingsError: an older program made it.
    """
    if version_of(connection) < len(MIGRATIONS):
        raise SettingsError(
            "an older version of this program made the journal",
            hint="start the watcher once with this version",
            file=path,
            version=version_of(connection),
            known=len(MIGRATIONS),
        )


def version_of(connection: sqlite3.Connection) -> int:
    """How many migrations were done."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this program's version, inside the caller's transaction."""
    for script in MIGRATIONS[version_of(connection) :]:
        for statement in script.strip().split("\n\n"):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def schema_of(connection: sqlite3.Connection) -> dict[str, str]:
    """The text of every table, index and trigger, by its name."""
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {str(name): str(sql) for name, sql in rows}


def expected_schema() -> dict[str, str]:
    """What ``schema_of`` gives for a journal that nobody changed."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection)
        return schema_of(connection)
    finally:
        connection.close()
