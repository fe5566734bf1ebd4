"""Logs to columns: ``python tests/bench/bench_events.py [--logs 300000] [--runs 5] [--late-runs 3]``.

From the bytes of ``eth_getLogs`` answers, four events in 100 ranges each, to finished tables. Every contender is a
process of its own, and all take turns. Compared is the client's CPU time for each log, from the first request to the
finished tables, imports left out. web3.py reads a part of the corpus, since it needs minutes for all of it; that its rows
are ours, value by value, is checked on one range of each event. cryo and viem take part when they are found
(``--cryo-python``: an interpreter that can import cryo; ``--node-modules``: where viem is installed).

Then the same 400 ranges from a server that answers 50 ms late and takes no wider ones: ``stream_logs``, every check
included, against viem's one request after the other, by the clock. And three million logs through ``stream_logs``,
decoded piece by piece: how far memory goes up.
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
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from log_peers import CRYO, FIRST_BLOCK, SPAN, VIEM, theirs, web3_frames

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
RANGES = 100
TARGETS = {
    "columns_x_web3": 150.0,
    "frame_x_web3": 100.0,
    "parser_x_web3": 55.0,
    "columns_x_viem": 12.0,
    "cryo_cpu_x_columns": 3.0,
    "columns_peak_mb": 250.0,
    "frame_peak_mb": 250.0,
    "late_stream_x_viem": 10.0,
    "stream_peak_mb": 400.0,  # of a node without limits, 16 answers of up to 8 MB at once; each thread has its heap
    "long_stream_peak_mb": 250.0,
}
AT_MOST = {name for name in TARGETS if name.endswith("_mb")}
WEB3_RANGES = 4
DELAY_SECONDS = 0.05
LONG = 10  # times the corpus


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
    from aztec_butler.core.columns_parsed import read_any

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


def streamed(url: str, times: int, *, keep: bool) -> int:
    """Everything through ``stream_logs``; kept and decoded at the end, or decoded and dropped piece by piece."""
    from log_corpus import EVENTS, TOPICS

    from aztec_butler.clients.log_stream import stream_logs
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.columns import Decoder

    start()
    logs, kept = 0, []
    with Rpc(url) as rpc:
        for name, (role, address, _) in [*EVENTS.items()] * times:
            decoder = Decoder(role)
            for piece in stream_logs(
                rpc,
                addresses=[address],
                topics=[[TOPICS[name]]],
                first_block=FIRST_BLOCK,
                last_block=FIRST_BLOCK + RANGES * SPAN - 1,
            ):
                decoder.add_batches(piece.batches)
                if not keep:
                    logs += sum(map(len, decoder.finish().tables.values()))
            if keep:
                (table,) = decoder.finish().tables.values()
                logs += len(table)
                kept.append(table)
    return logs


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


_began: dict[str, float] = {}


def start() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _began.update(cpu=used.ru_utime + used.ru_stime, wall=time.perf_counter(), peak=used.ru_maxrss)


def contend(which: str, url: str) -> None:
    """One contender's work, in its own process."""
    if which == "web3":
        logs = web3_frames(url, WEB3_RANGES, start)
    elif which == "same":
        logs = same_rows(url)
    elif which in ("stream", "late_stream"):
        logs = streamed(url, 1, keep=True)
    elif which == "long_stream":
        logs = streamed(url, LONG, keep=False)
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
        for which in ("columns", "frame", "parser", "stream", "web3")
    }
    events = {name: CONTRACTS[role].event(name) for name, (role, _, _) in EVENTS.items()}
    if options.cryo_python:
        plain = [  # it knows no names inside tuples
            (EVENTS[name][1], TOPICS[name], hashless(event)) for name, event in events.items()
        ]
        last = FIRST_BLOCK + RANGES * SPAN
        found["cryo"] = [options.cryo_python, "-c", CRYO, json.dumps([url, FIRST_BLOCK, last, SPAN, plain])]
    if options.node_modules:
        found["viem"] = viem(url)
    return found


def late_commands(url: str, options: argparse.Namespace) -> dict[str, list[str]]:
    found = {"late_stream": [sys.executable, __file__, "--contend", "late_stream", url]}
    return found | ({"late_viem": viem(url)} if options.node_modules else {})


def viem(url: str) -> list[str]:
    from log_corpus import EVENTS

    from aztec_butler.core.contracts import CONTRACTS

    abis = [
        (address, CONTRACTS[role].event(name).to_json_abi()) for name, (role, address, _) in EVENTS.items()
    ]
    work = json.dumps([url, FIRST_BLOCK, SPAN, RANGES, abis])
    return ["node", "--input-type=module", "-e", VIEM, work]


def hashless(event) -> str:
    """The event's line, struct fields without their names."""
    inputs = [f"{p.type.name}{' indexed' if p.indexed else ''} {p.name}" for p in event.inputs]
    return f"event {event.name}({', '.join(inputs)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--late-runs", type=int, default=3)
    parser.add_argument(
        "--directory", type=Path, default=Path(tempfile.gettempdir()) / "aztec-butler-log-corpus-2"
    )
    parser.add_argument("--cryo-python")
    parser.add_argument("--node-modules", type=Path)
    parser.add_argument("--contend", nargs=2, metavar=("WHICH", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        contend(*options.contend)
        return
    results: dict[str, list[dict]] = {}

    def take_turns(found: dict[str, list[str]], runs: int) -> None:
        for _ in range(runs):
            for which, command in found.items():
                cwd = options.node_modules.parent if which.endswith("viem") else None
                results.setdefault(which, []).append(run(command, cwd))

    with served(options) as url:
        same = run([sys.executable, __file__, "--contend", "same", url], None)
        take_turns(commands(url, options), options.runs)
    with served(options, DELAY_SECONDS, SPAN) as url:
        take_turns(late_commands(url, options), options.late_runs)
    with served(options, 0, SPAN) as url:
        take_turns({"long_stream": [sys.executable, __file__, "--contend", "long_stream", url]}, 1)
    report(results, same["logs"])


@contextmanager
def served(options: argparse.Namespace, *behaviour: float) -> Iterator[str]:
    """The URL of a server of the corpus; its delay in seconds, and its limit of blocks."""
    made = [str(options.directory / str(options.logs)), str(options.logs), *map(str, behaviour or (0,))]
    with subprocess.Popen(
        [sys.executable, str(HERE / "log_corpus.py"), *made],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield server.stdout.readline().strip()
        server.stdin.close()


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
    if "late_viem" in results:
        wall = {which: statistics.median(each["wall"] for each in results[which]) for which in results}
        measured["late_stream_x_viem"] = wall["late_viem"] / wall["late_stream"]
        measured |= {f"{which}_wall_s": wall[which] for which in ("late_viem", "late_stream")}
    for form in ("columns", "frame", "stream", "long_stream"):
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
    rounded |= {"logs": results["columns"][0]["logs"], "long_logs": results["long_stream"][0]["logs"]}
    rounded |= {"values_equal_to_web3": compared}
    print(json.dumps({"name": "events", "measured": rounded, "targets": targets, "met": met}))


if __name__ == "__main__":
    main()
