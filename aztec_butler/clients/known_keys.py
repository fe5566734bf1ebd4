"""Where keys are known already, read from the contracts themselves at one block; no event is needed.

Everything is looked at or an error is raised: what could not be read is never taken for free.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from aztec_butler.clients.multicall import Multicall, Progress, Read
from aztec_butler.core.bls import public_key_hash
from aztec_butler.core.contracts import GSE, REGISTRY, ROLLUP, STAKING_REGISTRY
from aztec_butler.core.errors import NodeRefused, SettingsError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.known_keys import (
    CandidateKey,
    KeyHoldings,
    KnownKey,
    ListedKey,
    find_known_keys,
)
from aztec_butler.core.records import BlockStamp, Deployment, Rollup
from aztec_butler.core.views import decode_attester_view, decode_provider_key, decode_queued_deposit


def fetch_known_keys(
    multicall: Multicall,
    deployment: Deployment,
    block: BlockStamp,
    candidates: Sequence[CandidateKey],
    *,
    staking_registry: str | None = None,
    progress: Progress | None = None,
) -> tuple[KnownKey, ...]:
    """Every place where keys are known already.

    Looked at are all providers' queues, the entry queue of every rollup, every instance of the GSE with all who ever
    were in it, the BLS keys that it ever took, what every rollup says, and the list itself.

    Args:
        multicall: what carries the reads.
        deployment: the contracts, as of the block.
        block: what is read is of this block.
        candidates: the keys.
        staking_registry: a StakingRegistry to look at besides the deployment's.
        progress: told how many reads are done, and of how many.

    Raises:
        SettingsError: no StakingRegistry is known, so that the providers' queues cannot be looked at.
        RevertError: a contract did not answer.
        NodeError: the node failed; nothing is known then.
    """
    registries = tuple(dict.fromkeys(filter(None, (deployment.staking_registry, staking_registry))))
    if not registries:
        raise SettingsError(
            "keys cannot be looked for in the queues of providers: the StakingRegistry is not known",
            hint='connect(..., staking_registry="0x..."), or --staking-registry ADDRESS',
        )
    reading = _Reading(multicall, block, progress)
    rollups, provider_counts = _extent(reading, deployment, registries)
    bounds = _queue_bounds(reading, provider_counts)
    return find_known_keys(
        candidates, _holdings(reading, deployment, tuple(rollups), rollups, bounds, candidates)
    )


@attrs.frozen
class _Reading:
    """Reads at one block."""

    multicall: Multicall
    block: BlockStamp
    progress: Progress | None

    def read(self, reads: Sequence[Read]) -> list[Any]:
        """The value of every read, or an error."""
        return self.multicall.read(reads, self.block, progress=self.progress) if reads else []


@attrs.frozen(kw_only=True)
class _Bounds:
    """One provider's queue."""

    staking_registry: str
    provider_id: int
    first_index: int
    last_index: int


def _extent(
    reading: _Reading, deployment: Deployment, registries: Sequence[str]
) -> tuple[dict[Rollup, int], dict[str, int]]:
    """How many deposits wait on each rollup, and how many providers each StakingRegistry has."""
    rollups = [each for each in deployment.rollups if each.genesis_block <= reading.block.number]
    versions, *counts = reading.read(
        [
            Read(deployment.registry, REGISTRY.function("numberOfVersions")),
            *(Read(rollup.address, ROLLUP.function("getEntryQueueLength")) for rollup in rollups),
            *(Read(each, STAKING_REGISTRY.function("nextProviderIdentifier")) for each in registries),
        ]
    )
    if versions > len(rollups):
        raise NodeRefused(
            "the Registry has rollups that nobody has looked at",
            hint="connect again: there was an upgrade",
            retryable=True,
            rollups=versions,
            known=len(rollups),
        )
    lengths, nexts = counts[: len(rollups)], counts[len(rollups) :]
    return (
        dict(zip(rollups, lengths, strict=True)),
        {each: following - 1 for each, following in zip(registries, nexts, strict=True)},
    )


