"""Calls of the StakingRegistry: operators and their terms, and stakes made with them.

Where the provider's present terms are given (``current``), what the contract would refuse is refused here already.
"""

from __future__ import annotations

from aztec_butler.core.calldata.arguments import (
    check_bool,
    check_provider,
    check_take_rate,
    staking_registry_address,
)
from aztec_butler.core.calls import Call, build_call, check_address, check_uint
from aztec_butler.core.contracts.staking_registry import STAKING_REGISTRY
from aztec_butler.core.errors import InputError
from aztec_butler.core.records import ProviderConfiguration
from aztec_butler.core.units import render_bps


def register_provider(
    *, admin: str, take_rate_bps: int, rewards_recipient: str, staking_registry: str = "mainnet"
) -> Call:
    """Become an operator: anybody may register anybody, the admin then rules.

    Args:
        admin: who may add keys and change the terms.
        take_rate_bps: the operator's share of rewards in basis points; every delegation keeps the rate it began with.
        rewards_recipient: where the operator's share goes.
        staking_registry: the contract, or the name of a network whose StakingRegistry is known.

    >>> register_provider(admin="0x" + "aa" * 20, take_rate_bps=500, rewards_recipient="0x" + "bb" * 20).selector
    '0xea4a1e03'

    Raises:
        InputError: a zero address, or a rate above 10,000 basis points.

    Source: StakingRegistry.sol ``registerProvider``.
    """
    admin = check_address("admin", admin)
    recipient = check_address("rewards_recipient", rewards_recipient)
    rate = check_take_rate("take_rate_bps", take_rate_bps)
    return build_call(
        staking_registry_address(staking_registry),
        STAKING_REGISTRY.function("registerProvider"),
        admin,
        rate,
        recipient,
        summary=f"Register a provider with admin {admin}, a take rate of {render_bps(rate)} and rewards to {recipient}",
    )


def update_provider_admin(
    provider_id: int,
    new_admin: str,
    *,
    current: ProviderConfiguration | None = None,
    staking_registry: str = "mainnet",
) -> Call:
    """Name another admin, who then has to accept; until then the old one rules.

    Args:
        provider_id: of the provider.
        new_admin: who is to rule.
        current: the provider as it is, to refuse the admin that it has.
        staking_registry: the contract, or the name of a network whose StakingRegistry is known.

    Raises:
        InputError: the zero address, or the present admin.

    Source: StakingRegistry.sol ``updateProviderAdmin``.
    """
    identifier = check_provider(provider_id, current)
    admin = check_address("new_admin", new_admin)
    if current is not None and current.admin == admin:
        raise InputError(
            "this address is the provider's admin already", provider_id=identifier, new_admin=admin
        )
    return build_call(
        staking_registry_address(staking_registry),
        STAKING_REGISTRY.function("updateProviderAdmin"),
        identifier,
        admin,
        summary=f"Name {admin} as the next admin of provider {identifier}, who has to accept",
    )


def accept_provider_admin(
    provider_id: int,
    *,
    current: ProviderConfiguration | None = None,
    staking_registry: str = "mainnet",
) -> Call:
    """Accept the role of a provider's admin; sent by the address that the old admin named.

    Args:
        provider_id: of the provider.
        current: the provider as it is; its id is compared.
        staking_registry: the contract, or the name of a network whose StakingRegistry is known.

    Source: StakingRegistry.sol ``acceptProviderAdmin``.
    """
    identifier = check_provider(provider_id, current)
    return build_call(
        staking_registry_address(staking_registry),
        STAKING_REGISTRY.function("acceptProviderAdmin"),
        identifier,
        summary=f"Accept the role of admin of provider {identifier}",
    )


