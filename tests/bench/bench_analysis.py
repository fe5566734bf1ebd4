"""What researchers wait for: ``python tests/bench/bench_analysis.py [--runs 5]``.

Three questions on data made up by each part: how concentrated the stake of 4,000 attesters was by three keys on each of 365
days, the ledger of 150 coinbases over 90 days from the store, and the proposers of 1,000 epochs from their committees.
Seconds are of the processor, medians; the answers are checked against the exact, slow way before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time

import analysis_ledger
import analysis_proposers

from aztec_butler.archive.holdings import HoldingsSeries
from aztec_butler.core.concentration import Holdings
from aztec_butler.core.concentration_figures import (
    LARGEST,
    ConcentrationTerms,
    Figures,
    concentration_step,
)
from aztec_butler.core.concentration_holders import By
from aztec_butler.core.events import Position
from aztec_butler.core.history import Delegated, Departure, Outcome, Slash, Stake, StakingHistory

TOKEN = 10**18
STAKE = 200_000 * TOKEN
ATTESTERS, PROVIDERS, DAYS, SLASHES = 4_000, 50, 365, 20_000
BLOCKS_A_DAY = 7_200
BYS = (By.ATTESTER, By.WITHDRAWER, By.PROVIDER)
TERMS = ConcentrationTerms(committee_size=48, slashing_quorum=65, slashing_round_size=128)
TARGET_SECONDS = 2.0


def place(block: int) -> Position:
    return Position(
        address="0xR",
        block_number=block,
        block_hash="0x",
        transaction_hash="0x",
        transaction_index=0,
        log_index=0,
        block_timestamp=None,
    )


def made_history(*, odd_wei: bool) -> StakingHistory:
    """A year in which 4,000 enter and are slashed, and some leave.

    Args:
        odd_wei: whether slashes are of amounts that have no divisor in common, so that nothing can be abbreviated.
    """
    dice = random.Random(7)
    stakes, slashes, departures = [], [], []
    balances: dict[str, int] = {}
    for number in range(ATTESTERS):
        attester, block = f"attester {number}", dice.randrange(DAYS * BLOCKS_A_DAY // 2)
        delegated = Delegated(
            provider_id=1 + int(dice.paretovariate(1.2)) % PROVIDERS,
            attester=attester,
            split="0xS",
            staker=f"staker {number % 900}",
            rollup="0xR",
            log=place(block),
        )
        stakes.append(
            Stake(
                rollup="0xR",
                attester=attester,
                withdrawer=f"withdrawer {number % 1_300}",
                queued=place(block),
                delegated=delegated if number % 5 else None,
                outcome=Outcome.ACTIVATED,
                settled=place(block),
                activated_wei=STAKE,
            )
        )
        balances[attester] = STAKE
    for _ in range(SLASHES):
        attester = f"attester {dice.randrange(ATTESTERS)}"
        amount_wei = dice.randrange(1, 2_000 * TOKEN) if odd_wei else 2_000 * TOKEN
        if balances[attester] - amount_wei < 150_000 * TOKEN:
            continue
        balances[attester] -= amount_wei
        slashes.append(
            Slash(
                attester=attester,
                rollup="0xR",
                amount_wei=amount_wei,
                lost_stake_wei=amount_wei,
                is_ejection=False,
                log=place(dice.randrange(DAYS * BLOCKS_A_DAY // 2, DAYS * BLOCKS_A_DAY)),
            )
        )
    for number in range(0, ATTESTERS, 20):
        attester = f"attester {number}"
        departures.append(
            Departure(
                attester=attester,
                rollup="0xR",
                is_ejection=False,
                initiated=place(DAYS * BLOCKS_A_DAY - 1 - number),
                recipient="0xB",
                left_wei=balances[attester],
                amount_wei=balances[attester],
            )
        )
    return StakingHistory(
        stakes=tuple(stakes),
        delegations=(),
        departures=tuple(departures),
        slashes=tuple(slashes),
        balances_wei=balances,
        registrations={},
        listings=(),
        drips=(),
        provider_queues={},
    )


def concentration(history: StakingHistory) -> list[object]:
    """The whole question: a row for each day and key."""
    series = HoldingsSeries.of(history, [day * BLOCKS_A_DAY for day in range(1, DAYS + 1)])
    counts = series.attester_counts()
    return [
        concentration_step(day, by, figures, attesters=counts[day], terms=TERMS)
        for by in BYS
        for day, figures in enumerate(series.figures(by, TERMS.thresholds, LARGEST))
    ]


def check(history: StakingHistory) -> float:
    """Some days the slow way, with Python's integers alone: the seconds that this would take for all days."""
    days, seconds = [1, 60, 200, 300, DAYS], 0.0
    series = HoldingsSeries.of(history, [day * BLOCKS_A_DAY for day in days])
    for by in BYS:
        entities = dict(zip((stake.attester for stake in series.stakes), series.entities(by), strict=True))
        for number, figures in enumerate(series.figures(by, TERMS.thresholds, LARGEST)):
            stakes = series.amounts_wei(number)
            begun = time.process_time()
            held: dict[object, int] = {}
            for attester, amount_wei in stakes.items():
                held[entities[attester]] = held.get(entities[attester], 0) + amount_wei
            expected = Figures.of(Holdings.of(held.values()), TERMS.thresholds, LARGEST)
            seconds += time.process_time() - begun
            assert figures == expected
    left = {each.attester for each in history.departures}
    at_the_end = {each: wei for each, wei in history.balances_wei.items() if each not in left}
    assert series.amounts_wei(len(days) - 1) == at_the_end
    return seconds * DAYS / len(days)


def measure(runs: int) -> tuple[dict[str, float], dict[str, float], dict[str, bool]]:
    """Concentration: seconds with round slashes, as on mainnet, and with amounts of any wei."""
    measured: dict[str, float] = {}
    targets: dict[str, float] = {}
    for name, odd_wei in (("concentration_cpu_seconds", False), ("concentration_any_wei_cpu_seconds", True)):
        history = made_history(odd_wei=odd_wei)
        slow = check(history)
        taken = []
        for _ in range(runs):
            begun = time.process_time()
            rows = concentration(history)
            taken.append(time.process_time() - begun)
            assert len(rows) == DAYS * len(BYS)
        measured[name] = round(statistics.median(taken), 3)
        targets[name] = TARGET_SECONDS
        # The slow way begins with the stake of every day at hand, which the fast one finds out first.
        measured[name.replace("cpu_seconds", "times_faster_than_integers")] = round(
            slow / statistics.median(taken), 1
        )
    return measured, targets, {name: measured[name] <= target for name, target in targets.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    measured, targets, met = measure(runs)
    for part in (analysis_ledger, analysis_proposers):
        more_measured, more_targets, more_met = part.measure()
        measured |= more_measured
        targets |= more_targets
        met |= more_met
    print(json.dumps({"name": "analysis", "measured": measured, "targets": targets, "met": met}))


if __name__ == "__main__":
    main()
