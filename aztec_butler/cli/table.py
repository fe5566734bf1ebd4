"""Records as a table of text that fits the terminal."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from aztec_butler.cli.columns import Column, render_cell

_GAP = "  "
_LONG_HEX = re.compile(r"0x[0-9a-fA-F]{16,}")


class Table(NamedTuple):
    """Lines of text, and the columns there was no room for."""

    lines: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def render_table(
    columns: Sequence[Column],
    rows: Sequence[Any],
    *,
    width: int | None = None,
    essential: Sequence[str] = (),
) -> Table:
    """One line per record below a line of headings; numbers on the right.

    Where they do not fit, addresses and hashes are shortened to ``0x1234…abcd`` first; then columns are left out, the
    last ones first, those named as essential at the very last.

    Args:
        columns: of the records' type.
        rows: the records.
        width: characters in a line; None for as many as it takes.
        essential: names of columns, most important first.
    """
    drawn = [
        _draw(column, [render_cell(column, getattr(row, column.name)) for row in rows]) for column in columns
    ]
    if width is None or _total(drawn) <= width:
        return Table(_lines(drawn, len(rows)))
    drawn = [_draw(part.column, [shorten(cell) for cell in part.cells]) for part in drawn]
    left_out: list[str] = []
    while _total(drawn) > width and len(drawn) > 1:
        expendable = [part for part in drawn if part.column.name not in essential]
        ranked = [part for name in essential for part in drawn if part.column.name == name]
        victim = (expendable or ranked)[-1]
        drawn.remove(victim)
        left_out.insert(0, victim.column.name)
    order = {column.name: position for position, column in enumerate(columns)}
    return Table(_lines(drawn, len(rows)), tuple(sorted(left_out, key=order.__getitem__)))


def render_record(columns: Sequence[Column], record: Any) -> tuple[str, ...]:
    """One record, a line per field."""
    names = [column.heading for column in columns]
    longest = max(len(name) for name in names)
    return tuple(
        f"{name:<{longest}}{_GAP}{render_cell(column, getattr(record, column.name))}"
        for name, column in zip(names, columns, strict=True)
    )


class _Drawn(NamedTuple):
    """A column as text."""

    column: Column
    cells: Sequence[str]
    width: int


def _draw(column: Column, cells: Sequence[str]) -> _Drawn:
    return _Drawn(column, cells, max([len(column.heading), *map(len, cells)]))


def _total(drawn: Sequence[_Drawn]) -> int:
    return sum(part.width for part in drawn) + len(_GAP) * (len(drawn) - 1)


def _lines(drawn: Sequence[_Drawn], count: int) -> tuple[str, ...]:
    columns = [
        [
            f"{text:{'>' if part.column.is_numeric else '<'}{part.width}}"
            for text in (part.column.heading, *part.cells)
        ]
        for part in drawn
    ]
    return tuple(_GAP.join(cells[number] for cells in columns).rstrip() for number in range(count + 1))


def shorten(cell: str) -> str:
    """Addresses and hashes to their ends.

    >>> shorten("0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2")
    '0xA27E…62D2'
    """
    return _LONG_HEX.sub(lambda found: f"{found[0][:6]}…{found[0][-4:]}", cell)
