"""The rows of the public tables: one record type per question, fields in column order.

``notebook.frames`` turns them into DataFrames; the exporter and the watcher use them as they are. A field's metadata
names its unit, the text below a field says what it means and when it is None.
"""

from __future__ import annotations

import attrs

from aztec_butler.core.cards import Card
from aztec_butler.core.exits import ExitState
from aztec_butler.core.history import Outcome
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import Status, unit


@attrs.frozen(kw_only=True)
class Attester(Card):
    """One attester that the staking contracts know."""

    attester: str
    lifecycle: Lifecycle
    status: Status
    """What its rollup's ``getStatus`` says."""
    rollup_version: int | None
    """The rollup on which it stands, waits or last stood; None while it only waits in a provider queue."""
    moves_with_latest_rollup: bool | None
    """Whether it follows the canonical rollup; None while it only waits in a provider queue."""
    stake_wei: int = unit("wei")
    """What counts for its rollup's validator set now."""
    exit_amount_wei: int = unit("wei")
    """What waits in an exit."""
    withdrawer: str | None
    """Who may withdraw; None while it only waits in a provider queue."""
    provider_id: int | None
    """The provider that runs it; None when it was staked directly."""
    coinbase: str | None
    """The split of its delegation, to which a provider points its rewards; None when it was staked directly."""
    staker: str | None
    """Who staked with the provider; None when it was staked directly or has not been staked on."""
    queue_position: int | None
    """Its place in the entry queue, 0 is next; None outside of it."""
    activated_block: int | None
    """The block that took it into the set; None before."""


@attrs.frozen(kw_only=True)
class QueueEntry(Card):
    """One funded deposit that waits for activation."""

    position: int
    attester: str
    withdrawer: str
    provider_id: int | None
    """None when it was staked directly."""
    rollup_version: int
    moves_with_latest_rollup: bool
    fails_because: str | None
    """Why the deposit will be refunded instead of activated; None when nothing speaks against it."""
    activation_epoch: int | None
    """The earliest epoch; None when the deposit will fail, or the queue is closed."""
    activation_at: int | None = unit("s")
    """When that epoch begins; the present block's time when it can be activated at once."""
    first_duty_epoch: int | None
    """The first epoch whose committee can hold it."""
    first_duty_at: int | None = unit("s")


@attrs.frozen(kw_only=True)
class Provider(Card):
    """One operator registered in the StakingRegistry."""

    provider_id: int
    admin: str
    take_rate_bps: int = unit("bps")
    rewards_recipient: str
    keys_queued: int
    """Keys listed that nobody has staked on yet."""
    keys_listed: int
    """Keys ever listed."""
    keys_dripped: int
    """Of them, those taken off the list again."""
    delegations: int
    """Stakes ever made with it."""
    validating: int
    """Its attesters in the validator set now."""
    entry_queued: int
    """Its attesters in the entry queue now."""
    active_stake_wei: int = unit("wei")
    stake_share: float = unit("ratio")
    """Its part of the stake of all validating attesters, 0 to 1."""
    registered_block: int


@attrs.frozen(kw_only=True)
class Delegation(Card):
    """One stake with a provider."""

    provider_id: int
    attester: str
    staker: str
    split: str
    take_rate_bps: int = unit("bps")
    """The provider's part in this split, fixed for its life."""
    provider_recipient: str
    staker_recipient: str
    outcome: Outcome
    """What became of this deposit."""
    queue_position: int | None
    """Its place in the entry queue, 0 is next; None when it waits no more."""
    lifecycle: Lifecycle
    """Where its attester stands."""
    stake_wei: int = unit("wei")
    """What counts of it now."""
    rollup_version: int
    """The rollup it was made on; movers may stand on a later one."""
    block_number: int
    staked_at: int = unit("s")
    settled_block: int | None
    """The block that activated or refunded it; None while it waits."""
    settled_at: int | None = unit("s")
    transaction_hash: str


