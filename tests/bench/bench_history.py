"""The replay of a long history: ``python tests/bench/bench_history.py [--logs 300000] [--runs 5]``.

4,000 attesters with a third of a million logs: deposits, refunds, delegations, slashes, exits. Measured: the replay from
raw logs and from records, and the series of a week by the hour on top of it, without a node. Beside it, in each round,
the decoding of the same logs to records alone, which the replay from raw logs saves. Seconds are of the processor.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import statistics
import time

from aztec_butler.core.block_cuts import BlockCuts
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.events import decode_logs
from aztec_butler.core.hexes import ZERO_ADDRESS, checksum_address, keccak256
from aztec_butler.core.history import Outcome
from aztec_butler.core.history_replay import replay
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import Deployment, Rollup
from aztec_butler.core.staking_series import Reading, history_steps, places

TOKEN = 10**18
STAKE = 200_000 * TOKEN
LOCAL = 190_000 * TOKEN
ATTESTERS = 4_000
PROVIDERS = 50
FIRST_BLOCK, FIRST_AT = 24_000_000, 1_765_000_000


def account(text: str) -> str:
    return checksum_address(keccak256(text.encode())[12:])


ROLLUP, REGISTRY, GSE, STAKING_REGISTRY, BONUS = map(
    account, ("rollup", "registry", "gse", "staking", "bonus")
)
ROLES = {ROLLUP: "rollup", REGISTRY: "registry", GSE: "gse", STAKING_REGISTRY: "staking_registry"}
DEPLOYMENT = Deployment(
    chain_id=1,
    registry=REGISTRY,
    rollups=(
        Rollup(
            version=0,
            address=ROLLUP,
            generation=4,
            genesis_block=FIRST_BLOCK,
            genesis_at=FIRST_AT,
            slot_seconds=72,
            epoch_slots=32,
            lag_in_epochs=2,
            exit_delay_seconds=345_600,
        ),
    ),
    gse=GSE,
    bonus_instance=BONUS,
    governance=account("governance"),
    staking_asset=account("token"),
    activation_threshold_wei=STAKE,
    ejection_threshold_wei=100_000 * TOKEN,
    staking_registry=STAKING_REGISTRY,
    pull_split_factory=account("factory"),
    first_block=FIRST_BLOCK,
)
POINTS = {"publicKeyInG1": (1, 2), "publicKeyInG2": (1, 2, 3, 4), "proofOfPossession": (1, 2)}


class Corpus:
    """The logs, told in order; every transaction has a block of its own."""

    def __init__(self, wanted: int) -> None:
        self.logs: list[RawLog] = []
        self._transactions = itertools.count()
        self._transaction = 0
        self._tell(wanted)

    def _log(self, address, event, **values) -> None:
        topics, data = CONTRACTS[ROLES[address]].event(event).encode(**values)
        number = FIRST_BLOCK + 7 * self._transaction
        self.logs.append(
            RawLog(
                address=address,
                topics=topics,
                data=data,
                block_number=number,
                block_hash=f"0x{number:064x}",
                transaction_hash=f"0x{self._transaction:064x}",
                transaction_index=0,
                log_index=len(self.logs),
                block_timestamp=FIRST_AT + 12 * (number - FIRST_BLOCK),
            )
        )

    def _next(self) -> None:
        self._transaction = next(self._transactions)

    def _tell(self, wanted: int) -> None:
        people = [account(f"attester {number}") for number in range(ATTESTERS)]
        owners = [account(f"owner {number}") for number in range(ATTESTERS // 10)]
        for provider in range(1, PROVIDERS + 1):
            self._next()
            self._log(
                STAKING_REGISTRY,
                "ProviderRegistered",
                providerIdentifier=provider,
                providerAdmin=owners[provider],
                providerTakeRate=500,
            )
            self._log(
                STAKING_REGISTRY,
                "AttestersAddedToProvider",
                providerIdentifier=provider,
                attesters=people[provider - 1 :: PROVIDERS],
            )
        for number, attester in enumerate(people):
            self._next()
            self._queued(attester, owners[number // 10])
            self._log(
                STAKING_REGISTRY,
                "StakedWithProvider",
                providerIdentifier=number % PROVIDERS + 1,
                rollupAddress=ROLLUP,
                attester=attester,
                coinbaseSplitContractAddress=account(f"split {number}"),
                stakerImplementation=owners[number // 10],
            )
        for number, attester in enumerate(people):
            if number % 4 == 0:
                self._next()
            who = {"attester": attester, "withdrawer": owners[number // 10]}
            self._log(GSE, "Deposit", instance=BONUS, **who)
            self._log(ROLLUP, "Deposit", **who, **POINTS, amount=STAKE)
        for leaver in people[::10]:
            self._next()
            self._log(ROLLUP, "WithdrawInitiated", attester=leaver, recipient=owners[0], amount=STAKE)
        for leaver in people[::20]:
            self._next()
            self._log(ROLLUP, "WithdrawFinalized", attester=leaver, recipient=owners[0], amount=STAKE)
        # What is left: everybody is slashed a little and queues in vain, again and again.
        for number in itertools.cycle(number for number in range(ATTESTERS) if number % 10):
            if len(self.logs) >= wanted:
                return
            self._next()
            self._log(ROLLUP, "Slashed", attester=people[number], amount=100 * TOKEN)
            self._queued(people[number], owners[number // 10])
            who = {"attester": people[number], "withdrawer": owners[number // 10]}
            self._log(ROLLUP, "FailedDeposit", **who, **POINTS)

    def _queued(self, attester: str, owner: str) -> None:
        self._log(ROLLUP, "ValidatorQueued", attester=attester, withdrawer=owner)


def timed(work):
    gc.collect()  # what went before is not to be paid for here
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


def series(history, times):
    """A week by the hour; the readings are what the contracts would say, so that nothing but our own work is timed."""
    known = {place.block_number: place.block_timestamp for place in places(history)}
    search = BlockCuts(times, known, known)
    assert search.wanted() == set()
    cuts = search.cuts()
    left = [departure.initiated.block_number for departure in history.departures]
    joined = [s.settled.block_number for s in history.stakes if s.outcome is Outcome.ACTIVATED]
    lost = [(slash.log.block_number, slash.lost_stake_wei) for slash in history.slashes]
    readings = []
    for at, cut in zip(times, cuts, strict=True):
        count = sum(number <= cut for number in joined) - sum(number <= cut for number in left)
        stake_wei = count * STAKE - sum(wei for number, wei in lost if number <= cut)
        readings.append(
            Reading(
                at=at,
                latest_rollup=ROLLUP if joined else ZERO_ADDRESS,
                attesters={ROLLUP: count},
                movers=count,
                stake_wei=stake_wei,
            )
        )
    return timed(lambda: history_steps(history, DEPLOYMENT, readings, cuts))


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--logs", type=int, default=300_000)
    options.add_argument("--runs", type=int, default=5)
    asked = options.parse_args()
    logs = Corpus(asked.logs).logs
    end = logs[-1].block_timestamp
    times = [end - 3600 * hours for hours in range(168, -1, -1)]
    samples: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        samples.setdefault(name, []).append(value)

    for _ in range(asked.runs):
        history, from_logs = timed(lambda: replay(logs, DEPLOYMENT, {ROLLUP: LOCAL}))
        assert len(history.delegations) == ATTESTERS
        records, decoding = timed(lambda: decode_logs(logs, ROLES))
        again, from_records = timed(lambda records=records: replay(records, DEPLOYMENT, {ROLLUP: LOCAL}))
        assert again.balances_wei == history.balances_wei
        rows, steps = series(history, times)
        assert len(rows) == 168
        note("replay_seconds", from_logs)
        note("records_seconds", decoding)
        note("replay_of_records_seconds", from_records)
        note("series_seconds", steps)
        note("times_faster_than_by_records", (decoding + from_records) / from_logs)
    measured = {name: round(statistics.median(values), 3) for name, values in samples.items()}
    measured |= {"logs": len(logs), "attesters": ATTESTERS}
    targets = {"replay_seconds": 2.0, "series_seconds": 1.0, "times_faster_than_by_records": 2.0}
    met = {
        name: measured[name] >= target if name.startswith("times") else measured[name] <= target
        for name, target in targets.items()
    }
    print(json.dumps({"name": "history", "measured": measured, "targets": targets, "met": met}))


if __name__ == "__main__":
    main()
