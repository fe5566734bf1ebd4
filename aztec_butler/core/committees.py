"""Who is on duty: the draw of a committee, and the proposer of each of its slots, as the rollup makes them.

A seed comes from Ethereum's randomness of an earlier epoch, a committee from the seed and the size of the set, the
proposer of a slot from the seed alone. So with an epoch's seed and its members all of its proposers are known without
asking anybody.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from Crypto.Hash import keccak as _keccak

from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import keccak256
from aztec_butler.core.records import unit

_RANDOMNESS_BITS = 224
"""The rollup keeps so many bits of ``block.prevrandao``. Source: ValidatorSelectionLib ``checkpointRandao``."""


@attrs.frozen(kw_only=True)
class Committee:
    """The committee of one epoch of one rollup."""

    rollup_version: int
    epoch: int
    seed: int | None
    """What its proposers are drawn with, as ``getSampleSeedAt`` tells; None without members."""
    set_size: int
    """The attesters from whom it was drawn."""
    members: tuple[str, ...]
    """In committee order; empty where the set was too small to have one: then nobody can propose."""
    hatch_proposer: str | None = None
    """Who alone may propose while the escape hatch is open, in place of the committee; None while it is closed."""


@attrs.frozen(kw_only=True)
class CommitteeSeat:
    """One attester's place in the committee of an epoch."""

    rollup_version: int
    epoch: int
    epoch_at: int = unit("s")
    """When the epoch begins."""
    position: int
    attester: str
    provider_id: int | None
    """The provider that runs it; None when it was staked directly."""


@attrs.frozen(kw_only=True)
class ProposerSlot:
    """One slot, and who is to propose in it."""

    rollup_version: int
    epoch: int
    slot: int
    slot_at: int = unit("s")
    """When the slot begins."""
    proposer: str | None
    """None where there is no committee: nobody can propose."""
    provider_id: int | None
    """The provider that runs it; None when it was staked directly, and without a proposer."""
    is_escape_hatch: bool
    """Whether the escape hatch is open, whose one proposer stands in for the committee."""


def sample_seed(epoch: int, randomness: int) -> int:
    """The seed of an epoch.

    Args:
        epoch: of the rollup.
        randomness: ``block.prevrandao`` of the first transaction that stored it in the epoch that lies
            ``getLagInEpochsForRandao()`` before, or in the last one before that in which there was one.

    Source: ValidatorSelectionLib ``getSampleSeed``, ``checkpointRandao``.
    """
    kept = randomness % (1 << _RANDOMNESS_BITS)
    return int.from_bytes(keccak256(_word(epoch) + _word(kept)), "big")


def draw_indices(seed: int, *, set_size: int, committee_size: int) -> tuple[int, ...]:
    """The places in the set of those who make up a committee, in committee order: drawn without putting back.

    Args:
        seed: of the epoch.
        set_size: attesters in the set at the time of the sample.
        committee_size: ``getTargetCommitteeSize()``.

    Raises:
        InputError: a set too small to have a committee, for which the rollup reverts.

    >>> sorted(draw_indices(7, set_size=3, committee_size=3))
    [0, 1, 2]

    Source: SampleLib ``computeCommittee``, ValidatorSelectionLib ``sampleValidatorsIndices``.
    """
    if committee_size > set_size:
        raise InputError("the set is too small for a committee", attesters=set_size, needed=committee_size)
    drawn: list[int] = []
    moved: dict[int, int] = {}
    for position in range(committee_size):
        left = set_size - position
        # One candidate is taken without asking the lot.
        place = int.from_bytes(keccak256(_word(seed) + _word(position)), "big") % left if left > 1 else 0
        drawn.append(moved.get(place, place))
        # The last candidate takes the place of the one drawn.
        moved[place] = moved.get(left - 1, left - 1)
    return tuple(drawn)


def proposer_position(epoch: int, slot: int, *, seed: int, committee_size: int) -> int:
    """The position in the committee of a slot's proposer.

    Args:
        epoch: of the slot.
        slot: counted from genesis.
        seed: of the epoch.
        committee_size: at least 1.

    Source: ValidatorSelectionLib ``computeProposerIndex``.
    """
    return int.from_bytes(keccak256(_word(epoch) + _word(slot) + _word(seed)), "big") % committee_size


def committee_proposers(committee: Committee, epoch_slots: int) -> tuple[str, ...]:
    """The committee's proposer of every slot of its epoch, in order; none where there is no committee.

    While an escape hatch is open they are drawn as well, and have nothing to say.

    Args:
        committee: of the epoch.
        epoch_slots: slots in an epoch.

    Source: ValidatorSelectionLib ``getProposerAt``.
    """
    members, seed = committee.members, committee.seed
    if not members or seed is None:
        return ()
    size = len(members)
    begin, end = _word(committee.epoch), _word(seed)
    first = committee.epoch * epoch_slots
    new = _keccak.new  # 32 of them an epoch: two calls less for each count
    return tuple(
        members[
            int.from_bytes(new(digest_bits=256, data=begin + slot.to_bytes(32, "big") + end).digest(), "big")
            % size
        ]
        for slot in range(first, first + epoch_slots)
    )


def proposer_slots(
    committees: Sequence[Committee], clock: EpochClock, providers: dict[str, int] | None = None
) -> tuple[ProposerSlot, ...]:
    """A row for every slot of the committees' epochs.

    Args:
        committees: of one rollup.
        clock: of that rollup.
        providers: by attester, as far as it has one.
    """
    known = providers or {}
    rows: list[ProposerSlot] = []
    for committee in committees:
        first = committee.epoch * clock.epoch_slots
        hatch = committee.hatch_proposer
        drawn: Sequence[str | None] = committee_proposers(committee, clock.epoch_slots)
        if hatch is not None:
            drawn = (hatch,) * clock.epoch_slots
        for slot, proposer in enumerate(drawn or (None,) * clock.epoch_slots, first):
            rows.append(
                ProposerSlot(
                    rollup_version=committee.rollup_version,
                    epoch=committee.epoch,
                    slot=slot,
                    slot_at=clock.slot_start_at(slot),
                    proposer=proposer,
                    provider_id=None if proposer is None or hatch is not None else known.get(proposer),
                    is_escape_hatch=hatch is not None,
                )
            )
    return tuple(rows)


def committee_seats(
    committees: Sequence[Committee], clock: EpochClock, providers: dict[str, int] | None = None
) -> tuple[CommitteeSeat, ...]:
    """A row for every member of the committees.

    Args:
        committees: of one rollup.
        clock: of that rollup.
        providers: by attester, as far as it has one.
    """
    known = providers or {}
    return tuple(
        CommitteeSeat(
            rollup_version=committee.rollup_version,
            epoch=committee.epoch,
            epoch_at=clock.epoch_start_at(committee.epoch),
            position=position,
            attester=attester,
            provider_id=known.get(attester),
        )
        for committee in committees
        for position, attester in enumerate(committee.members)
    )


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
