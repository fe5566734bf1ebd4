"""Who proposed a checkpoint, and whom it names for the reward, read from L1.

No view and no event tells either. The proposer of a slot is asked of the rollup, and the coinbase stands in the calldata
of the proposal: both need no Aztec node, and nobody's word but L1's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.checkpoint_headers import proposed_coinbase
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.hexes import parse_bytes
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import BlockStamp, Rollup


def proposal_topic(rollup: Rollup) -> bytes:
    """First topic of the event that tells of a proposal; blocks were renamed to checkpoints."""
    name = "L2BlockProposed" if rollup.generation == 2 else "CheckpointProposed"
    return ROLLUP.event(name, rollup.generation).topic0


def fetch_proposers(
    multicall: Multicall, rollup: Rollup, times: Sequence[int], block: BlockStamp
) -> list[str]:
    """Whose turn it was to propose.

    Args:
        multicall: what carries the reads.
        rollup: of the slots.
        times: Unix seconds in the slots; a checkpoint is proposed in its own slot.
        block: what is read is of this block.

    Raises:
        NodeError: the node failed.
    """
    function = ROLLUP.function("getProposerAt")
    reads = [Read(rollup.address, function, (at,)) for at in times]
    return multicall.read(reads, block) if reads else []


def fetch_coinbases(rpc: Rpc, logs: Sequence[RawLog]) -> list[str | None]:
    """Whom proposals name, in one round trip; None where a transaction is of no form that is known here.

    Args:
        rpc: the door to the node.
        logs: of the event ``proposal_topic``.

    Raises:
        NodeRefused: the chain was reorganised meanwhile; may be tried again.
        NodeError: the node failed.
    """
    if not logs:
        return []
    asked = [("eth_getTransactionByHash", [log.transaction_hash]) for log in logs]
    return [
        proposed_coinbase(_calldata(transaction, log), log.topics[2])
        for log, transaction in zip(logs, rpc.batch(asked), strict=True)
    ]


def _calldata(transaction: Any, log: RawLog) -> bytes:
    if transaction is None or str(transaction["blockHash"]).lower() != log.block_hash:
        raise NodeRefused(
            "a transaction is not where its log is: the chain was reorganised while it was read",
            retryable=True,
            transaction=log.transaction_hash,
            block=log.block_number,
        )
    return parse_bytes(transaction["input"])
