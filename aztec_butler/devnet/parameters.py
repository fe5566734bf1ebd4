"""Every parameter of a deployment, as the constructors of the contracts take them.

Names and order are those of the Solidity structs, with units added, so that a record encodes as it stands. A test
compares both with the compiled contracts.
"""

from __future__ import annotations

import enum
from typing import Any

import attrs

from aztec_butler.core.hexes import ZERO_ADDRESS, to_hex
from aztec_butler.core.units import WEI_PER_TOKEN

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_WHOLE = 10**18
"""100 % in governance's fractions."""


class SlasherFlavor(enum.IntEnum):
    """How slashings are proposed. Source: ``ISlasher.sol``."""

    NONE = 0
    TALLY = 1
    EMPIRE = 2


@attrs.frozen(kw_only=True)
class TokenParameters:
    """The AZTEC token: staking asset and fee asset in one, as on mainnet.

    Args:
        name: of the token.
        symbol: of the token.
        initial_supply_wei: minted to the deployer; the CoinIssuer's yearly budget is a share of it.
    """

    name: str = "Aztec"
    symbol: str = "AZTEC"
    initial_supply_wei: int = 10_350_000_000 * WEI_PER_TOKEN


@attrs.frozen(kw_only=True)
class CoinIssuerParameters:
    """Source: ``CoinIssuer.sol``.

    Args:
        coin_issuer_rate: share of the supply that may be issued in a year, of 10^18.
        gated_until_at: before this time the DateGatedRelayer passes nothing from governance to the CoinIssuer.
    """

    coin_issuer_rate: int = _WHOLE // 5
    gated_until_at: int = 1_798_761_600


@attrs.frozen(kw_only=True)
class GseParameters:
    """Source: ``GSE.sol``.

    Args:
        activation_threshold_wei: the stake of every deposit.
        ejection_threshold_wei: whoever falls below it leaves every rollup.
    """

    activation_threshold_wei: int = 200_000 * WEI_PER_TOKEN
    ejection_threshold_wei: int = 100_000 * WEI_PER_TOKEN


@attrs.frozen(kw_only=True)
class GovernanceProposerParameters:
    """Source: ``GovernanceProposer.sol``.

    Args:
        quorum_size: signals a payload needs in one round.
        round_size: slots in a round.
    """

    quorum_size: int
    round_size: int


@attrs.frozen(kw_only=True)
class ProposeWithLockParameters:
    """Source: ``IGovernance.sol`` ``ProposeWithLockConfiguration``."""

    lock_delay_seconds: int
    lock_amount_wei: int


@attrs.frozen(kw_only=True)
class GovernanceParameters:
    """Source: ``IGovernance.sol`` ``Configuration``.

    Stake leaves governance ``voting_delay / 5 + voting_duration + execution_delay`` after an exit begins.

    Args:
        quorum: share of all power that must vote, of 10^18.
        required_yea_margin: yea over nay, of 10^18.
    """

    propose_config: ProposeWithLockParameters
    voting_delay_seconds: int
    voting_duration_seconds: int
    execution_delay_seconds: int
    grace_period_seconds: int
    quorum: int
    required_yea_margin: int
    minimum_votes_wei: int


@attrs.frozen(kw_only=True)
class GenesisParameters:
    """Source: ``IRollup.sol`` ``GenesisState``. Any values do: proofs are not checked here."""

    vk_tree_root: str = to_hex(bytes(32))
    protocol_contracts_hash: str = to_hex(bytes(32))
    genesis_archive_root: str = to_hex(b"\x01" + bytes(31))


@attrs.frozen(kw_only=True)
class RewardParameters:
    """Source: ``RewardLib.sol`` ``RewardConfig``.

    Args:
        reward_distributor: the zero address stands for the Registry's own.
        sequencer_bps: share of a checkpoint's reward that goes to its coinbase; provers share the rest.
        booster: the zero address stands for a new one with ``reward_boost_config``.
        checkpoint_reward_wei: for each proven checkpoint.
    """

    reward_distributor: str = ZERO_ADDRESS
    sequencer_bps: int = 7000
    booster: str = ZERO_ADDRESS
    checkpoint_reward_wei: int = 500 * WEI_PER_TOKEN


@attrs.frozen(kw_only=True)
class RewardBoostParameters:
    """Source: ``RewardBooster.sol`` ``RewardBoostConfig``."""

    increment: int = 125_000
    max_score: int = 15_000_000
    a: int = 1000
    minimum: int = 100_000
    k: int = 1_000_000


