"""Logs of any range of blocks, whatever a node allows at once: all of them, or an error.

The range is asked for in one piece. When the node finds that too much, smaller pieces follow, down to a single block;
what worked is tried larger again. ``RangePlan`` decides which piece is next and ``core.logs`` checks what comes back;
neither asks anybody.

A node that lags behind answers emptily about blocks that it does not have. So every request also asks for the node's
newest block, and an answer about blocks beyond it does not count.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import InputError, NodeError, NodeRefused
from aztec_butler.core.logs import LogFilter, RawLog, check_logs, parse_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import msgspec

    from aztec_butler.clients.rpc import Rpc

# A time-out, or a refusal without reason, may be due to the width of the range. So many in a row are not.
_SUSPICIONS_IN_A_ROW: Final = 3
_SUSPICION_DIVISOR: Final = 16
# Nodes that cut an answer off silently do it at a round number.
_ROUND_NUMBER: Final = 1_000
_BLOCK: Final = r"0x[0-9a-f]+|[1-9]\d*|0"
_ADVICE: Final = re.compile(
    rf"(?:\[|range )(?P<first>{_BLOCK})\s*(?:,|-|to)\s*(?P<last>{_BLOCK})\b", re.IGNORECASE
)
_RULE: Final = re.compile(
    r"(?:up to|at most|limit(?:ed)? to|limit of|max(?:imum)?(?: is| is set to)?|over|more than|only|greater than)"
    r" (?:a |an )?(?P<number>\d[\d,]*)(?P<thousand>k?)[- ](?:block|range)",
    re.IGNORECASE,
)


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
    suspicions = 0
    while (piece := plan.next_piece()) is not None:
        first, last = piece
        width = last - first + 1
        may_suspect = width > 1 and suspicions < _SUSPICIONS_IN_A_ROW
        try:
            logs = rpc.call(
                "eth_getLogs",
                asked.to_json(first, last),
                decode=_checked(asked, first, last),
                known_block=last,
                raise_at_once=(Trouble.TIMED_OUT,) if may_suspect else (),
            )
        except NodeError as error:
            refusal = error.with_traceback(None)
        else:
            suspicions = 0
            if width > 1 and _looks_cut_off(logs):
                plan.refused()
            else:
                plan.succeeded()
                yield LogChunk(first_block=first, last_block=last, logs=logs)
            continue
        trouble = trouble_of(refusal)
        if trouble is Trouble.TOO_LARGE and width > 1:
            plan.refused(offer_in(f"{refusal.facts.get('message', '')} {refusal.facts.get('details', '')}"))
        elif may_suspect and _may_be_too_much(refusal):
            suspicions += 1
            plan.refused(Offer(width // _SUSPICION_DIVISOR, is_limit=False))
        else:
            if trouble is Trouble.TOO_LARGE:
                refusal.hint = (
                    "a single block is too much for the node: name fewer contracts, or use another node"
                )
                refusal.facts["block"] = first
            raise refusal


def _may_be_too_much(refusal: NodeError) -> bool:
    """Whether the width of the range may be behind a failure that does not say so."""
    trouble = trouble_of(refusal)
    return trouble is Trouble.TIMED_OUT or (trouble is None and isinstance(refusal, NodeRefused))


@attrs.frozen
class Offer:
    """What a refusal says would be accepted.

    Args:
        width: in blocks.
        is_limit: whether that is a rule for every range, and not advice for this one.
    """

    width: int
    is_limit: bool


class RangePlan:
    """Which piece of a closed range to ask for next. Pure: it is told how the last piece went.

    Args:
        first_block: of the whole range.
        last_block: of the whole range.

    >>> plan = RangePlan(0, 99)
    >>> plan.next_piece()
    (0, 99)
    >>> plan.refused()
    >>> plan.next_piece()
    (0, 49)
    """

    def __init__(self, first_block: int, last_block: int) -> None:
        self._next = first_block
        self._last = last_block
        self._width = last_block - first_block + 1
        self._limit = self._width
        self._refused_width: int | None = None
        self._successes = 0
        self._successes_before_risk = 8

    def next_piece(self) -> tuple[int, int] | None:
        """First and last block of the next piece; None when all is done."""
        if self._next > self._last:
            return None
        return self._next, self._piece_end()

    def refused(self, offer: Offer | None = None) -> None:
        """The last piece was too much; the next one begins at the same block and is smaller.

        Args:
            offer: what the node would take; None when it named no number.
        """
        width = self._piece_end() - self._next + 1
        if self._refused_width is None:
            # The last risk did not pay: wait longer before the next.
            self._successes_before_risk *= 2
        self._refused_width, self._successes = width, 0
        self._width = max(1, width // 2)
        # An offer close to what was asked may be the request read back; halving gets there too.
        if offer is not None and 0 < offer.width <= self._width:
            self._width = offer.width
            if offer.is_limit:
                self._limit = offer.width

    def succeeded(self) -> None:
        """The last piece is done. The next may be wider, more carefully the closer it comes to what was refused."""
        self._next = self._piece_end() + 1
        self._successes += 1
        if self._successes >= self._successes_before_risk:
            # Logs lie unevenly; what was too much there may not be too much here.
            self._refused_width, self._successes = None, 0
        if self._refused_width is None or self._width * 2 < self._refused_width:
            self._width *= 2
        elif self._refused_width - self._width > self._width // 8:
            self._width = (self._width + self._refused_width) // 2
        self._width = min(self._width, self._limit)

    def _piece_end(self) -> int:
        return min(self._last, self._next + self._width - 1)


def offer_in(message: str) -> Offer | None:
    """How many blocks at once a refusal offers; None when it names no such number.

    >>> offer_in("this block range should work: [0x10, 0x1f]"), offer_in("eth_getLogs is limited to a 10,000 range")
    (Offer(width=16, is_limit=False), Offer(width=10000, is_limit=True))
    """
    rule = _RULE.search(message)
    if rule is not None:
        return Offer(int(rule["number"].replace(",", "")) * (1000 if rule["thousand"] else 1), is_limit=True)
    advice = _ADVICE.search(message)
    if advice is None:
        return None
    return Offer(int(advice["last"], 0) - int(advice["first"], 0) + 1, is_limit=False)


def _checked(asked: LogFilter, first_block: int, last_block: int) -> Callable[[msgspec.Raw], list[RawLog]]:
    def decode(raw: msgspec.Raw) -> list[RawLog]:
        return check_logs(parse_logs(raw), asked, first_block, last_block)

    return decode


def _looks_cut_off(logs: Sequence[RawLog]) -> bool:
    return len(logs) >= _ROUND_NUMBER and len(logs) % _ROUND_NUMBER == 0
