"""What an Aztec (L2) node tells about itself and its validators, as records.

`aztec_butler.core.node_replies` makes them from the node's JSON, `aztec_butler.clients.aztec_node` asks for
it. The node's words are kept where it may invent new ones: a status or an offense number of a newer node is
no error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping


@attrs.frozen(kw_only=True)
class BlockId:
    """A block or a checkpoint of the L2 chain by number and hash."""

    number: int
    hash: str


@attrs.frozen(kw_only=True)
class Tip:
    """The last block of a stage of the chain, and the checkpoint it belongs to."""

    block: BlockId
    checkpoint: BlockId


@attrs.frozen(kw_only=True)
class ChainTips:
    """How far the chain has come in each stage, as the node sees it.

    ``proposed`` is the newest block seen, ``checkpointed`` has been published on L1, ``proven`` has a proof
    on L1, and the proof of ``finalized`` lies in a finalized L1 block. Block 0 is genesis: nothing has
    reached that stage yet.
    """

    proposed: BlockId
    checkpointed: Tip
    proven: Tip
    finalized: Tip


@attrs.frozen(kw_only=True)
class L1Addresses:
    """The L1 contracts the node works with; the StakingRegistry is not among them.

    ``slash_factory`` is None unless it was configured, ``gse`` unless the deployment has one. ``others``
    holds the helpers that only sandboxes and test networks have, as (the node's name, address).
    """

    registry: str
    rollup: str
    inbox: str
    outbox: str
    fee_juice: str
    fee_juice_portal: str
    staking_asset: str
    coin_issuer: str
    reward_distributor: str
    governance: str
    governance_proposer: str
    gse: str | None
    slash_factory: str | None
    others: tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class NodeInfo:
    """Who the node is and which rollup it follows; ``enr`` is None when its p2p is off."""

    node_version: str
    l1_chain_id: int
    rollup_version: int
    enr: str | None
    l1_addresses: L1Addresses
    real_proofs: bool


@attrs.frozen(kw_only=True)
class SyncStatus:
    """How far the node's world state has followed the chain."""

    latest_block: int
    latest_block_hash: str
    finalized_block: int
    oldest_block: int
    trees_synced: bool


@attrs.frozen(kw_only=True)
class Peer:
    """A peer of the node.

    ``status`` is ``connected``, ``dialing``, ``cached`` or a word of a newer node. ``score`` is told of
    connected peers only, ``dial_status`` of dialing ones, ``enr`` and ``dial_attempts`` of cached ones;
    elsewhere they are None.
    """

    id: str
    status: str
    score: float | None
    dial_status: str | None
    addresses: tuple[str, ...]
    enr: str | None
    dial_attempts: int | None


@attrs.frozen(kw_only=True)
class GasFees:
    """Fees per unit of gas, in the smallest unit of fee juice."""

    fee_per_da_gas: int
    fee_per_l2_gas: int


@attrs.frozen(kw_only=True)
class BlockHeader:
    """What a block's header says about its place, time and beneficiaries."""

    number: int
    slot: int
    proposed_at: int = attrs.field(metadata={"unit": "unix seconds"})
    l1_chain_id: int
    rollup_version: int
    coinbase: str
    fee_recipient: str
    gas_fees: GasFees


@attrs.frozen(kw_only=True)
class SlotClock:
    """When slots begin, as the node has read it from the rollup (nodes of version 5 and later tell it)."""

    genesis_at: int = attrs.field(metadata={"unit": "unix seconds"})
    slot_seconds: int
    epoch_slots: int
    proof_submission_epochs: int


@attrs.frozen(kw_only=True)
class Duty:
    """A slot in which an attester fulfilled a duty."""

    slot: int
    at: int = attrs.field(metadata={"unit": "unix seconds"})


@attrs.frozen(kw_only=True)
class MissedDuties:
    """Duties of one kind in the window: ``count`` of ``total`` missed, the last ``streak`` in a row."""

    streak: int
    count: int
    total: int


@attrs.frozen(kw_only=True)
class SlotStatus:
    """What an attester did in a slot of its committee.

    ``status`` is the node's word. Proposing: ``checkpoint-mined``, ``-proposed``, ``-valid``, ``-invalid``,
    ``-unvalidated``, ``-orphaned``, ``-unpublished``, ``-missed``, ``blocks-missed`` (versions before 4:
    ``block-mined``, ``-proposed``, ``-missed``). Attesting: ``attestation-sent``, ``-missed``. Newer nodes
    may use others.
    """

    slot: int
    status: str

    @property
    def duty(self) -> str:
        """``proposal``, ``attestation``, or ``unknown`` for a status of a kind we have not met."""
        if self.status.startswith("attestation-"):
            return "attestation"
        if self.status.startswith(("checkpoint-", "blocks-", "block-")):
            return "proposal"
        return "unknown"

    @property
    def is_missed(self) -> bool:
        """Whether nothing came from the attester in this slot; an unknown status is not counted as missed."""
        return self.duty != "unknown" and self.status.endswith("-missed")


@attrs.frozen(kw_only=True)
class ValidatorStats:
    """An attester's conduct over the node's window of slots.

    ``last_proposal`` and ``last_attestation`` are None when there was none in the window. ``history`` has one
    entry per slot of duty, oldest first.
    """

    attester: str
    total_slots: int
    missed_proposals: MissedDuties
    missed_attestations: MissedDuties
    last_proposal: Duty | None
    last_attestation: Duty | None
    history: tuple[SlotStatus, ...]


@attrs.frozen(kw_only=True)
class ValidatorsStats:
    """Every attester the node's sentinel has seen on duty.

    The sentinel is about two slots behind. A node that runs without one says so by ``slot_window`` 0 and
    knows nobody; ``first_slot`` and ``last_slot`` are None as long as no slot has been processed.
    """

    validators: tuple[ValidatorStats, ...]
    first_slot: int | None
    last_slot: int | None
    slot_window: int

    @property
    def is_watching(self) -> bool:
        """Whether the node keeps statistics at all (``SENTINEL_ENABLED``)."""
        return self.slot_window > 0


@attrs.frozen(kw_only=True)
class EpochPerformance:
    """Duties missed in an epoch; ``total`` is 0 if its proof came before the node had watched its slots."""

    epoch: int
    missed: int
    total: int


@attrs.frozen(kw_only=True)
class SingleValidatorStats:
    """One attester's conduct in the window, and its record over the epochs judged so far, oldest first."""

    validator: ValidatorStats
    epochs: tuple[EpochPerformance, ...]
    first_slot: int | None
    last_slot: int | None
    slot_window: int


# Numbers of the node's offense types. 2 ended with version 4, 10 and 11 came with version 5, 7 changed sides
# (attesting to such a descendant in version 4, proposing it in version 5).
OFFENSES: Mapping[int, str] = {
    0: "unknown",
    1: "data_withholding",
    2: "valid_epoch_pruned",
    3: "inactivity",
    4: "broadcasted_invalid_block_proposal",
    5: "proposed_insufficient_attestations",
    6: "proposed_incorrect_attestations",
    7: "descendant_of_invalid",
    8: "duplicate_proposal",
    9: "duplicate_attestation",
    10: "attested_to_invalid_checkpoint_proposal",
    11: "broadcasted_invalid_checkpoint_proposal",
}
_EPOCH_OFFENSES = frozenset({0, 2, 3})
_EPOCH_OR_SLOT_OFFENSES = frozenset({1})  # an epoch in version 4, a slot in version 5


@attrs.frozen(kw_only=True)
class SlashOffense:
    """An offense the node has seen and would vote to slash for ``amount_wei``."""

    attester: str
    amount_wei: int = attrs.field(metadata={"unit": "wei"})
    offense_type: int
    epoch_or_slot: int

    @property
    def name(self) -> str:
        """The offense in words, ``type_<n>`` for a number of a newer node."""
        return OFFENSES.get(self.offense_type, f"type_{self.offense_type}")

    @property
    def time_unit(self) -> str | None:
        """What ``epoch_or_slot`` counts, ``epoch`` or ``slot``; None where the node's version decides.

        Source: yarn-project ``stdlib/src/slashing/helpers.ts``.
        """
        if self.offense_type in _EPOCH_OFFENSES:
            return "epoch"
        if self.offense_type in _EPOCH_OR_SLOT_OFFENSES or self.offense_type not in OFFENSES:
            return None
        return "slot"
