"""What is asked about one piece of a range, and whether the answer may be believed.

What belongs together travels in one request, so that one node answers all of it: the logs, the header of the piece's
last block, and that of the anchor, a block at the end of the whole range or behind it. Every answer has to come with the
same anchor. A block's hash is a hash of everything before it, so nodes that agree about the anchor agree about every
border between pieces, and about every block; and a node that has the anchor does not lag behind, when it would answer
emptily about blocks it does not have. That is two small headers for a piece. To compare each piece with its neighbours
instead would take as many, and would only find that one of two is wrong, not which.

A node that has dropped old logs answers emptily, too. The canary, a log that is known to exist, is asked for in the same
request: before anything that an endpoint says is believed, and again with every answer that holds no logs, since many
nodes may be behind one endpoint.

What remains to be believed: that a node with the right headers and all old logs leaves no log out in between, and does
not give the only log of a block a wrong hash. Asking for the header of every block with logs would cost more than the
logs.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from aztec_butler.clients.log_piece import Canary, LogPiece
from aztec_butler.clients.troubles import Trouble
from aztec_butler.core.columns_checks import BatchCheck, border_hashes
from aztec_butler.core.columns_json import read_answer
from aztec_butler.core.errors import DecodeError, InputError, NodeRefused
from aztec_butler.core.hexes import parse_bytes, to_hex
from aztec_butler.core.logs import LogFilter, check_logs, parse_logs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from aztec_butler.clients.log_plan import Piece
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.columns_batch import Batch

_WORD = 32
_MOST_BYTES = 8 << 20  # of JSON; as many answers are in memory as requests are under way


class _Header(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str


_read_header = msgspec.json.Decoder(_Header | None).decode


@attrs.frozen(kw_only=True)
class Range:
    """A closed range of blocks, and what is known about its chain.

    Args:
        first_block: of the range.
        last_block: of the range.
        parent_hash: of the block before it; None when it is not known.
        anchor_block: a block at the end of the range or behind it.
        anchor_hash: of that block; None when it is not known: then the first answer tells it.
    """

    first_block: int
    last_block: int
    parent_hash: str | None
    anchor_block: int
    anchor_hash: str | None


class Questioner:
    """Asks for pieces of one range. Safe to use from many threads.

    Args:
        rpc: the door to the nodes.
        asked: which logs.
        whole: the range.
        canary: a log that every endpoint has to find; None to take the first log that is found.
    """

    def __init__(self, rpc: Rpc, asked: LogFilter, whole: Range, canary: Canary | None) -> None:
        self._rpc = rpc
        self._asked = asked
        self._check = BatchCheck(asked)
        self._whole = whole
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._anchor_hash = whole.anchor_hash
        self._canary = canary
        self._is_given = canary is not None
        self._vouched: set[str] = set()
        self._expects_none = canary is not None  # nobody has vouched yet

    def ask(self, piece: Piece, raise_at_once: Collection[Trouble]) -> LogPiece:
        """The logs of a piece, checked.

        Args:
            piece: first and last block.
            raise_at_once: troubles that are not retried.

        Raises:
            NodeError: no endpoint answered properly.
        """
        canary = self._canary if self._expects_none else None
        while True:
            found: LogPiece | None = self._rpc.call_together(
                self._calls(piece, canary),
                decode=partial(self._read, piece, canary),
                raise_at_once=raise_at_once,
                # A single block cannot be asked for in parts.
                max_body_bytes=_MOST_BYTES if piece[0] < piece[1] else None,
            )
            if found is not None:
                return found
            canary = self._canary  # it turned out that it is needed

    def _headers(self, piece: Piece) -> list[int]:
        """Blocks whose headers are asked for: the last one is the anchor."""
        blocks = {piece[1], self._whole.anchor_block}
        if piece[0] == self._whole.first_block:
            blocks.add(piece[0])
        return sorted(blocks)

    def _calls(self, piece: Piece, canary: Canary | None) -> list[tuple[str, list[Any]]]:
        calls: list[tuple[str, list[Any]]] = [
            ("eth_getBlockByNumber", [hex(block), False]) for block in self._headers(piece)
        ]
        if canary is not None:
            calls.append(("eth_getLogs", [_filter(canary).to_json(canary.block, canary.block)]))
        return [*calls, ("eth_getLogs", [self._asked.to_json(*piece)])]

    def _read(
        self, piece: Piece, canary: Canary | None, results: Sequence[msgspec.Raw], endpoint: str
    ) -> LogPiece | None:
        """The logs; None when they may only be believed together with the canary.

        Raises:
            DecodeError: the answer cannot be right.
            NodeRefused: the node lags behind, is on another chain, or dropped old logs.
        """
        first, last = piece
        headers = {
            block: _header(result, block, endpoint)
            for block, result in zip(self._headers(piece), results, strict=False)
        }
        self._check_chain(headers, endpoint)
        if canary is not None:
            _check_canary(canary, results[-2], endpoint)
            self._vouched.add(endpoint)
        # One at a time: threads that take the interpreter from each other in the midst of columns lose a third.
        with self._reading:
            batches = self._check.checked(read_answer(bytes(results[-1])), first, last)
        for block, header in headers.items():
            if border_hashes(batches, block) - {header.hash}:
                raise DecodeError("logs are of another chain than the header of their block", block=block)
        if canary is None and self._needs_canary(last, batches, endpoint):
            return None
        self._learn(headers, batches, endpoint)
        return LogPiece(
            first_block=first,
            last_block=last,
            batches=batches,
            parent_hash=headers[first].parent_hash if first == self._whole.first_block else "",
            last_hash=headers[last].hash,
        )

    def _check_chain(self, headers: Mapping[int, _Header], endpoint: str) -> None:
        whole = self._whole
        compared = [(whole.anchor_block, self._anchor_hash, headers[whole.anchor_block].hash)]
        if whole.first_block in headers:
            compared.append(
                (whole.first_block - 1, whole.parent_hash, headers[whole.first_block].parent_hash)
            )
        for block, known, got in compared:
            if known is not None and known != got:
                raise NodeRefused(
                    "the node tells of another chain than the one that is read",
                    hint="it may be on a fork, or the chain was reorganised meanwhile: ask again, up to a finalized"
                    " block, or use another endpoint",
                    retryable=True,
                    reason=Trouble.BLOCK_UNKNOWN,
                    endpoint=endpoint,
                    block=block,
                    known_hash=known,
                    hash=got,
                )

    def _needs_canary(self, last_block: int, batches: Sequence[Batch], endpoint: str) -> bool:
        """Whether an answer without the canary counts for nothing; then the next one comes with it."""
        if self._canary is None or (batches and endpoint in self._vouched):
            return False
        # One that was found on the way says nothing about older blocks.
        return self._is_given or self._canary.block <= last_block

    def _learn(self, headers: Mapping[int, _Header], batches: Sequence[Batch], endpoint: str) -> None:
        self._expects_none = not batches
        with self._lock:
            if self._anchor_hash is None:
                self._anchor_hash = headers[self._whole.anchor_block].hash
            if self._canary is None and batches:
                log = batches[0].first()
                topics = tuple((topic,) for topic in log.topics)
                self._vouched.add(endpoint)
                self._canary = Canary(address=log.address, topics=topics, block=log.block_number)


def check_canary(canary: Canary) -> None:
    """Refuse what no log can be.

    Raises:
        InputError: the address or the topics are none, or the block is negative.
    """
    _filter(canary)
    if canary.block < 0:
        raise InputError("the block of a known log is not below 0", block=canary.block)


def _filter(canary: Canary) -> LogFilter:
    return LogFilter.of([canary.address], canary.topics)


def _check_canary(canary: Canary, result: msgspec.Raw, endpoint: str) -> None:
    if not check_logs(parse_logs(result), _filter(canary), canary.block, canary.block):
        raise NodeRefused(
            "the node has dropped old logs and does not say so",
            hint="use a node that keeps all receipts, or another provider",
            reason=Trouble.HISTORY_MISSING,
            endpoint=endpoint,
            known_log_of=canary.address,
            in_block=canary.block,
        )


def _header(result: msgspec.Raw, block: int, endpoint: str) -> _Header:
    header = _read_header(result)
    if header is None:
        raise NodeRefused(
            "the node lags behind",
            retryable=True,
            reason=Trouble.BLOCK_UNKNOWN,
            endpoint=endpoint,
            wanted_block=block,
        )
    try:
        number = int(header.number, 16)
        parent_hash, its_hash = (
            to_hex(parse_bytes(word, size=_WORD)) for word in (header.parent_hash, header.hash)
        )
    except ValueError:
        raise DecodeError("a block header is not well formed", block=block) from None
    if number != block:
        raise DecodeError("the header of another block came back", block=block, got=number)
    return _Header(number=header.number, hash=its_hash, parent_hash=parent_hash)
