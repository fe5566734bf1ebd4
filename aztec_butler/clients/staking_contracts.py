"""The contracts around the rollup: Registry, GSE, Governance, StakingRegistry, splits, token, slasher."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs

from aztec_butler.clients.contract import ContractClient
from aztec_butler.core.contracts import (
    GOVERNANCE,
    GSE,
    PULL_SPLIT,
    PULL_SPLIT_FACTORY,
    REGISTRY,
    SLASHER,
    SLASHING_PROPOSER,
    SPLITS_WAREHOUSE,
    STAKING_REGISTRY,
    TOKEN,
    Contract,
)
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import BlockStamp, GovernanceWithdrawal, ProviderConfiguration, ProviderKey
from aztec_butler.core.views import decode_governance_withdrawal, decode_provider, decode_provider_key


@attrs.frozen
class RegistryClient(ContractClient):
    """The Registry, which knows every rollup."""

    contract: ClassVar[Contract] = REGISTRY

    def get_number_of_versions(self, *, block: BlockStamp) -> int:
        """Rollups that are or were canonical."""
        return int(self.get("numberOfVersions", block=block))

    def get_version(self, index: int, *, block: BlockStamp) -> int:
        """Version of the rollup that became canonical as number ``index``, from 0."""
        return int(self.get("getVersion", index, block=block))

    def get_rollup(self, version: int, *, block: BlockStamp) -> str:
        """The rollup of a version."""
        return str(self.get("getRollup", version, block=block))

    def get_canonical_rollup(self, *, block: BlockStamp) -> str:
        """The rollup that is canonical now."""
        return str(self.get("getCanonicalRollup", block=block))


@attrs.frozen
class GseClient(ContractClient):
    """The GSE, which holds the stake of every rollup."""

    contract: ClassVar[Contract] = GSE

    def get_latest_rollup(self, *, block: BlockStamp) -> str:
        """The rollup on which movers count."""
        return str(self.get("getLatestRollup", block=block))

    def get_latest_rollup_at(self, timestamp: int, *, block: BlockStamp) -> str:
        """The rollup on which movers counted at a past time; the zero address before the first."""
        return str(self.get("getLatestRollupAt", timestamp, block=block))

    def get_bonus_instance_address(self, *, block: BlockStamp) -> str:
        """The bucket of movers; no contract lives there."""
        return str(self.get("BONUS_INSTANCE_ADDRESS", block=block))

    def get_supply_of(self, instance: str, *, block: BlockStamp) -> int:
        """Stake in wei in one bucket: a rollup's own, or that of movers."""
        return int(self.get("supplyOf", instance, block=block))

    def get_total_supply(self, *, block: BlockStamp) -> int:
        """Stake in wei of all rollups."""
        return int(self.get("totalSupply", block=block))

    def get_attester_count_at_time(self, instance: str, timestamp: int, *, block: BlockStamp) -> int:
        """Attesters of a rollup at a past time; needs no archive node.

        The present block's own time is not settled while the block is being built.
        """
        return int(self.get("getAttesterCountAtTime", instance, timestamp, block=block))

    def get_attesters_from_indices_at_time(
        self, instance: str, timestamp: int, indices: tuple[int, ...], *, block: BlockStamp
    ) -> tuple[str, ...]:
        """Attesters of a rollup at a past time by their index at that time."""
        return tuple(self.get("getAttestersFromIndicesAtTime", instance, timestamp, indices, block=block))

    def get_effective_balance_of(self, instance: str, attester: str, *, block: BlockStamp) -> int:
        """Stake in wei that counts for a rollup."""
        return int(self.get("effectiveBalanceOf", instance, attester, block=block))

    def get_withdrawer(self, attester: str, *, block: BlockStamp) -> str:
        """Who may withdraw the stake; fixed for ever."""
        return str(self.get("getWithdrawer", attester, block=block))

    def get_delegatee(self, instance: str, attester: str, *, block: BlockStamp) -> str:
        """Who votes with the stake."""
        return str(self.get("getDelegatee", instance, attester, block=block))

    def get_voting_power(self, delegatee: str, *, block: BlockStamp) -> int:
        """Stake in wei that somebody votes with; a rollup votes with what is delegated to nobody else."""
        return int(self.get("getVotingPower", delegatee, block=block))

    def get_voting_power_at(self, delegatee: str, timestamp: int, *, block: BlockStamp) -> int:
        """The same at a time before the block's."""
        return int(self.get("getVotingPowerAt", delegatee, timestamp, block=block))

    def get_registration_digest(self, public_key: tuple[int, int], *, block: BlockStamp) -> tuple[int, int]:
        """The point that a proof of possession signs."""
        x, y = self.get("getRegistrationDigest", public_key, block=block)
        return x, y


