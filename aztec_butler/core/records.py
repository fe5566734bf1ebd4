"""The records that cross every boundary: frozen, keyword-only, units in names and metadata.

Addresses are checksummed, hashes 0x-lower-case, amounts wei, times Unix seconds. ``None`` stands only where absence is
a fact of the domain (an attester without a provider, an exit without a recipient), and each field that may be None
says what that means.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs


def unit(name: str, **options: Any) -> Any:
    """An attrs field that carries its unit, from which tables and metrics derive theirs."""
    return attrs.field(metadata={"unit": name}, **options)


class Status(StrEnum):
    """What the rollup's ``getStatus`` says of an attester; ``none`` alone decides nothing."""

    NONE = "none"
    VALIDATING = "validating"
    ZOMBIE = "zombie"
    EXITING = "exiting"


STATUSES = tuple(Status)
"""By the number the contract uses. Source: StakingLib.sol, ``enum Status``."""


@attrs.frozen(kw_only=True)
class BlockStamp:
    """The block an answer is pinned to."""

    number: int
    hash: str
    timestamp: int = unit("s")
    is_finalized: bool


@attrs.frozen(kw_only=True)
class ExitView:
    """An exit as the rollup stores it.

    ``exitable_at`` is one of two delays: the money also waits for Governance's withdrawal ``withdrawal_id``.
    """

    withdrawal_id: int
    amount_wei: int = unit("wei")
    exitable_at: int = unit("s")
    recipient_or_withdrawer: str
    is_recipient: bool


@attrs.frozen(kw_only=True)
class AttesterView:
    """What one rollup says of one attester. Source: ``getAttesterView``, StakingLib.sol."""

    status: Status
    effective_balance_wei: int = unit("wei")
    exit: ExitView | None
    """None: no exit is stored."""
    public_key: tuple[int, int]
    withdrawer: str
    """The zero address: never registered anywhere."""


@attrs.frozen(kw_only=True)
class QueuedDeposit:
    """One entry of a rollup's entry queue. Source: ``getEntryQueueAt``, StakingQueue.sol."""

    position: int
    """0 is next."""
    attester: str
    withdrawer: str
    public_key: tuple[int, int]
    moves_with_latest_rollup: bool


@attrs.frozen(kw_only=True)
class ProviderConfiguration:
    """What the StakingRegistry holds of a provider."""

    provider_id: int
    admin: str
    take_rate_bps: int = unit("bps")
    rewards_recipient: str
    queue_first_index: int
    queue_last_index: int
    """One behind the last key: the queue holds ``queue_last_index - queue_first_index`` keys."""

    @property
    def keys_queued(self) -> int:
        """Keys listed that nobody has staked on yet."""
        return self.queue_last_index - self.queue_first_index


@attrs.frozen(kw_only=True)
class ProviderKey:
    """A key that a provider has listed and nobody has staked on yet."""

    provider_id: int
    index: int
    """Its index in the contract's queue; the lowest is next."""
    attester: str
    public_key: tuple[int, int]


@attrs.frozen(kw_only=True)
class GovernanceWithdrawal:
    """What Governance keeps for an exit until its own delay is over."""

    withdrawal_id: int
    amount_wei: int = unit("wei")
    unlocks_at: int = unit("s")
    recipient: str
    is_claimed: bool


@attrs.frozen(kw_only=True)
class Rollup:
    """One rollup of the Registry: what never changes about it."""

    version: int
    address: str
    generation: int
    """2, 4 or 5: which names its functions and events have."""
    genesis_block: int
    genesis_at: int = unit("s")
    slot_seconds: int = unit("s")
    epoch_slots: int
    lag_in_epochs: int
    """Epochs between a change of the set and the first committee that sees it."""
    exit_delay_seconds: int = unit("s")


@attrs.frozen(kw_only=True)
class Deployment:
    """Everything that the Registry and the StakingRegistry lead to: what never changes about it."""

    chain_id: int
    registry: str
    rollups: tuple[Rollup, ...]
    """In the order in which they became canonical."""
    gse: str
    bonus_instance: str
    governance: str
    staking_asset: str
    activation_threshold_wei: int = unit("wei")
    ejection_threshold_wei: int = unit("wei")
    """The GSE's own; each rollup has a stricter one of its own beside it."""
    staking_registry: str | None
    """None: no StakingRegistry is configured for this network."""
    pull_split_factory: str | None
    """None as above."""
    first_block: int
    """No staking event lies before it."""


@attrs.frozen(kw_only=True)
class RollupState:
    """One rollup at one block."""

    rollup: Rollup
    is_canonical: bool
    is_latest_in_gse: bool
    """Whether movers (``moveWithLatestRollup``) count here."""
    active_count: int
    queued_count: int
    next_flushable_epoch: int
    allowance: int
    """Entries that may still be activated in the block's epoch (``getAvailableValidatorFlushes``)."""
    is_bootstrapped: bool
    queue_config_word: int
    """The packed queue configuration; the contracts have no getter for it."""
    local_ejection_threshold_wei: int = unit("wei")
    slasher: str
    """The zero address: no slasher."""


@attrs.frozen(kw_only=True)
class SplitParameters:
    """How a split divides, fixed for its life. Source: 0xSplits v2, ``struct Split``."""

    split: str
    recipients: tuple[str, ...]
    allocations: tuple[int, ...]
    total_allocation: int
    distribution_incentive: int