@attrs.frozen(kw_only=True)
class Exit(Card):
    """One exit, by withdrawal or by ejection, pending or paid."""

    attester: str
    state: ExitState
    rollup_version: int
    left_wei: int = unit("wei")
    """What went from the set into the exit."""
    amount_wei: int = unit("wei")
    """What is or was paid; slashes during the exit are taken off."""
    recipient: str | None
    """None: ejected by a slash, and the withdrawer has not named one."""
    withdrawer: str
    is_ejection: bool
    exitable_at: int | None = unit("s")
    """The rollup's delay; None once paid."""
    unlocks_at: int | None = unit("s")
    """Governance's delay; None once paid."""
    withdrawable_at: int | None = unit("s")
    """The later of the two; None once paid."""
    withdrawal_id: int | None
    """Governance's withdrawal; None once paid."""
    initiated_block: int
    initiated_at: int = unit("s")
    finalized_block: int | None
    """None until it is paid."""
    finalized_at: int | None = unit("s")


@attrs.frozen(kw_only=True)
class Slashing(Card):
    """One slash, and how its attester stands now."""

    block_number: int
    slashed_at: int = unit("s")
    attester: str
    amount_wei: int = unit("wei")
    is_ejection: bool
    """Whether this slash took the attester out of the set."""
    rollup_version: int
    provider_id: int | None
    """None when it was staked directly."""
    lifecycle: Lifecycle
    stake_wei: int = unit("wei")
    """Now, as are all that follow."""
    headroom_wei: int | None = unit("wei")
    """What it can lose and still stay in the set; None when it is not in the set."""
    slashes_left: int | None
    """Further slashes of this amount that it survives; None when it is not in the set."""
    transaction_hash: str


@attrs.frozen(kw_only=True)
class HistoryStep:
    """One step of time: what stood at its end, and what happened in it.

    What stands counts every rollup of the network; ``canonical_`` is the rollup that movers followed at the time. From
    one step to the next, exactly::

        attesters     + activations - exits_initiated - ejections
        stake_wei     + activated_wei - left_wei - (slashed_wei - slashed_exiting_wei)
        entry_queued  + deposits - activations - failed_deposits
        exiting       + exits_initiated + ejections - exits_finalized - exits_burned
        exiting_wei   + left_wei - slashed_exiting_wei - paid_wei
        keys_queued   + keys_listed - keys_dripped - delegations
    """

    begins_at: int = unit("s")
    ends_at: int = unit("s")
    """What happened at this very second is in the step."""
    canonical_version: int | None
    """None before the first rollup."""
    canonical_attesters: int | None
    """In the validator set of that rollup: its own, and the movers; None as above."""
    canonical_stake_wei: int | None = unit("wei")
    canonical_entry_queued: int | None
    """Deposits in the entry queue of that rollup."""
    attesters: int
    """In the validator set of any rollup."""
    stake_wei: int = unit("wei")
    entry_queued: int
    exiting: int
    """Exits that are not paid, zombies included."""
    exiting_wei: int = unit("wei")
    keys_queued: int
    """Keys that providers list and nobody has staked on yet."""
    deposits: int
    """Stakes that joined an entry queue."""
    delegations: int
    """Of them, those with a provider."""
    activations: int
    activated_wei: int = unit("wei")
    failed_deposits: int
    """Refunded, so that they left the entry queue too."""
    exits_initiated: int
    """Left the set by themselves."""
    ejections: int
    """Left the set by a slash."""
    left_wei: int = unit("wei")
    """What went from the set into exits of both kinds."""
    exits_finalized: int
    paid_wei: int = unit("wei")
    exits_burned: int
    """Exits of which slashes left nothing, at once or later."""
    slashes: int
    slashed_wei: int = unit("wei")
    slashed_exiting_wei: int = unit("wei")
    """Of it, what was taken from exits."""
    keys_listed: int
    keys_dripped: int


@attrs.frozen(kw_only=True)
class LifecycleAnswer(Card):
    """Where one address stands."""

    attester: str
    lifecycle: Lifecycle
    stake_wei: int = unit("wei")
    rollup_version: int | None
    """None where it has no rollup yet."""
    provider_id: int | None
    """None when no provider has it."""
    queue_position: int | None
    """Its place in the entry queue; None outside of it."""
    failed_deposits: int
    """Deposits for it that were refunded."""
