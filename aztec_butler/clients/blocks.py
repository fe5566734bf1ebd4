"""Blocks: what a caller's words mean, resolved once, so that every read of an answer is of the same block."""

from __future__ import annotations

import operator
import re
from typing import Any

from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import ButlerError, DecodeError, InputError, NodeRefused, NotFoundError
from aztec_butler.core.records import BlockStamp

TAGS = ("latest", "safe", "finalized", "earliest")
"""The words a block can be named with. ``pending`` is missing on purpose: no two nodes agree on it."""
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")


def parse_block(text: int | str) -> int | str:
    """A block as people name it: a number, hex or decimal, its hash, or one of ``TAGS``.

    >>> parse_block("0x10"), parse_block("24_000_000"), parse_block("latest")
    (16, 24000000, 'latest')

    Raises:
        InputError: anything else.
    """
    if isinstance(text, str) and (text in TAGS or _HASH.fullmatch(text)):
        return text.lower()
    try:
        # Numbers out of a DataFrame are integers of numpy's, which are no ``int``.
        number = int(text, 0) if isinstance(text, str) else operator.index(text)
    except (TypeError, ValueError):
        number = -1
    if isinstance(text, bool) or not 0 <= number < 1 << 63:  # a hash with a digit too few is no number
        raise InputError(
            "expected a block", hint=f"a number, a block's hash, or one of {', '.join(TAGS)}", value=text
        )
    return number


def fetch_block(rpc: Rpc, block: int | str) -> tuple[BlockStamp, int]:
    """The block's stamp, and the number of the last finalized block (-1: the node knows none), in one round trip.

    Args:
        rpc: the door to the node.
        block: a number, a hash, or one of ``TAGS``. A hash takes one round trip more: a node also knows blocks that
            are no longer on the chain.

    Raises:
        NotFoundError: the chain has no such block yet, or no longer.
        NodeError: the node failed.
    """
    name = hex(block) if isinstance(block, int) else block
    by_hash = isinstance(block, str) and block.startswith("0x")
    method = "eth_getBlockByHash" if by_hash else "eth_getBlockByNumber"
    wanted, finalized = rpc.try_batch(
        [(method, [name, False]), ("eth_getBlockByNumber", ["finalized", False])]
    )
    if isinstance(wanted, ButlerError):
        raise wanted
    if wanted is None:
        raise NotFoundError("the chain has no such block", hint="it may not have been mined yet", block=block)
    if isinstance(finalized, NodeRefused):
        finalized = None  # a chain without finality: nothing is final there
    elif isinstance(finalized, ButlerError):
        raise finalized
    finalized_number = -1 if finalized is None else _quantity(finalized, "number")
    stamp = decode_stamp(wanted, finalized_number=finalized_number)
    if isinstance(block, int) and stamp.number != block:
        raise NodeRefused(
            "the node answered with another block", retryable=True, asked=block, answered=stamp.number
        )
    if by_hash:
        check_on_chain(rpc, block=stamp.number, block_hash=str(block))
    return stamp, finalized_number


def check_on_chain(rpc: Rpc, *, block: int, block_hash: str) -> None:
    """Make sure that a block is on the node's chain.

    Raises:
        NotFoundError: another block, or none, has its number.
        NodeError: the node failed.
    """
    header = rpc.call("eth_getBlockByNumber", hex(block), False)
    if header is None or str(header["hash"]).lower() != block_hash:
        raise NotFoundError(
            "the block is not on the chain",
            hint="a reorganization took it off",
            block=block,
            block_hash=block_hash,
        )


def fetch_timestamps(rpc: Rpc, numbers: set[int]) -> dict[int, int]:
    """Unix seconds of blocks, in few round trips.

    Raises:
        NodeError: the node failed, or does not have one of them.
    """
    wanted = sorted(numbers)
    headers = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in wanted])
    stamps: dict[int, int] = {}
    for number, header in zip(wanted, headers, strict=True):
        if header is None:
            raise NodeRefused("the node does not have a block of its own chain", retryable=True, block=number)
        stamps[number] = _quantity(header, "timestamp")
    return stamps


def decode_stamp(header: Any, *, finalized_number: int) -> BlockStamp:
    """A header as JSON-RPC gives it, to the stamp of an answer.

    Raises:
        DecodeError: a field is missing or malformed.
    """
    number = _quantity(header, "number")
    return BlockStamp(
        number=number,
        hash=str(header["hash"]).lower(),
        timestamp=_quantity(header, "timestamp"),
        is_finalized=number <= finalized_number,
    )


def _quantity(header: Any, field: str) -> int:
    try:
        return int(header[field], 16)
    except (KeyError, TypeError, ValueError):
        raise DecodeError("a block header without a readable field", field=field) from None
