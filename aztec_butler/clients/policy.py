"""How patient a client is, and how often it may ask. Pure but for the clock it is given."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import attrs

from aztec_butler.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often, and after which waits, a failed request is made again.

    A round asks every usable endpoint once; the waits lie between the rounds.

    Args:
        rounds: how many rounds there are at most; 1 for no retries.
        first_wait_seconds: upper bound of the wait after the first round; it doubles with each round.
        longest_wait_seconds: where the doubling ends.
        longest_retry_after_seconds: a node that asks for a longer wait is not waited for.
        total_seconds: no round begins later than this after the first one.
        cool_down_seconds: for how long an endpoint that failed goes to the end of the line; doubles while it fails.
        longest_cool_down_seconds: where that doubling ends.
    """

    rounds: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    first_wait_seconds: float = 0.25
    longest_wait_seconds: float = 8.0
    longest_retry_after_seconds: float = 60.0
    total_seconds: float = 120.0
    cool_down_seconds: float = 5.0
    longest_cool_down_seconds: float = 300.0

    def wait_seconds(self, round_number: int, fraction: float) -> float:
        """The wait after a round that failed: exponential, with full jitter.

        Args:
            round_number: 1 for the first.
            fraction: random, from 0 to 1. All of the wait is random, so that many clients do not come back at once.

        >>> RetryPolicy().wait_seconds(3, 0.5)
        0.5
        """
        return fraction * min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** (round_number - 1))

    def cool_down(self, failures: int) -> float:
        """For how long an endpoint is asked last, in seconds.

        Args:
            failures: how often in a row it failed, 1 or more.

        >>> [RetryPolicy().cool_down(failures) for failures in (1, 2, 3, 30)]
        [5.0, 10.0, 20.0, 300.0]
        """
        return min(self.longest_cool_down_seconds, self.cool_down_seconds * 2.0 ** (failures - 1))


NO_RETRIES = RetryPolicy(rounds=1)

_ROUNDING_SECONDS = 1e-6


class RateLimit:
    """A token bucket, shared by threads: at most so many requests per second on average, bursts of one second's worth.

    Args:
        per_second: requests per second; None for no limit.
        clock: seconds of a monotonic clock.
        sleep: waits for a number of seconds.

    Raises:
        InputError: not above zero.
    """

    def __init__(
        self, per_second: float | None, *, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        if per_second is not None and not per_second > 0:
            raise InputError("a limit of requests per second is above zero", value=per_second)
        self._interval = 0.0 if per_second is None else 1.0 / per_second
        # A bucket holds a second's tokens, but a whole one at least.
        self._burst_seconds = max(1.0, self._interval) - self._interval
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._full_at = clock()

    def wait(self, count: int = 1) -> None:
        """Take tokens, and wait until they are there. Whoever comes next waits behind.

        Args:
            count: JSON-RPC requests about to be made; each item of a batch is one, because providers count them so.
        """
        if not self._interval:
            return
        with self._lock:
            now = self._clock()
            # The time at which the bucket would be full again, moved on by what is taken now.
            self._full_at = max(self._full_at, now)
            seconds = self._full_at + (count - 1) * self._interval - self._burst_seconds - now
            self._full_at += count * self._interval
        if seconds > _ROUNDING_SECONDS:
            self._sleep(seconds)
