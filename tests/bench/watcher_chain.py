"""A million blocks with 300,000 logs that a watcher watches, as the JSON text that a node sends; and the node.

Four thousand attesters, twenty providers with two hundred of them each; seeded, so that every run has the same logs.
Every attester's story is told over and over: staked on, dripped from its provider's queue, queued, activated, slashed,
withdrawn. Whose watcher it is, its facts decide: one provider is a twentieth of all events, all of them are all.

The node answers from prebuilt bytes. Its head can be moved: ``bench_setHead``.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import random
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from log_corpus import _HEADER, _LOG, BLOCKS, FIRST_BLOCK, _places, block_hash

from aztec_butler.core.contracts import CONTRACTS

FINALITY = 64
TIME = 1_720_000_000
ATTESTERS, PROVIDERS = 4_000, 20
TOKEN = 10**18
_FIELD_ORDER = 21888242871839275222246405745257275088696311157297823662689037894645226208583
KINDS = {  # event -> role, how many of a hundred
    "ProviderQueueDripped": ("staking_registry", 21),
    "StakedWithProvider": ("staking_registry", 21),
    "ValidatorQueued": ("rollup", 21),
    "Deposit": ("rollup", 21),
    "Slashed": ("rollup", 5),
    "WithdrawInitiated": ("rollup", 5),
    "WithdrawFinalized": ("rollup", 5),
    "AttestersAddedToProvider": ("staking_registry", 1),
}


def account(kind: str, number: int) -> str:
    """An address, in lower case."""
    return "0x" + hashlib.sha256(f"{kind} {number}".encode()).hexdigest()[:40]


def provider_of(which: int) -> int:
    """The provider that has an attester."""
    return which % PROVIDERS + 1


def contracts() -> dict[str, str]:
    """Of the logs, by role."""
    return {"rollup": account("rollup", 1), "staking_registry": account("staking registry", 1)}


def make(directory: Path, count: int) -> None:
    """Write the corpus, unless it is there: its logs in the order of the chain, and a table of blocks and places."""
    if (directory / "done").exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    rng = random.Random(2026)
    addresses = contracts()
    attesters = [account("attester", which)[2:].rjust(64, "0") for which in range(ATTESTERS)]
    keys = ["".join(f"{rng.randrange(_FIELD_ORDER):064x}" for _ in range(8)) for _ in range(ATTESTERS)]
    names, weights = list(KINDS), [weight for _, weight in KINDS.values()]
    logs, index, place = [], [], 0
    for block, log_index in _places(rng, count):
        (name,) = rng.choices(names, weights)
        role = KINDS[name][0]
        topics, data = _content(name, rng, attesters, keys)
        words = [CONTRACTS[role].event(name).topic0.hex(), *topics]
        text = _LOG % (
            addresses[role],
            ",".join(f'"0x{word}"' for word in words),
            data,
            block,
            hashlib.sha256(b"%d %d" % (block, log_index // 7)).hexdigest(),
            log_index // 7,
            block_hash(block),
            TIME + 12 * (block - FIRST_BLOCK),
            log_index,
        )
        logs.append(text)
        index.append((block, place))
        place += len(text) + 1
    (directory / "logs.json").write_text(",".join(logs) + ",")
    (directory / "logs.index").write_text(json.dumps([*index, (2**53, place)]))
    (directory / "done").touch()


def _content(name, rng, attesters, keys):
    """Topics behind the first, and data."""
    which = rng.randrange(ATTESTERS)
    attester, provider = attesters[which], f"{provider_of(which):064x}"
    rollup = contracts()["rollup"][2:].rjust(64, "0")
    someone = account("owner", which // 10)[2:].rjust(64, "0")
    match name:
        case "ProviderQueueDripped":
            return [provider, attester], ""
        case "StakedWithProvider":
            return [provider, rollup, attester], account("split", which)[2:].rjust(64, "0") + someone
        case "ValidatorQueued":
            return [attester, someone], ""
        case "Deposit":
            return [attester, someone], keys[which] + f"{200_000 * TOKEN:064x}"
        case "Slashed":
            return [attester], f"{2_000 * TOKEN:064x}"
        case "WithdrawInitiated" | "WithdrawFinalized":
            return [attester, someone], f"{198_000 * TOKEN:064x}"
    listed = [attesters[(which + PROVIDERS * step) % ATTESTERS] for step in range(rng.randrange(1, 21))]
    return [provider], f"{32:064x}{len(listed):064x}" + "".join(listed)


# ---------------------------------------------------------------------- the node


class Node:
    """Answers by what is asked."""

    def __init__(self, directory: Path) -> None:
        index = json.loads((directory / "logs.index").read_text())
        self._blocks, self._places = zip(*index, strict=True)
        self._text = memoryview((directory / "logs.json").read_bytes())
        self.head = FIRST_BLOCK + BLOCKS - 1

    def answer(self, call) -> list[bytes]:
        head = b'{"jsonrpc":"2.0","id":%s,"result":' % json.dumps(call["id"]).encode()
        method, parameters = call["method"], call.get("params") or []
        if method == "bench_setHead":
            self.head = parameters[0]
            return [head, b"true}"]
        if method == "eth_getBlockByNumber":
            number = self._number(parameters[0])
            words = [f"0x{block_hash(each)}".encode() for each in (number, number - 1)]
            return [head, _HEADER % (number, *words, TIME + 12 * (number - FIRST_BLOCK)), b"}"]
        if method == "eth_getLogs":
            first, last = (self._number(parameters[0][each]) for each in ("fromBlock", "toBlock"))
            begin = bisect.bisect_left(self._blocks, first)
            end = bisect.bisect_right(self._blocks, last)
            logs = self._text[self._places[begin] : self._places[end] - 1] if end > begin else b""
            return [head + b"[", logs, b"]}"]
        known = {"eth_chainId": "0x1", "eth_blockNumber": hex(self.head), "web3_clientVersion": "stub/1"}
        return [head + json.dumps(known[method]).encode() + b"}"]

    def _number(self, name: str) -> int:
        return {"latest": self.head, "finalized": self.head - FINALITY}.get(name) or int(name, 16)


def serve(node: Node) -> ThreadingHTTPServer:
    """A server of it, not yet at work."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 0
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if isinstance(asked, list):
                parts = [b"["]
                for call in asked:
                    parts += [*node.answer(call), b","]
                parts[-1] = b"]"
            else:
                parts = node.answer(asked)
            size = sum(map(len, parts))
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n"
            self.connection.sendall(head.encode())
            for part in parts:
                self.connection.sendall(part)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a client hung up

    return Quiet(("127.0.0.1", 0), Handler)


@contextmanager
def serving(directory: Path, count: int):
    """The URL of a node in a process of its own."""
    node = subprocess.Popen(
        [sys.executable, __file__, str(directory), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield node.stdout.readline().decode().strip()
    finally:
        node.kill()
        node.wait()


def main() -> None:
    """Serve until standard input ends: ``python tests/bench/watcher_chain.py DIRECTORY LOGS``."""
    directory = Path(sys.argv[1])
    make(directory, int(sys.argv[2]))
    server = serve(Node(directory))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
