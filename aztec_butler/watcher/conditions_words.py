"""How conditions say what holds: notices, as of events. Pure."""

from __future__ import annotations

from aztec_butler.core.intents import ActionKind, Condition, Severity
from aztec_butler.watcher.notices import told


def tells(
    name: str, target: str, title: str, text: str, severity: Severity = Severity.WARNING, **fields: object
) -> Condition:
    """A condition that people are told about.

    Args:
        name: of the condition.
        target: whom it is about.
        title: a few words.
        text: sentences.
        severity: how soon it should be read.
        fields: facts for machines; None is left out.
    """
    return Condition(
        name=name,
        kind=ActionKind.NOTIFY,
        target=target,
        parameters=told(title, text, severity, **fields).to_json(),
        summary=text,
    )
