"""The commands that show what the watcher means to do, and let somebody decide. They ask no node."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from aztec_butler.cli.action_rows import ShownAction, ShownStory, shown_action, shown_attempt, shown_plan
from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import render_time
from aztec_butler.cli.command import command
from aztec_butler.cli.journal_inputs import SHORT, Place, hanging, journal_place, now, width
from aztec_butler.cli.journal_words import facts_told, told
from aztec_butler.cli.table import shorten
from aztec_butler.core.errors import ApprovalPending, InputError
from aztec_butler.core.intents import ActionKind, IntentState
from aztec_butler.core.units import render_duration

if TYPE_CHECKING:
    from aztec_butler.store.journal import Journal
    from aztec_butler.store.journal_reading import JournalReader
    from aztec_butler.store.journal_rows import AuditLine, IntentRow, RecordedPlan

_LISTED = (*(state for state in IntentState if state.is_open), IntentState.DEAD)


def _words(kind: type[ActionKind] | type[IntentState], text: str) -> tuple[Any, ...]:
    known = {member.value: member for member in kind}
    try:
        return tuple(known[part.strip()] for part in text.split(",") if part.strip())
    except KeyError as error:
        raise InputError(
            "expected some of a few words", value=error.args[0], words=", ".join(known)
        ) from None


def _kinds(text: str) -> tuple[ActionKind, ...]:
    return _words(ActionKind, text)


def _states(text: str) -> tuple[IntentState, ...]:
    return _words(IntentState, text)


@command(journal_place)
def list_actions(  # noqa: D417 - groups give the place
    place: Place,
    *,
    states: Annotated[tuple[IntentState, ...], _states, "STATES"] = _LISTED,
    kinds: Annotated[tuple[ActionKind, ...], _kinds, "KINDS"] | None = None,
    all: bool = False,  # noqa: A002 - the name of the option
    check: bool = False,
) -> Answer:
    """What the watcher means to do: what waits for an approval, what is under way, what was given up.

    Args:
        states: only actions in these, separated by commas: waiting, ready, running, following, done, dry, rejected,
            expired, retracted, dead.
        kinds: only these: notify, update-coinbase, create-provider, add-keys, top-up.
        all: in every state.
        check: exit code 6 when any of them waits for an approval.

    Examples:
        aztec-butler actions list --network mainnet
        aztec-butler actions list --states waiting --check
        aztec-butler actions list --all --kinds update-coinbase --format json
    """
    with place.read() as journal:
        rows = journal.intents(states=None if all else states, kinds=kinds)
    waiting = sum(row.state is IntentState.WAITING for row in rows)
    notes = [f"{len(rows)} {'action' if len(rows) == 1 else 'actions'}"]
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        notes.append(
            f"{waiting} {verb} for an approval: aztec-butler actions show ID, then approve or reject ID"
        )
    return _answer(
        rows,
        notes=notes,
        failure=ApprovalPending("actions wait for an approval", actions=waiting)
        if check and waiting
        else None,
    )


def _answer(
    rows: "Sequence[IntentRow]", *, notes: Sequence[str], failure: ApprovalPending | None = None
) -> Answer:
    shown = [shown_action(row, now()) for row in rows]
    return Answer(
        rows=shown,
        row_type=ShownAction,
        lines=tuple(_listed(shown)),
        notes=tuple(notes),
        failure=failure,
    )


def _listed(shown: Sequence[ShownAction]) -> Iterator[str]:
    """Two lines or more for each: what it is, and its sentence."""
    heading = ("ID", "KIND", "STATE", "AGE", "EXPIRES", "TARGET")
    at = now()
    cells = [
        (
            each.id[:SHORT],
            each.kind.value,
            each.state.value,
            render_duration(each.age_seconds),
            _expiry(each, at),
            each.target,
        )
        for each in shown
    ]
    sizes = [max(map(len, column)) for column in zip(heading, *cells, strict=True)]
    across = width()
    for number, row in enumerate([heading, *cells]):
        first = "".join(f"{cell:<{size}}  " for cell, size in zip(row[:-1], sizes, strict=False))
        target = row[-1]
        if across is not None and len(first) + len(target) > across:
            target = shorten(target)  # `actions show` has all of it
        yield from hanging(first, target, across)
        if number:
            yield from hanging(" " * (SHORT + 2), shown[number - 1].summary, across)


def _expiry(each: ShownAction, at: int) -> str:
    if each.expires_at is None or not each.state.is_open:
        return "-"
    left = each.expires_at - at
    return f"in {render_duration(left)}" if left >= 0 else "now"


@command(journal_place)
def show(  # noqa: D417 - groups give the place
    place: Place, action: Annotated[str, str, "ID"]
) -> Answer:
    """An action's whole story: why, what would be done, what was tried, who decided what.

    Args:
        action: its id, or the first digits of it.

    Examples:
        aztec-butler actions show 3fa2b1c4
        aztec-butler actions show 3fa2b1c4 --network testnet --format json
    """
    with place.read() as journal:
        row = journal.intent(action)
        plan, attempts = journal.plan(row.id), journal.attempts(row.id)
        lines = list(journal.history(intent_id=row.id))
    story = ShownStory(
        action=shown_action(row, now()),
        parameters=dict(row.intent.parameters),
        mode=row.mode.value,
        not_before_at=row.intent.not_before,
        plan=None if plan is None else shown_plan(plan),
        attempts=tuple(shown_attempt(attempt) for attempt in attempts),
        story=tuple(f"{render_time(line.at)} {line.kind}: {told(line)}" for line in lines),
    )
    return Answer(
        rows=(story,),
        row_type=ShownStory,
        is_single=True,
        lines=tuple(_story(row, plan, lines)),
    )


def _story(row: "IntentRow", plan: "RecordedPlan | None", lines: "Sequence[AuditLine]") -> Iterator[str]:
    across, intent = width(), row.intent
    where = f"block {intent.cause.block_number:,} {intent.cause.block_hash}"
    if not intent.cause.is_condition:
        where += f", transaction {intent.cause.transaction_hash}, log {intent.cause.log_index}"
    facts: dict[str, str | None] = {
        "action": row.id,
        "kind": intent.kind.value,
        "target": intent.target,
        "state": f"{row.state.value}{f' ({row.reason})' if row.reason else ''}",
        "summary": intent.summary,
        "cause": f"{intent.cause.name}, {where}",
        "parameters": facts_told(intent.parameters) or None,
        "mode": f"{row.mode.value}, as it was then",
        "not before": _when(intent.not_before),
        "expires": _when(intent.expires_at),
        "next try": _when(row.next_at),
        "follows up": row.answers,
    }
    for name, fact in facts.items():
        if fact is not None:
            yield from hanging(f"{name:<12}", fact, across)
    if plan is not None:
        yield ""
        yield from hanging("plan        ", f"{plan.summary} (found {_when(plan.at)})", across)
        for text in plan.lines:
            # A diff or a call keeps its own lines.
            yield from (part for line in text.split("\n") for part in hanging(" " * 14, line, None))
        for problem in plan.problems:
            yield from hanging("  refused:  ", problem, across)
    yield ""
    for line in lines:
        if line.kind != "plan":
            text = f"written, {row.id[:SHORT]}" if line.kind == "intent" else told(line)
            yield from hanging(f"{_when(line.at)}  {line.kind:<9}  ", text, across)


def _when(seconds: int | None) -> str | None:
    return None if seconds is None else render_time(seconds).replace("T", " ")


def deciding(
    *, by: Annotated[str, str, "NAME"] | None = None, reason: Annotated[str, str, "TEXT"] = ""
) -> Mapping[str, str]:
    """Decision.

    Args:
        by: who decides, for the audit; the user of this shell by default.
        reason: why, for the audit.
    """
    import getpass

    try:
        return {"by": by or getpass.getuser(), "reason": reason}
    except (OSError, KeyError):  # a process without a user's name
        import os

        return {"by": f"user {os.getuid()}", "reason": reason}


@command(journal_place, deciding)
def approve(  # noqa: D417 - groups give the place
    place: Place,
    decision: Mapping[str, str],
    *actions: Annotated[str, str, "ID"],
    all: bool = False,  # noqa: A002 - the name of the option
    kind: ActionKind | None = None,
) -> Answer:
    """Let the watcher do what waits. It looks at the world once more before it does anything.

    A watcher that runs finds the approval at its next turn; without one it waits until one runs.

    Args:
        actions: ids, or the first digits of each.
        all: everything that waits.
        kind: with --all, only actions of this kind.

    Examples:
        aztec-butler actions approve 3fa2b1c4
        aztec-butler actions approve 3fa2b1c4 90ab12cd --reason "checked with Anna"
        aztec-butler actions approve --all --kind update-coinbase
    """
    with place.attach() as journal:
        rows = _chosen(journal, actions, everything=all, kind=kind)
        done = [journal.decide(row.id, approve=True, **decision, now=now()) for row in rows]
    return _decided(place, done, "approved")


@command(journal_place, deciding)
def reject(  # noqa: D417 - groups give the place
    place: Place,
    decision: Mapping[str, str],
    *actions: Annotated[str, str, "ID"],
    all: bool = False,  # noqa: A002 - the name of the option
    kind: ActionKind | None = None,
) -> Answer:
    """Keep the watcher from doing what waits.

    Args:
        actions: ids, or the first digits of each.
        all: everything that waits.
        kind: with --all, only actions of this kind.

    Examples:
        aztec-butler actions reject 3fa2b1c4 --reason "the old coinbase is right"
        aztec-butler actions reject --all --kind top-up
    """
    with place.attach() as journal:
        rows = _chosen(journal, actions, everything=all, kind=kind)
        done = [journal.decide(row.id, approve=False, **decision, now=now()) for row in rows]
    return _decided(place, done, "rejected")


@command(journal_place, deciding)
def retry(  # noqa: D417 - groups give the place
    place: Place, decision: Mapping[str, str], *actions: Annotated[str, str, "ID"]
) -> Answer:
    """Make ready again what was given up or rejected, or only said in a dry run.

    Args:
        actions: ids, or the first digits of each.

    Examples:
        aztec-butler actions retry 3fa2b1c4 --reason "the node is back"
    """
    if not actions:
        raise InputError("no action is named", hint="aztec-butler actions list --states dead,rejected,dry")
    with place.attach() as journal:
        rows = _found(journal, actions)
        for row in rows:
            journal.check_retryable(row, now=now())
        done = [journal.retry(row.id, **decision, now=now()) for row in rows]
    return _decided(place, done, "ready again")


def _chosen(
    journal: "Journal", actions: Sequence[str], *, everything: bool, kind: ActionKind | None
) -> "list[IntentRow]":
    """The actions that are to be decided: all of them wait, or nothing is decided.

    Raises:
        InputError: one does not wait, or it is not clear which are meant.
        NotFoundError: there is no such action.
    """
    if bool(actions) == everything:
        raise InputError("either ids or --all say which actions are meant")
    if everything:
        kinds = None if kind is None else [kind]
        at = now()
        waiting = journal.intents(states=[IntentState.WAITING], kinds=kinds)
        return [row for row in waiting if not row.is_expired(at)]
    if kind is not None:
        raise InputError("a kind goes with --all", kind=kind.value)
    rows = _found(journal, actions)
    for row in rows:
        journal.check_waits(row, now=now())
    return rows


def _found(journal: "JournalReader", actions: Sequence[str]) -> "list[IntentRow]":
    """Actions by their ids, each once."""
    return list({row.id: row for row in map(journal.intent, actions)}.values())


def _decided(place: Place, rows: "Sequence[IntentRow]", word: str) -> Answer:
    notes = [f"{len(rows)} {word}" if rows else "nothing waits"]
    if rows and word != "rejected" and place.watcher is None:
        notes.append("no watcher runs now; they are done when one does")
    return _answer(rows, notes=notes)
