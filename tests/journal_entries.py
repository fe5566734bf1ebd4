"""Entries of a journal, made by hand: a chain of which every block, event and intent is known by its numbers."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aztec_butler.core.intents import (
    ActionKind,
    BlockRef,
    Cause,
    Checkpoint,
    Condition,
    Intent,
    Mode,
)
from aztec_butler.core.logs import RawLog
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_entry import (
    BeganCondition,
    Delivery,
    Entry,
    NewIntent,
    SeenEvents,
)

CHAIN_ID = 31_337
GENESIS = "0x" + "9e" * 32
ROLLUP = "0x00000000000000000000000000000000000000AA"
REGISTRY = "0x00000000000000000000000000000000000000bb"
NOW = 1_700_000_000


def word(*parts) -> str:
    """A hash of whatever names it."""
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


def block(number: int, fork: str = "") -> BlockRef:
    """A block of a fork."""
    return BlockRef(
        number=number,
        hash=word(number, fork),
        parent_hash=word(number - 1, fork),
        timestamp=NOW + 12 * number,
    )


def log(number: int, index: int = 0, fork: str = "", address: str = ROLLUP) -> RawLog:
    """An event of a block."""
    return RawLog(
        address=address,
        topics=(bytes.fromhex(word("topic")[2:]), number.to_bytes(32, "big")),
        data=index.to_bytes(32, "big") * 2,
        block_number=number,
        block_hash=block(number, fork).hash,
        transaction_hash=word("transaction", number, index),
        transaction_index=index,
        log_index=index,
        block_timestamp=NOW + 12 * number,
    )


def seen(*logs: RawLog) -> SeenEvents:
    """Events as an entry has them."""
    return SeenEvents.of([("RollupSlashed", each) for each in logs])


def cause_of(of: RawLog) -> Cause:
    """An event as the cause of an intent."""
    return Cause(
        block_number=of.block_number,
        block_hash=of.block_hash,
        transaction_hash=of.transaction_hash,
        log_index=of.log_index,
        name="RollupSlashed",
    )


def intent(cause: RawLog | Cause, target: str = "attester:0x01", kind=ActionKind.NOTIFY, **changes) -> Intent:
    """What an event asks for."""
    values = {
        "chain_id": CHAIN_ID,
        "cause": cause_of(cause) if isinstance(cause, RawLog) else cause,
        "kind": kind,
        "target": target,
        "parameters": {"amount_wei": str(2**80)},
        "summary": f"Tell of {target}.",
    }
    return Intent(**values | changes)


def new(cause: RawLog | Cause, mode: Mode = Mode.AUTO, **changes) -> NewIntent:
    """The same, as an entry brings it."""
    return NewIntent(intent=intent(cause, **changes), mode=mode)


def noticed(*logs: RawLog, upto: int, fork: str = "", intents=(), **changes) -> Entry:
    """Blocks near the head."""
    first = min([each.block_number for each in logs], default=upto)
    return Entry(
        checkpoint=Checkpoint(
            noticed=block(upto, fork), window=tuple(block(n, fork) for n in range(upto - 2, upto + 1))
        ),
        delivery=Delivery.NOTICED,
        events=seen(*logs),
        intents=tuple(intents),
        **{"first_block": first, "last_block": upto, **changes},
    )


def final(*logs: RawLog, upto: int, first: int = 0, fork: str = "", intents=(), **changes) -> Entry:
    """Blocks that are final."""
    return Entry(
        checkpoint=Checkpoint(final=block(upto, fork), noticed=block(upto, fork)),
        delivery=Delivery.FINAL,
        first_block=first,
        last_block=upto,
        events=seen(*logs),
        intents=tuple(intents),
        **changes,
    )


def condition(target: str = "provider:4", kind=ActionKind.ADD_KEYS) -> Condition:
    """Something that holds."""
    return Condition(name="keys-low", kind=kind, target=target, summary="Keys run low.")


def began(number: int, target: str = "provider:4", mode: Mode = Mode.APPROVE) -> BeganCondition:
    """The same, from a block on, with what it asks for."""
    at = block(number)
    cause = Cause(block_number=number, block_hash=at.hash, name="keys-low")
    asked = NewIntent(intent=intent(cause, target=target, kind=ActionKind.ADD_KEYS), mode=mode)
    return BeganCondition(condition=condition(target), block_number=number, block_hash=at.hash, intent=asked)


def nothing_new(number: int = 1, **changes) -> Entry:
    """An entry that only moves the checkpoint."""
    return Entry(checkpoint=Checkpoint(noticed=block(number)), **changes)


def opened(path: Path, **changes) -> Journal:
    """The journal of this chain."""
    return Journal.open(path, **{"chain_id": CHAIN_ID, "genesis_hash": GENESIS, "now": NOW} | changes)
