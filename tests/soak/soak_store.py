"""Kill an extraction again and again: ``python tests/soak/soak_store.py [--kills 100] [--workers 1] [--seed 1]``.

Workers fetch what is missing in small pieces from a made-up chain, commit it and now and then tidy up. They are killed
with SIGKILL at random moments and started again. After every kill the store must read right as far as it goes; in the
end it must hold the rows of an extraction that nobody disturbed. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.forkserver import ensure_running
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from soak import made_logs
from soak.made_logs import CHAIN_ID, CONTRACTS, EVENTS, GENESIS_HASH, block_hash

from aztec_butler.store.events import EventStore


def opened(root) -> EventStore:
    """The store of the made-up chain."""
    return EventStore(root, chain_id=CHAIN_ID, genesis_hash=GENESIS_HASH)


def extract(root, seed: int, last_block: int, started=None) -> None:
    """Fetch and commit what is missing, in pieces, in any order."""
    rng = random.Random(seed)
    store = opened(root)
    made_logs.tables(0, 0)
    if started is not None:
        started.set()
    while gaps := store.missing(CONTRACTS, EVENTS, 0, last_block):
        first, last = rng.choice(gaps)
        first = rng.randint(first, last)
        last = min(first + rng.randrange(1, 12), last_block)  # may run into what is there
        store.commit(
            made_logs.tables(first, last),
            contracts=CONTRACTS,
            events=EVENTS,
            first_block=first,
            last_block=last,
            last_block_hash=block_hash(last),
        )
        if rng.random() < 0.2:
            store.compact()


def held(root, last_block: int) -> list[tuple[int, int]]:
    """Read everything that the store says it has, and compare it with the source; the ranges that are missing."""
    store = opened(root)
    missing = store.missing(CONTRACTS, EVENTS, 0, last_block)
    block = 0
    for first, last in [*missing, (last_block + 1, last_block + 1)]:
        if block < first:
            compare(store, block, first - 1)
        block = last + 1
    return missing


def compare(store: EventStore, first_block: int, last_block: int) -> None:
    """Every row of every event is the source's, of the same types, and none is twice."""
    truth = made_logs.tables(first_block, last_block)
    for event in EVENTS:
        table = store.read(
            event, addresses=made_logs.addresses(event), first_block=first_block, last_block=last_block
        )
        if event not in truth:
            assert len(table) == 0, event
            continue
        assert table.schema.equals(truth[event].schema, check_metadata=True), event
        assert table.to_pylist() == truth[event].to_pylist(), event


def forkserver():
    """Processes that start at once, with everything imported, also where the forkserver does not get our ``sys.path``.

    Importing anew for every worker would be most of the work, and tell of sources that somebody edits meanwhile.
    """
    below = str(Path(__file__).parent.parent)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [below, before]))
    try:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["soak.soak_store"])
        ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return context


def soak(root, *, kills: int, workers: int, seed: int, last_block: int) -> dict:
    """Kill ``kills`` times, then let it end; what happened."""
    rng = random.Random(seed)
    context = forkserver()
    report: Counter[str] = Counter()
    patience = 0.5
    while report["kills"] < kills:
        started = [context.Event() for _ in range(workers)]
        team = [
            context.Process(target=extract, args=(root, rng.randrange(2**32), last_block, each))
            for each in started
        ]
        for process in team:
            process.start()
        for each in started:
            assert each.wait(60)
        time.sleep(rng.uniform(0, patience))
        killed = [process for process in team if process.is_alive()]
        for process in team:
            process.kill()
            process.join()
        assert {process.exitcode for process in team} <= {0, -signal.SIGKILL}
        if not killed:
            # It came to its end: begin anew with less time, after a look at the result.
            assert held(root, last_block) == []
            report["ended"] += 1
            opened(root).clear()
            continue
        report["kills"] += 1
        held(root, last_block)
        report["left_over"] = len(opened(root).verify(leftover_after_seconds=0))
    extract(root, seed, last_block)
    assert held(root, last_block) == []
    store = opened(root)
    found = {problem.kind for problem in store.verify(leftover_after_seconds=0)}
    assert found <= {"leftover"}, found
    store.repair(leftover_after_seconds=0)
    assert store.verify(leftover_after_seconds=0) == []
    assert held(root, last_block) == []
    return dict(report)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blocks", type=int, default=1_500)
    asked = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as root:
        report = soak(
            root, kills=asked.kills, workers=asked.workers, seed=asked.seed, last_block=asked.blocks - 1
        )
    print(json.dumps({"name": "soak_store", **report, "seconds": round(time.monotonic() - begun, 1)}))


if __name__ == "__main__":
    main()
