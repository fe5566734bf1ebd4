"""Tables of logs as Parquet files whose every byte is checked before it is believed.

Parquet's own checksums leave out the headers of pages and the footer. So the manifest keeps a checksum of the footer and
of every column chunk; what is decoded are the very bytes that were checked.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from aztec_butler.core.events_fields import record_names
from aztec_butler.store.events_arrays import numbers
from aztec_butler.store.events_folder import Folder, Part, TornFileError
from aztec_butler.store.events_manifest import DataFile
from aztec_butler.store.events_schema import fingerprint, wide_columns

GONE: Final = "it is gone"
"""Why a file that somebody removed cannot be read."""
ROWS_OF_GROUP: Final = 262_144
_MARK: Final = 8  # the footer's length and "PAR1"
# Measured on logs: hashes do not compress, ascending numbers are best kept as differences, the rest repeats itself.
_HASHES: Final = {"block_hash", "transaction_hash"}
_ASCENDING: Final = {"block_number", "block_timestamp"}


class UnreadableFileError(Exception):
    """A Parquet file that is not what was written.

    Args:
        file: the manifest's entry of it.
        reason: what is wrong with it.
    """

    def __init__(self, file: DataFile, reason: str) -> None:
        super().__init__(file, reason)
        self.file = file
        self.reason = reason


def write_table(folder: Folder, event: str, table: pa.Table, name: str) -> DataFile:
    """Write checked rows of one event as a new file, whose name begins with ``name``."""
    table = table.unify_dictionaries()
    content = _encoded(table)
    role, _ = record_names()[event]
    path = f"{role}/{event}/{name}-{secrets.token_hex(8)}.parquet"
    blocks = table.column("block_number")
    footer = _footer(content)
    folder.write(path, content)
    return DataFile(
        path=path,
        event=event,
        addresses=tuple(sorted(table.column("address").unique().cast(pa.string()).to_pylist())),
        first_block=blocks[0].as_py(),
        last_block=blocks[-1].as_py(),
        rows=len(table),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        crc=zlib.crc32(content),
        footer_size=len(footer),
        footer_crc=zlib.crc32(footer),
        crcs=tuple(
            tuple(zlib.crc32(content.slice(offset, length)) for offset, length in chunks)
            for chunks in _chunks(_metadata(footer))
        ),
        wide=wide_columns(event, table.schema),
        columns=fingerprint(event),
    )


def read_table(
    folder: Folder,
    file: DataFile,
    first_block: int,
    last_block: int,
    names: Collection[str] | None,
    *,
    use_threads: bool = True,
) -> pa.Table:
    """The rows of these blocks, sorted; with all columns, or those in ``names`` and what tells the blocks.

    Raises:
        UnreadableFileError: the file is gone, or is not what was written.
    """
    try:
        return _read(folder, file, first_block, last_block, names, use_threads=use_threads)
    except FileNotFoundError:
        raise UnreadableFileError(file, GONE) from None
    except TornFileError as error:
        raise UnreadableFileError(file, str(error)) from None


def check_whole(folder: Folder, file: DataFile) -> None:
    """Compare a file with the digest of what was written.

    Raises:
        UnreadableFileError: as ``read_table``.
    """
    try:
        content = folder.read_parts(file.path, file.size, [(0, file.size)])
    except FileNotFoundError:
        raise UnreadableFileError(file, GONE) from None
    except TornFileError as error:
        raise UnreadableFileError(file, str(error)) from None
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise UnreadableFileError(file, "its content is not what was written")


def _read(
    folder: Folder,
    file: DataFile,
    first_block: int,
    last_block: int,
    names: Collection[str] | None,
    *,
    use_threads: bool,
) -> pa.Table:
    if names is None and first_block <= file.first_block and last_block >= file.last_block:
        content = folder.read_parts(file.path, file.size, [(0, file.size)])
        _check(content, (0, file.size), file.crc)
        parquet = pq.ParquetFile(pa.BufferReader(content))
        return _decoded(parquet, range(parquet.num_row_groups), None, use_threads=use_threads)
    footer = file.size - file.footer_size, file.footer_size
    content = folder.read_parts(file.path, file.size, [footer])
    _check(content, footer, file.footer_crc)
    metadata = _metadata(content.slice(*footer))
    wanted = None if names is None else {*names, "block_number"}
    groups = [
        group
        for group in range(metadata.num_row_groups)
        if _touches(metadata, group, first_block, last_block)
    ]
    chunks = _chunks(metadata)
    parts = [
        (chunks[group][place], file.crcs[group][place])
        for group in groups
        for place in range(metadata.num_columns)
        if wanted is None or _column(metadata, place) in wanted
    ]
    content = folder.read_parts(file.path, file.size, _bridged([footer, *(part for part, _ in parts)]))
    for part, crc in [(footer, file.footer_crc), *parts]:
        _check(content, part, crc)
    parquet = pq.ParquetFile(pa.BufferReader(content))
    names = None if wanted is None else [name for name in parquet.schema_arrow.names if name in wanted]
    table = _decoded(parquet, groups, names, use_threads=use_threads)
    blocks = numbers(table.column("block_number"))
    begin = int(np.searchsorted(blocks, np.uint64(first_block), "left"))
    end = int(np.searchsorted(blocks, np.uint64(last_block), "right"))
    return table if (begin, end) == (0, len(table)) else table.slice(begin, end - begin)


def _decoded(
    parquet: pq.ParquetFile, groups: Sequence[int], names: Sequence[str] | None, *, use_threads: bool
) -> pa.Table:
    parts = [groups]
    if any(_has_texts_inside(field.type) for field in parquet.schema_arrow):
        # Dictionaries inside of lists can only be read from one group at a time.
        parts = [[group] for group in groups] or [[]]
    return pa.concat_tables(
        [parquet.read_row_groups(part, columns=names, use_threads=use_threads) for part in parts]
    )


def _has_texts_inside(of: pa.DataType) -> bool:
    return any(
        pa.types.is_dictionary(of.field(place).type) or _has_texts_inside(of.field(place).type)
        for place in range(of.num_fields)
    )


def _encoded(table: pa.Table) -> pa.Buffer:
    leaves = {field.name: _leaves(field.name, field.type) for field in table.schema}
    plain = _HASHES | _ASCENDING
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=ROWS_OF_GROUP,
        compression={
            leaf: "none" if name in plain else "lz4" for name, found in leaves.items() for leaf in found
        },
        use_dictionary=[leaf for name, found in leaves.items() if name not in plain for leaf in found],
        column_encoding=dict.fromkeys(_ASCENDING, "DELTA_BINARY_PACKED"),
        write_page_checksum=True,
    )
    return sink.getvalue()


def _leaves(path: str, of: pa.DataType) -> list[str]:
    """The columns that Parquet makes of one."""
    if pa.types.is_list(of):
        return _leaves(f"{path}.list.element", of.value_type)
    if pa.types.is_struct(of):
        return [leaf for field in of for leaf in _leaves(f"{path}.{field.name}", field.type)]
    return [path]


def _footer(content: pa.Buffer) -> pa.Buffer:
    length = int.from_bytes(content.slice(len(content) - _MARK, 4), "little")
    return content.slice(len(content) - _MARK - length)


def _metadata(footer: pa.Buffer) -> pq.FileMetaData:
    return pq.read_metadata(pa.BufferReader(footer))


def _chunks(metadata: pq.FileMetaData) -> list[list[Part]]:
    """Where the column chunks of every row group are."""
    return [
        [_part(metadata.row_group(group).column(place)) for place in range(metadata.num_columns)]
        for group in range(metadata.num_row_groups)
    ]


def _part(chunk: Any) -> Part:
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        start = min(start, chunk.dictionary_page_offset)
    return start, chunk.total_compressed_size


def _column(metadata: pq.FileMetaData, place: int) -> str:
    return str(metadata.schema.column(place).path).partition(".")[0]


def _touches(metadata: pq.FileMetaData, group: int, first_block: int, last_block: int) -> bool:
    statistics = metadata.row_group(group).column(0).statistics
    return bool(statistics.min <= last_block and statistics.max >= first_block)


def _bridged(parts: Sequence[Part]) -> list[Part]:
    """Parts that follow each other as one."""
    whole: list[Part] = []
    for offset, length in sorted(parts):
        if whole and sum(whole[-1]) == offset:
            whole[-1] = whole[-1][0], whole[-1][1] + length
        else:
            whole.append((offset, length))
    return whole


def _check(content: pa.Buffer, part: Part, crc: int) -> None:
    offset, length = part
    if zlib.crc32(content.slice(offset, length)) != crc:
        raise TornFileError("its content is not what was written")
