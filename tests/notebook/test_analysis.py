"""Analyses of tables: exact sums, thresholds that are told, and no table of another kind taken for one."""

from __future__ import annotations

import attrs
import pandas as pd
import pytest

import aztec_butler as ab
from aztec_butler import InputError
from aztec_butler.core.exit_calendar import ExitDate, Planned
from aztec_butler.core.exits import Actor, ExitState
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import Status
from aztec_butler.core.rows import Attester
from aztec_butler.core.slashing_what_if import SlashWhatIf
from aztec_butler.notebook.frames import to_frame

TOKEN = 10**18
STAKE = 200_000 * TOKEN
DAY = 86_400


def attester(number: int, **changes) -> Attester:
    known = Attester(
        attester=f"A{number}",
        lifecycle=Lifecycle.VALIDATING,
        status=Status.VALIDATING,
        rollup_version=1,
        moves_with_latest_rollup=True,
        stake_wei=STAKE,
        exit_amount_wei=0,
        withdrawer=f"W{number}",
        provider_id=None,
        coinbase=None,
        staker=None,
        queue_position=None,
        activated_block=1,
    )
    return attrs.evolve(known, **changes)


@pytest.fixture
def attesters():
    """Two of provider 7, one of its own, one with an odd wei; and those that do not count."""
    rows = [
        attester(1, provider_id=7, staker="S1", withdrawer="W"),
        attester(2, provider_id=7, staker="S2", withdrawer="W"),
        attester(3),
        attester(4, stake_wei=STAKE - 1, withdrawer="W3"),
        attester(5, lifecycle=Lifecycle.ENTRY_QUEUED, stake_wei=0),
        attester(6, lifecycle=Lifecycle.PROVIDER_QUEUED, stake_wei=0, withdrawer=None, rollup_version=None),
        attester(7, lifecycle=Lifecycle.ZOMBIE, stake_wei=0, rollup_version=0),
    ]
    return to_frame(rows, Attester, facts={"block": 5})


def test_holders__by_provider__are_exact_and_keep_what_the_table_is_of(attesters):
    frame = ab.analysis.holders(attesters)
    assert frame.entity.tolist() == ["provider 7", "W3"]
    assert frame.stake_wei.tolist() == [2 * STAKE, 2 * STAKE - 1]
    assert frame.attesters.tolist() == [2, 2]
    assert frame.attrs == {"block": 5}
    assert frame.stake_wei.dtype == object
    assert frame.provider_id.tolist() == [7, pd.NA]


def test_holders__several_levels__stand_one_after_the_other(attesters):
    frame = ab.analysis.holders(attesters, by=["attester", "staker"])
    assert frame.by.tolist() == ["attester"] * 4 + ["staker"] * 3
    assert set(frame[frame.by == "staker"].entity) == {"S1", "S2", "W3"}


def test_concentration__quorums_given__every_row_says_what_it_stands_for(attesters):
    frame = ab.analysis.concentration(
        attesters, by="provider", committee_size=48, slashing_quorum=65, slashing_round_size=128
    )
    nakamoto = frame[frame.figure == "nakamoto"]
    # Provider 7 has half a wei more than a half, which no float would know.
    assert nakamoto.value.tolist() == [1, 1, 2, 2, 2]
    assert nakamoto.threshold.str.contains("33/48").sum() == 1
    assert nakamoto.threshold.str.contains("65/128").sum() == 1
    assert frame.meaning.notna().all()


def test_concentration__quorums_not_given__are_left_out_and_not_guessed(attesters):
    frame = ab.analysis.concentration(attesters)
    assert frame[frame.figure == "nakamoto"].threshold.str.startswith("more than").all()


def test_committee_odds__of_one_rollup(attesters):
    frame = ab.analysis.committee_odds(attesters, committee_size=2)
    assert frame.attesters.tolist() == [2, 2]
    assert frame.quorum_chance.tolist() == [1 / 6, 1 / 6]
    mixed = pd.concat([attesters, to_frame([attester(9, rollup_version=0)], Attester)])
    with pytest.raises(InputError, match="one rollup"):
        ab.analysis.committee_odds(mixed, committee_size=2)


