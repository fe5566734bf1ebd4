"""Rewards that wait to be claimed, on every rollup that ever was canonical, and what of them is ours."""

from __future__ import annotations

from typing import Final

from aztec_butler.exporter.metric import Metric

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
METRICS: Final = (PENDING, OWN_PENDING)
