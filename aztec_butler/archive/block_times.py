"""When events happened, where a node does not tell it with the logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from aztec_butler.clients.blocks import fetch_timestamps
from aztec_butler.core.columns_words import number_column

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc

_COLUMN: Final = "block_timestamp"


def with_times(rpc: Rpc, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Tables whose ``block_timestamp`` is there in every row.

    Most nodes tell it with every log. For those that do not, the header of every block that holds one of the events is
    asked for, once each and many to a request; what goes to the disk is never asked for again.

    Args:
        rpc: the door to the node.
        tables: of ``core.columns``.

    Raises:
        NodeError: the node failed.
    """
    untimed = {record: _blocks(table) for record, table in tables.items() if table.column(_COLUMN).null_count}
    if not untimed:
        return dict(tables)
    unknown = {number for blocks in untimed.values() for number, time in blocks if time is None}
    known = fetch_timestamps(rpc, unknown)
    timed = dict(tables)
    for record, blocks in untimed.items():
        times = [known[number] if time is None else time for number, time in blocks]
        column = number_column(np.array(times, np.uint64))
        table = tables[record]
        place = table.column_names.index(_COLUMN)
        timed[record] = table.set_column(place, table.schema.field(_COLUMN), column)
    return timed


def _blocks(table: pa.Table) -> list[tuple[int, int | None]]:
    """Number and time of every row's block."""
    columns = [table.column(name).to_pylist() for name in ("block_number", _COLUMN)]
    return list(zip(*columns, strict=True))
