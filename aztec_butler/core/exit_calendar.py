"""Who may withdraw what when: pending exits in the order in which they can be paid, and exits that somebody thinks of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.exits import Actor, ExitState, next_actor, withdrawable_at
from aztec_butler.core.records import Status, unit
from aztec_butler.core.rows import Exit
from aztec_butler.core.staking_state import StakingState


class Planned(StrEnum):
    """Whether an exit has begun."""

    PENDING = "pending"
    """It has."""
    IF_LEFT_NOW = "if-left-now"
    """It has not: these would be its times if it began in the block that the answer is of."""


@attrs.frozen(kw_only=True)
class ExitDate:
    """One exit in the calendar."""

    withdrawable_at: int = unit("s")
    """When it can be paid: the later of the rollup's delay and Governance's."""
    attester: str
    planned: Planned
    state: ExitState | None
    """How far it is; None before it begins."""
    amount_wei: int = unit("wei")
    """Less what slashes take until the rollup's delay is over."""
    cumulative_wei: int = unit("wei")
    """Of this one and all before it in the calendar."""
    slashable_until_at: int = unit("s")
    """The rollup's delay is over."""
    unlocks_at: int = unit("s")
    """Governance's delay is over."""
    withdrawer: str
    recipient: str | None
    """None: nobody has named one."""
    provider_id: int | None
    """None when it was staked directly."""
    staker: str | None
    """Who staked with the provider; None as above."""
    next_actor: Actor
    """Who has to do something for it to go on."""
    rollup_version: int


def exit_calendar(
    state: StakingState,
    exits: Iterable[Exit],
    *,
    leaving: Sequence[str] = (),
    governance_delay_seconds: int | None = None,
) -> tuple[ExitDate, ...]:
    """Every exit that is not paid, the next one first; of those at the same time in the order in which they began.

    Args:
        state: everything at one block.
        exits: all of them, the paid ones too.
        leaving: attesters in the set that are thought to leave in the block.
        governance_delay_seconds: how long Governance keeps a withdrawal that begins in the block; needed for those.

    Raises:
        InputError: one of those who would leave is not in the set, or is named twice.
    """
    dates = [
        _pending(state, each)
        for each in exits
        if each.withdrawable_at is not None and each.exitable_at is not None and each.unlocks_at is not None
    ]
    if leaving and governance_delay_seconds is None:
        raise InputError("when exits of now are paid depends on Governance's delay")
    if len(set(leaving)) < len(leaving):
        raise InputError("an attester leaves once", attesters=len(leaving))
    for attester in leaving:
        assert governance_delay_seconds is not None
        dates.append(_thought_of(state, attester, governance_delay_seconds))
    dates.sort(key=lambda date: date.withdrawable_at)
    running_wei = 0
    calendar = []
    for date in dates:
        running_wei += date.amount_wei
        calendar.append(attrs.evolve(date, cumulative_wei=running_wei))
    return tuple(calendar)


def _pending(state: StakingState, each: Exit) -> ExitDate:
    row = state.by_attester[each.attester]
    assert each.withdrawable_at is not None
    assert each.exitable_at is not None
    assert each.unlocks_at is not None
    return ExitDate(
        withdrawable_at=each.withdrawable_at,
        attester=each.attester,
        planned=Planned.PENDING,
        state=each.state,
        amount_wei=each.amount_wei,
        cumulative_wei=0,
        slashable_until_at=each.exitable_at,
        unlocks_at=each.unlocks_at,
        withdrawer=each.withdrawer,
        recipient=each.recipient,
        provider_id=row.provider_id,
        staker=row.staker,
        next_actor=next_actor(each.state),
        rollup_version=each.rollup_version,
    )


def _thought_of(state: StakingState, attester: str, governance_delay_seconds: int) -> ExitDate:
    view = state.views.get(attester)
    if view is None or view.status is not Status.VALIDATING:
        raise InputError(
            "only who is in the set can leave it",
            attester=attester,
            status="never staked" if view is None else view.status.value,
        )
    row, home = state.by_attester[attester], state.by_address[state.whereabouts.home(attester)]
    now_at = state.block.timestamp
    exitable_at = now_at + home.rollup.exit_delay_seconds
    unlocks_at = now_at + governance_delay_seconds
    return ExitDate(
        withdrawable_at=withdrawable_at(exitable_at=exitable_at, unlocks_at=unlocks_at),
        attester=attester,
        planned=Planned.IF_LEFT_NOW,
        state=None,
        amount_wei=view.effective_balance_wei,
        cumulative_wei=0,
        slashable_until_at=exitable_at,
        unlocks_at=unlocks_at,
        withdrawer=view.withdrawer,
        recipient=None,
        provider_id=row.provider_id,
        staker=row.staker,
        next_actor=Actor.WITHDRAWER,
        rollup_version=home.rollup.version,
    )
