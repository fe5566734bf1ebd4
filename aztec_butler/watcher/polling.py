"""What is asked about the head of the chain, and whether the answers may be believed.

What belongs together travels in one request, so that one node answers all of it. A poll is one request: the newest
block, the final one, and the logs since the last poll. Where it shows more than one new block, or another chain, more is
asked: every header, whose parents' hashes have to fit, together with the logs, whose blocks' hashes have to be those.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs
import msgspec

from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import DecodeError, NodeRefused
from aztec_butler.core.hexes import parse_bytes, to_hex
from aztec_butler.core.intents import BlockRef
from aztec_butler.core.logs import RawLog, check_logs, parse_logs
from aztec_butler.watcher.chain_window import follow_each_other

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.logs import LogFilter

_WORD: Final = 32
_FAR: Final = (1 << 63) - 1
_NONE: Final = b"[]"
_HEADER: Final = "eth_getBlockByNumber"

_Call = tuple[str, list[Any]]


class _Header(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str


_read_header = msgspec.json.Decoder(_Header | None).decode


@attrs.frozen(kw_only=True)
class Look:
    """What one request told about the head of the chain.

    Args:
        head: the newest block.
        final: the last final block, as the node says; None where it names none, or was not asked.
        logs: those of the head, where it is the block that follows the one noticed last; None where they were not asked
            for, or cannot be told from those of another chain: then they have to be asked for with all headers.
    """

    head: BlockRef
    final: BlockRef | None
    logs: tuple[RawLog, ...] | None


@attrs.frozen(kw_only=True)
class Stretch:
    """Adjoining blocks, with their logs in the order of the chain."""

    blocks: tuple[BlockRef, ...]
    logs: tuple[RawLog, ...]


def look_at_head(rpc: Rpc, asked: LogFilter | None, noticed: BlockRef | None, *, final: bool) -> Look:
    """One poll: one round trip.

    Args:
        rpc: the door to the nodes.
        asked: which logs; None for none.
        noticed: the last block that was noticed.
        final: whether to ask for the final block.

    Raises:
        NodeError: no endpoint answered properly.
    """
    calls: list[_Call] = [(_HEADER, ["latest", False])]
    if final:
        calls.insert(0, (_HEADER, ["finalized", False]))
    if asked is not None and noticed is not None:
        # From the noticed block on, because nodes refuse a range that begins behind their head.
        logs = asked.to_json(noticed.number, noticed.number) | {"toBlock": "latest"}
        try:
            return _look(rpc, [*calls, ("eth_getLogs", [logs])], asked, noticed, final)
        except NodeRefused:
            pass  # the head went back behind the noticed block, or too far ahead: the headers will show it
    return _look(rpc, calls, asked, noticed, final)


def _look(
    rpc: Rpc, calls: Sequence[_Call], asked: LogFilter | None, noticed: BlockRef | None, final: bool
) -> Look:
    look: Look = rpc.call_together(
        calls, decode=partial(_read_look, asked, noticed, final), raise_at_once=(Trouble.BLOCK_UNKNOWN,)
    )
    return look


def _read_look(
    asked: LogFilter | None,
    noticed: BlockRef | None,
    final: bool,
    results: Sequence[msgspec.Raw],
    endpoint: str,
) -> Look:
    head = _block(results[int(final)])
    last_final = _block(results[0]) if final else None
    if head is None:
        raise NodeRefused("the node names no newest block", retryable=True, endpoint=endpoint)
    if last_final is not None and last_final.number > head.number:
        raise DecodeError(
            "the final block lies behind the newest one", final=last_final.number, newest=head.number
        )
    is_asked = asked is not None and noticed is not None and len(results) > 1 + final
    if not is_asked or noticed is None or head.parent_hash != noticed.hash or asked is None:
        return Look(head=head, final=last_final, logs=None)
    return Look(head=head, final=last_final, logs=_logs_of_head(results[-1], asked, noticed, head))


def _logs_of_head(
    result: msgspec.Raw, asked: LogFilter, noticed: BlockRef, head: BlockRef
) -> tuple[RawLog, ...] | None:
    """The logs of the newest block; None where the node changed its mind between two answers."""
    if bytes(result) == _NONE:
        return ()
    hashes = {noticed.number: noticed.hash, head.number: head.hash}
    logs = check_logs(parse_logs(result), asked, noticed.number, _FAR)
    numbers = {block_hash: number for number, block_hash in hashes.items()}
    if any(numbers.get(log.block_hash, log.block_number) != log.block_number for log in logs):
        # Else it would be taken for one of a block that came meanwhile, and be missed until its own is final.
        raise DecodeError("a log is told to be in another block than its hash says", block=head.number)
    if any(log.block_hash != hashes.get(log.block_number, log.block_hash) for log in logs):
        return None
    return tuple(_timed(log, head.timestamp) for log in logs if log.block_number == head.number)


def read_stretch(
    rpc: Rpc, asked: LogFilter, first_block: int, last_block: int, *, logs_from: int = 0
) -> Stretch:
    """The headers and logs of a stretch, from one endpoint; of fewer blocks where all would be too much.

    Args:
        rpc: the door to the nodes.
        asked: which logs.
        first_block: of the stretch.
        last_block: of the stretch, if it is short enough.
        logs_from: logs of blocks before this one are not asked for.

    Raises:
        NodeError: no endpoint answered properly, or one block is too much.
    """
    while True:
        calls: list[_Call] = [
            (_HEADER, [hex(number), False]) for number in range(first_block, last_block + 1)
        ]
        begin = max(first_block, logs_from)
        is_asked = begin <= last_block
        if is_asked:
            calls.append(("eth_getLogs", [asked.to_json(begin, last_block)]))
        try:
            stretch: Stretch = rpc.call_together(
                calls, decode=partial(_read_stretch, asked, first_block, last_block, is_asked)
            )
        except NodeRefused as error:
            if trouble_of(error) is not Trouble.TOO_LARGE or last_block == first_block:
                raise
            last_block = first_block + (last_block - first_block) // 2
        else:
            return stretch


def _read_stretch(
    asked: LogFilter,
    first_block: int,
    last_block: int,
    is_asked: bool,
    results: Sequence[msgspec.Raw],
    endpoint: str,
) -> Stretch:
    numbers = range(first_block, last_block + 1)
    blocks = [_there(result, number, endpoint) for number, result in zip(numbers, results, strict=False)]
    if not follow_each_other(blocks):
        raise NodeRefused(
            "the node's headers are not of one chain",
            hint="the chain was reorganised meanwhile, or the endpoint asks nodes that disagree",
            retryable=True,
            reason=Trouble.BLOCK_UNKNOWN,
            endpoint=endpoint,
            first_block=first_block,
            last_block=last_block,
        )
    by_number = {block.number: block for block in blocks}
    logs = check_logs(parse_logs(results[-1]), asked, first_block, last_block) if is_asked else []
    for log in logs:
        if log.block_hash != by_number[log.block_number].hash:
            raise DecodeError(
                "logs are of another chain than the header of their block", block=log.block_number
            )
    return Stretch(
        blocks=tuple(blocks),
        logs=tuple(_timed(log, by_number[log.block_number].timestamp) for log in logs),
    )


def fetch_blocks(
    rpc: Rpc, numbers: Sequence[int], *, up_to: BlockRef
) -> Mapping[int, BlockRef | None] | None:
    """Headers of the chain that leads to a block, or follows it.

    Args:
        rpc: the door to the nodes.
        numbers: of the blocks.
        up_to: who does not have a block of this one's number, or one before it, lags behind, and is asked again.

    Returns:
        By number; None where it is higher than the chain. None for all where whoever answered has another block in the
        place of ``up_to``.

    Raises:
        NodeError: no endpoint answered properly.
    """
    wanted = sorted({*numbers, up_to.number})
    blocks: dict[int, BlockRef | None] = rpc.call_together(
        [(_HEADER, [hex(number), False]) for number in wanted],
        decode=partial(_read_blocks, wanted, up_to.number),
    )
    its = blocks[up_to.number]
    return blocks if its is not None and its.hash == up_to.hash else None


def _read_blocks(
    numbers: Sequence[int], up_to: int, results: Sequence[msgspec.Raw], endpoint: str
) -> dict[int, BlockRef | None]:
    return {
        number: _there(result, number, endpoint) if number <= up_to else _block(result, number=number)
        for number, result in zip(numbers, results, strict=True)
    }


def fetch_block(rpc: Rpc, number: int) -> BlockRef:
    """One header that has to be there; a node that does not have it lags behind, and is asked again.

    Raises:
        NodeError: no endpoint has it.
    """
    block: BlockRef = rpc.call_together(
        [(_HEADER, [hex(number), False])],
        decode=lambda results, endpoint: _there(results[0], number, endpoint),
    )
    return block


def _there(result: msgspec.Raw, number: int, endpoint: str) -> BlockRef:
    block = _block(result, number=number)
    if block is None:
        raise NodeRefused(
            "the node lags behind",
            retryable=True,
            reason=Trouble.BLOCK_UNKNOWN,
            endpoint=endpoint,
            wanted_block=number,
        )
    return block


def _block(result: msgspec.Raw, *, number: int | None = None) -> BlockRef | None:
    header = _read_header(result)
    if header is None:
        return None
    try:
        block = BlockRef(
            number=int(header.number, 16),
            hash=_hash(header.hash),
            parent_hash=_hash(header.parent_hash),
            timestamp=int(header.timestamp, 16),
        )
    except ValueError:
        raise DecodeError("a block header is not well formed") from None
    if number is not None and block.number != number:
        raise DecodeError("the header of another block came back", block=number, got=block.number)
    return block


def _hash(word: str) -> str:
    return to_hex(parse_bytes(word, size=_WORD))


def _timed(log: RawLog, timestamp: int) -> RawLog:
    return log if log.block_timestamp == timestamp else attrs.evolve(log, block_timestamp=timestamp)
