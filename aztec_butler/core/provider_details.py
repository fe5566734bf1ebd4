"""Everything about one provider, put together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from aztec_butler.core.cards import Card
from aztec_butler.core.errors import NotFoundError
from aztec_butler.core.known_keys import KeyPlace, KnownKey
from aztec_butler.core.records import ProviderConfiguration, unit
from aztec_butler.core.rows import Provider
from aztec_butler.core.runway import USUAL_WINDOW_SECONDS, delegation_pace
from aztec_butler.core.staking_state import StakingState


@attrs.frozen(kw_only=True)
class ProviderAdmin:
    """A provider that somebody rules."""

    provider_id: int
    admin: str
    take_rate_bps: int = unit("bps")
    rewards_recipient: str
    keys_queued: int
    """Keys listed that nobody has staked on yet."""


@attrs.frozen(kw_only=True)
class NextKey:
    """A key that somebody will be given who stakes with the provider."""

    position: int
    """In the provider's queue, 0 is next."""
    attester: str
    trouble: str | None
    """Where it is known besides, so that whoever stakes on it gets a refund; None when it is good."""


@attrs.frozen(kw_only=True)
class ProviderDetails(Card):
    """One operator registered in the StakingRegistry."""

    provider_id: int
    admin: str
    pending_admin: str | None
    """Who is to be the admin, and has not accepted yet; None when nobody is."""
    take_rate_bps: int = unit("bps")
    """Of new delegations; older ones keep the rate of their time."""
    rewards_recipient: str
    registered_block: int
    registered_at: int = unit("s")
    keys_listed: int
    """Keys ever listed."""
    keys_dripped: int
    """Of them, those taken off the list again."""
    delegations: int
    """Stakes ever made with it."""
    validating: int
    """Its attesters in the validator set now."""
    entry_queued: int
    """Its attesters in the entry queue now."""
    active_stake_wei: int = unit("wei")
    stake_share: float = unit("ratio")
    """Its part of the stake of all validating attesters, 0 to 1."""
    keys_queued: int
    """Keys that are left."""
    recent_delegations: int
    """Stakes in the last four weeks, or since it registered where that is shorter."""
    runway_seconds: int | None = unit("s")
    """How long the keys last at that pace, rounded down; None when nobody staked in that time, so that it is not
    known."""
    next_keys: tuple[NextKey, ...]
    """The first ones of its queue."""


def providers_of_admin(providers: Sequence[ProviderConfiguration], admin: str) -> tuple[ProviderAdmin, ...]:
    """The providers that somebody rules, by id; none when there are none.

    Args:
        providers: all of them.
        admin: checksummed.
    """
    return tuple(
        ProviderAdmin(
            provider_id=each.provider_id,
            admin=each.admin,
            take_rate_bps=each.take_rate_bps,
            rewards_recipient=each.rewards_recipient,
            keys_queued=each.keys_queued,
        )
        for each in providers
        if each.admin == admin
    )


def next_keys(provider_id: int, attesters: Sequence[str], known: Sequence[KnownKey]) -> tuple[NextKey, ...]:
    """The first keys of a provider's queue.

    Args:
        provider_id: of the provider.
        attesters: of the keys, the next one first.
        known: where these keys are known, their own places in this queue included.
    """
    found = []
    for position, attester in enumerate(attesters):
        troubles = [
            each.finding
            for each in known
            if each.position == position
            and each.place
            is not KeyPlace.LIST  # the list is a part of the queue itself, which tells it as well
            and not (each.place is KeyPlace.PROVIDER_QUEUE and _is_behind(each, provider_id, position))
        ]
        found.append(
            NextKey(position=position, attester=attester, trouble="; ".join(dict.fromkeys(troubles)) or None)
        )
    return tuple(found)


def _is_behind(known: KnownKey, provider_id: int, position: int) -> bool:
    """Whether a place is that of the key itself, or behind it in the same queue: then the key itself is good."""
    return known.provider_id == provider_id and (known.place_position or 0) >= position


def provider_row(state: StakingState, provider_id: int) -> Provider:
    """One provider's row.

    Raises:
        NotFoundError: there is no provider with this id.
    """
    for row in state.provider_rows():
        if row.provider_id == provider_id:
            return row
    raise no_such_provider(provider_id, block=state.block.number, count=len(state.providers))


def no_such_provider(provider_id: int, *, block: int, count: int) -> NotFoundError:
    """The error of an id that no provider has."""
    return NotFoundError(
        "there is no provider with this id", provider_id=provider_id, block=block, providers=count
    )


def provider_details(
    state: StakingState,
    provider_id: int,
    *,
    pending_admin: str | None,
    registered_at: int,
    delegated_at: Sequence[int],
    keys: Sequence[NextKey],
) -> ProviderDetails:
    """Everything about one provider.

    Args:
        state: everything at one block.
        provider_id: of the provider.
        pending_admin: who is to be the admin; None when nobody is.
        registered_at: when it registered, in Unix seconds.
        delegated_at: when each stake with it was made.
        keys: the first ones of its queue.

    Raises:
        NotFoundError: there is no provider with this id.
    """
    row = provider_row(state, provider_id)
    now_at = state.block.timestamp
    begins_at = max(registered_at, now_at - USUAL_WINDOW_SECONDS)
    pace = delegation_pace(delegated_at, begins_at=begins_at, now_at=now_at)
    return ProviderDetails(
        provider_id=provider_id,
        admin=row.admin,
        pending_admin=pending_admin,
        take_rate_bps=row.take_rate_bps,
        rewards_recipient=row.rewards_recipient,
        registered_block=row.registered_block,
        registered_at=registered_at,
        keys_listed=row.keys_listed,
        keys_dripped=row.keys_dripped,
        delegations=row.delegations,
        validating=row.validating,
        entry_queued=row.entry_queued,
        active_stake_wei=row.active_stake_wei,
        stake_share=row.stake_share,
        keys_queued=row.keys_queued,
        recent_delegations=sum(at >= begins_at for at in delegated_at),
        runway_seconds=None if pace is None else pace.runway_seconds(row.keys_queued),
        next_keys=tuple(keys),
    )
