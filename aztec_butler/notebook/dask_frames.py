"""Event stores as lazy Dask DataFrames: tables larger than memory, exact all the same.

Amounts are ``decimal256(38, 0)`` of Arrow: exact in sums, differences, products and groups, and never a float. (Dask would
turn the Python integers of ``net.events`` into text.) Dask sums such a column of a *frame*, ``ddf[["amount_wei"]].sum()``;
of a *series* it refuses to, because it would add the parts with Python's 28 digits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np
import pandas as pd
import pyarrow as pa

from aztec_butler.archive.union import BLOCK_TIME, names_among, union_table
from aztec_butler.core.errors import InputError, SettingsError
from aztec_butler.core.event_kinds import STAKING, EventKind, event_kinds, select_events
from aztec_butler.core.events_fields import record_names
from aztec_butler.notebook.dask_columns import column_values, display_name, token_values
from aztec_butler.store.events_datasets import stores
from aztec_butler.store.events_schema import empty

if TYPE_CHECKING:
    import dask.dataframe as dd

    from aztec_butler.store.events import Covered, EventStore, Range

_ORDER: Final = ("block_number", "log_index", "address")


def dask_events(
    path: str | Path,
    events: str | Sequence[str] = STAKING,
    first_block: int | None = None,
    last_block: int | None = None,
    *,
    chain_id: int | None = None,
    decimals: Collection[str] = (),
    storage_options: Mapping[str, Any] | None = None,
) -> dd.DataFrame:
    """The events of a store as a lazy Dask DataFrame; no log is read before it is computed.

    >>> ddf = ab.dask_events("s3://bucket/aztec", "Slashed")  # doctest: +SKIP
    >>> ddf.groupby("attester").amount_wei.sum().compute()  # doctest: +SKIP
    >>> ddf.loc[24_000_000:24_100_000].compute()  # reads these partitions alone  # doctest: +SKIP

    Args:
        path: where ``extract`` or ``connect(event_store=path)`` put them.
        events: as for ``Network.events``; ``staking`` means those of its events whose contracts the store knows.
        first_block: where to begin; None for the first block that is held of one of the events.
        last_block: where to end; None for the last one.
        chain_id: of the chain, where the path holds several.
        decimals: columns of small numbers that become ``decimal256(38, 0)``, because one of them does not fit ``Int64``.
        storage_options: what fsspec needs to reach the path.

    Returns:
        One row per event in the order of the chain, with ``block_number`` as index, whose divisions are known. The columns
        are those of ``Network.events``. Amounts and numbers beyond 64 bits are ``decimal256(38, 0)``, those beyond 38 digits
        decimal text; other numbers ``Int64``; addresses, words and hashes text; arrays and structs those of Arrow. Each
        amount has a float column ``*_aztec`` beside it, for plots. Only the columns that are used are read.

    Raises:
        InputError: an unknown event, no store, several chains, or blocks in the range that are not held.
        SettingsError: Dask is not installed.
    """
    try:
        import dask.dataframe as dd
    except ImportError:
        raise SettingsError("lazy tables need Dask", hint="pip install 'aztec-butler[scale]'") from None
    named = select_events(events)
    store = _store(path, chain_id, storage_options)
    covered = store.coverage()
    kinds, contracts = _held(named, events, covered)
    held = [each for each in covered if each.event in {kind.record for kind in kinds}]
    first = min(each.first_block for each in held) if first_block is None else first_block
    last = max(each.last_block for each in held) if last_block is None else last_block
    _check_whole(store, kinds, contracts, first, last)
    reader = _reader(store, kinds, contracts, first, last, frozenset(decimals))
    ranges = _partitions(reader, first, last)
    frame: dd.DataFrame = dd.from_map(  # type: ignore[no-untyped-call,unused-ignore]
        reader,
        ranges,
        meta=reader.frame({kind.record: empty(reader.schemas[kind.record]) for kind in kinds}),
        divisions=(*(begin for begin, _ in ranges), last),
        label="aztec-events",
        enforce_metadata=False,
    )
    return frame


@attrs.frozen(kw_only=True, repr=False)
class EventPartitions:
    """Reads one partition; Dask carries it to its workers.

    Args:
        store: where from.
        kinds: of events, in the order in which they show.
        addresses: of the contracts, by the name of the record.
        schemas: columns wide enough for every row of every partition, by the name of the record.
        decimals: columns of numbers that are decimals.
    """

    store: EventStore
    kinds: tuple[EventKind, ...]
    addresses: Mapping[str, tuple[str, ...]]
    schemas: Mapping[str, pa.Schema]
    decimals: frozenset[str]

    def __call__(self, blocks: Range, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows of a closed range of blocks, with all columns or some."""
        tables = {}
        for kind in self.kinds:
            record = kind.record
            table = self.store.read(
                record,
                addresses=self.addresses[record],
                first_block=blocks[0],
                last_block=blocks[1],
                columns=self._needed(record, columns),
                schema=self.schemas[record],
            )
            tables[record] = _with_nulls(table, self.schemas[record])
        return self.frame(tables, columns)

    def frame(self, tables: Mapping[str, pa.Table], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Tables of every kind as one frame."""
        whole = union_table(self.kinds, tables)
        found: dict[str, Any] = {}
        for field in whole.schema:
            shown = display_name(field)
            if columns is not None and not {field.name, shown} & {*columns, "block_number"}:
                continue
            found[field.name] = column_values(whole.column(field.name), field, self.decimals)
            if shown is not None:
                found[shown] = token_values(whole.column(field.name), field)
        index = pd.Index(found.pop("block_number").to_numpy(np.int64), name="block_number")
        frame = pd.DataFrame({name: pd.Series(values, index=index) for name, values in found.items()}, index)
        return frame if columns is None else frame[list(columns)]

    def _needed(self, record: str, columns: Sequence[str] | None) -> list[str] | None:
        """The columns to read for those of the frame."""
        if columns is None:
            return None
        wanted = {*columns, *(f"{name.removesuffix('_aztec')}_wei" for name in columns)}
        names = names_among(record, [kind.record for kind in self.kinds])
        shown = {name: BLOCK_TIME if name == "block_timestamp" else names[name] for name in names}
        return [name for name in names if name in _ORDER or shown[name] in wanted]

    def __dask_tokenize__(self) -> tuple[object, ...]:
        # Final blocks do not change; neither does what is read of them.
        parts = [(record, self.addresses[record], str(self.schemas[record])) for record in self.addresses]
        return ("aztec-events", repr(self.store), self.store.genesis_hash, *parts, sorted(self.decimals))

    def __repr__(self) -> str:
        return f"<EventPartitions {', '.join(self.addresses)}>"


def _store(path: str | Path, chain_id: int | None, storage_options: Mapping[str, Any] | None) -> EventStore:
    found = stores(path, storage_options=storage_options)
    chosen = [store for store in found if chain_id in (None, store.chain_id)]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        raise InputError(
            "the path holds events of several chains",
            hint="name one: chain_id=...",
            chains=", ".join(f"{store.chain_id} ({store.genesis_hash[:10]})" for store in chosen),
        )
    raise InputError(
        "the path holds no events",
        hint="aztec_butler.extract(network, events, first_block, last_block, path) puts some there",
        **({} if chain_id is None else {"chain_id": chain_id}),
    )


def _held(
    named: Sequence[EventKind], events: str | Sequence[str], covered: Sequence[Covered]
) -> tuple[tuple[EventKind, ...], dict[str, str]]:
    """The kinds whose contracts a store knows, and these contracts, as role by address."""
    roles = record_names()
    contracts = {each.address: roles[each.event][0] for each in covered if each.event in roles}
    kinds = tuple(kind for kind in named if kind.role in contracts.values())
    known = {each.event for each in covered}
    asked = [events] if isinstance(events, str) else list(events)
    for name in [part.strip() for text in asked for part in text.split(",") if part.strip()]:
        if not known & {kind.record for kind in select_events(name)}:
            raise InputError(
                "the store holds none of these events",
                hint="it holds " + ", ".join(kind.record for kind in event_kinds() if kind.record in known),
                event=name,
            )
    return kinds, contracts


def _check_whole(
    store: EventStore, kinds: Sequence[EventKind], contracts: Mapping[str, str], first: int, last: int
) -> None:
    missing = {
        kind.record: ranges
        for kind in kinds
        if (ranges := store.missing(contracts, [kind.record], first, last))
    }
    if missing:
        raise InputError(
            "the store does not hold all of these blocks",
            hint="extract them first, or name events, first_block and last_block that it holds",
            first_block=first,
            last_block=last,
            **{
                record: "lacks " + ", ".join(f"{begin}-{end}" for begin, end in ranges)
                for record, ranges in missing.items()
            },
        )


def _reader(
    store: EventStore,
    kinds: tuple[EventKind, ...],
    contracts: Mapping[str, str],
    first: int,
    last: int,
    decimals: frozenset[str],
) -> EventPartitions:
    addresses = {
        kind.record: tuple(address for address, role in contracts.items() if role == kind.role)
        for kind in kinds
    }
    schemas = {
        record: store.unified_schema(record, addresses=its, first_block=first, last_block=last)
        for record, its in addresses.items()
    }
    reader = EventPartitions(
        store=store, kinds=kinds, addresses=addresses, schemas=schemas, decimals=decimals
    )
    columns = reader.frame({record: empty(schema) for record, schema in schemas.items()}).columns
    for name in decimals:
        if name not in columns:
            raise InputError("there is no such column", column=name)
    return reader


def _partitions(reader: EventPartitions, first: int, last: int) -> list[Range]:
    """Ranges so that each reads few files: those of the event that has most of them."""
    return max(
        (
            reader.store.partitions(record, addresses=its, first_block=first, last_block=last)
            for record, its in reader.addresses.items()
        ),
        key=len,
    )


def _with_nulls(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with all columns; those that were not read are null."""
    if table.column_names == schema.names:
        return table
    columns = [
        table.column(field.name) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
