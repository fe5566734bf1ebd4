"""Whether an Aztec node keeps up with its chain, judged by progress and never by its own word.

A node whose L1 endpoint has died goes on answering: it says that it is ready, and serves the tips of the
moment it lost sight of the chain. What gives it away is time. So the newest block's age is held against the
clock, the node's checkpoints against what the rollup says on L1 (through an L1 node that is not the Aztec
node's own), and its world state against its own chain. The node's "I am not ready" is believed; its "I am
ready" proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from aztec_butler.core.node_records import BlockHeader, ChainTips, SlotClock, SyncStatus


@attrs.frozen(kw_only=True)
class ReadinessLimits:
    """How far behind a node may be and still count as keeping up.

    Args:
        tip_age_slots: age of the newest block. Single slots are missed every day, ten in a row are not.
        slot_seconds: a slot's length where neither the node nor the caller tells it (72 on mainnet).
        checkpoint_lag: checkpoints the rollup has on L1 and the node has not. The node polls L1, we ask at
            once.
        world_state_lag: blocks the world state may be behind the chain; a slot can hold several.
        l1_age_seconds: age of the newest L1 block, the node's or ours.
    """

    tip_age_slots: int = 10
    slot_seconds: int = 72
    checkpoint_lag: int = 2
    world_state_lag: int = 12
    l1_age_seconds: int = 300


@attrs.frozen(kw_only=True)
class L1View:
    """What the rollup says on L1, at one L1 block read from an L1 node of our own.

    Source: Rollup ``getTips()``, which returns (pending, proven).
    """

    block_at: int = attrs.field(metadata={"unit": "unix seconds"})
    pending_checkpoint: int
    proven_checkpoint: int


@attrs.frozen(kw_only=True)
class Finding:
    """What speaks against a node or is worth knowing: a stable code for machines, a sentence for people."""

    code: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@attrs.frozen(kw_only=True)
class Readiness:
    """The judgment at one moment, and the measurements it rests on.

    ``reasons`` speak against the node, ``notes`` do not. ``tip_age_seconds`` may be slightly negative,
    because a block carries the time of the slot it is proposed for. ``slot_lag`` (slots since the newest
    block's) is None where the slots' clock is unknown, ``checkpoint_lag`` (behind L1; negative: ahead)
    without a fresh view of L1, ``l1_age_seconds`` (of the newest L1 block the node has seen) on version 4,
    which does not tell it, and ``connected_peers`` where the endpoint does not tell its peers.
    """

    judged_at: int = attrs.field(metadata={"unit": "unix seconds"})
    reasons: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    tip_block: int
    tip_slot: int
    tip_at: int = attrs.field(metadata={"unit": "unix seconds"})
    tip_age_seconds: int
    slot_lag: int | None
    checkpoint_lag: int | None
    world_state_lag: int
    l1_age_seconds: int | None
    connected_peers: int | None
    says_ready: bool

    @property
    def ready(self) -> bool:
        """Whether nothing speaks against the node."""
        return not self.reasons


def readiness(
    *,
    now: int,
    tips: ChainTips,
    header: BlockHeader,
    sync: SyncStatus,
    says_ready: bool,
    p2p_enabled: bool,
    connected_peers: int | None,
    l1_refusal: str | None = None,
    node_l1_at: int | None = None,
    slots: SlotClock | None = None,
    l1: L1View | None = None,
    limits: ReadinessLimits | None = None,
) -> Readiness:
    """Judge a node by what it and L1 answered within the last seconds.

    Args:
        now: Unix seconds of a clock that can be trusted.
        tips: the node's view of the chain.
        header: of the node's newest block.
        sync: of the node's world state.
        says_ready: the node's own word.
        p2p_enabled: whether the node runs p2p at all.
        connected_peers: how many peers it is connected to; None where that is not told.
        l1_refusal: the node's sentence when something that needs its L1 endpoint failed, None when it worked.
        node_l1_at: time of the newest L1 block the node has seen, in Unix seconds; None where that is not
            told.
        slots: when slots begin; None where neither the node nor the caller knows.
        l1: the rollup as our own L1 node shows it; None without one.
        limits: what still counts as keeping up.

    Returns:
        The judgment. A chain that stands still on L1 as well does not speak against a node that has all of
        it: that is a note.
    """
    limits = limits or ReadinessLimits()
    slot_seconds = slots.slot_seconds if slots else limits.slot_seconds
    tip_age = now - header.proposed_at
    l1_is_fresh = l1 is not None and now - l1.block_at <= limits.l1_age_seconds
    checkpoint_lag = (
        l1.pending_checkpoint - tips.checkpointed.checkpoint.number
        if l1 is not None and l1_is_fresh
        else None
    )
    world_state_lag = max(0, tips.proposed.number - sync.latest_block)
    node_l1_age = None if node_l1_at is None else now - node_l1_at
    reasons: list[Finding] = []
    notes: list[Finding] = []

    def against(code: str, sentence: str) -> None:
        reasons.append(Finding(code=code, sentence=sentence))

    def note(code: str, sentence: str) -> None:
        notes.append(Finding(code=code, sentence=sentence))

    if not says_ready:
        against("says-not-ready", "the node itself says that it is not ready")
    if not sync.trees_synced:
        against("trees-not-synced", "the trees of the node's world state are not in sync with each other")
    if world_state_lag > limits.world_state_lag:
        against("world-state-behind", f"the node's world state is {world_state_lag} blocks behind its chain")
    if l1_refusal is not None:
        against("l1-unreachable", f"the node does not get an answer from its L1 endpoint: {l1_refusal}")
    if node_l1_age is not None and node_l1_age > limits.l1_age_seconds:
        against("l1-old", f"the newest L1 block the node has seen is {node_l1_age} s old")
    if p2p_enabled and connected_peers == 0:
        against("no-peers", "the node runs p2p and has no peers")

    if l1 is not None and not l1_is_fresh:
        note("l1-view-old", f"our own view of L1 is {now - l1.block_at} s old and was not used")
    caught_up = checkpoint_lag is not None and abs(checkpoint_lag) <= limits.checkpoint_lag
    if checkpoint_lag is not None and checkpoint_lag > limits.checkpoint_lag:
        against("behind-l1", f"the rollup has {checkpoint_lag} checkpoints on L1 that the node does not have")
    if checkpoint_lag is not None and checkpoint_lag < -limits.checkpoint_lag:
        against(
            "ahead-of-l1",
            f"the node has {-checkpoint_lag} checkpoints that the rollup does not have on L1:"
            " it follows another rollup, or has not noticed that they were pruned",
        )
    if tip_age < -2 * slot_seconds:
        against(
            "tip-in-future",
            f"the newest block is dated {-tip_age} s ahead of our clock: one of the clocks is wrong",
        )
    elif tip_age > limits.tip_age_slots * slot_seconds:
        age = "no block since genesis" if header.number == 0 else f"the newest block is {tip_age} s old"
        if caught_up:
            note("chain-stalled", f"{age}, and the rollup on L1 has nothing newer: the chain stands still")
        else:
            against("tip-old", age)

    return Readiness(
        judged_at=now,
        reasons=tuple(reasons),
        notes=tuple(notes),
        tip_block=header.number,
        tip_slot=header.slot,
        tip_at=header.proposed_at,
        tip_age_seconds=tip_age,
        slot_lag=None if slots is None else (now - slots.genesis_at) // slots.slot_seconds - header.slot,
        checkpoint_lag=checkpoint_lag,
        world_state_lag=world_state_lag,
        l1_age_seconds=node_l1_age,
        connected_peers=connected_peers,
        says_ready=says_ready,
    )
