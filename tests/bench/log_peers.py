"""What others make of the same logs: web3.py in Python, cryo and viem as programs for interpreters of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_BLOCK = 20_000_000
SPAN = 10_000

CRYO = """
import os, resource, sys, time, json
os.environ.setdefault("RUST_LOG", "error")
import cryo, pandas
url, first, last, span, events = json.loads(sys.argv[1])
before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
logs = 0
for address, topic, signature in events:
    frame = cryo.collect("logs", output_format="pandas", blocks=[f"{first}:{last}"], rpc=url, contract=[address],
        topic0=[topic], inner_request_size=span, hex=True, no_verbose=True, max_concurrent_requests=100,
        max_concurrent_chunks=4, event_signature=signature, u256_types=["string"],
        exclude_columns=["data", "topic0", "topic1", "topic2", "topic3", "address"])
    logs += len(frame)
after = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"logs": logs, "wall": time.perf_counter() - began,
    "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    "peak_mb": (after.ru_maxrss - before.ru_maxrss) / 1024}))
"""
VIEM = """
const [url, first, span, ranges, events] = JSON.parse(process.argv[1]);
const {createPublicClient, http} = await import("viem");
const {mainnet} = await import("viem/chains");
const client = createPublicClient({chain: mainnet, transport: http(url)});
const began = performance.now(), before = process.cpuUsage();
const kept = [];
for (const [address, event] of events)
  for (let number = 0; number < ranges; number++) {
    const fromBlock = BigInt(first + number * span), toBlock = BigInt(first + (number + 1) * span - 1);
    kept.push(...await client.getLogs({address, event, fromBlock, toBlock, strict: true}));
  }
const used = process.cpuUsage(before);
console.log(JSON.stringify({logs: kept.length, wall: (performance.now() - began) / 1e3,
  cpu: (used.user + used.system) / 1e6}));
"""


def theirs(url: str, ranges: int, name: str):
    """web3.py's decoded events."""
    from log_corpus import EVENTS
    from web3 import Web3

    from aztec_butler.core.contracts import CONTRACTS

    w3 = Web3(Web3.HTTPProvider(url))
    role, address, _ = EVENTS[name]
    event = CONTRACTS[role].event(name)
    contract = w3.eth.contract(address=Web3.to_checksum_address(address), abi=[event.to_json_abi()])
    for number in range(ranges):
        first = FIRST_BLOCK + number * SPAN
        yield contract.events[name]().get_logs(from_block=first, to_block=first + SPAN - 1)


def web3_frames(url: str, ranges: int, start: Callable[[], None]) -> int:
    """A DataFrame for every event; ``start`` is called when the imports are done."""
    import pandas as pd
    from log_corpus import EVENTS
    from web3 import Web3  # noqa: F401 - its import is no part of the work

    start()
    total = 0
    for name in EVENTS:
        rows = [
            {
                "block_number": log["blockNumber"],
                "log_index": log["logIndex"],
                "transaction_hash": log["transactionHash"].to_0x_hex(),
                **log["args"],
            }
            for logs in theirs(url, ranges, name)
            for log in logs
        ]
        total += len(pd.DataFrame(rows))
    return total
