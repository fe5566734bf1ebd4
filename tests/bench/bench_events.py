"""Logs to columns: ``python tests/bench/bench_events.py [--logs 300000] [--runs 5]``.

From the bytes of ``eth_getLogs`` answers, four events in 100 ranges each, to finished tables. Every contender is a
process of its own, and all take turns. Compared is the client's CPU time for each log, from the first request to the
finished tables, imports left out. web3.py reads a part of the corpus, since it needs minutes for all of it; that its rows
are ours, value by value, is checked on one range of each event. cryo and viem take part when they are found
(``--cryo-python``: an interpreter that can import cryo; ``--node-modules``: where viem is installed).
"""

from __future__ import annotations

import argparse
import http.client
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
RANGES = 100
SPAN = 10_000
FIRST_BLOCK = 20_000_000
TARGETS = {
    "columns_x_web3": 150.0,
    "frame_x_web3": 100.0,
    "parser_x_web3": 55.0,
    "columns_x_viem": 12.0,
    "cryo_cpu_x_columns": 3.0,
    "columns_peak_mb": 250.0,
    "frame_peak_mb": 250.0,
}
AT_MOST = {"columns_peak_mb", "frame_peak_mb"}
WEB3_RANGES = 4


def asked(name: str, number: int) -> dict:
    from log_corpus import EVENTS, TOPICS

    first = FIRST_BLOCK + number * SPAN
    return {
        "address": EVENTS[name][1],
        "topics": [TOPICS[name]],
        "fromBlock": hex(first),
        "toBlock": hex(first + SPAN - 1),
    }


def answers(url: str, name: str, ranges: int):
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    for number in range(ranges):
        call = {"jsonrpc": "2.0", "id": number, "method": "eth_getLogs", "params": [asked(name, number)]}
        connection.request("POST", "/", json.dumps(call), {"content-type": "application/json"})
        response = connection.getresponse()
        yield response.read()
    connection.close()


def ours(url: str, ranges: int, form: str):
    from log_corpus import EVENTS

    from aztec_butler.core import columns
    from aztec_butler.core.columns_json import read_any

    if form == "parser":
        columns.read_answer = read_any
    if form == "frame":
        import pandas as pd  # noqa: F401 - its import is no part of the work
    start()
    logs, kept = 0, []
    for name, (role, _, _) in EVENTS.items():
        decoder = columns.Decoder(role)
        for answer in answers(url, name, ranges):
            decoder.add(answer)
        (table,) = decoder.finish().tables.values()
        logs += len(table)
        kept.append(columns.to_frame(table) if form == "frame" else table)
        del table, decoder
    return logs


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


def web3_frames(url: str, ranges: int) -> int:
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


def same_rows(url: str) -> int:
    """Compare one range of every event with web3.py's decoding, value by value."""
    from log_corpus import EVENTS

    from aztec_butler.core import columns
    from aztec_butler.core.events import record_type
    from aztec_butler.core.events_fields import event_fields

    start()
    compared = 0
    for name, (role, _, _) in EVENTS.items():
        frame = columns.to_frame(next(iter(columns.decode(answers(url, name, 1), role).tables.values())))
        fields = event_fields(record_type(role, name).event)
        (logs,) = theirs(url, 1, name)
        assert len(frame) == len(logs)
        for row, log in zip(frame.to_dict("records"), logs, strict=True):
            assert row["block_number"] == log["blockNumber"]
            assert row["log_index"] == log["logIndex"]
            assert row["transaction_hash"] == log["transactionHash"].to_0x_hex()
            assert row["block_hash"] == log["blockHash"].to_0x_hex()
            for field in fields:
                expected = log["args"][field.label]
                if hasattr(expected, "items"):
                    found = {key: row[f"{field.name}_{key}"] for key in expected}
                    assert found == dict(expected), (name, field.name)
                else:
                    found = row[field.name]
                    assert found == (tuple(expected) if isinstance(expected, list) else expected), (
                        name,
                        field,
                    )
                compared += 1
    return compared


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


_began: dict[str, float] = {}


def start() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _began.update(cpu=used.ru_utime + used.ru_stime, wall=time.perf_counter(), peak=used.ru_maxrss)


