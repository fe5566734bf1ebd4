"""The watcher: ``python tests/bench/bench_watcher.py [--only catch-up] [--runs 3] [--blocks 7200] [--attesters 1000]``.

``catch-up``: a million blocks with 300,000 logs of watched kinds, served from prebuilt bytes by a process beside it, through
follower, handlers and journal (on the disk, synchronous). A twentieth of the events is about us; in the second form, run
once, all of them are, each with its notice and many with an action, so that intents are what takes the time.

``notice``: from before a transaction is sent to the line of its notice in the log, real contracts and everybody staked for
real, a watcher in a process of its own that polls once a second, forty blocks at random moments. What is more than the
poll's second is what the watcher takes.

``idle``: that watcher as it is by default (a poll in 12 seconds, a look at balances, keys and coinbases in 60), a block every
12 seconds in which nothing happens: its processor time. And the CPU and round trips of a poll beside web3.py's
(``watcher_idle.py``).

``memory``: a day of blocks, each polled by itself, three of ten with an event: how far memory goes up after the first tenth.
That is SQLite's cache of pages, which ends at two megabytes; Python's own objects do not become more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import watcher_chain
import watcher_idle

sys.path.append(str(Path(__file__).parents[1]))

LOGS = 300_000
POLL_SECONDS = 1.0
TARGETS = {
    "catch-up": {"events_per_second": 50_000},
    "notice": {"notice_milliseconds_over_poll_max": 200},
    "idle": {
        "idle_cpu_percent": 1,
        "round_trips_per_poll": 1,
        "web3_over_ours_cpu": 6,
    },
    "memory": {"memory_growth_megabytes": 8},
}
AT_LEAST = {"events_per_second", "web3_over_ours_cpu"}


def watcher(words: str) -> dict:
    """What a watcher in a process of its own tells at its end."""
    process = str(Path(__file__).with_name("watcher_process.py"))
    ran = subprocess.run(
        [sys.executable, process, *words.split()], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


# ---------------------------------------------------------------------- events


def catch_up(asked) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, watcher_chain.serving(asked.corpus, LOGS) as url:
        runs = []
        for number in range(asked.runs):
            runs.append(watcher(f"catch-up {url} 0.05 {folder}/{number}.sqlite3"))
            print(f"caught up: {json.dumps(runs[-1])}", flush=True)
        all_ours = watcher(f"catch-up {url} 1 {folder}/all.sqlite3")
    assert {run["events"] for run in runs} == {LOGS}
    return {
        "events": LOGS,
        "events_per_second": statistics.median(LOGS / run["wall_seconds"] for run in runs),
        "events_per_cpu_second": statistics.median(LOGS / run["cpu_seconds"] for run in runs),
        "intents": runs[0]["intents"],
        "requests": max(run["requests"] for run in runs),
        "catch_up_peak_megabytes": max(run["peak_mb"] for run in runs),
        "journal_megabytes": runs[0]["journal_mb"],
        "all_ours_events_per_second": LOGS / all_ours["wall_seconds"],
        "all_ours_intents": all_ours["intents"],
        "all_ours_intents_per_cpu_second": all_ours["intents"] / all_ours["cpu_seconds"],
    }


def memory(asked) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, watcher_chain.serving(asked.corpus, LOGS) as url:
        found = watcher(f"follow {url} 0.05 {folder}/journal.sqlite3 {asked.blocks}")
    resident = found["resident_mb"]
    tenth = max(1, len(resident) // 10)
    tenths = [statistics.median(resident[n * tenth : (n + 1) * tenth]) for n in range(10)]
    print("resident megabytes, a tenth of the day each:", *(f"{each:.1f}" for each in tenths))
    return {
        "blocks": asked.blocks,
        "block_events": found["events"],
        "memory_megabytes": max(resident),
        "memory_growth_megabytes": tenths[-1] - tenths[1],
        "block_milliseconds": 1e3 * found["turn_seconds"],
        "round_trips_per_block": found["requests"] / asked.blocks,
        "cpu_milliseconds_per_block": 1e3 * found["cpu_seconds"] / asked.blocks,
    }


# ---------------------------------------------------------------------- a chain


@contextmanager
def staked(attesters: int, own: int):
    """Real contracts on which so many staked, a part of them with our provider."""
    from bench_exporter import stake
    from bench_snapshot import parameters

    from aztec_butler.devnet import Devnet

    with Devnet.start(parameters(attesters)) as devnet:
        began = time.perf_counter()
        stake(devnet, attesters, own)
        print(f"{attesters} attesters staked in {time.perf_counter() - began:.0f} s", flush=True)
        yield devnet


@contextmanager
def running(devnet, folder: str, **settings):
    """A watcher at the head of a chain, with a provider of ours."""
    from watching import WatcherProcess, Watching

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    wanted = {"provider_ids": [1], "confirmations": 12, "start_block": devnet.chain.block_number()}
    wanted |= {"notices_expire": "100000d"}  # the clock of the chain is not ours
    with WatcherProcess(Watching(devnet, place, wanted | settings)) as process:
        deadline = time.monotonic() + 120
        while not process.events("watching") or process.get("/readyz")[0] != 200:
            assert process.process.poll() is None, process.log
            assert time.monotonic() < deadline, process.log
            time.sleep(0.1)
        yield process


def notice(devnet, blocks: int) -> dict[str, float]:
    from aztec_butler.devnet.season_keys import wallet

    rng, registry = random.Random(7), devnet.contract("staking_registry")
    over = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running(devnet, folder, poll_seconds=POLL_SECONDS, look_seconds=60.0) as process,
        process.log_path.open() as log,
    ):
        log.read()
        for number in range(blocks):
            time.sleep(POLL_SECONDS + POLL_SECONDS * rng.random())
            rate = 500 + number
            began = time.perf_counter()
            registry.send("updateProviderTakeRate", 1, rate, sender=wallet("admin"))
            _wait_for_notice(log, "StakingRegistryProviderTakeRateUpdated", process)
            over.append(1e3 * (time.perf_counter() - began - POLL_SECONDS))
    return {
        "notices": blocks,
        "notice_milliseconds_over_poll_max": max(over),
        "notice_milliseconds_median": statistics.median(over) + 1e3 * POLL_SECONDS,
    }


def _wait_for_notice(log, cause: str, process) -> None:
    deadline, rest = time.monotonic() + 30, ""
    while True:
        rest += log.read()
        *lines, rest = rest.split("\n")
        for line in map(json.loads, lines):
            if line["event"] == "notice" and line["cause"] == cause:
                return
        assert time.monotonic() < deadline, process.log
        time.sleep(0.002)


def idle(devnet, seconds: float) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(devnet, folder, poll_seconds=12.0, look_seconds=60.0) as process,
    ):
        time.sleep(5)
        before, began = _cpu_seconds(process.process.pid), time.perf_counter()
        polls = process.value("watcher_polls_total")
        while time.perf_counter() - began < seconds:
            time.sleep(12)
            devnet.chain.mine()
        took = time.perf_counter() - began
        used = _cpu_seconds(process.process.pid) - before
        polls = process.value("watcher_polls_total") - polls
    assert abs(polls - took / 12) <= 1.5
    return {
        "idle_cpu_percent": 100 * used / took,
        "idle_seconds": took,
        "idle_polls": polls,
    }


def _cpu_seconds(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def chain(asked, parts: list[str]) -> dict[str, float]:
    measured: dict[str, float] = {}
    with staked(asked.attesters, asked.attesters // 10) as devnet:
        measured |= {"attesters": asked.attesters, "own": asked.attesters // 10}
        if "notice" in parts:
            measured |= notice(devnet, asked.notices)
        if "idle" in parts:
            measured |= idle(devnet, asked.idle_seconds)
    if "idle" in parts:
        measured |= watcher_idle.measure()
    return measured


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", choices=tuple(TARGETS))
    options.add_argument("--runs", type=int, default=5, help="of catch-up")
    options.add_argument("--blocks", type=int, default=7_200, help="of memory")
    options.add_argument("--notices", type=int, default=40)
    options.add_argument("--attesters", type=int, default=1_000, help="of notice and idle")
    options.add_argument("--idle-seconds", type=float, default=180)
    options.add_argument("--corpus", type=Path, help="a folder where logs are kept from run to run")
    asked = options.parse_args()
    parts = [asked.only] if asked.only else list(TARGETS)
    measured: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        asked.corpus = asked.corpus or Path(folder)
        if "catch-up" in parts:
            measured |= catch_up(asked)
        if {"notice", "idle"} & set(parts):
            measured |= chain(asked, parts)
        if "memory" in parts:
            measured |= memory(asked)
    targets = {name: target for part in parts for name, target in TARGETS[part].items()}
    measured = {name: round(value, 3) for name, value in measured.items()}
    met = {
        name: measured[name] >= target if name in AT_LEAST else measured[name] <= target
        for name, target in targets.items()
    }
    print(json.dumps({"name": "watcher", "measured": measured, "targets": targets, "met": met}))


if __name__ == "__main__":
    main()
