"""Points of a chain as people write them: a block, a time, or how long before or after another.

::

    parse_moment("24_000_000")            # a block's number; 0x hex too
    parse_moment("2026-06-01")            # midnight, UTC
    parse_moment("2026-06-01T12:30+02:00")
    parse_moment("7d")                    # seven days from somewhere else
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

import attrs

from aztec_butler.core.errors import InputError

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+)([smhdw])")
_BLOCK_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_BLOCKS_END: Final = 1 << 63
_TAGS: Final = ("latest", "safe", "finalized", "earliest")


@attrs.frozen
class AtBlock:
    """A block: its number, its hash, or a word of JSON-RPC."""

    name: int | str


@attrs.frozen
class AtTime:
    """A time, in Unix seconds."""

    timestamp: int


@attrs.frozen
class Apart:
    """A distance in time from another moment."""

    seconds: int


Moment = AtBlock | AtTime | Apart


def parse_moment(text: object) -> Moment:
    """A moment as people write it.

    Args:
        text: a block's number, hash or word; a date or a time in ISO 8601, in UTC unless it names an offset; a number
            with ``s``, ``m``, ``h``, ``d`` or ``w`` for a distance; or a ``datetime``, in UTC unless it is aware.

    Raises:
        InputError: anything else.

    >>> parse_moment("12h"), parse_moment("0x10"), parse_moment("1970-01-02")
    (Apart(seconds=43200), AtBlock(name=16), AtTime(timestamp=86400))
    """
    if isinstance(text, timedelta):
        return Apart(_whole(text.total_seconds(), text))
    if isinstance(text, date):  # a datetime is one
        return AtTime(_seconds(text))
    if isinstance(text, str):
        return _parse_text(text.strip())
    try:
        number = text.__index__()  # type: ignore[attr-defined]  # integers of numpy are no ``int``
    except AttributeError:
        raise _refusal(text) from None
    return _at_block(number, text)


def check_ends(first: Moment | None, last: Moment | None) -> None:
    """Refuse a range of which each end is counted from the other."""
    if isinstance(first, Apart) and isinstance(last, Apart):
        raise InputError(
            "both ends of the range are counted from the other",
            hint="name a block or a time for one of them, or leave the last one away",
        )


def _parse_text(text: str) -> Moment:
    if text in _TAGS:
        return AtBlock(text)
    if _BLOCK_HASH.fullmatch(text):
        return AtBlock(text.lower())
    duration = _DURATION.fullmatch(text)
    if duration:
        return Apart(int(duration[1]) * _SECONDS[duration[2]])
    try:
        number = int(text, 0)
    except ValueError:
        try:
            return AtTime(_seconds(datetime.fromisoformat(text)))
        except ValueError:
            raise _refusal(text) from None
    return _at_block(number, text)


def _at_block(number: int, given: object) -> AtBlock:
    if isinstance(given, bool) or not 0 <= number < _BLOCKS_END:  # a hash with a digit too few is no number
        raise _refusal(given)
    return AtBlock(number)


def _seconds(when: date) -> int:
    if not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day)  # noqa: DTZ001 - UTC follows
    return _whole((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp(), when)


def _whole(seconds: float, given: object) -> int:
    if seconds < 0 or seconds != int(seconds):
        raise InputError("blocks are told apart by whole seconds since 1970", value=given)
    return int(seconds)


def _refusal(text: object) -> InputError:
    return InputError(
        "expected a block or a time",
        hint=f"a number, a block's hash, {', '.join(_TAGS)}, a date or time like 2026-06-01T12:00, or 7d, 12h, 30m",
        value=text,
    )
