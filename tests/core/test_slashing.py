"""Slashes on hand-computed stakes, and the number that one survives against slashing until ejection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.records import AttesterView, ExitView, Status
from aztec_butler.core.slashing import (
    EjectionThresholds,
    SlashOutcome,
    headroom_wei,
    slash_outcome,
    slashes_survived,
    slashes_until_ejection,
)

# Mainnet in thousands of tokens: 200 staked, ejected below 190 by the rollup, below 100 by the GSE.
MAINNET = EjectionThresholds(local_wei=190, gse_wei=100)
WITHDRAWER = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"


def view(stake_wei=200, *, exit_wei=0, is_recipient=True, exitable_at=1000):
    leaving = None
    status = Status.VALIDATING if stake_wei else Status.NONE
    if exit_wei:
        leaving = ExitView(
            withdrawal_id=1,
            amount_wei=exit_wei,
            exitable_at=exitable_at,
            recipient_or_withdrawer=WITHDRAWER,
            is_recipient=is_recipient,
        )
        status = Status.EXITING if is_recipient else Status.ZOMBIE
    return AttesterView(
        status=status,
        effective_balance_wei=stake_wei,
        exit=leaving,
        public_key=(1, 2),
        withdrawer=WITHDRAWER,
    )


def outcome(slashed_wei, status, *, stake_wei=0, exit_amount_wei=0, is_ejection=False):
    return SlashOutcome(
        slashed_wei=slashed_wei,
        status=status,
        stake_wei=stake_wei,
        exit_amount_wei=exit_amount_wei,
        is_ejection=is_ejection,
    )


def slash(seen, amount_wei, thresholds=MAINNET, now_at=500):
    return slash_outcome(seen, amount_wei, thresholds=thresholds, now_at=now_at)


@pytest.mark.parametrize(
    ("stake", "amount", "thresholds", "expected"),
    [
        # Above, at and below the rollup's threshold: a remainder equal to it stays.
        (200, 2, MAINNET, outcome(2, Status.VALIDATING, stake_wei=198)),
        (200, 10, MAINNET, outcome(10, Status.VALIDATING, stake_wei=190)),
        (200, 11, MAINNET, outcome(11, Status.ZOMBIE, exit_amount_wei=189, is_ejection=True)),
        # The same at the GSE's threshold, where that one is the higher.
        (
            200,
            100,
            EjectionThresholds(local_wei=0, gse_wei=100),
            outcome(100, Status.VALIDATING, stake_wei=100),
        ),
        (
            200,
            101,
            EjectionThresholds(local_wei=0, gse_wei=100),
            outcome(101, Status.ZOMBIE, exit_amount_wei=99, is_ejection=True),
        ),
        # The whole stake, and more than it: nothing is left for an exit.
        (200, 200, MAINNET, outcome(200, Status.NONE, is_ejection=True)),
        (200, 10**30, MAINNET, outcome(200, Status.NONE, is_ejection=True)),
        # A stake under a threshold that was raised later goes with the first slash, however small.
        (150, 1, MAINNET, outcome(1, Status.ZOMBIE, exit_amount_wei=149, is_ejection=True)),
        # A GSE without a threshold removes nobody, so the rest is lost instead of waiting in an exit.
        (200, 11, EjectionThresholds(local_wei=190, gse_wei=0), outcome(11, Status.NONE)),
        (0, 5, MAINNET, outcome(0, Status.NONE)),
    ],
)
def test_slash_outcome__stake__leaves_or_ejects(stake, amount, thresholds, expected):
    assert slash(view(stake), amount, thresholds) == expected


@pytest.mark.parametrize(
    ("is_recipient", "amount", "now_at", "expected"),
    [
        (True, 20, 999, outcome(20, Status.EXITING, exit_amount_wei=130)),
        (False, 20, 999, outcome(20, Status.ZOMBIE, exit_amount_wei=130)),
        (True, 150, 999, outcome(150, Status.NONE)),
        (False, 900, 999, outcome(150, Status.NONE)),
        # Once the rollup's delay is over nothing is taken any more.
        (True, 20, 1000, outcome(0, Status.EXITING, exit_amount_wei=150)),
        (False, 20, 1000, outcome(0, Status.ZOMBIE, exit_amount_wei=150)),
    ],
)
def test_slash_outcome__exit__shrinks_while_the_rollup_delay_runs(is_recipient, amount, now_at, expected):
    assert slash(view(0, exit_wei=150, is_recipient=is_recipient), amount, now_at=now_at) == expected


@given(
    stake=st.integers(1, 10**6),
    amount=st.integers(0, 2 * 10**6),
    local=st.integers(0, 10**6),
    gse=st.integers(1, 10**6),
)
def test_slash_outcome__any_stake__loses_no_token(stake, amount, local, gse):
    found = slash(view(stake), amount, EjectionThresholds(local_wei=local, gse_wei=gse))
    assert found.stake_wei + found.exit_amount_wei + found.slashed_wei == stake
    assert found.is_ejection == (stake - found.slashed_wei < max(local, gse))
    assert (found.status is Status.ZOMBIE) == (found.exit_amount_wei > 0)
    assert (found.status is Status.VALIDATING) == (found.stake_wei > 0)


@pytest.mark.parametrize(
    ("stake", "amount", "headroom", "survived"),
    [(200, 2, 10, 5), (199, 2, 9, 4), (190, 2, 0, 0), (189, 2, 0, 0), (200, 10, 10, 1), (200, 11, 10, 0)],
)
def test_headroom__mainnet_thresholds__counts_whole_slashes(stake, amount, headroom, survived):
    assert headroom_wei(stake, MAINNET) == headroom
    assert slashes_survived(stake, amount, MAINNET) == survived
    assert slashes_until_ejection(stake, amount, MAINNET) == survived + 1


@given(
    stake=st.integers(1, 300),
    amount=st.integers(1, 50),
    local=st.integers(0, 300),
    gse=st.integers(1, 300),
)
def test_slashes_until_ejection__any_stake__equals_slashing_until_ejection(stake, amount, local, gse):
    thresholds = EjectionThresholds(local_wei=local, gse_wei=gse)
    predicted = slashes_until_ejection(stake, amount, thresholds)
    slashes, left = 0, stake
    while True:
        slashes += 1
        found = slash(view(left), amount, thresholds)
        if found.is_ejection:
            break
        left = found.stake_wei
    assert predicted == slashes


@given(stake=st.integers(1, 300), local=st.integers(0, 300), gse=st.integers(1, 300))
def test_headroom__any_stake__is_the_largest_slash_that_leaves_it_in(stake, local, gse):
    thresholds = EjectionThresholds(local_wei=local, gse_wei=gse)
    room = headroom_wei(stake, thresholds)
    assert slash(view(stake), room + 1, thresholds).is_ejection
    if stake >= thresholds.first_wei:
        assert not slash(view(stake), room, thresholds).is_ejection


def test_slashes_survived__slashes_of_nothing__are_refused():
    with pytest.raises(InputError):
        slashes_survived(200, 0, MAINNET)
