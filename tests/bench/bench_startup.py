"""Cold start: ``python tests/bench/bench_startup.py [--runs 15]``.

Whole processes, wall time, each against the interpreter alone and all of them in turn, so that a busy machine slows
all of them alike. The commands are those of the installed console script, compiled modules in place, as on the second
run after an installation; the one request goes to a stub on this machine that answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CALLDATA = "0x30ccebb500000000000000000000000000000000000000000000000000000000000000aa"
HEADER = {"number": "0x16e3600", "hash": "0x" + "ab" * 32, "timestamp": "0x6543210"}
TARGETS = {
    "import_x": 1.5,
    "version_x": 1.5,
    "decode_x": 9.0,
    "help_x": 11.0,
    "command_help_x": 11.0,
    "one_request_of_web3_import": round(1 / 6, 4),
}


class Node(BaseHTTPRequestHandler):
    """An L1 node that knows its chain and one block."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        calls = asked if isinstance(asked, list) else [asked]
        replies = [
            {
                "jsonrpc": "2.0",
                "id": call["id"],
                "result": "0x1" if call["method"] == "eth_chainId" else HEADER,
            }
            for call in calls
        ]
        body = json.dumps(replies if isinstance(asked, list) else replies[0]).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def run(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stderr.decode()}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    python, script = sys.executable, str(Path(sys.executable).parent / "aztec-butler")
    # Without compiled modules every start would measure Python's compiler.
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith("AZTEC_BUTLER_")
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    cases = {
        "python": [python, "-c", "pass"],
        "import": [python, "-c", "import aztec_butler"],
        "version": [script, "--version"],
        "decode": [script, "decode", CALLDATA],
        "help": [script, "--help"],
        "command_help": [script, "attesters", "--help"],
        "one_request": [script, "block", "--l1", url],
        "web3": [python, "-c", "import web3"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for command in cases.values():
        run(command, environment)
    for _ in range(runs):
        for name, command in cases.items():
            if name != "web3" or len(seconds["web3"]) < 7:  # it is slow, and its median settles early
                seconds[name].append(run(command, environment))
    server.shutdown()
    median = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in median.items():
        ratio = value / median["python"]
        print(f"{name:14} {value * 1000:8.1f} ms   {ratio:6.2f} x python", file=sys.stderr)
    measured = {
        f"{name}_x": round(median[name] / median["python"], 2)
        for name in ("import", "version", "decode", "help", "command_help")
    }
    measured["one_request_of_web3_import"] = round(median["one_request"] / median["web3"], 4)
    met = {name: measured[name] <= target for name, target in TARGETS.items()}
    print(json.dumps({"name": "startup", "measured": measured, "targets": TARGETS, "met": met}))


if __name__ == "__main__":
    main()
