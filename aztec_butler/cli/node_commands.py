"""The commands that look at the nodes: which block L1 answers with, and whether the Aztec node keeps up."""

import time

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.errors import CheckFailed
from aztec_butler.core.records import unit


@attrs.frozen(kw_only=True)
class ShownBlock:
    """A block of L1, as ``block`` prints it."""

    number: int
    hash: str
    timestamp: int = unit("s")
    age_seconds: int
    is_finalized: bool
    finalized_number: int | None
    """None when the node names no finalized block."""


@attrs.frozen(kw_only=True)
class ShownNode:
    """An Aztec node, as ``node`` prints it."""

    endpoint: str
    node_version: str
    l1_chain_id: int
    rollup_version: int
    rollup: str
    is_ready: bool
    """By its progress."""
    reasons: tuple[str, ...]
    """What speaks against it."""
    notes: tuple[str, ...]
    says_ready: bool
    tip_block: int
    tip_slot: int
    tip_at: int = unit("s")
    tip_age_seconds: int
    slot_lag: int | None
    """None where the slots' clock is not known."""
    checkpoint_lag: int | None
    """None without a view of L1."""
    world_state_lag: int
    connected_peers: int | None
    """None where the endpoint does not tell."""


@command(connection, pinned)
def block(session: Session, block: int | str) -> Answer:
    """The block that an answer would be pinned to now, in one request.

    Examples:
        aztec-butler block
        aztec-butler block --block finalized --format json
    """
    from aztec_butler.clients.blocks import fetch_block

    with session.open_rpc() as rpc:
        stamp, finalized_number = fetch_block(rpc, block)
        chain_id = rpc.chain_id
    shown = ShownBlock(
        number=stamp.number,
        hash=stamp.hash,
        timestamp=stamp.timestamp,
        age_seconds=int(time.time()) - stamp.timestamp,
        is_finalized=stamp.is_finalized,
        finalized_number=None if finalized_number < 0 else finalized_number,
    )
    facts = {"network": session.settings.network, "chain_id": chain_id}
    return Answer(rows=(shown,), row_type=ShownBlock, facts=facts, is_single=True)


@command(connection)
def node(session: Session) -> Answer:
    """Who the Aztec node is, and whether it keeps up with its chain; its own word is not enough.

    With an L1 endpoint the node's checkpoints are held against the rollup's. Exit code 5 when it does not keep up.

    Examples:
        aztec-butler node --l2 http://127.0.0.1:8080
        aztec-butler node --l2 http://127.0.0.1:8080 --l1 https://node.example/KEY --format json
    """
    from aztec_butler.clients.node_checks import fetch_rollup_view

    view = clock = None
    with session.open_node() as aztec_node:
        info = aztec_node.get_node_info()
        if session.settings.l1 is not None and not session.is_preset("l1"):
            with session.open_rpc() as rpc:
                view, clock = fetch_rollup_view(rpc, info.l1_addresses.rollup)
        judged = aztec_node.fetch_readiness(l1=view, slots=clock)
        name = aztec_node.name
    shown = ShownNode(
        endpoint=name,
        node_version=info.node_version,
        l1_chain_id=info.l1_chain_id,
        rollup_version=info.rollup_version,
        rollup=info.l1_addresses.rollup,
        is_ready=judged.ready,
        reasons=tuple(reason.sentence for reason in judged.reasons),
        notes=tuple(note.sentence for note in judged.notes),
        says_ready=judged.says_ready,
        tip_block=judged.tip_block,
        tip_slot=judged.tip_slot,
        tip_at=judged.tip_at,
        tip_age_seconds=judged.tip_age_seconds,
        slot_lag=judged.slot_lag,
        checkpoint_lag=judged.checkpoint_lag,
        world_state_lag=judged.world_state_lag,
        connected_peers=judged.connected_peers,
    )
    failure = (
        None if judged.ready else CheckFailed("the Aztec node does not keep up with its chain", endpoint=name)
    )
    return Answer(
        rows=(shown,),
        row_type=ShownNode,
        facts={"network": session.settings.network},
        is_single=True,
        failure=failure,
    )
