"""The ledger of 150 coinbases over 90 days from the disk: ``python tests/bench/analysis_ledger.py``; a part of ``bench_analysis.py``.

Three rollups, 150 splits, a claim of each every week, refunds and payouts among the payments, and 200 000 transfers of other
people around them. What is measured is all that is done when nothing is left to ask of a node: the readings at 91 cuts from
their files, transfers and events from the event store, claims told from the rest, rows with shares, and the table.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from typing import Any

from aztec_butler.archive.rewards_claims import find_claims
from aztec_butler.archive.rewards_payments import TRANSFERS, payments_in
from aztec_butler.archive.rewards_readings import RewardReadings
from aztec_butler.core.columns import decode
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.hexes import checksum_address, keccak256, to_hex
from aztec_butler.core.ledger import Cut, LedgerRow, ledger_rows
from aztec_butler.core.ledger_payments import StakeReturned
from aztec_butler.core.records import BlockStamp, SplitParameters
from aztec_butler.core.rewards import RewardSplit
from aztec_butler.store.events import EventStore

COINBASES, DAYS, STRANGERS = 150, 90, 200_000
DAY, BLOCKS_PER_DAY = 86_400, 7_200
FIRST_BLOCK, FIRST_AT = 24_000_000, 20_000 * DAY
LAST_BLOCK = FIRST_BLOCK + DAYS * BLOCKS_PER_DAY
GENESIS = "0x" + "11" * 32
STAKE = 200_000 * 10**18
TARGETS = {"ledger_seconds": 3.0}


def account(name: str) -> str:
    return checksum_address(keccak256(name.encode())[12:])


TOKEN = account("token")
ROLLUPS = {account(f"rollup {number}"): number for number in (1, 2, 3)}
SPLITS = [account(f"split {number}") for number in range(COINBASES)]


def block_hash(number: int) -> str:
    return f"0x{number:064x}"


class Corpus:
    """Ninety days, told once."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.payments: list[
            tuple[int, str, str, int, int]
        ] = []  # block, sender, recipient, amount, log index
        self.returned: list[StakeReturned] = []
        self.stamps = [
            BlockStamp(
                number=FIRST_BLOCK + day * BLOCKS_PER_DAY,
                hash=block_hash(FIRST_BLOCK + day * BLOCKS_PER_DAY),
                timestamp=FIRST_AT + day * DAY,
                is_finalized=True,
            )
            for day in range(DAYS + 1)
        ]
        self.accrued_wei = 0
        self._tell(random.Random(7))
        self._store(random.Random(8))

    def _tell(self, chance: random.Random) -> None:
        owed = {(rollup, split): 0 for rollup in ROLLUPS for split in SPLITS}
        readings = RewardReadings(self.root, chain_id=1, genesis_hash=GENESIS)
        readings.keep(self.stamps[0], owed)
        latest = list(ROLLUPS)
        for day, stamp in enumerate(self.stamps[1:]):
            rollup = latest[day * len(latest) // DAYS]
            for number, split in enumerate(SPLITS):
                earned = chance.randrange(0, 4) * 350 * 10**18 + chance.randrange(10**6)
                owed[rollup, split] += earned
                self.accrued_wei += earned
                block = stamp.number - chance.randrange(BLOCKS_PER_DAY)
                if (day + number) % 7 == 0 and owed[rollup, split]:
                    self.payments.append((block, rollup, split, owed[rollup, split], number))
                    owed[rollup, split] = 0
                if chance.random() < 0.01:
                    self.payments.append((block, rollup, split, STAKE, 1_000 + 2 * number))
                    self.returned.append(self._refund(block, rollup, split, 1_001 + 2 * number))
            readings.keep(stamp, owed)

    def _refund(self, block: int, rollup: str, split: str, log_index: int) -> StakeReturned:
        return StakeReturned(
            rollup=rollup,
            recipient=split,
            amount_wei=STAKE,
            block_number=block,
            log_index=log_index,
            transaction_hash=block_hash(block),
        )

    def _store(self, chance: random.Random) -> None:
        people = [account(f"person {number}") for number in range(2_000)]
        rows = list(self.payments)
        for number in range(STRANGERS):
            block = FIRST_BLOCK + 1 + chance.randrange(DAYS * BLOCKS_PER_DAY)
            rows.append(
                (
                    block,
                    chance.choice(people),
                    chance.choice(people),
                    chance.randrange(10**24),
                    2_000 + number,
                )
            )
        rows.sort(key=lambda row: (row[0], row[4]))
        event = CONTRACTS["token"].event("Transfer")
        logs = []
        for block, sender, recipient, amount, index in rows:
            topics, data = event.encode(**{"from": sender, "to": recipient, "value": amount})
            logs.append(
                {
                    "address": TOKEN,
                    "topics": [to_hex(topic) for topic in topics],
                    "data": to_hex(data),
                    "blockNumber": hex(block),
                    "blockHash": block_hash(block),
                    "transactionHash": block_hash(block),
                    "transactionIndex": "0x0",
                    "logIndex": hex(index),
                    "blockTimestamp": hex(FIRST_AT + (block - FIRST_BLOCK) * 12),
                }
            )
        store = EventStore(self.root, chain_id=1, genesis_hash=GENESIS)
        store.commit(
            decode(logs, {TOKEN: "token"}).tables,
            contracts={TOKEN: "token"},
            events=[TRANSFERS],
            first_block=FIRST_BLOCK,
            last_block=LAST_BLOCK,
            last_block_hash=block_hash(LAST_BLOCK),
        )


def split_of(number: int, address: str) -> RewardSplit:
    parameters = SplitParameters(
        split=address,
        recipients=(account("provider"), account(f"staker {number}")),
        allocations=(1_234, 8_766),
        total_allocation=10_000,
        distribution_incentive=0,
    )
    return RewardSplit(provider_id=1 + number % 10, parameters=parameters)


def ledger(corpus: Corpus) -> Any:
    """The whole ledger from the disk, as a table."""
    from aztec_butler.notebook.frames import to_frame

    held = RewardReadings(corpus.root, chain_id=1, genesis_hash=GENESIS).read(corpus.stamps)
    store = EventStore(corpus.root, chain_id=1, genesis_hash=GENESIS)
    table = store.read(TRANSFERS, addresses=[TOKEN], first_block=FIRST_BLOCK, last_block=LAST_BLOCK)
    wanted = frozenset(SPLITS)
    paid = [each for each in payments_in(table, dict.fromkeys(ROLLUPS, TOKEN)) if each.recipient in wanted]
    claims = find_claims(None, paid, corpus.returned, set, ROLLUPS) if paid else ()
    cuts = [Cut(at=stamp.timestamp, block_number=stamp.number) for stamp in corpus.stamps]
    pending = {
        (split, version): [held[cut.block_number][rollup, split] for cut in cuts]
        for split in SPLITS
        for rollup, version in ROLLUPS.items()
    }
    splits = {address: split_of(number, address) for number, address in enumerate(SPLITS)}
    return to_frame(ledger_rows(cuts, pending, claims, splits), LedgerRow)


def measure(runs: int = 3) -> tuple[dict[str, float], dict[str, float], dict[str, bool]]:
    """What was measured, what it should be, and whether it is."""
    with tempfile.TemporaryDirectory() as root:
        corpus = Corpus(root)
        seconds = []
        for _ in range(runs):
            started = time.perf_counter()
            frame = ledger(corpus)
            seconds.append(time.perf_counter() - started)
            assert len(frame) == COINBASES * DAYS
            assert frame["accrued_wei"].sum() == corpus.accrued_wei
    measured = {"ledger_seconds": round(statistics.median(seconds), 3)}
    met = {name: measured[name] <= limit for name, limit in TARGETS.items()}
    return measured, TARGETS, met


if __name__ == "__main__":
    measured, targets, met = measure()
    print(json.dumps({"name": "analysis_ledger", "measured": measured, "targets": targets, "met": met}))