@attrs.frozen
class GovernanceClient(ContractClient):
    """Governance, which holds the tokens and delays every withdrawal."""

    contract: ClassVar[Contract] = GOVERNANCE

    def get_withdrawal(self, withdrawal_id: int, *, block: BlockStamp) -> GovernanceWithdrawal:
        """A withdrawal by its id.

        The contract answers zeros for ids it never gave.
        """
        return decode_governance_withdrawal(
            withdrawal_id, self.get("getWithdrawal", withdrawal_id, block=block)
        )

    def get_withdrawal_count(self, *, block: BlockStamp) -> int:
        """Withdrawals ever initiated; ids begin at 0."""
        return int(self.get("withdrawalCount", block=block))

    def get_configuration(self, *, block: BlockStamp) -> tuple[Any, ...]:
        """The ``Configuration`` struct, in the order of the Solidity source."""
        return tuple(self.get("getConfiguration", block=block))

    def get_power_now(self, owner: str, *, block: BlockStamp) -> int:
        """Voting power in wei of a depositor; that of the GSE is the stake of every rollup."""
        return int(self.get("powerNow", owner, block=block))

    def get_power_at(self, owner: str, timestamp: int, *, block: BlockStamp) -> int:
        """The same at a time before the block's; needs no archive node."""
        return int(self.get("powerAt", owner, timestamp, block=block))

    def get_total_power_at(self, timestamp: int, *, block: BlockStamp) -> int:
        """All voting power in wei at a time before the block's: the stake of every rollup and direct deposits."""
        return int(self.get("totalPowerAt", timestamp, block=block))


@attrs.frozen
class StakingRegistryClient(ContractClient):
    """The StakingRegistry, where operators list keys and others stake on them."""

    contract: ClassVar[Contract] = STAKING_REGISTRY

    def get_next_provider_identifier(self, *, block: BlockStamp) -> int:
        """The id that the next provider will get; ids begin at 1."""
        return int(self.get("nextProviderIdentifier", block=block))

    def fetch_provider(self, provider_id: int, *, block: BlockStamp) -> ProviderConfiguration:
        """Configuration and queue bounds of a provider.

        Raises:
            InputError: ids begin at 1.
            NotFoundError: no such provider; the contract itself answers zeros.
        """
        if provider_id < 1:
            raise InputError("provider ids begin at 1", provider_id=provider_id)
        configuration, queue = self.multicall.read(
            [self.read("providerConfigurations", provider_id), self.read("providerQueues", provider_id)],
            block,
        )
        provider = decode_provider(provider_id, configuration, queue)
        if provider.admin == ZERO_ADDRESS:
            raise NotFoundError(
                "there is no provider with this id", provider_id=provider_id, block=block.number
            )
        return provider

    def get_value_at_index_in_queue(self, provider_id: int, index: int, *, block: BlockStamp) -> ProviderKey:
        """A listed key by its index, from the queue's first to one before its last."""
        value = self.get("getValueAtIndexInQueue", provider_id, index, block=block)
        return decode_provider_key(provider_id, index, value)

    def get_pull_split_factory(self, *, block: BlockStamp) -> str:
        """The factory of the splits that delegations use."""
        return str(self.get("PULL_SPLIT_FACTORY", block=block))


