"""An exporter in a process of its own, told what to do line by line: for ``bench_exporter.py``.

The first line is a JSON object: where the nodes are, which contracts, who "we" are. Then ``collect N`` collects N times,
``serve`` collects in a loop and answers scrapes. Each is answered by a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from aztec_butler import connect
from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.exporter.balance_book import BalanceBook
from aztec_butler.exporter.board import Board
from aztec_butler.exporter.collectors import (
    coinbases,
    committees,
    entry_queue,
    governance,
    network,
    node,
    node_progress,
    offenses,
    provider,
    publishers,
    rewards,
    rollup,
    slashing,
    validators,
)
from aztec_butler.exporter.l1_collector import Pace
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.loop import CollectionLoop
from aztec_butler.exporter.ours import Ours
from aztec_butler.exporter.site import ExporterSite
from aztec_butler.exporter.stats_reader import StatsReader
from aztec_butler.serving.heap import settle_heap
from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.serving.server import Server


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def main() -> None:
    settle_heap()
    given = json.loads(sys.stdin.readline())
    ours = Ours(
        provider_ids=tuple(given["provider_ids"]),
        coinbases=given["coinbases"],
        publishers=tuple(given["publishers"]),
        cap=len(given["coinbases"]),
    )
    clock = [0.0]
    with (
        connect("devnet", l1=given["l1"], progress=False, event_store=False, **given["contracts"]) as net,
        AztecNode(given["l2"], admin_url=given["l2"]) as aztec,
    ):
        # Each collection reads anew, however soon it follows.
        reading = L1Reading(net, monotonic=lambda: clock[0])
        pace = Pace(interval_seconds=2, timeout_seconds=600)
        collectors = [
            *(
                module.collector(reading, lambda: ours, pace)
                for module in (rollup, entry_queue, provider, coinbases, rewards, slashing, committees)
            ),
            publishers.collector(BalanceBook(net), lambda: ours, pace),
            governance.collector(reading, pace),
            network.collector(reading, pace),
            node.collector(aztec, net, pace),
            node_progress.collector(aztec, net, pace),
            validators.collector(reading, StatsReader(aztec), lambda: ours, pace),
            offenses.collector(aztec, reading, lambda: ours, pace),
        ]
        board = Board(clock=time.time)
        loop = CollectionLoop(board, on_outcome=lambda outcome: None)
        loop.replace(collectors)

        def collect(times: int) -> dict:
            requests, resident = [], []
            began, cpu = time.perf_counter(), time.process_time()
            for _ in range(times):
                clock[0] += 60
                net.rpc.call("anvil_mine", "0x1", "0xc")  # each collection is of a block of its own
                before = net.rpc.request_count
                for outcome in loop.run_once():
                    if outcome.error is not None:
                        raise outcome.error
                requests.append(net.rpc.request_count - before)
                resident.append(resident_bytes())
            return {
                "requests": requests,
                "resident_bytes": resident,
                "wall_seconds": (time.perf_counter() - began) / times,
                "cpu_seconds": (time.process_time() - cpu) / times,
                "series": board.pages.plain.count(b"\n") - board.pages.plain.count(b"\n#"),
                "bytes": len(board.pages.plain),
            }

        def serve() -> dict:
            site = ExporterSite(board, SelfMetrics("bench"), seconds_since_turn=lambda: 0.0, version="bench")
            server = Server(site, port=0)
            server.start()
            clock[0] += 60
            loop.start()
            return {"url": server.url}

        for line in sys.stdin:
            words = line.split()
            answer = collect(int(words[1])) if words[0] == "collect" else serve()
            print(json.dumps(answer), flush=True)
    os._exit(0)  # whatever hangs on a node that hangs


if __name__ == "__main__":
    main()
