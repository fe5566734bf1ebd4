"""The typed clients of one network's contracts, at the addresses where they live."""

from __future__ import annotations

import attrs

from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rollup import RollupClient
from aztec_butler.clients.staking_contracts import (
    GovernanceClient,
    GseClient,
    PullSplitClient,
    PullSplitFactoryClient,
    RegistryClient,
    SlasherClient,
    SlashingProposerClient,
    SplitsWarehouseClient,
    StakingRegistryClient,
    TokenClient,
)
from aztec_butler.core.errors import NotFoundError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.records import BlockStamp, Deployment, Rollup


@attrs.frozen
class ContractClients:
    """Typed reads of every contract, e.g. ``net.clients.gse.get_total_supply(block=net.block)``.

    Every ``get_x`` is one read at the block it is given, and returns Python values and records; for all of web3 take
    ``net.contracts``.

    Args:
        multicall: what carries the reads.
        deployment: where the contracts live.
    """

    multicall: Multicall
    deployment: Deployment

    @property
    def rollup(self) -> RollupClient:
        """The rollup that became canonical last."""
        return self._rollup(self.deployment.rollups[-1])

    @property
    def rollups(self) -> tuple[RollupClient, ...]:
        """Every rollup, in the order in which they became canonical."""
        return tuple(self._rollup(rollup) for rollup in self.deployment.rollups)

    def rollup_of_version(self, version: int) -> RollupClient:
        """The rollup of a version.

        Raises:
            NotFoundError: the Registry has no such version.
        """
        for rollup in self.deployment.rollups:
            if rollup.version == version:
                return self._rollup(rollup)
        known = ", ".join(str(rollup.version) for rollup in self.deployment.rollups)
        raise NotFoundError("the Registry has no rollup of this version", version=version, known=known)

    @property
    def registry(self) -> RegistryClient:
        """The Registry."""
        return RegistryClient(self.multicall, self.deployment.registry)

    @property
    def gse(self) -> GseClient:
        """The GSE."""
        return GseClient(self.multicall, self.deployment.gse)

    @property
    def governance(self) -> GovernanceClient:
        """Governance."""
        return GovernanceClient(self.multicall, self.deployment.governance)

    @property
    def staking_asset(self) -> TokenClient:
        """The token that is staked."""
        return TokenClient(self.multicall, self.deployment.staking_asset)

    def token(self, address: str) -> TokenClient:
        """Any ERC-20 token."""
        return TokenClient(self.multicall, parse_address(address))

    @property
    def staking_registry(self) -> StakingRegistryClient:
        """The StakingRegistry.

        Raises:
            NotFoundError: the network has none.
        """
        return StakingRegistryClient(
            self.multicall, _known(self.deployment.staking_registry, "staking_registry")
        )

    @property
    def pull_split_factory(self) -> PullSplitFactoryClient:
        """The factory of splits.

        Raises:
            NotFoundError: the network has none.
        """
        return PullSplitFactoryClient(
            self.multicall, _known(self.deployment.pull_split_factory, "pull_split_factory")
        )

    def split(self, address: str) -> PullSplitClient:
        """One split, by its address."""
        return PullSplitClient(self.multicall, parse_address(address))

    # -- contracts that another one names

    def fetch_splits_warehouse(self, *, block: BlockStamp) -> SplitsWarehouseClient:
        """The warehouse of everything that splits distributed.

        Raises:
            NotFoundError: the network has no factory of splits.
            NodeError: the node failed.
        """
        wallet = self.pull_split_factory.get_split_wallet_implementation(block=block)
        return SplitsWarehouseClient(self.multicall, self.split(wallet).get_splits_warehouse(block=block))

    def fetch_slasher(self, *, version: int | None = None, block: BlockStamp) -> SlasherClient:
        """The slasher of a rollup; of the canonical one unless a version is named.

        Raises:
            NotFoundError: no such version, or the rollup has no slasher.
            NodeError: the node failed.
        """
        rollup = self.rollup if version is None else self.rollup_of_version(version)
        slasher = rollup.get_slasher(block=block)
        if slasher == ZERO_ADDRESS:
            raise NotFoundError("the rollup has no slasher", rollup=rollup.address, block=block.number)
        return SlasherClient(self.multicall, slasher)

    def fetch_slashing_proposer(
        self, *, version: int | None = None, block: BlockStamp
    ) -> SlashingProposerClient:
        """The tally of slashing votes of a rollup, as ``fetch_slasher``."""
        slasher = self.fetch_slasher(version=version, block=block)
        return SlashingProposerClient(self.multicall, slasher.get_proposer(block=block))

    def _rollup(self, rollup: Rollup) -> RollupClient:
        return RollupClient(self.multicall, rollup.address, rollup.generation)


def _known(address: str | None, role: str) -> str:
    if address is None:
        raise NotFoundError("the network has no contract of this role", role=role)
    return address
