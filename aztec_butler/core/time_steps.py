"""A window of time and the steps it is divided into: what a chart's axis is made of.

::

    parse_window("7d")                        # the seven days before the last block
    parse_window("2026-06-01")                # since then
    parse_window("2026-06-01..2026-07-01")    # between two times, or blocks
    parse_window("all")

Steps lie on whole multiples of themselves in UTC, weeks begin on Monday. A step is open at its beginning and closed at its
end: what a block stamped exactly midnight did belongs to the day that ends then. The contracts' getters by timestamp
count in the same way.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.moments import Apart, Moment, parse_moment
from aztec_butler.core.units import parse_duration, render_duration

_LADDER: Final = (60, 300, 900, 3600, 21_600, 86_400, 604_800)
"""Steps to choose from: 1, 5 and 15 minutes, 1 and 6 hours, a day, a week."""
_ENOUGH: Final = 200
"""Steps in a chart at most, where the choice is ours."""
_MOST: Final = 10_000
_MONDAY: Final = 4 * 86_400
"""1970 began on a Thursday."""


@attrs.frozen(kw_only=True)
class Window:
    """What somebody wants to look at.

    Args:
        first: where it begins; a distance counts back from its end. None: with the network.
        last: where it ends; a distance counts from its beginning. None: with the last block.
    """

    first: Moment | None
    last: Moment | None

    @property
    def begins_with_a_whole_step(self) -> bool:
        """Whether the first step may begin earlier than asked for: of a distance nobody means the second."""
        return self.first is None or isinstance(self.first, Apart)


def parse_window(value: Any) -> Window:
    """A window as people write it.

    Args:
        value: a duration like ``7d``, counted back from the last block; a time or block, from which on; two of them,
            as a pair or with ``..`` between, of which either may be left away; ``all``; or what this returns.

    >>> parse_window("7d").first, parse_window("100..200").last, parse_window("all").first
    (Apart(seconds=604800), AtBlock(name=200), None)

    Raises:
        InputError: anything else.
    """
    if isinstance(value, Window):
        return value
    if isinstance(value, str):
        if value.strip() == "all":
            return Window(first=None, last=None)
        first, dots, last = value.partition("..")
        window = _window(first, last) if dots else _window(first, None)
    elif isinstance(value, tuple | list):
        if len(value) != 2:
            raise InputError("a window has a beginning and an end", values=len(value))
        window = _window(*value)
    else:
        window = _window(value, None)
    if window.first is None and window.last is None:
        raise InputError("a window without bounds", hint='write "7d", "2026-06-01..2026-07-01" or "all"')
    if isinstance(window.first, Apart) and isinstance(window.last, Apart):
        raise InputError(
            "both ends of the window are counted from the other",
            hint="name a block or a time for one of them",
            window=value,
        )
    return window


def _window(first: Any, last: Any) -> Window:
    return Window(first=_bound(first), last=_bound(last))


def _bound(value: Any) -> Moment | None:
    return None if value is None or value == "" else parse_moment(value)


def parse_step(value: str | timedelta) -> int:
    """The length of a step in seconds.

    >>> parse_step("1h")
    3600

    Raises:
        InputError: no duration, or one without length.
    """
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, str):
        seconds = parse_duration(value)
    else:
        raise InputError("expected a length of time", hint='write "1h" or "1d"', value=value)
    if seconds < 1 or seconds != int(seconds):
        raise InputError("a length of time has one or more whole seconds", value=value)
    return int(seconds)


def default_step(seconds: int) -> int:
    """A step of usual length that divides a window of so many seconds into enough parts, and not too many.

    >>> default_step(7 * 86_400), default_step(30 * 86_400)
    (3600, 21600)
    """
    return next((step for step in _LADDER if seconds <= step * _ENOUGH), _LADDER[-1])


def render_time(seconds: int) -> str:
    """A time as an error shows it, in UTC; as seconds where the calendar ends.

    >>> render_time(1_767_225_600)
    '2026-01-01T00:00:00Z'
    """
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError):
        return f"{seconds} s"


def boundaries(begins_at: int, ends_at: int, step: int, *, whole: bool) -> tuple[int, ...]:
    """The times between steps, the beginning and the end included; two times for one step.

    Args:
        begins_at: of the window, in Unix seconds.
        ends_at: of the window; a last step may be cut short by it.
        step: in seconds.
        whole: whether the first step begins at its multiple, before the window if need be; else it may be cut short.

    >>> boundaries(1000, 1300, 120, whole=True)
    (960, 1080, 1200, 1300)

    Raises:
        InputError: a window without length, or more steps than anybody can look at.
    """
    if begins_at >= ends_at:
        raise InputError(
            "the window ends before it begins", begins=render_time(begins_at), ends=render_time(ends_at)
        )
    first = begins_at - (begins_at - _MONDAY) % step
    count = -(-(ends_at - first) // step)
    if count > _MOST:
        raise InputError(
            "so many steps are too many",
            hint=f"make them longer: {render_duration(default_step(ends_at - begins_at))}, for example",
            steps=count,
            limit=_MOST,
        )
    inner = range(first + step, ends_at, step)
    return (max(first, 0) if whole else begins_at, *inner, ends_at)
