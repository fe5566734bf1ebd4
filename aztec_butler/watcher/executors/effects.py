"""What calls of a Safe are to bring about, and how the chain shows whether it is there."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import attrs

from aztec_butler.core.calls import Call
from aztec_butler.core.intents import Intent
from aztec_butler.watcher.executors.chain import Heads


class Presence(StrEnum):
    """Whether an effect is there."""

    ABSENT = "absent"
    SEEN = "seen"
    """In a block that may still vanish."""
    SETTLED = "settled"
    CONFLICT = "conflict"
    """It must not be brought about, or no longer."""


@attrs.frozen(kw_only=True)
class Effected:
    """What the chain shows of an effect.

    Args:
        presence: whether it is there.
        evidence: one sentence, with the block.
    """

    presence: Presence
    evidence: str


@attrs.frozen(kw_only=True)
class Built:
    """Calls that bring an effect about.

    Args:
        calls: in order, for one transaction of the Safe.
        lines: what people should know about them.
    """

    calls: tuple[Call, ...]
    lines: tuple[str, ...] = ()


class Effect(Protocol):
    """One kind of effect. Reads only."""

    def look(self, intent: Intent, heads: Heads, out: tuple[Call, ...] | None) -> Effected:
        """What the chain shows.

        Args:
            intent: what is meant.
            heads: up to where is looked.
            out: the calls that were handed out to be signed; empty where they were and nobody knows them any more;
                None where nothing was handed out.

        Raises:
            ButlerError: it cannot be found out.
        """

    def build(self, intent: Intent, heads: Heads) -> Built:
        """The calls, after every check that can be made before signing.

        Args:
            intent: what is meant.
            heads: of whose state they are.

        Raises:
            InputError: what was prepared is not good enough.
            ButlerError: it cannot be found out.
        """
