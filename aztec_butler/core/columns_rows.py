"""Columns of logs to what a journal keeps, and the few logs among many that somebody wants to look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from aztec_butler.core.columns_batch import UNTIMED, Batch, Octets
from aztec_butler.core.log_rows import Row

_WORD: Final = 32
_LANES: Final = 4  # of eight bytes in a word


def rows_of_batch(batch: Batch) -> list[Row]:
    """The logs as plain tuples, in the order of ``log_rows.ROW``."""
    content = batch.data.tobytes()
    ends = np.cumsum(batch.sizes)
    starts = (ends - batch.sizes).tolist()
    times = batch.block_timestamp.tolist()
    return list(
        zip(
            batch.block_number.tolist(),
            batch.log_index.tolist(),
            _items(batch.block_hash),
            _items(batch.transaction_hash),
            batch.transaction_index.tolist(),
            _items(batch.address),
            _items(np.concatenate(batch.topics, axis=1)) if batch.topics else [b""] * len(batch),
            [content[start:end] for start, end in zip(starts, ends.tolist(), strict=True)],
            [None if time == UNTIMED else time for time in times],
            strict=True,
        )
    )


def sifted(batch: Batch, topics: Mapping[bytes, Collection[bytes]] | None, words: Collection[bytes]) -> Batch:
    """The logs of some kinds, and those in which certain words stand.

    Args:
        batch: the logs.
        topics: the first topics of which all are wanted, by the address that emits them; None for all logs.
        words: 32 bytes each; a log is wanted in which one stands behind the first topic, or at a word's place in the
            data.
    """
    if topics is None:
        return batch
    wanted = np.zeros(len(batch), bool)
    if batch.topics:
        for address, firsts in topics.items():
            if firsts:
                wanted |= _among(batch.topics[0], firsts) & _among_short(batch.address, address)
    if words:
        for topic in batch.topics[1:]:
            wanted |= _among(topic, words)
        wanted |= _in_data(batch, words)
    return batch.select(wanted)


def _in_data(batch: Batch, words: Collection[bytes]) -> npt.NDArray[np.bool_]:
    """Which logs have one of the words in their data."""
    sizes = batch.sizes // _WORD
    if (batch.sizes % _WORD).any():  # what is left at the end of one would shift all that follow
        begin = np.cumsum(batch.sizes) - batch.sizes
        within = np.arange(len(batch.data)) - np.repeat(begin, batch.sizes)
        data = batch.data[within < np.repeat(sizes * _WORD, batch.sizes)]
    else:
        data = batch.data
    found = _among(data.reshape(-1, _WORD), words)
    hits = np.zeros(len(batch), bool)
    hits[np.repeat(np.arange(len(batch)), sizes)[found]] = True
    return hits


def _among(rows: Octets, words: Collection[bytes]) -> npt.NDArray[np.bool_]:
    """Which rows of 32 bytes are one of the words."""
    lanes = np.ascontiguousarray(rows).view(np.uint64)
    known = np.frombuffer(b"".join(words), np.uint64).reshape(-1, _LANES)
    # Few rows get past their last eight bytes, where addresses and numbers differ.
    found = np.isin(lanes[:, -1], known[:, -1])
    (places,) = np.nonzero(found)
    chosen = set(words)
    for place in places.tolist():
        found[place] = rows[place].tobytes() in chosen
    return found


def _among_short(rows: Octets, address: bytes) -> npt.NDArray[np.bool_]:
    return np.asarray((rows == np.frombuffer(address, np.uint8)).all(axis=1))


def _items(rows: Octets) -> list[bytes]:
    """Rows as bytes."""
    items: list[bytes] = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").reshape(-1).tolist()
    return items
