"""The exporter: ``python tests/bench/bench_exporter.py [--attesters 4000] [--own 500] [--collections 1000] [--only render]``.

``render``: a page of 48 000 series (4 000 attesters, a dozen metrics) against Gauges with ``generate_latest`` and a custom
Collector of prometheus_client, side by side in each round, and the same set of samples; an unchanged snapshot against a
fresh one; 20 000 attesters, all of them counted again.

``chain``: real contracts on anvil with everybody staked for real, a part of them with our provider, proposals and votes
included. The exporter runs in a process of its own: round trips and processor time of a collection, memory over many of
them (its growth means something from a thousand on), and the time of scrapes by ten clients while both nodes hang: the
proxy of anvil and the Aztec node's stand-in are stopped, so that connections open and nothing ever comes back.
"""

from __future__ import annotations

import argparse
import gc
import http.client
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import attrs
from bench_snapshot import Far, parameters
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

sys.path.append(str(Path(__file__).parents[1]))
from node_stand_in import stand_in_process

from aztec_butler.devnet import Devnet
from aztec_butler.devnet.checkpoints import Checkpoints
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import StakingMoves
from aztec_butler.exporter.board import Board
from aztec_butler.exporter.site import ExporterSite
from aztec_butler.serving.exposition import page, sample_lines
from aztec_butler.serving.metric import Metric
from aztec_butler.serving.self_metrics import SelfMetrics

METRICS = 12
SCRAPERS, SCRAPES = 10, 100
PUBLISHERS = 8
GZIP = {"Accept-Encoding": "gzip"}
TOGETHER = 200
AT_LEAST = ("times_faster", "attesters_exported")


def timed(work):
    gc.collect()
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


# ---------------------------------------------------------------------- rendering


def made_samples(count: int) -> dict[Metric, dict[tuple[str, ...], float]]:
    """A dozen metrics of so many attesters; no two values alike."""
    metrics = [
        Metric(name=f"attester_number_{number}", help=f"Number {number}.", labels=("attester",))
        for number in range(METRICS)
    ]
    return {
        metric: {
            (f"0x{place:040x}",): place * 1.5 + number if number % 2 else place + number
            for place in range(count)
        }
        for number, metric in enumerate(metrics)
    }


def gauges_of(samples) -> CollectorRegistry:
    registry = CollectorRegistry()
    for metric, values in samples.items():
        gauge = Gauge(metric.full_name, metric.help, ["network", *metric.labels], registry=registry)
        for labels, value in values.items():
            gauge.labels("mainnet", *labels).set(value)
    return registry


class Custom:
    """What prometheus_client recommends for values read elsewhere."""

    def __init__(self, samples) -> None:
        self.samples = samples

    def collect(self):
        for metric, values in self.samples.items():
            family = GaugeMetricFamily(metric.full_name, metric.help, labels=["network", *metric.labels])
            for labels, value in values.items():
                family.add_metric(["mainnet", *labels], value)
            yield family


