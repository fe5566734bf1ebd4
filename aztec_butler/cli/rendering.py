"""Answers to text and files: one document on stdout or in a file, everything else on stderr."""

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import Column, columns_of, render_time, to_plain
from aztec_butler.cli.stdout import write_text
from aztec_butler.core.errors import InputError


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"


class Output(NamedTuple):
    """Where an answer goes, and in which form."""

    format: Format
    path: str | None
    wide: bool
    quiet: bool


def output(
    *,
    format: Format = Format.TABLE,  # noqa: A002 - the name of the option
    output: Annotated[str, str, "PATH"] | None = None,
    wide: bool = False,
    quiet: bool = False,
) -> Output:
    """Output.

    Args:
        format: table is for reading; json, csv, parquet and xlsx hold exact amounts in wei.
        output: write to this file, whole or not at all, instead of to stdout.
        wide: do not shorten or leave out anything to fit the terminal.
        quiet: say nothing on stderr but errors.

    Raises:
        InputError: parquet or xlsx without a file.
    """
    if format in (Format.PARQUET, Format.XLSX) and output is None:
        raise InputError(f"{format.value} is a file, not text", hint="add --output PATH")
    return Output(format, output, wide, quiet)


def show(answer: Answer, wanted: Output) -> None:
    """Write the answer where it is wanted, its caption to stderr, and raise what it found wrong.

    Raises:
        InputError: the file cannot be written.
        CheckFailed: the answer's failure, after it has been shown.
    """
    captions = _captions(answer)
    if wanted.format is Format.PARQUET:
        from aztec_butler.cli.parquet import write_parquet

        assert wanted.path is not None, "checked with the options"
        write_parquet(answer, _path(wanted.path))
    elif wanted.format is Format.XLSX:
        from aztec_butler.cli.excel import write_excel

        assert wanted.path is not None, "checked with the options"
        write_excel(answer, *_plain_rows(answer), _path(wanted.path))
    else:
        text, left_out = _render(answer, wanted)
        if left_out:
            captions.append(f"left out to fit the terminal: {', '.join(left_out)} (--wide shows all)")
        if wanted.path is None:
            write_text(text)
        else:
            from aztec_butler.store.files import write_whole

            write_whole(_path(wanted.path), text.encode())
    if wanted.path is not None:
        captions.append(f"written to {wanted.path}")
    if not wanted.quiet:
        for caption in [*captions, *answer.notes]:
            print(caption, file=sys.stderr)
    if answer.failure is not None:
        raise answer.failure


def _path(text: str) -> Any:
    from pathlib import Path

    return Path(text).expanduser()


def _render(answer: Answer, wanted: Output) -> tuple[str, tuple[str, ...]]:
    """The whole text, and the columns it leaves out."""
    if wanted.format is Format.JSON:
        return _json(answer), ()
    if wanted.format is Format.CSV:
        return _csv(answer), ()
    if answer.lines is not None:
        return _joined(answer.lines), ()
    from aztec_butler.cli.table import render_record, render_table

    width = None
    if wanted.path is None and not wanted.wide and sys.stdout is not None and sys.stdout.isatty():
        from shutil import get_terminal_size

        width = get_terminal_size().columns
    if answer.table is not None:
        from aztec_butler.cli.event_table import render_events

        table = render_events(answer.table, width=width)
        return _joined(table.lines), table.left_out
    columns = columns_of(answer.row_type)
    if answer.is_single:
        return _joined(render_record(columns, answer.rows[0])), ()
    table = render_table(columns, answer.rows, width=width, essential=answer.essential)
    return _joined(table.lines), table.left_out


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _plain_rows(answer: Answer) -> tuple[Sequence[str], Iterable[dict[str, Any]]]:
    """The names of the columns, and the rows as values for machines."""
    if answer.table is not None:
        from aztec_butler.cli.event_table import plain_events

        return answer.table.column_names, plain_events(answer.table)
    columns = columns_of(answer.row_type)
    names = [column.name for column in columns]
    return names, (_plain_row(row, columns) for row in answer.rows)


def _plain_row(row: Any, columns: tuple[Column, ...]) -> dict[str, Any]:
    return {column.name: to_plain(getattr(row, column.name), column) for column in columns}


def _json(answer: Answer) -> str:
    import json

    rows = list(_plain_rows(answer)[1])
    document: dict[str, Any] = {name: to_plain(value) for name, value in answer.facts.items()}
    if answer.stamp is not None:
        document["block"] = to_plain(answer.stamp)
    if answer.is_single:
        document.update(rows[0])
    else:
        document["rows"] = rows
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _csv(answer: Answer) -> str:
    import csv
    import io
    import json

    def cell(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, dict | list):
            return json.dumps(value, sort_keys=True, ensure_ascii=False)
        return str(value)

    names, rows = _plain_rows(answer)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([cell(row.get(name)) for name in names])
    return text.getvalue()


def _captions(answer: Answer) -> list[str]:
    """One line: how many rows, of what, at which block."""
    if answer.stamp is None and "network" not in answer.facts:
        return []
    parts = []
    if not answer.is_single and answer.lines is None:
        parts.append(f"{answer.count:,} {'row' if answer.count == 1 else 'rows'}")
    if "network" in answer.facts:
        chain = f" (chain {answer.facts['chain_id']})" if "chain_id" in answer.facts else ""
        parts.append(f"{answer.facts['network']}{chain}")
    if answer.table is not None:
        parts.append(f"blocks {answer.facts['first_block']} to {answer.facts['last_block']}")
    if answer.stamp is not None:
        stamp = answer.stamp
        finality = "finalized" if stamp.is_finalized else "not finalized"
        parts.append(f"block {stamp.number}, {render_time(stamp.timestamp).replace('T', ' ')}, {finality}")
    return [" · ".join(parts)]
