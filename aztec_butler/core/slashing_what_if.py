"""What slashes would do to whom: one after the other, until somebody is out of the set and further."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import AttesterView, ExitView, RollupState, Status, unit
from aztec_butler.core.slashing import (
    EjectionThresholds,
    SlashOutcome,
    headroom_wei,
    slash_outcome,
    slashes_until_ejection,
)
from aztec_butler.core.staking_state import StakingState

MOST_SLASHES = 10_000
"""In one question; more than anybody survives."""


@attrs.frozen(kw_only=True)
class SlashWhatIf:
    """What some slashes would do to one attester."""

    attester: str
    provider_id: int | None
    """None when it was staked directly."""
    staker: str | None
    """Who staked with the provider; None as above."""
    withdrawer: str
    rollup_version: int
    status: Status
    """Now."""
    stake_wei: int = unit("wei")
    """Now, in the set."""
    headroom_wei: int | None = unit("wei")
    """What it can lose to one slash and still stay in the set; None when it is not in the set."""
    amount_wei: int = unit("wei")
    """What each slash asks for."""
    slashes: int
    """Of that amount, in a row."""
    ejecting_slash: int | None
    """Which slash of that amount ejects it, whether there are so many or not; None when it is not in the set, or nothing
    ejects it."""
    is_ejected: bool
    """Whether one of these does."""
    slashed_wei: int = unit("wei")
    """What they take together."""
    stake_after_wei: int = unit("wei")
    exit_after_wei: int = unit("wei")
    """What waits in an exit afterwards."""
    status_after: Status


def slash_repeatedly(
    view: AttesterView,
    amount_wei: int,
    count: int,
    *,
    thresholds: EjectionThresholds,
    now_at: int,
    exit_delay_seconds: int,
) -> tuple[SlashOutcome, ...]:
    """What slashes of one amount do, one after the other in one block.

    Args:
        view: the attester before, on this rollup.
        amount_wei: what each asks for.
        count: how many.
        thresholds: when it is ejected.
        now_at: the block's time.
        exit_delay_seconds: the rollup's: so long what is left of an ejected one can be slashed on.

    Raises:
        InputError: an amount of zero, or no number of slashes.

    Source: StakingLib ``slash``.
    """
    if amount_wei <= 0:
        raise InputError("a slash takes more than nothing", amount_wei=amount_wei)
    if not 1 <= count <= MOST_SLASHES:
        raise InputError("no such number of slashes", slashes=count, limit=MOST_SLASHES)
    outcomes = []
    for _ in range(count):
        outcome = slash_outcome(view, amount_wei, thresholds=thresholds, now_at=now_at)
        outcomes.append(outcome)
        view = _after(view, outcome, now_at + exit_delay_seconds)
    return tuple(outcomes)


def _after(view: AttesterView, outcome: SlashOutcome, exitable_at: int) -> AttesterView:
    leaving = None
    if outcome.exit_amount_wei:
        leaving = (
            ExitView(  # of a zombie: the withdrawer stands in for a recipient that nobody has named
                withdrawal_id=0,
                amount_wei=outcome.exit_amount_wei,
                exitable_at=exitable_at,
                recipient_or_withdrawer=view.withdrawer or ZERO_ADDRESS,
                is_recipient=False,
            )
            if view.exit is None
            else attrs.evolve(view.exit, amount_wei=outcome.exit_amount_wei)
        )
    return attrs.evolve(view, status=outcome.status, effective_balance_wei=outcome.stake_wei, exit=leaving)


def slash_what_if(
    state: StakingState,
    amounts_wei: Mapping[str, int],
    count: int = 1,
    *,
    attesters: Collection[str] | None = None,
) -> tuple[SlashWhatIf, ...]:
    """What slashes would do to everybody in the set, or to some attesters wherever they stand; in the order of the state.

    Args:
        state: everything at one block.
        amounts_wei: what each slash asks for, by the address of the rollup.
        count: how many slashes each attester gets.
        attesters: whom; None for everybody in the set.

    Raises:
        InputError: an amount of zero, or no number of slashes.
        NotFoundError: one of the attesters was never staked on, or no amount is known for its rollup.
    """
    wanted = None if attesters is None else list(attesters)
    strangers = [each for each in wanted or () if each not in state.views]
    if strangers:
        raise NotFoundError("nobody has staked on this attester", attester=strangers[0])
    if wanted is None:
        wanted = [a for a, view in state.views.items() if view.status is Status.VALIDATING]
    return tuple(_what_if(state, attester, amounts_wei, count) for attester in wanted)


def _what_if(state: StakingState, attester: str, amounts_wei: Mapping[str, int], count: int) -> SlashWhatIf:
    view, row = state.views[attester], state.by_attester[attester]
    home = state.by_address[state.whereabouts.home(attester)]
    amount_wei = amounts_wei.get(home.rollup.address)
    if amount_wei is None:
        raise NotFoundError(
            "no votes decide about slashes on this rollup, so there is no usual amount",
            hint="name an amount",
            attester=attester,
            rollup_version=home.rollup.version,
        )
    thresholds = thresholds_of(state, home)
    outcomes = slash_repeatedly(
        view,
        amount_wei,
        count,
        thresholds=thresholds,
        now_at=state.block.timestamp,
        exit_delay_seconds=home.rollup.exit_delay_seconds,
    )
    in_set = view.status is Status.VALIDATING
    stake_wei = view.effective_balance_wei
    return SlashWhatIf(
        attester=attester,
        provider_id=row.provider_id,
        staker=row.staker,
        withdrawer=row.withdrawer or view.withdrawer,
        rollup_version=home.rollup.version,
        status=view.status,
        stake_wei=stake_wei,
        headroom_wei=headroom_wei(stake_wei, thresholds) if in_set else None,
        amount_wei=amount_wei,
        slashes=count,
        ejecting_slash=_ejecting(view, amount_wei, thresholds) if in_set else None,
        is_ejected=any(outcome.is_ejection for outcome in outcomes),
        slashed_wei=sum(outcome.slashed_wei for outcome in outcomes),
        stake_after_wei=outcomes[-1].stake_wei,
        exit_after_wei=outcomes[-1].exit_amount_wei,
        status_after=outcomes[-1].status,
    )


def _ejecting(view: AttesterView, amount_wei: int, thresholds: EjectionThresholds) -> int | None:
    if thresholds.gse_wei == 0:
        return None  # such a GSE removes nobody
    return slashes_until_ejection(view.effective_balance_wei, amount_wei, thresholds)


def thresholds_of(state: StakingState, rollup: RollupState) -> EjectionThresholds:
    """The stakes below which a slash on a rollup ejects."""
    return EjectionThresholds(
        local_wei=rollup.local_ejection_threshold_wei, gse_wei=state.deployment.ejection_threshold_wei
    )