def test_lorenz__any_stake__begins_at_nothing_and_ends_with_all(attesters):
    frame = ab.analysis.lorenz(attesters, "attester")
    assert frame.holders_share.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert frame.stake_share.iloc[-1] == 1
    assert frame.stake_share.is_monotonic_increasing
    # Twice the area between it and the diagonal is the Gini coefficient.
    area = sum((a + b) / 2 * 0.25 for a, b in zip(frame.stake_share[:-1], frame.stake_share[1:], strict=True))
    figures = ab.analysis.concentration(attesters, "attester")
    gini = figures[figures.figure == "gini"].value.iloc[0]
    assert 1 - 2 * area == pytest.approx(gini, abs=1e-12)


@pytest.mark.parametrize("name", ["holders", "concentration", "lorenz"])
def test_analysis__another_table_or_level__is_refused(attesters, name):
    ask = getattr(ab.analysis, name)
    with pytest.raises(InputError, match="lacks columns"):
        ask(attesters.drop(columns=["staker"]), "provider")
    with pytest.raises(InputError, match="not held by that"):
        ask(attesters, "whale")


def test_concentration__nobody_validates__is_an_error_and_not_zero(attesters):
    with pytest.raises(InputError, match="nobody holds"):
        ab.analysis.concentration(attesters[attesters.lifecycle == "entry-queued"])
    assert ab.analysis.holders(attesters[attesters.lifecycle == "entry-queued"]).empty


# ---------------------------------------------------------------------- what-ifs and calendars


def what_if(number: int, *, is_ejected: bool, provider_id: int | None = None) -> SlashWhatIf:
    return SlashWhatIf(
        attester=f"A{number}",
        provider_id=provider_id,
        staker=None,
        withdrawer="W",
        rollup_version=1,
        status=Status.VALIDATING,
        stake_wei=STAKE,
        headroom_wei=0,
        amount_wei=1,
        slashes=1,
        ejecting_slash=1,
        is_ejected=is_ejected,
        slashed_wei=1,
        stake_after_wei=0 if is_ejected else STAKE - 1,
        exit_after_wei=0,
        status_after=Status.VALIDATING,
    )


def test_slash_losses__by_provider__are_added_up_the_largest_first():
    rows = [
        what_if(1, is_ejected=False),
        what_if(2, is_ejected=True, provider_id=3),
        what_if(3, is_ejected=False, provider_id=3),
    ]
    frame = ab.analysis.slash_losses(to_frame(rows, SlashWhatIf))
    assert frame.entity.tolist() == ["provider 3", "W"]
    assert frame.ejected.tolist() == [1, 0]
    assert frame.stake_after_wei.tolist() == [STAKE - 1, STAKE - 1]
    assert frame.slashed_wei.tolist() == [2, 1]
    with pytest.raises(InputError, match="slashing_what_if"):
        ab.analysis.slash_losses(to_frame([attester(1)], Attester))


def exit_date(at: int, amount_wei: int) -> ExitDate:
    return ExitDate(
        withdrawable_at=at,
        attester="A",
        planned=Planned.PENDING,
        state=ExitState.WAITING,
        amount_wei=amount_wei,
        cumulative_wei=0,
        slashable_until_at=at,
        unlocks_at=at,
        withdrawer="W",
        recipient=None,
        provider_id=None,
        staker=None,
        next_actor=Actor.NOBODY,
        rollup_version=1,
    )


def test_exits_by_time__days__without_a_gap_and_exact():
    calendar = to_frame(
        [exit_date(10 * DAY + 5, 3), exit_date(10 * DAY, 2**70), exit_date(13 * DAY - 1, 1)], ExitDate
    )
    frame = ab.analysis.exits_by_time(calendar)
    assert frame.begins_at.tolist() == [pd.Timestamp(day * DAY, unit="s", tz="UTC") for day in (10, 11, 12)]
    assert frame.exits.tolist() == [2, 0, 1]
    assert frame.amount_wei.tolist() == [2**70 + 3, 0, 1]
    assert frame.cumulative_wei.tolist() == [2**70 + 3, 2**70 + 3, 2**70 + 4]
    empty = ab.analysis.exits_by_time(calendar[:0])
    assert empty.empty
    assert list(empty.columns) == list(frame.columns)
