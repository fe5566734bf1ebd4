"""The commands around the watcher's journal. They ask no node, and work while a watcher runs."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import render_time
from aztec_butler.cli.command import command
from aztec_butler.cli.journal_inputs import SHORT, Place, hanging, journal_place, now, width
from aztec_butler.cli.journal_words import told
from aztec_butler.core.errors import CheckFailed, InputError
from aztec_butler.core.intents import IntentState
from aztec_butler.core.records import unit
from aztec_butler.core.units import parse_duration

if TYPE_CHECKING:
    from aztec_butler.core.intents import BlockRef
    from aztec_butler.store.journal_reading import JournalReader
    from aztec_butler.store.journal_rows import AuditLine, EventState

_SHOWN_LINES = 50
_HASH = re.compile(r"[0-9a-f]{64}")
_PIECE = 1 << 20


@attrs.frozen(kw_only=True)
class ShownJournal:
    """A journal, as ``journal status`` prints it."""

    file: str
    bytes: int
    watcher: str | None
    """The process that uses it; None when none does."""
    chain_id: int
    genesis_hash: str
    final_block: int | None
    final_hash: str | None
    final_at: int | None = unit("s")
    noticed_block: int | None
    noticed_hash: str | None
    noticed_at: int | None = unit("s")
    events_noticed: int
    events_final: int
    events_retracted: int
    conditions: int
    """That hold now."""
    actions: dict[str, int]
    """How many, by state."""
    lines: int
    """Of the audit."""
    last_at: int | None = unit("s")
    head: str
    """The hash of the last line."""
    version: int


@attrs.frozen(kw_only=True)
class ShownLine:
    """A line of the audit, as ``journal history`` prints it."""

    seq: int
    written_at: int = unit("s")
    kind: str
    action: str | None
    text: str
    hash: str


@attrs.frozen(kw_only=True)
class ShownFinding:
    """Something that is not as the watcher wrote it, as ``journal verify`` prints it."""

    where: str
    which: str
    reason: str


@command(journal_place)
def status(place: Place) -> Answer:
    """How far the watcher of a network is, and how many actions are in which state.

    Examples:
        aztec-butler journal status --network mainnet
        aztec-butler journal status --journal /var/lib/aztec-butler/mainnet/journal.sqlite3 --format json
    """
    with place.read() as journal:
        found, counts = journal.status(), journal.counts()
    by_state = {
        state.value: sum(count for (_, its), count in counts.items() if its is state) for state in IntentState
    }
    final, noticed = found.checkpoint.final, found.checkpoint.noticed
    shown = ShownJournal(
        file=str(place.path),
        bytes=found.bytes,
        watcher=place.watcher,
        chain_id=found.chain_id,
        genesis_hash=found.genesis_hash,
        final_block=None if final is None else final.number,
        final_hash=None if final is None else final.hash,
        final_at=None if final is None else final.timestamp,
        noticed_block=None if noticed is None else noticed.number,
        noticed_hash=None if noticed is None else noticed.hash,
        noticed_at=None if noticed is None else noticed.timestamp,
        events_noticed=found.noticed,
        events_final=found.final,
        events_retracted=found.retracted,
        conditions=found.open_conditions,
        actions=by_state,
        lines=found.lines,
        last_at=found.last_at,
        head=found.head,
        version=found.version,
    )
    return Answer(
        rows=(shown,),
        row_type=ShownJournal,
        is_single=True,
        lines=tuple(_status_lines(shown, final, noticed)),
    )


def _status_lines(shown: ShownJournal, final: "BlockRef | None", noticed: "BlockRef | None") -> Iterator[str]:
    actions = [f"{count} {state}" for state, count in shown.actions.items() if count]
    last = "" if shown.last_at is None else f", the last one at {_time(shown.last_at)}"
    rows = {
        "journal": f"{shown.file} ({shown.bytes / 1e6:,.1f} MB)",
        "watcher": "none runs" if shown.watcher is None else f"runs as process {shown.watcher}",
        "chain": f"{shown.chain_id}, genesis {shown.genesis_hash}",
        "final": _block(final),
        "noticed": _block(noticed),
        "events": f"{shown.events_final:,} final, {shown.events_noticed:,} noticed,"
        f" {shown.events_retracted:,} vanished",
        "conditions": f"{shown.conditions} hold",
        "actions": ", ".join(actions) or "none",
        "audit": f"{shown.lines:,} lines{last}",
        "last hash": shown.head,
    }
    across = width()
    for name, text in rows.items():
        yield from hanging(f"{name:<12}", text, across)


def _block(block: "BlockRef | None") -> str:
    if block is None:
        return "none yet"
    return f"block {block.number:,}, {_time(block.timestamp)}, {block.hash}"


def _time(seconds: int) -> str:
    return render_time(seconds).replace("T", " ")


def _kinds(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError("expected how many, 1 or more", value=text)
    return int(text)


@command(journal_place)
def history(  # noqa: D417 - groups give the place
    place: Place,
    *,
    last: Annotated[int, _count, "N"] = _SHOWN_LINES,
    action: Annotated[str, str, "ID"] | None = None,
    kinds: Annotated[tuple[str, ...], _kinds, "KINDS"] | None = None,
    since: Annotated[int, parse_duration, "DURATION"] | None = None,
) -> Answer:
    """What the watcher saw, meant to do and did, line by line as its audit tells it, the newest at the end.

    Args:
        last: at most so many lines.
        action: only those about an action: its id, or the first digits of it.
        kinds: only lines of these kinds, separated by commas: commit, intent, decided, begun, step, ended, plan,
            moved, expired, retracted, revived, condition-began, condition-ended, note.
        since: only those of so long ago, or less: 2h, 7d.

    Examples:
        aztec-butler journal history --network mainnet
        aztec-butler journal history --action 3fa2b1c4 --last 500
        aztec-butler journal history --kinds decided,ended --since 7d --format json
    """
    with place.read() as journal:
        intent_id = None if action is None else journal.intent(action).id
        lines = list(
            journal.history(
                intent_id=intent_id,
                kinds=kinds,
                since=None if since is None else now() - since,
                newest=last,
            )
        )
    return Answer(
        rows=[
            ShownLine(
                seq=line.seq,
                written_at=line.at,
                kind=line.kind,
                action=line.intent,
                text=told(line),
                hash=line.hash,
            )
            for line in lines
        ],
        row_type=ShownLine,
        lines=tuple(_history_lines(lines)),
        notes=() if lines else ("no line is like that",),
    )


def _history_lines(lines: "Sequence[AuditLine]") -> Iterator[str]:
    across = width()
    digits = max((len(str(line.seq)) for line in lines), default=1)
    kind = max((len(line.kind) for line in lines), default=1)
    for line in lines:
        first = f"{line.seq:>{digits}}  {_time(line.at)}  {line.kind:<{kind}}  {(line.intent or '')[:SHORT]:<{SHORT}}  "
        yield from hanging(first, told(line), across)


def _parse_hash(text: str) -> str:
    word = text.strip().lower().removeprefix("0x")
    if not _HASH.fullmatch(word):
        raise InputError("expected the hash of a line: 64 hexadecimal digits", value=text)
    return word


@command(journal_place)
def verify(  # noqa: D417 - groups give the place
    place: Place, *, noted: Annotated[str, _parse_hash, "HASH"] | None = None
) -> Answer:
    """Prove that a journal is as the watcher wrote it; exit code 5 when it is not.

    The lines of the audit hold each other by their hashes, and every event, action, condition and the checkpoint is
    held against them. Who keeps the last hash elsewhere can prove later that nothing before it was written anew.

    Args:
        noted: the hash of a line that was noted earlier; it must still be there.

    Examples:
        aztec-butler journal verify --network mainnet
        aztec-butler journal verify --noted 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
    """
    with place.read() as journal:
        found, findings = journal.status(), journal.verify(noted=noted)
    failure = CheckFailed(
        "the journal is not as the watcher wrote it",
        hint="keep it, and find out who changed it; a watcher will not use what it cannot prove",
        file=place.path,
        findings=len(findings),
    )
    return Answer(
        rows=[ShownFinding(where=each.where, which=each.which, reason=each.reason) for each in findings],
        row_type=ShownFinding,
        facts={"file": str(place.path), "audit_lines": found.lines, "head": found.head},
        notes=()
        if findings
        else (
            f"everything is as it was written; the last of {found.lines:,} lines has the hash {found.head}",
        ),
        failure=failure if findings else None,
    )


@command(journal_place, renders=False)
def export(  # noqa: D417 - groups give the place
    place: Place,
    *,
    output: Annotated[Path, lambda text: Path(text).expanduser(), "PATH"] | None = None,
    events: bool = False,
) -> None:
    """The whole audit as JSON, a line each, to keep it elsewhere.

    Every line holds seq, at (Unix seconds), kind, intent, body, previous and hash. The hash is SHA-256 of the previous
    hash's 32 bytes and of the JSON array of seq, at, kind, intent and body, the body being a JSON text itself; JSON with
    sorted keys, no spaces, and nothing but ASCII.

    Args:
        output: write to this file, whole or not at all, instead of to stdout.
        events: add the events, each with its state, after the lines.

    Examples:
        aztec-butler journal export --network mainnet --output audit.jsonl
        aztec-butler journal export --events
    """
    from aztec_butler.cli.stdout import write_text

    with place.read() as journal:
        if output is None:
            for piece in _pieces(_exported(journal, events=events)):
                write_text(piece)
            return
        from aztec_butler.store.files import write_whole_with

        write_whole_with(
            output,
            lambda file: [file.write(piece.encode()) for piece in _pieces(_exported(journal, events=events))],
        )


def _exported(journal: "JournalReader", *, events: bool) -> Iterator[str]:
    for line in journal.history():
        values = {
            "seq": line.seq,
            "at": line.at,
            "kind": line.kind,
            "intent": line.intent,
            "body": line.body,
            "previous": line.previous,
            "hash": line.hash,
        }
        yield json.dumps(values, separators=(",", ":"))
    if events:
        for state, columns in journal.events():
            yield json.dumps(_event(state, columns), separators=(",", ":"))


def _event(state: "EventState", columns: tuple[Any, ...]) -> dict[str, Any]:
    number, block_hash, transaction, transaction_index, index, address, name, topics, data, at = columns
    return {
        "event": name,
        "state": state.value,
        "block_number": number,
        "block_hash": "0x" + block_hash.hex(),
        "transaction_hash": "0x" + transaction.hex(),
        "transaction_index": transaction_index,
        "log_index": index,
        "address": "0x" + address.hex(),
        "topics": ["0x" + topics[place : place + 32].hex() for place in range(0, len(topics), 32)],
        "data": "0x" + data.hex(),
        "block_timestamp": None if at < 0 else at,
    }


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """Lines, many at once."""
    waiting: list[str] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size > _PIECE:
            yield "\n".join(waiting) + "\n"
            waiting, size = [], 0
    if waiting:
        yield "\n".join(waiting) + "\n"
