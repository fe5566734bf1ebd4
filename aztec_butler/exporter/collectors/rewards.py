"""Rewards that wait to be claimed, on every rollup that ever was canonical, and what of them is ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.history import Delegated
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import SplitParameters
from aztec_butler.core.staking_state import StakingState
from aztec_butler.exporter.amounts import whole_tokens
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.ours import SERIES_CAPPED, Ours, Who
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

PENDING: Final = Metric(
    name="coinbase_pending_rewards_aztec",
    help="Rewards of sequencers that wait for a claim by one of our coinbases, in whole AZTEC.",
    labels=("coinbase", "rollup_version"),
    old_names=("aztec_butler_staking_rewards_pending_units",),
)
OWN_PENDING: Final = Metric(
    name="own_pending_rewards_aztec",
    help="Our share of the rewards that wait on all rollups for all our coinbases, after the splits of delegations, in"
    " whole AZTEC.",
    old_names=("aztec_butler_staking_rewards_our_share_units",),
)
METRICS: Final = (PENDING, OWN_PENDING, SERIES_CAPPED)


@attrs.frozen(kw_only=True)
class OwnCoinbase:
    """An address to which rewards of our attesters go or should go.

    Args:
        address: of the coinbase.
        delegated: the delegation whose split it is; None when all that it gets is ours.
    """

    address: str
    delegated: Delegated | None


def own_coinbases(state: StakingState, ours: Ours) -> tuple[OwnCoinbase, ...]:
    """Every coinbase of ours: splits of delegations, and what the keystores say; those on duty first.

    An attester whose keystore names none is its own coinbase.

    Args:
        state: everything about stake.
        ours: who we are.
    """
    own = ours.find(state)
    found: dict[str, OwnCoinbase] = {}
    for attester in dict.fromkeys((*own.shown, *own.lifecycles)):
        if own.lifecycles[attester] in (Lifecycle.PROVIDER_QUEUED, Lifecycle.NEVER_REGISTERED):
            continue  # nobody has staked on it, so it has earned nothing
        stake = state.whereabouts.stakes[attester]
        if stake.delegated is not None:
            split = stake.delegated.split
            found[split] = OwnCoinbase(address=split, delegated=stake.delegated)
        if attester in ours.coinbases:
            address = ours.coinbases[attester] or attester
            found.setdefault(address, OwnCoinbase(address=address, delegated=None))
    return tuple(found.values())


def samples(
    coinbases: Sequence[OwnCoinbase],
    pending_wei: Mapping[tuple[str, int], int],
    splits: Mapping[str, SplitParameters],
    *,
    cap: int,
) -> Samples:
    """The metrics of one block.

    Args:
        coinbases: ours.
        pending_wei: what waits for each on each version of the rollup.
        splits: how the splits among them divide, by address.
        cap: so many of them have series of their own.
    """
    shown = {each.address for each in coinbases[:cap]}
    share_wei = 0
    for (address, _), amount_wei in pending_wei.items():
        terms = splits.get(address)
        share_wei += amount_wei if terms is None else provider_share_wei(amount_wei, terms)
    return {
        PENDING: {
            (address, str(version)): whole_tokens(amount_wei)
            for (address, version), amount_wei in pending_wei.items()
            if address in shown
        },
        OWN_PENDING: {(): whole_tokens(share_wei)},
        SERIES_CAPPED: {("coinbase",): len(coinbases) - len(shown)},
    }


def provider_share_wei(amount_wei: int, terms: SplitParameters) -> int:
    """What a split gives its provider of an amount, rounded down as the split rounds.

    Source: 0xSplits v2 ``PullSplit.distribute``; the StakingRegistry puts the provider's recipient first.
    """
    return amount_wei * terms.allocations[0] // terms.total_allocation


def collector(reading: L1Reading, who: Who, pace: Pace = USUAL_PACE) -> Collector:
    """The collector.

    Args:
        reading: of the network.
        who: we are.
        pace: how often.
    """

    def collect() -> Samples:
        ours = who()
        look = reading.look(lambda snapshot: _reads(snapshot, own_coinbases(snapshot.state, ours)))
        coinbases = own_coinbases(look.snapshot.state, ours)
        keys = [(each.address, state.rollup.version) for state in look.snapshot.rollups for each in coinbases]
        delegations = [each.delegated for each in coinbases if each.delegated is not None]
        return samples(
            coinbases,
            dict(zip(keys, look.values, strict=True)),
            reading.splits.of(look.snapshot, delegations),
            cap=ours.cap,
        )

    return l1_collector("rewards", METRICS, reading, collect, pace)


def _reads(snapshot: Snapshot, coinbases: Sequence[OwnCoinbase]) -> list[Read]:
    function = ROLLUP.function("getSequencerRewards")
    return [
        Read(state.rollup.address, function, (each.address,))
        for state in snapshot.rollups
        for each in coinbases
    ]
