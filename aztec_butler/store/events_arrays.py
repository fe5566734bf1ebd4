"""Arrow columns as numpy arrays, and back.

pyarrow's own conversions import pandas, which takes longer than reading a hundred thousand logs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Flags = npt.NDArray[np.bool_]


def numbers(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.uint64]:
    """A ``uint64`` column; what stands where it is null means nothing."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint64)[chunk.offset :][: len(chunk)]
        for chunk in chunks
        if len(chunk)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.uint64), *parts])


def one_of(column: pa.ChunkedArray, wanted: frozenset[str]) -> Flags:
    """Where a dictionary of texts has one of these."""
    parts = [np.zeros(0, bool)]
    for chunk in column.chunks:
        known = np.array([text in wanted for text in chunk.dictionary.to_pylist()] or [False])
        indices = np.frombuffer(chunk.indices.buffers()[1], np.int32)[chunk.indices.offset :][: len(chunk)]
        parts.append(known[indices])
    return np.concatenate(parts)


def kept(table: pa.Table, rows: Flags) -> pa.Table:
    """The rows where ``rows`` holds."""
    bits = pa.py_buffer(np.packbits(rows, bitorder="little").tobytes())
    return table.filter(pa.Array.from_buffers(pa.bool_(), len(rows), [None, bits]))
