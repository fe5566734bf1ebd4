"""What a watcher waits for: its journal's actions, what each would do, and a decision by somebody who has read it."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import ipywidgets

from aztec_butler.core.cards import card, escaped, moment, mono, preformatted, shown
from aztec_butler.core.errors import InputError
from aztec_butler.core.intents import IntentState
from aztec_butler.notebook.widgets.panel import Panel, button, labelled, line, row
from aztec_butler.store.journal_deciding import JournalDecider
from aztec_butler.store.journal_reading import JournalReader
from aztec_butler.store.journal_rows import IntentRow, RecordedPlan

_FILTERS: Final[tuple[tuple[str, frozenset[IntentState] | None], ...]] = (
    ("waiting for approval", frozenset({IntentState.WAITING})),
    ("open", frozenset(state for state in IntentState if state.is_open)),
    ("given up or rejected", frozenset({IntentState.DEAD, IntentState.REJECTED, IntentState.EXPIRED})),
    ("all", None),
)
_MOST: Final = 500
_GOOD: Final = frozenset({IntentState.DONE, IntentState.READY})
_BAD: Final = frozenset({IntentState.DEAD, IntentState.REJECTED, IntentState.EXPIRED})


def approvals(
    journal: str | Path, *, by: str | None = None, clock: Callable[[], float] = time.time
) -> Approvals:
    """Decide about the actions that a watcher waits with, while it runs or when it does not.

    Args:
        journal: the watcher's journal, ``journal.sqlite3`` in its state directory; or that directory.
        by: who decides, as the journal is to remember it; None for this machine's user.
        clock: Unix seconds of now.

    Returns:
        A form. Nothing is decided before the action was shown.
    """
    return Approvals(Path(journal).expanduser(), by=getpass.getuser() if by is None else by, clock=clock)


class Approvals(Panel):
    """Actions of a journal, to approve or to reject.

    The file is opened for each look and each decision, and closed again: a watcher beside it is never held up.

    Args:
        journal: its file, or the directory that it lies in.
        by: who decides.
        clock: Unix seconds of now.

    Attributes:
        shown_id: of the action whose details are shown, which is the one that the buttons decide about; None for none.
    """

    def __init__(self, journal: Path, *, by: str, clock: Callable[[], float]) -> None:
        self._journal = journal / "journal.sqlite3" if journal.is_dir() else journal
        self._clock = clock
        self._is_filling = False
        self._seen: tuple[IntentRow, RecordedPlan | None] | None = None
        self.filter_field = ipywidgets.Dropdown(
            options=[(name, number) for number, (name, _) in enumerate(_FILTERS)]
        )
        self.filter_field.observe(lambda _: self.refresh(), "value")
        self.refresh_button = button("Refresh", self.refresh, tooltip="Read the journal again", primary=True)
        self.list_field = ipywidgets.Select(options=[], rows=6, layout={"width": "auto"})
        self.list_field.observe(self._on_choice, "value")
        self.details = ipywidgets.HTML(layout={"width": "auto"})
        self.by_field = ipywidgets.Text(by, continuous_update=False)
        self.reason_field = ipywidgets.Text(placeholder="why; kept in the journal", continuous_update=False)
        self.approve_button = button(
            "Approve",
            lambda: self.decide(approve=True),
            tooltip="Let the watcher do the action that is shown",
        )
        self.reject_button = button(
            "Reject",
            lambda: self.decide(approve=False),
            tooltip="Keep the watcher from doing the action that is shown",
        )
        self.approve_button.button_style, self.reject_button.button_style = "success", "danger"
        self._lock_decisions(locked=True)
        said = line()
        super().__init__(
            "Actions of the watcher",
            [
                row(labelled("Show", self.filter_field, width="230px"), self.refresh_button),
                labelled("Actions, oldest first", self.list_field, width="98%"),
                self.details,
                row(
                    labelled("Decided by", self.by_field, width="200px"),
                    labelled("Reason", self.reason_field, width="360px"),
                    self.approve_button,
                    self.reject_button,
                ),
                said,
            ],
            buttons=[self.refresh_button],
            lines=[said],
        )

    @property
    def shown_id(self) -> str | None:
        """The action that the buttons decide about."""
        return None if self._seen is None else self._seen[0].id

    # -- the list

    def refresh(self) -> None:
        """Read the list anew; what the button does."""
        self.attempt("Reading ...", self._refresh)

    def _refresh(self) -> str:
        name, states = _FILTERS[self.filter_field.value]
        with JournalReader.read_only(self._journal) as journal:
            rows = journal.intents(states=states)
        if len(rows) > _MOST:
            rows = rows[-_MOST:]  # the newest ones, as a list in a browser has an end
        self._is_filling = True
        try:
            # No action is chosen by itself: whoever presses a button twice must not decide about the next one.
            self.list_field.options = [(_line(each), each.id) for each in rows]
            self.list_field.value = None
        finally:
            self._is_filling = False
        self._show(None)
        return f"{len(rows):,} {'action' if len(rows) == 1 else 'actions'}: {name}"

    def _on_choice(self, _: Any) -> None:
        if not self._is_filling:
            self.attempt("", self._choose)

    def _choose(self) -> None:
        self._show(None)
        if self.list_field.value is not None:
            with JournalReader.read_only(self._journal) as journal:
                self._show(self._look(journal, self.list_field.value), journal)

    # -- one action

    @staticmethod
    def _look(journal: JournalReader, intent_id: str) -> tuple[IntentRow, RecordedPlan | None]:
        found = journal.intent(intent_id)
        return found, journal.plan(found.id)

    def _show(
        self, seen: tuple[IntentRow, RecordedPlan | None] | None, journal: JournalReader | None = None
    ) -> None:
        self._seen = seen
        if seen is None or journal is None:
            self.details.value = ""
        else:
            self.details.value = _details(*seen, now=int(self._clock()))
        self._lock_decisions(locked=seen is None or seen[0].state is not IntentState.WAITING)

    def _lock_decisions(self, *, locked: bool) -> None:
        self.approve_button.disabled = self.reject_button.disabled = locked

    def decide(self, *, approve: bool) -> None:
        """Approve or reject the action that is shown; what the buttons do.

        Args:
            approve: whether it may be done.
        """
        self.attempt("Writing ...", lambda: self._decide(approve=approve))

    def _decide(self, *, approve: bool) -> str:
        seen = self._seen
        if seen is None:
            raise InputError("no action is shown", hint="choose one in the list, and read what it would do")
        who = self.by_field.value.strip()
        if not who:
            raise InputError("say who decides: the journal keeps it")
        with JournalDecider.attach(self._journal) as journal:
            now = self._look(journal, seen[0].id)
            if now[1] != seen[1]:
                self._show(now, journal)
                raise InputError(
                    "what this action would do has changed since it was shown",
                    hint="read it again below, then decide",
                    id=seen[0].id,
                )
            decided = journal.decide(
                seen[0].id,
                approve=approve,
                by=who,
                reason=self.reason_field.value.strip(),
                now=int(self._clock()),
            )
        self.reason_field.value = ""
        self._refresh()
        return f"{decided.id[:12]} was {'approved' if approve else 'rejected'} by {who}: {decided.intent.summary}"


def _line(intent: IntentRow) -> str:
    """An action in a line of the list."""
    return f"{intent.id[:8]}  {intent.state.value}  {intent.intent.kind.value}  {intent.intent.summary}"


def _details(intent: IntentRow, plan: RecordedPlan | None, *, now: int) -> str:
    what = intent.intent
    kind = "good" if intent.state in _GOOD else "bad" if intent.state in _BAD else "plain"
    rows = [
        ("id", mono(intent.id)),
        ("action", escaped(f"{what.kind.value} of {what.target}")),
        ("because of", escaped(f"{what.cause.name} in block {what.cause.block_number:,}")),
        ("written", moment(intent.created_at)),
    ]
    if what.expires_at is not None:
        over = " (over)" if intent.is_expired(now) else ""
        rows.append(("not worth doing after", moment(what.expires_at) + over))
    if intent.reason:
        rows.append(("state", escaped(intent.reason)))
    rows += [
        (name.removesuffix("_wei").replace("_", " "), _parameter(name, value))
        for name, value in what.parameters.items()
    ]
    if plan is None:
        rows.append(("would do", "the watcher has not looked at it yet"))
    else:
        rows.append(
            (f"would do, as of {moment(plan.at)}", preformatted("\n".join([plan.summary, *plan.lines])))
        )
        if plan.problems:
            rows.append(("would be refused", preformatted("\n".join(plan.problems))))
    return card(what.summary, rows, badges=[(intent.state.value, kind)])


def _parameter(name: str, value: object) -> str:
    if name.endswith("_wei") and isinstance(value, str) and value.isascii() and value.isdigit():
        return shown(int(value), "wei")
    return escaped(value)
