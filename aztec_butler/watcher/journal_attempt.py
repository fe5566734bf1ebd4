"""An attempt whose steps are in the journal before anything is done about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from aztec_butler.core.errors import InputError
from aztec_butler.core.intents import IntentState
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_rows import IntentRow


class NotWantedError(Exception):
    """An intent was retracted, decided about or ended by somebody else just now. No fault of anybody."""

    @classmethod
    @contextmanager
    def where_changed(cls) -> Iterator[None]:
        """Raise it where the journal refuses a state, because the intent is no longer in the one it was read in."""
        try:
            yield
        except InputError as error:
            raise cls(error.sentence) from None


class JournalAttempt:
    """One try at an intent. It begins in the journal with its first step: most looks take none.

    Args:
        journal: of this thread.
        row: the intent as it was read just now: ready or followed.
        now: Unix seconds.
        on_step: told of steps that the journal has.
    """

    def __init__(
        self,
        journal: Journal,
        row: IntentRow,
        now: Callable[[], int],
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._row = row
        self._now = now
        self._on_step = on_step
        self.has_begun = False
        self.number = row.attempts + 1

    def begin(self) -> None:
        """Begin, unless it has.

        Raises:
            NotWantedError: the intent may not be attempted any more.
        """
        if not self.has_begun:
            with NotWantedError.where_changed():
                self.number = self._journal.begin(self._row.id, now=self._now())
            self.has_begun = True

    def step(self, name: str, **facts: object) -> None:
        """Record a step."""
        self.begin()
        self._journal.step(self._row.id, self.number, name, facts, now=self._now())
        self._on_step(name)

    def past(self) -> Collection[tuple[str, dict[str, object]]]:
        """Steps of all attempts at this intent so far."""
        return [
            (step.name, dict(step.facts))
            for attempt in self._journal.attempts(self._row.id)
            for step in attempt.steps
        ]

    def settle(self, state: IntentState, detail: str, *, next_at: int | None = None) -> None:
        """End it: as an attempt where it has begun, as a look where it has not.

        Args:
            state: of the intent from now on.
            detail: one sentence.
            next_at: Unix seconds before which it is not to be taken up again.

        Raises:
            NotWantedError: the intent was changed by somebody else.
        """
        if not self.has_begun and state is self._row.state is IntentState.READY:
            return
        if state is IntentState.FOLLOWING and self._row.state is IntentState.READY:
            self.begin()  # found under way: what an earlier attempt did is followed by this one
        if self.has_begun:
            self._journal.end(self._row.id, self.number, state, detail, next_at=next_at, now=self._now())
            return
        with NotWantedError.where_changed():
            self._journal.move(self._row.id, state, detail, next_at=next_at, now=self._now())
