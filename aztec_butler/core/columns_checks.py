"""The checks that an answer of logs has to pass before it is believed, on whole columns: ``logs.check_logs`` for many.

What can be told without asking again is told here: logs outside of the range, of another contract or topic, there
twice, or of two chains. Logs that are left out cannot; they are the business of whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from aztec_butler.core.columns_batch import UNTIMED, Batch, Numbers, Octets, rows_of
from aztec_butler.core.errors import DecodeError
from aztec_butler.core.hexes import checksum_address, to_hex
from aztec_butler.core.logs import LogFilter

_Rows = npt.NDArray[np.bool_]
_FEW = 8


class BatchCheck:
    """The checks for one filter.

    Args:
        asked: which logs were asked for.
    """

    def __init__(self, asked: LogFilter) -> None:
        addresses = asked.addresses
        self._addresses = (
            None if addresses is None else _sorted(bytes.fromhex(each[2:]) for each in addresses)
        )
        self._topics = [None if words is None else _sorted(words) for words in asked.topics]

    def checked(self, batches: Iterable[Batch], first_block: int, last_block: int) -> tuple[Batch, ...]:
        """The logs, each batch in the order of the chain, once they are known to fit together and to what was asked.

        Args:
            batches: of one answer, in any order.
            first_block: of the closed range they must lie in.
            last_block: of that range.

        Raises:
            DecodeError: a log that was not asked for, is there twice, or belongs to another chain than its neighbour.
        """
        ordered = tuple(_in_order(batch) for batch in batches if len(batch))
        for batch in ordered:
            _refuse(
                batch,
                (batch.block_number < np.uint64(first_block)) | (batch.block_number > np.uint64(last_block)),
                "a log lies outside the range that was asked for",
                first_block=first_block,
                last_block=last_block,
            )
            # An open place at the end asks for a topic to be there, whichever it is.
            if len(batch.topics) < len(self._topics):
                _refuse(batch, np.ones(len(batch), bool), "a log was not asked for")
            wanted = zip((self._addresses, *self._topics), (batch.address, *batch.topics), strict=False)
            for words, rows in wanted:
                if words is not None:
                    _refuse(batch, ~_are_among(rows, words), "a log was not asked for")
        _check_neighbours(ordered)
        return ordered


def border_hashes(batches: Sequence[Batch], block: int) -> set[str]:
    """The hashes that logs of one block carry: at most one, of logs that were checked."""
    return {
        to_hex(batch.block_hash[row].tobytes())
        for batch in batches
        for row in np.flatnonzero(batch.block_number == np.uint64(block))[:1]
    }


@attrs.frozen(eq=False)
class _Places:
    """What ties a log to its place, of all batches in the order of the chain."""

    block: Numbers
    log: Numbers
    transaction: Numbers
    time: Numbers
    block_hash: Octets
    transaction_hash: Octets

    @classmethod
    def of(cls, batches: Sequence[Batch]) -> _Places:
        names = (
            "block_number",
            "log_index",
            "transaction_index",
            "block_timestamp",
            "block_hash",
            "transaction_hash",
        )
        if len(batches) == 1:
            return cls(*[getattr(batches[0], name) for name in names])
        columns = [np.concatenate([getattr(batch, name) for batch in batches]) for name in names]
        order = np.lexsort((columns[1], columns[0]))
        return cls(*[column[order] for column in columns])


def _check_neighbours(batches: Sequence[Batch]) -> None:
    if sum(map(len, batches)) < 2:
        return
    at = _Places.of(batches)
    same_block = at.block[1:] == at.block[:-1]
    same_hash = _equals_next(at.block_hash)
    same_transaction = at.transaction[1:] == at.transaction[:-1]
    untimed = (at.time[1:] == UNTIMED) | (at.time[:-1] == UNTIMED)
    for wrong, sentence in (
        (same_block & (at.log[1:] == at.log[:-1]), "a log is there twice"),
        (same_block & ~same_hash, "logs of one block number come from two chains"),
        (~same_block & same_hash, "logs of two block numbers have one block hash"),
        (
            same_block
            & (
                (at.transaction[1:] < at.transaction[:-1])
                | (same_transaction != _equals_next(at.transaction_hash))
            ),
            "the transactions of a block's logs are not in its order",
        ),
        (
            ~untimed & ((at.time[1:] < at.time[:-1]) | (same_block & (at.time[1:] != at.time[:-1]))),
            "the times of logs are not in the order of their blocks",
        ),
    ):
        if wrong.any():
            row = int(np.argmax(wrong)) + 1
            raise DecodeError(sentence, block=int(at.block[row]), log_index=int(at.log[row]))


def _in_order(batch: Batch) -> Batch:
    block, log = batch.block_number, batch.log_index
    is_next = (block[1:] > block[:-1]) | ((block[1:] == block[:-1]) & (log[1:] >= log[:-1]))
    return batch if is_next.all() else batch.take(np.lexsort((log, block)))


def _refuse(batch: Batch, wrong: _Rows, sentence: str, **facts: Any) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DecodeError(
            sentence,
            block=int(batch.block_number[row]),
            log_index=int(batch.log_index[row]),
            address=checksum_address(batch.address[row].tobytes()),
            **facts,
        )


def _sorted(words: Iterable[bytes]) -> Octets:
    ordered = sorted(words)
    return rows_of(b"".join(ordered), len(ordered[0]))


def _equals_next(rows: Octets) -> _Rows:
    """Of 32-byte rows."""
    quads = np.ascontiguousarray(rows).view(np.uint64)
    return np.asarray((quads[1:] == quads[:-1]).all(axis=1))


def _are_among(rows: Octets, words: Octets) -> _Rows:
    """Which rows are one of the words, which are sorted."""
    lanes = _lanes(rows)
    if len(words) <= _FEW:
        found = np.zeros(len(rows), bool)
        for word in _lanes(words):
            found |= (lanes == word).all(axis=1)
        return found
    keys, known = _keys(rows), _keys(words)
    places = np.searchsorted(known, keys)
    places[places == len(known)] = 0
    return np.asarray((lanes == _lanes(words)[places]).all(axis=1))


def _lanes(rows: Octets) -> npt.NDArray[np.uint32]:
    return np.ascontiguousarray(rows).view(np.uint32)


def _keys(rows: Octets) -> npt.NDArray[np.bytes_]:
    """Rows as items that sort as bytes do; zeros at the end do not count, so they only lead to the right place."""
    return np.ascontiguousarray(rows).view(f"S{rows.shape[1]}").reshape(-1)
