"""Whole validator sets: ``python tests/bench/bench_snapshot.py [--attesters 4000] [--runs 5]``.

Real contracts on anvil, everybody staked for real. Measured: all attester views at one block, and ``attesters()`` as a
finished DataFrame; without delay and through a proxy that adds 50 ms to every request. The comparison, one call per
attester, is waiting more than anything else, so a part of the set is measured and scaled; side by side in each round.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

from aztec_butler import connect
from aztec_butler.clients.multicall import Read
from aztec_butler.core.bls import registration
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.hexes import checksum_address, keccak256, to_hex
from aztec_butler.core.records import Status
from aztec_butler.core.views import decode_attester_view
from aztec_butler.devnet import SMALL, Devnet

DELAY_MILLISECONDS = 50
SINGLE_CALLS = 60
FLUSH = 250


def parameters(count: int):
    queue = attrs.evolve(
        SMALL.rollup.staking_queue_config,
        normal_flush_size_min=count,
        normal_flush_size_quotient=1,
        max_queue_flush_size=count,
        bootstrap_validator_set_size=0,
        bootstrap_flush_size=0,
    )
    return attrs.evolve(SMALL, rollup=attrs.evolve(SMALL.rollup, staking_queue_config=queue))


def stake(devnet: Devnet, count: int) -> list[str]:
    rollup, token = devnet.contract("rollup"), devnet.contract("staking_asset")
    token.send("approve", rollup.address, 2**256 - 1)
    attesters = [checksum_address(keccak256(b"attester %d" % number)[12:]) for number in range(count)]
    for start in range(0, count, FLUSH):
        deposits = []
        for number in range(start, min(start + FLUSH, count)):
            key = registration(1000 + number)
            deposits.append(
                rollup.transaction(
                    "deposit",
                    attesters[number],
                    checksum_address(keccak256(b"withdrawer %d" % (number // 10))[12:]),
                    key.public_key_g1,
                    key.public_key_g2,
                    key.proof_of_possession,
                    True,
                    gas=1_000_000,
                )
            )
        devnet.chain.send_together(deposits)
        rollup.send("flushEntryQueue(uint256)", FLUSH, gas=290_000_000)
    assert rollup.read("getActiveAttesterCount") == count
    return attesters


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work):
    gc.collect()  # what went before is not to be paid for here
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = work()
    return result, time.perf_counter() - wall, cpu_seconds() - cpu


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Far:
    """The node behind a delaying proxy."""

    def __init__(self, upstream: int, milliseconds: float) -> None:
        self.port = unused_port()
        script = Path(__file__).with_name("delay_proxy.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(self.port), str(upstream), str(milliseconds)]
        )
        self.url = f"http://127.0.0.1:{self.port}"
        for _ in range(200):
            try:
                self.count()
                break
            except OSError:
                time.sleep(0.02)

    def count(self) -> int:
        with urllib.request.urlopen(f"{self.url}/count") as response:
            return int(response.read())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--attesters", type=int, default=4000)
    options.add_argument("--runs", type=int, default=5)
    asked = options.parse_args()
    with Devnet.start(parameters(asked.attesters)) as devnet:
        began = time.perf_counter()
        attesters = stake(devnet, asked.attesters)
        print(f"{len(attesters)} attesters staked in {time.perf_counter() - began:.0f} s")
        port = int(devnet.url.rpartition(":")[2])
        near, far = Far(port, 0), Far(port, DELAY_MILLISECONDS)
        try:
            measured = measure(devnet, attesters, near, far, asked.runs)
        finally:
            near.stop()
            far.stop()
    targets = {
        "views_requests": 8,
        "views_cpu_seconds": 0.2,
        "views_times_faster_than_single_calls_at_50ms": 1000,
        "requests_per_eth_call": 1,
        "frame_requests": 12,
        "frame_cpu_seconds": 1.5,
    }
    met = {
        name: measured[name] >= target if "faster" in name else measured[name] <= target
        for name, target in targets.items()
    }
    print(json.dumps({"name": "snapshot", "measured": measured, "targets": targets, "met": met}))


def measure(devnet: Devnet, attesters: list[str], near: Far, far: Far, runs: int) -> dict[str, float]:
    options = {
        "registry": devnet.addresses["registry"],
        "staking_registry": devnet.addresses["staking_registry"],
        "progress": False,
    }
    rollup = devnet.addresses["rollup"]
    function = ROLLUP.function("getAttesterView")
    samples: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        samples.setdefault(name, []).append(value)

    def all_views(net, block):
        reads = [Read(rollup, function, (attester,)) for attester in attesters]
        return [decode_attester_view(value).status for value in net.multicall.read(reads, block)]

    def single_calls(net, block, some):
        return [net.multicall.read([Read(rollup, function, (attester,))], block) for attester in some]

    for _ in range(runs):
        for name, place in (("0ms", near), ("50ms", far)):
            with connect("devnet", l1=place.url, event_store=False, **options) as net:
                net.deployment  # noqa: B018  # discovered once for each connection, as connect's users do
                pin = net.block
                before = place.count()
                found, wall, cpu = timed(lambda net=net, pin=pin: all_views(net, pin))
                assert found == [Status.VALIDATING] * len(attesters)
                note(f"views_wall_seconds_{name}", wall)
                note("views_requests", place.count() - before)
                note(f"views_cpu_seconds_{name}", cpu)
                before = place.count()
                frame, wall, cpu = timed(net.attesters)
                assert len(frame) == len(attesters)
                note(f"frame_wall_seconds_{name}", wall)
                note("frame_requests", place.count() - before)
                note(f"frame_cpu_seconds_{name}", cpu)
                before = place.count()
                call = {"to": rollup, "data": to_hex(function.encode_call(attesters[0]))}
                net.rpc.call_each([("eth_call", [call, hex(pin.number)])] * 10)
                note("requests_per_eth_call", (place.count() - before) / 10)
            with TemporaryDirectory() as kept:
                # Twice with a disk: events are read from the node and kept, then read from there.
                for when in ("cold", "warm"):
                    with connect("devnet", l1=place.url, event_store=kept, **options) as net:
                        before = place.count()
                        frame, wall, cpu = timed(net.attesters)
                        assert len(frame) == len(attesters)
                        note(f"{when}_connection_wall_seconds_{name}", wall)
                        note(f"{when}_connection_cpu_seconds_{name}", cpu)
                        note(f"{when}_connection_requests", place.count() - before)
        with connect("devnet", l1=far.url, event_store=False, **options) as net:
            pin = net.block
            some = attesters[:SINGLE_CALLS]
            _, wall, _ = timed(lambda net=net, pin=pin, some=some: single_calls(net, pin, some))
            note("single_calls_wall_seconds_50ms", wall * len(attesters) / len(some))
    measured = {name: round(statistics.median(values), 4) for name, values in samples.items()}
    measured["views_cpu_seconds"] = measured["views_cpu_seconds_0ms"]
    measured["frame_cpu_seconds"] = measured["frame_cpu_seconds_0ms"]
    measured["views_times_faster_than_single_calls_at_50ms"] = round(
        statistics.median(
            single / wall
            for single, wall in zip(
                samples["single_calls_wall_seconds_50ms"], samples["views_wall_seconds_50ms"], strict=True
            )
        )
    )
    return measured


if __name__ == "__main__":
    main()
