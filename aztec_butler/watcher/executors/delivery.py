"""How calls get to the owners of a Safe, and what has become of them there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Protocol

import attrs

from aztec_butler.core.calls import Call
from aztec_butler.core.intents import Intent
from aztec_butler.watcher.executor import Attempt

Past = Collection[tuple[str, dict[str, object]]]
"""Steps of an intent's attempts so far."""


class Fate(StrEnum):
    """What has become of calls that were handed out."""

    WAITING = "waiting"
    EXECUTED = "executed"
    ENDED = "ended"
    """They will not be executed: the owners, or the chain, have decided so."""


@attrs.frozen(kw_only=True)
class Delivered:
    """Calls that were handed out.

    Args:
        fate: what has become of them.
        evidence: one sentence.
        calls: what they are; empty where nobody knows any more.
    """

    fate: Fate
    evidence: str
    calls: tuple[Call, ...] = ()


class Delivery(Protocol):
    """A way to the owners of one Safe."""

    safe: str

    def find(self, intent: Intent, past: Past) -> Delivered | None:
        """What was handed out for an intent; None where nothing was."""

    def waiting(self, intent: Intent) -> Iterator[tuple[str, Call]]:
        """Calls that wait there for other reasons than this intent, each with the place where it waits."""

    def plan(self, intent: Intent, calls: tuple[Call, ...]) -> tuple[str, ...]:
        """What handing them out would mean, a line each.

        Raises:
            ButlerError: it cannot be done.
        """

    def deliver(self, intent: Intent, calls: tuple[Call, ...], attempt: Attempt) -> None:
        """Hand them out, once; what an earlier attempt has begun is ended.

        Raises:
            ButlerError: it cannot be done, or nobody knows whether it was.
        """


def name_of(intent: Intent) -> str:
    """What the owners see of an intent."""
    return f"aztec-butler {intent.kind.value} {intent.id}"
