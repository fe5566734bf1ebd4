"""Proposed and missed slots of attesters and providers, counted from the chain, beside what an Aztec node has watched."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from aztec_butler.core.committees import Committee, committee_proposers
from aztec_butler.core.duty_checkpoints import Checkpoint, Fate
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.node_records import ValidatorsStats
from aztec_butler.core.records import unit


@attrs.frozen(kw_only=True)
class AttesterPerformance:
    """How one attester did its duties on one rollup, in slots that are over.

    ``proposer_slots`` is ``proposed_slots + missed_slots``, and ``proposed_slots`` the sum of the four that follow it.
    """

    rollup_version: int
    attester: str
    provider_id: int | None
    """The provider that runs it; None when it was staked directly."""
    committees: int
    """Epochs with a slot that is over, in whose committee it sat."""
    proposer_slots: int
    """Slots in which it alone was to propose."""
    proposed_slots: int
    """Of them, those in which it did."""
    proven_slots: int
    pending_slots: int
    """Its checkpoint waits for a proof."""
    pruned_slots: int
    """Its checkpoint was taken back because no proof came, which is no fault of the proposer's."""
    invalidated_slots: int
    missed_slots: int
    """Nothing was proposed."""
    missed_share: float | None = unit("ratio")
    """Missed of those it was to propose in, 0 to 1; None when there were none."""
    last_proposed_at: int | None = unit("s")
    """None: nothing in these epochs."""
    watched_slots: int | None
    """Slots of these epochs in which the node watched it on duty; None where no node tells, as all that follow."""
    watched_proposals: int | None
    """Of them, those in which it was to propose."""
    watched_missed_proposals: int | None
    watched_attestations: int | None
    """Slots in which it was to attest."""
    watched_missed_attestations: int | None


@attrs.frozen(kw_only=True)
class ProviderPerformance:
    """How the attesters of one provider did on one rollup; sums over ``AttesterPerformance``."""

    rollup_version: int
    provider_id: int | None
    """None: all that were staked directly."""
    attesters: int
    """Its attesters that sat in a committee."""
    committees: int
    """Seats in committees."""
    proposer_slots: int
    proposed_slots: int
    proven_slots: int
    pending_slots: int
    pruned_slots: int
    invalidated_slots: int
    missed_slots: int
    missed_share: float | None = unit("ratio")
    last_proposed_at: int | None = unit("s")
    watched_attesters: int
    """Of its attesters, those that the node tells of: the following sums are over these."""
    watched_slots: int | None
    watched_proposals: int | None
    watched_missed_proposals: int | None
    watched_attestations: int | None
    watched_missed_attestations: int | None


_FATES = (Fate.PROVEN, Fate.PENDING, Fate.PRUNED, Fate.INVALIDATED)
"""Of several checkpoints in one slot the best counts."""
_SUMS = (
    "committees",
    "proposer_slots",
    "proposed_slots",
    "proven_slots",
    "pending_slots",
    "pruned_slots",
    "invalidated_slots",
    "missed_slots",
)
_WATCHED = (
    "watched_slots",
    "watched_proposals",
    "watched_missed_proposals",
    "watched_attestations",
    "watched_missed_attestations",
)


