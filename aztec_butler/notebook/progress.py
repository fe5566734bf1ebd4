"""Progress bars for long reads, in a terminal and in a notebook."""

from __future__ import annotations

import threading
from typing import Any, Final

_DELAY_SECONDS: Final = 0.5
"""What is over sooner shows no bar."""


class ProgressBars:
    """One bar for each kind of thing that is being read; called with how much is done, of how much, and what.

    Bars go to standard error and vanish when they are full; without a terminal or notebook there are none.
    """

    def __init__(self) -> None:
        self._bars: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, done: int, total: int, what: str) -> None:
        """Move a bar on: so much is done, of how much, and what."""
        with self._lock:
            bar = self._bars.get(what)
            if bar is None:
                if done >= total:
                    return
                bar = self._bars[what] = _new_bar(total, what)
            bar.total = total
            bar.update(done - bar.n)
            if done >= total:
                bar.close()
                del self._bars[what]


def _new_bar(total: int, what: str) -> Any:
    from tqdm.auto import tqdm

    return tqdm(
        total=total, desc=what, unit="", unit_scale=True, leave=False, delay=_DELAY_SECONDS, disable=None
    )
