"""The rollup: validator set, entry queue, exits, checkpoints, rewards, of every generation in the Registry."""

from __future__ import annotations

from typing import ClassVar, Final

import attrs

from aztec_butler.clients.contract import ContractClient
from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.core.contracts import ROLLUP, Contract
from aztec_butler.core.errors import ButlerError, NotFoundError
from aztec_butler.core.records import AttesterView, BlockStamp, ExitView, QueuedDeposit, Status
from aztec_butler.core.views import decode_attester_view, decode_exit, decode_queued_deposit, decode_status

# A function that only this generation has; the first that answers decides. Source: the ABIs of 2.0.3, 4.1.2 and 5.x.
_TELLTALES: Final = ((5, "getPendingSlasher"), (4, "getLagInEpochsForValidatorSet"), (2, "getLagInEpochs"))


def fetch_generation(multicall: Multicall, address: str, *, block: BlockStamp) -> int:
    """Which generation of names a rollup has, found by asking: 2, 4 or 5.

    Raises:
        NotFoundError: none of them; the contract is no rollup, or newer than this library.
    """
    reads = [Read(address, ROLLUP.function(name, generation)) for generation, name in _TELLTALES]
    for (generation, _), answer in zip(_TELLTALES, multicall.try_read(reads, block), strict=True):
        if not isinstance(answer, ButlerError):
            return generation
    raise NotFoundError(
        "the rollup is of no generation that is known here",
        hint="update aztec_butler, or check the Registry's address",
        rollup=address,
        block=block.number,
    )


def lag_function(generation: int | None) -> str:
    """What a generation calls the epochs between a change of the set and the first committee that sees it.

    >>> lag_function(2)
    'getLagInEpochs'
    """
    return "getLagInEpochs" if generation == 2 else "getLagInEpochsForValidatorSet"


@attrs.frozen
class RollupClient(ContractClient):
    """Reads of one rollup."""

    contract: ClassVar[Contract] = ROLLUP

    # -- validator set

    def get_attester_view(self, attester: str, *, block: BlockStamp) -> AttesterView:
        """Status, balance, exit, key and withdrawer of an attester, as this rollup sees it."""
        return decode_attester_view(self.get("getAttesterView", attester, block=block))

    def get_status(self, attester: str, *, block: BlockStamp) -> Status:
        """The status alone; ``none`` has several meanings, see ``core.lifecycle``."""
        return decode_status(self.get("getStatus", attester, block=block))

    def get_exit(self, attester: str, *, block: BlockStamp) -> ExitView | None:
        """The stored exit; None when there is none."""
        return decode_exit(self.get("getExit", attester, block=block))

    def get_active_attester_count(self, *, block: BlockStamp) -> int:
        """Attesters in the set, movers included while this rollup is the latest."""
        return int(self.get("getActiveAttesterCount", block=block))

    def get_local_ejection_threshold(self, *, block: BlockStamp) -> int:
        """Stake in wei below which a slash takes the attester out of the set."""
        return int(self.get("getLocalEjectionThreshold", block=block))

    def get_exit_delay(self, *, block: BlockStamp) -> int:
        """The rollup's delay of exits in seconds; Governance adds its own."""
        return int(self.get("getExitDelay", block=block))

    def get_slasher(self, *, block: BlockStamp) -> str:
        """The contract that may slash."""
        return str(self.get("getSlasher", block=block))

    # -- entry queue

    def get_entry_queue_length(self, *, block: BlockStamp) -> int:
        """Deposits that wait."""
        return int(self.get("getEntryQueueLength", block=block))

    def get_entry_queue_at(self, position: int, *, block: BlockStamp) -> QueuedDeposit:
        """The entry at a 0-based place, counted from the head.

        The contract answers zeros for places behind the end; ask for the length first.
        """
        return decode_queued_deposit(position, self.get("getEntryQueueAt", position, block=block))

    def get_next_flushable_epoch(self, *, block: BlockStamp) -> int:
        """The epoch from which a flush computes a new allowance."""
        return int(self.get("getNextFlushableEpoch", block=block))

    def get_available_validator_flushes(self, *, block: BlockStamp) -> int:
        """Entries that may be activated in the block's epoch."""
        return int(self.get("getAvailableValidatorFlushes", block=block))

    def get_entry_queue_flush_size(self, *, block: BlockStamp) -> int:
        """Entries a new epoch would allow."""
        return int(self.get("getEntryQueueFlushSize", block=block))

    def get_is_bootstrapped(self, *, block: BlockStamp) -> bool:
        """Whether the bootstrap phase is over."""
        return bool(self.get("getIsBootstrapped", block=block))

    # -- time

    def get_genesis_time(self, *, block: BlockStamp) -> int:
        """Unix seconds at which slot 0 began."""
        return int(self.get("getGenesisTime", block=block))

    def get_current_epoch(self, *, block: BlockStamp) -> int:
        """The epoch of the block's time."""
        return int(self.get("getCurrentEpoch", block=block))

    def get_current_slot(self, *, block: BlockStamp) -> int:
        """The slot of the block's time."""
        return int(self.get("getCurrentSlot", block=block))

    def get_lag_in_epochs(self, *, block: BlockStamp) -> int:
        """Epochs between a change of the set and the first committee that sees it."""
        return int(self.get(lag_function(self.generation), block=block))

    # -- duty

    def get_epoch_committee(self, epoch: int, *, block: BlockStamp) -> tuple[str, ...]:
        """Attesters on duty in an epoch, in committee order; empty when the set was too small."""
        return tuple(self.get("getEpochCommittee", epoch, block=block))

    def get_sampling_size_at(self, timestamp: int, *, block: BlockStamp) -> int:
        """Size of the set from which the committee of this time is drawn."""
        return int(self.get("getSamplingSizeAt", timestamp, block=block))

    # -- checkpoints and rewards

    def get_pending_checkpoint_number(self, *, block: BlockStamp) -> int:
        """The highest proposed checkpoint ("block" in generation 2)."""
        return int(
            self.get(
                "getPendingBlockNumber" if self.generation == 2 else "getPendingCheckpointNumber", block=block
            )
        )

    def get_proven_checkpoint_number(self, *, block: BlockStamp) -> int:
        """The highest proven checkpoint."""
        return int(
            self.get(
                "getProvenBlockNumber" if self.generation == 2 else "getProvenCheckpointNumber", block=block
            )
        )

    def get_sequencer_rewards(self, coinbase: str, *, block: BlockStamp) -> int:
        """Wei that wait for a claim by this coinbase."""
        return int(self.get("getSequencerRewards", coinbase, block=block))
