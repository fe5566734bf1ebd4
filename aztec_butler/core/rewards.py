"""Rewards that wait for a claim: what a rollup owes a coinbase, and whose it is once it has gone through the split. Pure.

A rollup credits a checkpoint's reward to the coinbase in its header. The coinbase of a delegation is a split, which shares
whatever it gets between the provider and the staker for ever at the rate of the day of the stake. Any other coinbase
keeps what it gets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.history import StakingHistory
from aztec_butler.core.records import ProviderConfiguration, SplitParameters, unit


@attrs.frozen(kw_only=True)
class Parts:
    """An amount, by whose it is; the parts add up to it exactly."""

    provider_wei: int = unit("wei", default=0)
    staker_wei: int = unit("wei", default=0)
    direct_wei: int = unit("wei", default=0)
    """Of a coinbase that is no split."""

    def __sub__(self, other: Parts) -> Parts:
        return Parts(
            provider_wei=self.provider_wei - other.provider_wei,
            staker_wei=self.staker_wei - other.staker_wei,
            direct_wei=self.direct_wei - other.direct_wei,
        )

    def __add__(self, other: Parts) -> Parts:
        return Parts(
            provider_wei=self.provider_wei + other.provider_wei,
            staker_wei=self.staker_wei + other.staker_wei,
            direct_wei=self.direct_wei + other.direct_wei,
        )

    @property
    def total_wei(self) -> int:
        """All of it."""
        return self.provider_wei + self.staker_wei + self.direct_wei


@attrs.frozen(kw_only=True)
class RewardSplit:
    """The split of a delegation: whose rewards it gets, and how it shares them for ever.

    Args:
        provider_id: of the provider.
        parameters: as the split's creation recorded them.
    """

    provider_id: int
    parameters: SplitParameters

    @property
    def take_rate_bps(self) -> int:
        """The provider's part, in basis points."""
        return self.parameters.allocations[0] * 10_000 // self.parameters.total_allocation

    def parts(self, amount_wei: int) -> Parts:
        """An amount shared: the provider's part rounded down as the split rounds, the rest the stakers'.

        Source: 0xSplits v2 SplitV2.sol ``getDistributions``; the StakingRegistry puts the provider's recipient first.
        """
        provider_wei = amount_wei * self.parameters.allocations[0] // self.parameters.total_allocation
        return Parts(provider_wei=provider_wei, staker_wei=amount_wei - provider_wei)


def parts_of(amount_wei: int, split: RewardSplit | None) -> Parts:
    """An amount by whose it is; all of it the coinbase's own where there is no split.

    >>> parts_of(7, None).direct_wei
    7
    """
    return Parts(direct_wei=amount_wei) if split is None else split.parts(amount_wei)


@attrs.frozen(kw_only=True)
class CoinbaseRewards:
    """What one rollup owes one coinbase."""

    coinbase: str
    rollup_version: int
    pending_wei: int = unit("wei")
    is_claimable: bool
    """Whether the rollup lets anybody claim now."""
    claimable_from_at: int | None = unit("s")
    """The earliest time at which its owner may allow it; None where there is no such time."""
    provider_id: int | None
    """Whose delegation the coinbase is the split of; None when it is none."""
    take_rate_bps: int | None = unit("bps")
    """The provider's part in the split; None as above."""
    provider_wei: int = unit("wei")
    """Of the pending amount, as the split would share it."""
    staker_wei: int = unit("wei")
    direct_wei: int = unit("wei")
    """Of a coinbase that is no split: all of it."""
    rollup: str


@attrs.frozen(kw_only=True)
class RollupRewards:
    """What a rollup says of rewards as such.

    Args:
        version: of the rollup.
        address: of the rollup.
        asset: the token in which it pays.
        is_claimable: whether it lets anybody claim now.
        claimable_from_at: the earliest time at which its owner may allow it; None where there is no such time.
    """

    version: int
    address: str
    asset: str
    is_claimable: bool
    claimable_from_at: int | None


def pending_rows(
    rollups: Iterable[RollupRewards],
    coinbases: Iterable[str],
    pending_wei: Mapping[tuple[str, int], int],
    splits: Mapping[str, RewardSplit],
    *,
    with_nothing: bool,
) -> tuple[CoinbaseRewards, ...]:
    """A row for each coinbase and rollup.

    Args:
        rollups: every version.
        coinbases: in the order wanted.
        pending_wei: by coinbase and version.
        splits: of those coinbases that are the split of a delegation.
        with_nothing: whether those with nothing pending have a row.
    """
    versions = list(rollups)
    rows = []
    for coinbase in coinbases:
        split = splits.get(coinbase)
        for rollup in versions:
            amount = pending_wei[coinbase, rollup.version]
            if not amount and not with_nothing:
                continue
            parts = parts_of(amount, split)
            rows.append(
                CoinbaseRewards(
                    coinbase=coinbase,
                    rollup_version=rollup.version,
                    pending_wei=amount,
                    is_claimable=rollup.is_claimable,
                    claimable_from_at=rollup.claimable_from_at,
                    provider_id=None if split is None else split.provider_id,
                    take_rate_bps=None if split is None else split.take_rate_bps,
                    provider_wei=parts.provider_wei,
                    staker_wei=parts.staker_wei,
                    direct_wei=parts.direct_wei,
                    rollup=rollup.address,
                )
            )
    return tuple(rows)


def parse_coinbases(coinbases: str | Iterable[str]) -> tuple[str, ...]:
    """Coinbases as people name them, each once.

    Raises:
        InputError: none, or what is no address.
    """
    given = [coinbases] if isinstance(coinbases, str) else list(coinbases)
    if not given:
        raise InputError("no coinbase is named", hint="leave them away for every one that staking tells of")
    try:
        return tuple(dict.fromkeys(parse_address(coinbase) for coinbase in given))
    except InputError as error:
        error.hint = (
            error.hint or "coinbases are addresses; a step, a source or a provider is given by its name"
        )
        raise


def likely_coinbases(
    history: StakingHistory, providers: Iterable[ProviderConfiguration] = ()
) -> tuple[str, ...]:
    """Every address that staking tells of and that a node may name for rewards.

    They are the splits of delegations, attesters (one without a coinbase in its keystore is its own), withdrawers, and what
    providers say of themselves. A node may name any other address, too: only its checkpoints tell.

    Args:
        history: up to the block.
        providers: as the StakingRegistry has them.
    """
    found: dict[str, None] = {}
    for stake in history.stakes:
        if stake.delegated is not None:
            found[stake.delegated.split] = None
    for stake in history.stakes:
        found[stake.attester] = found[stake.withdrawer] = None
    for provider in providers:
        found[provider.rewards_recipient] = found[provider.admin] = None
    found.pop(ZERO_ADDRESS, None)
    return tuple(found)
