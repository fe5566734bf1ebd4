"""Staking on the devnet in few words: keys, deposits, flushes, exits and slashes, and the state in the rules' records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import attrs
import pytest

from aztec_butler.core.bls import Registration, registration
from aztec_butler.core.entry_queue import EntryQueueState, expected_failures
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.hexes import checksum_address, keccak256, parse_bytes, to_hex
from aztec_butler.core.queue_config import QueueConfig, decode_queue_config_word, queue_config_slot
from aztec_butler.core.records import AttesterView, QueuedDeposit
from aztec_butler.core.slashing import EjectionThresholds
from aztec_butler.core.views import decode_attester_view

THRESHOLD_WEI = 200_000 * 10**18


@cache
def registered(number: int) -> Registration:
    """A key; small secrets are quick to multiply with and as valid as others."""
    return registration(1000 + number)


def address(text: str) -> str:
    return checksum_address(keccak256(text.encode())[12:])


@attrs.frozen
class Entry:
    """A deposit to make: for which attester, with which key."""

    attester: str
    key: int
    moves: bool = True

    @property
    def withdrawer(self) -> str:
        return address(f"withdrawer of {self.attester}")


class Staking:
    """One rollup of a devnet."""

    def __init__(self, devnet, rollup=None):
        self.devnet, self.chain = devnet, devnet.chain
        self.rollup = rollup or devnet.contract("rollup")
        self.gse, self.governance = devnet.contract("gse"), devnet.contract("governance")
        self.token = devnet.contract("staking_asset")
        self.token.send("approve", self.rollup.address, 2**256 - 1)
        self.clock = EpochClock(
            genesis_at=self.rollup.read("getGenesisTime"),
            slot_seconds=self.rollup.read("getSlotDuration"),
            epoch_slots=self.rollup.read("getEpochDuration"),
            lag_in_epochs=self.rollup.read("getLagInEpochsForValidatorSet"),
        )

    # ------------------------------------------------------------------ actions

    def deposit(self, entries: Sequence[Entry]) -> None:
        self.chain.send_together([self._deposit(entry) for entry in entries])

    def _deposit(self, entry: Entry):
        key = registered(entry.key)
        return self.rollup.transaction(
            "deposit",
            entry.attester,
            entry.withdrawer,
            key.public_key_g1,
            key.public_key_g2,
            key.proof_of_possession,
            entry.moves,
        )

    def flush(self, to_add: int | None = None, *, at: int | None = None) -> tuple[list[str], list[str]]:
        """Flush: the attesters that entered, and those whose deposit failed."""
        if to_add is None:
            receipt = self.rollup.send("flushEntryQueue()", at=at)
        else:
            receipt = self.rollup.send("flushEntryQueue(uint256)", to_add, at=at)
        return tuple(
            [values["attester"] for values in self.rollup.decode_logs(receipt, event)]
            for event in ("Deposit", "FailedDeposit")
        )

    def open_queue(self) -> None:
        """A configuration that lets everybody in, and an epoch whose allowance nobody has fixed yet."""
        self.configure(
            QueueConfig(
                bootstrap_validator_set_size=0,
                bootstrap_flush_size=0,
                normal_flush_size_min=100,
                normal_flush_size_quotient=1,
                max_queue_flush_size=100,
            )
        )
        self.chain.wait_until(self.clock.epoch_start_at(self.epoch + 1))

    def activate(self, entries: Sequence[Entry], *, at: int | None = None) -> None:
        """Into the set at once."""
        self.open_queue()
        self.deposit(entries)
        entered, failed = self.flush(at=at)
        assert (len(entered), failed) == (len(entries), [])

    def configure(self, config: QueueConfig) -> None:
        """Change the queue's configuration, as governance would."""
        self.rollup.send("updateStakingQueueConfig", attrs.astuple(config), sender=self.rollup.read("owner"))

    def leave(self, entry: Entry, recipient: str | None = None, *, at: int | None = None) -> None:
        self.rollup.send(
            "initiateWithdraw",
            entry.attester,
            recipient or address(f"recipient of {entry.attester}"),
            sender=entry.withdrawer,
            at=at,
        )

    def slash(self, attester: str, amount_wei: int, *, at: int | None = None) -> list[int]:
        """Slash as the slasher would: the amounts of the events."""
        receipt = self.rollup.send(
            "slash", attester, amount_wei, sender=self.rollup.read("getSlasher"), at=at
        )
        return [values["amount"] for values in self.rollup.decode_logs(receipt, "Slashed")]

    # ------------------------------------------------------------------ state

    @property
    def epoch(self) -> int:
        return self.clock.epoch_at(self.chain.now())

    def view(self, attester: str) -> AttesterView:
        return decode_attester_view(self.rollup.read("getAttesterView", attester))

    def unlocks_at(self, withdrawal_id: int) -> int:
        return self.governance.read("getWithdrawal", withdrawal_id)[1]

    def thresholds(self) -> EjectionThresholds:
        return EjectionThresholds(
            local_wei=self.rollup.read("getLocalEjectionThreshold"),
            gse_wei=self.rollup.read("getEjectionThreshold"),
        )

    def queue_config(self) -> QueueConfig:
        word = self.devnet.rpc.call(
            "eth_getStorageAt", self.rollup.address, hex(queue_config_slot(4)), "latest"
        )
        return decode_queue_config_word(int(word, 16))

    def queue_state(self) -> EntryQueueState:
        """The queue as the chain's own views tell it."""
        views = (
            "getActiveAttesterCount",
            "getEntryQueueLength",
            "getNextFlushableEpoch",
            "getAvailableValidatorFlushes",
            "getIsBootstrapped",
        )
        active, queued, next_epoch, available, is_bootstrapped = self.read_many(*views)
        return EntryQueueState(
            active_count=active,
            queued_count=queued,
            next_flushable_epoch=next_epoch,
            cached_allowance=available,
            is_bootstrapped=is_bootstrapped,
            config=self.queue_config(),
        )

    def read_many(self, *views: str) -> list:
        """Several views without arguments, in one round trip."""
        items = [self.rollup.compiled.function(view) for view in views]
        calls = [
            ("eth_call", [{"to": self.rollup.address, "data": to_hex(item.encode_call())}, "latest"])
            for item in items
        ]
        answers = self.devnet.rpc.batch(calls)
        return [item.decode_single(parse_bytes(answer)) for item, answer in zip(items, answers, strict=True)]


