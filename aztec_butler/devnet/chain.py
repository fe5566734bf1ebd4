"""Driving a local chain: transactions from anybody, blocks at any time, and the way back.

The chain's clock stands still between blocks. Each block is ``block_seconds`` later than the one before it unless a time
is asked for, so a run repeats itself to the last block hash.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.abi import Event
from aztec_butler.core.contracts import decode_error
from aztec_butler.core.errors import InputError, NodeUnreachable, RevertError
from aztec_butler.core.hexes import keccak256, parse_address, parse_bytes, to_hex
from aztec_butler.devnet.artifacts import CompiledContract

DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
"""Anvil's first account, whose key everybody knows."""

SINGLE_GAS = 100_000_000
"""Gas of a transaction that has a block to itself; unused gas costs nothing here."""
BATCH_GAS = 30_000_000
"""Gas of a transaction among others: each must fit into what those before it left of the block."""


# The first use of the blob precompile loads a table, which takes seconds.
_REMINDER_SECONDS = 3.0
_MINING_TIMEOUT_SECONDS = 60.0


@attrs.frozen(kw_only=True)
class Transaction:
    """What is to be sent.

    Args:
        sender: any address; no key is needed.
        to: None creates a contract.
        content: calldata or creation code.
        value_wei: of ether.
        gas: at most.
    """

    sender: str
    to: str | None
    content: bytes = attrs.field(repr=False)
    value_wei: int = 0
    gas: int = BATCH_GAS

    def to_parameters(self) -> dict[str, str]:
        """As JSON-RPC takes it."""
        parameters = {
            "from": self.sender,
            "data": to_hex(self.content),
            "value": hex(self.value_wei),
            "gas": hex(self.gas),
            "gasPrice": "0x0",
        }
        return parameters if self.to is None else parameters | {"to": self.to}


@attrs.frozen(kw_only=True)
class Receipt:
    """What became of a successful transaction.

    Args:
        contract_address: of the contract it created, if it did.
        logs: as JSON-RPC gives them, in order.
    """

    transaction_hash: str
    block_number: int
    gas_used: int
    contract_address: str | None
    logs: tuple[Mapping[str, Any], ...] = attrs.field(repr=False)


