"""Finding every contract of a network from its Registry, and what never changes about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rollup import fetch_generation, lag_function
from aztec_butler.core.contracts import (
    EMPIRE_SLASHING_PROPOSER,
    GSE,
    REGISTRY,
    ROLLUP,
    SLASHER,
    SLASHING_PROPOSER,
    STAKING_REGISTRY,
)
from aztec_butler.core.errors import ButlerError, DecodeError, RevertError, SettingsError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import BlockStamp, Deployment, Rollup

# A function that only proposers of this kind have. Source: TallySlashingProposer.sol, EmpireBase.sol.
_PROPOSERS = {"QUORUM": SLASHING_PROPOSER, "QUORUM_SIZE": EMPIRE_SLASHING_PROPOSER}


def fetch_deployment(
    multicall: Multicall,
    *,
    chain_id: int,
    registry: str,
    staking_registry: str | None,
    first_block: int | None,
    block: BlockStamp,
) -> Deployment:
    """Every rollup of the Registry and the contracts they share, as of one block.

    Args:
        multicall: what carries the reads.
        chain_id: the chain's id, for the record.
        registry: the Registry.
        staking_registry: the StakingRegistry, which nothing else leads to; None where there is none.
        first_block: a block before which no staking event lies; None for the first rollup's genesis.
        block: the block to ask at.

    Raises:
        SettingsError: the address is not a Registry at this block, or its rollups do not share one GSE.
        NotFoundError: a rollup of an unknown generation.
        NodeError: the node failed.
    """
    versions = _fetch_versions(multicall, registry, block)
    addresses = multicall.read(
        [_registry_read(registry, "getRollup", version) for version in versions], block
    )
    rollups = [
        _fetch_rollup(multicall, version, address, block)
        for version, address in zip(versions, addresses, strict=True)
    ]
    shared = {name: _agreed(multicall, addresses, name, block) for name in ("getGSE", "getStakingAsset")}
    gse = shared["getGSE"]
    names = ("BONUS_INSTANCE_ADDRESS", "getGovernance", "ACTIVATION_THRESHOLD", "EJECTION_THRESHOLD")
    bonus, governance, activation_wei, ejection_wei = multicall.read(
        [Read(gse, GSE.function(name)) for name in names], block
    )
    return Deployment(
        chain_id=chain_id,
        registry=registry,
        rollups=tuple(rollups),
        gse=gse,
        bonus_instance=bonus,
        governance=governance,
        staking_asset=shared["getStakingAsset"],
        activation_threshold_wei=activation_wei,
        ejection_threshold_wei=ejection_wei,
        staking_registry=staking_registry,
        pull_split_factory=_fetch_factory(multicall, staking_registry, block),
        first_block=min(rollup.genesis_block for rollup in rollups) if first_block is None else first_block,
    )


def fetch_satellites(multicall: Multicall, deployment: Deployment, block: BlockStamp) -> dict[str, set[str]]:
    """The contracts that can be replaced, as they are at a block: slasher, escape hatch, reward distributor.

    Returns:
        Addresses by role. Those that were replaced are told by events only.

    Raises:
        NodeError: the node failed.
    """
    rollups = [rollup for rollup in deployment.rollups if rollup.genesis_block <= block.number]
    reads = [("reward_distributor", Read(deployment.registry, REGISTRY.function("getRewardDistributor")))]
    reads += [("slasher", Read(each.address, ROLLUP.function("getSlasher"))) for each in rollups]
    reads += [
        ("escape_hatch", Read(each.address, ROLLUP.function("getEscapeHatch", each.generation)))
        for each in rollups
        if each.generation > 2
    ]
    found: dict[str, set[str]] = {}
    for (role, _), address in zip(reads, multicall.read([read for _, read in reads], block), strict=True):
        found.setdefault(role, set()).update({address} - {ZERO_ADDRESS})
    return found


def fetch_slashing_proposers(
    multicall: Multicall, slashers: Iterable[str], block: BlockStamp
) -> dict[str, set[str]]:
    """Whose votes drive slashers.

    Args:
        multicall: what carries the reads.
        slashers: their addresses; what is no contract, or none that has a proposer, is passed over.
        block: the block to ask at.

    Returns:
        Addresses by role: the tally model and the empire model are different contracts.

    Raises:
        NodeError: the node failed.
    """
    proposers = {
        str(address)
        for address in _answers(
            multicall, [Read(each, SLASHER.function("PROPOSER")) for each in slashers], block
        )
        if address not in (None, ZERO_ADDRESS)
    }
    reads = [(address, name) for address in sorted(proposers) for name in _PROPOSERS]
    answers = _answers(
        multicall, [Read(address, _PROPOSERS[name].function(name)) for address, name in reads], block
    )
    found: dict[str, set[str]] = {contract.role: set() for contract in _PROPOSERS.values()}
    for (address, name), answer in zip(reads, answers, strict=True):
        if answer is not None:
            found[_PROPOSERS[name].role].add(address)
    return found


def _answers(multicall: Multicall, reads: list[Read], block: BlockStamp) -> list[Any]:
    """What contracts answer that need not have the functions; None where one has not."""
    answers = multicall.try_read(reads, block) if reads else []
    for answer in answers:
        if isinstance(answer, ButlerError) and not isinstance(answer, DecodeError | RevertError):
            raise answer
    return [None if isinstance(answer, ButlerError) else answer for answer in answers]


def _registry_read(registry: str, function: str, *arguments: Any) -> Read:
    return Read(registry, REGISTRY.function(function), arguments)


def _fetch_versions(multicall: Multicall, registry: str, block: BlockStamp) -> list[int]:
    (count,) = multicall.try_read([_registry_read(registry, "numberOfVersions")], block)
    if isinstance(count, ButlerError):
        raise SettingsError(
            "the Registry does not answer as one",
            hint="check the address, the chain, and that the block is not older than the contract",
            registry=registry,
            block=block.number,
            cause=count.sentence,
        )
    if count == 0:
        raise SettingsError("the Registry has no rollup at this block", registry=registry, block=block.number)
    return multicall.read([_registry_read(registry, "getVersion", index) for index in range(count)], block)


def _fetch_rollup(multicall: Multicall, version: int, address: str, block: BlockStamp) -> Rollup:
    generation = fetch_generation(multicall, address, block=block)
    names = (
        "L1_BLOCK_AT_GENESIS",
        "getGenesisTime",
        "getSlotDuration",
        "getEpochDuration",
        lag_function(generation),
        "getExitDelay",
    )
    reads = [Read(address, ROLLUP.function(name, generation)) for name in names]
    genesis_block, genesis_at, slot_seconds, epoch_slots, lag_in_epochs, exit_delay = multicall.read(
        reads, block
    )
    return Rollup(
        version=version,
        address=address,
        generation=generation,
        genesis_block=genesis_block,
        genesis_at=genesis_at,
        slot_seconds=slot_seconds,
        epoch_slots=epoch_slots,
        lag_in_epochs=lag_in_epochs,
        exit_delay_seconds=exit_delay,
    )


def _agreed(multicall: Multicall, rollups: list[str], function: str, block: BlockStamp) -> str:
    answers = multicall.read([Read(address, ROLLUP.function(function)) for address in rollups], block)
    if len(set(answers)) != 1:
        raise SettingsError(
            "the rollups of this Registry do not share one contract, which this library relies on",
            function=function,
            answers=", ".join(answers),
        )
    return str(answers[0])


def _fetch_factory(multicall: Multicall, staking_registry: str | None, block: BlockStamp) -> str | None:
    if staking_registry is None:
        return None
    (factory,) = multicall.try_read(
        [Read(staking_registry, STAKING_REGISTRY.function("PULL_SPLIT_FACTORY"))], block
    )
    if isinstance(factory, DecodeError):
        # Before its deployment a network is whole without it; at a wrong address it would hide every provider.
        raise SettingsError(
            "the StakingRegistry does not answer as one",
            hint="check the address, or pin a block after its deployment",
            staking_registry=staking_registry,
            block=block.number,
        )
    if isinstance(factory, ButlerError):
        raise factory
    return str(factory)
