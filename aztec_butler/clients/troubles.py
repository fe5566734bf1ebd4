"""Why a node did not answer properly, in our words.

Every ``NodeError`` whose reason was understood carries it as the fact ``reason``; a caller that can help itself, by
asking for less or at another block, looks at it with ``trouble_of``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aztec_butler.core.errors import ButlerError


class Trouble(StrEnum):
    """A reason on which somebody can act."""

    RATE_LIMITED = "rate limited"
    TIMED_OUT = "timed out"
    TOO_LARGE = "too large"
    """Too many results, too wide a range, too long a request or reply: ask for less at once."""
    BATCH_REFUSED = "batches refused"
    OUT_OF_GAS = "out of gas"
    """The call needs more gas than the node grants: ask for less at once."""
    BLOCK_UNKNOWN = "block unknown"
    """The node does not have that block yet, or not any more."""
    STATE_MISSING = "state missing"
    """The node has pruned the state of that block: an archive node has it."""
    HISTORY_MISSING = "history missing"
    """The node has pruned blocks, receipts or logs of that age."""
    METHOD_MISSING = "method missing"
    UNAUTHORIZED = "unauthorized"
    WRONG_CHAIN = "wrong chain"
    MALFORMED = "malformed"


def trouble_of(error: ButlerError) -> Trouble | None:
    """The reason an error carries; None when it carries none."""
    reason = error.facts.get("reason")
    return reason if isinstance(reason, Trouble) else None
