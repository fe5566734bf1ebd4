"""How far long work is, on stderr: a bar where somebody watches, a sentence for each long wait where nobody does."""

import sys
from types import TracebackType
from typing import Any, Self


class Bar:
    """A progress bar with a sentence; a context manager.

    Args:
        quiet: show nothing at all.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._watched = not quiet and sys.stderr.isatty()
        self._bar: Any = None

    def tell(self, sentence: str) -> None:
        """Say what is being waited for."""
        if self._watched:
            self._open().set_description_str(sentence)
        elif not self._quiet:
            print(sentence, file=sys.stderr, flush=True)

    def step(self, done: int, total: int, what: str) -> None:
        """Move the bar on."""
        if self._watched:
            bar = self._open()
            bar.total = total
            bar.set_description_str(what, refresh=False)
            bar.update(done - bar.n)
            bar.refresh()
            if done >= total:
                bar.close()
                self._bar = None

    def _open(self) -> Any:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=1, file=sys.stderr, leave=False, bar_format="{percentage:3.0f}% |{bar:24}| {desc}"
            )
        return self._bar

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