class Chain:
    """A local chain under full control.

    Args:
        rpc: the door to anvil; it must send nothing twice.
        block_seconds: from block to block.
    """

    def __init__(self, rpc: Rpc, *, block_seconds: int) -> None:
        self._rpc = rpc
        self.block_seconds = block_seconds
        rpc.batch(
            [
                ("anvil_setLoggingEnabled", [False]),
                ("anvil_setBlockTimestampInterval", [block_seconds]),
                ("anvil_autoImpersonateAccount", [True]),
                # A chain that was loaded from a file would go on at the genesis time.
                ("evm_setNextBlockTimestamp", [self.now() + block_seconds]),
            ]
        )

    # ------------------------------------------------------------------ the latest block

    def now(self) -> int:
        """Timestamp of the latest block, which is what simulated calls see."""
        return self._latest("timestamp")

    def block_number(self) -> int:
        """Number of the latest block."""
        return self._latest("number")

    def _latest(self, field: str) -> int:
        return int(self._rpc.call("eth_getBlockByNumber", "latest", False)[field], 16)

    # ------------------------------------------------------------------ transactions

    def send(
        self,
        to: str | None,
        content: bytes,
        *,
        sender: str = DEPLOYER,
        value_wei: int = 0,
        gas: int = SINGLE_GAS,
        at: int | None = None,
    ) -> Receipt:
        """Send a transaction in a block of its own.

        Args:
            to: None creates a contract.
            content: calldata or creation code.
            sender: any address.
            value_wei: of ether.
            gas: at most.
            at: timestamp of the block, later than the latest; None for the usual distance.

        Raises:
            RevertError: it reverted; the block stands nevertheless.
        """
        transaction = Transaction(sender=sender, to=to, content=content, value_wei=value_wei, gas=gas)
        if at is not None:
            self._rpc.call("evm_setNextBlockTimestamp", at)
        return self._receipt(
            self._await_receipt(self._rpc.call("eth_sendTransaction", transaction.to_parameters()))
        )

    def send_together(self, transactions: Sequence[Transaction], *, at: int | None = None) -> list[Receipt]:
        """Send transactions in one block, in this order.

        Args:
            transactions: each may ask for as much gas as those before it left of the block.
            at: timestamp of the block, later than the latest; None for the usual distance.

        Raises:
            RevertError: one reverted, the first one is told; the others stand.
            InputError: they do not fit into one block.
        """
        if not transactions:
            return []
        self._rpc.call("evm_setAutomine", False)
        try:
            hashes = self._rpc.batch(
                [("eth_sendTransaction", [parameters]) for parameters in self._numbered(transactions)]
            )
            self.mine(at=at)
            receipts = self._rpc.batch([("eth_getTransactionReceipt", [each]) for each in hashes])
            if None in receipts:
                self._rpc.call("anvil_dropAllTransactions")
                raise InputError(
                    "these transactions do not fit into one block",
                    transactions=len(transactions),
                    fitting=len([receipt for receipt in receipts if receipt is not None]),
                )
        finally:
            self._rpc.call("evm_setAutomine", True)
        return [self._receipt(receipt) for receipt in receipts]

    def _numbered(self, transactions: Sequence[Transaction]) -> list[dict[str, str]]:
        """Transactions with their nonces: anvil numbers the items of a batch at the same time, and some alike."""
        senders = list(dict.fromkeys(transaction.sender for transaction in transactions))
        counts = self._rpc.batch([("eth_getTransactionCount", [sender, "latest"]) for sender in senders])
        nonces = {sender: int(count, 16) for sender, count in zip(senders, counts, strict=True)}
        numbered = []
        for transaction in transactions:
            numbered.append(transaction.to_parameters() | {"nonce": hex(nonces[transaction.sender])})
            nonces[transaction.sender] += 1
        return numbered

    def _await_receipt(self, transaction_hash: str) -> Mapping[str, Any]:
        """The receipt of a transaction that is mined at once, which is a moment later.

        ``eth_sendTransactionSync`` would save the polling, but misses a block now and then, and waits 30 s for the next.
        """
        began = time.monotonic()
        pause, is_reminded = 0.0005, False
        while (waited := time.monotonic() - began) < _MINING_TIMEOUT_SECONDS:
            receipt: Mapping[str, Any] | None = self._rpc.call("eth_getTransactionReceipt", transaction_hash)
            if receipt is not None:
                return receipt
            if waited > _REMINDER_SECONDS and not is_reminded:
                # On a machine under load anvil's miner sleeps through an arrival once in many thousands.
                self._rpc.call("evm_mine")
                is_reminded = True
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        raise NodeUnreachable("anvil did not mine a transaction", transaction=transaction_hash)

    def _receipt(self, raw: Mapping[str, Any]) -> Receipt:
        if int(raw["status"], 16) != 1:
            data = parse_bytes(self._rpc.call("ots_getTransactionError", raw["transactionHash"]))
            facts = {"transaction": raw["transactionHash"], "gas_used": int(raw["gasUsed"], 16)}
            raise _explained(RevertError("the transaction reverted", data=data, **facts))
        created = raw["contractAddress"]
        return Receipt(
            transaction_hash=raw["transactionHash"],
            block_number=int(raw["blockNumber"], 16),
            gas_used=int(raw["gasUsed"], 16),
            contract_address=None if created is None else parse_address(created),
            logs=tuple(raw["logs"]),
        )

    def call(self, to: str, content: bytes, *, sender: str = DEPLOYER, block: int | str = "latest") -> bytes:
        """Simulate a call and return what it returns.

        Raises:
            RevertError: it reverted.
        """
        parameters = {"from": sender, "to": to, "data": to_hex(content)}
        at = hex(block) if isinstance(block, int) else block
        try:
            return parse_bytes(self._rpc.call("eth_call", parameters, at))
        except RevertError as error:
            raise _explained(error) from None

    # ------------------------------------------------------------------ time

    def mine(self, *, at: int | None = None) -> None:
        """Mine a block.

        Args:
            at: its timestamp, later than the latest; None for the usual distance.
        """
        if at is not None:
            self._rpc.call("evm_setNextBlockTimestamp", at)
        self._rpc.call("evm_mine")

    def mine_many(self, count: int) -> None:
        """Mine empty blocks at the usual distance."""
        self._rpc.call("anvil_mine", hex(count), hex(self.block_seconds))

    def wait(self, seconds: int) -> None:
        """Mine one block that is so much later than the latest."""
        self.mine(at=self.now() + seconds)

    def wait_until(self, at: int) -> None:
        """Mine one block at this time, unless the latest is as late already."""
        if self.now() < at:
            self.mine(at=at)

    # ------------------------------------------------------------------ state

    def snapshot(self) -> str:
        """A mark to come back to."""
        mark: str = self._rpc.call("evm_snapshot")
        return mark

    def revert(self, mark: str) -> None:
        """Go back to a mark; it can be used once, and later marks are void.

        Raises:
            InputError: there is no such mark any more.
        """
        if not self._rpc.call("evm_revert", mark):
            raise InputError("there is no such snapshot", mark=mark)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Undo at the end of the block whatever was done inside."""
        mark = self.snapshot()
        try:
            yield
        finally:
            self.revert(mark)

    def set_code(self, address: str, code: bytes) -> None:
        """Put code at an address."""
        self._rpc.call("anvil_setCode", address, to_hex(code))

    def set_storage(self, address: str, slot: int, word: int) -> None:
        """Write one word of a contract's storage."""
        self._rpc.call("anvil_setStorageAt", address, _word(slot), _word(word))

    def set_token_balance(self, token: str, holder: str, amount_wei: int) -> None:
        """Give a holder a balance of an OpenZeppelin ERC-20, whose balances lie in slot 0; the supply stays."""
        key = keccak256(parse_bytes(holder, size=20).rjust(32, b"\0") + bytes(32))
        self.set_storage(token, int.from_bytes(key, "big"), amount_wei)

    def set_ether_balance(self, holder: str, amount_wei: int) -> None:
        """Give an account ether; gas costs none here."""
        self._rpc.call("anvil_setBalance", holder, hex(amount_wei))

    def dump_state(self, path: Path) -> None:
        """Write blocks and state to a file, for ``AnvilOptions.state_file``."""
        packed: str = self._rpc.call("anvil_dumpState")
        path.write_bytes(gzip.decompress(parse_bytes(packed)))


