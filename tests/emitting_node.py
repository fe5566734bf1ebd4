"""A real node whose only contract logs what it is told to, to be reorganised at will.

::

    with Anvil(install_packages(cache_folder).anvil, AnvilOptions(finality_epoch_slots=150)) as anvil:
        node = EmittingNode(anvil)
        node.mine(10)
        node.reorg(5)
"""

from __future__ import annotations

from itertools import count

from event_logs import SOMEBODY

from aztec_butler.core.event_kinds import select_events
from aztec_butler.devnet.anvil import Anvil

EMITTER = "0x" + "00" * 18 + "aa11"
# mem[0] = calldata[0x40]; log2(offset 0, size 0x20, topics calldata[0] and calldata[0x20]); stop
EMITS = "0x60403560005260203560003560206000a200"
TOPIC = select_events("RollupSlashed")[0].topic0.hex()


class EmittingNode:
    """An anvil with a contract that logs what it is told to."""

    def __init__(self, anvil: Anvil) -> None:
        self.url = anvil.url
        self._amounts = count(1)
        self.rpc = anvil.open_rpc()
        self.accounts = self.rpc.call("eth_accounts")
        self.rpc.call("evm_setAutomine", False)
        self.rpc.call("anvil_setCode", EMITTER, EMITS)
        self.rpc.call("anvil_mine", "0x1")

    @property
    def head(self) -> int:
        return int(self.rpc.call("eth_blockNumber"), 16)

    def emit(self, account: int = 0) -> str:
        """A transaction that waits to be mined."""
        sent = {"from": self.accounts[account], "to": EMITTER, "gas": "0x186a0", "data": self.data()}
        return str(self.rpc.call("eth_sendTransaction", sent))

    def data(self) -> str:
        """Of an event that no other transaction has, so that no two chains have a block in common by chance."""
        return f"0x{TOPIC}{SOMEBODY[2:]:0>64}{next(self._amounts):064x}"

    def mine(self, blocks: int, *, events: int = 3) -> None:
        """Blocks, of which the first, the last and some between have events."""
        for place in range(events):
            self.emit(place)
            self.emit(place)
            rest = blocks - events + 1 if place == events - 1 else 1
            self.rpc.call("evm_mine")
            if rest > 1:
                self.rpc.call("anvil_mine", hex(rest - 1))
        if not events:
            self.rpc.call("anvil_mine", hex(blocks))

    def reorg(self, depth: int) -> None:
        """Other blocks take the place of the newest ones; three of them have events."""
        events = [
            [{"from": self.accounts[5], "to": EMITTER, "gas": "0x186a0", "data": self.data()}, place]
            for place in sorted({0, depth // 2, depth - 1})
        ]
        self.rpc.call("anvil_reorg", depth, events)
        self.repair()

    def repair(self) -> None:
        """This anvil forgets the code of contracts when it goes back to a state that it keeps on disk."""
        self.rpc.call("anvil_setCode", EMITTER, EMITS)

    def events(self, first: int = 0, last: int | None = None) -> set[tuple[int, str, str]]:
        asked = {
            "address": EMITTER,
            "fromBlock": hex(first),
            "toBlock": hex(self.head if last is None else last),
        }
        return {
            (int(log["blockNumber"], 16), log["blockHash"], log["transactionHash"])
            for log in self.rpc.call("eth_getLogs", asked)
        }

    def header(self, number: int | str) -> dict[str, str]:
        return self.rpc.call(
            "eth_getBlockByNumber", number if isinstance(number, str) else hex(number), False
        )

    def time_of(self, number: int) -> int:
        return int(self.header(number)["timestamp"], 16)