@attrs.frozen
class PullSplitFactoryClient(ContractClient):
    """The factory of splits."""

    contract: ClassVar[Contract] = PULL_SPLIT_FACTORY

    def get_split_wallet_implementation(self, *, block: BlockStamp) -> str:
        """The contract that every split is a proxy of."""
        return str(self.get("SPLIT_WALLET_IMPLEMENTATION", block=block))


@attrs.frozen
class PullSplitClient(ContractClient):
    """One split: the default coinbase of a delegation."""

    contract: ClassVar[Contract] = PULL_SPLIT

    def get_split_hash(self, *, block: BlockStamp) -> bytes:
        """Hash of the parameters that ``distribute`` must be given."""
        return bytes(self.get("splitHash", block=block))

    def get_split_balance(self, token: str, *, block: BlockStamp) -> tuple[int, int]:
        """Wei of a token in the split itself, and in the warehouse for it."""
        in_split, in_warehouse = self.get("getSplitBalance", token, block=block)
        return in_split, in_warehouse

    def get_splits_warehouse(self, *, block: BlockStamp) -> str:
        """The warehouse that holds what was distributed."""
        return str(self.get("SPLITS_WAREHOUSE", block=block))


@attrs.frozen
class SplitsWarehouseClient(ContractClient):
    """The warehouse of everything that splits distributed."""

    contract: ClassVar[Contract] = SPLITS_WAREHOUSE

    def get_balance_of(self, owner: str, token: str, *, block: BlockStamp) -> int:
        """Wei of a token that the owner may withdraw; the token's id is its address as a number."""
        return int(self.get("balanceOf", owner, int(token, 16), block=block))


@attrs.frozen
class TokenClient(ContractClient):
    """An ERC-20 token."""

    contract: ClassVar[Contract] = TOKEN

    def get_balance_of(self, owner: str, *, block: BlockStamp) -> int:
        """Wei that the owner holds."""
        return int(self.get("balanceOf", owner, block=block))

    def get_allowance(self, owner: str, spender: str, *, block: BlockStamp) -> int:
        """Wei that the spender may take from the owner."""
        return int(self.get("allowance", owner, spender, block=block))

    def get_total_supply(self, *, block: BlockStamp) -> int:
        """Wei that exist."""
        return int(self.get("totalSupply", block=block))


@attrs.frozen
class SlasherClient(ContractClient):
    """The slasher of one rollup."""

    contract: ClassVar[Contract] = SLASHER

    def get_proposer(self, *, block: BlockStamp) -> str:
        """The contract that tallies votes."""
        return str(self.get("PROPOSER", block=block))

    def get_is_slashing_enabled(self, *, block: BlockStamp) -> bool:
        """Whether slashes are executed now; the vetoer can pause them."""
        return bool(self.get("isSlashingEnabled", block=block))


@attrs.frozen
class SlashingProposerClient(ContractClient):
    """The tally of slashing votes of one rollup."""

    contract: ClassVar[Contract] = SLASHING_PROPOSER

    def get_current_round(self, *, block: BlockStamp) -> int:
        """The round that proposers vote in now."""
        return int(self.get("getCurrentRound", block=block))

    def get_quorum(self, *, block: BlockStamp) -> int:
        """Votes that a slash needs."""
        return int(self.get("QUORUM", block=block))

    def get_slash_amounts(self, *, block: BlockStamp) -> tuple[int, int, int]:
        """The small, medium and large slash in wei."""
        names = ("SLASH_AMOUNT_SMALL", "SLASH_AMOUNT_MEDIUM", "SLASH_AMOUNT_LARGE")
        small, medium, large = self.multicall.read([self.read(name) for name in names], block)
        return small, medium, large
