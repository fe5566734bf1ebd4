"""Which piece of a range to ask for next, when nodes limit what they give at once. Pure.

The range is asked for in one piece. When the node finds that too much, smaller pieces follow, down to a single block;
what worked is tried larger again. Pieces may be asked for one after the other or many at once: until one has worked
only one is under way, and wider ones are tried by one piece at a time, so that a limit costs one request to find and not
as many as are under way.
"""

from __future__ import annotations

import re
from bisect import insort
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import NodeBusy, NodeError, NodeRefused

if TYPE_CHECKING:
    from collections.abc import Collection

Piece: TypeAlias = tuple[int, int]
"""First and last block."""

# A time-out, or a refusal without reason, may be due to the width of the range. So many in a row are not.
_SUSPICIONS_IN_A_ROW: Final = 3
_SUSPICION_DIVISOR: Final = 16
_SUCCESSES_BEFORE_RISK: Final = 8
_LIMIT_EXCEEDED: Final = -32005
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
    """The pieces of a closed range, one by one. It is told how each of them went.

    Args:
        first_block: of the whole range.
        last_block: of the whole range.
        logs_each: pieces are made so narrow that this many logs or fewer are to be expected in each; None for as many
            as the node gives.
        widest: how many blocks a piece has at most; None for as many as the node takes.

    >>> plan = RangePlan(0, 99)
    >>> plan.next_piece(), plan.next_piece()
    ((0, 99), None)
    >>> plan.refused((0, 99))
    >>> plan.next_piece()
    (0, 49)
    >>> plan.succeeded((0, 49))
    >>> plan.next_piece()
    (50, 99)
    """

    def __init__(
        self, first_block: int, last_block: int, *, logs_each: int | None = None, widest: int | None = None
    ) -> None:
        self._gaps: list[Piece] = [(first_block, last_block)]
        self._last = last_block
        self._logs_each = logs_each
        self._under_way: set[Piece] = set()
        self._width = min(last_block - first_block + 1, widest or 1 << 63)
        self._is_proven = False
        self._limit = self._width
        self._has_rule = False
        self._full_width = self._width
        self._scout: Piece | None = None
        self._refused_width: int | None = None
        self._successes = 0
        self._recent_successes = 0
        self._successes_before_risk = _SUCCESSES_BEFORE_RISK
        self._suspicions = 0

    # ------------------------------------------------------------------ what comes next

    @property
    def next_block(self) -> int | None:
        """The first block that nobody asks for yet; None when there is none."""
        return self._gaps[0][0] if self._gaps else None

    def next_piece(self) -> Piece | None:
        """A piece that is under way from now on; None when nothing is left, or others have to come back first."""
        if not self._gaps or (self._under_way and len(self._under_way) >= self._most_under_way()):
            return None
        if not self._is_proven:
            if self._scout is not None:
                return None
            piece = self._scout = self._cut(self._width)
        elif self._scout is None and (wider := self._wider()) > self._width:
            piece = self._cut(wider)
            if piece[1] - piece[0] >= self._width:
                self._scout = piece
        else:
            piece = self._cut(self._width)
        self._under_way.add(piece)
        return piece

    def raise_at_once(self, piece: Piece) -> Collection[Trouble]:
        """What may be due to the width of a piece without saying so, and is then not worth a second try."""
        return (Trouble.TIMED_OUT,) if self._may_suspect(piece) else ()

    def _may_suspect(self, piece: Piece) -> bool:
        return piece[1] > piece[0] and self._suspicions < _SUSPICIONS_IN_A_ROW

    def _most_under_way(self) -> int:
        # How crowded the blocks are is not known at first, and a node's own limit is what else would protect memory.
        return 1 << 30 if self._has_rule else 1 + 2 * self._successes

    def _wider(self) -> int:
        """What to try next, more carefully the closer it comes to what was refused."""
        width, refused = self._width, self._refused_width
        if refused is None or width * 2 < refused:
            wider = width * 2
        elif refused - width > width // 8:
            wider = (width + refused) // 2
        else:
            wider = width
        return min(wider, self._limit, self._full_width)

    def _cut(self, width: int) -> Piece:
        first, last = self._gaps[0]
        size = last - first + 1
        if last != self._last and size > width:
            # Between pieces that others work on; evenly, so that no crumbs remain.
            width = -(-size // -(-size // width))
        piece = (first, min(last, first + width - 1))
        if piece[1] == last:
            del self._gaps[0]
        else:
            self._gaps[0] = (piece[1] + 1, last)
        return piece

    # ------------------------------------------------------------------ how it went

    def succeeded(self, piece: Piece, logs: int = 0) -> None:
        """A piece is done.

        Args:
            piece: as it was given.
            logs: that were in it.
        """
        width = piece[1] - piece[0] + 1
        was_scout = self._come_back(piece)
        self._suspicions = 0
        self._successes += 1
        self._recent_successes += 1
        if self._recent_successes >= self._successes_before_risk:
            # Logs lie unevenly; what was too much there may not be too much here.
            self._refused_width, self._recent_successes = None, 0
        if was_scout and width * 2 > self._width:
            self._width = max(width, self._width) if self._is_proven else self._width
            self._is_proven = True
        if self._logs_each is not None:
            self._full_width = max(1, width * self._logs_each // logs) if logs else self._limit
            self._width = min(self._width, self._full_width)

    def refused(self, piece: Piece, offer: Offer | None = None) -> None:
        """A piece was too much; its blocks will be asked for again in smaller ones.

        Args:
            piece: as it was given.
            offer: what the node would take; None when it named no number.
        """
        width = piece[1] - piece[0] + 1
        went_too_far = width > self._width
        was_scout = self._come_back(piece)
        self._insert(piece)
        if offer is not None and offer.is_limit and 0 < offer.width <= max(1, width // 2):
            self._limit, self._has_rule = min(self._limit, offer.width), True
            self._width = min(self._width, self._limit)
        if was_scout or not went_too_far:  # else others met the same before it
            if self._refused_width is None:
                # The last risk did not pay: wait longer before the next.
                self._successes_before_risk *= 2
            self._refused_width, self._recent_successes = width, 0
        if went_too_far:
            return  # what works is known
        self._width = max(1, width // 2)
        self._is_proven = False
        # An offer close to what was asked may be the request read back; halving gets there too.
        if offer is not None and 0 < offer.width <= self._width:
            self._width = offer.width
            self._is_proven = offer.is_limit

    def take_back(self, piece: Piece, error: NodeError) -> bool:
        """A piece failed: take it for too much if that may be why.

        Returns:
            Whether to go on with ``next_piece``; if not, the error is the caller's.
        """
        trouble = trouble_of(error)
        width = piece[1] - piece[0] + 1
        if trouble is Trouble.TOO_LARGE and width > 1:
            self.refused(piece, _offer(error, width))
            return True
        if self._may_suspect(piece) and _may_be_too_much(error):
            if width <= self._width:
                self._suspicions += 1
            self.refused(piece, Offer(width // _SUSPICION_DIVISOR, is_limit=False))
            return True
        if trouble is Trouble.TOO_LARGE:
            error.hint = "a single block is too much for the node: name fewer contracts, or use another node"
            error.facts["block"] = piece[0]
        self._come_back(piece)
        return False

    def _come_back(self, piece: Piece) -> bool:
        self._under_way.discard(piece)
        was_scout = self._scout == piece
        if was_scout:
            self._scout = None
        return was_scout

    def _insert(self, piece: Piece) -> None:
        insort(self._gaps, piece)
        place = self._gaps.index(piece)
        for left in (place, place - 1):
            if 0 <= left < len(self._gaps) - 1 and self._gaps[left][1] + 1 == self._gaps[left + 1][0]:
                self._gaps[left : left + 2] = [(self._gaps[left][0], self._gaps[left + 1][1])]


def looks_cut_off(count: int) -> bool:
    """Whether an answer has a number of logs at which nodes stop without saying so."""
    return count >= _ROUND_NUMBER and count % _ROUND_NUMBER == 0


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


def _offer(refusal: NodeError, width: int) -> Offer | None:
    facts = refusal.facts
    size, allowed = facts.get("bytes"), facts.get("allowed_bytes")
    if isinstance(size, int) and isinstance(allowed, int):
        return Offer(max(1, width * allowed // (size + size // 4)), is_limit=False)
    return offer_in(f"{facts.get('message', '')} {facts.get('details', '')}")


def _may_be_too_much(refusal: NodeError) -> bool:
    """Whether the width of the range may be behind a failure that does not say so."""
    trouble = trouble_of(refusal)
    if isinstance(refusal, NodeBusy):
        # EIP-1474 has one code for every limit, and some nodes say no more than that; waiting did not help.
        return refusal.facts.get("json_rpc_code") == _LIMIT_EXCEEDED
    return trouble is Trouble.TIMED_OUT or (trouble is None and isinstance(refusal, NodeRefused))
