"""Part of the benchmark of the analysis: the proposers of 1 000 epochs, from their committees."""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from typing import Final

from aztec_butler.core.committees import Committee, committee_proposers, draw_indices

EPOCHS: Final = 1_000
EPOCH_SLOTS: Final = 32
COMMITTEE_SIZE: Final = 48
SET_SIZE: Final = 4_000
RUNS: Final = 5
CPU_SECONDS_AT_MOST: Final = 1.0


def committees() -> list[Committee]:
    """Committees of a network of mainnet's size; nothing about them is drawn but seeds."""
    dice = random.Random(7)
    everyone = [f"0x{number:040x}" for number in range(SET_SIZE)]
    made = []
    for epoch in range(5_000, 5_000 + EPOCHS):
        seed = dice.getrandbits(256)
        members = tuple(dice.sample(everyone, COMMITTEE_SIZE))
        made.append(Committee(rollup_version=1, epoch=epoch, seed=seed, set_size=SET_SIZE, members=members))
    return made


def cpu_seconds(work, runs: int = RUNS) -> float:
    """Median of user and system time."""
    spent = []
    for _ in range(runs):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return statistics.median(spent)


def measure() -> tuple[dict[str, float], dict[str, float], dict[str, bool]]:
    """What was measured, what is wanted, and whether it was met."""
    made = committees()
    proposers = cpu_seconds(lambda: [committee_proposers(each, EPOCH_SLOTS) for each in made])
    drawing = cpu_seconds(
        lambda: [
            draw_indices(each.seed or 0, set_size=SET_SIZE, committee_size=COMMITTEE_SIZE) for each in made
        ],
        runs=3,
    )
    measured = {
        "proposers_1000_epochs_cpu_seconds": round(proposers, 4),
        "drawing_1000_committees_cpu_seconds": round(drawing, 4),
    }
    targets = {"proposers_1000_epochs_cpu_seconds": CPU_SECONDS_AT_MOST}
    met = {name: measured[name] <= wanted for name, wanted in targets.items()}
    return measured, targets, met


if __name__ == "__main__":
    found, wanted, reached = measure()
    print(json.dumps({"name": "proposers", "measured": found, "targets": wanted, "met": reached}))
    sys.exit(0 if all(reached.values()) else 1)
