"""A chain that forks, shrinks and comes back, behind endpoints that may lag or be of another opinion; and its reader.

::

    chain = ForkingChain()
    chain.mine(10)
    rpc = ChainRpc(chain)          # what a follower asks, without a socket; or chain.node(), a server on this machine
    reader = Reader(rpc)           # follows it, and folds what it is told as a journal does
    reader.read()
    assert reader.known() == chain.events()
"""

from __future__ import annotations

import hashlib
from itertools import count

import attrs
import msgspec
from event_logs import GSE, ROLLUP, SOMEBODY, TIME, log
from fault_proxy import FaultyNode, NodeSays
from served_chain import as_json

from aztec_butler.core.errors import DecodeError, NodeError, NodeRefused
from aztec_butler.core.intents import Checkpoint
from aztec_butler.store.journal_entry import Delivery
from aztec_butler.watcher.follower import Follower
from aztec_butler.watcher.steps import WatchedContract, watched_logs

CONTRACTS = (WatchedContract(address=ROLLUP, role="rollup"), WatchedContract(address=GSE, role="gse"))
WATCHED = watched_logs(CONTRACTS, ["RollupSlashed", "GseDeposit"])
NONE = "0x" + "00" * 32


@attrs.frozen(eq=False)
class Block:
    number: int
    hash: str
    parent_hash: str
    transactions: tuple[tuple[int, str], ...]
    """Number and the record of the event each emits."""

    @property
    def timestamp(self):
        return TIME + 12 * self.number

    def header(self):
        return {
            "number": hex(self.number),
            "hash": self.hash,
            "parentHash": self.parent_hash,
            "timestamp": hex(self.timestamp),
            "transactions": [f"0x{number:064x}" for number, _ in self.transactions],
        }

    def logs(self, *, timed=True):
        for index, (number, record) in enumerate(self.transactions):
            values = {"attester": SOMEBODY}
            address = GSE if record.startswith("Gse") else ROLLUP
            told = as_json(log(record, self.number, index, address=address, **values))
            told |= {"blockHash": self.hash, "transactionHash": f"0x{number:064x}"}
            if not timed:
                del told["blockTimestamp"]
            yield told

    def events(self):
        return {(self.number, self.hash, f"0x{number:064x}") for number, _ in self.transactions}


class ForkingChain:
    """``finality`` is how far the final block is behind the newest one; it never goes back."""

    def __init__(self, *, finality=8, timed=True):
        self.timed = timed
        self.finality = finality
        self.final = 0
        self.blocks = []
        self.ever = set()  # events of all chains there were
        self.asked = []
        self._numbers = count(1)
        self.mine(1, events=0)

    @property
    def head(self):
        return self.blocks[-1]

    def mine(self, blocks=1, events=1, transactions=None):
        """More blocks, each with new transactions, or with those given in the first of them."""
        for _ in range(blocks):
            parent = self.blocks[-1] if self.blocks else None
            own = transactions or tuple(
                (next(self._numbers), ("RollupSlashed", "GseDeposit")[place % 2]) for place in range(events)
            )
            transactions = None
            number = 0 if parent is None else parent.number + 1
            salt = f"{parent and parent.hash} {next(self._numbers)}".encode()
            self.blocks.append(
                Block(
                    number,
                    "0x" + hashlib.sha256(salt).hexdigest(),
                    parent.hash if parent else NONE,
                    tuple(own),
                )
            )
            self.ever |= self.head.events()
        self.final = max(self.final, self.head.number - self.finality)

    def drop(self, depth):
        """Leave the newest blocks behind; they are returned, the oldest first."""
        left = self.blocks[len(self.blocks) - depth :]
        del self.blocks[len(self.blocks) - depth :]
        return left

    def restore(self, depth, blocks):
        """The chain that was left behind once."""
        self.drop(depth)
        self.blocks += blocks

    def events(self, first=0, last=None):
        last = self.head.number if last is None else last
        return set().union(*(block.events() for block in self.blocks[first : last + 1]))

    # ------------------------------------------------------------------ as nodes answer

    def header(self, name, _=False, *, head=None):
        blocks = self.blocks if head is None else self.blocks[: head + 1]
        if name == "latest":
            return blocks[-1].header()
        number = min(self.final, blocks[-1].number) if name == "finalized" else int(name, 16)
        return blocks[number].header() if number < len(blocks) else None

    def get_logs(self, asked, *, head=None):
        blocks = self.blocks if head is None else self.blocks[: head + 1]
        first = int(asked["fromBlock"], 16)
        last = len(blocks) - 1 if asked["toBlock"] == "latest" else int(asked["toBlock"], 16)
        self.asked.append((first, asked["toBlock"] if asked["toBlock"] == "latest" else last))
        return [
            told
            for block in blocks[first : last + 1]
            for told in block.logs(timed=self.timed)
            if told["address"].lower() in asked["address"] and told["topics"][0] in asked["topics"][0]
        ]

    def node(self):
        """A server."""
        return FaultyNode(
            {
                "eth_getLogs": self.get_logs,
                "eth_getBlockByNumber": self.header,
                "eth_blockNumber": lambda: hex(self.head.number),
            }
        )