@attrs.frozen(kw_only=True)
class StakingQueueParameters:
    """The entry queue's. Source: ``StakingQueueConfig.sol``.

    Args:
        bootstrap_validator_set_size: so many must wait before the first flush; 0 for no bootstrap.
        bootstrap_flush_size: activations an epoch until the set has that size.
        normal_flush_size_min: activations an epoch, at least.
        normal_flush_size_quotient: one more activation for each so many active attesters.
        max_queue_flush_size: activations an epoch, at most.
    """

    bootstrap_validator_set_size: int
    bootstrap_flush_size: int
    normal_flush_size_min: int
    normal_flush_size_quotient: int
    max_queue_flush_size: int


@attrs.frozen(kw_only=True)
class RollupParameters:
    """Source: ``IRollup.sol`` ``RollupConfigInput``.

    Args:
        aztec_slot_duration_seconds: of one slot; a multiple of L1's 12 s keeps them aligned.
        aztec_epoch_duration_slots: slots in an epoch.
        slashing_quorum: votes of one round that slash, more than half of its slots.
        slashing_round_size_slots: slots in a round; whole epochs.
        slash_amounts_wei: small, medium, large; none smaller than the one before.
        slashing_offset_in_rounds: how many rounds back the judged epochs lie.
        mana_target: 0 for a rollup without transactions and fees.
        version: of the rollup in the Registry, where each occurs once.
        proving_cost_per_mana_wei: in ether.
        initial_eth_per_fee_asset: ether for one token of the fee asset, times 10^12.
        local_ejection_threshold_wei: whoever falls below it leaves this rollup.
        earliest_rewards_claimable_at: rewards cannot be made claimable before.
    """

    aztec_slot_duration_seconds: int
    aztec_epoch_duration_slots: int
    target_committee_size: int
    lag_in_epochs_for_validator_set: int = 2
    lag_in_epochs_for_randao: int = 1
    aztec_proof_submission_epochs: int = 1
    slashing_quorum: int
    slashing_round_size_slots: int
    slashing_lifetime_in_rounds: int
    slashing_execution_delay_in_rounds: int
    slash_amounts_wei: tuple[int, int, int]
    slashing_offset_in_rounds: int = 2
    slasher_flavor: SlasherFlavor = SlasherFlavor.TALLY
    slashing_vetoer: str = ZERO_ADDRESS
    slashing_disable_duration_seconds: int = 3 * _DAY
    mana_target: int = 0
    exit_delay_seconds: int
    version: int = 1
    proving_cost_per_mana_wei: int = 100
    initial_eth_per_fee_asset: int = 10_000_000
    reward_config: RewardParameters = RewardParameters()
    reward_boost_config: RewardBoostParameters = RewardBoostParameters()
    staking_queue_config: StakingQueueParameters
    local_ejection_threshold_wei: int
    earliest_rewards_claimable_at: int = 0
    inbox_lag: int = 1

    @property
    def epoch_seconds(self) -> int:
        """Length of an epoch."""
        return self.aztec_slot_duration_seconds * self.aztec_epoch_duration_slots


@attrs.frozen(kw_only=True)
class EscapeHatchParameters:
    """Source: ``EscapeHatch.sol``, the constructor's arguments after the bond token, which is the staking asset.

    Args:
        frequency: epochs from one hatch to the next.
        active_duration: epochs a hatch stays open.
    """

    bond_size_wei: int
    withdrawal_tax_wei: int
    failed_hatch_punishment_wei: int
    frequency: int
    active_duration: int
    lag_in_hatches: int = 1
    proposing_exit_delay_seconds: int = 30 * _DAY


@attrs.frozen(kw_only=True)
class FlushRewardParameters:
    """Source: ``FlushRewarder.sol``.

    Args:
        reward_per_insertion_wei: to whoever flushes the entry queue through the FlushRewarder, for each activation.
        initial_funding_wei: what it holds at first.
    """

    reward_per_insertion_wei: int = 100 * WEI_PER_TOKEN
    initial_funding_wei: int = 1_000_000 * WEI_PER_TOKEN


@attrs.frozen(kw_only=True)
class DevnetParameters:
    """A whole deployment.

    Args:
        name: of the set of parameters.
        escape_hatch: installed on the first rollup; None for a rollup without.
        reward_distributor_funding_wei: what the RewardDistributor holds at first.
        rewards_claimable: whether sequencers may claim from the start, as on mainnet since rewards were unlocked.
        owned_by_governance: whether Governance owns the contracts in the end; else the deployer keeps them.
    """

    name: str
    token: TokenParameters = TokenParameters()
    coin_issuer: CoinIssuerParameters = CoinIssuerParameters()
    gse: GseParameters = GseParameters()
    governance_proposer: GovernanceProposerParameters
    governance: GovernanceParameters
    genesis: GenesisParameters = GenesisParameters()
    rollup: RollupParameters
    escape_hatch: EscapeHatchParameters | None = None
    reward_distributor_funding_wei: int = 100_000_000 * WEI_PER_TOKEN
    flush_reward: FlushRewardParameters = FlushRewardParameters()
    rewards_claimable: bool = True
    owned_by_governance: bool = True

    def with_rollup(self, **changes: Any) -> DevnetParameters:
        """These parameters with others for the rollup."""
        return attrs.evolve(self, rollup=attrs.evolve(self.rollup, **changes))


