"""Exits: when the money can be paid, and who has to act next.

Two clocks run from the initiation of an exit, on the rollup and in Governance, and both have to be over. Which of them
ends later depends on the configuration, so neither may be shown alone.
"""

from __future__ import annotations

from enum import StrEnum

from aztec_butler.core.errors import InputError
from aztec_butler.core.records import ExitView


class ExitState(StrEnum):
    """How far an exit is."""

    AWAITING_RECIPIENT = "awaiting-recipient"
    """A slash ejected the attester (a zombie); nobody is paid before its withdrawer names a recipient. The delays run
    meanwhile."""
    WAITING = "waiting"
    """A recipient is named, the delays are not over."""
    WITHDRAWABLE = "withdrawable"
    """The next block can pay it."""
    WITHDRAWN = "withdrawn"
    """It was paid."""
    BURNED = "burned"
    """Slashes took all of it, and there is nothing to pay."""


class Actor(StrEnum):
    """Whose move it is."""

    WITHDRAWER = "withdrawer"
    """The withdrawer calls ``initiateWithdraw(attester, recipient)`` on the rollup."""
    ANYONE = "anyone"
    """Anybody calls ``finalizeWithdraw(attester)`` on the rollup."""
    NOBODY = "nobody"
    """Time has to pass, or all is done."""


def withdrawable_at(*, exitable_at: int, unlocks_at: int) -> int:
    """The first time at which ``finalizeWithdraw`` pays an exit that has a recipient.

    Args:
        exitable_at: the rollup's delay over, ``getExit(attester).exitableAt``, in Unix seconds.
        unlocks_at: Governance's delay over, ``getWithdrawal(exit.withdrawalId).unlocksAt``, in Unix seconds.

    >>> withdrawable_at(exitable_at=1_700_345_600, unlocks_at=1_700_829_440)
    1700829440

    Source: StakingLib ``finalizeWithdraw``, GSE ``finalizeWithdraw``, Governance ``finalizeWithdraw``.
    """
    return max(exitable_at, unlocks_at)


def governance_withdrawal_delay(
    *, voting_delay_seconds: int, voting_duration_seconds: int, execution_delay_seconds: int
) -> int:
    """Seconds that Governance keeps a withdrawal that is initiated under this configuration.

    >>> governance_withdrawal_delay(
    ...     voting_delay_seconds=259_200, voting_duration_seconds=604_800, execution_delay_seconds=172_800)
    829440

    Source: ConfigurationLib ``getWithdrawalDelay``.
    """
    return voting_delay_seconds // 5 + voting_duration_seconds + execution_delay_seconds


def is_exit_slashable(exit_view: ExitView, *, now_at: int) -> bool:
    """Whether a slash in a block of this time would still take from the exit.

    It follows the rollup's delay alone: an exit that only waits for Governance cannot be slashed any more.

    Source: StakingLib ``isSlashable``.
    """
    return exit_view.exitable_at > now_at


def exit_state(
    exit_view: ExitView | None, *, unlocks_at: int | None, was_finalized: bool, now_at: int
) -> ExitState:
    """How far the exit of an attester that left the set is.

    Args:
        exit_view: what the rollup stores; None when it stores none any more.
        unlocks_at: Governance's delay over, in Unix seconds; None only without ``exit_view``.
        was_finalized: whether ``WithdrawFinalized`` was emitted for the attester. An attester can leave only once.
        now_at: the block's time, in Unix seconds.

    Raises:
        InputError: an exit without Governance's delay.

    Source: StakingLib ``finalizeWithdraw``, ``slash``.
    """
    if was_finalized:
        return ExitState.WITHDRAWN
    if exit_view is None:
        return ExitState.BURNED
    if unlocks_at is None:
        raise InputError("the state of an exit needs both delays", withdrawal_id=exit_view.withdrawal_id)
    if not exit_view.is_recipient:
        return ExitState.AWAITING_RECIPIENT
    payable_at = withdrawable_at(exitable_at=exit_view.exitable_at, unlocks_at=unlocks_at)
    return ExitState.WITHDRAWABLE if now_at >= payable_at else ExitState.WAITING


def next_actor(state: ExitState) -> Actor:
    """Whose move it is in this state.

    >>> next_actor(ExitState.WITHDRAWABLE)
    <Actor.ANYONE: 'anyone'>

    Source: StakingLib ``initiateWithdraw``, ``finalizeWithdraw``.
    """
    if state is ExitState.AWAITING_RECIPIENT:
        return Actor.WITHDRAWER
    return Actor.ANYONE if state is ExitState.WITHDRAWABLE else Actor.NOBODY