class ChainRpc:
    """As much of ``Rpc`` as a follower uses, with three tries. ``views`` are the heads, or other chains, of those who
    answer the next requests; afterwards the chain itself does."""

    endpoint_names = ("one",)

    def __init__(self, chain):
        self.chain = chain
        self.views = []
        self.request_count = 0

    def call_together(self, calls, *, decode, raise_at_once=(), max_body_bytes=None):
        for attempt in range(3):
            self.request_count += 1
            view = self.views.pop(0) if self.views else None
            try:
                results = [msgspec.Raw(msgspec.json.encode(self._answer(call, view))) for call in calls]
                return decode(results, "one")
            except NodeSays as error:
                raise NodeRefused(str(error)) from None
            except (DecodeError, NodeError) as error:
                if attempt == 2 or not getattr(error, "retryable", True):
                    raise NodeRefused(error.sentence, retryable=True, **error.facts) from None
        raise AssertionError

    def batch(self, calls):
        return [self._answer(call, None) for call in calls]

    def _answer(self, call, view):
        method, parameters = call
        chain, head = (view, None) if isinstance(view, ForkingChain) else (self.chain, view)
        if head is not None:
            head = max(0, min(head, chain.head.number))
        answer = chain.header if method == "eth_getBlockByNumber" else chain.get_logs
        return answer(*parameters, head=head)


class Reader:
    """Follows a chain, and folds the steps as a journal does."""

    def __init__(self, rpc, *, watched=WATCHED, time_of=lambda number: TIME + 12 * number, **options):
        self.rpc = rpc
        self.watched = watched
        self.time_of = time_of
        self.options = {"start_block": 0, "patience": 4} | options
        self.checkpoint = Checkpoint()
        self.noticed = {}
        self.final = {}
        self.depths = []
        self.retracted = []
        self.steps = []
        self.restart()

    def restart(self):
        """As after the end of the process: only what was kept is left."""
        self.follower = Follower(self.rpc, watched=lambda: self.watched, **self.options)

    def read(self, steps=None):
        """One poll, of which only so many steps are taken."""
        taken = 0
        for step in self.follower.steps(self.checkpoint):
            if taken == steps:
                break
            self.take(step)
            taken += 1
        return taken

    def take(self, step):
        self.steps.append(step)
        seen = step.events.seen()
        events = dict(
            zip(
                zip(
                    seen.block_numbers,
                    ["0x" + each.hex() for each in seen.block_hashes],
                    ["0x" + each.hex() for each in seen.transaction_hashes],
                    strict=True,
                ),
                seen.timestamps,
                strict=True,
            )
        )
        numbers = range(step.first_block, step.last_block + 1)
        assert all(key[0] in numbers and time == self.time_of(key[0]) for key, time in events.items())
        if step.retracted_above is not None:
            self.depths.append(step.reorg_depth)
            self._forget(lambda key: key[0] > step.retracted_above.number)
        if step.delivery is Delivery.FINAL:
            self._forget(lambda key: key[0] in numbers and key not in events)
            for key in events:
                self.noticed.pop(key, None)
            self.final |= events
        else:
            self.noticed |= {key: time for key, time in events.items() if key not in self.final}
        before, after = self.checkpoint, step.checkpoint
        assert after.final is None or before.final is None or after.final.number >= before.final.number
        assert after.window[-1] == after.noticed
        assert after.final is None or after.window[0].number >= after.final.number
        self.checkpoint = after

    def _forget(self, is_gone):
        gone = [key for key in self.noticed if is_gone(key)]
        self.retracted += gone
        for key in gone:
            del self.noticed[key]

    def known(self):
        return set(self.noticed) | set(self.final)
