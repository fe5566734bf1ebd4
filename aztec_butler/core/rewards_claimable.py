"""What somebody may claim now, and what of it arrives: through rollups, splits and the warehouse, to the wei. Pure.

The way of a delegation's rewards: the rollup owes the split, whose address is the coinbase; a claim pays the split; its
``distribute`` shares what it holds in the warehouse of 0xSplits; a ``withdraw`` pays out. Each step is anybody's to take. The
split leaves one wei of what it holds, one of what the warehouse holds for it, and what rounding leaves; the warehouse leaves
one wei of everybody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import attrs

from aztec_butler.core.records import unit
from aztec_butler.core.rewards import RewardSplit, RollupRewards

_INCENTIVE_SCALE = 1_000_000


class ClaimableFrom(StrEnum):
    """Where money lies that somebody may have."""

    ROLLUP = "rollup"
    """Rollups owe it to the address itself: a claim pays it out."""
    SPLIT = "split"
    """It goes through the split of a delegation: claim, distribute, withdraw."""
    WAREHOUSE = "warehouse"
    """Splits have shared it already: withdraw."""


@attrs.frozen(kw_only=True)
class Claimable:
    """What one place holds for somebody."""

    delegator: str
    claimable_from: ClaimableFrom
    claimable_wei: int = unit("wei")
    """What the address will have more when everything that is needed was done; the rows add up exactly."""
    held_back_wei: int = unit("wei")
    """Its part of what rollups owe and do not let anybody claim yet."""
    owed_wei: int = unit("wei")
    """What rollups owe the coinbase and pay when asked; all of it, not the part alone."""
    in_split_wei: int = unit("wei")
    """Tokens that the split has; all of it."""
    in_warehouse_wei: int = unit("wei")
    """What the warehouse holds for the split, or for the address itself."""
    provider_id: int | None
    """Whose delegation it is; None where there is none."""
    share_bps: int | None = unit("bps")
    """The address's part in the split; None as above."""
    coinbase: str | None
    """The split, or the address itself; None for the warehouse."""
    asset: str
    """The token."""


@attrs.frozen(kw_only=True)
class SplitHoldings:
    """What a split has of one token.

    Args:
        in_split_wei: tokens of its own.
        in_warehouse_wei: what the warehouse holds for it.
    """

    in_split_wei: int
    in_warehouse_wei: int


def distributed_wei(holdings: SplitHoldings, claimed_wei: int = 0) -> int:
    """What a split shares when it is asked to, after a claim of so much.

    >>> distributed_wei(SplitHoldings(in_split_wei=0, in_warehouse_wei=0), 350)
    349

    Source: 0xSplits v2 PullSplit.sol ``_distribute``: one wei stays in either place, unless it is empty.
    """
    in_split, in_warehouse = holdings.in_split_wei + claimed_wei, holdings.in_warehouse_wei
    return max(in_split - 1, 0) + max(in_warehouse - 1, 0)


def received_wei(split: RewardSplit, recipient: str, amount_wei: int) -> int:
    """What a recipient gets of an amount that a split shares, in every place in which it stands.

    Source: 0xSplits v2 SplitV2.sol ``getDistributions``: each part is rounded down, the distributor's before the others.
    """
    terms = split.parameters
    shared = amount_wei - amount_wei * terms.distribution_incentive // _INCENTIVE_SCALE
    return sum(
        allocation * shared // terms.total_allocation
        for address, allocation in zip(terms.recipients, terms.allocations, strict=True)
        if address == recipient
    )


def claimable_rows(
    delegator: str,
    asset: str,
    rollups: Iterable[RollupRewards],
    pending_wei: Mapping[tuple[str, int], int],
    splits: Mapping[str, RewardSplit],
    holdings: Mapping[str, SplitHoldings],
    *,
    in_warehouse_wei: int,
) -> tuple[Claimable, ...]:
    """A row for every place that holds something of one token for an address.

    The wei that the warehouse keeps is taken off the first row that goes through it and has one: the warehouse's own, else
    that of a split.

    Args:
        delegator: the address.
        asset: the token.
        rollups: those that pay in it.
        pending_wei: by coinbase and version: of the address itself and of every split.
        splits: those in which it is a recipient, by address.
        holdings: of those splits.
        in_warehouse_wei: what the warehouse holds for the address.

    Source: 0xSplits v2 SplitsWarehouse.sol ``withdraw(address,address)``: all but one wei.
    """
    versions = list(rollups)

    def owed(coinbase: str, *, is_claimable: bool) -> int:
        return sum(
            pending_wei[coinbase, each.version] for each in versions if each.is_claimable is is_claimable
        )

    def row(kind: ClaimableFrom, **values: object) -> Claimable:
        usual = {"in_split_wei": 0, "provider_id": None, "share_bps": None, "asset": asset}
        return Claimable(delegator=delegator, claimable_from=kind, **usual | values)  # type: ignore[arg-type]

    through = [
        row(
            ClaimableFrom.WAREHOUSE,
            claimable_wei=in_warehouse_wei,
            held_back_wei=0,
            owed_wei=0,
            in_warehouse_wei=in_warehouse_wei,
            coinbase=None,
        )
    ]
    for address, split in splits.items():
        now, later, held = (
            owed(address, is_claimable=True),
            owed(address, is_claimable=False),
            holdings[address],
        )
        shared_now = received_wei(split, delegator, distributed_wei(held, now))
        shared_all = received_wei(split, delegator, distributed_wei(held, now + later))
        through.append(
            row(
                ClaimableFrom.SPLIT,
                claimable_wei=shared_now,
                held_back_wei=shared_all - shared_now,
                owed_wei=now,
                in_split_wei=held.in_split_wei,
                in_warehouse_wei=held.in_warehouse_wei,
                provider_id=split.provider_id,
                share_bps=_share_bps(split, delegator),
                coinbase=address,
            )
        )
    direct = row(
        ClaimableFrom.ROLLUP,
        claimable_wei=owed(delegator, is_claimable=True),
        held_back_wei=owed(delegator, is_claimable=False),
        owed_wei=owed(delegator, is_claimable=True),
        in_warehouse_wei=0,
        coinbase=delegator,
    )
    rows = [direct, *_less_dust(through)]
    return tuple(
        each
        for each in rows
        if each.claimable_from is ClaimableFrom.SPLIT or each.claimable_wei or each.held_back_wei
    )


def _less_dust(rows: Sequence[Claimable]) -> list[Claimable]:
    found, is_taken = [], False
    for each in rows:
        if each.claimable_wei and not is_taken:
            each, is_taken = attrs.evolve(each, claimable_wei=each.claimable_wei - 1), True
        found.append(each)
    return found


def _share_bps(split: RewardSplit, recipient: str) -> int:
    terms = split.parameters
    part = sum(
        allocation
        for address, allocation in zip(terms.recipients, terms.allocations, strict=True)
        if address == recipient
    )
    return part * 10_000 // terms.total_allocation
