"""A local chain with the real contracts on it, as one object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import attrs

from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.devnet.anvil import Anvil, AnvilOptions
from aztec_butler.devnet.artifacts import Artifacts
from aztec_butler.devnet.chain import Chain, DeployedContract
from aztec_butler.devnet.deployment import Contracts, Deployer, RollupContracts
from aztec_butler.devnet.packages import install_packages
from aztec_butler.devnet.parameters import SMALL, DevnetParameters, RollupParameters

if TYPE_CHECKING:
    from web3 import Web3


class Devnet:
    """A running devnet; ``Devnet.start`` makes one.

    ::

        with Devnet.start() as devnet:
            devnet.contract("gse").read("getActivationThreshold")
            devnet.url, devnet.addresses["registry"]

    Attributes:
        rpc: JSON-RPC to the chain.
        chain: sends transactions, moves time, takes snapshots.
        parameters: of the deployment.
        rollups: in the order in which they became canonical; the last one is.
    """

    def __init__(self, anvil: Anvil, artifacts: Artifacts, parameters: DevnetParameters) -> None:
        self.parameters = parameters
        self._anvil = anvil
        self._at_the_end = ExitStack()
        self.rpc = anvil.open_rpc()
        self._shared: Contracts
        try:
            self.chain = Chain(self.rpc, block_seconds=anvil.options.block_seconds)
            self._deployer = Deployer(self.chain, artifacts)
            self._shared, first = self._deployer.deploy_protocol(parameters)
        except BaseException:
            self.rpc.close()
            raise
        self.rollups: tuple[RollupContracts, ...] = (first,)

    @classmethod
    def start(
        cls,
        parameters: DevnetParameters = SMALL,
        *,
        options: AnvilOptions | None = None,
        cache_folder: Path | None = None,
        report: Callable[[str], None] | None = None,
    ) -> Self:
        """Start anvil and deploy the contracts, fetching both first if need be.

        Args:
            parameters: of the deployment.
            options: of the chain.
            cache_folder: where fetched packages are kept; the user's cache directory by default.
            report: told in a short sentence what is being done, when there is something to wait for.

        Raises:
            SettingsError: anvil cannot be had or cannot run here.
            NodeError: fetching failed, or anvil did not start.
            RevertError: a constructor refused the parameters.
        """
        packages = install_packages(cache_folder, report=report)
        anvil = Anvil(packages.anvil, options or AnvilOptions())
        try:
            return cls(anvil, Artifacts(packages.contracts), parameters)
        except BaseException:
            anvil.stop()
            raise

    @property
    def url(self) -> str:
        """Where the chain's JSON-RPC listens, on this machine only."""
        return self._anvil.url

    @property
    def is_running(self) -> bool:
        """Whether the chain is there; its process may end by itself."""
        return self._anvil.is_running

    @property
    def chain_id(self) -> int:
        """EIP-155 id."""
        return self._anvil.options.chain_id

    @property
    def contracts(self) -> Mapping[str, DeployedContract]:
        """Contracts by role; the roles of a rollup mean the canonical one."""
        return {**self._shared, **self.rollups[-1].contracts}

    @property
    def addresses(self) -> dict[str, str]:
        """Addresses by role; the roles of a rollup mean the canonical one."""
        return {role: contract.address for role, contract in self.contracts.items()}

    def contract(self, role: str) -> DeployedContract:
        """The contract of a role.

        Raises:
            NotFoundError: this deployment has no such contract.
        """
        found = self.contracts.get(role)
        if found is None:
            raise NotFoundError(
                "the devnet has no contract of this role", role=role, roles=", ".join(sorted(self.contracts))
            )
        return found

    @cached_property
    def w3(self) -> Web3:
        """A web3 connection to the chain, of its own: web3's errors, and transactions as web3 sends them."""
        import requests
        import web3

        session = self._at_the_end.enter_context(requests.Session())
        return web3.Web3(web3.HTTPProvider(self.url, session=session))

    # ------------------------------------------------------------------ rollups

    def add_rollup(self, **changes: Any) -> RollupContracts:
        """Deploy another rollup and make it canonical, as governance would.

        Args:
            changes: fields of ``RollupParameters`` that differ from the canonical rollup's; the version is the next
                one unless it is among them.
        """
        latest = self.rollups[-1].parameters
        rollup: RollupParameters = attrs.evolve(latest, **{"version": latest.version + 1, **changes})
        if any(rollup.version == other.parameters.version for other in self.rollups):
            raise InputError("a rollup of this version exists", version=rollup.version)
        added = self._deployer.deploy_rollup(self._shared, self.parameters, rollup)
        if self.parameters.rewards_claimable:
            added.rollup.send("setRewardsClaimable", True)
        self._deployer.register_rollup(self._shared, added)
        if self.parameters.owned_by_governance:
            added.rollup.send("transferOwnership", self._shared["governance"].address)
        self.rollups = (*self.rollups, added)
        return added

    @contextmanager
    def restored(self) -> Iterator[Self]:
        """Undo at the end of the block whatever was done inside."""
        rollups = self.rollups
        try:
            with self.chain.restored():
                yield self
        finally:
            self.rollups = rollups

    # ------------------------------------------------------------------ the end

    def stop(self) -> None:
        """End the chain; calling it again does nothing."""
        self._at_the_end.close()
        self.rpc.close()
        self._anvil.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
