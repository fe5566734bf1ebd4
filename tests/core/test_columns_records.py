"""Columns back to records: what the decoder of single logs makes of the same logs."""

from __future__ import annotations

import pytest
from event_logs import slashed, tables, value_of
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core import columns, events
from aztec_butler.core.columns_records import to_records
from aztec_butler.core.events_fields import event_fields, record_names


def logs_of(name, data):
    """Some logs of an event with any values."""
    kind = getattr(events, name)
    return [
        events.encode(
            kind(
                position=events.Position(
                    address="0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2",
                    block_number=24_000_000 + row,
                    block_hash="0x" + "ab" * 32,
                    transaction_hash=f"0x{row:064x}",
                    transaction_index=row,
                    log_index=2 * row,
                    block_timestamp=data.draw(st.none() | st.integers(0, 2**33)),
                ),
                **{field.name: data.draw(value_of(field.type)) for field in event_fields(kind.event)},
            )
        )
        for row in range(data.draw(st.integers(1, 3)))
    ]


@pytest.mark.parametrize("name", sorted(record_names()))
@settings(max_examples=2, deadline=None)
@given(data=st.data())
def test_records__every_event__as_each_log_decodes(name, data):
    logs = logs_of(name, data)
    role = record_names()[name][0]
    found = to_records(columns.decode(logs, role).tables[name], name)
    assert found == [events.decode_log(log, role) for log in logs]
    for record in found:
        assert events.encode(record) in logs  # its structs can be taken apart as well


def test_records__no_rows__none():
    empty = tables([slashed(1)])["RollupSlashed"].slice(0, 0)
    assert to_records(empty, "RollupSlashed") == []


def test_records__tables_put_together__in_their_order():
    import pyarrow as pa

    parts = [tables([slashed(block, amount=block)])["RollupSlashed"] for block in (5, 6, 9)]
    found = to_records(pa.concat_tables(parts), "RollupSlashed")
    assert [(each.position.block_number, each.amount_wei) for each in found] == [(5, 5), (6, 6), (9, 9)]
