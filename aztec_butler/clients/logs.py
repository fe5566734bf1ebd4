"""Logs of any range of blocks, whatever a node allows at once: all of them, or an error.

Pieces of the range are asked for one after the other. ``RangePlan`` decides which is next and ``core.logs`` checks what
comes back; neither asks anybody. Many logs come faster as columns, from ``clients.log_stream``.

A node that lags behind answers emptily about blocks that it does not have. So every request also asks for the node's
newest block, and an answer about blocks beyond it does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from aztec_butler.clients.log_plan import RangePlan, looks_cut_off
from aztec_butler.core.errors import InputError, NodeError
from aztec_butler.core.logs import LogFilter, RawLog, check_logs, parse_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import msgspec

    from aztec_butler.clients.rpc import Rpc


@attrs.frozen(kw_only=True)
class LogChunk:
    """The logs of one closed range, in the order of the chain."""

    first_block: int
    last_block: int
    logs: list[RawLog]


def fetch_logs(
    rpc: Rpc,
    *,
    addresses: Sequence[str] | None,
    topics: Sequence[Sequence[bytes | str] | None] = (),
    first_block: int,
    last_block: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[RawLog]:
    """Every log of a closed range, in the order of the chain.

    Args:
        rpc: the door to the nodes.
        addresses: the contracts; None for all.
        topics: for each place the words that may stand there, as bytes or hex; None for any.
        first_block: of the range.
        last_block: of the range; the chain must have reached it.
        progress: told after each answer how many blocks are done, and of how many.

    Raises:
        InputError: the range or the filter is not one.
        NodeRefused: a single block is too much for the node, or its answers cannot be right.
        NodeError: no endpoint answered properly.
    """
    total = last_block - first_block + 1
    logs: list[RawLog] = []
    for chunk in iter_logs(
        rpc, addresses=addresses, topics=topics, first_block=first_block, last_block=last_block
    ):
        logs += chunk.logs
        if progress is not None:
            progress(chunk.last_block - first_block + 1, total)
    return logs


def iter_logs(
    rpc: Rpc,
    *,
    addresses: Sequence[str] | None,
    topics: Sequence[Sequence[bytes | str] | None] = (),
    first_block: int,
    last_block: int,
) -> Iterator[LogChunk]:
    """As ``fetch_logs``, piece by piece: adjoining ranges, from the first block to the last."""
    if not 0 <= first_block <= last_block:
        raise InputError(
            "a range of blocks begins before it ends", first_block=first_block, last_block=last_block
        )
    asked = LogFilter.of(addresses, topics)
    plan = RangePlan(first_block, last_block)
    while (piece := plan.next_piece()) is not None:
        first, last = piece
        try:
            logs = rpc.call(
                "eth_getLogs",
                asked.to_json(first, last),
                decode=_checked(asked, first, last),
                known_block=last,
                raise_at_once=plan.raise_at_once(piece),
            )
        except NodeError as error:
            refusal = error.with_traceback(None)
        else:
            if last > first and looks_cut_off(len(logs)):
                plan.refused(piece)
            else:
                plan.succeeded(piece)
                yield LogChunk(first_block=first, last_block=last, logs=logs)
            continue
        if not plan.take_back(piece, refusal):
            raise refusal


def _checked(asked: LogFilter, first_block: int, last_block: int) -> Callable[[msgspec.Raw], list[RawLog]]:
    def decode(raw: msgspec.Raw) -> list[RawLog]:
        return check_logs(parse_logs(raw), asked, first_block, last_block)

    return decode
