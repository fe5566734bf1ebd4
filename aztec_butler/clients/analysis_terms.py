"""What analyses need to know of the canonical rollup: sizes, quorums and rewards, at one block."""

from __future__ import annotations

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.slashing_rounds import fetch_proposers
from aztec_butler.core.concentration_figures import ConcentrationTerms
from aztec_butler.core.contracts import GOVERNANCE, ROLLUP, SLASHING_PROPOSER, TOKEN
from aztec_butler.core.errors import NotFoundError
from aztec_butler.core.exits import governance_withdrawal_delay
from aztec_butler.core.marginal_reward import RewardTerms
from aztec_butler.core.records import BlockStamp, Deployment, RollupState


def fetch_concentration_terms(
    multicall: Multicall, rollup: RollupState, block: BlockStamp
) -> ConcentrationTerms:
    """A rollup's committee size, and the quorum of its slasher where votes decide about slashes.

    Raises:
        NodeError: the node failed.
    """
    address = rollup.rollup.address
    proposer = fetch_proposers(multicall, {address: rollup.slasher}, block).get(address)
    reads = [Read(address, ROLLUP.function("getTargetCommitteeSize"))]
    if proposer is not None:
        reads += [Read(proposer, SLASHING_PROPOSER.function(name)) for name in ("QUORUM", "ROUND_SIZE")]
    size, *slashing = multicall.read(reads, block)
    return ConcentrationTerms(
        committee_size=size or None,
        slashing_quorum=slashing[0] if slashing else None,
        slashing_round_size=slashing[1] if slashing else None,
    )


def fetch_reward_terms(
    multicall: Multicall, deployment: Deployment, rollup: RollupState, block: BlockStamp
) -> RewardTerms:
    """What decides about rewards of a rollup's proposers.

    Raises:
        NotFoundError: rollups of the second generation have other rewards, which are not read.
        NodeError: the node failed.
    """
    address, generation = rollup.rollup.address, rollup.rollup.generation
    if generation < 4:
        raise NotFoundError(
            "the rewards of this generation of rollups are not known", generation=generation, rollup=address
        )
    names = ("getTargetCommitteeSize", "getRewardConfig", "getRewardDistributor", "getCheckpointReward")
    size, config, distributor, reward_wei = multicall.read(
        [Read(address, ROLLUP.function(name, generation)) for name in names], block
    )
    (balance_wei,) = multicall.read(
        [Read(deployment.staking_asset, TOKEN.function("balanceOf"), (distributor,))], block
    )
    return RewardTerms(
        active=rollup.active_count,
        committee_size=size,
        slot_seconds=rollup.rollup.slot_seconds,
        checkpoint_reward_wei=reward_wei,
        sequencer_bps=config[1],
        distributor_wei=balance_wei,
        stake_wei=deployment.activation_threshold_wei,
    )


def fetch_governance_delay(multicall: Multicall, deployment: Deployment, block: BlockStamp) -> int:
    """Seconds that Governance keeps a withdrawal that begins in the block.

    Raises:
        NodeError: the node failed.
    """
    (config,) = multicall.read([Read(deployment.governance, GOVERNANCE.function("getConfiguration"))], block)
    _, voting_delay, voting_duration, execution_delay, *_ = config
    return governance_withdrawal_delay(
        voting_delay_seconds=voting_delay,
        voting_duration_seconds=voting_duration,
        execution_delay_seconds=execution_delay,
    )
