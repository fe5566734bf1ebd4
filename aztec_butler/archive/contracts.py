"""Which contracts emit events, and in which role: those that never change, and those that earlier events lead to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final

from aztec_butler.clients.discovery import fetch_satellites, fetch_slashing_proposers
from aztec_butler.clients.log_piece import Canary
from aztec_butler.core.columns import python_values
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.event_kinds import EventKind, select_events
from aztec_butler.core.hexes import ZERO_ADDRESS

if TYPE_CHECKING:
    import pyarrow as pa

    from aztec_butler.clients.multicall import Multicall
    from aztec_butler.core.records import BlockStamp, Deployment

# role -> event that names contracts of this role -> the columns in which it does
_LEADS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "slasher": {"RollupSlasherUpdated": ("old_slasher", "new_slasher")},
    "escape_hatch": {
        "RollupEscapeHatchUpdated": ("escape_hatch",),
        "RollupEscapeHatchSet": ("escape_hatch",),
    },
    "reward_distributor": {"RegistryRewardDistributorUpdated": ("reward_distributor",)},
}
_PROPOSERS: Final = ("slashing_proposer", "empire_slashing_proposer")
_FIXED: Final = ("rollup", "gse", "registry", "staking_registry", "token", "governance", "pull_split_factory")

FINDABLE: Final = (*_FIXED, *_LEADS, *_PROPOSERS)
"""The roles whose contracts a deployment leads to."""

ReadEvents = Callable[[tuple[EventKind, ...], Mapping[str, str]], Mapping[str, "pa.Table"]]
"""Every event of these kinds that these contracts emitted up to the block, as tables by record."""


def fixed_contracts(deployment: Deployment) -> dict[str, str]:
    """The contracts that never change, as role by address."""
    found = {rollup.address: "rollup" for rollup in deployment.rollups}
    found |= {
        deployment.registry: "registry",
        deployment.gse: "gse",
        deployment.governance: "governance",
        deployment.staking_asset: "token",
    }
    if deployment.staking_registry is not None:
        found[deployment.staking_registry] = "staking_registry"
    if deployment.pull_split_factory is not None:
        found[deployment.pull_split_factory] = "pull_split_factory"
    return found


def canary_of(deployment: Deployment) -> Canary:
    """A log by which a node shows that it has old ones: the first rollup's owner, named in the block that made it."""
    rollup = min(deployment.rollups, key=lambda rollup: rollup.genesis_block)
    topic = CONTRACTS["rollup"].event("OwnershipTransferred").topic0
    return Canary(address=rollup.address, topics=((topic,),), block=rollup.genesis_block)


def find_contracts(
    roles: Collection[str],
    deployment: Deployment,
    *,
    multicall: Multicall,
    block: BlockStamp,
    read_events: ReadEvents,
) -> dict[str, str]:
    """The contracts of some roles, those that were replaced meanwhile as well.

    Slashers, escape hatches and reward distributors are set by governance. Each is either the one there is now or named
    by the event that replaced it; a slasher leads on to the proposer that drives it.

    Args:
        roles: of ``FINDABLE``.
        deployment: the contracts that never change.
        multicall: reads of contracts.
        block: up to which to look.
        read_events: reads the events that name contracts.

    Returns:
        The roles by address.

    Raises:
        NodeError: the node failed.
    """
    fixed = fixed_contracts(deployment)
    found = {address: role for address, role in fixed.items() if role in roles}
    followed = [role for role in _LEADS if role in roles]
    if set(_PROPOSERS) & set(roles) and "slasher" not in followed:
        followed.append("slasher")
    if not followed:
        return found
    leads = select_events([record for role in followed for record in _LEADS[role]])
    tables = read_events(leads, fixed)
    now = fetch_satellites(multicall, deployment, block)
    satellites = {
        role: now.get(role, set()) | _named(tables, _LEADS[role]) - {ZERO_ADDRESS} for role in followed
    }
    if set(_PROPOSERS) & set(roles):
        satellites |= fetch_slashing_proposers(multicall, sorted(satellites["slasher"]), block)
    return found | {
        address: role
        for role, addresses in satellites.items()
        if role in roles
        for address in sorted(addresses)
    }


def _named(tables: Mapping[str, pa.Table], columns: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The addresses that events name."""
    return {
        address
        for record, names in columns.items()
        for name in names
        for address in python_values(tables[record].column(name), tables[record].schema.field(name))
    }