SMALL = DevnetParameters(
    name="small",
    governance_proposer=GovernanceProposerParameters(quorum_size=6, round_size=10),
    governance=GovernanceParameters(
        propose_config=ProposeWithLockParameters(
            lock_delay_seconds=30 * _DAY, lock_amount_wei=1_000_000 * WEI_PER_TOKEN
        ),
        voting_delay_seconds=_MINUTE,
        voting_duration_seconds=_HOUR,
        execution_delay_seconds=_MINUTE,
        grace_period_seconds=7 * _DAY,
        quorum=_WHOLE // 10,
        required_yea_margin=_WHOLE * 4 // 100,
        minimum_votes_wei=400 * WEI_PER_TOKEN,
    ),
    rollup=RollupParameters(
        aztec_slot_duration_seconds=24,
        aztec_epoch_duration_slots=4,
        target_committee_size=4,
        slashing_quorum=9,
        slashing_round_size_slots=16,
        slashing_lifetime_in_rounds=5,
        slashing_execution_delay_in_rounds=0,
        slash_amounts_wei=(2_000 * WEI_PER_TOKEN, 2_000 * WEI_PER_TOKEN, 2_000 * WEI_PER_TOKEN),
        exit_delay_seconds=10 * _MINUTE,
        staking_queue_config=StakingQueueParameters(
            bootstrap_validator_set_size=0,
            bootstrap_flush_size=0,
            normal_flush_size_min=8,
            normal_flush_size_quotient=2,
            max_queue_flush_size=48,
        ),
        local_ejection_threshold_wei=196_000 * WEI_PER_TOKEN,
    ),
)
"""Short slots, short delays and a committee of four; for tests."""

MAINNET = DevnetParameters(
    name="mainnet",
    governance_proposer=GovernanceProposerParameters(quorum_size=600, round_size=1000),
    governance=GovernanceParameters(
        propose_config=ProposeWithLockParameters(
            lock_delay_seconds=90 * _DAY, lock_amount_wei=258_750_000 * WEI_PER_TOKEN
        ),
        voting_delay_seconds=3 * _DAY,
        voting_duration_seconds=7 * _DAY,
        execution_delay_seconds=2 * _DAY,
        grace_period_seconds=7 * _DAY,
        quorum=_WHOLE // 5,
        required_yea_margin=_WHOLE * 33 // 100,
        minimum_votes_wei=200_000_000 * WEI_PER_TOKEN,
    ),
    rollup=RollupParameters(
        aztec_slot_duration_seconds=72,
        aztec_epoch_duration_slots=32,
        target_committee_size=48,
        slashing_quorum=65,
        slashing_round_size_slots=128,
        slashing_lifetime_in_rounds=34,
        slashing_execution_delay_in_rounds=28,
        slash_amounts_wei=(2_000 * WEI_PER_TOKEN, 5_000 * WEI_PER_TOKEN, 5_000 * WEI_PER_TOKEN),
        slashing_vetoer="0xBbB4aF368d02827945748b28CD4b2D42e4A37480",
        mana_target=75_000_000,
        exit_delay_seconds=4 * _DAY,
        proving_cost_per_mana_wei=25_000_000,
        initial_eth_per_fee_asset=11_729_988,
        staking_queue_config=StakingQueueParameters(
            bootstrap_validator_set_size=500,
            bootstrap_flush_size=500,
            normal_flush_size_min=1,
            normal_flush_size_quotient=400,
            max_queue_flush_size=4,
        ),
        local_ejection_threshold_wei=190_000 * WEI_PER_TOKEN,
    ),
    escape_hatch=EscapeHatchParameters(
        bond_size_wei=332_000_000 * WEI_PER_TOKEN,
        withdrawal_tax_wei=1_660_000 * WEI_PER_TOKEN,
        failed_hatch_punishment_wei=9_600_000 * WEI_PER_TOKEN,
        frequency=112,
        active_duration=2,
    ),
)
"""What the canonical rollup of mainnet runs with.

Source: ``DeployAlpha.s.sol``; slash amounts and governance's execution delay from the defaults of aztec-node, which are
later.
"""

PRESETS = {preset.name: preset for preset in (SMALL, MAINNET)}