def attester_performance(
    committees: Iterable[Committee],
    checkpoints: Iterable[Checkpoint],
    clock: EpochClock,
    *,
    now_at: int,
    providers: Mapping[str, int],
    stats: ValidatorsStats | None = None,
) -> tuple[AttesterPerformance, ...]:
    """A row for every attester that sat in one of the committees, the most missed slots first.

    Epochs without a committee give nobody a duty, nor does an epoch in which the escape hatch is open. The slot that is
    not over counts neither way.

    Args:
        committees: of one rollup.
        checkpoints: proposed in the same epochs.
        clock: of the rollup.
        now_at: Unix seconds up to which slots are over.
        providers: by attester, as far as it has one.
        stats: what a node that follows this rollup has watched; None without one.
    """
    current = clock.slot_at(now_at) if now_at >= clock.genesis_at else 0
    best = _best_fates(checkpoints)
    seats: Counter[str] = Counter()
    due: Counter[str] = Counter()
    counts: defaultdict[str, Counter[Fate]] = defaultdict(Counter)
    last_at: dict[str, int] = {}
    versions: dict[str, int] = {}
    slots: set[int] = set()
    for committee in committees:
        first = committee.epoch * clock.epoch_slots
        if committee.hatch_proposer is not None or first >= current:
            continue
        seats.update(committee.members)
        versions.update(dict.fromkeys(committee.members, committee.rollup_version))
        slots.update(range(first, min(first + clock.epoch_slots, current)))
        for slot, proposer in enumerate(committee_proposers(committee, clock.epoch_slots), first):
            if slot >= current:
                break
            due[proposer] += 1
            fate = best.get(slot)
            if fate is not None:
                counts[proposer][fate] += 1
                last_at[proposer] = max(last_at.get(proposer, 0), clock.slot_start_at(slot))
    watched = {} if stats is None else _watched(stats, slots)
    rows = []
    for attester, sat in seats.items():
        proposed = sum(counts[attester].values())
        missed = due[attester] - proposed
        rows.append(
            AttesterPerformance(
                rollup_version=versions[attester],
                attester=attester,
                provider_id=providers.get(attester),
                committees=sat,
                proposer_slots=due[attester],
                proposed_slots=proposed,
                proven_slots=counts[attester][Fate.PROVEN],
                pending_slots=counts[attester][Fate.PENDING],
                pruned_slots=counts[attester][Fate.PRUNED],
                invalidated_slots=counts[attester][Fate.INVALIDATED],
                missed_slots=missed,
                missed_share=missed / due[attester] if due[attester] else None,
                last_proposed_at=last_at.get(attester),
                **watched.get(attester, dict.fromkeys(_WATCHED)),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.missed_slots, -row.proposer_slots, row.attester)))


def provider_performance(rows: Sequence[AttesterPerformance]) -> tuple[ProviderPerformance, ...]:
    """The same by provider, those staked directly last; by rollup where there are several.

    Args:
        rows: of ``attester_performance``.
    """
    groups: defaultdict[tuple[int, int | None], list[AttesterPerformance]] = defaultdict(list)
    for row in rows:
        groups[row.rollup_version, row.provider_id].append(row)
    found = []
    for (version, provider_id), group in groups.items():
        sums: dict[str, int] = {name: sum(getattr(row, name) for row in group) for name in _SUMS}
        told = [row for row in group if row.watched_slots is not None]
        proposed_at = [row.last_proposed_at for row in group if row.last_proposed_at is not None]
        watched: dict[str, Any] = {
            name: sum(getattr(row, name) for row in told) if told else None for name in _WATCHED
        }
        found.append(
            ProviderPerformance(
                rollup_version=version,
                provider_id=provider_id,
                attesters=len(group),
                missed_share=sums["missed_slots"] / sums["proposer_slots"]
                if sums["proposer_slots"]
                else None,
                last_proposed_at=max(proposed_at, default=None),
                watched_attesters=len(told),
                **sums,
                **watched,
            )
        )
    return tuple(
        sorted(found, key=lambda row: (row.rollup_version, row.provider_id is None, row.provider_id or 0))
    )


def _best_fates(checkpoints: Iterable[Checkpoint]) -> dict[int, Fate]:
    best: dict[int, Fate] = {}
    for each in checkpoints:
        known = best.get(each.slot)
        if known is None or _FATES.index(each.fate) < _FATES.index(known):
            best[each.slot] = each.fate
    return best


def _watched(stats: ValidatorsStats, slots: set[int]) -> dict[str, dict[str, int | None]]:
    """What the node watched in these slots, by attester; nobody of whom it tells nothing about them."""
    found: dict[str, dict[str, int | None]] = {}
    for each in stats.validators:
        history = [status for status in each.history if status.slot in slots]
        if not history:
            continue
        kinds = Counter((status.duty, status.is_missed) for status in history)
        proposals, attestations = (
            {missed: kinds[duty, missed] for missed in (False, True)} for duty in ("proposal", "attestation")
        )
        found[each.attester] = {
            "watched_slots": len(history),
            "watched_proposals": sum(proposals.values()),
            "watched_missed_proposals": proposals[True],
            "watched_attestations": sum(attestations.values()),
            "watched_missed_attestations": attestations[True],
        }
    return found
