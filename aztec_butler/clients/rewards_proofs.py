"""Proofs of epochs with what they say of rewards: their calldata, and what the distributor paid for them.

Transactions and receipts are kept by every node that keeps blocks: no archive node is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.core.contracts import ROLLUP, TOKEN
from aztec_butler.core.errors import CheckFailed, NodeRefused
from aztec_butler.core.hexes import parse_address, parse_bytes, to_hex
from aztec_butler.core.ledger_proofs import EpochProof, ProofArguments, proof_arguments

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.records import BlockStamp, Rollup
    from aztec_butler.core.rewards import RollupRewards

Progress = Callable[[int, int], None]

_TOGETHER: Final = 200
"""Transactions that are held at once: each has some kilobytes of calldata."""
_TRANSFER: Final = to_hex(TOKEN.event("Transfer").topic0)
_VERIFIED: Final = to_hex(ROLLUP.event("L2ProofVerified").topic0)


@attrs.frozen(kw_only=True)
class ProofPlace:
    """An ``L2ProofVerified`` and where it stands.

    Args:
        rollup: that took the proof.
        last_checkpoint: that it proves.
        block_number: in which block.
        log_index: of the log in the block.
        transaction_hash: of the transaction.
    """

    rollup: Rollup
    last_checkpoint: int
    block_number: int
    log_index: int
    transaction_hash: str


def fetch_proofs(
    rpc: Rpc,
    multicall: Multicall,
    rewards: Mapping[int, RollupRewards],
    places: Sequence[ProofPlace],
    block: BlockStamp,
    *,
    progress: Progress | None = None,
) -> list[EpochProof]:
    """Proofs as they were submitted, in the order given.

    Args:
        rpc: the door to the node.
        multicall: reads of contracts, through the same door.
        rewards: in which token each rollup pays, by version.
        places: of the proofs.
        block: a block at which the contracts are asked.
        progress: told how many proofs were read, and of how many.

    Raises:
        CheckFailed: a proof's transaction does not tell what it paid for: it is of no form that is known here.
        NodeError: the node failed.
    """
    versions = list(dict.fromkeys(place.rollup for place in places))
    portals = multicall.read(
        [Read(each.address, ROLLUP.function("getFeeAssetPortal", each.generation)) for each in versions],
        block,
    )
    payers = {rollup.version: portal for rollup, portal in zip(versions, portals, strict=True)}
    found: list[EpochProof] = []
    for start in range(0, len(places), _TOGETHER):
        chunk = places[start : start + _TOGETHER]
        hashes = list(dict.fromkeys(place.transaction_hash for place in chunk))
        methods = ("eth_getTransactionByHash", "eth_getTransactionReceipt")
        answers = rpc.batch([(method, [each]) for each in hashes for method in methods])
        told = dict(zip(hashes, zip(answers[::2], answers[1::2], strict=True), strict=True))
        for place in chunk:
            transaction, receipt = told[place.transaction_hash]
            if transaction is None or receipt is None:
                raise NodeRefused(
                    "the node does not have a transaction of its own chain",
                    hint="it may have pruned old ones: use a node that keeps the whole history",
                    retryable=True,
                    transaction=place.transaction_hash,
                )
            found.append(
                _proof(
                    place,
                    parse_bytes(transaction["input"]),
                    receipt["logs"],
                    rewards[place.rollup.version].asset,
                    payers[place.rollup.version],
                )
            )
        if progress is not None:
            progress(len(found), len(places))
    return found


def _proof(
    place: ProofPlace, calldata: bytes, logs: Sequence[Mapping[str, Any]], asset: str, portal: str
) -> EpochProof:
    arguments = _arguments(place, calldata)
    return EpochProof(
        rollup_version=place.rollup.version,
        first_checkpoint=arguments.first_checkpoint,
        last_checkpoint=arguments.last_checkpoint,
        coinbases=arguments.coinbases,
        fees_wei=arguments.fees_wei,
        granted_wei=_granted(place, logs, asset, portal),
        block_number=place.block_number,
        log_index=place.log_index,
        transaction_hash=place.transaction_hash,
    )


def _arguments(place: ProofPlace, calldata: bytes) -> ProofArguments:
    found = set(proof_arguments(calldata, place.last_checkpoint))
    if len(found) != 1:
        raise CheckFailed(
            "the transaction of a proof does not tell whose checkpoints it proved",
            hint="it went through a contract that is not known here; ask an archive node: source=state",
            rollup_version=place.rollup.version,
            checkpoint=place.last_checkpoint,
            candidates=len(found),
            transaction=place.transaction_hash,
        )
    return found.pop()


def _granted(place: ProofPlace, logs: Sequence[Mapping[str, Any]], asset: str, portal: str) -> int:
    """What the distributor paid for a proof: between the proof before it in the transaction and its own event.

    Source: RewardLib.sol ``handleRewardsAndFees``: the distributor pays first, the portal of fees afterwards.
    """
    amounts: list[int] = []
    for log in logs:
        emitter, topics = parse_address(log["address"]), log["topics"]
        if int(log["logIndex"], 16) >= place.log_index:
            break
        if emitter == place.rollup.address and topics and topics[0] == _VERIFIED:
            amounts = []
        if emitter != asset or len(topics) != 3 or topics[0] != _TRANSFER:
            continue
        sender, recipient = (parse_address("0x" + topic[-40:]) for topic in topics[1:])
        if recipient == place.rollup.address and sender != portal:
            amounts.append(int(log["data"], 16))
    if len(amounts) > 1:
        raise CheckFailed(
            "the transaction of a proof moves tokens to the rollup more than once",
            hint="which of them are rewards is not told; ask an archive node: source=state",
            rollup_version=place.rollup.version,
            checkpoint=place.last_checkpoint,
            transaction=place.transaction_hash,
        )
    return amounts[0] if amounts else 0
