"""Forecasts of duties, and the epochs that a stretch of time is made of."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.committees import Committee, committee_proposers, sample_seed
from aztec_butler.core.duty import DutyStage, EpochOutlook, duty_forecast, is_final_draw
from aztec_butler.core.duty_spans import Reign, canonical_epochs
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.records import Rollup

CLOCK = EpochClock(genesis_at=0, slot_seconds=10, epoch_slots=4, lag_in_epochs=2)
EVERYBODY = tuple(f"0x{number:040x}" for number in range(1, 11))
MEMBERS = EVERYBODY[:4]
COMMITTEE = Committee(rollup_version=1, epoch=2, seed=7, set_size=10, members=MEMBERS)


def outlook(stage: DutyStage, **changes) -> EpochOutlook:
    committee = (
        COMMITTEE if stage is not DutyStage.SAMPLED else attrs.evolve(COMMITTEE, seed=None, members=())
    )
    candidates = () if stage is DutyStage.FINAL else EVERYBODY
    plain = EpochOutlook(epoch=2, stage=stage, committee=committee, candidates=candidates)
    return attrs.evolve(plain, **changes)


def forecast(*outlooks, now_at=0, attesters=None):
    rows = duty_forecast(
        outlooks,
        CLOCK,
        committee_size=4,
        now_at=now_at,
        rollup_version=1,
        providers={EVERYBODY[0]: 3},
        attesters=attesters,
    )
    return {row.attester: row for row in rows}


def test_duty_forecast__final__seats_are_certain_and_slots_known():
    rows = forecast(outlook(DutyStage.FINAL))
    assert set(rows) == set(MEMBERS)
    assert {row.chance for row in rows.values()} == {1.0}
    proposers = committee_proposers(COMMITTEE, 4)
    for attester, row in rows.items():
        assert row.proposals == proposers.count(attester)
        expected = 8 + proposers.index(attester) if attester in proposers else None
        assert (row.next_slot, row.next_slot_at) == (expected, None if expected is None else 10 * expected)


def test_duty_forecast__slot_that_has_begun__is_not_the_next():
    first = committee_proposers(COMMITTEE, 4)[0]
    before, after = (forecast(outlook(DutyStage.FINAL), now_at=at)[first] for at in (79, 80))
    assert before.next_slot == 8
    assert after.next_slot != 8
    assert before.proposals == after.proposals


def test_duty_forecast__drawn__the_seat_of_now_and_the_chance_of_another_draw():
    rows = forecast(outlook(DutyStage.DRAWN))
    assert set(rows) == set(EVERYBODY)
    assert {row.chance for row in rows.values()} == {0.4}
    assert {attester for attester, row in rows.items() if row.is_in_committee} == set(MEMBERS)


def test_duty_forecast__sampled__nothing_but_a_chance():
    rows = forecast(outlook(DutyStage.SAMPLED))
    assert {(row.chance, row.is_in_committee, row.proposals, row.next_slot) for row in rows.values()} == {
        (0.4, None, None, None)
    }


def test_duty_forecast__somebody_outside_the_set__no_chance():
    stranger = "0x" + "5" * 40
    rows = forecast(outlook(DutyStage.SAMPLED), attesters=[stranger])
    assert rows[stranger].chance == 0.0
    assert forecast(outlook(DutyStage.FINAL), attesters=[stranger])[stranger].is_in_committee is False


def test_duty_forecast__open_hatch__the_committee_proposes_nothing():
    hatched = attrs.evolve(COMMITTEE, hatch_proposer="0x" + "9" * 40)
    rows = forecast(outlook(DutyStage.FINAL, committee=hatched))
    assert {(row.proposals, row.next_slot) for row in rows.values()} == {(0, None)}


@pytest.mark.parametrize(
    ("key", "value", "is_final"), [(80, 5, True), (120, 5, True), (79, 5, False), (80, 6, False)]
)
def test_is_final_draw__entry__of_the_sampled_epoch_and_making_the_seed(key, value, is_final):
    entry = value << 32 | key
    assert is_final_draw(entry, epoch=9, seed=sample_seed(9, 5), sampled_at=80) is is_final


# --------------------------------------------------------------------------- spans


def rollup(version: int, genesis_at: int) -> Rollup:
    return Rollup(
        version=version,
        address=f"0x{version:040x}",
        generation=4,
        genesis_block=0,
        genesis_at=genesis_at,
        slot_seconds=10,
        epoch_slots=4,
        lag_in_epochs=2,
        exit_delay_seconds=0,
    )


def epochs(reigns, first_at, last_at):
    return [
        (span.rollup.version, epoch)
        for span in canonical_epochs(reigns, first_at=first_at, last_at=last_at)
        for epoch in range(span.first_epoch, span.last_epoch + 1)
    ]


def test_canonical_epochs__change_of_the_rollup__each_counts_its_own():
    reigns = [Reign(rollup=rollup(1, 0), since=0), Reign(rollup=rollup(2, 405), since=410)]
    assert epochs(reigns, 300, 500) == [(1, 8), (1, 9), (1, 10), (2, 1), (2, 2)]


def test_canonical_epochs__epoch_that_begins_with_the_change__is_the_new_rollups():
    reigns = [Reign(rollup=rollup(1, 0), since=0), Reign(rollup=rollup(2, 360), since=400)]
    assert epochs(reigns, 360, 440) == [(1, 9), (2, 1), (2, 2)]


def test_canonical_epochs__before_everything__none():
    assert epochs([Reign(rollup=rollup(1, 1_000), since=1_000)], 0, 999) == []


@given(
    starts=st.lists(st.integers(0, 900), min_size=1, max_size=4, unique=True),
    shift=st.integers(0, 50),
    cut=st.integers(0, 1_000),
)
def test_canonical_epochs__two_stretches_that_touch__are_the_whole(starts, shift, cut):
    reigns = [
        Reign(rollup=rollup(version, max(0, since - shift)), since=since)
        for version, since in enumerate(sorted(starts), 1)
    ]
    whole = epochs(reigns, 0, 1_000)
    assert epochs(reigns, 0, cut) + epochs(reigns, cut + 1, 1_000) == whole
    assert len(whole) == len(set(whole))
