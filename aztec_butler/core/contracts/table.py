"""Every contract by its role."""

from typing import Final

from aztec_butler.core.contracts.contract import Contract
from aztec_butler.core.contracts.erc20 import TEST_TOKEN, TOKEN
from aztec_butler.core.contracts.escape_hatch import ESCAPE_HATCH
from aztec_butler.core.contracts.governance import GOVERNANCE, GOVERNANCE_PROPOSER, GSE_PAYLOAD, PAYLOAD
from aztec_butler.core.contracts.libraries import LIBRARY, MULTI_ADDER, STAKING_ASSET_HANDLER, VERIFIER
from aztec_butler.core.contracts.messaging import FEE_JUICE_PORTAL, INBOX, OUTBOX
from aztec_butler.core.contracts.multicall3 import MULTICALL3
from aztec_butler.core.contracts.registry import GSE, REGISTRY
from aztec_butler.core.contracts.rewards import (
    COIN_ISSUER,
    DATE_GATED_RELAYER,
    FLUSH_REWARDER,
    REWARD_BOOSTER,
    REWARD_DISTRIBUTOR,
)
from aztec_butler.core.contracts.rollup import ROLLUP
from aztec_butler.core.contracts.slashing import (
    EMPIRE_SLASHING_PROPOSER,
    SLASH_FACTORY,
    SLASH_PAYLOAD,
    SLASHER,
    SLASHING_PROPOSER,
)
from aztec_butler.core.contracts.splits import PULL_SPLIT, PULL_SPLIT_FACTORY, SPLITS_WAREHOUSE
from aztec_butler.core.contracts.staking_registry import ATP, ATP_FACTORY, ATP_STAKER, STAKING_REGISTRY

CONTRACTS: Final[dict[str, Contract]] = {
    contract.role: contract
    for contract in (
        ROLLUP,
        GSE,
        REGISTRY,
        STAKING_REGISTRY,
        TOKEN,
        TEST_TOKEN,
        GOVERNANCE,
        GOVERNANCE_PROPOSER,
        GSE_PAYLOAD,
        PAYLOAD,
        SLASHER,
        SLASHING_PROPOSER,
        EMPIRE_SLASHING_PROPOSER,
        SLASH_FACTORY,
        SLASH_PAYLOAD,
        REWARD_DISTRIBUTOR,
        REWARD_BOOSTER,
        COIN_ISSUER,
        DATE_GATED_RELAYER,
        FLUSH_REWARDER,
        ESCAPE_HATCH,
        INBOX,
        OUTBOX,
        FEE_JUICE_PORTAL,
        PULL_SPLIT_FACTORY,
        PULL_SPLIT,
        SPLITS_WAREHOUSE,
        ATP_STAKER,
        ATP,
        ATP_FACTORY,
        MULTICALL3,
        VERIFIER,
        STAKING_ASSET_HANDLER,
        MULTI_ADDER,
        LIBRARY,
    )
}
"""Every contract by its role; the first that declares an error comes first in its explanation."""
