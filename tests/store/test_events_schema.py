"""Columns on disk widen and narrow with the numbers in them, for every event."""

from __future__ import annotations

import random
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soak.made_logs import value_of

from aztec_butler.core import columns, events
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.errors import InputError
from aztec_butler.core.events_fields import event_fields, record_names
from aztec_butler.store.events_folder import folder_at
from aztec_butler.store.events_parquet import read_table, write_table
from aztec_butler.store.events_schema import (
    ColumnsError,
    check_events,
    fitted,
    joined,
    narrowest,
    wide_columns,
    widened_schema,
    widest,
)

ADDRESS = "0x" + "01" * 20


def made_position(row):
    return events.Position(
        address=ADDRESS,
        block_number=row,
        block_hash=f"0x{row + 1:064x}",
        transaction_hash=f"0x{row + 1:064x}",
        transaction_index=0,
        log_index=row,
    )


def made(event, values):
    """A table of logs; where a value is huge, its numbers are."""
    kind = getattr(events, event)
    rng = random.Random(str(values))
    records = [
        kind(
            position=made_position(row),
            **{field.name: value_of(field.type, rng, huge=huge) for field in event_fields(kind.event)},
        )
        for row, huge in enumerate(values)
    ]
    return columns.decode(map(events.encode, records), kind.role).tables[event]


def plain(table):
    return [(field.name, field.type, field.metadata) for field in table.schema], table.to_pylist()


@pytest.mark.parametrize("event", sorted(record_names()))
def test_narrowest__any_event__are_the_columns_of_a_decoder(event):
    role, line = record_names()[event]
    zeros = {field.name: zero(field.type) for field in event_fields(line)}
    log = events.encode(getattr(events, event)(position=made_position(0), **zeros))
    decoded = columns.decode([log], role).tables[event]
    assert narrowest(event).equals(decoded.schema, check_metadata=True)


def zero(of):
    if isinstance(of, Array):
        return (zero(of.item),) * (of.size or 0)
    if isinstance(of, Tuple):
        return tuple(zero(component) for component in of.components)
    if of.name == "address":
        return ADDRESS
    if of.name in {"string", "bool"}:
        return {"string": "", "bool": False}[of.name]
    return b"\0" * getattr(of, "size", 0) if of.name.startswith("bytes") else 0


@pytest.mark.parametrize("event", sorted(record_names()))
def test_file__rows_of_any_event__come_back_alike(tmp_path, event):
    folder = folder_at(tmp_path, "x", None)
    for values in ([False] * 5, [False, True, False, True]):
        table = made(event, values)
        file = write_table(folder, event, table, "0-9")
        back = fitted(event, joined(event, [read_table(folder, file, 0, 9, None)]))
        assert plain(back) == plain(table)
        assert file.wide == wide_columns(event, table.schema)
        assert widened_schema(event, file.wide).equals(table.schema, check_metadata=True)
        part = joined(event, [read_table(folder, file, 1, 2, None)])
        assert plain(part) == plain(fitted(event, table.slice(1, 2)))


VARIED = (
    "PullSplitFactorySplitCreated",
    "PullSplitExecCalls",
    "SlashFactorySlashPayloadCreated",
    "TokenTransfer",
    "RollupStakingQueueConfigUpdated",
)


@settings(deadline=None, max_examples=60)
@given(
    event=st.sampled_from(VARIED),
    values=st.lists(st.booleans(), min_size=1, max_size=9),
    cuts=st.sets(st.integers(1, 8)),
)
def test_joined__tables_of_different_widths__are_as_decoded_at_once(event, values, cuts):
    whole = made(event, values)
    places = [0, *sorted(cut for cut in cuts if cut < len(values)), len(values)]
    parts = [fitted(event, whole.slice(a, b - a)) for a, b in pairwise(places)]
    assert plain(joined(event, parts)) == plain(whole)
    schema = widened_schema(event, widest(wide_columns(event, part.schema) for part in parts))
    assert schema.equals(whole.schema, check_metadata=True)
    for part in parts:
        wide = joined(event, [part], schema)
        assert wide.schema.equals(schema, check_metadata=True)
        assert plain(fitted(event, wide)) == plain(part)


