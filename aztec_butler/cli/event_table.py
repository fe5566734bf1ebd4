"""Tables of events as text: for people a line for each event, for machines its values and no others."""

from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from aztec_butler.archive.union import kinds_of, values_of
from aztec_butler.cli.columns import Column, render_cell, render_time, to_plain
from aztec_butler.cli.table import Table, render_table, shorten
from aztec_butler.core.columns import POSITION
from aztec_butler.core.events_fields import record_names

_PLACE = frozenset(("event", "block_time", *POSITION))
_HEAD = (Column("block_time", int, "s"), Column("block_number", int, None))
_GAP = "  "


def plain_events(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Every event as values for JSON, exact: its place and what it says; values of other events are left out."""
    columns = [_plain(table.column(field.name), field) for field in table.schema]
    for values in zip(*columns, strict=True):
        yield {
            name: value for name, value in zip(table.column_names, values, strict=True) if value is not None
        }


def render_events(table: pa.Table, *, width: int | None) -> Table:
    """One line per event: with a column for each value where all are of one kind, else with the values in a row.

    Keys are left out, which nobody reads.

    Args:
        table: of ``archive.union``.
        width: characters in a line; None for as many as it takes.
    """
    is_mixed = len(table.column("event").unique() if table.num_rows else kinds_of(table)) > 1
    fields = [
        field
        for field in table.schema
        if field.name not in _PLACE
        and _unit(field) != "word"
        and (is_mixed or not table.column(field.name).null_count)
    ]
    columns = [_column(field) for field in fields]
    values = [values_of(table.column(field.name), field) for field in fields]
    place = [
        table.column("block_time").cast(pa.int64()).to_pylist(),
        table.column("block_number").to_pylist(),
    ]
    if is_mixed:
        return _mixed(table, place, columns, list(zip(*values, strict=True)), width)
    names = [column.name for column in (*_HEAD, *columns)]
    rows = [
        SimpleNamespace(**dict(zip(names, row, strict=True))) for row in zip(*place, *values, strict=True)
    ]
    essential = ("block_time", *(column.name for column in columns))
    return render_table([*_HEAD, *columns], rows, width=width, essential=essential)


def _mixed(
    table: pa.Table,
    place: list[list[int]],
    columns: list[Column],
    values: list[tuple[Any, ...]],
    width: int | None,
) -> Table:
    short = _short_names(kinds_of(table))
    events = [short[name] for name in table.column("event").to_pylist()]
    longest = max([len("event"), *map(len, events)])
    lines = [f"{'block_time':<20}{_GAP}{'block':>9}{_GAP}{'event':<{longest}}{_GAP}values"]
    for time, number, event, row in zip(*place, events, values or [()] * len(events), strict=True):
        told = _GAP.join(
            f"{column.heading}={render_cell(column, value)}"
            for column, value in zip(columns, row, strict=False)
            if value is not None
        )
        if width is not None:
            told = shorten(told)
        at = render_time(time).replace("T", " ")
        lines.append(f"{at}{_GAP}{number:>9}{_GAP}{event:<{longest}}{_GAP}{told}".rstrip())
    if width is None or max(map(len, lines)) <= width:
        return Table(tuple(lines))
    return Table(
        tuple(line if len(line) <= width else line[: width - 1] + "…" for line in lines),
        ("the ends of long lines",),
    )


def _short_names(records: list[str]) -> dict[str, str]:
    """Events as Solidity calls them, where that names one kind only."""
    names = {record: record_names()[record][1].name for record in records}
    counts = Counter(names.values())
    return {record: name if counts[name] == 1 else record for record, name in names.items()}


def _column(field: pa.Field) -> Column:
    kind = field.type
    if pa.types.is_boolean(kind):
        return Column(field.name, bool, None)
    if pa.types.is_nested(kind):
        return Column(field.name, str, None)
    is_number = pa.types.is_integer(kind) or _abi(field).startswith("uint")
    return Column(field.name, int if is_number else str, _unit(field))


def _plain(column: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        return [render_time(time) for time in column.cast(pa.int64()).to_pylist()]
    values = values_of(column, field)
    if _unit(field) == "wei":
        return [_decimal(value) for value in values]
    return [to_plain(value) for value in values]


def _decimal(value: Any) -> Any:
    """Amounts as decimal text, also those in arrays."""
    if isinstance(value, tuple):
        return [_decimal(part) for part in value]
    return None if value is None else str(value)


def _unit(field: pa.Field) -> str | None:
    unit = (field.metadata or {}).get(b"unit")
    return None if unit is None else unit.decode()


def _abi(field: pa.Field) -> str:
    return str((field.metadata or {}).get(b"abi", b"").decode())
