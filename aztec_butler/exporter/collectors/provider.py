"""Our providers: keys that are left and for how long, delegations, stake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aztec_butler.core.errors import NotFoundError
from aztec_butler.core.rows import Provider
from aztec_butler.core.runway import USUAL_WINDOW_SECONDS, DelegationPace
from aztec_butler.core.staking_state import StakingState
from aztec_butler.exporter.amounts import ratio_of_bps, whole_tokens
from aztec_butler.exporter.block_times import BlockTimes
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.ours import Who
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric, MetricKind

WINDOW_SECONDS: Final = USUAL_WINDOW_SECONDS
"""The pace of delegations is that of so long a time."""
_LOOKED_UP_AT_ONCE: Final = 100

KEYS_QUEUED: Final = Metric(
    name="provider_keys_queued",
    help="Keys that one of our providers lists and nobody has staked on yet.",
    labels=("provider_id",),
    old_names=("aztec_butler_staking_provider_queue_length",),
)
RUNWAY: Final = Metric(
    name="provider_runway_seconds",
    help="How long these keys last at the pace of the last 28 days, or of the time since the provider registered;"
    " 0 when no key is left, absent when keys are left and nobody delegated in that time.",
    labels=("provider_id",),
)
TAKE_RATE: Final = Metric(
    name="provider_take_rate_ratio",
    help="What the provider takes of rewards of new delegations, 0 to 1; older ones keep the rate of their time.",
    labels=("provider_id",),
)
DELEGATIONS: Final = Metric(
    name="provider_delegations_total",
    help="Stakes ever made with the provider.",
    kind=MetricKind.COUNTER,
    labels=("provider_id",),
)
VALIDATING: Final = Metric(
    name="provider_validating",
    help="The provider's attesters in the validator set.",
    labels=("provider_id",),
)
ENTRY_QUEUED: Final = Metric(
    name="provider_entry_queued",
    help="The provider's attesters in the entry queue.",
    labels=("provider_id",),
    old_names=("aztec_butler_entry_queue_provider_count",),
)
ACTIVE_STAKE: Final = Metric(
    name="provider_active_stake_aztec",
    help="Stake of the provider's validating attesters, in whole AZTEC.",
    labels=("provider_id",),
)
STAKE_SHARE: Final = Metric(
    name="provider_stake_share_ratio",
    help="The provider's part of the stake of all validating attesters, 0 to 1.",
    labels=("provider_id",),
)
METRICS: Final = (
    KEYS_QUEUED,
    RUNWAY,
    TAKE_RATE,
    DELEGATIONS,
    VALIDATING,
    ENTRY_QUEUED,
    ACTIVE_STAKE,
    STAKE_SHARE,
)


def samples(state: StakingState, provider_ids: Sequence[int], paces: Mapping[int, DelegationPace]) -> Samples:
    """The metrics of one block.

    Args:
        state: everything about stake.
        provider_ids: our providers.
        paces: how fast the keys of each are taken, by id.

    Raises:
        NotFoundError: there is no provider with one of these ids.
    """
    known = {row.provider_id: row for row in state.provider_rows()} if provider_ids else {}
    rows = [_row(known, provider_id, state) for provider_id in provider_ids]
    found: dict[Metric, dict[tuple[str, ...], float]] = {metric: {} for metric in METRICS}
    for row in rows:
        key = (str(row.provider_id),)
        runway = paces[row.provider_id].runway_seconds(row.keys_queued)
        if runway is not None:
            found[RUNWAY][key] = runway
        found[KEYS_QUEUED][key] = row.keys_queued
        found[TAKE_RATE][key] = ratio_of_bps(row.take_rate_bps)
        found[DELEGATIONS][key] = row.delegations
        found[VALIDATING][key] = row.validating
        found[ENTRY_QUEUED][key] = row.entry_queued
        found[ACTIVE_STAKE][key] = whole_tokens(row.active_stake_wei)
        found[STAKE_SHARE][key] = row.stake_share
    return found


def _row(known: Mapping[int, Provider], provider_id: int, state: StakingState) -> Provider:
    if provider_id not in known:
        raise NotFoundError(
            "there is no provider with this id", provider_id=provider_id, block=state.block.number
        )
    return known[provider_id]


def delegation_paces(
    state: StakingState, provider_ids: Sequence[int], times: BlockTimes
) -> dict[int, DelegationPace]:
    """How fast the keys of providers are taken, in the last 28 days or since they registered.

    Args:
        state: everything about stake.
        provider_ids: of the providers; those that do not exist are left out.
        times: of blocks.

    Raises:
        NodeError: the node failed.
    """
    history = state.whereabouts.history
    now_at = state.block.timestamp
    paces = {}
    for provider_id in provider_ids:
        if provider_id not in history.registrations:
            continue
        (registered_at,) = times.of([history.registrations[provider_id]])
        begins_at = max(registered_at, now_at - WINDOW_SECONDS)
        made = [each.log for each in history.delegations if each.provider_id == provider_id]
        count = 0
        # The newest first, so that years of delegations are not asked for.
        for end in range(len(made), 0, -_LOOKED_UP_AT_ONCE):
            part = times.of(made[max(0, end - _LOOKED_UP_AT_ONCE) : end])
            count += sum(at >= begins_at for at in part)
            if part[0] < begins_at:
                break
        paces[provider_id] = DelegationPace(seconds=max(1, now_at - begins_at), delegations=count)
    return paces


def collector(reading: L1Reading, who: Who, pace: Pace = USUAL_PACE) -> Collector:
    """The collector.

    Args:
        reading: of the network.
        who: we are.
        pace: how often.
    """

    def collect() -> Samples:
        state = reading.look().snapshot.state
        provider_ids = who().provider_ids
        return samples(state, provider_ids, delegation_paces(state, provider_ids, reading.times))

    return l1_collector("provider", METRICS, reading, collect, pace)
