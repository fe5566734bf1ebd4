"""An Aztec node of version 4.1.2 on this machine, as far as the wire goes: its methods, its replies and its errors.

Its replies are those that real nodes gave (``cassettes/test_node_replies``: ``seq`` runs 4 of 4 validators, ``prover``
3 of 4), but for the newest block, which is of now. As there, an error comes with HTTP 400 and a JSON body, and what is
undefined is left out of a reply. All faults of ``fault_proxy`` can be injected.
"""

from __future__ import annotations

import contextlib
import copy
import json
import subprocess
import sys
import time
from pathlib import Path

from fault_proxy import FaultyNode, NodeSays

RECORDED = json.loads(
    (Path(__file__).parents[1] / "cassettes" / "test_node_replies" / "recorded.json").read_text()
)
SLOT_SECONDS = 24
DOWN = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
"""The validator of ``prover`` that does not run."""


class AztecStandIn(FaultyNode):
    """The public port, and the admin one in the same place.

    Args:
        recorded: whose replies it gives; where none of it was recorded, those of ``prover``.
        age_seconds: of the newest block.
        port: where it listens; 0 for a free one.
        answers: other replies by method, or functions of the parameters that return them.
    """

    def __init__(self, recorded="prover", *, age_seconds=30, port=0, **answers):
        self.age_seconds = age_seconds
        replies = {
            method: copy.deepcopy(by_node.get(recorded, by_node.get("prover")))
            for method, by_node in RECORDED.items()
        }
        self.tips = replies["getL2Tips"]
        self.stats = {each.lower(): stats for each, stats in replies["getValidatorsStats"]["stats"].items()}
        self.window = {
            name: value for name, value in replies["getValidatorsStats"].items() if name != "stats"
        }
        super().__init__(
            {
                "node_getNodeInfo": replies["getNodeInfo"],
                "node_getL2Tips": lambda: self.tips,
                "node_getWorldStateSyncStatus": replies["getWorldStateSyncStatus"]
                | {"latestBlockNumber": self.tips["proposed"]["number"]},
                "node_getCurrentMinFees": replies["getCurrentMinFees"],
                "node_getBlockHeader": self.header,
                "node_getEncodedEnr": None,
                "node_isReady": True,
                "node_getPendingTxCount": 0,
                "node_getValidatorsStats": replies["getValidatorsStats"],
                "node_getValidatorStats": self.validator,
                "p2p_getPeers": lambda _=False: RECORDED["getPeers"]["p2p3_8080"],
                "nodeAdmin_getSlashOffenses": lambda _: RECORDED["getSlashOffenses"]["prover_all"],
            }
            | answers,
            port=port,
        )
        self.always(as_measured)

    def header(self, block="latest", *_):
        """Headers of the tips' blocks: the newest is of now, the others are a slot apart."""
        blocks = [self.tips["proposed"]] + [
            self.tips[stage]["block"] for stage in ("checkpointed", "proven", "finalized")
        ]
        number = next(
            (each["number"] for each in blocks if block in (each["hash"], each["number"], "latest")), None
        )
        if number is None:
            return None
        behind = blocks[0]["number"] - number
        header = copy.deepcopy(RECORDED["getBlockHeader"]["localnet"])
        header["globalVariables"] |= {
            "blockNumber": number,
            "slotNumber": hex(45 - behind),
            "timestamp": str(int(time.time()) - self.age_seconds - behind * SLOT_SECONDS),
        }
        return header

    def validator(self, address, *_):
        """What ``getValidatorStats`` says of one; nothing of whom the sentinel has not seen."""
        stats = self.stats.get(address.lower())
        if stats is None:
            return None
        return {"validator": stats, "allTimeProvenPerformance": []} | self.window

    def result_of(self, call):
        reply = super().result_of(call)
        if "error" in reply and reply["error"]["code"] == -32601:
            reply["error"]["message"] = f"Method not found: {call['method']}"
        if reply.get("result", "") is None:
            del reply["result"]
        return reply


@contextlib.contextmanager
def stand_in_process(port=0, **changes):
    """A stand-in as a process of its own, to be killed: yields it, with its ``url``.

    Args:
        port: where it listens; 0 for a free one.
        changes: ``rollup``, address of the rollup it follows; ``newest``, number of its newest block; ``knows_all``,
            whether it has seen every attester that it is asked about.
    """
    process = subprocess.Popen(
        [sys.executable, __file__, str(port), json.dumps(changes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        process.url = process.stdout.readline().strip()
        yield process
    finally:
        process.kill()
        process.communicate()


def serve(port, *, rollup=None, newest=None, knows_all=False):
    """Stand in until nobody listens any more."""
    with AztecStandIn("p2p3", port=port) as node:
        if rollup is not None:
            node.answers["node_getNodeInfo"]["l1ContractAddresses"]["rollupAddress"] = rollup.lower()
        if newest is not None:
            node.tips["proposed"] = {"number": newest, "hash": f"0x{newest:064x}"}
        if knows_all:
            conduct = RECORDED["getValidatorStats"]["prover"]
            node.answers["node_getValidatorStats"] = lambda address, *_: (
                conduct | {"validator": conduct["validator"] | {"address": address}}
            )
        print(node.url, flush=True)
        sys.stdin.read()


def as_measured(exchange):
    """Well, with the statuses that a real node has."""
    replies = exchange.replies()
    failed = isinstance(replies, dict) and "error" in replies
    exchange.send(replies, status=400 if failed else 200)


def thrown(message="boom"):
    """An answer to raise instead of a reply: the method itself failed."""

    def answer(*_):
        raise NodeSays(-32702, message)

    return answer


if __name__ == "__main__":
    serve(int(sys.argv[1]), **json.loads(sys.argv[2]))
