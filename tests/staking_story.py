"""Staking events told one after the other, as logs: what tests of the replay and of what follows from it begin with."""

from __future__ import annotations

import itertools

from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.history_replay import replay
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import Deployment, Rollup

TOKEN = 10**18
STAKE = 200_000 * TOKEN
LOCAL = 190_000 * TOKEN
POINTS = {"publicKeyInG1": (1, 2), "publicKeyInG2": (1, 2, 3, 4), "proofOfPossession": (1, 2)}


def account(number: int) -> str:
    return f"0x{number:040d}"


OLD, NEW, REGISTRY, GSE, STAKING_REGISTRY, BONUS = (account(number) for number in range(1, 7))
ALICE, BOB, CAROL, OWNER, SPLIT, STAKER = (account(number) for number in range(11, 17))
ROLES = {OLD: "rollup", NEW: "rollup", REGISTRY: "registry", GSE: "gse", STAKING_REGISTRY: "staking_registry"}


def rollup(version: int, address: str) -> Rollup:
    return Rollup(
        version=version,
        address=address,
        generation=4,
        genesis_block=1,
        genesis_at=0,
        slot_seconds=72,
        epoch_slots=32,
        lag_in_epochs=2,
        exit_delay_seconds=345_600,
    )


DEPLOYMENT = Deployment(
    chain_id=1,
    registry=REGISTRY,
    rollups=(rollup(0, OLD), rollup(1, NEW)),
    gse=GSE,
    bonus_instance=BONUS,
    governance=account(7),
    staking_asset=account(8),
    activation_threshold_wei=STAKE,
    ejection_threshold_wei=100_000 * TOKEN,
    staking_registry=STAKING_REGISTRY,
    pull_split_factory=account(9),
    first_block=1,
)


class Story:
    """Events in order, each in a block and transaction of its own unless told otherwise."""

    def __init__(self) -> None:
        self.logs: list[RawLog] = []
        self.transactions = itertools.count(1)

    def tell(self, address, event, *, same_transaction=False, **values):
        number = len(self.logs) + 1
        topics, data = CONTRACTS[ROLES[address]].event(event).encode(**values)
        transaction = (
            self.logs[-1].transaction_hash if same_transaction else f"0x{next(self.transactions):064x}"
        )
        self.logs.append(
            RawLog(
                address=address,
                topics=topics,
                data=data,
                block_number=number,
                block_hash=f"0x{number:064x}",
                transaction_hash=transaction,
                transaction_index=0,
                log_index=number,
            )
        )
        return self

    def queued(self, attester, at=OLD, **options):
        return self.tell(at, "ValidatorQueued", attester=attester, withdrawer=OWNER, **options)

    def activated(self, attester, at=OLD, instance=None):
        self.tell(GSE, "Deposit", instance=instance or at, attester=attester, withdrawer=OWNER)
        return self.tell(
            at, "Deposit", attester=attester, withdrawer=OWNER, **POINTS, amount=STAKE, same_transaction=True
        )

    def refunded(self, attester, at=OLD):
        return self.tell(at, "FailedDeposit", attester=attester, withdrawer=OWNER, **POINTS)

    def slashed(self, attester, amount, at=OLD):
        return self.tell(at, "Slashed", attester=attester, amount=amount)

    def leaves(self, attester, amount=STAKE, at=OLD, recipient=BOB):
        return self.tell(at, "WithdrawInitiated", attester=attester, recipient=recipient, amount=amount)

    def paid(self, attester, amount=STAKE, at=OLD, recipient=BOB):
        return self.tell(at, "WithdrawFinalized", attester=attester, recipient=recipient, amount=amount)

    def threshold(self, old, new, at=OLD):
        return self.tell(
            at,
            "LocalEjectionThresholdUpdated",
            oldLocalEjectionThreshold=old,
            newLocalEjectionThreshold=new,
        )

    def registered(self, provider_id=1):
        return self.tell(
            STAKING_REGISTRY,
            "ProviderRegistered",
            providerIdentifier=provider_id,
            providerAdmin=OWNER,
            providerTakeRate=500,
        )

    def listed(self, *attesters, provider_id=1):
        return self.tell(
            STAKING_REGISTRY,
            "AttestersAddedToProvider",
            providerIdentifier=provider_id,
            attesters=list(attesters),
        )

    def dripped(self, attester, provider_id=1):
        return self.tell(
            STAKING_REGISTRY, "ProviderQueueDripped", providerIdentifier=provider_id, attester=attester
        )

    def delegated(self, attester, provider_id=1, at=OLD, **options):
        return self.tell(
            STAKING_REGISTRY,
            "StakedWithProvider",
            providerIdentifier=provider_id,
            rollupAddress=at,
            attester=attester,
            coinbaseSplitContractAddress=SPLIT,
            stakerImplementation=STAKER,
            **options,
        )

    def history(self, local=LOCAL):
        return replay(self.logs, DEPLOYMENT, {OLD: local, NEW: LOCAL})
