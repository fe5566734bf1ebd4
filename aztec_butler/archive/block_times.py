"""When events happened, where a node does not tell it with the logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from aztec_butler.clients.blocks import fetch_timestamps

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
    rows = {
        record: table.column(_COLUMN).is_null().to_numpy()
        for record, table in tables.items()
        if table.column(_COLUMN).null_count
    }
    if not rows:
        return dict(tables)
    blocks = {record: tables[record].column("block_number").to_numpy() for record in rows}
    numbers = np.unique(np.concatenate([blocks[record][untimed] for record, untimed in rows.items()]))
    known = fetch_timestamps(rpc, set(numbers.tolist()))
    times = np.array([known[number] for number in numbers.tolist()], np.uint64)
    timed = dict(tables)
    for record, untimed in rows.items():
        table = tables[record]
        column = table.column(_COLUMN).fill_null(0).to_numpy().copy()
        column[untimed] = times[np.searchsorted(numbers, blocks[record][untimed])]
        place = table.column_names.index(_COLUMN)
        timed[record] = table.set_column(place, table.schema.field(_COLUMN), pa.array(column))
    return timed