def update_rewards_recipient(
    provider_id: int,
    rewards_recipient: str,
    *,
    current: ProviderConfiguration | None = None,
    staking_registry: str = "mainnet",
) -> Call:
    """Send the operator's share of future delegations elsewhere; the splits of past ones never change.

    Args:
        provider_id: of the provider.
        rewards_recipient: where the operator's share goes.
        current: the provider as it is, to refuse the recipient that it has.
        staking_registry: the contract, or the name of a network whose StakingRegistry is known.

    Raises:
        InputError: the zero address, or the present recipient.

    Source: StakingRegistry.sol ``updateProviderRewardsRecipient``.
    """
    identifier = check_provider(provider_id, current)
    recipient = check_address("rewards_recipient", rewards_recipient)
    if current is not None and current.rewards_recipient == recipient:
        raise InputError(
            "the provider's rewards go to this address already",
            provider_id=identifier,
            rewards_recipient=recipient,
        )
    return build_call(
        staking_registry_address(staking_registry),
        STAKING_REGISTRY.function("updateProviderRewardsRecipient"),
        identifier,
        recipient,
        summary=f"Send the rewards of provider {identifier} from future delegations to {recipient}",
    )


def update_take_rate(
    provider_id: int,
    take_rate_bps: int,
    *,
    current: ProviderConfiguration | None = None,
    staking_registry: str = "mainnet",
) -> Call:
    """Change the operator's share for future delegations; those made before keep theirs.

    Args:
        provider_id: of the provider.
        take_rate_bps: the new share in basis points.
        current: the provider as it is, to refuse the rate that it has.
        staking_registry: the contract, or the name of a network whose StakingRegistry is known.

    Raises:
        InputError: a rate above 10,000 basis points, or the present one.

    Source: StakingRegistry.sol ``updateProviderTakeRate``.
    """
    identifier = check_provider(provider_id, current)
    rate = check_take_rate("take_rate_bps", take_rate_bps)
    before = ""
    if current is not None:
        if current.take_rate_bps == rate:
            raise InputError(
                "the provider has this take rate already; the contract refuses it",
                provider_id=identifier,
                take_rate_bps=rate,
            )
        before = f" from {render_bps(current.take_rate_bps)}"
    return build_call(
        staking_registry_address(staking_registry),
        STAKING_REGISTRY.function("updateProviderTakeRate"),
        identifier,
        rate,
        summary=f"Change the take rate of provider {identifier}{before} to {render_bps(rate)} for future delegations",
    )


def stake(
    provider_id: int,
    *,
    rollup_version: int,
    withdrawer: str,
    expected_take_rate_bps: int,
    rewards_recipient: str,
    moves_with_latest_rollup: bool,
    current: ProviderConfiguration | None = None,
    staking_registry: str = "mainnet",
) -> Call:
    """Stake on the next key of a provider's queue; the sender pays the activation threshold, approved before.

    Args:
        provider_id: of the provider.
        rollup_version: of the rollup to stake on.
        withdrawer: who may withdraw the stake, for ever.
        expected_take_rate_bps: the share that the operator is thought to take; another one reverts.
        rewards_recipient: where the staker's share of the rewards goes.
        moves_with_latest_rollup: whether the stake follows the canonical rollup.
        current: the provider as it is, to refuse another take rate and an empty queue.
        staking_registry: the contract, or the name of a network whose StakingRegistry is known.

    Raises:
        InputError: a zero address, a rate that is not the provider's, or no key to stake on.

    Source: StakingRegistry.sol ``stake``.
    """
    identifier = check_provider(provider_id, current)
    version = check_uint("rollup_version", rollup_version)
    owner = check_address("withdrawer", withdrawer)
    recipient = check_address("rewards_recipient", rewards_recipient)
    rate = check_take_rate("expected_take_rate_bps", expected_take_rate_bps)
    moves = check_bool("moves_with_latest_rollup", moves_with_latest_rollup)
    if current is not None and current.take_rate_bps != rate:
        raise InputError(
            "the provider has another take rate",
            hint="decide again",
            provider_id=identifier,
            take_rate_bps=current.take_rate_bps,
            expected_take_rate_bps=rate,
        )
    if current is not None and current.keys_queued == 0:
        raise InputError("the provider's queue holds no key to stake on", provider_id=identifier)
    return build_call(
        staking_registry_address(staking_registry),
        STAKING_REGISTRY.function("stake"),
        identifier,
        version,
        owner,
        rate,
        recipient,
        moves,
        summary=(
            f"Stake one activation threshold with provider {identifier} at a take rate of {render_bps(rate)} on rollup"
            f" version {version}{', moving with the latest rollup' if moves else ''}, with withdrawer {owner}"
            f" and rewards to {recipient}"
        ),
    )
