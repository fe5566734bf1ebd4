"""What somebody may claim now, read at one block: from rollups, splits and the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rewards import fetch_pending, fetch_reward_splits, fetch_rollup_rewards
from aztec_butler.core.contracts import PULL_SPLIT, SPLITS_WAREHOUSE
from aztec_butler.core.rewards_claimable import Claimable, SplitHoldings, claimable_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.core.records import BlockStamp
    from aztec_butler.core.rewards import RewardSplit


def fetch_claimable(
    rpc: Rpc, multicall: Multicall, snapshot: Snapshot, delegator: str
) -> tuple[Claimable, ...]:
    """Every place that holds rewards for an address.

    Args:
        rpc: the door to the node.
        multicall: reads of contracts, through the same door.
        snapshot: of the network.
        delegator: who is to be paid, checksummed.

    Raises:
        NodeError: the node failed.
    """
    block, deployment = snapshot.block, snapshot.deployment
    known = fetch_reward_splits(rpc, deployment, snapshot.history, block)
    splits = {a: split for a, split in known.items() if delegator in split.parameters.recipients}
    rewards = fetch_rollup_rewards(multicall, deployment.rollups, block)
    pending = fetch_pending(multicall, deployment.rollups, [delegator, *splits], block)
    found: list[Claimable] = []
    for asset in dict.fromkeys(each.asset for each in rewards):
        holdings, in_warehouse_wei = _holdings(multicall, splits, delegator, asset, block)
        found += claimable_rows(
            delegator,
            asset,
            [each for each in rewards if each.asset == asset],
            pending,
            splits,
            holdings,
            in_warehouse_wei=in_warehouse_wei,
        )
    return tuple(found)


def _holdings(
    multicall: Multicall, splits: Mapping[str, RewardSplit], delegator: str, asset: str, block: BlockStamp
) -> tuple[dict[str, SplitHoldings], int]:
    """What each split has of a token, and what the warehouse holds for the address itself."""
    if not splits:
        return {}, 0  # the warehouse is known from splits alone
    (warehouse,) = set(
        multicall.read([Read(each, PULL_SPLIT.function("SPLITS_WAREHOUSE")) for each in splits], block)
    )
    balance = SPLITS_WAREHOUSE.function("balanceOf")
    *answers, own = multicall.read(
        [
            *(Read(each, PULL_SPLIT.function("getSplitBalance"), (asset,)) for each in splits),
            Read(warehouse, balance, (delegator, int(asset, 16))),
        ],
        block,
    )
    holdings = {
        split: SplitHoldings(in_split_wei=in_split, in_warehouse_wei=in_warehouse)
        for split, (in_split, in_warehouse) in zip(splits, answers, strict=True)
    }
    return holdings, own
