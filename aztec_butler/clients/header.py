"""What every question about a network begins with: its contracts, and the state of every rollup at one block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from aztec_butler.clients.multicall import Multicall, Progress, Read
from aztec_butler.core.contracts import GSE, REGISTRY, ROLLUP, STAKING_REGISTRY
from aztec_butler.core.errors import NotFoundError
from aztec_butler.core.queue_config import queue_config_slot
from aztec_butler.core.records import BlockStamp, Deployment, Rollup, RollupState

Discover = Callable[[BlockStamp, int], Deployment]
"""The deployment as of a block, with at least so many rollups."""

_SHARED: Final = 3
_ROLLUP_STATE: Final = (
    "getActiveAttesterCount",
    "getEntryQueueLength",
    "getNextFlushableEpoch",
    "getAvailableValidatorFlushes",
    "getIsBootstrapped",
    "getLocalEjectionThreshold",
    "getSlasher",
)


@attrs.frozen(kw_only=True)
class Header:
    """A network at one block."""

    deployment: Deployment
    rollups: tuple[RollupState, ...]
    """Those that exist at the block, in the order in which they became canonical."""
    provider_count: int


def fetch_header(
    multicall: Multicall, discover: Discover, block: BlockStamp, *, progress: Progress | None = None
) -> Header:
    """Find the contracts and read the rollups, again where the Registry turns out to have grown.

    Args:
        multicall: what carries the reads.
        discover: finds the deployment.
        block: the block.
        progress: told how many reads are done, and of how many.

    Raises:
        NotFoundError: no rollup holds the stake at this block.
        NodeError: the node failed.
    """
    count, header = _read(multicall, discover(block, 0), block, progress)
    if count > len(header.deployment.rollups):
        count, header = _read(multicall, discover(block, count), block, progress)
    header = attrs.evolve(header, rollups=header.rollups[:count])
    if not any(state.is_latest_in_gse for state in header.rollups):
        raise NotFoundError(
            "no rollup of the Registry holds the stake at this block",
            hint="the block lies before the first rollup, or between the two steps of an upgrade; ask at a later one",
            block=block.number,
            first_block=min(rollup.genesis_block for rollup in header.deployment.rollups),
        )
    return header


def _read(
    multicall: Multicall, deployment: Deployment, block: BlockStamp, progress: Progress | None
) -> tuple[int, Header]:
    """How many rollups the Registry has, and the header with those that are known."""
    rollups = [rollup for rollup in deployment.rollups if rollup.genesis_block <= block.number]
    reads = [
        Read(deployment.registry, REGISTRY.function("numberOfVersions")),
        Read(deployment.registry, REGISTRY.function("getCanonicalRollup")),
        Read(deployment.gse, GSE.function("getLatestRollup")),
    ]
    reads += [
        Read(rollup.address, ROLLUP.function(name, rollup.generation))
        for rollup in rollups
        for name in _ROLLUP_STATE
    ]
    if deployment.staking_registry is not None:
        reads.append(Read(deployment.staking_registry, STAKING_REGISTRY.function("nextProviderIdentifier")))
    values = multicall.read(reads, block, progress=progress)
    words = multicall.read_storage(
        [(rollup.address, queue_config_slot(rollup.generation)) for rollup in rollups], block
    )
    count, canonical, latest = values[:_SHARED]
    width = len(_ROLLUP_STATE)
    states = tuple(
        _rollup_state(
            rollup, values[_SHARED + i * width : _SHARED + (i + 1) * width], words[i], canonical, latest
        )
        for i, rollup in enumerate(rollups)
    )
    providers = 0 if deployment.staking_registry is None else values[-1] - 1
    return count, Header(deployment=deployment, rollups=states, provider_count=providers)


def _rollup_state(
    rollup: Rollup, values: Sequence[Any], word: int, canonical: str, latest: str
) -> RollupState:
    active, queued, next_epoch, allowance, is_bootstrapped, threshold_wei, slasher = values
    return RollupState(
        rollup=rollup,
        is_canonical=rollup.address == canonical,
        is_latest_in_gse=rollup.address == latest,
        active_count=active,
        queued_count=queued,
        next_flushable_epoch=next_epoch,
        allowance=allowance,
        is_bootstrapped=is_bootstrapped,
        queue_config_word=word,
        local_ejection_threshold_wei=threshold_wei,
        slasher=slasher,
    )
