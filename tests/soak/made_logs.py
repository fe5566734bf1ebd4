"""A small chain whose logs are a function of the block number: a source that answers any range, always alike."""

from __future__ import annotations

import bisect
import hashlib
import random
from functools import cache

import pyarrow as pa

from aztec_butler.core import columns, events
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.events_fields import event_fields
from aztec_butler.core.hexes import checksum_address

CHAIN_ID = 31_337
GENESIS_HASH = "0x" + "5e" * 32
BLOCKS = 4_000  # blocks 0 to 3,999
OLD_ROLLUP, ROLLUP, TOKEN, FACTORY = (checksum_address(bytes([number]) * 20) for number in (1, 2, 3, 4))
CONTRACTS = {OLD_ROLLUP: "rollup", ROLLUP: "rollup", TOKEN: "token", FACTORY: "pull_split_factory"}
EVENTS = (
    "RollupDeposit",
    "RollupCheckpointProposed",  # with an array, and a number that does not always fit 64 bits
    "RollupBlockInvalidated",  # never emitted
    "TokenTransfer",
    "PullSplitFactorySplitCreated",  # with structs of arrays
)
_PEOPLE = [checksum_address(random.Random(1).randbytes(19) + bytes([number])) for number in range(40)]


def block_hash(number: int) -> str:
    """The hash of a block."""
    return "0x" + hashlib.sha256(b"block %d" % number).hexdigest()


def addresses(event: str, contracts=CONTRACTS) -> list[str]:
    """The contracts that emit an event."""
    role = getattr(events, event).role
    return [address for address, has in contracts.items() if has == role]


@cache
def logs() -> list[tuple[int, str, object]]:
    """All logs: block number, name of the record, raw log."""
    rng = random.Random(7)
    found = []
    for block in range(BLOCKS):
        # Most blocks are empty, some are crowded.
        for log_index in sorted(rng.sample(range(50), rng.choice([0, 0, 0, 1, 1, 4]))):
            event = rng.choice([name for name in EVENTS if name != "RollupBlockInvalidated"])
            kind = getattr(events, event)
            record = kind(
                position=events.Position(
                    address=rng.choice(addresses(event)),
                    block_number=block,
                    block_hash=block_hash(block),
                    transaction_hash="0x" + rng.randbytes(32).hex(),
                    transaction_index=log_index // 3,
                    log_index=log_index,
                    block_timestamp=None if block % 3 == 0 else 1_700_000_000 + 12 * block,
                ),
                **{
                    field.name: value_of(field.type, rng, huge=block % 17 == 0)
                    for field in event_fields(kind.event)
                },
            )
            found.append((block, event, events.encode(record)))
    return found


def tables(first_block: int, last_block: int, contracts=CONTRACTS, wanted=EVENTS) -> dict[str, pa.Table]:
    """The tables of a range, as a fetcher has them."""
    everything = logs()
    begin = bisect.bisect_left(everything, first_block, key=lambda log: log[0])
    end = bisect.bisect_right(everything, last_block, key=lambda log: log[0])
    chosen = [log for _, event, log in everything[begin:end] if event in wanted and log.address in contracts]
    order = [("block_number", "ascending"), ("log_index", "ascending")]
    return {event: table.sort_by(order) for event, table in columns.decode(chosen, contracts).tables.items()}


def value_of(of, rng, *, huge=False):
    """A value of an ABI type."""
    if isinstance(of, Array):
        count = rng.randrange(4) if of.size is None else of.size
        return tuple(value_of(of.item, rng, huge=huge) for _ in range(count))
    if isinstance(of, Tuple):
        return tuple(value_of(component, rng, huge=huge) for component in of.components)
    if of.name == "address":
        return rng.choice(_PEOPLE)
    if of.name == "bool":
        return rng.random() < 0.5
    if of.name == "string":
        return "é" * rng.randrange(3)
    if of.name.startswith("bytes"):
        return rng.randbytes(getattr(of, "size", rng.randrange(80)))
    return (rng.getrandbits(256) if huge else rng.getrandbits(60)) >> rng.choice([0, 0, 130]) & (
        1 << of.bits
    ) - 1
