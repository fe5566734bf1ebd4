"""Rows of many files as one table."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aztec_butler.store.events_arrays import kept, numbers, one_of
from aztec_butler.store.events_coverage import Segment
from aztec_butler.store.events_folder import Folder
from aztec_butler.store.events_manifest import DataFile
from aztec_butler.store.events_parquet import UnreadableFileError, read_table
from aztec_butler.store.events_schema import fingerprint, joined

_ORDER: Final = ("block_number", "log_index")
_NEEDED: Final = {*_ORDER, "address"}
Source = tuple[DataFile, list[Segment]]


def read_files(
    folder: Folder,
    event: str,
    sources: Sequence[Source],
    columns: Collection[str] | None,
    schema: pa.Schema | None,
) -> pa.Table:
    """The rows of files that lie in their segments, sorted.

    Raises:
        UnreadableFileError: a file is gone, or is not what was written.
    """
    for file, _ in sources:
        if file.columns != fingerprint(event):
            raise UnreadableFileError(file, "it has the columns of another version")
    names = None if columns is None else {*columns, *_NEEDED}
    sources = sorted(sources, key=lambda source: (source[0].first_block, source[0].last_block))

    def read(source: Source) -> pa.Table:
        return _read(folder, source, names, use_threads=len(sources) == 1)

    if len(sources) > 1:
        with ThreadPoolExecutor(min(len(sources), os.cpu_count() or 1)) as pool:
            tables = list(pool.map(read, sources))
    else:
        tables = [read(source) for source in sources]
    table = joined(event, tables, schema).unify_dictionaries()
    if any(later[0].first_block <= earlier[0].last_block for earlier, later in pairwise(sources)):
        # Of contracts side by side, or of commits that overlap.
        table = table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in _ORDER]))
    return table if columns is None else table.select(list(columns))


def _read(folder: Folder, source: Source, names: Collection[str] | None, *, use_threads: bool) -> pa.Table:
    file, segments = source
    first = min(segment.first_block for segment in segments)
    last = max(segment.last_block for segment in segments)
    table = read_table(folder, file, first, last, names, use_threads=use_threads)
    wanted = frozenset().union(*(segment.addresses for segment in segments))
    whole = {(segment.first_block, segment.last_block) for segment in segments} == {(first, last)}
    if whole and wanted.issuperset(file.addresses):
        return table
    rows = np.zeros(len(table), bool)
    blocks = numbers(table.column("block_number"))
    for segment in segments:
        inside = (blocks >= np.uint64(segment.first_block)) & (blocks <= np.uint64(segment.last_block))
        rows |= inside & one_of(table.column("address"), segment.addresses)
    return kept(table, rows)
