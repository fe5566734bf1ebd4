"""Driving a devnet that another process runs."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import msgspec

from aztec_butler.core.errors import NodeError, NotFoundError
from aztec_butler.devnet.anvil import open_anvil_rpc
from aztec_butler.devnet.artifacts import Artifacts
from aztec_butler.devnet.chain import Chain
from aztec_butler.devnet.deployment import Deployer
from aztec_butler.devnet.devnet import Devnet
from aztec_butler.devnet.packages import install_packages
from aztec_butler.devnet.parameters import DevnetParameters
from aztec_butler.devnet.session import DevnetSession

if TYPE_CHECKING:
    from aztec_butler.devnet.deployment import RollupContracts


def describe(devnet: Devnet, *, cache_folder: Path | None = None) -> DevnetSession:
    """What others need to find and drive a devnet that this process runs.

    Args:
        devnet: freshly started, or later.
        cache_folder: where its packages lie; the user's cache directory by default.
    """
    addresses = devnet.addresses
    of_rollups = {role for rollup in devnet.rollups for role in rollup.contracts}
    return DevnetSession(
        url=devnet.url,
        chain_id=devnet.chain_id,
        registry=addresses["registry"],
        staking_registry=addresses["staking_registry"],
        first_block=0,
        pid=os.getpid(),
        block_seconds=devnet.chain.block_seconds,
        parameters=attrs.asdict(devnet.parameters),
        contracts={
            role: (contract.compiled.name, contract.address)
            for role, contract in devnet.contracts.items()
            if role not in of_rollups
        },
        cache_folder=None if cache_folder is None else str(cache_folder.absolute()),
    )


class AttachedDevnet(Devnet):
    """A devnet of another process: everything works but stopping it.

    The SlashFactory of a rollup is not among its contracts, because nothing leads to it.

    Args:
        session: of the devnet.

    Raises:
        NotFoundError: nobody answers there, or with another chain.
        SettingsError: its packages are not to be had.
    """

    def __init__(self, session: DevnetSession) -> None:
        self.session = session
        self.parameters = msgspec.convert(session.parameters, DevnetParameters)
        cache_folder = None if session.cache_folder is None else Path(session.cache_folder)
        packages = install_packages(cache_folder)
        self._at_the_end = ExitStack()
        self.rpc = open_anvil_rpc(session.url, chain_id=session.chain_id)
        try:
            self.chain = Chain(self.rpc, block_seconds=session.block_seconds)
        except NodeError as error:
            self.rpc.close()
            raise NotFoundError(
                "no devnet answers where the last one said it was",
                hint="aztec-butler devnet up",
                url=session.url,
                reason=str(error).splitlines()[0],
            ) from None
        self._deployer = Deployer(self.chain, Artifacts(packages.contracts))
        self._shared = {
            role: self._deployer.at(name, address) for role, (name, address) in session.contracts.items()
        }
        self.rollups = self._find_rollups()

    def _find_rollups(self) -> tuple[RollupContracts, ...]:
        """All rollups of the Registry; those after the first are taken to have the parameters of the first."""
        registry = self._shared["registry"]
        versions = [registry.read("getVersion", at) for at in range(registry.read("numberOfVersions"))]
        return tuple(
            self._deployer.rollup_at(
                registry.read("getRollup", version), attrs.evolve(self.parameters.rollup, version=version)
            )
            for version in versions
        )

    @property
    def url(self) -> str:
        """Where the chain's JSON-RPC listens, on this machine only."""
        return self.session.url

    @property
    def chain_id(self) -> int:
        """EIP-155 id."""
        return self.session.chain_id

    @property
    def is_running(self) -> bool:
        """Whether the process that runs it is there."""
        return self.session.is_running

    def stop(self) -> None:
        """Let go of the chain, which goes on."""
        self._at_the_end.close()
        self.rpc.close()


def attach(session: DevnetSession) -> Devnet:
    """Drive the devnet of another process.

    Args:
        session: from ``read_session``.

    Raises:
        NotFoundError: nobody answers there, or with another chain.
    """
    return AttachedDevnet(session)
