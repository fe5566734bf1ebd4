"""When an intent is taken up again: what the journal says, what this process knows better, and what clocks do to both."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from aztec_butler.core.intents import IntentState
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_rows import IntentRow

FOLLOW_SECONDS: Final = 60
RETRY_SECONDS: Final = 15
LONGEST_SECONDS: Final = 6 * 3600
"""Nothing is put off for longer, so that a time further ahead than this is a wrong clock's."""
_LONGEST_RETRY_SECONDS: Final = 3600
_WIDE_RETRY_SECONDS: Final = 600
"""After an error that somebody has to mend: settings, a file, a key."""
_BACK_SECONDS: Final = 5
_OPEN: Final = (IntentState.READY, IntentState.FOLLOWING)
_FIGURES: Final = re.compile(r"(?<![0-9a-zA-Z])[0-9][0-9,.]*(?![0-9a-zA-Z])")


def retry_seconds(failures: int, *, is_wide: bool) -> int:
    """How long to wait after so many failures in a row: each time twice as long, up to a limit.

    Args:
        failures: in a row, from 1 on.
        is_wide: whether somebody has to mend something first.

    >>> [retry_seconds(n, is_wide=False) for n in (1, 2, 3, 99)], retry_seconds(1, is_wide=True)
    ([15, 30, 60, 3600], 600)
    """
    first, longest = (
        (_WIDE_RETRY_SECONDS, LONGEST_SECONDS) if is_wide else (RETRY_SECONDS, _LONGEST_RETRY_SECONDS)
    )
    return int(min(longest, first * 2 ** min(failures - 1, 16)))


def gist_of(text: str) -> str:
    """A sentence without its figures: block numbers change with every look and are no news; addresses are none.

    >>> gist_of("looked up to block 1,234 of 0x12ab")
    'looked up to block # of 0x12ab'
    """
    return _FIGURES.sub("#", text)


class Waiting:
    """Says what is due. Times of the journal outlive the process; those of this process do not depend on a clock that
    somebody may set.

    Args:
        monotonic: seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until: dict[str, float] = {}
        self._latest: int | None = None

    def put_off(self, intent_id: str, seconds: float) -> int:
        """Take an intent up no sooner than after some seconds; how many they are."""
        wait = int(min(LONGEST_SECONDS, max(1, seconds)))
        self._until[intent_id] = self._monotonic() + wait
        return wait

    def forget(self, intent_id: str) -> None:
        """Go by what the journal says of an intent."""
        self._until.pop(intent_id, None)

    def due(self, journal: Journal, now: int) -> list[IntentRow]:
        """The intents whose time has come.

        Args:
            journal: of this thread.
            now: Unix seconds.
        """
        went_back = self._latest is None or now < self._latest - _BACK_SECONDS
        self._latest = now
        # A clock that was set back must not keep anything waiting until it has come so far again.
        rows = journal.intents(states=_OPEN) if went_back else journal.intents(due_at=now)
        due = [
            row
            for row in rows
            if row.id not in self._until
            and (row.is_due(now) or (row.changed_at > now + _BACK_SECONDS and _has_begun(row, now)))
        ]
        moment = self._monotonic()
        for intent_id in [each for each, until in self._until.items() if until <= moment]:
            del self._until[intent_id]
            row = journal.intent(intent_id)
            if row.state in _OPEN and _has_begun(row, now):
                due.append(row)
        return due


def _has_begun(row: IntentRow, now: int) -> bool:
    return row.intent.not_before is None or row.intent.not_before <= now
