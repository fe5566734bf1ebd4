"""How many messages a target gets: so many singly, and what is more at intervals, as one. Pure but for the clock it is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from aztec_butler.core.intents import Severity

WINDOW_SECONDS: Final = 3600.0
_TRY_AGAIN_SECONDS: Final = 60.0


class MessageLimit:
    """For one target.

    Args:
        per_hour: messages that go singly within an hour. Critical ones always do, but count.
        digest_seconds: how long what is held back waits at least until it goes as one.
        clock: seconds of a monotonic clock.
    """

    def __init__(self, *, per_hour: int, digest_seconds: float, clock: Callable[[], float]) -> None:
        self._per_hour = per_hour
        self._digest_seconds = digest_seconds
        self._clock = clock
        self._sent: deque[float] = deque()
        self._digest_at: float | None = None

    def lets_through(self, severity: Severity) -> bool:
        """Whether a message may go by itself now."""
        if severity is Severity.CRITICAL:
            return True
        # What is held back goes first, or the order would be lost.
        return self._digest_at is None and self._count() < self._per_hour

    def sent(self) -> None:
        """A message went by itself."""
        self._sent.append(self._clock())

    def hold(self) -> None:
        """A message is held back."""
        if self._digest_at is None:
            self._digest_at = self._clock() + self._digest_seconds

    @property
    def digest_is_due(self) -> bool:
        """Whether what is held back goes now."""
        return self._digest_at is not None and self._clock() >= self._digest_at

    def seconds_to_digest(self) -> float:
        """How long what is held back still waits."""
        return 0.0 if self._digest_at is None else max(0.0, self._digest_at - self._clock())

    def put_off(self) -> None:
        """The digest could not be sent; it is not tried again for every notice in it."""
        self._digest_at = self._clock() + min(self._digest_seconds, _TRY_AGAIN_SECONDS)

    def digest_sent(self) -> None:
        """What was held back went."""
        self._digest_at = None

    def _count(self) -> int:
        since = self._clock() - WINDOW_SECONDS
        while self._sent and self._sent[0] <= since:
            self._sent.popleft()
        return len(self._sent)
