"""One provider at one block: what is read besides the snapshot's own parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aztec_butler.clients.known_keys import fetch_known_keys
from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.contracts import STAKING_REGISTRY
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.known_keys import CandidateKey
from aztec_butler.core.provider_details import (
    NextKey,
    ProviderAdmin,
    ProviderDetails,
    next_keys,
    no_such_provider,
    provider_details,
    providers_of_admin,
)
from aztec_butler.core.records import ProviderConfiguration
from aztec_butler.core.runway import WINDOWS_SECONDS, QueueRunway, queue_runways
from aztec_butler.core.views import decode_provider_key

SHOWN_KEYS: Final = 5


def fetch_provider_ids(multicall: Multicall, snapshot: Snapshot, admin: str) -> tuple[ProviderAdmin, ...]:
    """The providers that somebody rules, by id. No event is needed.

    Args:
        multicall: reads through the same door as the snapshot's.
        snapshot: of the block.
        admin: an address, any case.

    Raises:
        InputError: no address; nothing was asked.
        NotFoundError: there is none; says so where somebody is only to become the admin of one.
        NodeError: the node failed.
    """
    who = parse_address(admin)
    providers = snapshot.provider_configurations
    found = providers_of_admin(providers, who)
    if found:
        return found
    registry = str(snapshot.deployment.staking_registry)
    pending = multicall.read(
        [
            Read(registry, STAKING_REGISTRY.function("pendingProviderAdmins"), (each.provider_id,))
            for each in providers
        ],
        snapshot.block,
    )
    offered = [str(each.provider_id) for each, other in zip(providers, pending, strict=True) if other == who]
    raise NotFoundError(
        "no provider has this admin",
        hint=(
            f"it is to be the admin of provider {', '.join(offered)}, and has to accept: `calldata accept-provider-admin`"
            if offered
            else None
        ),
        admin=who,
        providers=len(providers),
        block=snapshot.block.number,
    )


def fetch_provider_details(
    multicall: Multicall, snapshot: Snapshot, provider_id: int, *, shown_keys: int = SHOWN_KEYS
) -> ProviderDetails:
    """Everything about one provider.

    Args:
        multicall: reads through the same door as the snapshot's.
        snapshot: of the block.
        provider_id: of the provider.
        shown_keys: how many of its next keys to look at.

    Raises:
        InputError: ids begin at 1.
        NotFoundError: there is no provider with this id.
        NodeError: the node failed.
    """
    provider = _provider(snapshot, provider_id)
    (pending,) = multicall.read(
        [
            Read(
                str(snapshot.deployment.staking_registry),
                STAKING_REGISTRY.function("pendingProviderAdmins"),
                (provider_id,),
            )
        ],
        snapshot.block,
    )
    registered_at, delegated_at = _times(snapshot, provider_id)
    return provider_details(
        snapshot.state,
        provider_id,
        pending_admin=None if pending == ZERO_ADDRESS else pending,
        registered_at=registered_at,
        delegated_at=delegated_at,
        keys=_next_keys(multicall, snapshot, provider, shown_keys),
    )


def fetch_queue_runway(
    snapshot: Snapshot, provider_id: int, *, windows_seconds: Sequence[int] = WINDOWS_SECONDS
) -> tuple[QueueRunway, ...]:
    """How long a provider's keys last, by the pace of several windows of time.

    Args:
        snapshot: of the block.
        provider_id: of the provider.
        windows_seconds: how far to look back, each; all the time since the provider registered comes last.

    Raises:
        InputError: ids begin at 1, or a window of no time.
        NotFoundError: there is no provider with this id.
        NodeError: the node failed.
    """
    provider = _provider(snapshot, provider_id)
    registered_at, delegated_at = _times(snapshot, provider_id)
    return queue_runways(
        provider_id,
        provider.keys_queued,
        registered_at=registered_at,
        delegated_at=delegated_at,
        now_at=snapshot.block.timestamp,
        windows_seconds=windows_seconds,
    )


def _provider(snapshot: Snapshot, provider_id: int) -> ProviderConfiguration:
    if provider_id < 1:
        raise InputError("provider ids begin at 1", provider_id=provider_id)
    providers = snapshot.provider_configurations
    if provider_id > len(providers):
        raise no_such_provider(provider_id, block=snapshot.block.number, count=len(providers))
    return providers[provider_id - 1]


def _times(snapshot: Snapshot, provider_id: int) -> tuple[int, list[int]]:
    """When a provider registered, and when each stake with it was made."""
    history = snapshot.state.whereabouts.history
    registered = history.registrations[provider_id]
    delegated = [each.log for each in history.delegations if each.provider_id == provider_id]
    times = snapshot.times([registered, *delegated])
    return times[registered.block_number], [times[log.block_number] for log in delegated]


def _next_keys(
    multicall: Multicall, snapshot: Snapshot, provider: ProviderConfiguration, count: int
) -> tuple[NextKey, ...]:
    first = provider.queue_first_index
    indices = range(first, min(first + count, provider.queue_last_index))
    if not indices:
        return ()
    values = multicall.read(
        [
            Read(
                str(snapshot.deployment.staking_registry),
                STAKING_REGISTRY.function("getValueAtIndexInQueue"),
                (provider.provider_id, index),
            )
            for index in indices
        ],
        snapshot.block,
    )
    keys = [
        decode_provider_key(provider.provider_id, index, value)
        for index, value in zip(indices, values, strict=True)
    ]
    known = fetch_known_keys(
        multicall,
        snapshot.deployment,
        snapshot.block,
        [CandidateKey(attester=key.attester, public_key=key.public_key) for key in keys],
    )
    return next_keys(provider.provider_id, [key.attester for key in keys], known)
