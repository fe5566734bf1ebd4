"""What people do with stake on one rollup of a devnet: deposit, flush, leave, slash, pay out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs

from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError
from aztec_butler.devnet.deployment import encodable
from aztec_butler.devnet.season_keys import AttesterKeys

if TYPE_CHECKING:
    from aztec_butler.devnet.chain import DeployedContract, Receipt, Transaction
    from aztec_butler.devnet.deployment import RollupContracts
    from aztec_butler.devnet.devnet import Devnet
    from aztec_butler.devnet.parameters import StakingQueueParameters

_TOGETHER = 100
"""Transactions in a block: as many deposits as fit well."""


@attrs.frozen(kw_only=True)
class Deposit:
    """A deposit to make.

    Args:
        keys: of the attester.
        withdrawer: pays for the deposit, and decides over the stake for ever.
        moves: whether it follows the canonical rollup.
        address: the attester, where it differs from that of the keys.
    """

    keys: AttesterKeys
    withdrawer: str
    moves: bool = True
    address: str | None = None

    @property
    def attester(self) -> str:
        """Who is to validate."""
        return self.address or self.keys.address


@attrs.frozen(kw_only=True)
class Flush:
    """What flushing the entry queue did: attesters by what became of their deposits."""

    activated: tuple[str, ...]
    refunded: tuple[str, ...]


class StakingMoves:
    """Staking on one rollup; the devnet's deployer hands out the tokens, anybody sends.

    Args:
        devnet: the chain.
        contracts: of the rollup.
    """

    def __init__(self, devnet: Devnet, contracts: RollupContracts) -> None:
        self.devnet = devnet
        self.chain = devnet.chain
        self.contracts = contracts
        self.rollup: DeployedContract = contracts.rollup
        self.token = devnet.contract("staking_asset")
        self.threshold_wei: int = devnet.contract("gse").read("ACTIVATION_THRESHOLD")
        self.version: int = self.rollup.read("getVersion")
        self.clock = EpochClock(
            genesis_at=self.rollup.read("getGenesisTime"),
            slot_seconds=self.rollup.read("getSlotDuration"),
            epoch_slots=self.rollup.read("getEpochDuration"),
            lag_in_epochs=self.rollup.read("getLagInEpochsForValidatorSet"),
        )

    # ------------------------------------------------------------------ tokens

    def send_all(self, transactions: Iterable[Transaction]) -> list[Receipt]:
        """Send transactions in as few blocks as they fit into."""
        waiting = list(transactions)
        receipts: list[Receipt] = []
        for start in range(0, len(waiting), _TOGETHER):
            receipts += self.chain.send_together(waiting[start : start + _TOGETHER])
        return receipts

    def fund(self, holders: Sequence[str], spender: str) -> None:
        """Give each holder the stake of one deposit for each time it is named, which the spender may take."""
        amounts = {holder: self.threshold_wei * holders.count(holder) for holder in holders}
        self.send_all(
            self.token.transaction("transfer", holder, amount) for holder, amount in amounts.items()
        )
        self.send_all(
            self.token.transaction("approve", spender, amount, sender=holder)
            for holder, amount in amounts.items()
        )

    # ------------------------------------------------------------------ in

    def deposit(self, deposits: Sequence[Deposit]) -> None:
        """Deposit straight on the rollup, into its entry queue."""
        self.fund([each.withdrawer for each in deposits], self.rollup.address)
        self.send_all(self._deposit(each) for each in deposits)

    def _deposit(self, deposit: Deposit) -> Transaction:
        _, *keys = deposit.keys.key_store
        return self.rollup.transaction(
            "deposit",
            deposit.attester,
            deposit.withdrawer,
            *keys,
            deposit.moves,
            sender=deposit.withdrawer,
        )

    def configure_queue(self, config: StakingQueueParameters) -> None:
        """Change the entry queue's configuration, as the owner would."""
        self.rollup.send("updateStakingQueueConfig", encodable(config), sender=self.rollup.read("owner"))

    def flush(self, at_most: int | None = None) -> Flush:
        """Flush the entry queue once, as far as the epoch allows, or fewer."""
        if at_most is None:
            receipt = self.rollup.send("flushEntryQueue()")
        else:
            receipt = self.rollup.send("flushEntryQueue(uint256)", at_most)
        activated, refunded = (
            tuple(values["attester"] for values in self.rollup.decode_logs(receipt, event))
            for event in ("Deposit", "FailedDeposit")
        )
        return Flush(activated=activated, refunded=refunded)

    def flush_all(self) -> Flush:
        """Flush in each epoch from the next one on until nobody waits.

        Raises:
            InputError: the queue's configuration lets nobody in.
        """
        activated: list[str] = []
        refunded: list[str] = []
        while self.rollup.read("getEntryQueueLength"):
            self.wait_epochs(1)
            flushed = self.flush()
            if not flushed.activated and not flushed.refunded:
                raise InputError("the entry queue lets nobody in", rollup=self.rollup.address)
            activated += flushed.activated
            refunded += flushed.refunded
        return Flush(activated=tuple(activated), refunded=tuple(refunded))

    # ------------------------------------------------------------------ out

    def leave(self, attester: str, recipient: str) -> None:
        """Begin an exit, or say where the rest of an ejected stake goes; the withdrawer decides."""
        _, withdrawer = self.rollup.read("getConfig", attester)
        self.rollup.send("initiateWithdraw", attester, recipient, sender=withdrawer)

    def pay_out(self, attester: str) -> None:
        """End an exit: anybody may, once both delays are over."""
        self.rollup.send("finalizeWithdraw", attester)

    def slash(self, attester: str, amount_wei: int) -> int:
        """Slash as the slasher would.

        Returns:
            What was taken, in wei.
        """
        receipt = self.rollup.send("slash", attester, amount_wei, sender=self.rollup.read("getSlasher"))
        return sum(values["amount"] for values in self.rollup.decode_logs(receipt, "Slashed"))

    # ------------------------------------------------------------------ time

    @property
    def epoch(self) -> int:
        """The rollup's epoch of the latest block."""
        return self.clock.epoch_at(self.chain.now())

    def wait_epochs(self, count: int) -> None:
        """Let time pass until the first second of an epoch that comes so many later."""
        self.chain.wait_until(self.clock.epoch_start_at(self.epoch + count))
