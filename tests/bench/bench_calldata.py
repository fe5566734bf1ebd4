"""Calldata: ``python tests/bench/bench_calldata.py [--keys 1000] [--runs 7] [--node-modules PATH]``.

One ``addKeysToProvider`` call with many keys, by every contender in turn, each round anew. Compared is the CPU time for
each key, imports and start-up left out; that the bytes are the same is checked. viem takes part when it is found
(``--node-modules``: where it is installed). ``builder`` is what users call: the same bytes with the keys checked, refused
when they repeat, and decoded back.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from aztec_butler import calldata
from aztec_butler.core.bls import FIELD_MODULUS
from aztec_butler.core.contracts import STAKING_REGISTRY
from aztec_butler.core.hexes import checksum_address

PROVIDER = 7
KEY_STORE = "(address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))[]"
TARGETS = {"encode_x_web3": 200.0, "encode_x_eth_abi": 30.0, "encode_x_viem": 3.0}

VIEM = """
import { encodeFunctionData } from "viem";
let text = "";
for await (const part of process.stdin) text += part;
const [abi, id, rows, times] = JSON.parse(text);
const keys = rows.map(([attester, g1, g2, proof]) => ({
  attester,
  publicKeyG1: { x: BigInt(g1[0]), y: BigInt(g1[1]) },
  publicKeyG2: { x0: BigInt(g2[0]), x1: BigInt(g2[1]), y0: BigInt(g2[2]), y1: BigInt(g2[3]) },
  proofOfPossession: { x: BigInt(proof[0]), y: BigInt(proof[1]) },
}));
const make = () => encodeFunctionData({ abi: [abi], functionName: "addKeysToProvider", args: [BigInt(id), keys] });
for (let i = 0; i < times; i++) make();
const seconds = [];
let data = "";
for (let i = 0; i < times; i++) {
  const began = process.cpuUsage();
  data = make();
  const used = process.cpuUsage(began);
  seconds.push((used.user + used.system) / 1e6);
}
seconds.sort((a, b) => a - b);
console.log(JSON.stringify({ data, seconds: seconds[times >> 1] }));
"""

Contender = Callable[[], tuple[float, bytes]]


def random_keys(count: int) -> list[tuple]:
    dice = random.Random(3)

    def coordinates(number: int) -> tuple[int, ...]:
        return tuple(dice.randrange(1, FIELD_MODULUS) for _ in range(number))

    return [
        (checksum_address(dice.randbytes(20)), coordinates(2), coordinates(4), coordinates(2))
        for _ in range(count)
    ]


def timed(work: Callable[[], bytes], repeats: int) -> tuple[float, bytes]:
    """CPU seconds of one repeat, garbage collection included where it happens."""
    gc.collect()
    began = time.process_time()
    for _ in range(repeats):
        made = work()
    return (time.process_time() - began) / repeats, made


def contenders(keys: list[tuple], node_modules: Path | None) -> dict[str, Contender]:
    from eth_abi import encode
    from web3 import Web3

    function = STAKING_REGISTRY.function("addKeysToProvider")
    contract = Web3().eth.contract(abi=[function.to_json_abi()])

    def by_web3() -> bytes:
        return bytes.fromhex(contract.encode_abi("addKeysToProvider", args=[PROVIDER, keys])[2:])

    def by_eth_abi() -> bytes:
        return function.selector + encode(["uint256", KEY_STORE], [PROVIDER, keys])

    def by_builder() -> bytes:
        chunks = calldata.add_keys(PROVIDER, keys, chunk_size=100, verify=False)
        return b"".join(call.data for call in chunks)

    found: dict[str, Contender] = {
        "encode": lambda: timed(lambda: calldata.encode_add_keys(PROVIDER, keys), 20),
        "builder": lambda: timed(by_builder, 3),
        "web3": lambda: timed(by_web3, 1),
        "eth_abi": lambda: timed(by_eth_abi, 1),
    }
    if node_modules is not None:
        found["viem"] = lambda: by_viem(keys, node_modules)
    return found


def by_viem(keys: list[tuple], node_modules: Path) -> tuple[float, bytes]:
    """viem, warmed up, in a process of its own."""
    function = STAKING_REGISTRY.function("addKeysToProvider")
    rows = [[attester, *(list(map(str, point)) for point in points)] for attester, *points in keys]
    done = subprocess.run(
        ["node", "--input-type=module", "-e", VIEM],
        input=json.dumps([function.to_json_abi(), PROVIDER, rows, 21]),
        capture_output=True,
        text=True,
        check=False,
        cwd=node_modules.parent,
    )
    if done.returncode:
        raise SystemExit(f"viem failed:\n{done.stderr[-3000:]}")
    answer = json.loads(done.stdout)
    return answer["seconds"], bytes.fromhex(answer["data"][2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--node-modules", type=Path)
    options = parser.parse_args()
    keys = random_keys(options.keys)
    rounds: dict[str, list[float]] = {}
    all_contenders = contenders(keys, options.node_modules)
    for _ in range(options.runs):
        made = {name: work() for name, work in all_contenders.items()}
        for name, (seconds, data) in made.items():
            assert name == "builder" or data == made["encode"][1], f"{name} makes other bytes"
            rounds.setdefault(name, []).append(seconds / len(keys))
    each = {name: statistics.median(values) for name, values in rounds.items()}
    for name, seconds in each.items():
        print(f"{name:8} {seconds * 1e6:9.2f} us a key   {seconds / each['encode']:8.1f} x encode")
    measured = {
        f"encode_x_{name}": round(seconds / each["encode"], 1)
        for name, seconds in each.items()
        if name not in ("encode", "builder")
    }
    measured["encode_us_per_key"] = round(each["encode"] * 1e6, 3)
    measured["builder_x_web3"] = round(each["web3"] / each["builder"], 1)
    targets = {name: target for name, target in TARGETS.items() if name in measured}
    met = all(measured[name] >= target for name, target in targets.items())
    print(json.dumps({"name": "calldata", "measured": measured, "targets": targets, "met": met}))


if __name__ == "__main__":
    main()
