"""What rollups owe coinbases, at one block or at many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from aztec_butler.clients.blocks import decode_stamp
from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.splits import fetch_split_parameters
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.rewards import RewardSplit, RollupRewards
from aztec_butler.core.time_steps import render_time

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.history import StakingHistory
    from aztec_butler.core.records import BlockStamp, Deployment, Rollup

Owed = Mapping[tuple[str, int], int]
"""Wei by coinbase and version of the rollup."""
Progress = Callable[[int, int], None]

_ALWAYS_CLAIMABLE: Final = 5
"""Generations from this one on have no switch that keeps rewards back."""
_BLOCKS_AT_ONCE: Final = 8


def fetch_rollup_rewards(
    multicall: Multicall, rollups: Sequence[Rollup], block: BlockStamp
) -> tuple[RollupRewards, ...]:
    """In which token each rollup pays, and whether it does.

    Raises:
        NodeError: the node failed.
    """
    names = ("getFeeAsset", "isRewardsClaimable", "getEarliestRewardsClaimableTimestamp")
    asked = [
        (rollup, name)
        for rollup in rollups
        for name in (names[:1] if rollup.generation >= _ALWAYS_CLAIMABLE else names)
    ]
    answers = multicall.read(
        [Read(rollup.address, ROLLUP.function(name, rollup.generation)) for rollup, name in asked], block
    )
    told = {(rollup.version, name): answer for (rollup, name), answer in zip(asked, answers, strict=True)}
    return tuple(
        RollupRewards(
            version=rollup.version,
            address=rollup.address,
            asset=told[rollup.version, "getFeeAsset"],
            is_claimable=told.get((rollup.version, "isRewardsClaimable"), True),
            claimable_from_at=told.get((rollup.version, "getEarliestRewardsClaimableTimestamp")) or None,
        )
        for rollup in rollups
    )


def fetch_pending(
    multicall: Multicall,
    rollups: Sequence[Rollup],
    coinbases: Sequence[str],
    block: BlockStamp,
    *,
    progress: Progress | None = None,
) -> dict[tuple[str, int], int]:
    """What each rollup owes each coinbase at a block; nothing where there was no rollup yet.

    Raises:
        NodeRefused: the node does not have the state of that block any more.
        NodeError: the node failed.
    """
    owed = {(coinbase, rollup.version): 0 for rollup in rollups for coinbase in coinbases}
    there = [rollup for rollup in rollups if rollup.genesis_block <= block.number]
    function = ROLLUP.function("getSequencerRewards")
    asked = [(rollup, coinbase) for rollup in there for coinbase in coinbases]
    try:
        answers = multicall.read(
            [Read(rollup.address, function, (coinbase,)) for rollup, coinbase in asked],
            block,
            progress=progress,
        )
    except NodeRefused as error:
        if trouble_of(error) is Trouble.STATE_MISSING:
            error.facts |= {"block": block.number, "time": render_time(block.timestamp)}
            error.hint = "use an archive node, or a later beginning; or source=proofs, which needs no state"
        raise
    for (rollup, coinbase), amount in zip(asked, answers, strict=True):
        owed[coinbase, rollup.version] = int(amount)
    return owed


def iter_pending(
    multicall: Multicall, rollups: Sequence[Rollup], coinbases: Sequence[str], blocks: Sequence[BlockStamp]
) -> Iterator[tuple[BlockStamp, dict[tuple[str, int], int]]]:
    """As ``fetch_pending`` at many blocks, several of them under way at once; in the order of the blocks.

    Raises:
        NodeRefused: the node does not have the state of one of them any more.
        NodeError: the node failed.
    """
    with ThreadPoolExecutor(_BLOCKS_AT_ONCE, thread_name_prefix="aztec-butler-rewards") as pool:
        futures = [pool.submit(fetch_pending, multicall, rollups, coinbases, block) for block in blocks]
        try:
            for block, future in zip(blocks, futures, strict=True):
                yield block, future.result()
        finally:
            for future in futures:
                future.cancel()


def fetch_stamps(rpc: Rpc, numbers: Collection[int], *, finalized_number: int) -> dict[int, BlockStamp]:
    """The stamps of blocks, in few round trips.

    Raises:
        NodeError: the node failed, or does not have one of them.
    """
    wanted = sorted(numbers)
    headers = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in wanted])
    for number, header in zip(wanted, headers, strict=True):
        if header is None:
            raise NodeRefused("the node does not have a block of its own chain", retryable=True, block=number)
    return {
        number: decode_stamp(header, finalized_number=finalized_number)
        for number, header in zip(wanted, headers, strict=True)
    }


def fetch_reward_splits(
    rpc: Rpc,
    deployment: Deployment,
    history: StakingHistory,
    block: BlockStamp,
    coinbases: Collection[str] | None = None,
) -> dict[str, RewardSplit]:
    """The splits of delegations, by address.

    Args:
        rpc: the door to the node.
        deployment: names the factory.
        history: up to the block.
        block: the last one to look at.
        coinbases: those that are wanted; None for all.

    Raises:
        NodeError: the node failed.
    """
    wanted = [each for each in history.delegations if coinbases is None or each.split in coinbases]
    parameters = fetch_split_parameters(rpc, deployment, wanted, block)
    return {
        each.split: RewardSplit(provider_id=each.provider_id, parameters=parameters[each.split])
        for each in wanted
        if each.split in parameters
    }
