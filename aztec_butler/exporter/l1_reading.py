"""One reading of L1 for all collectors of a round: read once, by whoever asks first, while the others wait.

Collectors that begin together would else read the same whole validator set a dozen times, each at another block.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import attrs

from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.exporter.source import Source

MAX_AGE_SECONDS: Final = 15.0
"""Shorter than any sensible interval, so that no round sees the block of the one before."""


@attrs.define(eq=False)
class _Attempt:
    """One reading under way, or done."""

    began: float
    is_done: bool = False
    snapshot: Snapshot | None = None
    error: BaseException | None = None


class L1Reading:
    """The newest snapshot of a network, shared. Safe to use from many threads.

    Args:
        source: the network.
        max_age_seconds: how long after its beginning a reading is handed out.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        source: Source,
        *,
        max_age_seconds: float = MAX_AGE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self._max_age_seconds = max_age_seconds
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._attempt: _Attempt | None = None

    def snapshot(self) -> Snapshot:
        """The present snapshot, whose ``state`` is read already: asking for it again costs nothing.

        A reading that takes longer than it may be old is still handed to those who waited for it. One that failed is
        handed to nobody else, and whoever asks next begins a new one.

        Raises:
            ButlerError: the reading failed; for all who waited for it.
        """
        with self._changed:
            attempt = self._attempt
            if attempt is None or self._is_over(attempt):
                # The old snapshot goes before the new one comes: two of them would be twice the memory.
                attempt = self._attempt = _Attempt(self._monotonic())
            else:
                self._changed.wait_for(lambda: attempt.is_done)
                return _result(attempt)
        try:
            snapshot = self.source.snapshot()
            _ = snapshot.state.by_attester
            attempt.snapshot = snapshot
        except BaseException as error:
            attempt.error = error
            raise
        finally:
            with self._changed:
                attempt.is_done = True
                self._changed.notify_all()
        return snapshot

    def _is_over(self, attempt: _Attempt) -> bool:
        if not attempt.is_done:
            return False
        return attempt.error is not None or self._monotonic() - attempt.began > self._max_age_seconds


def _result(attempt: _Attempt) -> Snapshot:
    if attempt.error is not None:
        raise attempt.error
    assert attempt.snapshot is not None
    return attempt.snapshot