@attrs.frozen(kw_only=True)
class DeployedContract:
    """A contract on a local chain.

    Args:
        address: where it stands.
        compiled: what it is.
        chain: where its address means something.
    """

    address: str
    compiled: CompiledContract = attrs.field(repr=False)
    chain: Chain = attrs.field(repr=False)

    def read(
        self, function: str, *arguments: Any, sender: str = DEPLOYER, block: int | str = "latest"
    ) -> Any:
        """Simulate a call: the value of its only output, or the tuple of several.

        Args:
            function: its name, or its signature where the name is overloaded.
            arguments: a struct is a tuple or a mapping by field name.
            sender: any address.
            block: number or tag.

        Raises:
            RevertError: it reverted.
        """
        item = self.compiled.function(function)
        returned = self.chain.call(self.address, item.encode_call(*arguments), sender=sender, block=block)
        return item.decode_single(returned) if item.outputs else None

    def send(
        self,
        function: str,
        *arguments: Any,
        sender: str = DEPLOYER,
        value_wei: int = 0,
        gas: int = SINGLE_GAS,
        at: int | None = None,
    ) -> Receipt:
        """Call it in a block of its own; the arguments are those of ``read`` and ``Chain.send``.

        Raises:
            RevertError: it reverted.
        """
        content = self.compiled.function(function).encode_call(*arguments)
        return self.chain.send(self.address, content, sender=sender, value_wei=value_wei, gas=gas, at=at)

    def transaction(
        self, function: str, *arguments: Any, sender: str = DEPLOYER, value_wei: int = 0, gas: int = BATCH_GAS
    ) -> Transaction:
        """A call for ``Chain.send_together``."""
        content = self.compiled.function(function).encode_call(*arguments)
        return Transaction(sender=sender, to=self.address, content=content, value_wei=value_wei, gas=gas)

    def decode_logs(self, receipt: Receipt, event: str) -> list[dict[str, Any]]:
        """The events of one kind that this contract emitted in a transaction, in order.

        Args:
            receipt: of the transaction.
            event: its name, or its signature where the name is overloaded.
        """
        item = self.compiled.event(event)
        return [_decode(item, log) for log in receipt.logs if self._emitted(log, item)]

    def _emitted(self, log: Mapping[str, Any], item: Event) -> bool:
        return parse_address(log["address"]) == self.address and log["topics"][:1] == [to_hex(item.topic0)]


def _decode(item: Event, log: Mapping[str, Any]) -> dict[str, Any]:
    return item.decode([parse_bytes(topic) for topic in log["topics"]], parse_bytes(log["data"]))


def _explained(error: RevertError) -> RevertError:
    """The error with its data in words."""
    if error.error is not None or not error.data:
        return error
    return decode_error(error.data).to_error(**error.facts)


def _word(value: int) -> str:
    return to_hex(value.to_bytes(32, "big"))
