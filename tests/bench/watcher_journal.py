"""How fast events go into the watcher's journal: ``python tests/bench/watcher_journal.py [--runs 5]``.

300,000 events in steps of 4,000, each step one transaction that is on the disk before the next begins, as the follower
hands them out when it catches up: as final ones. Beside it the same as a row each, as those near the head are kept, and
how long the proof of all of it takes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from journal_entries import NOW, block, opened

EVENTS = 300_000
STEP = 4_000
TARGETS = {"final_events_per_second": 150_000.0}


def entries(delivery: str) -> list:
    """The entries of the whole range: four logs in every tenth block, no block in two entries."""
    from aztec_butler.core.intents import Checkpoint
    from aztec_butler.store.journal_entry import Delivery, Entry, SeenEvents

    made = []
    for first in range(0, EVENTS, STEP):
        numbers = [10 * (place // 4) for place in range(first, first + STEP)]
        events = SeenEvents(
            block_numbers=numbers,
            block_hashes=[os.urandom(32) for _ in numbers],
            transaction_hashes=[os.urandom(32) for _ in numbers],
            transaction_indices=[7] * STEP,
            log_indices=[place % 4 for place in range(first, first + STEP)],
            addresses=[b"\xaa" * 20] * STEP,
            names=["RollupDeposit"] * STEP,
            topics=[os.urandom(96) for _ in numbers],
            data=[os.urandom(96) for _ in numbers],
            timestamps=[NOW] * STEP,
        )
        made.append(
            Entry(
                checkpoint=Checkpoint(final=block(numbers[-1]), noticed=block(numbers[-1])),
                delivery=Delivery(delivery),
                first_block=numbers[0],
                last_block=numbers[-1],
                events=events,
            )
        )
    return made


def rates(delivery: str, made: list, folder: str) -> tuple[float, float]:
    """Events a second into a new journal, and through its proof."""
    path = Path(folder) / f"{delivery}.sqlite3"
    with opened(path) as journal:
        began = time.perf_counter()
        for entry in made:
            journal.commit(entry, now=NOW)
        written = time.perf_counter()
        assert journal.verify() == []
        proven = time.perf_counter()
    for each in Path(folder).glob(f"{path.name}*"):
        each.unlink()
    return EVENTS / (written - began), EVENTS / (proven - written)


def measure(runs: int = 5) -> tuple[dict[str, float], dict[str, float], dict[str, bool]]:
    """What was measured, what it should be, and whether it is."""
    measured: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for delivery, turns in (("final", runs), ("noticed", max(1, runs // 3))):
            made = entries(delivery)
            told = [rates(delivery, made, folder) for _ in range(turns)]
            measured[f"{delivery}_events_per_second"] = round(statistics.median(rate for rate, _ in told))
            measured[f"{delivery}_proven_per_second"] = round(statistics.median(rate for _, rate in told))
    met = {name: measured[name] >= least for name, least in TARGETS.items()}
    return measured, TARGETS, met


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    measured, targets, met = measure(parser.parse_args().runs)
    print(json.dumps({"name": "watcher_journal", "measured": measured, "targets": targets, "met": met}))


if __name__ == "__main__":
    main()
