"""Ready web3 contract objects of a network, for whoever wants all of web3."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import NotFoundError
from aztec_butler.core.records import Deployment, Rollup

if TYPE_CHECKING:
    from web3 import Web3


class Web3Contracts:
    """Contract objects by role, e.g. ``net.contracts.rollup.functions.getActiveAttesterCount().call()``.

    Args:
        w3: the connection they use.
        deployment: where they live.
    """

    def __init__(self, w3: Web3, deployment: Deployment) -> None:
        self._w3 = w3
        self._deployment = deployment

    @cached_property
    def rollup(self) -> Any:
        """The rollup that became canonical last."""
        return self._rollup(self._deployment.rollups[-1])

    def rollup_of_version(self, version: int) -> Any:
        """The rollup of a version.

        Raises:
            NotFoundError: the Registry has no such version.
        """
        for rollup in self._deployment.rollups:
            if rollup.version == version:
                return self._rollup(rollup)
        known = ", ".join(str(rollup.version) for rollup in self._deployment.rollups)
        raise NotFoundError("the Registry has no rollup of this version", version=version, known=known)

    @cached_property
    def registry(self) -> Any:
        """The Registry."""
        return self._contract("registry", self._deployment.registry)

    @cached_property
    def gse(self) -> Any:
        """The GSE."""
        return self._contract("gse", self._deployment.gse)

    @cached_property
    def governance(self) -> Any:
        """Governance."""
        return self._contract("governance", self._deployment.governance)

    @cached_property
    def staking_asset(self) -> Any:
        """The token that is staked."""
        return self._contract("token", self._deployment.staking_asset)

    @cached_property
    def staking_registry(self) -> Any:
        """The StakingRegistry.

        Raises:
            NotFoundError: the network has none.
        """
        return self._contract("staking_registry", self._deployment.staking_registry)

    @cached_property
    def pull_split_factory(self) -> Any:
        """The factory of splits.

        Raises:
            NotFoundError: the network has none.
        """
        return self._contract("pull_split_factory", self._deployment.pull_split_factory)

    def split(self, address: str) -> Any:
        """One split, by its address."""
        return self._contract("pull_split", address)

    def _rollup(self, rollup: Rollup) -> Any:
        return self._contract("rollup", rollup.address, rollup.generation)

    def _contract(self, role: str, address: str | None, generation: int | None = None) -> Any:
        if address is None:
            raise NotFoundError("the network has no contract of this role", role=role)
        abi: Any = CONTRACTS[role].json_abi(generation)
        return self._w3.eth.contract(address=self._w3.to_checksum_address(address), abi=abi)