def _queue_bounds(reading: _Reading, provider_counts: dict[str, int]) -> list[_Bounds]:
    providers = [
        (registry, provider_id)
        for registry, count in provider_counts.items()
        for provider_id in range(1, count + 1)
    ]
    values = reading.read(
        [
            Read(registry, STAKING_REGISTRY.function("providerQueues"), (provider_id,))
            for registry, provider_id in providers
        ]
    )
    return [
        _Bounds(staking_registry=registry, provider_id=provider_id, first_index=first, last_index=last)
        for (registry, provider_id), (first, last) in zip(providers, values, strict=True)
    ]


def _holdings(
    reading: _Reading,
    deployment: Deployment,
    rollups: Sequence[Rollup],
    lengths: dict[Rollup, int],
    bounds: Sequence[_Bounds],
    candidates: Sequence[CandidateKey],
) -> KeyHoldings:
    """All queues, and everything about the candidates, in one go."""
    attesters = list(dict.fromkeys(each.attester for each in candidates if each.attester is not None))
    keys = list(dict.fromkeys(each.public_key for each in candidates if each.public_key is not None))
    instances: dict[int | None, str] = {None: deployment.bonus_instance} | {
        rollup.version: rollup.address for rollup in rollups
    }
    places = [(each, index) for each in bounds for index in range(each.first_index, each.last_index)]
    waiting = [(rollup, position) for rollup in rollups for position in range(lengths[rollup])]
    inside = [(version, attester) for version in instances for attester in attesters]
    seen = [(rollup, attester) for rollup in rollups for attester in attesters]
    values = iter(
        reading.read(
            [
                *(
                    Read(
                        each.staking_registry,
                        STAKING_REGISTRY.function("getValueAtIndexInQueue"),
                        (each.provider_id, index),
                    )
                    for each, index in places
                ),
                *(
                    Read(rollup.address, ROLLUP.function("getEntryQueueAt"), (position,))
                    for rollup, position in waiting
                ),
                *(
                    Read(deployment.gse, GSE.function("isRegistered"), (instances[version], attester))
                    for version, attester in inside
                ),
                *(Read(deployment.gse, GSE.function("getConfig"), (attester,)) for attester in attesters),
                *(Read(deployment.gse, GSE.function("ownedPKs"), (public_key_hash(key),)) for key in keys),
                *(
                    Read(rollup.address, ROLLUP.function("getAttesterView"), (attester,))
                    for rollup, attester in seen
                ),
            ]
        )
    )
    listed = [
        ListedKey(
            staking_registry=each.staking_registry,
            key=decode_provider_key(each.provider_id, index, next(values)),
            position=index - each.first_index,
        )
        for each, index in places
    ]
    queued = {rollup.version: [] for rollup in rollups}  # type: dict[int, list[Any]]
    for rollup, position in waiting:
        deposit = decode_queued_deposit(position, next(values))
        if deposit.attester == ZERO_ADDRESS:
            raise NodeRefused(
                "the node tells of a place in the entry queue that holds nobody",
                hint="use another endpoint",
                rollup=rollup.address,
                position=position,
            )
        queued[rollup.version].append(deposit)
    registered_in: dict[int | None, set[str]] = {version: set() for version in instances}
    for version, attester in inside:
        if next(values):
            registered_in[version].add(attester)
    configurations = {attester: next(values) for attester in attesters}
    owned = {key for key in keys if next(values)}
    views: dict[int, dict[str, Any]] = {rollup.version: {} for rollup in rollups}
    for rollup, attester in seen:
        views[rollup.version][attester] = decode_attester_view(next(values))
    return KeyHoldings(
        listed=listed,
        queued=queued,
        instances=registered_in,
        registered={
            attester: tuple(public_key)
            for attester, (public_key, withdrawer) in configurations.items()
            if any(public_key) or withdrawer != ZERO_ADDRESS
        },
        owned=owned,
        views=views,
    )
