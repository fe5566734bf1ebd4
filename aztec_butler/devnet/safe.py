"""A real Safe on the devnet: Safe's own bytecode, as on mainnet, with owners that need no keys.

::

    safe = deploy_safe(devnet.chain, owners, threshold=2)
    safe.execute(transaction_of(calls, nonce=safe.nonce(), version=safe.generation))
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address, parse_bytes
from aztec_butler.core.safe_multi_send import MULTI_SENDS
from aztec_butler.core.safe_transaction import (
    SafeTransaction,
    encode_execution,
    parse_version,
    transaction_hash,
)
from aztec_butler.devnet.artifacts import CompiledContract
from aztec_butler.devnet.chain import DEPLOYER, Chain, DeployedContract, Receipt
from aztec_butler.devnet.packages import SAFE_VERSIONS, install_safe_contracts

DEFAULT_VERSION = "1.4.1"


@attrs.frozen(kw_only=True)
class DevnetSafe:
    """A Safe on a local chain.

    Args:
        version: as its ``VERSION()`` says.
        chain_id: EIP-155 id.
        contract: the Safe.
        multi_send: the MultiSendCallOnly of its version, at its canonical address.
        owners: in the order given.
        threshold: how many owners have to agree.
    """

    version: str
    chain_id: int
    contract: DeployedContract
    multi_send: DeployedContract
    owners: tuple[str, ...]
    threshold: int

    @property
    def address(self) -> str:
        """Where it stands."""
        return self.contract.address

    @property
    def generation(self) -> tuple[int, int]:
        """The version as ``core.safe_transaction`` counts it."""
        return parse_version(self.version)

    def nonce(self) -> int:
        """The nonce of the next transaction that can be executed."""
        nonce: int = self.contract.read("nonce")
        return nonce

    def hash_of(self, transaction: SafeTransaction) -> bytes:
        """What the owners agree to."""
        return transaction_hash(transaction, chain_id=self.chain_id, safe=self.address)

    def execute(
        self, transaction: SafeTransaction, *, signers: Sequence[str] | None = None, sender: str = DEPLOYER
    ) -> Receipt:
        """Let owners approve a transaction on the chain, and execute it; nobody's key is needed.

        Args:
            transaction: with the current nonce.
            signers: owners; by default as many as the threshold.
            sender: whoever executes.

        Raises:
            RevertError: too few approvals, another nonce, or a call inside reverted.
        """
        approving = self.owners[: self.threshold] if signers is None else signers
        approved = self.hash_of(transaction)
        for owner in approving:
            self.contract.send("approveHash", approved, sender=owner)
        return self.execute_signed(
            transaction, {owner: _approval(owner) for owner in approving}, sender=sender
        )

    def execute_signed(
        self, transaction: SafeTransaction, signatures: dict[str, bytes], *, sender: str = DEPLOYER
    ) -> Receipt:
        """Execute a transaction with the owners' signatures.

        Args:
            transaction: with the current nonce.
            signatures: of the hash, 65 bytes each, by owner.
            sender: whoever executes.

        Raises:
            RevertError: as ``execute``.
        """
        content = encode_execution(transaction, signatures)
        return self.contract.chain.send(self.address, content, sender=sender)


def _approval(owner: str) -> bytes:
    """What stands for a signature where the owner approved on the chain. Source: ``Safe.sol``, ``checkNSignatures``."""
    return parse_bytes(owner, size=20).rjust(32, b"\0") + bytes(32) + b"\x01"


def deploy_safe(
    chain: Chain,
    owners: Sequence[str],
    threshold: int,
    *,
    version: str = DEFAULT_VERSION,
    chain_id: int = 31337,
    salt: int = 0,
    cache_folder: Path | None = None,
) -> DevnetSafe:
    """Deploy Safe's contracts, and a Safe.

    Args:
        chain: where to.
        owners: any addresses.
        threshold: how many of them have to agree.
        version: one of ``SAFE_VERSIONS``.
        chain_id: of the chain.
        salt: Safes with another salt have another address.
        cache_folder: where fetched packages are kept; the user's cache directory by default.

    Raises:
        InputError: no such version, or a threshold that the owners cannot reach.
        NodeError: fetching failed.
    """
    if version not in SAFE_VERSIONS:
        raise InputError(
            "there is no Safe of this version here", version=version, known=", ".join(SAFE_VERSIONS)
        )
    if not 1 <= threshold <= len(owners):
        raise InputError(
            "a threshold is between 1 and the number of owners", threshold=threshold, owners=len(owners)
        )
    folder = install_safe_contracts(cache_folder) / version
    prefix = "Gnosis" if version == "1.3.0" else ""
    singleton = _deploy(chain, folder, f"{prefix}Safe")
    factory = _deploy(chain, folder, f"{prefix}SafeProxyFactory")
    handler = _deploy(chain, folder, "CompatibilityFallbackHandler")
    setup = singleton.compiled.function("setup").encode_call(
        [parse_address(owner) for owner in owners],
        threshold,
        ZERO_ADDRESS,
        b"",
        handler.address,
        ZERO_ADDRESS,
        0,
        ZERO_ADDRESS,
    )
    receipt = factory.send("createProxyWithNonce", singleton.address, setup, salt)
    (created,) = factory.decode_logs(receipt, "ProxyCreation")
    multi_send = _read(folder / "MultiSendCallOnly.json")
    place = MULTI_SENDS[parse_version(version)].address
    chain.set_code(place, parse_bytes(multi_send.runtime))
    return DevnetSafe(
        version=version,
        chain_id=chain_id,
        contract=DeployedContract(address=created["proxy"], compiled=singleton.compiled, chain=chain),
        multi_send=DeployedContract(address=place, compiled=multi_send, chain=chain),
        owners=tuple(parse_address(owner) for owner in owners),
        threshold=threshold,
    )


def _deploy(chain: Chain, folder: Path, name: str) -> DeployedContract:
    compiled = _read(folder / f"{name}.json")
    receipt = chain.send(None, compiled.creation_code())
    assert receipt.contract_address is not None
    return DeployedContract(address=receipt.contract_address, compiled=compiled, chain=chain)


@cache
def _read(path: Path) -> CompiledContract:
    """A contract from a file as Hardhat writes it."""
    artifact: dict[str, Any] = json.loads(path.read_bytes())
    return CompiledContract(
        name=artifact["contractName"],
        abi=tuple(artifact["abi"]),
        bytecode=artifact["bytecode"].removeprefix("0x"),
        runtime=artifact["deployedBytecode"],
    )
