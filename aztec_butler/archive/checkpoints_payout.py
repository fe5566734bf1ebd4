"""What a payout is made of, read from the chain: checkpoints with their coinbases, delegations, what a checkpoint earns.

All or nothing: a window with a checkpoint that is not proven, or whose coinbase cannot be read, has no payout yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from aztec_butler.archive.checkpoints import CheckpointReader
from aztec_butler.clients.blocks import decode_stamp
from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.core.checkpoint_headers import proposed_header
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.duty_checkpoints import Checkpoint, Fate
from aztec_butler.core.errors import DecodeError, InputError, NodeRefused, NotFoundError
from aztec_butler.core.hexes import parse_bytes
from aztec_butler.core.history import Outcome
from aztec_butler.core.payouts import PayoutCheckpoint, PayoutDelegation, PayoutTerms
from aztec_butler.core.payouts_record import PayoutBlock, PayoutWindow
from aztec_butler.core.time_steps import render_time

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.records import BlockStamp, Rollup
    from aztec_butler.core.rows import Delegation

Progress = Callable[[int, int, str], None]

_TRANSACTIONS_AT_ONCE: Final = 100


@attrs.frozen(kw_only=True)
class PayoutInputs:
    """What the chain tells of a window.

    Args:
        window: its epochs and blocks.
        terms: what a checkpoint earns at the block that was read.
        reward_changes: blocks since the window began in which that was changed.
        settled_at: the block that proved or pruned the last of the window's checkpoints; None where it has none.
        delegations: of the provider, up to the end of the window.
        checkpoints: of its attesters, proven, by number.
    """

    window: PayoutWindow
    terms: PayoutTerms
    reward_changes: tuple[int, ...]
    settled_at: PayoutBlock | None
    delegations: tuple[PayoutDelegation, ...]
    checkpoints: tuple[PayoutCheckpoint, ...]


def payout_delegations(
    rows: Sequence[Delegation], provider_id: int, commission_bps: int | None, *, last_block: int
) -> tuple[PayoutDelegation, ...]:
    """A provider's delegations that were not refunded, in the order in which they were made.

    Args:
        rows: of ``Snapshot.delegations``.
        provider_id: whose.
        commission_bps: what the provider keeps of each; None for the take rate that is fixed in the split of each.
        last_block: what was made or refunded behind it does not matter.
    """
    return tuple(
        PayoutDelegation(
            attester=row.attester,
            delegator=row.staker_recipient,
            commission_bps=row.take_rate_bps if commission_bps is None else commission_bps,
        )
        for row in rows
        if row.provider_id == provider_id and row.block_number <= last_block
        if not (
            row.outcome is Outcome.REFUNDED
            and row.settled_block is not None
            and row.settled_block <= last_block
        )
    )


def read_payout_inputs(
    rpc: Rpc,
    multicall: Multicall,
    reader: CheckpointReader,
    rollup: Rollup,
    delegations: Callable[[int], Sequence[PayoutDelegation]],
    first_epoch: int,
    last_epoch: int,
    *,
    block: BlockStamp,
    finalized_number: int,
    allow_unfinalized: bool = False,
    progress: Progress | None = None,
) -> PayoutInputs:
    """What the chain tells of a window.

    Args:
        rpc: the door to the node.
        multicall: reads of contracts.
        reader: of the rollup's checkpoints, at the same block.
        rollup: whose epochs these are.
        delegations: those of the provider up to a block, see ``payout_delegations``.
        first_epoch: of the window.
        last_epoch: of the window.
        block: at which the chain is read.
        finalized_number: up to where blocks are final; -1 where none is.
        allow_unfinalized: take proofs that are not final on L1, too.
        progress: told about long reads.

    Raises:
        InputError: no such range, or one without a block.
        NotFoundError: the window is not over, not proven or not final, or earned nothing, since another rollup was
            canonical.
        DecodeError: the coinbase of a checkpoint cannot be read.
        NodeError: the node failed.
    """
    clock = reader.clock
    ends_at = clock.epoch_start_at(last_epoch + 1)
    if ends_at > block.timestamp:
        raise NotFoundError(
            "the window is not over",
            last_epoch=last_epoch,
            present_epoch=clock.epoch_at(block.timestamp),
            ends=render_time(ends_at),
            block_time=render_time(block.timestamp),
        )
    attesters = {each.attester: 0 for each in delegations(block.number)}
    found = reader.read(first_epoch, last_epoch, providers=attesters, progress=progress)
    last_block = found.range.last_block
    if found.range.first_block > last_block:
        raise InputError("no block lies in the window", first_epoch=first_epoch, last_epoch=last_epoch)
    final_to = block.number if allow_unfinalized else finalized_number
    settled_block = _check_settled(found.checkpoints, final_to)
    if last_block > final_to:
        raise NotFoundError(
            "the window is over, but not final on L1", last_block=last_block, finalized_block=final_to
        )
    if settled_block is not None:
        reader.check_canonical(settled_block)
    ours = [each for each in found.checkpoints if each.provider_id is not None and each.fate is Fate.PROVEN]
    numbers = [found.range.first_block, last_block, settled_block or last_block]
    first, last, settled = _blocks(rpc, numbers)
    return PayoutInputs(
        window=PayoutWindow(
            rollup=rollup.address,
            rollup_version=rollup.version,
            first_epoch=first_epoch,
            last_epoch=last_epoch,
            first_block=first,
            last_block=last,
        ),
        terms=_terms(multicall, rollup, block),
        reward_changes=tuple(reader.reward_changes(found.range.first_block)),
        settled_at=None if settled_block is None else settled,
        delegations=tuple(delegations(last_block)),
        checkpoints=_with_coinbases(rpc, sorted(ours, key=lambda each: each.number), progress),
    )


def _check_settled(checkpoints: Sequence[Checkpoint], final_to: int) -> int | None:
    """The last block that decided about one of them; None where there are none."""
    last: int | None = None
    for each in checkpoints:
        if each.settled_block is None:
            raise NotFoundError(
                "the window is not proven, and its rewards are not there",
                hint=f"end it with epoch {each.epoch - 1}, or wait for the proof",
                checkpoint=each.number,
                epoch=each.epoch,
            )
        if each.settled_block > final_to:
            raise NotFoundError(
                "the window is proven, but the proof is not final on L1",
                hint="wait some quarter of an hour",
                checkpoint=each.number,
                proof_block=each.settled_block,
                finalized_block=final_to,
            )
        last = each.settled_block if last is None else max(last, each.settled_block)
    return last


def _terms(multicall: Multicall, rollup: Rollup, block: BlockStamp) -> PayoutTerms:
    reward = "getBlockReward" if rollup.generation == 2 else "getCheckpointReward"
    functions = [ROLLUP.function(name, rollup.generation) for name in (reward, "getRewardConfig")]
    reward_wei, (_, sequencer_bps, *_) = multicall.read(
        [Read(rollup.address, function) for function in functions], block
    )
    return PayoutTerms(checkpoint_reward_wei=reward_wei, sequencer_bps=sequencer_bps)


def _blocks(rpc: Rpc, numbers: Sequence[int]) -> list[PayoutBlock]:
    headers = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in numbers])
    blocks = []
    for number, header in zip(numbers, headers, strict=True):
        if header is None:
            raise NodeRefused("the node does not have a block of its own chain", retryable=True, block=number)
        stamp = decode_stamp(header, finalized_number=-1)
        blocks.append(PayoutBlock(number=stamp.number, hash=stamp.hash, timestamp=stamp.timestamp))
    return blocks


def _with_coinbases(
    rpc: Rpc, checkpoints: Sequence[Checkpoint], progress: Progress | None
) -> tuple[PayoutCheckpoint, ...]:
    found: list[PayoutCheckpoint] = []
    for start in range(0, len(checkpoints), _TRANSACTIONS_AT_ONCE):
        part = checkpoints[start : start + _TRANSACTIONS_AT_ONCE]
        asked = [("eth_getTransactionByHash", [each.transaction_hash]) for each in part]
        for each, transaction in zip(part, rpc.batch(asked), strict=True):
            assert each.proposer is not None
            found.append(
                PayoutCheckpoint(
                    number=each.number,
                    slot=each.slot,
                    block_number=each.block_number,
                    transaction_hash=each.transaction_hash,
                    attester=each.proposer,
                    coinbase=_coinbase(each, transaction),
                )
            )
        if progress is not None:
            progress(len(found), len(checkpoints), "coinbases")
    return tuple(found)


def _coinbase(checkpoint: Checkpoint, transaction: Any) -> str:
    if transaction is None or int(transaction["blockNumber"] or "0x0", 16) != checkpoint.block_number:
        raise NodeRefused(
            "a transaction is not where its log is: the chain was reorganised while it was read",
            retryable=True,
            transaction=checkpoint.transaction_hash,
            block=checkpoint.block_number,
        )
    header = proposed_header(parse_bytes(transaction["input"]), parse_bytes(checkpoint.archive))
    if header is None:
        raise DecodeError(
            "the coinbase of a checkpoint cannot be read: its transaction is of a form that is not known here",
            checkpoint=checkpoint.number,
            transaction=checkpoint.transaction_hash,
        )
    if header.slot != checkpoint.slot:
        # Who proposed it is told by the slot, and the slot by the time of the block, until a rollup says otherwise.
        raise DecodeError(
            "a checkpoint was proposed outside of its slot, so that its proposer is not known",
            checkpoint=checkpoint.number,
            slot=header.slot,
            proposed_in_slot=checkpoint.slot,
        )
    return header.coinbase
