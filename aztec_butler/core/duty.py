"""Duties of the next epochs, as far as the contracts have fixed them.

A committee is drawn with an older set and with randomness that is a little less old. So for some epochs ahead
committee and proposers are certain, for the next ones the set is certain and the draw is not, and behind them nothing is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import attrs

from aztec_butler.core.committees import Committee, committee_proposers, sample_seed
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.hexes import keccak256
from aztec_butler.core.records import unit

_STORAGE: Final = int.from_bytes(keccak256(b"aztec.validator_selection.storage"), "big")
"""Source: ValidatorSelectionLib ``VALIDATOR_SELECTION_STORAGE_POSITION``."""
_KEY_BITS: Final = 32


class DutyStage(StrEnum):
    """How much of an epoch's duties is fixed."""

    FINAL = "final"
    """Committee and proposers cannot change."""
    DRAWN = "drawn"
    """The rollup tells a committee, drawn with older randomness; the first transaction of the present epoch that stores
    randomness (a checkpoint does) draws it anew, from the same set."""
    SAMPLED = "sampled"
    """The set is fixed, the randomness is not there: there are only chances."""


@attrs.frozen(kw_only=True)
class EpochOutlook:
    """What is fixed of one epoch."""

    epoch: int
    stage: DutyStage
    committee: Committee
    """Without members where there is none, or none yet."""
    candidates: Collection[str]
    """The set that it is drawn from; empty where that does not matter, because the draw is final."""


@attrs.frozen(kw_only=True)
class DutyForecast:
    """One attester's duties in one epoch that is not over."""

    rollup_version: int
    epoch: int
    epoch_at: int = unit("s")
    """When the epoch begins."""
    attester: str
    provider_id: int | None
    """The provider that runs it; None when it was staked directly."""
    stage: DutyStage
    chance: float = unit("ratio")
    """Of a seat in the committee, 0 to 1; certain where the stage is final."""
    is_in_committee: bool | None
    """What the rollup tells now; None while it tells nothing."""
    proposals: int | None
    """Slots of the whole epoch in which it is to propose, as the rollup tells now; None as above."""
    next_slot: int | None
    """The first of them that has not begun; None where there is none, or none is known."""
    next_slot_at: int | None = unit("s")


def randomness_slots() -> tuple[int, int]:
    """Where the rollup keeps the randomness of epochs: the slot of the count of entries, and that of the first one.

    Source: IValidatorSelection ``ValidatorSelectionStorage.randaos``, OpenZeppelin ``Checkpoints.Trace224``.
    """
    count = _STORAGE + 1
    return count, int.from_bytes(keccak256(count.to_bytes(32, "big")), "big")


def is_final_draw(entry: int, *, epoch: int, seed: int, sampled_at: int) -> bool:
    """Whether the randomness of an epoch's draw is that of its own sample, so that no later one can take its place.

    Args:
        entry: the newest entry of the rollup's list, as it lies in storage.
        epoch: whose draw.
        seed: of the epoch as the rollup tells it; an entry that does not make it decides nothing.
        sampled_at: beginning of the epoch whose randomness is used.

    Source: ValidatorSelectionLib ``checkpointRandao``, ``getSampleSeed``.
    """
    key, value = entry & ((1 << _KEY_BITS) - 1), entry >> _KEY_BITS
    return key >= sampled_at and sample_seed(epoch, value) == seed


def duty_forecast(
    outlooks: Sequence[EpochOutlook],
    clock: EpochClock,
    *,
    committee_size: int,
    now_at: int,
    rollup_version: int,
    providers: Mapping[str, int],
    attesters: Collection[str] | None = None,
) -> tuple[DutyForecast, ...]:
    """A row for every attester and epoch, by epoch, then by the first slot to propose in.

    Args:
        outlooks: of the epochs, in order.
        clock: of the rollup.
        committee_size: that the rollup draws.
        now_at: Unix seconds.
        rollup_version: of the rollup.
        providers: by attester, as far as it has one.
        attesters: of whom to tell, in every epoch; None for everybody who has a chance of a seat.
    """
    rows: list[DutyForecast] = []
    for outlook in outlooks:
        epoch_rows = [
            DutyForecast(
                rollup_version=rollup_version,
                epoch=outlook.epoch,
                epoch_at=clock.epoch_start_at(outlook.epoch),
                attester=attester,
                provider_id=providers.get(attester),
                stage=outlook.stage,
                **duties,
            )
            for attester, duties in _duties(outlook, clock, committee_size, now_at, attesters).items()
        ]
        last = clock.epoch_slots * (outlook.epoch + 1)
        epoch_rows.sort(
            key=lambda row: (last if row.next_slot is None else row.next_slot, -row.chance, row.attester)
        )
        rows += epoch_rows
    return tuple(rows)


def _duties(
    outlook: EpochOutlook,
    clock: EpochClock,
    committee_size: int,
    now_at: int,
    attesters: Collection[str] | None,
) -> dict[str, dict[str, Any]]:
    committee, candidates = outlook.committee, frozenset(outlook.candidates)
    members = frozenset(committee.members)
    is_told = outlook.stage is not DutyStage.SAMPLED
    proposers = committee_proposers(committee, clock.epoch_slots)
    if committee.hatch_proposer is not None:
        proposers = ()  # who sits in the committee then has nothing to do
    counts = Counter(proposers)
    first = outlook.epoch * clock.epoch_slots
    upcoming: dict[str, int] = {}
    for slot, proposer in enumerate(proposers, first):
        if clock.slot_start_at(slot) > now_at:
            upcoming.setdefault(proposer, slot)
    size = len(candidates)
    chance = committee_size / size if size >= committee_size > 0 else 0.0
    found: dict[str, dict[str, Any]] = {}
    for attester in sorted(candidates | members) if attesters is None else attesters:
        slot_ahead = upcoming.get(attester)
        if outlook.stage is DutyStage.FINAL:
            own = float(attester in members)
        else:
            own = chance if attester in candidates else 0.0
        found[attester] = {
            "chance": own,
            "is_in_committee": attester in members if is_told else None,
            "proposals": counts[attester] if is_told else None,
            "next_slot": slot_ahead,
            "next_slot_at": None if slot_ahead is None else clock.slot_start_at(slot_ahead),
        }
    return found
