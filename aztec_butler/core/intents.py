"""What the watcher means to do, why, and how far it is: the words that journal, handlers and executors share.

Pure. An event or a condition of the chain causes an intent; an intent is identified by its cause and its effect, so
that the same cause can never ask for the same effect twice, however often it is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Final

import attrs

from aztec_butler.core.errors import InputError

NO_TRANSACTION: Final = "0x" + "00" * 32
"""In the place of a transaction's hash where no log is the cause but a condition of the chain's state."""
CONDITION_INDEX: Final = -1
"""In the place of a log's index there."""
_ID_BYTES: Final = 16
_spelled: Final = json.JSONEncoder(separators=(",", ":")).encode


class ActionKind(StrEnum):
    """What can be done."""

    NOTIFY = "notify"
    UPDATE_COINBASE = "update-coinbase"
    CREATE_PROVIDER = "create-provider"
    ADD_KEYS = "add-keys"
    TOP_UP = "top-up"

    @property
    def is_irreversible(self) -> bool:
        """Whether it waits until its cause is final. A notice is retracted by another notice."""
        return self is not ActionKind.NOTIFY


class Mode(StrEnum):
    """How much is done without asking."""

    DRY_RUN = "dry-run"
    """Say what would be done, and do nothing."""
    APPROVE = "approve"
    """Wait until somebody approves."""
    AUTO = "auto"
    """Do it."""


class IntentState(StrEnum):
    """How far an intent is."""

    WAITING = "waiting"
    """For somebody's approval."""
    READY = "ready"
    """May be attempted, from its time on."""
    RUNNING = "running"
    """An attempt has begun and its outcome is not known."""
    FOLLOWING = "following"
    """The effect is under way elsewhere: a Safe has to sign, a checkpoint has to carry a coinbase."""
    DONE = "done"
    DRY = "dry"
    """What would have been done was said, and it stays at that."""
    REJECTED = "rejected"
    EXPIRED = "expired"
    """Nobody approved in time."""
    RETRACTED = "retracted"
    """Its cause vanished from the chain, or the condition ended, before anything was done."""
    DEAD = "dead"
    """It failed too often, or cannot succeed; somebody has to look."""

    @property
    def is_open(self) -> bool:
        """Whether something may still happen."""
        return self in _OPEN


_OPEN: Final = frozenset({IntentState.WAITING, IntentState.READY, IntentState.RUNNING, IntentState.FOLLOWING})


class Severity(StrEnum):
    """How soon somebody should read a notice."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@attrs.frozen(kw_only=True, order=True)
class Cause:
    """Why: a log, or a condition of the chain's state that began to hold at a block.

    Args:
        block_number: of the block.
        block_hash: 0x, lower case.
        transaction_hash: of the log's transaction; ``NO_TRANSACTION`` for a condition.
        log_index: place of the log in its block; ``CONDITION_INDEX`` for a condition.
        name: the record's name in ``core.events``, or the condition's.
    """

    block_number: int
    block_hash: str
    transaction_hash: str = NO_TRANSACTION
    log_index: int = CONDITION_INDEX
    name: str

    @property
    def is_condition(self) -> bool:
        """Whether no single log is the cause."""
        return self.log_index == CONDITION_INDEX


@attrs.frozen(kw_only=True)
class Intent:
    """One effect that one cause asks for.

    Args:
        chain_id: EIP-155 id.
        cause: why.
        kind: what is to be done.
        target: to what: ``attester:0x...``, ``provider:4``, ``publisher:0x...``, ``rollup:0x...``. For notices a word
            more tells several of one cause and target apart: ``attester:0x...#activation``.
        parameters: what the executor needs, as JSON has it; amounts as decimal texts.
        summary: one sentence for people, with units.
        not_before: Unix seconds from which on it may be done; None for at once.
        expires_at: Unix seconds after which it is not worth doing; None for never.
    """

    chain_id: int
    cause: Cause
    kind: ActionKind
    target: str
    parameters: Mapping[str, object] = attrs.field(factory=dict, hash=False)
    summary: str
    not_before: int | None = None
    expires_at: int | None = None

    @cached_property
    def id(self) -> str:
        """Of chain, cause and effect: 32 hexadecimal digits. Parameters and times have no part in it.

        >>> cause = Cause(block_number=7, block_hash="0x" + "ab" * 32, name="RollupSlashed")
        >>> one = Intent(chain_id=1, cause=cause, kind=ActionKind.NOTIFY, target="attester:0x00", summary="Slashed.")
        >>> other = attrs.evolve(one, summary="Was slashed.")
        >>> one.id == other.id, one.id == attrs.evolve(one, target="attester:0x01").id
        (True, False)
        """
        return intent_id(self.chain_id, self.cause, self.kind, self.target)


def intent_id(chain_id: int, cause: Cause, kind: ActionKind, target: str) -> str:
    """What identifies an intent.

    Args:
        chain_id: EIP-155 id.
        cause: why; its name has no part in it for a log, whose place says all.
        kind: what is to be done.
        target: to what.
    """
    name = cause.name if cause.is_condition else ""
    place = [chain_id, cause.block_hash.lower(), cause.transaction_hash.lower(), cause.log_index, name]
    text = _spelled([*place, kind.value, target])
    return hashlib.sha256(text.encode()).hexdigest()[: 2 * _ID_BYTES]


@attrs.frozen(kw_only=True)
class Condition:
    """Something of the chain's state that holds now and asks for an effect, once for each time that it begins to hold.

    Args:
        name: ``keys-low``, ``publisher-low``; with the target it identifies the condition.
        kind: what is to be done.
        target: to what.
        parameters: as of an intent.
        summary: one sentence for people, with units.
    """

    name: str
    kind: ActionKind
    target: str
    parameters: Mapping[str, object] = attrs.field(factory=dict, hash=False)
    summary: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others."""
        return (self.name, self.kind.value, self.target)


@attrs.frozen(kw_only=True)
class BlockRef:
    """A block and what it follows.

    Args:
        number: of the block.
        hash: 0x, lower case.
        parent_hash: of the block before it.
        timestamp: Unix seconds.
    """

    number: int
    hash: str
    parent_hash: str
    timestamp: int


@attrs.frozen(kw_only=True)
class Checkpoint:
    """How far the chain was read.

    Args:
        final: the last block whose events were taken as final; None before the first.
        noticed: the last block whose events were noticed; None before the first.
        window: blocks up to ``noticed`` without a gap, oldest first, to find where two chains part.
        watched: contracts, checksummed and sorted, of which every log up to ``final`` was taken. One that comes to be
            watched later is read from its first block on before it is among them.
    """

    final: BlockRef | None = None
    noticed: BlockRef | None = None
    window: tuple[BlockRef, ...] = ()
    watched: tuple[str, ...] = ()


def check_intent_id(text: str) -> str:
    """An intent's id as somebody typed it, or its beginning.

    Args:
        text: at least six hexadecimal digits.

    Raises:
        InputError: it is none.
    """
    word = text.strip().lower()
    if not 6 <= len(word) <= 2 * _ID_BYTES or not set(word) <= set("0123456789abcdef"):
        raise InputError(
            "expected the id of an action, or its first six digits and more",
            id=text,
            hint="aztec-butler actions list shows them",
        )
    return word
