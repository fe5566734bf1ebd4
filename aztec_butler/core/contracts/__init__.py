"""The contracts: what can be called, what they emit, and why they revert.

Every contract has one role, and its constant here is the role in capitals. Lines of all generations of the rollup stand
together, marked; see ``Contract``.
"""

from aztec_butler.core.contracts.contract import GENERATIONS, Contract, Line
from aztec_butler.core.contracts.erc20 import TEST_TOKEN, TOKEN
from aztec_butler.core.contracts.escape_hatch import ESCAPE_HATCH
from aztec_butler.core.contracts.governance import GOVERNANCE, GOVERNANCE_PROPOSER, GSE_PAYLOAD, PAYLOAD
from aztec_butler.core.contracts.libraries import LIBRARY, MULTI_ADDER, STAKING_ASSET_HANDLER, VERIFIER
from aztec_butler.core.contracts.messaging import FEE_JUICE_PORTAL, INBOX, OUTBOX
from aztec_butler.core.contracts.multicall3 import MULTICALL3
from aztec_butler.core.contracts.registry import GSE, REGISTRY
from aztec_butler.core.contracts.reverts import RevertReason, decode_error
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
from aztec_butler.core.contracts.table import CONTRACTS

__all__ = [
    "ATP",
    "ATP_FACTORY",
    "ATP_STAKER",
    "COIN_ISSUER",
    "CONTRACTS",
    "DATE_GATED_RELAYER",
    "EMPIRE_SLASHING_PROPOSER",
    "ESCAPE_HATCH",
    "FEE_JUICE_PORTAL",
    "FLUSH_REWARDER",
    "GENERATIONS",
    "GOVERNANCE",
    "GOVERNANCE_PROPOSER",
    "GSE",
    "GSE_PAYLOAD",
    "INBOX",
    "LIBRARY",
    "MULTICALL3",
    "MULTI_ADDER",
    "OUTBOX",
    "PAYLOAD",
    "PULL_SPLIT",
    "PULL_SPLIT_FACTORY",
    "REGISTRY",
    "REWARD_BOOSTER",
    "REWARD_DISTRIBUTOR",
    "ROLLUP",
    "SLASHER",
    "SLASHING_PROPOSER",
    "SLASH_FACTORY",
    "SLASH_PAYLOAD",
    "SPLITS_WAREHOUSE",
    "STAKING_ASSET_HANDLER",
    "STAKING_REGISTRY",
    "TEST_TOKEN",
    "TOKEN",
    "VERIFIER",
    "Contract",
    "Line",
    "RevertReason",
    "decode_error",
]