def sample_set(text: bytes) -> set:
    return {
        (sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def render(attesters: int, runs: int) -> dict[str, float]:
    samples = made_samples(attesters)
    gauges = gauges_of(samples)
    custom = CollectorRegistry()
    custom.register(Custom(samples))
    board = Board(clock=time.time)
    board.reserve("mainnet", "rollup", max_age_seconds=3600)
    site = ExporterSite(board, SelfMetrics("bench"), seconds_since_turn=lambda: 0.0, version="bench")

    def ours() -> bytes:
        return page([sample_lines(samples, network="mainnet")], openmetrics=False)

    def fresh() -> None:
        board.post("mainnet", "rollup", samples, began=time.time())
        board.refresh()

    texts = {"ours": ours(), "gauges": generate_latest(gauges), "custom": generate_latest(custom)}
    sets = {name: sample_set(text) for name, text in texts.items()}
    assert sets["ours"] == sets["gauges"] == sets["custom"]
    assert len(sets["ours"]) == attesters * METRICS
    seconds: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    for _ in range(runs):
        took = {
            name: timed(work)[1]
            for name, work in {
                "ours": ours,
                "gauges": lambda: generate_latest(gauges),
                "custom": lambda: generate_latest(custom),
                "fresh": fresh,
                "unchanged": lambda: [site.answer("GET", "/metrics", {}) for _ in range(20)],
                "unchanged_gzip": lambda: [
                    site.answer("GET", "/metrics", {"accept-encoding": "gzip"}) for _ in range(20)
                ],
            }.items()
        }
        took["unchanged"] /= 20
        took["unchanged_gzip"] /= 20
        for name, each in took.items():
            seconds.setdefault(name, []).append(each)
        for name, slow, quick in (
            ("rendering_times_faster_than_gauges", "gauges", "ours"),
            ("rendering_times_faster_than_custom_collector", "custom", "ours"),
            ("unchanged_times_faster_than_fresh", "fresh", "unchanged"),
            ("unchanged_gzip_times_faster_than_fresh", "fresh", "unchanged_gzip"),
        ):
            ratios.setdefault(name, []).append(took[slow] / took[quick])
    many = made_samples(20_000)
    text = page([sample_lines(many, network="mainnet")], openmetrics=False).decode()
    attested = {line.split('attester="')[1][:42] for line in text.splitlines() if not line.startswith("#")}
    assert text.count("\n") == 20_000 * METRICS + 2 * METRICS
    measured = {
        f"render_{name}_milliseconds": statistics.median(each) * 1000 for name, each in seconds.items()
    }
    measured |= {name: statistics.median(each) for name, each in ratios.items()}
    return measured | {"series": attesters * METRICS, "attesters_exported": len(attested)}


# ---------------------------------------------------------------------- the chain


@attrs.frozen(kw_only=True)
class Staked:
    """A devnet on which many staked.

    Args:
        splits: of our delegated attesters.
    """

    devnet: Devnet
    splits: dict[str, str]


def stake(devnet: Devnet, count: int, own: int) -> Staked:
    """Everybody enters: ours through a provider, the rest by themselves; then they propose and vote."""
    moves = StakingMoves(devnet, devnet.rollups[-1])
    keys = [attester_keys(number) for number in range(count)]
    registry, rollup = devnet.contract("staking_registry"), moves.rollup
    admin = wallet("admin")
    registry.send("registerProvider", admin, 1_000, wallet("treasury"), sender=admin)
    for start in range(0, own, 50):
        listed = [each.key_store for each in keys[start : min(start + 50, own)]]
        registry.send("addKeysToProvider", 1, listed, sender=admin, gas=290_000_000)
    moves.token.send("approve", registry.address, 2**256 - 1)
    moves.token.send("approve", rollup.address, 2**256 - 1)
    splits = {}
    for start in range(0, own, 50):
        receipts = devnet.chain.send_together(
            [
                registry.transaction(
                    "stake",
                    1,
                    moves.version,
                    wallet(f"owner {number // 10}"),
                    1_000,
                    wallet(f"purse {number}"),
                    True,
                    gas=3_000_000,
                )
                for number in range(start, min(start + 50, own))
            ]
        )
        for receipt in receipts:
            (event,) = registry.decode_logs(receipt, "StakedWithProvider")
            splits[event["attester"]] = event["coinbaseSplitContractAddress"]
    for start in range(own, count, TOGETHER):
        devnet.chain.send_together(
            [
                rollup.transaction(
                    "deposit",
                    *keys[number].key_store[:1],
                    wallet(f"owner {number // 10}"),
                    *keys[number].key_store[1:],
                    True,
                    gas=1_000_000,
                )
                for number in range(start, min(start + TOGETHER, count))
            ]
        )
    moves.wait_epochs(1)
    while rollup.read("getEntryQueueLength"):
        rollup.send("flushEntryQueue(uint256)", TOGETHER, gas=290_000_000)
    assert rollup.read("getActiveAttesterCount") == count
    do_duties(devnet, moves, {each.address: each for each in keys}, splits)
    return Staked(devnet=devnet, splits=splits)


def do_duties(devnet: Devnet, moves: StakingMoves, keys, splits) -> None:
    """An epoch of proposals, a slash vote and a signal, so that there is something of everything to read."""
    checkpoints, proposer = Checkpoints(moves, keys), moves.contracts.contracts["slashing_proposer"]
    size = proposer.read("ROUND_SIZE")
    moves.wait_epochs(8)
    checkpoints.propose_epoch(lambda attester: splits.get(attester, attester))
    slot = (devnet.contract("rollup").read("getCurrentSlot") // size + 1) * size
    for each in (slot, slot + 1):
        devnet.chain.wait_until(moves.clock.slot_start_at(each - 1))
        voter = checkpoints.proposer(each)
        votes = b"\x01" * (proposer.read("COMMITTEE_SIZE") * proposer.read("ROUND_SIZE_IN_EPOCHS") // 4)
        signature = keys[voter].sign(proposer.read("getVoteSignatureDigest", votes, each))
        proposer.send("vote", votes, signature.struct, sender=voter, at=moves.clock.slot_start_at(each))
    signalled = slot + 2
    devnet.chain.wait_until(moves.clock.slot_start_at(signalled - 1))
    devnet.contract("governance_proposer").send(
        "signal",
        devnet.addresses["gse"],
        sender=checkpoints.proposer(signalled),
        at=moves.clock.slot_start_at(signalled),
    )


class Exporter:
    """The exporter in its process."""

    def __init__(self, staked: Staked, url: str, aztec_url: str) -> None:
        addresses = staked.devnet.addresses
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("exporter_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        contracts = {name: addresses[name] for name in ("registry", "staking_registry")}
        self._tell(
            {
                "l1": url,
                "l2": aztec_url,
                "contracts": contracts,
                "provider_ids": [1],
                "coinbases": staked.splits,
                "publishers": [wallet(f"publisher {number}") for number in range(PUBLISHERS)],
            }
        )

    def _tell(self, what) -> None:
        print(what if isinstance(what, str) else json.dumps(what), file=self.process.stdin, flush=True)

    def ask(self, what: str) -> dict:
        self._tell(what)
        line = self.process.stdout.readline()
        assert line, "the exporter ended"
        return json.loads(line)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def baseline_bytes() -> int:
    """What an interpreter takes that has imported nothing."""
    program = "print(open('/proc/self/statm').read().split()[1])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return int(shown) * os.sysconf("SC_PAGESIZE")


def scrape_all(url: str) -> list[float]:
    """Ten clients, one scrape after the other without a pause; seconds of each."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    took: list[float] = []
    ready = threading.Barrier(SCRAPERS)

    def scrape() -> None:
        connection = http.client.HTTPConnection(host, port, timeout=30)
        mine = []
        ready.wait()
        for _ in range(SCRAPES):
            began = time.perf_counter()
            connection.request("GET", "/metrics", headers=GZIP)
            answer = connection.getresponse()
            content = answer.read()
            mine.append(time.perf_counter() - began)
            assert answer.status == 200
            assert len(content) > 10_000
        connection.close()
        took.extend(mine)

    threads = [threading.Thread(target=scrape) for _ in range(SCRAPERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]


def chain(attesters: int, own: int, collections: int) -> dict[str, float]:
    with Devnet.start(parameters(attesters)) as devnet, ExitStack() as stack:
        began = time.perf_counter()
        staked = stake(devnet, attesters, own)
        print(f"{attesters} attesters staked in {time.perf_counter() - began:.0f} s", flush=True)
        near = Far(int(devnet.url.rpartition(":")[2]), 0)
        aztec = stack.enter_context(
            stand_in_process(rollup=devnet.addresses["rollup"], newest=12, knows_all=True)
        )
        exporter = Exporter(staked, near.url, aztec.url)
        try:
            first = exporter.ask("collect 1")
            found = exporter.ask(f"collect {collections}")
            url = exporter.ask("serve")["url"]
            time.sleep(3)
            near.process.send_signal(signal.SIGSTOP)
            aztec.send_signal(signal.SIGSTOP)
            time.sleep(5)  # every collector hangs by now
            sys.setswitchinterval(
                0.0005
            )  # the clients are ten processes in truth, and do not wait for one another
            rounds = [scrape_all(url) for _ in range(3)]
        finally:
            near.process.send_signal(signal.SIGCONT)
            exporter.stop()
            near.stop()
    resident = found["resident_bytes"]
    tenth = max(1, len(resident) // 10)
    tenths = [statistics.median(resident[n * tenth : (n + 1) * tenth]) / 1e6 for n in range(10)]
    print("resident megabytes, a tenth of the collections each:", *(f"{each:.1f}" for each in tenths))
    early, late = tenths[1], tenths[-1]
    return {
        "first_collection_requests": first["requests"][0],
        "collection_requests": max(found["requests"]),
        "collection_wall_seconds": found["wall_seconds"],
        "collection_cpu_seconds": found["cpu_seconds"],
        "collections": collections,
        "page_series": found["series"],
        "page_bytes": found["bytes"],
        "memory_megabytes_over_baseline": (max(resident) - baseline_bytes()) / 1e6,
        "memory_growth_percent": (late / early - 1) * 100,
        "scrape_p50_milliseconds_nodes_hang": statistics.median(percentile(each, 0.5) for each in rounds)
        * 1000,
        "scrape_p99_milliseconds_nodes_hang": statistics.median(percentile(each, 0.99) for each in rounds)
        * 1000,
        "scrape_max_milliseconds_nodes_hang": max(map(max, rounds)) * 1000,
    }


TARGETS = {
    "render": {
        "rendering_times_faster_than_gauges": 10,
        "rendering_times_faster_than_custom_collector": 6,
        "unchanged_times_faster_than_fresh": 10,
        "unchanged_gzip_times_faster_than_fresh": 10,
        "attesters_exported": 20_000,
    },
    "chain": {
        "collection_requests": 20,
        "memory_megabytes_over_baseline": 150,
        "memory_growth_percent": 2,
        "scrape_p99_milliseconds_nodes_hang": 50,
    },
}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--attesters", type=int, default=4000)
    options.add_argument("--own", type=int, default=500)
    options.add_argument("--collections", type=int, default=1000)
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--only", choices=tuple(TARGETS))
    asked = options.parse_args()
    parts = [asked.only] if asked.only else list(TARGETS)
    measured: dict[str, float] = {}
    targets: dict[str, float] = {}
    for part in parts:
        measured |= (
            render(asked.attesters, asked.runs)
            if part == "render"
            else chain(asked.attesters, asked.own, asked.collections)
        )
        targets |= TARGETS[part]
    measured = {name: round(value, 3) for name, value in measured.items()}
    met = {
        name: measured[name] >= target
        if name.endswith(AT_LEAST) or "times_faster" in name
        else measured[name] <= target
        for name, target in targets.items()
    }
    print(json.dumps({"name": "exporter", "measured": measured, "targets": targets, "met": met}))


if __name__ == "__main__":
    main()
