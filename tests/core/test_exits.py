"""Exits: the two delays, the states, and whose move it is."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.exits import (
    Actor,
    ExitState,
    exit_state,
    governance_withdrawal_delay,
    is_exit_slashable,
    next_actor,
    withdrawable_at,
)
from aztec_butler.core.records import ExitView

EXIT = ExitView(
    withdrawal_id=3,
    amount_wei=200_000 * 10**18,
    exitable_at=1000,
    recipient_or_withdrawer="0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2",
    is_recipient=True,
)
ZOMBIE = attrs.evolve(EXIT, is_recipient=False)
DAY = 86_400


def state(exit_view=EXIT, *, unlocks_at=2000, was_finalized=False, now_at=1500):
    return exit_state(exit_view, unlocks_at=unlocks_at, was_finalized=was_finalized, now_at=now_at)


@pytest.mark.parametrize(("exitable_at", "unlocks_at"), [(1000, 2000), (2000, 1000), (2000, 2000)])
def test_withdrawable_at__two_delays__is_the_later(exitable_at, unlocks_at):
    assert withdrawable_at(exitable_at=exitable_at, unlocks_at=unlocks_at) == 2000


@pytest.mark.parametrize(
    ("voting_delay", "voting_duration", "execution_delay", "seconds"),
    [
        # Mainnet: 3 d / 5 + 7 d + 2 d = 9.6 d; ignition: 3 d / 5 + 7 d + 7 d = 14.6 d.
        (3 * DAY, 7 * DAY, 2 * DAY, 829_440),
        (3 * DAY, 7 * DAY, 7 * DAY, 1_261_440),
        # The fifth is rounded down: 64 / 5 = 12.
        (64, 100, 1000, 1112),
    ],
)
def test_governance_withdrawal_delay__configurations__add_a_fifth_of_the_voting_delay(
    voting_delay, voting_duration, execution_delay, seconds
):
    assert (
        governance_withdrawal_delay(
            voting_delay_seconds=voting_delay,
            voting_duration_seconds=voting_duration,
            execution_delay_seconds=execution_delay,
        )
        == seconds
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"now_at": 1999}, ExitState.WAITING),
        ({"now_at": 2000}, ExitState.WITHDRAWABLE),
        ({"now_at": 999, "unlocks_at": 0}, ExitState.WAITING),
        ({"now_at": 1000, "unlocks_at": 0}, ExitState.WITHDRAWABLE),
        ({"exit_view": ZOMBIE}, ExitState.AWAITING_RECIPIENT),
        ({"exit_view": ZOMBIE, "now_at": 9999}, ExitState.AWAITING_RECIPIENT),
        ({"exit_view": None, "unlocks_at": None}, ExitState.BURNED),
        ({"exit_view": None, "unlocks_at": None, "was_finalized": True}, ExitState.WITHDRAWN),
    ],
)
def test_exit_state__each_case__is_told_apart(changes, expected):
    assert state(**changes) is expected


def test_exit_state__an_exit_without_governance_delay__is_refused():
    with pytest.raises(InputError):
        state(unlocks_at=None)


@given(exitable_at=st.integers(0, 100), unlocks_at=st.integers(0, 100), now_at=st.integers(0, 100))
def test_exit_state__any_times__is_withdrawable_when_neither_contract_would_revert(
    exitable_at, unlocks_at, now_at
):
    rollup_pays, governance_pays = exitable_at <= now_at, now_at >= unlocks_at
    found = state(attrs.evolve(EXIT, exitable_at=exitable_at), unlocks_at=unlocks_at, now_at=now_at)
    assert (found is ExitState.WITHDRAWABLE) == (rollup_pays and governance_pays)


def test_is_exit_slashable__around_the_rollup_delay__ends_with_it():
    assert is_exit_slashable(EXIT, now_at=999)
    assert not is_exit_slashable(EXIT, now_at=1000)


def test_next_actor__every_state__has_one():
    assert {found: next_actor(found) for found in ExitState} == {
        ExitState.AWAITING_RECIPIENT: Actor.WITHDRAWER,
        ExitState.WAITING: Actor.NOBODY,
        ExitState.WITHDRAWABLE: Actor.ANYONE,
        ExitState.WITHDRAWN: Actor.NOBODY,
        ExitState.BURNED: Actor.NOBODY,
    }
