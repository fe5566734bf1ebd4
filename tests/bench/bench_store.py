"""The event store: ``python tests/bench/bench_store.py [--logs 300000] [--streamed 3000000] [--runs 5]``.

Two questions. How much faster is a second reading than the first? Four events in 100 ranges each are fetched to finished
tables, 16 requests at once, from a server on this machine that answers at once, and from one that answers after 50 ms; there
they are committed and read, which with the fetching is the first reading. The second one is from the store alone, in a
new process. And how much memory does it take to stream millions of logs into it? The corpus is decoded
and committed again and again, ever later on the chain; then the whole is read back in parts.

Every part is a process of its own. Fetching and reading take turns; compared are the medians of their wall times, imports
left out.
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
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from log_corpus import BLOCKS, EVENTS, FIRST_BLOCK, TOPICS, block_hash  # noqa: E402

RANGES = 100
SPAN = BLOCKS // RANGES
CONTRACTS = {address: role for role, address, _ in EVENTS.values()}
GENESIS_HASH = "0x" + "00" * 32
LAST_BLOCK = FIRST_BLOCK + BLOCKS - 1
TARGETS = {"warm_x_fetch": 50.0, "stream_peak_mb": 600.0}
AT_MOST = {"stream_peak_mb"}


def opened(root: str):
    from aztec_butler.store.events import EventStore

    return EventStore(root, chain_id=1, genesis_hash=GENESIS_HASH)


def records() -> dict[str, str]:
    """The names of the records, by event."""
    from aztec_butler.core.contracts import CONTRACTS
    from aztec_butler.core.events_fields import record_name

    return {name: record_name(role, CONTRACTS[role].event(name)) for name, (role, _, _) in EVENTS.items()}


def fetched(url: str) -> dict:
    """Everything, as tables."""
    from aztec_butler.core import columns

    mine = threading.local()

    def answer(name: str, number: int) -> bytes:
        if not hasattr(mine, "connection"):
            mine.connection = http.client.HTTPConnection(url.removeprefix("http://"))
        first = FIRST_BLOCK + number * SPAN
        asked = {
            "address": EVENTS[name][1],
            "topics": [TOPICS[name]],
            "fromBlock": hex(first),
            "toBlock": hex(first + SPAN - 1),
        }
        call = {"jsonrpc": "2.0", "id": number, "method": "eth_getLogs", "params": [asked]}
        mine.connection.request("POST", "/", json.dumps(call), {"content-type": "application/json"})
        return mine.connection.getresponse().read()

    tables = {}
    with ThreadPoolExecutor(16) as pool:
        waiting = {name: [pool.submit(answer, name, number) for number in range(RANGES)] for name in EVENTS}
        for name, answers in waiting.items():
            decoder = columns.Decoder(EVENTS[name][0])
            for each in answers:
                decoder.add(each.result())
            tables |= decoder.finish().tables
    return tables


def held(root: str, first_block: int = FIRST_BLOCK, last_block: int = LAST_BLOCK) -> dict:
    """Everything, from the store."""
    store = opened(root)
    assert store.missing(CONTRACTS, records().values(), first_block, last_block) == []
    wanted = {record: [EVENTS[name][1]] for name, record in records().items()}
    return store.read_many(wanted, first_block=first_block, last_block=last_block)


def stream(root: str, directory: str, count: int) -> dict:
    """Decode and commit the corpus until there are ``count`` logs, then read them all; what it took."""
    import pyarrow as pa

    from aztec_butler.core import columns

    corpus = Path(directory)
    indices = {name: json.loads((corpus / f"{name}.index").read_text()) for name in EVENTS}
    started = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    store, logs, turn = opened(root), 0, 0
    while logs < count:
        for part in range(4):
            first, last = FIRST_BLOCK + part * BLOCKS // 4, FIRST_BLOCK + (part + 1) * BLOCKS // 4 - 1
            decoder = columns.Decoder(CONTRACTS)
            for name, index in indices.items():
                with (corpus / f"{name}.json").open("rb") as file:
                    for number in range(RANGES // 4):
                        decoder.add(_answer(file, index, first + number * SPAN))
            tables = decoder.finish().tables
            shift = turn * BLOCKS
            for name, table in tables.items():
                blocks = pa.array(table["block_number"].to_numpy() + shift, pa.uint64())
                tables[name] = table.set_column(0, table.schema.field(0), blocks)
                logs += len(table)
            store.commit(
                tables,
                contracts=CONTRACTS,
                events=list(records().values()),
                first_block=first + shift,
                last_block=last + shift,
                last_block_hash=f"0x{last + shift:064x}",
            )
            del tables, decoder
        turn += 1
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    found = 0
    for name, record in records().items():
        asked = {
            "addresses": [EVENTS[name][1]],
            "first_block": FIRST_BLOCK,
            "last_block": LAST_BLOCK + (turn - 1) * BLOCKS,
        }
        for first, last in store.partitions(record, **asked):
            found += len(store.read(record, **asked | {"first_block": first, "last_block": last}))
    assert found == logs, (found, logs)
    used = resource.getrusage(resource.RUSAGE_SELF)
    files = [path for path in Path(root).rglob("*") if path.is_file()]
    return {
        "streamed_logs": logs,
        "stream_seconds": round(seconds, 1),
        "read_again_seconds": round(time.perf_counter() - began, 2),
        "stream_peak_mb": round(used.ru_maxrss / 1024, 1),
        "stream_peak_over_start_mb": round((used.ru_maxrss - started.ru_maxrss) / 1024, 1),
        "stored_mb": round(sum(path.stat().st_size for path in files) / 1e6, 1),
        "stored_files": len(files),
    }


def _answer(file, index, first_block: int) -> bytes:
    """What a node says to a range that begins there."""
    import bisect

    begin = bisect.bisect_left(index, first_block, key=lambda entry: entry[0])
    end = bisect.bisect_left(index, first_block + SPAN, key=lambda entry: entry[0])
    file.seek(index[begin][1])
    logs = file.read(index[end][1] - index[begin][1])
    return b'{"jsonrpc":"2.0","id":1,"result":[' + logs.removesuffix(b",") + b"]}"


def part(which: str, arguments: list[str]) -> None:
    """One part of the measurement, in its own process."""
    if which == "stream":
        print(json.dumps(stream(arguments[0], arguments[1], int(arguments[2]))))
        return
    work = {"fetch": fetched, "warm": held}[which]
    import aztec_butler.core.columns
    import aztec_butler.store.events  # noqa: F401 - imports are no part of the work

    records()

    began, used = time.perf_counter(), time.process_time()
    tables = work(arguments[0])
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    told = {"seconds": seconds, "cpu": cpu, "logs": sum(map(len, tables.values()))}
    if which == "warm":
        # A notebook reads more than once.
        began = time.perf_counter()
        work(arguments[0])
        told["again"] = time.perf_counter() - began
        began = time.perf_counter()
        held(arguments[0], FIRST_BLOCK + BLOCKS // 2, FIRST_BLOCK + BLOCKS // 2 + SPAN)
        told["small"] = time.perf_counter() - began
    else:
        store = opened(arguments[1])
        began = time.perf_counter()
        store.commit(
            tables,
            contracts=CONTRACTS,
            events=list(tables),
            first_block=FIRST_BLOCK,
            last_block=LAST_BLOCK,
            last_block_hash=f"0x{block_hash(LAST_BLOCK)}",
        )
        held(arguments[1])
        told["cold"] = seconds + time.perf_counter() - began
        for event, table in tables.items():
            kept = store.read(
                event,
                addresses=table["address"].unique().to_pylist(),
                first_block=FIRST_BLOCK,
                last_block=LAST_BLOCK,
            )
            assert kept.schema.equals(table.schema, check_metadata=True)
            assert kept.equals(table), event
    print(json.dumps(told))


def run(which: str, *arguments: object) -> dict:
    """A part of the measurement."""
    command = [sys.executable, __file__, "--part", which, *map(str, arguments)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    if shown.returncode:
        raise SystemExit(shown.stderr)
    return json.loads(shown.stdout.splitlines()[-1])


def served(directory: Path, count: int, delay_seconds: float) -> tuple[subprocess.Popen, str]:
    command = [sys.executable, str(HERE / "log_corpus.py"), str(directory), str(count), str(delay_seconds)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


def main() -> None:
    """Measure, and print one line of JSON last."""
    if sys.argv[1:2] == ["--part"]:
        part(sys.argv[2], sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--logs", type=int, default=300_000)
    parser.add_argument("--streamed", type=int, default=3_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "aztec_butler_corpus")
    asked = parser.parse_args()
    directory = asked.corpus / f"store-{asked.logs}"
    servers = [served(directory, asked.logs, delay) for delay in (0, 0.05)]
    seconds: dict[str, list[float]] = {
        name: []
        for name in ("fetch", "fetch_cpu", "fetch_50_ms", "cold_50_ms", "warm", "warm_cpu", "again", "small")
    }
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.runs):
            for name, (_, url) in zip(("fetch", "fetch_50_ms"), servers, strict=True):
                root = Path(folder, name, str(number))
                fetch = run("fetch", url, root)
                seconds[name].append(fetch["seconds"])
            seconds["fetch_cpu"].append(fetch["cpu"])
            seconds["cold_50_ms"].append(fetch["cold"])
            warm = run("warm", root)
            keys = (("warm", "seconds"), ("warm_cpu", "cpu"), ("again", "again"), ("small", "small"))
            for name, key in keys:
                seconds[name].append(warm[key])
    for process, _ in servers:
        process.stdin.close()
        process.wait()
    middle = {name: statistics.median(each) for name, each in seconds.items()}
    for name, each in seconds.items():
        print(f"{name:12} {' '.join(f'{one * 1e3:9.1f}' for one in each)} ms")
    with tempfile.TemporaryDirectory() as root:
        streamed = run("stream", root, directory, asked.streamed)
    measured = {
        "logs": warm["logs"],
        **{f"{name}_ms": round(value * 1e3, 1) for name, value in middle.items()},
        "warm_x_cold": round(middle["cold_50_ms"] / middle["warm"], 1),
        "warm_x_fetch": round(middle["fetch_50_ms"] / middle["warm"], 1),
        "warm_x_fetch_without_latency": round(middle["fetch"] / middle["warm"], 1),
        # What other programs on the machine do not disturb.
        "warm_x_fetch_in_cpu": round(middle["fetch_cpu"] / middle["warm_cpu"], 1),
        **streamed,
    }
    met = {
        name: measured[name] <= target if name in AT_MOST else measured[name] >= target
        for name, target in TARGETS.items()
    }
    print(json.dumps({"name": "store", "measured": measured, "targets": TARGETS, "met": met}))


if __name__ == "__main__":
    main()