def contend(which: str, url: str) -> None:
    """One contender's work, in its own process."""
    if which == "web3":
        logs = web3_frames(url, WEB3_RANGES)
    elif which == "same":
        logs = same_rows(url)
    else:
        logs = ours(url, RANGES, which)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "logs": logs,
                "cpu": used.ru_utime + used.ru_stime - _began["cpu"],
                "wall": time.perf_counter() - _began["wall"],
                "peak_mb": (used.ru_maxrss - _began["peak"]) / 1024,
            }
        )
    )


def commands(url: str, options: argparse.Namespace) -> dict[str, list[str]]:
    from log_corpus import EVENTS, TOPICS

    from aztec_butler.core.contracts import CONTRACTS

    found = {
        which: [sys.executable, __file__, "--contend", which, url]
        for which in ("columns", "frame", "parser", "web3")
    }
    events = {name: CONTRACTS[role].event(name) for name, (role, _, _) in EVENTS.items()}
    if options.cryo_python:
        plain = [  # it knows no names inside tuples
            (EVENTS[name][1], TOPICS[name], hashless(event)) for name, event in events.items()
        ]
        last = FIRST_BLOCK + RANGES * SPAN
        found["cryo"] = [options.cryo_python, "-c", CRYO, json.dumps([url, FIRST_BLOCK, last, SPAN, plain])]
    if options.node_modules:
        abis = [(EVENTS[name][1], event.to_json_abi()) for name, event in events.items()]
        work = json.dumps([url, FIRST_BLOCK, SPAN, RANGES, abis])
        found["viem"] = ["node", "--input-type=module", "-e", VIEM, work]
    return found


def hashless(event) -> str:
    """The event's line, struct fields without their names."""
    inputs = [f"{p.type.name}{' indexed' if p.indexed else ''} {p.name}" for p in event.inputs]
    return f"event {event.name}({', '.join(inputs)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--directory", type=Path, default=Path(tempfile.gettempdir()) / "aztec-butler-log-corpus"
    )
    parser.add_argument("--cryo-python")
    parser.add_argument("--node-modules", type=Path)
    parser.add_argument("--contend", nargs=2, metavar=("WHICH", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        contend(*options.contend)
        return
    serving = [sys.executable, str(HERE / "log_corpus.py"), str(options.directory / str(options.logs))]
    with subprocess.Popen(
        [*serving, str(options.logs), "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        url = server.stdout.readline().strip()
        same = run([sys.executable, __file__, "--contend", "same", url], None)
        results: dict[str, list[dict]] = {}
        for _ in range(options.runs):
            for which, command in commands(url, options).items():
                cwd = options.node_modules.parent if which == "viem" else None
                results.setdefault(which, []).append(run(command, cwd))
        server.stdin.close()
    report(results, same["logs"])


def run(command: list[str], cwd: Path | None) -> dict:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if done.returncode:
        raise SystemExit(f"{command[:3]} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def report(results: dict[str, list[dict]], compared: int) -> None:
    each = {
        which: statistics.median(1e5 * result["cpu"] / result["logs"] for result in runs)
        for which, runs in results.items()
    }
    measured: dict[str, float] = {
        "columns_x_web3": each["web3"] / each["columns"],
        "frame_x_web3": each["web3"] / each["frame"],
        "parser_x_web3": each["web3"] / each["parser"],
    }
    if "cryo" in each:
        measured["cryo_cpu_x_columns"] = each["cryo"] / each["columns"]
    if "viem" in each:
        measured["columns_x_viem"] = each["viem"] / each["columns"]
    for form in ("columns", "frame"):
        measured[f"{form}_peak_mb"] = statistics.median(result["peak_mb"] for result in results[form])
    targets = {name: target for name, target in TARGETS.items() if name in measured}
    met = all(
        measured[name] <= target if name in AT_MOST else measured[name] >= target
        for name, target in targets.items()
    )
    measured |= {f"{which}_cpu_s_per_100k": cost for which, cost in each.items()}
    measured |= {
        f"{which}_logs_per_s": statistics.median(result["logs"] / result["wall"] for result in runs)
        for which, runs in results.items()
    }
    rounded = {name: round(value, 3) for name, value in measured.items()}
    rounded |= {"logs": results["columns"][0]["logs"], "values_equal_to_web3": compared}
    print(json.dumps({"name": "events", "measured": rounded, "targets": targets, "met": met}))


if __name__ == "__main__":
    main()
