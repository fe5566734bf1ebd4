"""A small chain of staking events behind a JSON-RPC node on this machine."""

from __future__ import annotations

from event_logs import GSE, ROLLUP, TIME, block_hash, log, slashed
from fault_proxy import FaultyNode, NodeSays

from aztec_butler.archive.coverage import Gap
from aztec_butler.clients.log_piece import Canary
from aztec_butler.core.contracts import CONTRACTS as ABIS

LAST = 1_999
CHAIN_ID = 31_337
CONTRACTS = {ROLLUP: "rollup", GSE: "gse"}
EVENTS = ("RollupSlashed", "GseDeposit")
WHOLE = Gap(contracts=CONTRACTS, events=EVENTS, first_block=0, last_block=LAST)
CANARY = Canary(address=ROLLUP, topics=((ABIS["rollup"].event("OwnershipTransferred").topic0,),), block=0)
ROWS = {"RollupSlashed": 572, "GseDeposit": 200}


def story():
    """Every log of the chain: the owner's, slashes (some in one block), deposits."""
    found = [log("RollupOwnershipTransferred", 0, 0)]
    found += [slashed(block, 0, block * 10**18) for block in range(3, LAST + 1, 7)]
    found += [slashed(block, 1, 1 << 100) for block in range(3, LAST + 1, 7)]
    found += [log("GseDeposit", block, 2, address=GSE) for block in range(5, LAST + 1, 10)]
    return sorted(found, key=lambda each: (each.block_number, each.log_index))


def as_json(raw):
    """A log as nodes tell it."""
    return {
        "address": raw.address,
        "topics": ["0x" + topic.hex() for topic in raw.topics],
        "data": "0x" + raw.data.hex(),
        "blockNumber": hex(raw.block_number),
        "blockHash": raw.block_hash,
        "blockTimestamp": hex(raw.block_timestamp),
        "transactionHash": raw.transaction_hash,
        "transactionIndex": hex(raw.transaction_index),
        "logIndex": hex(raw.log_index),
        "removed": False,
    }


class ServedChain:
    """What the node answers; ``widest`` is how many blocks it gives at once, ``broken_from`` where it fails."""

    def __init__(self, *, widest=50):
        self.widest = widest
        self.broken_from = None
        self.logs = [(raw, as_json(raw)) for raw in story()]
        self.asked = []

    def header(self, name, _=False):
        number = LAST if name in ("latest", "finalized") else int(name, 16)
        if number > LAST:
            return None
        return {
            "number": hex(number),
            "hash": block_hash(number),
            "parentHash": block_hash(number - 1) if number else "0x" + "00" * 32,
            "timestamp": hex(TIME + 12 * number),
        }

    def get_logs(self, asked):
        first, last = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
        if last - first + 1 > self.widest:
            raise NodeSays(-32005, f"block range is too large, at most {self.widest} blocks")
        self.asked.append((first, last))
        if self.broken_from is not None and last >= self.broken_from:
            raise NodeSays(-32000, "this node is broken for good")
        addresses = {address.lower() for address in asked["address"]}
        return [
            told
            for raw, told in self.logs
            if first <= raw.block_number <= last
            and raw.address.lower() in addresses
            and "0x" + raw.topics[0].hex() in asked["topics"][0]
        ]

    def node(self):
        """A node that serves the chain."""
        return FaultyNode(
            {
                "eth_getLogs": self.get_logs,
                "eth_getBlockByNumber": self.header,
                "eth_blockNumber": hex(LAST),
            },
            chain_id=CHAIN_ID,
        )
