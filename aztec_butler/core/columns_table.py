"""Tables of raw logs, as other extractors make them, to numpy columns.

A column is found by any of its names (``events_input.ALIASES``). Bytes are binary or hex text, numbers integers or hex
text; topics are columns of their own (cryo, hypersync, SQL services), lists (JSON-RPC) or text with commas
(ethereum-etl). The block's hash and time may be missing. Whatever hands out Arrow data is a table: pyarrow's own,
DataFrames of pandas and polars, an open Parquet file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aztec_butler.core.columns_batch import UNTIMED, Batch, Numbers, Octets
from aztec_butler.core.columns_table_values import (
    BadRowsError,
    Sizes,
    is_there,
    nulls,
    numbers_of,
    octets_of,
    plain,
    words_of,
)
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.events_input import ALIASES, TOPIC_COLUMNS

_WORD: Final = 32
_ADDRESS: Final = 20
_TOPICS: Final = 4
_ROWS_AT_ONCE: Final = 50_000
_OPTIONAL: Final = frozenset({"topics", "block_hash", "block_timestamp", "removed"})


def is_table(logs: Any) -> bool:
    """Whether this hands out Arrow data."""
    return any(hasattr(logs, name) for name in ("__arrow_c_stream__", "__arrow_c_array__", "iter_batches"))


def read_table(table: Any) -> Iterator[Batch]:
    """The logs of a table, in its order but for the number of topics.

    Args:
        table: anything that ``is_table``.

    Raises:
        InputError: a column is missing, or is of a type that cannot be one of logs.
        DecodeError: a log that is not mined or not well formed.
    """
    if hasattr(table, "iter_batches"):
        parts: Iterator[pa.RecordBatch] = table.iter_batches(batch_size=_ROWS_AT_ONCE)
    elif isinstance(table, pa.RecordBatch):
        parts = iter([table])
    else:
        parts = iter(_arrow(table).to_batches(max_chunksize=_ROWS_AT_ONCE))
    done = 0
    for part in parts:
        if len(part):
            yield from _Reader(part, done).batches()
        done += len(part)


def _arrow(table: Any) -> pa.Table:
    try:
        return pa.table(table)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError) as error:
        raise InputError("the table cannot be read as Arrow columns", why=str(error)) from None


@attrs.frozen(eq=False)
class _Reader:
    """One part of a table.

    Args:
        part: the rows.
        done: how many rows came before.
    """

    part: pa.RecordBatch
    done: int

    def batches(self) -> Iterator[Batch]:
        """The logs by their number of topics."""
        block, log = self.numbers("block_number"), self.numbers("log_index")
        removed = self.column("removed")
        if removed is not None and removed.null_count < len(removed) and pc.any(removed).as_py():
            raise DecodeError(
                "the log was removed by a reorganization", **self.place(pc.index(removed, True).as_py())
            )
        counts, topics = self.topics()
        data, sizes = self.octets("data", self.needed("data"))
        self.check_sizes(sizes)
        whole = Batch(
            address=self.words("address", _ADDRESS),
            topics=tuple(topics),
            data=data,
            sizes=sizes,
            block_number=block,
            block_hash=self.words("block_hash", _WORD),
            transaction_hash=self.words("transaction_hash", _WORD),
            transaction_index=self.numbers("transaction_index"),
            log_index=log,
            block_timestamp=self.times(),
        )
        for count in np.unique(counts).tolist():
            alike = attrs.evolve(whole, topics=whole.topics[:count])
            yield alike if (counts == count).all() else alike.select(counts == count)

    # ------------------------------------------------------------------ columns

    def column(self, field: str) -> pa.Array | None:
        """A column by any of its names; None when it is not there."""
        for name in ALIASES[field]:
            if name in self.part.schema.names:
                return plain(self.part.column(name))
        return None

    def needed(self, field: str) -> pa.Array:
        """As ``column``; one that is not there is an error."""
        found = self.column(field)
        if found is None:
            raise InputError(
                "the table of logs lacks a column",
                hint="ask the extractor for it",
                column=" or ".join(ALIASES[field]),
                columns=", ".join(self.part.schema.names),
            )
        return found

    def numbers(self, field: str) -> Numbers:
        column = self.needed(field)
        if column.null_count:
            raise self.error(field, BadRowsError(nulls(column), "there is none"))
        try:
            return numbers_of(column)
        except BadRowsError as error:
            raise self.error(field, error) from None

    def words(self, field: str, width: int) -> Octets:
        column = self.column(field) if field in _OPTIONAL else self.needed(field)
        if column is None:
            return np.zeros((len(self.part), width), np.uint8)
        try:
            return words_of(column, width, may_lack=field in _OPTIONAL)
        except BadRowsError as error:
            raise self.error(field, error) from None

    def octets(self, field: str, column: pa.Array) -> tuple[Octets, Sizes]:
        try:
            return octets_of(column)
        except BadRowsError as error:
            raise self.error(field, error) from None

    def times(self) -> Numbers:
        column = self.column("block_timestamp")
        if column is None:
            return np.full(len(self.part), UNTIMED, np.uint64)
        missing = nulls(column)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("s", column.type.tz), safe=False).cast(pa.int64())
        if missing.any():
            column = column.fill_null("0" if pa.types.is_large_string(column.type) else 0)
        try:
            return numbers_of(column) | np.where(missing, np.uint64(UNTIMED), np.uint64(0))
        except BadRowsError as error:
            raise self.error("block_timestamp", error) from None

    def topics(self) -> tuple[Sizes, list[Octets]]:
        """How many topics each log has, and the words of each place; those beyond the number are zero."""
        column = self.column("topics")
        if column is None:
            each = [
                plain(self.part.column(name)) if (name := self._name(names)) else None
                for names in TOPIC_COLUMNS
            ]
            if each[0] is None:
                raise InputError(
                    "the table of logs lacks a column",
                    hint="ask the extractor for it",
                    column="topics or topic0",
                    columns=", ".join(self.part.schema.names),
                )
        else:
            if not _is_list(column.type):
                column = pc.split_pattern(pc.if_else(pc.equal(column, ""), None, column), ",")
            lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
            if (lengths > _TOPICS).any():
                self._raise(int(np.argmax(lengths > _TOPICS)), "a log has at most four topics")
            each = [
                plain(pc.list_element(_padded(column, lengths, place), 0))
                if (lengths > place).any()
                else None
                for place in range(_TOPICS)
            ]
        present = np.array([is_there(topic, len(self.part)) for topic in each])
        counts = np.where(present.all(axis=0), _TOPICS, np.argmin(present, axis=0))
        behind = present.sum(axis=0) > counts
        if behind.any():
            self._raise(int(np.argmax(behind)), "a log has a topic behind one that it lacks")
        words = []
        for place, topic in enumerate(each[: int(counts.max())]):
            assert topic is not None
            try:
                words.append(words_of(topic, _WORD, may_lack=True))
            except BadRowsError as error:
                raise self.error(f"topic {place}", error) from None
        return counts, words

    def check_sizes(self, sizes: Sizes) -> None:
        """The lengths of the data, where the table tells them as cryo does."""
        if "n_data_bytes" in self.part.schema.names:
            told = numbers_of(self.part.column("n_data_bytes").fill_null(0))
            wrong = told != sizes.astype(np.uint64)
            if wrong.any():
                self._raise(int(np.argmax(wrong)), "the data of a log is not as long as the table says")

    def _name(self, names: tuple[str, ...]) -> str | None:
        return next((name for name in names if name in self.part.schema.names), None)

    # ------------------------------------------------------------------ errors

    def error(self, field: str, bad: BadRowsError) -> DecodeError | InputError:
        """What is wrong with a column, naming the first log that it is wrong of."""
        if bad.rows is None:
            return InputError("a column of the table cannot be one of logs", column=field, why=str(bad))
        return DecodeError(
            "the log is not well formed", field=field, why=str(bad), **self.place(int(np.argmax(bad.rows)))
        )

    def place(self, row: int) -> dict[str, Any]:
        """What names a log."""
        known = {
            field: column[row].as_py()
            for field in ("block_number", "log_index", "transaction_hash")
            if (column := self.column(field)) is not None
        }
        return {"row": self.done + row} | {name: value for name, value in known.items() if value is not None}

    def _raise(self, row: int, sentence: str) -> None:
        raise DecodeError(sentence, **self.place(row))


def _is_list(of: pa.DataType) -> bool:
    return bool(pa.types.is_list(of) or pa.types.is_large_list(of) or pa.types.is_fixed_size_list(of))


def _padded(column: pa.Array, lengths: Sizes, place: int) -> pa.Array:
    """Lists cut to begin at a place; null where they end before it."""
    longer = pc.if_else(pa.array(lengths > place), column, None)
    return pc.list_slice(longer, place, place + 1)
