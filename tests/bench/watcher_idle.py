"""What an idle poll of the watcher costs, beside web3.py's: ``python tests/bench/watcher_idle.py [--polls 1500]``.

A node in a process of its own answers at once, with headers as large as mainnet's. The watcher's follower looks at its
head, at the final block and at the logs since the last poll; with web3.py a poll is ``eth.block_number`` and
``eth.get_logs``, as everybody writes it. CPU of this process only, the peers in turns; requests are counted by the node.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median

TARGETS = {"web3_over_ours_cpu": 6.0, "round_trips_per_poll": 1}
TRANSACTIONS = 250
"""Of a block: a header comes with their hashes."""
HEAD = 24_000_000
ROLLUP, GSE = "0x" + f"{1:040d}", "0x" + f"{3:040d}"
_HEADER = {
    "baseFeePerGas": "0x3b9aca00",
    "difficulty": "0x0",
    "extraData": "0x" + "62" * 16,
    "gasLimit": "0x3938700",
    "gasUsed": "0x1c9c380",
    "logsBloom": "0x" + "5a" * 256,
    "miner": "0x" + "4e" * 20,
    "mixHash": "0x" + "7b" * 32,
    "nonce": "0x0000000000000000",
    "receiptsRoot": "0x" + "8c" * 32,
    "sha3Uncles": "0x" + "1d" * 32,
    "size": "0x1f3c2",
    "stateRoot": "0x" + "9e" * 32,
    "transactionsRoot": "0x" + "af" * 32,
    "uncles": [],
    "withdrawals": [
        {
            "address": "0x" + "b9" * 20,
            "amount": "0x11a33e3",
            "index": hex(90_000_000 + place),
            "validatorIndex": "0x9f2ab",
        }
        for place in range(16)
    ],
}


# ---------------------------------------------------------------------- the node


def block_hash(number: int) -> str:
    return f"0x{number:064x}"


def answer(call: dict[str, object]) -> object:
    method, parameters = call["method"], call["params"]
    if method == "eth_chainId":
        return "0x1"
    if method == "eth_blockNumber":
        return hex(HEAD)
    if method == "eth_getLogs":
        return []
    named = parameters[0]  # type: ignore[index]
    number = {"latest": HEAD, "finalized": HEAD - 70}.get(named) or int(named, 16)
    return _HEADER | {
        "number": hex(number),
        "hash": block_hash(number),
        "parentHash": block_hash(number - 1),
        "timestamp": hex(1_700_000_000 + 12 * number),
        "transactions": [f"0x{number:032x}{place:032x}" for place in range(TRANSACTIONS)],
    }


async def serve() -> None:
    """Answers are made once for each body, so that the node takes as little of the machine as it can."""
    known: dict[bytes, bytes] = {}
    requests = 0

    def reply(body: bytes) -> bytes:
        if body not in known:
            asked = json.loads(body)
            calls = asked if isinstance(asked, list) else [asked]
            replies = [{"jsonrpc": "2.0", "id": call["id"], "result": answer(call)} for call in calls]
            known[body] = json.dumps(
                replies if isinstance(asked, list) else replies[0], separators=(",", ":")
            ).encode()
            if len(known) > 1_000:  # web3.py counts its requests up
                known.clear()
                return reply(body)
        return known[body]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                if head.startswith(b"get"):
                    content = str(requests).encode()
                else:
                    size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                    content = reply(await reader.readexactly(size))
                    requests += 1
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                    % len(content)
                    + content
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


# ---------------------------------------------------------------------- the peers


class Ours:
    """The follower of the watcher, with the contracts and events that it watches."""

    def __init__(self, url: str) -> None:
        from aztec_butler.clients.rpc import Rpc
        from aztec_butler.core.intents import Checkpoint
        from aztec_butler.watcher.follower import Follower
        from aztec_butler.watcher.steps import WatchedContract, watched_logs

        contracts = [
            WatchedContract(address=ROLLUP, role="rollup"),
            WatchedContract(address="0x" + f"{2:040d}", role="rollup"),
            WatchedContract(address=GSE, role="gse"),
        ]
        watched = watched_logs(contracts, ["staking"])
        self._follower = Follower(Rpc(url), watched=lambda: watched)
        self._checkpoint = Checkpoint()
        for step in self._follower.steps(self._checkpoint):
            self._checkpoint = step.checkpoint
        assert self._checkpoint.noticed is not None
        assert self._checkpoint.noticed.number == HEAD

    def poll(self) -> None:
        for _ in self._follower.steps(self._checkpoint):
            raise AssertionError("nothing happened on this chain")


class Web3Poll:
    """What one writes with web3.py."""

    def __init__(self, url: str) -> None:
        from web3 import Web3

        from aztec_butler.core.event_kinds import select_events

        self._web3 = Web3(Web3.HTTPProvider(url))
        topics = sorted({"0x" + kind.topic0.hex() for kind in select_events("staking")})
        self._asked = {"address": [ROLLUP, "0x" + f"{2:040d}", GSE], "topics": [topics]}

    def poll(self) -> None:
        head = self._web3.eth.block_number
        assert self._web3.eth.get_logs({**self._asked, "fromBlock": head, "toBlock": head}) == []  # type: ignore[typeddict-item]


def cpu_of(poll: object, polls: int) -> float:
    """Seconds of CPU of one poll."""
    began = time.process_time()
    for _ in range(polls):
        poll()  # type: ignore[operator]
    return (time.process_time() - began) / polls


def measure(polls: int = 1_500, rounds: int = 7) -> dict[str, float]:
    """Medians of several rounds, the peers in turns.

    Args:
        polls: of each peer, in all rounds together.
        rounds: how often they take turns.
    """
    node = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE)
    try:
        assert node.stdout is not None
        url = f"http://127.0.0.1:{int(node.stdout.readline())}"
        ours, web3 = Ours(url), Web3Poll(url)
        each = max(1, polls // rounds)
        for peer in (ours, web3):
            cpu_of(peer.poll, 20)
        seconds: dict[str, list[float]] = {"ours": [], "web3": []}
        asked = 0
        for _ in range(rounds):
            before = count(url)
            seconds["ours"].append(cpu_of(ours.poll, each))
            asked += count(url) - before
            seconds["web3"].append(cpu_of(web3.poll, each))
    finally:
        node.kill()
        node.wait()
    ratios = [theirs / own for own, theirs in zip(seconds["ours"], seconds["web3"], strict=True)]
    own = median(seconds["ours"])
    return {
        "poll_cpu_ms": round(1e3 * own, 4),
        "web3_poll_cpu_ms": round(1e3 * median(seconds["web3"]), 4),
        "web3_over_ours_cpu": round(median(ratios), 2),
        "round_trips_per_poll": round(asked / (each * rounds), 3),
        "cpu_share_at_12_seconds": round(own / 12, 8),
    }


def count(url: str) -> int:
    """Requests that the node was asked."""
    with urllib.request.urlopen(f"{url}/count") as told:
        return int(told.read())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polls", type=int, default=1_500)
    parser.add_argument("--serve", action="store_true", help="be the node")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    measured = measure(options.polls)
    met = (
        measured["web3_over_ours_cpu"] >= TARGETS["web3_over_ours_cpu"]
        and measured["round_trips_per_poll"] == TARGETS["round_trips_per_poll"]
    )
    name = Path(__file__).stem
    print(json.dumps({"name": name, "measured": measured, "targets": TARGETS, "met": met}))


if __name__ == "__main__":
    main()