class Queue:
    """What the test itself knows of a queue: the deposits in it, and who was ever activated."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.activated: list[Entry] = []

    def failures(self, *, is_latest: bool = True) -> dict:
        """What the rules expect of the queued deposits."""
        return expected_failures(
            [
                QueuedDeposit(
                    position=position,
                    attester=entry.attester,
                    withdrawer=entry.withdrawer,
                    public_key=registered(entry.key).public_key_g1,
                    moves_with_latest_rollup=entry.moves,
                )
                for position, entry in enumerate(self.entries)
            ],
            registered_attesters={entry.attester for entry in self.activated},
            registered_keys={registered(entry.key).public_key_g1 for entry in self.activated},
            is_latest_rollup=is_latest,
        )

    def pop(self, count: int, failing: Sequence[int]) -> tuple[list[Entry], list[Entry]]:
        """Take the head off: those that enter, and those that fail."""
        head, self.entries = self.entries[:count], self.entries[count:]
        entered = [entry for place, entry in enumerate(head) if place not in failing]
        self.activated += entered
        return entered, [entry for place, entry in enumerate(head) if place in failing]


@pytest.fixture
def staking(devnet) -> Staking:
    return Staking(devnet)


@pytest.fixture
def staking_on():
    """``staking_on(devnet, rollup)``: staking on another devnet or rollup."""
    return Staking


@pytest.fixture
def entry():
    """``entry(number, key=..., moves=...)``: a deposit of a numbered attester, by default with its own key."""

    def make(number: int, *, key: int | None = None, moves: bool = True) -> Entry:
        return Entry(address(f"attester {number}"), number if key is None else key, moves)

    return make


@pytest.fixture
def queue() -> Queue:
    return Queue()
