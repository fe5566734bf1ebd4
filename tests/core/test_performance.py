"""Slots counted: what a node has watched beside them, hatches, and sums by provider."""

from __future__ import annotations

import attrs

from aztec_butler.core.committees import Committee, committee_proposers
from aztec_butler.core.duty_checkpoints import Checkpoint, Fate
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.node_records import MissedDuties, SlotStatus, ValidatorsStats, ValidatorStats
from aztec_butler.core.performance import attester_performance, provider_performance

CLOCK = EpochClock(genesis_at=0, slot_seconds=10, epoch_slots=4, lag_in_epochs=2)
MEMBERS = tuple(f"0x{number:040x}" for number in range(1, 6))
COMMITTEE = Committee(rollup_version=1, epoch=2, seed=7, set_size=9, members=MEMBERS)
PROPOSERS = committee_proposers(COMMITTEE, 4)
OVER = 10 * 100


def checkpoint(slot: int, fate: Fate = Fate.PROVEN, number: int = 1) -> Checkpoint:
    return Checkpoint(
        rollup_version=1,
        number=number,
        epoch=slot // 4,
        slot=slot,
        proposed_at=10 * slot,
        proposer=PROPOSERS[slot % 4],
        provider_id=None,
        fate=fate,
        block_number=slot,
        settled_block=None,
        transaction_hash="0x",
        archive="0x",
    )


def performance(checkpoints=(), committees=(COMMITTEE,), now_at=OVER, **options):
    rows = attester_performance(
        committees, checkpoints, CLOCK, now_at=now_at, **({"providers": {}} | options)
    )
    return {row.attester: row for row in rows}


def watching(attester: str, *statuses: tuple[int, str]) -> ValidatorsStats:
    nothing = MissedDuties(streak=0, count=0, total=0)
    one = ValidatorStats(
        attester=attester,
        total_slots=len(statuses),
        missed_proposals=nothing,
        missed_attestations=nothing,
        last_proposal=None,
        last_attestation=None,
        history=tuple(SlotStatus(slot=slot, status=status) for slot, status in statuses),
    )
    return ValidatorsStats(validators=(one,), first_slot=0, last_slot=99, slot_window=100)


def test_performance__every_fate__is_proposed_and_nothing_else_is_missed():
    fates = [Fate.PROVEN, Fate.PENDING, Fate.PRUNED]
    rows = performance([checkpoint(8 + place, fate) for place, fate in enumerate(fates)]).values()
    for name, total in [
        ("proposer_slots", 4),
        ("proposed_slots", 3),
        ("proven_slots", 1),
        ("pending_slots", 1),
        ("pruned_slots", 1),
        ("invalidated_slots", 0),
        ("missed_slots", 1),
        ("committees", 5),
    ]:
        assert sum(getattr(row, name) for row in rows) == total, name


def test_performance__slot_proposed_in_twice__counts_once_with_the_better_fate():
    rows = performance([checkpoint(8, Fate.INVALIDATED), checkpoint(8, Fate.PROVEN)])
    row = rows[PROPOSERS[0]]
    assert (row.proven_slots, row.invalidated_slots) == (1, 0)


def test_performance__nothing_to_propose__no_share_and_no_time():
    idle = next(member for member in MEMBERS if member not in PROPOSERS)
    row = performance()[idle]
    assert (row.committees, row.proposer_slots, row.missed_share, row.last_proposed_at) == (1, 0, None, None)


def test_performance__epoch_that_runs__its_present_slot_counts_neither_way():
    rows = performance([checkpoint(8), checkpoint(9)], now_at=95).values()
    assert sum(row.proposer_slots for row in rows) == sum(row.proposed_slots for row in rows) == 1
    assert performance(now_at=80) == {}


def test_performance__open_hatch__nobody_of_the_committee_has_a_duty():
    assert performance(committees=[attrs.evolve(COMMITTEE, hatch_proposer=MEMBERS[0])]) == {}


def test_performance__no_node__what_it_would_tell_is_missing_and_not_zero():
    row = performance()[MEMBERS[0]]
    assert row.watched_slots is row.watched_missed_attestations is row.watched_proposals is None


def test_performance__node__only_slots_of_these_epochs_are_joined():
    stats = watching(
        MEMBERS[0],
        (7, "attestation-missed"),
        (8, "attestation-sent"),
        (9, "attestation-missed"),
        (10, "checkpoint-mined"),
        (11, "blocks-missed"),
        (12, "checkpoint-missed"),
    )
    rows = performance(stats=stats)
    told = rows[MEMBERS[0]]
    assert (told.watched_slots, told.watched_attestations, told.watched_missed_attestations) == (4, 2, 1)
    assert (told.watched_proposals, told.watched_missed_proposals) == (2, 1)
    assert rows[MEMBERS[1]].watched_slots is None


def test_performance__node_that_watched_other_epochs__tells_nothing():
    assert performance(stats=watching(MEMBERS[0], (3, "attestation-sent")))[MEMBERS[0]].watched_slots is None


def test_provider_performance__sums__and_those_without_a_provider_last():
    providers = {MEMBERS[0]: 7, MEMBERS[1]: 7, MEMBERS[2]: 5}
    stats = watching(MEMBERS[0], (8, "attestation-missed"))
    rows = performance([checkpoint(8)], providers=providers, stats=stats)
    found = provider_performance(tuple(rows.values()))
    assert [row.provider_id for row in found] == [5, 7, None]
    assert sum(row.missed_slots for row in found) == 3
    assert [row.attesters for row in found] == [1, 2, 2]
    seven = found[1]
    assert (seven.watched_attesters, seven.watched_missed_attestations) == (1, 1)
    assert found[0].watched_slots is None
