"""The audit: lines that are only added, each with a hash of the one before it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from typing import Any, Final

from aztec_butler.store.journal_rows import AuditLine

NO_HASH: Final = bytes(32)
"""Before the first line."""
_spelled: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_ROWS_TOGETHER: Final = 100
_COLUMNS: Final = "seq, at, kind, intent, body, previous, hash"


def canonical(value: object) -> str:
    """JSON with one spelling for one value.

    >>> canonical({"b": 1, "a": ["x", None]})
    '{"a":["x",null],"b":1}'
    """
    return _spelled(value)


def line_hash(previous: bytes, seq: int, at: int, kind: str, intent: str | None, body: str) -> bytes:
    """The hash of a line: SHA-256 of the previous hash and of the canonical JSON of what the line says.

    Args:
        previous: 32 bytes.
        seq: of the line.
        at: Unix seconds.
        kind: what happened.
        intent: the id of the intent it is about; None for none.
        body: JSON text; it is hashed as text.
    """
    return sha256(previous + canonical([seq, at, kind, intent, body]).encode()).digest()


class Pen:
    """Adds lines, in one transaction that holds the right to write.

    Args:
        connection: inside of ``BEGIN IMMEDIATE``, so that nobody else adds a line in between.
        at: Unix seconds, of all these lines.
    """

    def __init__(self, connection: sqlite3.Connection, at: int) -> None:
        self._connection = connection
        self.at = at
        self.seq, self.hash = head_of(connection)

    @property
    def next_seq(self) -> int:
        """The number that the next line will have."""
        return self.seq + 1

    def write(self, kind: str, body: Mapping[str, object], *, intent: str | None = None) -> int:
        """Add a line.

        Args:
            kind: what happened.
            body: JSON values.
            intent: the id of the intent it is about.

        Returns:
            Its number.
        """
        self.write_all([(kind, body, intent)])
        return self.seq

    def write_all(self, lines: Iterable[tuple[str, Mapping[str, object], str | None]]) -> None:
        """Add lines, in their order.

        Args:
            lines: kind, body and intent of each.
        """
        rows = []
        seq, before = self.seq, self.hash
        for kind, body, intent in lines:
            seq, text = seq + 1, canonical(body)
            digest = line_hash(before, seq, self.at, kind, intent, text)
            rows.append((seq, self.at, kind, intent, text, before, digest))
            before = digest
        insert(self._connection, f"audit ({_COLUMNS})", rows)
        self.seq, self.hash = seq, before


def insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows to a table, many with one statement: other threads run meanwhile, and are waited for behind each.

    Args:
        connection: inside of a transaction.
        table: its name, and its columns where the rows have not all of them.
        rows: all of the same length.
    """
    for first in range(0, len(rows), _ROWS_TOGETHER):
        part = rows[first : first + _ROWS_TOGETHER]
        places = f"({', '.join('?' * len(part[0]))})"
        statement = f"INSERT INTO {table} VALUES {', '.join([places] * len(part))}"  # noqa: S608
        connection.execute(statement, list(chain.from_iterable(part)))


def head_of(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and hash of the last line; 0 and ``NO_HASH`` before the first."""
    row = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return (0, NO_HASH) if row is None else (int(row[0]), bytes(row[1]))


def read_lines(
    connection: sqlite3.Connection,
    *,
    after: int = 0,
    intent: str | None = None,
    kinds: Iterable[str] | None = None,
    since: int | None = None,
    newest: int | None = None,
) -> Iterator[AuditLine]:
    """Lines in their order.

    Args:
        connection: to the journal.
        after: only those with a larger number.
        intent: only those about the intent of this id.
        kinds: only those of these kinds.
        since: only those written at this time, in Unix seconds, or later by the clock of then.
        newest: only so many of them, the last ones.
    """
    wanted = ["seq > ?"]
    values: list[Any] = [after]
    if intent is not None:
        wanted.append("intent = ?")
        values.append(intent)
    if since is not None:
        wanted.append("at >= ?")
        values.append(since)
    if kinds is not None:
        chosen = list(kinds)
        wanted.append(f"kind IN ({', '.join('?' * len(chosen))})")
        values += chosen
    query = f"SELECT {_COLUMNS} FROM audit WHERE {' AND '.join(wanted)} ORDER BY seq"  # noqa: S608
    if newest is not None:
        query = f"SELECT * FROM ({query} DESC LIMIT ?) ORDER BY seq"  # noqa: S608
        values.append(newest)
    for seq, at, kind, about, body, previous, digest in connection.execute(query, values):
        yield AuditLine(
            seq=seq, at=at, kind=kind, intent=about, body=body, previous=previous.hex(), hash=digest.hex()
        )
