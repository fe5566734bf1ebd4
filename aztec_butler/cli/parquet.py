"""Answers as Parquet: amounts exact as decimals, times in UTC, what they are of in the file's metadata."""

import json
from enum import Enum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import Column, columns_of, to_plain
from aztec_butler.store.files import write_whole_with


def write_parquet(answer: Answer, path: Path) -> None:
    """Write the answer's rows to a file, whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    facts = {name: to_plain(value) for name, value in answer.facts.items()}
    if answer.stamp is not None:
        facts["block"] = to_plain(answer.stamp)
    metadata = {"aztec_butler": json.dumps(facts, sort_keys=True)}
    if answer.table is not None:
        events = answer.table.replace_schema_metadata(metadata)
        write_whole_with(path, lambda file: pq.write_table(events, file))
        return
    columns = columns_of(answer.row_type)
    schema = pa.schema([pa.field(column.name, _type(column)) for column in columns], metadata=metadata)
    arrays = [
        pa.array([_value(getattr(row, column.name)) for row in answer.rows], type=_type(column))
        for column in columns
    ]
    table = pa.Table.from_arrays(arrays, schema=schema)
    write_whole_with(path, lambda file: pq.write_table(table, file))


def _type(column: Column) -> Any:
    if column.is_amount:
        return pa.decimal128(38, 0)
    if column.is_time:
        return pa.timestamp("s", tz="UTC")
    if column.kind is bool:
        return pa.bool_()
    if column.kind is int:
        return pa.int64()
    return pa.float64() if column.kind is float else pa.string()


def _value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    plain = value.value if isinstance(value, Enum) else to_plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, sort_keys=True)
