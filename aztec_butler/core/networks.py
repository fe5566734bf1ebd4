"""Networks: what must be known beforehand to find everything else.

A preset holds only what the chain cannot tell. Rollups, the GSE, Governance, the token and the rest are read from the
Registry; nothing leads from there to the StakingRegistry, so its address stands here.
"""

from __future__ import annotations

from typing import Final

import attrs

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.spelling import did_you_mean

MULTICALL3_ADDRESS: Final = "0xcA11bde05977b3631167028862bE2a173976CA11"
"""Multicall3 on every public chain, and on the devnet. Source: mds1/multicall3, README."""


@attrs.frozen(kw_only=True)
class NetworkPreset:
    """One network's known facts; each can be replaced by a setting.

    Args:
        name: as in ``connect(name)`` and ``--network``.
        chain_id: of L1, checked at connect.
        registry: the Registry; None where it has to be told.
        staking_registry: the StakingRegistry; None where there is none.
        first_block: L1 block before which the network emitted nothing: where event scans begin; None to read the
            genesis block of the first rollup.
        staking_registry_first_block: the same for the StakingRegistry; None for ``first_block``.
        multicall3: where Multicall3 lives.
        l1_endpoints: JSON-RPC of L1 to use when none is set; empty where one has to be set.
        l2_endpoint: a public Aztec node; None where there is none.
        block_seconds: time between blocks of L1, to turn a duration into blocks; None where blocks come on demand.
        safe_service: base URL of the Safe Transaction Service; None where there is none.
        explorer: base URL of a block explorer of L1, for links; None where there is none.
    """

    name: str
    chain_id: int
    registry: str | None
    staking_registry: str | None
    first_block: int | None
    staking_registry_first_block: int | None
    multicall3: str = MULTICALL3_ADDRESS
    l1_endpoints: tuple[str, ...] = ()
    l2_endpoint: str | None = None
    block_seconds: int | None = None
    safe_service: str | None = None
    explorer: str | None = None


MAINNET: Final = NetworkPreset(
    name="mainnet",
    chain_id=1,
    # Source: aztec-node docs/docs/networks.md.
    registry="0x35b22e09Ee0390539439E24f06Da43D83f90e298",
    staking_registry="0x042dF8f42790d6943F41C25C2132400fd727f452",
    # The Registry's deployment. Source: L2BEAT's discovery of aztecnetwork, sinceBlock of the Registry.
    first_block=23_786_827,
    # Source: the operators' scan start, one block before rollup version 0 became canonical.
    staking_registry_first_block=23_786_836,
    l2_endpoint="https://aztec-mainnet.drpc.org",
    block_seconds=12,
    safe_service="https://api.safe.global/tx-service/eth",
    explorer="https://etherscan.io",
)

TESTNET: Final = NetworkPreset(
    name="testnet",
    chain_id=11_155_111,
    # Source: aztec-node docs/docs/networks.md.
    registry="0xA0BFb1B494FB49041e5c6e8c2C1BE09cD171c6Ba",
    staking_registry="0xC6EcC1832c8BF6a41c927BEb4E9ec610FBeDd1C2",
    # Source: citizenweb3/validatorinfo, its page of contracts: deployments of the Registry and the StakingRegistry.
    first_block=9_842_614,
    staking_registry_first_block=10_049_301,
    l2_endpoint="https://v5.testnet.rpc.aztec-labs.com",
    block_seconds=12,
    safe_service="https://api.safe.global/tx-service/sep",
    explorer="https://sepolia.etherscan.io",
)

DEVNET: Final = NetworkPreset(
    name="devnet",
    chain_id=31_337,
    # The devnet deploys the same transactions in the same order every time; a test compares.
    registry="0xDc64a140Aa3E981100a9becA4E685f962f0cF6C9",
    staking_registry="0xa513E6E4b8f2a923D98304ec87F64353C4D5C853",
    first_block=0,
    staking_registry_first_block=0,
    l1_endpoints=("http://127.0.0.1:8545",),
)

PRESETS: Final[dict[str, NetworkPreset]] = {network.name: network for network in (MAINNET, TESTNET, DEVNET)}


def preset(name: str) -> NetworkPreset:
    """The preset of a network.

    >>> preset("mainnet").chain_id
    1

    Raises:
        SettingsError: there is none of this name.
    """
    if name not in PRESETS:
        raise SettingsError(
            "there is no such network",
            hint=did_you_mean(name, PRESETS),
            name=name,
            known=", ".join(PRESETS),
        )
    return PRESETS[name]
