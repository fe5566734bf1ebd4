"""What a command answers: records of one type, and what they are of."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from aztec_butler.core.errors import ButlerError

if TYPE_CHECKING:
    import pyarrow as pa

    from aztec_butler.core.records import BlockStamp


@attrs.frozen(kw_only=True)
class Answer:
    """Records, and the block they are pinned to.

    Args:
        rows: the records, in the order to show.
        row_type: their attrs class, which decides the columns.
        stamp: the block; None when no chain was asked.
        facts: what else the answer is of, e.g. the network.
        is_single: whether it is one record, shown as name and value instead of as a table.
        essential: columns that a narrow terminal keeps longest, most important first.
        lines: how the answer reads where a table would not; only for the eyes.
        notes: sentences for the reader, shown on stderr.
        failure: raised after everything has been shown.
        table: of ``archive.union``, in place of rows: events, of which there may be very many.
    """

    rows: Sequence[Any] = ()
    row_type: type = object
    stamp: "BlockStamp | None" = None
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    is_single: bool = False
    essential: tuple[str, ...] = ()
    lines: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    failure: ButlerError | None = None
    table: "pa.Table | None" = None

    @property
    def count(self) -> int:
        """How many rows it has."""
        return len(self.rows) if self.table is None else self.table.num_rows
