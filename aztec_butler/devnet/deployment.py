"""Deploying the real contracts: the protocol from npm, the StakingRegistry and the splits from our own sources.

The order follows Aztec's own deployment scripts. Every contract gets the same address in every run.

Source: l1-contracts ``DeployAztecL1Contracts.s.sol``, ``DeployRollupLib.sol``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from aztec_butler.core.hexes import ZERO_ADDRESS, parse_bytes
from aztec_butler.core.networks import MULTICALL3_ADDRESS
from aztec_butler.devnet.artifacts import Artifacts, CompiledContract
from aztec_butler.devnet.chain import DEPLOYER, Chain, DeployedContract
from aztec_butler.devnet.parameters import DevnetParameters, RollupParameters, SlasherFlavor

_LIBRARIES = (
    "ValidatorOperationsExtLib",
    "RollupOperationsExtLib",
    "RewardExtLib",
    "TallySlasherDeploymentExtLib",
    "EmpireSlasherDeploymentExtLib",
)
_SLASHING_PROPOSERS = {
    SlasherFlavor.TALLY: "TallySlashingProposer",
    SlasherFlavor.EMPIRE: "EmpireSlashingProposer",
}

Contracts = dict[str, DeployedContract]
"""Deployed contracts by role."""


@attrs.frozen(kw_only=True)
class RollupContracts:
    """One rollup and the contracts that belong to it alone.

    Args:
        parameters: what it was deployed with.
        contracts: by role, ``rollup`` itself among them. Without a slasher, the roles of slashing are absent.
    """

    parameters: RollupParameters
    contracts: Mapping[str, DeployedContract] = attrs.field(repr=False)

    @property
    def rollup(self) -> DeployedContract:
        """The rollup."""
        return self.contracts["rollup"]


class Deployer:
    """Puts contracts on a chain.

    Args:
        chain: where to.
        artifacts: the compiled contracts.
    """

    def __init__(self, chain: Chain, artifacts: Artifacts) -> None:
        self.chain = chain
        self.artifacts = artifacts
        self._libraries: dict[str, str] = {}

    def deploy(self, name: str, *arguments: Any) -> DeployedContract:
        """Deploy one contract; its libraries come first, once for all."""
        compiled = self.artifacts.load(name)
        for library in compiled.places:
            if library not in self._libraries:
                self._libraries[library] = self.deploy(library).address
        receipt = self.chain.send(None, compiled.creation_code(*arguments, libraries=self._libraries))
        assert receipt.contract_address is not None
        return self._deployed(compiled, receipt.contract_address)

    def at(self, name: str, address: str) -> DeployedContract:
        """A contract that another one deployed."""
        return self._deployed(self.artifacts.load(name), address)

    def _deployed(self, compiled: CompiledContract, address: str) -> DeployedContract:
        return DeployedContract(address=address, compiled=compiled, chain=self.chain)

    # ------------------------------------------------------------------ the protocol

    def deploy_protocol(self, parameters: DevnetParameters) -> tuple[Contracts, RollupContracts]:
        """Everything there is one of, and the first rollup.

        Args:
            parameters: of the deployment.

        Returns:
            The shared contracts by role, and the rollup's own.
        """
        shared = self._deploy_shared(parameters)
        first = self.deploy_rollup(shared, parameters, parameters.rollup)
        if parameters.escape_hatch is not None:
            first = self._install_escape_hatch(shared, first, parameters)
        if parameters.rewards_claimable:
            first.rollup.send("setRewardsClaimable", True)
        self.register_rollup(shared, first)
        shared |= self._deploy_flush_rewarder(shared, first, parameters)
        if parameters.owned_by_governance:
            self._hand_over(shared, first)
        return shared, first

    def _deploy_shared(self, parameters: DevnetParameters) -> Contracts:
        # What comes up to the StakingRegistry stands at the same addresses whatever the parameters are.
        token = self.deploy("TestERC20", parameters.token.name, parameters.token.symbol, DEPLOYER)
        token.send("mint", DEPLOYER, parameters.token.initial_supply_wei)
        # The first yearly budget is a share of the supply at this moment.
        coin_issuer = self.deploy(
            "CoinIssuer", token.address, parameters.coin_issuer.coin_issuer_rate, DEPLOYER
        )
        thresholds = parameters.gse
        gse = self.deploy(
            "GSE",
            DEPLOYER,
            token.address,
            thresholds.activation_threshold_wei,
            thresholds.ejection_threshold_wei,
        )
        registry = self.deploy("Registry", DEPLOYER, token.address)
        splits = self._deploy_staking_registry(token, registry)
        reward_distributor = self.at("RewardDistributor", registry.read("getRewardDistributor"))
        signals = parameters.governance_proposer
        governance_proposer = self.deploy(
            "GovernanceProposer", registry.address, gse.address, signals.quorum_size, signals.round_size
        )
        governance = self.deploy(
            "Governance",
            token.address,
            governance_proposer.address,
            ZERO_ADDRESS,  # anybody may deposit
            encodable(parameters.governance),
        )
        gse.send("setGovernance", governance.address)
        relayer = self.deploy("DateGatedRelayer", governance.address, parameters.coin_issuer.gated_until_at)
        token.send("mint", reward_distributor.address, parameters.reward_distributor_funding_wei)
        multicall = self.at("Multicall3", MULTICALL3_ADDRESS)
        self.chain.set_code(MULTICALL3_ADDRESS, parse_bytes(multicall.compiled.runtime))
        return {
            "staking_asset": token,
            "fee_asset": token,
            "coin_issuer": coin_issuer,
            "gse": gse,
            "registry": registry,
            "reward_distributor": reward_distributor,
            "governance_proposer": governance_proposer,
            "governance": governance,
            "date_gated_relayer": relayer,
            "multicall3": multicall,
            "verifier": self.deploy("MockVerifier"),
            **splits,
        }

    def _install_escape_hatch(
        self, shared: Contracts, first: RollupContracts, parameters: DevnetParameters
    ) -> RollupContracts:
        token = shared["staking_asset"]
        hatch = self.deploy(
            "EscapeHatch", first.rollup.address, token.address, *encodable(parameters.escape_hatch)
        )
        first.rollup.send("updateEscapeHatch", hatch.address)
        return attrs.evolve(first, contracts={**first.contracts, "escape_hatch": hatch})

    def _deploy_flush_rewarder(
        self, shared: Contracts, first: RollupContracts, parameters: DevnetParameters
    ) -> Contracts:
        token = shared["staking_asset"]
        reward = parameters.flush_reward
        rewarder = self.deploy(
            "FlushRewarder", DEPLOYER, first.rollup.address, token.address, reward.reward_per_insertion_wei
        )
        token.send("mint", rewarder.address, reward.initial_funding_wei)
        return {"flush_rewarder": rewarder}

    def _deploy_staking_registry(self, token: DeployedContract, registry: DeployedContract) -> Contracts:
        warehouse = self.deploy("SplitsWarehouse", "Ether", "ETH")
        factory = self.deploy("PullSplitFactory", warehouse.address)
        return {
            "splits_warehouse": warehouse,
            "pull_split_factory": factory,
            "pull_split_implementation": self.at("PullSplit", factory.read("SPLIT_WALLET_IMPLEMENTATION")),
            "staking_registry": self.deploy(
                "StakingRegistry", token.address, factory.address, registry.address
            ),
        }

    def _hand_over(self, shared: Contracts, first: RollupContracts) -> None:
        governance = shared["governance"].address
        for contract in (shared["registry"], shared["gse"], shared["flush_rewarder"], first.rollup):
            contract.send("transferOwnership", governance)
        # Governance reaches the token through the relayer and the CoinIssuer alone.
        coin_issuer = shared["coin_issuer"]
        shared["staking_asset"].send("transferOwnership", coin_issuer.address)
        coin_issuer.send("acceptTokenOwnership")
        coin_issuer.send("transferOwnership", shared["date_gated_relayer"].address)

    # ------------------------------------------------------------------ rollups

    def deploy_rollup(
        self, shared: Contracts, parameters: DevnetParameters, rollup: RollupParameters
    ) -> RollupContracts:
        """A rollup that the Registry does not know yet; the deployer owns it.

        Args:
            shared: the contracts there is one of.
            parameters: of the deployment.
            rollup: of this rollup.
        """
        config = rollup
        if config.reward_config.reward_distributor == ZERO_ADDRESS:
            distributor = shared["reward_distributor"].address
            reward_config = attrs.evolve(config.reward_config, reward_distributor=distributor)
            config = attrs.evolve(config, reward_config=reward_config)
        token = shared["staking_asset"].address
        contract = self.deploy(
            "Rollup",
            token,
            token,
            shared["gse"].address,
            shared["verifier"].address,
            DEPLOYER,
            encodable(parameters.genesis),
            encodable(config),
        )
        contracts = self._belonging(contract, rollup)
        contracts["slash_factory"] = self.deploy("SlashFactory", contract.address)
        return RollupContracts(parameters=rollup, contracts=contracts)

    def rollup_at(self, address: str, rollup: RollupParameters) -> RollupContracts:
        """A rollup that stands already; whether it has a SlashFactory is not to be found out.

        Args:
            address: of the rollup.
            rollup: its parameters.
        """
        return RollupContracts(
            parameters=rollup, contracts=self._belonging(self.at("Rollup", address), rollup)
        )

    def _belonging(self, contract: DeployedContract, rollup: RollupParameters) -> Contracts:
        """A rollup and the contracts that it names."""
        contracts = {
            "rollup": contract,
            "reward_booster": self.at("RewardBooster", contract.read("getRewardConfig")[2]),
            "inbox": self.at("Inbox", contract.read("getInbox")),
            "outbox": self.at("Outbox", contract.read("getOutbox")),
            "fee_juice_portal": self.at("FeeJuicePortal", contract.read("getFeeAssetPortal")),
        }
        slasher_address = contract.read("getSlasher")
        if slasher_address != ZERO_ADDRESS:
            slasher = self.at("Slasher", slasher_address)
            proposer = self.at(_SLASHING_PROPOSERS[rollup.slasher_flavor], slasher.read("PROPOSER"))
            contracts |= {"slasher": slasher, "slashing_proposer": proposer}
            if rollup.slasher_flavor is SlasherFlavor.TALLY:
                payload = self.at("SlashPayloadCloneable", proposer.read("SLASH_PAYLOAD_IMPLEMENTATION"))
                contracts["slash_payload_cloneable"] = payload
        hatch_address = contract.read("getEscapeHatch")
        if hatch_address != ZERO_ADDRESS:
            contracts["escape_hatch"] = self.at("EscapeHatch", hatch_address)
        return contracts

    def register_rollup(self, shared: Contracts, rollup: RollupContracts) -> None:
        """Make a rollup the canonical one, as its owner, whoever that is, would."""
        for contract in (shared["registry"], shared["gse"]):
            contract.send("addRollup", rollup.rollup.address, sender=contract.read("owner"))


def encodable(record: Any) -> Any:
    """A record of ``parameters`` as the codec takes a struct: nested tuples in the order of the fields."""
    if attrs.has(type(record)):
        return tuple(encodable(getattr(record, field.name)) for field in attrs.fields(type(record)))
    if isinstance(record, Sequence) and not isinstance(record, str):
        return tuple(encodable(item) for item in record)
    return record
