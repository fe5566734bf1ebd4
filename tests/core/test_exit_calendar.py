"""The calendar of exits: in order, added up, and only of who can leave."""

from __future__ import annotations

import pytest
from staking_states import delegate, state_of
from staking_story import ALICE, BOB, CAROL, NEW, OWNER, SPLIT, STAKE, STAKER, Story

from aztec_butler.core.errors import InputError
from aztec_butler.core.exit_calendar import Planned, exit_calendar
from aztec_butler.core.exits import Actor, ExitState
from aztec_butler.core.rows import Exit


@pytest.fixture
def state():
    """Alice leaves, Bob and Carol are in the set, Carol with a provider."""
    story = Story().queued(ALICE, NEW).activated(ALICE, NEW).queued(BOB, NEW).activated(BOB, NEW)
    story.registered().listed(CAROL)
    delegate(story, CAROL, SPLIT).activated(CAROL, NEW)
    return state_of(story.leaves(ALICE, at=NEW))


def leaves(attester: str, **changes) -> Exit:
    values = {
        "attester": attester,
        "state": ExitState.WAITING,
        "rollup_version": 1,
        "left_wei": STAKE,
        "amount_wei": STAKE - 5,
        "recipient": BOB,
        "withdrawer": OWNER,
        "is_ejection": False,
        "exitable_at": 100,
        "unlocks_at": 200,
        "withdrawable_at": 200,
        "withdrawal_id": 1,
        "initiated_block": 1,
        "initiated_at": 1,
        "finalized_block": None,
        "finalized_at": None,
    }
    return Exit(**values | changes)


PAID = {
    "state": ExitState.WITHDRAWN,
    "exitable_at": None,
    "unlocks_at": None,
    "withdrawable_at": None,
    "withdrawal_id": None,
}


def test_exit_calendar__pending_and_paid__only_what_is_to_come(state):
    exits = [leaves(ALICE), leaves(BOB, **PAID)]
    (date,) = exit_calendar(state, exits)
    assert (date.attester, date.planned, date.state) == (ALICE, Planned.PENDING, ExitState.WAITING)
    assert (date.withdrawable_at, date.slashable_until_at, date.unlocks_at) == (200, 100, 200)
    assert (date.amount_wei, date.cumulative_wei) == (STAKE - 5, STAKE - 5)
    assert date.next_actor is Actor.NOBODY


def test_exit_calendar__who_would_leave_now__has_the_later_of_both_delays(state):
    now_at = state.block.timestamp
    dates = exit_calendar(state, [leaves(ALICE)], leaving=[CAROL, BOB], governance_delay_seconds=10)
    assert [date.attester for date in dates] == [ALICE, CAROL, BOB]
    carol = dates[1]
    assert carol.withdrawable_at == now_at + 345_600  # the rollup's delay is the longer one here
    assert carol.unlocks_at == now_at + 10
    assert (carol.planned, carol.state, carol.next_actor) == (Planned.IF_LEFT_NOW, None, Actor.WITHDRAWER)
    assert (carol.provider_id, carol.staker, carol.recipient) == (1, OWNER, None)
    assert dates[2].cumulative_wei == 3 * STAKE - 5
    later = exit_calendar(state, [], leaving=[BOB], governance_delay_seconds=10**6)
    assert later[0].withdrawable_at == now_at + 10**6


@pytest.mark.parametrize(
    ("leaving", "told"),
    [([ALICE], "only who is in the set"), ([STAKER], "only who is in the set"), ([BOB, BOB], "leaves once")],
)
def test_exit_calendar__who_cannot_leave__is_refused(state, leaving, told):
    with pytest.raises(InputError, match=told):
        exit_calendar(state, [], leaving=leaving, governance_delay_seconds=10)


def test_exit_calendar__without_governances_delay__does_not_guess(state):
    with pytest.raises(InputError, match="Governance"):
        exit_calendar(state, [], leaving=[BOB])