def test_joined__nothing__is_an_empty_table_with_all_columns():
    assert joined("RollupDeposit", []).schema.equals(narrowest("RollupDeposit"), check_metadata=True)


def test_joined__a_schema_too_narrow__is_refused():
    with pytest.raises(ColumnsError):
        joined(
            "PullSplitExecCalls", [made("PullSplitExecCalls", [True] * 9)], narrowest("PullSplitExecCalls")
        )


def test_fitted__some_columns__are_narrowed_without_the_others():
    event = "RollupStakingQueueConfigUpdated"
    table = made(event, [True, False])
    name = "config_bootstrap_flush_size"
    assert fitted(event, table.select([name]).slice(1)).schema.field(name).type == pa.uint64()


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.drop_columns(["to_address"]),
        lambda t: t.rename_columns([*t.column_names[:-1], "value"]),
        lambda t: t.set_column(9, "value_wei", t["value_wei"].cast(pa.float64())),
        lambda t: t.set_column(1, "transaction_index", t["transaction_index"].cast(pa.int64())),
        lambda t: t.set_column(9, "value_wei", pa.array([0], pa.uint64())),
    ],
    ids=["a column less", "another name", "a float", "signed", "narrower than it can be"],
)
def test_wide_columns__not_those_of_the_event__is_told(change):
    with pytest.raises(ColumnsError):
        wide_columns("TokenTransfer", change(made("TokenTransfer", [False])).schema)


def test_check_events__a_misspelt_one__is_told_with_the_nearest():
    with pytest.raises(InputError, match="RollupDeposit"):
        check_events(["RollupDeposits"])


@pytest.mark.parametrize("event", ["TokenTransfer", "StakingRegistryAttestersAddedToProvider"])
def test_file__more_addresses_than_a_dictionary_of_parquet_holds__come_back_alike(tmp_path, event):
    """Of other columns Parquet gives up dictionaries over a megabyte, and inside of lists could not read them then."""
    rows, each = (40_000, 1) if event == "TokenTransfer" else (4_000, 10)
    addresses = pa.array([f"0x{number:040x}" for number in range(rows * each)]).dictionary_encode()
    usual = {
        "block_number": pa.array(range(rows), pa.uint64()),
        "address": pa.array([ADDRESS] * rows).dictionary_encode(),
        "from_address": addresses,
        "to_address": addresses,
        "provider_id": pa.array(range(rows), pa.uint64()),
        "attesters": pa.ListArray.from_arrays(
            pa.array(range(0, rows * each + 1, each), pa.int32()), addresses
        ),
    }
    kinds = narrowest(event)
    table = pa.Table.from_arrays(
        [
            usual[kind.name] if kind.name in usual else pa.array([zeros(kind.type)] * rows, kind.type)
            for kind in kinds
        ],
        schema=kinds,
    )
    folder = folder_at(tmp_path, "x", None)
    file = write_table(folder, event, table, "0-9")
    back = joined(event, [read_table(folder, file, 0, rows, None)])
    assert plain(back) == plain(table)


def zeros(of):
    return bytes(of.byte_width) if pa.types.is_fixed_size_binary(of) else 0


@pytest.mark.parametrize("event", VARIED)
def test_file__of_many_row_groups__comes_back_alike(tmp_path, monkeypatch, event):
    monkeypatch.setattr("aztec_butler.store.events_parquet.ROWS_OF_GROUP", 7)
    table = made(event, [row % 5 == 0 for row in range(60)])
    folder = folder_at(tmp_path, "x", None)
    file = write_table(folder, event, table, "0-9")
    assert len(file.crcs) >= 9
    for first, last in [(0, 59), (3, 44), (13, 14), (50, 99)]:
        part = joined(event, [read_table(folder, file, first, last, None)])
        assert plain(part) == plain(fitted(event, table.slice(first, last + 1 - first)))
