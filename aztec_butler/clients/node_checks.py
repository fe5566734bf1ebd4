"""Whether an Aztec node is fit for use, judged against what its rollup says on L1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.blocks import fetch_block
from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.checks import Check, Outcome, failed_by
from aztec_butler.core.contracts import REGISTRY, ROLLUP
from aztec_butler.core.errors import ButlerError
from aztec_butler.core.node_readiness import L1View
from aztec_butler.core.node_records import NodeInfo, SlotClock

_LOOK: Final = "look at the node's log, its L1 endpoint and its peers"


def fetch_rollup_view(rpc: Rpc, rollup: str) -> tuple[L1View, SlotClock]:
    """The rollup's tips and clock, at the latest block of L1.

    Args:
        rpc: the door to an L1 node, best not the Aztec node's own.
        rollup: the rollup the Aztec node follows.

    Raises:
        RevertError, DecodeError: there is no rollup at this address.
        NodeError: the L1 node failed.
    """
    block, _ = fetch_block(rpc, "latest")
    names = ("getTips", "getGenesisTime", "getSlotDuration", "getEpochDuration", "getProofSubmissionEpochs")
    reads = [Read(rollup, ROLLUP.function(name)) for name in names]
    (pending, proven), genesis_at, slot_seconds, epoch_slots, proof_epochs = Multicall(rpc).read(reads, block)
    view = L1View(block_at=block.timestamp, pending_checkpoint=pending, proven_checkpoint=proven)
    clock = SlotClock(
        genesis_at=genesis_at,
        slot_seconds=slot_seconds,
        epoch_slots=epoch_slots,
        proof_submission_epochs=proof_epochs,
    )
    return view, clock


def check_node(
    node: AztecNode, *, chain_id: int, rpc: Rpc | None, registry: str | None, has_admin: bool
) -> Iterator[Check]:
    """Examine an Aztec node.

    Args:
        node: the node.
        chain_id: of the L1 it should follow.
        rpc: a door to L1; None to judge the node without.
        registry: the Registry, to learn which rollup is canonical; None when it is not known.
        has_admin: whether its admin port is to be examined.
    """
    subject = f"node {node.name}"
    try:
        info = node.get_node_info()
    except ButlerError as error:
        remedy = "check the URL, and whether the node is running"
        yield failed_by(error, subject=subject, check="reachable", remedy=remedy)
        return
    finding = f"version {info.node_version}, follows rollup {info.l1_addresses.rollup}"
    yield Check(outcome=Outcome.OK, subject=subject, check="reachable", finding=finding)
    if info.l1_chain_id != chain_id:
        yield Check(
            outcome=Outcome.FAIL,
            subject=subject,
            check="chain",
            finding=f"it follows L1 chain {info.l1_chain_id}, expected {chain_id}",
            remedy="this is a node of another network: change l2, or say which network with --network",
        )
        return
    if rpc is not None and registry is not None:
        yield _check_rollup(info, rpc, registry, subject)
    yield _check_progress(node, info, rpc, subject)
    if has_admin:
        yield _check_admin(node, subject)


def _check_rollup(info: NodeInfo, rpc: Rpc, registry: str, subject: str) -> Check:
    try:
        block, _ = fetch_block(rpc, "latest")
        (canonical,) = Multicall(rpc).read([Read(registry, REGISTRY.function("getCanonicalRollup"))], block)
    except ButlerError as error:
        return failed_by(error, subject=subject, check="rollup", remedy=_LOOK)
    if canonical == info.l1_addresses.rollup:
        return Check(
            outcome=Outcome.OK, subject=subject, check="rollup", finding="it follows the canonical rollup"
        )
    return Check(
        outcome=Outcome.FAIL,
        subject=subject,
        check="rollup",
        finding=f"it follows {info.l1_addresses.rollup}, and {canonical} is canonical",
        remedy="update the node's software, or its configuration, to the network's present version",
    )


def _check_progress(node: AztecNode, info: NodeInfo, rpc: Rpc | None, subject: str) -> Check:
    view = clock = None
    try:
        if rpc is not None:
            view, clock = fetch_rollup_view(rpc, info.l1_addresses.rollup)
        judged = node.fetch_readiness(l1=view, slots=clock)
    except ButlerError as error:
        return failed_by(error, subject=subject, check="progress", remedy=_LOOK)
    if judged.ready:
        notes = "".join(f"; {note}" for note in judged.notes)
        finding = f"block {judged.tip_block}, {judged.tip_age_seconds} s old{notes}"
        outcome = Outcome.WARN if judged.notes else Outcome.OK
        return Check(outcome=outcome, subject=subject, check="progress", finding=finding)
    return Check(
        outcome=Outcome.FAIL,
        subject=subject,
        check="progress",
        finding="; ".join(reason.sentence for reason in judged.reasons),
        remedy=_LOOK,
    )


def _check_admin(node: AztecNode, subject: str) -> Check:
    try:
        node.get_config()
    except ButlerError as error:
        return failed_by(
            error, subject=subject, check="admin port", remedy="check l2_admin and l2_admin_key_file"
        )
    return Check(outcome=Outcome.OK, subject=subject, check="admin port", finding="it accepts the key")
