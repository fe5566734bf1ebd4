"""What carries an intent out: looks at the world, says what it would do, does it, and is looked after by the loop."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

import attrs

from aztec_butler.core.intents import ActionKind, Intent


class Standing(StrEnum):
    """How the world stands to an intent."""

    NEEDED = "needed"
    """The effect is not there and nothing is under way."""
    UNDER_WAY = "under-way"
    """All that we can do is done; others (signers of a Safe, a node, the chain) have to go on."""
    DONE = "done"
    """The effect is there, whoever brought it about."""
    IMPOSSIBLE = "impossible"
    """It can no longer be brought about, or must not."""


@attrs.frozen(kw_only=True)
class Look:
    """What a look at the world found.

    Args:
        standing: of the world.
        evidence: one sentence: what was seen, where, at which block.
        again_in_seconds: when to look again while it is under way; None for the usual time.
    """

    standing: Standing
    evidence: str
    again_in_seconds: float | None = None


@attrs.frozen(kw_only=True)
class Plan:
    """What an executor would do now; nothing has been done yet.

    Args:
        summary: one sentence.
        lines: the details for people: a diff, calls, simulated gas, the file that would be written.
        problems: why it would be refused; empty when it can be done.
    """

    summary: str
    lines: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Attempt(Protocol):
    """One try at an intent. What it tells is in the journal before it returns, so that a crash can be understood."""

    number: int

    def step(self, name: str, **facts: object) -> None:
        """Record that a step is about to be taken, or was.

        Args:
            name: ``writing``, ``written``, ``reloading``, ``reloaded``, ...
            facts: what somebody who has to find out later would want; no secrets. Plain JSON values.
        """

    def past(self) -> Collection[tuple[str, dict[str, object]]]:
        """Steps of this intent's attempts so far, oldest first, with their facts: what an earlier crash left."""


class Executor(Protocol):
    """Carries out intents of some kinds. Used by one thread at a time; may be slow, and must be stoppable.

    Every method may raise ``ButlerError``: after ``InputError`` and ``SettingsError`` somebody has to change something,
    and attempts are spaced widely; after others it is tried again soon.
    """

    kinds: frozenset[ActionKind]

    def look(self, intent: Intent, attempt: Attempt) -> Look:
        """How the world stands; reads only."""

    def plan(self, intent: Intent) -> Plan:
        """What would be done; reads only. Shown in dry runs and before an approval."""

    def act(self, intent: Intent, attempt: Attempt) -> None:
        """Bring the effect about. Called only right after a look that found it needed; looked after by another."""

    def stop(self) -> None:
        """End what is under way as soon as it can be ended safely. Called from another thread."""
