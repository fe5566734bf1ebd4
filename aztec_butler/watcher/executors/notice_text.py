"""Notices as people read them: one by itself, or many put together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from aztec_butler.core.intent_parameters import Notice
from aztec_butler.core.intents import Intent, Severity

_MARKS: Final = {Severity.INFO: "info", Severity.WARNING: "WARNING", Severity.CRITICAL: "CRITICAL"}
_MOST_IN_DIGEST: Final = 50
_LONGEST_LINE: Final = 300
REPEATED: Final = (
    "This may be a repetition: an earlier try ended before it was known whether the message had arrived."
)


@attrs.frozen(kw_only=True)
class Message:
    """What goes to a target.

    Args:
        title: one line.
        body: lines of plain text.
        severity: the worst of what is in it.
    """

    title: str
    body: str
    severity: Severity


def message_of(intent: Intent, notice: Notice, *, network: str, is_repeated: bool = False) -> Message:
    """One notice by itself, with the id by which the journal knows it.

    Args:
        intent: the notice's.
        notice: its parameters.
        network: name of the network.
        is_repeated: whether it may have arrived before.
    """
    lines = [notice.text]
    lines += [f"{name}: {value}" for name, value in notice.fields.items()]
    if not intent.cause.is_condition:
        lines.append(f"block {intent.cause.block_number}, transaction {intent.cause.transaction_hash}")
    if notice.retracts is not None:
        lines.append(f"This takes back notice {notice.retracts}.")
    if is_repeated:
        lines.append(REPEATED)
    lines.append(f"notice {intent.id}")
    return Message(
        title=f"[{network}] {_MARKS[notice.severity]}: {notice.title}",
        body="\n".join(lines),
        severity=notice.severity,
    )


@attrs.frozen(kw_only=True)
class HeldNotice:
    """A notice that was held back.

    Args:
        intent: the notice's.
        notice: its parameters.
        is_repeated: whether it may have arrived before.
    """

    intent: Intent
    notice: Notice
    is_repeated: bool = False


def digest_of(held: Sequence[HeldNotice], *, network: str) -> Message:
    """Notices that were held back, as one message: the worst first, each on a line, none without its id.

    Args:
        held: at least one.
        network: name of the network.
    """
    order = list(Severity)
    ranked = sorted(held, key=lambda each: -order.index(each.notice.severity))
    lines = [
        _short(f"{_MARKS[each.notice.severity]}: {each.notice.title}: {each.notice.text}")
        + f" ({each.intent.id}{', may be a repetition' if each.is_repeated else ''})"
        for each in ranked[:_MOST_IN_DIGEST]
    ]
    rest = ranked[_MOST_IN_DIGEST:]
    if rest:
        lines.append(f"and {len(rest)} more, see the journal: {' '.join(each.intent.id for each in rest)}")
    count = f"{len(held)} notice{'' if len(held) == 1 else 's'}"
    return Message(
        title=f"[{network}] {count} that had to wait",
        body="\n".join(lines),
        severity=ranked[0].notice.severity,
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "..."
