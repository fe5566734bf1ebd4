"""The words and codes by which nodes tell their troubles. Pure.

Codes mean different things at different nodes (-32005 is a rate limit here and too many results there), so the words
are looked at first, and a code decides only when it is the same everywhere or when the words say nothing.

Source: EIP-1474 and EIP-1898, the messages of geth, reth, erigon, besu, nethermind and anvil, and what providers were
seen to answer.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from aztec_butler.clients.troubles import Trouble


class Wording:
    """Several ways to say the same, as regular expressions in any case.

    They are compiled when a node first says something: most runs never come to that.
    """

    def __init__(self, *patterns: str) -> None:
        self._patterns = patterns

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile("|".join(self._patterns), re.IGNORECASE)

    def is_in(self, text: str) -> bool:
        """Whether a text says it."""
        return self._compiled.search(text) is not None


REVERTED: Final = Wording(
    r"\breverted\b", r"\brevert\b", r"VM execution error", r"VM Exception while processing"
)
# The contract's own failure without a revert: whoever asks again gets the same.
HALTED: Final = Wording(
    r"invalid opcode",
    r"stack (under|over)flow",
    r"stack limit reached",
    r"invalid jump",
    r"bad jump",
    r"static ?(state|mode|call).*(change|violation)",
    r"write protection",
    r"EVM error(?!.*OutOfGas)",
)

# In this order; the first match decides.
_WORDS: Final[tuple[tuple[Trouble, Wording], ...]] = (
    (
        Trouble.BATCH_REFUSED,
        Wording(
            r"\bbatch(ed|es|ing)?\b.*(not (supported|allowed|enabled|permitted)|disabled|unsupported|too (large|big|many)|limit|exceed|more than|max)",
            r"(max(imum)?|too (large|many|big)|limit|exceed\w*|unsupported|more than).*\bbatch",
            r"no batch",
        ),
    ),
    (
        Trouble.OUT_OF_GAS,
        Wording(
            r"out ?of ?gas",
            r"gas required exceeds",
            r"exceeds block gas limit",
            r"gas limit (is )?too (high|low)",
            r"intrinsic gas",
        ),
    ),
    (
        Trouble.TOO_LARGE,
        Wording(
            r"returned more than [\d,]+ results",
            r"too many (results|logs|blocks|topics|addresses)",
            r"(max|maximum) (results|logs|block range|range|number of (logs|blocks|requested blocks))",
            r"exceeds? (the )?(max(imum)?|limit|range)( \w+)? ?(results|block range|range|of \d+|allowed)",
            r"range \d+ exceeds limit",
            r"block range.*(too|exceed|limit|larger|greater|max|wide|only|up to|at most)",
            r"(exceed|limit|larger|greater|max|up to|at most|beyond)\S* .*(block|query|logs?) range",
            r"range (is )?(too|limit|exceeds)",
            r"max(imum)? range",
            r"range .*(bigger|larger|greater) than",
            r"ranges? over [\d,]+ blocks",
            r"(limited?|up|most) to (a )?([\d,]+ ?-? ?)+k?( blocks?)? (block|range)",
            r"limited to (a )?[\d,]+ (block|range)",
            r"(limit|at most|more than|over) .*[\d,]+ blocks",
            r"blocks distance",
            r"(response|result|reply|payload|body|request)( size)?( is| was)? ?(too (large|big)|exceed|should not greater|limit exceeded)",
            r"response size",
            r"(request|content|entity|payload) too (large|big)",
            r"query must be smaller",
            r"exceeds the range",
            r"exceeds limit of \d+",
            r"max limit of \d+",
            r"query set too large",
        ),
    ),
    (
        Trouble.RATE_LIMITED,
        Wording(
            r"rate.?limit",
            r"limit.*\brate\b",
            r"too many request",
            r"\b429\b",
            r"throttl",
            r"(request|call|credit|unit|usage|capacity|quota|throughput|daily|monthly|plan)\w*\b.*(exceed|limit|reached|exhaust|exceeded)",
            r"exceed\w* .*(request|call|credit|unit|quota|capacity|throughput|rate)",
            r"per (second|minute|hour|day)",
            r"server is busy",
            r"(too|overly) busy",
            r"overload",
            r"slow down",
            r"try again (later|in)",
            r"\blimit exceeded",
        ),
    ),
    (
        Trouble.STATE_MISSING,
        Wording(
            r"missing trie node",
            r"\bstate\b.*(not available|unavailable|not found|pruned|missing|is not stored|no longer)",
            r"no state available",
            r"(requires?|need|access to|only on|use) .*archiv",
            r"\barchive\b",
            r"max(imum)? proof window",
            r"trie node",
        ),
    ),
    (
        Trouble.HISTORY_MISSING,
        Wording(
            r"(history|block|receipt|log|data|body|bodies)\w* .*\b(pruned|pruning|expired)",
            r"pruned (history|block|receipt|log|data)",
            r"old data not available",
            r"ancient (block|data|receipts?)",
            r"history (is )?(not available|unavailable)",
        ),
    ),
    (
        Trouble.BLOCK_UNKNOWN,
        Wording(
            r"(header|block|hash)\b.*not found",
            r"header for hash",
            r"unknown (block|header)",
            r"(block|header)\b.*(unknown|does not exist|cannot be found|could not be found|out of range|not yet|not currently canonical)",
            r"not currently canonical",
            r"cannot be found",
            r"beyond (the )?(current )?head",
            r"extends beyond",
            r"BlockOutOfRange",
            r"block height is \d+ but requested",
            r"after last accepted block",
            r"unfinalized data",
            r"(greater|higher|larger|newer) than (the )?(latest|head|current)",
        ),
    ),
    (
        Trouble.UNAUTHORIZED,
        Wording(
            r"unauthori[sz]ed",
            r"forbidden",
            r"(invalid|missing|wrong|unknown|disabled|expired|bad|must provide|no) .{0,20}(api.?key|project.?id|token|credential|app id)",
            r"(api.?key|project.?id|token|credential)\w* .{0,30}(invalid|missing|wrong|unknown|disabled|expired|required|not (found|valid|allowed))",
            r"authenticat",
            r"access denied",
            r"not (allowed|permitted|whitelisted) .*(origin|ip|address)",
        ),
    ),
    (
        Trouble.METHOD_MISSING,
        Wording(
            r"method .*(not (found|supported|available|allowed|exist|whitelisted|implemented|enabled)|does not exist|unsupported|unavailable|disabled)",
            r"(unsupported|unknown|invalid|no such) method",
            r"(not|un)\s?(supported|available|implemented)",
            r"does not exist/is not available",
        ),
    ),
    (
        Trouble.TIMED_OUT,
        Wording(
            r"time[d ]?[- ]?out",
            r"deadline exceeded",
            r"took too long",
            r"cancell?ed",
            r"\btimeout\b",
            r"aborted",
        ),
    ),
)
# The same everywhere, whatever the words.
_CERTAIN_CODES: Final[dict[int, Trouble]] = {
    429: Trouble.RATE_LIMITED,
    4444: Trouble.HISTORY_MISSING,
    -32601: Trouble.METHOD_MISSING,
    -39001: Trouble.BLOCK_UNKNOWN,
}
_LIMIT_EXCEEDED: Final = (
    -32005
)  # EIP-1474; of logs it is the number of results, unless the words say otherwise
# Where the words say nothing.
_LIKELY_CODES: Final[dict[int, Trouble]] = {
    _LIMIT_EXCEEDED: Trouble.RATE_LIMITED,
    -32016: Trouble.RATE_LIMITED,
    -32029: Trouble.RATE_LIMITED,
    -32097: Trouble.RATE_LIMITED,
    -32004: Trouble.METHOD_MISSING,
}
# Words on which a request for logs is known to be too large, when everything more precise was silent.
_TOO_MANY_LOGS: Final = Wording(
    r"\brange\b",
    r"\blimit",
    r"exceed",
    r"too (many|large|big|wide|long|high)",
    r"\bmax",
    r"unable to complete",
)
_OUT_OF_GAS: Final = Wording(r"out ?of ?gas")


def trouble_in(code: int | None, text: str, method: str) -> Trouble | None:
    """The trouble behind a code and words; None when neither is known.

    Args:
        code: the JSON-RPC code, if any.
        text: the node's message, with whatever it added.
        method: what was asked.

    >>> trouble_in(-32005, "query returned more than 10000 results", "eth_getLogs")
    <Trouble.TOO_LARGE: 'too large'>
    >>> trouble_in(-32005, "project ID request rate exceeded", "eth_getLogs")
    <Trouble.RATE_LIMITED: 'rate limited'>
    """
    if code in _CERTAIN_CODES:
        return _CERTAIN_CODES[code]
    for trouble, words in _WORDS:
        if words.is_in(text):
            return trouble
    if method == "eth_getLogs" and (_TOO_MANY_LOGS.is_in(text) or (code == _LIMIT_EXCEEDED and text)):
        return Trouble.TOO_LARGE
    return None if code is None else _LIKELY_CODES.get(code)


def is_contract_failure(code: int | None, text: str) -> bool:
    """Whether the words tell of a revert or another failure inside the contract, and not of the node's.

    >>> is_contract_failure(-32000, "execution reverted: rate limit exceeded")
    True
    """
    if code == 3:
        return True
    return (REVERTED.is_in(text) or HALTED.is_in(text)) and not _OUT_OF_GAS.is_in(text)
