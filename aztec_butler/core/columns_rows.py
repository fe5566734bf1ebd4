"""Columns of logs to the lists that a journal keeps, and the few logs among many that somebody wants to look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

from aztec_butler.core.columns_batch import UNTIMED, Batch, Octets

_WORD: Final = 32
_LANES: Final = 4  # of eight bytes in a word


def lists_of(batches: Sequence[Batch], names: Mapping[bytes, str]) -> dict[str, list[Any]]:
    """Logs as one list for each of their properties, all in the order of the chain.

    Args:
        batches: in which every log has a topic.
        names: of the records, by the emitting contract's address and the first topic, joined.

    Returns:
        By name: block_numbers, block_hashes, transaction_hashes, transaction_indices, log_indices, addresses, names,
        topics (joined), data, timestamps (-1 where one is not known); bytes, integers and text.
    """
    parts = [_lists_of(batch, names) for batch in batches]
    if len(parts) < 2:
        return parts[0] if parts else {}
    whole = {name: list(chain.from_iterable(part[name] for part in parts)) for name in parts[0]}
    order = np.lexsort((np.array(whole["log_indices"]), np.array(whole["block_numbers"])))
    in_order = itemgetter(*order.tolist())  # of two or more
    return {name: list(in_order(items)) for name, items in whole.items()}


def _lists_of(batch: Batch, names: Mapping[bytes, str]) -> dict[str, list[Any]]:
    content = batch.data.tobytes()
    ends = np.cumsum(batch.sizes)
    starts = (ends - batch.sizes).tolist()
    emitted = _items(np.concatenate([batch.address, batch.topics[0]], axis=1))
    return {
        "block_numbers": batch.block_number.tolist(),
        "block_hashes": _items(batch.block_hash),
        "transaction_hashes": _items(batch.transaction_hash),
        "transaction_indices": batch.transaction_index.tolist(),
        "log_indices": batch.log_index.tolist(),
        "addresses": _items(batch.address),
        "names": [names[key] for key in emitted],
        "topics": _items(np.concatenate(batch.topics, axis=1)),
        "data": [content[start:end] for start, end in zip(starts, ends.tolist(), strict=True)],
        # What is not known is the largest number there is, and -1 once it has a sign.
        "timestamps": batch.block_timestamp.astype(np.int64).tolist(),
    }


def untimed_blocks(batches: Sequence[Batch]) -> set[int]:
    """The blocks whose times the source did not tell."""
    found: set[int] = set()
    for batch in batches:
        found.update(np.unique(batch.block_number[batch.block_timestamp == UNTIMED]).tolist())
    return found


def timed(batch: Batch, timestamps: Mapping[int, int]) -> Batch:
    """The logs with the times of their blocks, where the source did not tell them.

    Args:
        batch: the logs.
        timestamps: Unix seconds by block.
    """
    times = batch.block_timestamp.copy()
    unknown = times == UNTIMED
    times[unknown] = [timestamps[number] for number in batch.block_number[unknown].tolist()]
    return attrs.evolve(batch, block_timestamp=times)


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
        fits: dict[frozenset[bytes], npt.NDArray[np.bool_]] = {}  # contracts of one role share theirs
        for address, firsts in topics.items():
            kinds = frozenset(firsts)
            if kinds and kinds not in fits:
                fits[kinds] = _among(batch.topics[0], kinds)
            if kinds:
                wanted |= fits[kinds] & (batch.address == np.frombuffer(address, np.uint8)).all(axis=1)
    if words:
        for topic in batch.topics[1:]:
            wanted |= _among(topic, words)
        wanted |= _in_data(batch, words)
    return batch if wanted.all() else batch.select(wanted)


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
    known = np.frombuffer(b"".join(set(words)), np.uint64).reshape(-1, _LANES)
    known = known[np.argsort(known[:, -1])]
    ends = known[:, -1]
    if (ends[1:] == ends[:-1]).any():  # hardly ever do two words end alike
        return np.fromiter((row in words for row in _items(rows)), bool, len(rows))
    places = np.searchsorted(ends, lanes[:, -1])
    places[places == len(known)] = 0
    return np.asarray((lanes == known[places]).all(axis=1))


def _items(rows: Octets) -> list[bytes]:
    """Rows as bytes."""
    items: list[bytes] = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").reshape(-1).tolist()
    return items
