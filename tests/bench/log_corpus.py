"""A corpus of realistic logs, as the JSON text that a node sends, and a server on this machine that sends it.

Four events, one of them with an array, over a million blocks; seeded, so that every run has the same logs. The server
answers from prebuilt bytes and does next to nothing, so that what is measured is the client.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from aztec_butler.core.contracts import CONTRACTS

FIRST_BLOCK = 20_000_000
BLOCKS = 1_000_000
EVENTS = {  # name -> role, address, logs of every 300,000
    "Transfer": ("token", "0xa27ec0006e59f245217ff08cd52a7e8b169e62d2", 150_000),
    "Deposit": ("rollup", "0x603bb2c05d474794ea97805e8de69bccfb3bca12", 60_000),
    "StakedWithProvider": ("staking_registry", "0x042df8f42790d6943f41c25c2132400fd727f452", 60_000),
    "AttestersAddedToProvider": ("staking_registry", "0x042df8f42790d6943f41c25c2132400fd727f452", 30_000),
}
TOPICS = {name: "0x" + CONTRACTS[role].event(name).topic0.hex() for name, (role, _, _) in EVENTS.items()}
_FIELD_ORDER = 21888242871839275222246405745257275088696311157297823662689037894645226208583
_LOG = (
    '{"address":"%s","topics":[%s],"data":"0x%s","blockNumber":"0x%x","transactionHash":"0x%s",'
    '"transactionIndex":"0x%x","blockHash":"0x%s","blockTimestamp":"0x%x","logIndex":"0x%x","removed":false}'
)


def make(directory: Path, count: int) -> None:
    """Write the corpus, unless it is there: for every event its logs, and a table of blocks and places."""
    if (directory / "done").exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    rng = random.Random(2026)
    people = {
        kind: [rng.randbytes(20).hex().rjust(64, "0") for _ in range(many)]
        for kind, many in (
            ("attester", 4000),
            ("withdrawer", 600),
            ("holder", 10_000),
            ("split", 4000),
            ("staker", 5),
        )
    }
    keys = ["".join(f"{rng.randrange(_FIELD_ORDER):064x}" for _ in range(8)) for _ in people["attester"]]
    for name, (_, address, share) in EVENTS.items():
        logs, index, place = [], [], 0
        many = share * count // 300_000
        for block, log_index in _places(rng, many):
            topics, data = _content(name, rng, people, keys)
            text = _LOG % (
                address,
                ",".join(f'"{topic}"' for topic in [TOPICS[name], *("0x" + topic for topic in topics)]),
                data,
                block,
                hashlib.sha256(b"%d %d" % (block, log_index // 7)).hexdigest(),
                log_index // 7,
                block_hash(block),
                1_720_000_000 + 12 * (block - FIRST_BLOCK),
                log_index,
            )
            logs.append(text)
            index.append((block, place))
            place += len(text) + 1
        (directory / f"{name}.json").write_text(",".join(logs) + ",")
        (directory / f"{name}.index").write_text(json.dumps([*index, (2**53, place)]))
    (directory / "done").touch()


def block_hash(block: int) -> str:
    return hashlib.sha256(b"%d" % block).hexdigest()


def _places(rng, many):
    places = set()
    while len(places) < many:
        places.add((rng.randrange(FIRST_BLOCK, FIRST_BLOCK + BLOCKS), rng.randrange(2000)))
    return sorted(places)


def _content(name, rng, people, keys):
    which = rng.randrange(4000)
    attester = people["attester"][which]
    provider = f"{rng.randrange(1, 60):064x}"
    if name == "Transfer":
        # Few holders make most of the transfers.
        parties = [people["holder"][int(10_000 * rng.random() ** 4)] for _ in range(2)]
        return parties, f"{rng.getrandbits(8 * rng.randrange(6, 11)):064x}"
    if name == "Deposit":
        return [attester, rng.choice(people["withdrawer"])], keys[which] + f"{200_000 * 10**18:064x}"
    if name == "StakedWithProvider":
        rollup = EVENTS["Deposit"][1][2:].rjust(64, "0")
        return [provider, rollup, attester], people["split"][which] + rng.choice(people["staker"])
    added = [people["attester"][(which + step) % 4000] for step in range(rng.randrange(1, 21))]
    return [provider], f"{32:064x}{len(added):064x}" + "".join(added)


class Server:
    """The node: ``with Server(directory) as server`` and then ``server.url``.

    Args:
        directory: of the corpus.
        delay_seconds: every answer is so late.
        limit: of blocks in one range; more are refused.
    """

    def __init__(self, directory: Path, delay_seconds: float = 0, limit: int | None = None) -> None:
        self._streams = {}
        for name, topic in TOPICS.items():
            index = json.loads((directory / f"{name}.index").read_text())
            blocks, places = zip(*index, strict=True)
            self._streams[topic] = blocks, places, memoryview((directory / f"{name}.json").read_bytes())
        streams = self._streams

        class Node(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 0
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                time.sleep(delay_seconds)
                if isinstance(asked, list):
                    parts = [b"["]
                    for call in asked:
                        parts += [*_answer(streams, call, limit), b","]
                    parts[-1] = b"]"
                else:
                    parts = _answer(streams, asked, limit)
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {sum(map(len, parts))}\r\n\r\n"
                self.connection.sendall(head.encode())
                for part in parts:
                    self.connection.sendall(part)

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # a client that found an answer too large hung up

        self._server = Quiet(("127.0.0.1", 0), Node)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()


def _answer(streams, call, limit):
    start = b'{"jsonrpc":"2.0","id":%s,' % json.dumps(call["id"]).encode()
    head = start + b'"result":'
    method, parameters = call["method"], call.get("params") or []
    if method == "eth_getBlockByNumber":
        number = int(parameters[0], 16) if parameters[0][:2] == "0x" else FIRST_BLOCK + BLOCKS
        words = [f"0x{block_hash(each)}".encode() for each in (number, number - 1)]
        return [head, _HEADER % (number, *words, 1_720_000_000 + 12 * (number - FIRST_BLOCK)), b"}"]
    if method != "eth_getLogs":
        known = {
            "eth_chainId": "0x1",
            "net_version": "1",
            "eth_blockNumber": hex(FIRST_BLOCK + BLOCKS),
            "web3_clientVersion": "stub/1",
        }
        return [head + json.dumps(known[method]).encode() + b"}"]
    asked = parameters[0]
    first_block, last_block = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
    if limit is not None and last_block - first_block >= limit:
        words = b'"error":{"code":-32614,"message":"eth_getLogs is limited to a %d range"}}'
        return [start + words % limit]
    topic = asked["topics"][0]
    blocks, places, text = streams[topic[0] if isinstance(topic, list) else topic]
    first = bisect.bisect_left(blocks, first_block)
    last = bisect.bisect_right(blocks, last_block)
    logs = text[places[first] : places[last] - 1] if last > first else b""
    return [head + b"[", logs, b"]}"]


def _header() -> bytes:
    """A header as long as real ones: without bodies, but with the hashes of 150 transactions."""
    words = ("sha3Uncles", "transactionsRoot", "stateRoot", "receiptsRoot", "mixHash")
    numbers = ("difficulty", "totalDifficulty", "gasUsed", "baseFeePerGas")
    header = (
        dict.fromkeys(words, "0x" + "ab" * 32)
        | dict.fromkeys(numbers, "0x7")
        | {"number": "0x%x", "hash": "%b", "parentHash": "%b", "timestamp": "0x%x"}
        | {"gasLimit": "0x1c9c380", "size": "0x220", "extraData": "0x", "nonce": "0x" + "00" * 8}
        | {"miner": "0x" + "00" * 20, "logsBloom": "0x" + "00" * 256}
        | {"transactions": ["0x" + "cd" * 32] * 150, "uncles": []}
    )
    return json.dumps(header).encode()


_HEADER = _header()


def main() -> None:
    """Serve until standard input ends: ``python tests/bench/log_corpus.py DIRECTORY LOGS DELAY_SECONDS [LIMIT]``."""
    import sys

    directory = Path(sys.argv[1])
    make(directory, int(sys.argv[2]))
    limit = int(sys.argv[4]) if len(sys.argv) > 4 else None
    with Server(directory, float(sys.argv[3]), limit) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
