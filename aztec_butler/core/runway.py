"""How long a provider's keys last: the keys that are left, against the pace at which people stake on them. Pure.

Integers throughout. Where nobody staked in the time that was looked at there is no pace, and how long the keys last is
not known: neither for ever nor any other number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.records import unit

DAY_SECONDS: Final = 86_400
WEEK_SECONDS: Final = 7 * DAY_SECONDS
WINDOWS_SECONDS: Final = (WEEK_SECONDS, 4 * WEEK_SECONDS, 13 * WEEK_SECONDS)
"""How far to look back: a week, four weeks, a quarter."""
USUAL_WINDOW_SECONDS: Final = 4 * WEEK_SECONDS
"""Where one number has to do: whole weeks, so that every weekday counts alike."""
_CENTURY_SECONDS: Final = 36_525 * DAY_SECONDS


@attrs.frozen(kw_only=True)
class DelegationPace:
    """How fast a provider's keys are taken.

    Args:
        seconds: the time that was looked at; more than 0.
        delegations: in that time.
    """

    seconds: int = unit("s", validator=attrs.validators.ge(1))
    delegations: int = attrs.field(validator=attrs.validators.ge(0))

    @property
    def per_week(self) -> float:
        """Delegations in a week at this pace; for reading, the exact numbers are the two it is made of."""
        return self.delegations * WEEK_SECONDS / self.seconds

    def runway_seconds(self, keys: int) -> int | None:
        """How long so many keys last, rounded down.

        Args:
            keys: that are left.

        Returns:
            0 when no key is left; None when keys are left and nobody took any, so that nothing is known.

        >>> DelegationPace(seconds=WEEK_SECONDS, delegations=3).runway_seconds(10) // DAY_SECONDS
        23
        >>> DelegationPace(seconds=WEEK_SECONDS, delegations=0).runway_seconds(10)
        """
        if keys == 0:
            return 0
        return keys * self.seconds // self.delegations if self.delegations else None


@attrs.frozen(kw_only=True)
class QueueRunway:
    """How long a provider's keys last at the pace of one window of time."""

    provider_id: int
    keys_queued: int
    """Keys that are left."""
    window_seconds: int = unit("s")
    """What was looked at: the window asked for, or the time since the provider registered where that is shorter."""
    delegations: int
    """Stakes made with the provider in that time."""
    delegations_per_week: float | None
    """At this pace; None when the provider registered in this very block."""
    runway_seconds: int | None = unit("s")
    """How long the keys last, rounded down; None when nobody staked in that time, so that it is not known."""
    runs_out_at: int | None = unit("s")
    """When the last key is taken then; None as above, and when it is more than a century away: no calendar of a table
    reaches as far as some runways do."""


def delegation_pace(delegated_at: Sequence[int], *, begins_at: int, now_at: int) -> DelegationPace | None:
    """The pace from a time up to now; None when that is no time at all.

    Args:
        delegated_at: when each stake with the provider was made, in Unix seconds.
        begins_at: since when.
        now_at: of the block.

    Raises:
        InputError: a stake that was made after now.
    """
    if any(at > now_at for at in delegated_at):
        raise InputError("a delegation of a later time than the block's", now_at=now_at)
    if begins_at >= now_at:
        return None
    return DelegationPace(seconds=now_at - begins_at, delegations=sum(at >= begins_at for at in delegated_at))


def queue_runways(
    provider_id: int,
    keys_queued: int,
    *,
    registered_at: int,
    delegated_at: Sequence[int],
    now_at: int,
    windows_seconds: Sequence[int] = WINDOWS_SECONDS,
) -> tuple[QueueRunway, ...]:
    """How long keys last, by the pace of each window, and last by that of all the time since the provider registered.

    Windows that reach behind the registration are the same as all the time, and left out.

    Args:
        provider_id: of the provider.
        keys_queued: keys that are left.
        registered_at: when the provider registered, in Unix seconds.
        delegated_at: when each stake with it was made.
        now_at: of the block.
        windows_seconds: how far to look back, each.

    Raises:
        InputError: a window of no time, or times after now.
    """
    if any(seconds < 1 for seconds in windows_seconds):
        raise InputError("a window takes some time", windows=", ".join(map(str, windows_seconds)))
    if registered_at > now_at:
        raise InputError("the provider registered later", registered_at=registered_at, now_at=now_at)
    begins = [
        now_at - seconds for seconds in sorted(set(windows_seconds)) if now_at - seconds > registered_at
    ]
    rows = []
    for begins_at in (*begins, registered_at):
        pace = delegation_pace(delegated_at, begins_at=begins_at, now_at=now_at)
        lasts = None if pace is None else pace.runway_seconds(keys_queued)
        rows.append(
            QueueRunway(
                provider_id=provider_id,
                keys_queued=keys_queued,
                window_seconds=now_at - begins_at,
                delegations=sum(at >= begins_at for at in delegated_at),
                delegations_per_week=None if pace is None else pace.per_week,
                runway_seconds=lasts,
                runs_out_at=None if lasts is None or lasts > _CENTURY_SECONDS else now_at + lasts,
            )
        )
    return tuple(rows)
