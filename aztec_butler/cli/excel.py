"""Answers as Excel workbooks: exact amounts as text, because a cell's number has 15 digits; what they are of beside them."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import columns_of, render_text, to_plain
from aztec_butler.core.errors import InputError, SettingsError
from aztec_butler.store.files import write_whole_with

_MOST_ROWS: Final = 1_048_575
"""Rows of a sheet below the names of its columns."""
_MOST_LETTERS: Final = 32_767
_LARGEST_EXACT: Final = 10**15 - 1
_TIME_FORMAT: Final = "yyyy-mm-dd hh:mm:ss"


def write_excel(answer: Answer, names: Sequence[str], rows: Iterable[dict[str, Any]], path: Path) -> None:
    """Write the answer to a file, whole or not at all: the sheets ``rows`` and ``about``.

    Times are in UTC, which Excel does not know of. Amounts in wei are text.

    Args:
        answer: says what the rows are of.
        names: of the columns.
        rows: as values for machines.
        path: of the file.

    Raises:
        SettingsError: openpyxl is not installed.
        InputError: more rows or longer texts than a sheet holds, or the file cannot be written.
    """
    try:
        from openpyxl import Workbook  # type: ignore[import-untyped]
        from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
    except ImportError:
        raise SettingsError(
            "writing Excel files needs openpyxl", hint='pip install "aztec-butler[excel]"'
        ) from None
    if answer.count > _MOST_ROWS:
        raise InputError(
            "a sheet of Excel does not hold so many rows",
            hint="use csv or parquet, or ask for less",
            rows=answer.count,
            limit=_MOST_ROWS,
        )
    times = {"block_time"}
    if answer.table is None:
        times = {column.name for column in columns_of(answer.row_type) if column.is_time}
    book = Workbook(write_only=True)

    def cell(sheet: Any, value: Any) -> Any:
        made = WriteOnlyCell(sheet, value=None)
        if isinstance(value, datetime):
            made.value, made.number_format = value, _TIME_FORMAT
        elif isinstance(value, str):
            # A text that begins with an equals sign is no formula, whoever wrote it.
            made.value = "text"
            made._value, made.data_type = value, "s"  # noqa: SLF001
        else:
            made.value = value
        return made

    sheet = book.create_sheet("rows")
    sheet.freeze_panes = "A2"
    sheet.append([cell(sheet, name) for name in names])
    for row in rows:
        sheet.append([cell(sheet, _value(name, row.get(name), is_time=name in times)) for name in names])
    about = book.create_sheet("about")
    for name, value in _facts(answer).items():
        about.append([cell(about, name), cell(about, _value(name, value, is_time=False))])
    write_whole_with(path, book.save)


def _facts(answer: Answer) -> dict[str, Any]:
    facts = {name: to_plain(value) for name, value in answer.facts.items()}
    if answer.stamp is not None:
        stamp = answer.stamp
        facts |= {f"block_{name}": value for name, value in to_plain(stamp).items()}
    return facts


def _value(name: str, value: Any, *, is_time: bool) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST_EXACT else str(value)
    if is_time and isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=None)
    text = render_text(value if isinstance(value, str) else json.dumps(value, sort_keys=True))
    if len(text) > _MOST_LETTERS:
        raise InputError(
            "a cell of Excel does not hold such a long text",
            hint="use csv, json or parquet",
            column=name,
            letters=len(text),
            limit=_MOST_LETTERS,
        )
    return text
