"""Contract answers to records: ABI tuples in, frozen records out.

Every tuple is unpacked field by field, so that an answer with more or fewer fields fails instead of shifting.
"""

from __future__ import annotations

from typing import Any

from aztec_butler.core.errors import DecodeError
from aztec_butler.core.records import (
    STATUSES,
    AttesterView,
    ExitView,
    GovernanceWithdrawal,
    ProviderConfiguration,
    ProviderKey,
    QueuedDeposit,
    Status,
)


def decode_status(number: int) -> Status:
    """The status of a contract's enum value.

    >>> decode_status(2)
    <Status.ZOMBIE: 'zombie'>

    Raises:
        DecodeError: a number the contracts of 2.x to 5.x do not have.

    Source: StakingLib.sol, ``enum Status``.
    """
    if number >= len(STATUSES):
        raise DecodeError("an attester status that is not known", status=number, known=", ".join(STATUSES))
    return STATUSES[number]


def decode_exit(value: tuple[Any, ...]) -> ExitView | None:
    """The ``Exit`` struct; None when none is stored. Source: StakingLib.sol, ``struct Exit``."""
    withdrawal_id, amount_wei, exitable_at, recipient_or_withdrawer, is_recipient, exists = value
    if not exists:
        return None
    return ExitView(
        withdrawal_id=withdrawal_id,
        amount_wei=amount_wei,
        exitable_at=exitable_at,
        recipient_or_withdrawer=recipient_or_withdrawer,
        is_recipient=is_recipient,
    )


def decode_attester_view(value: tuple[Any, ...]) -> AttesterView:
    """The answer of ``getAttesterView``. Source: StakingLib.sol, ``struct AttesterView``."""
    status, effective_balance_wei, exit_value, (public_key, withdrawer) = value
    return AttesterView(
        status=decode_status(status),
        effective_balance_wei=effective_balance_wei,
        exit=decode_exit(exit_value),
        public_key=public_key,
        withdrawer=withdrawer,
    )


def decode_queued_deposit(position: int, value: tuple[Any, ...]) -> QueuedDeposit:
    """The answer of ``getEntryQueueAt(position)``. Source: StakingQueue.sol, ``struct DepositArgs``."""
    attester, withdrawer, public_key, _g2, _proof_of_possession, moves_with_latest_rollup = value
    return QueuedDeposit(
        position=position,
        attester=attester,
        withdrawer=withdrawer,
        public_key=public_key,
        moves_with_latest_rollup=moves_with_latest_rollup,
    )


def decode_provider(
    provider_id: int, configuration: tuple[Any, ...], queue: tuple[Any, ...]
) -> ProviderConfiguration:
    """The answers of ``providerConfigurations(id)`` and ``providerQueues(id)``. Source: StakingRegistry.sol."""
    admin, take_rate_bps, rewards_recipient = configuration
    first_index, last_index = queue
    return ProviderConfiguration(
        provider_id=provider_id,
        admin=admin,
        take_rate_bps=take_rate_bps,
        rewards_recipient=rewards_recipient,
        queue_first_index=first_index,
        queue_last_index=last_index,
    )


def decode_provider_key(provider_id: int, index: int, value: tuple[Any, ...]) -> ProviderKey:
    """The answer of ``getValueAtIndexInQueue(id, index)``. Source: StakingRegistry.sol, ``struct KeyStore``."""
    attester, public_key, _g2, _proof_of_possession = value
    return ProviderKey(provider_id=provider_id, index=index, attester=attester, public_key=public_key)


def decode_governance_withdrawal(withdrawal_id: int, value: tuple[Any, ...]) -> GovernanceWithdrawal:
    """The answer of ``getWithdrawal(id)``. Source: IGovernance.sol, ``struct Withdrawal``."""
    amount_wei, unlocks_at, recipient, is_claimed = value
    return GovernanceWithdrawal(
        withdrawal_id=withdrawal_id,
        amount_wei=amount_wei,
        unlocks_at=unlocks_at,
        recipient=recipient,
        is_claimed=is_claimed,
    )
