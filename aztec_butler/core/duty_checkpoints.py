"""Proposed checkpoints: in which slot, by whom, and what became of them.

No event says who proposed a checkpoint; the slot and the draw of its epoch do. A number says little about a checkpoint
that is not proven: it is given again after a prune and after an invalidation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import attrs

from aztec_butler.core.committees import Committee, committee_proposers
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.history import missing_logs
from aztec_butler.core.records import unit


class Fate(StrEnum):
    """What became of a proposed checkpoint."""

    PENDING = "pending"
    """It waits for the proof of its epoch."""
    PROVEN = "proven"
    """For good: its reward counts."""
    PRUNED = "pruned"
    """No proof came in time, and the chain went back behind it. No fault of its proposer's."""
    INVALIDATED = "invalidated"
    """Its attestations, or those of one before it, were shown to be bad."""


@attrs.frozen(kw_only=True)
class Proposal:
    """A checkpoint as its event tells it."""

    number: int
    slot: int
    proposed_at: int = unit("s")
    block_number: int
    log_index: int
    transaction_hash: str
    archive: str
    """Root of the archive tree with it, by which its calldata is found."""


@attrs.frozen(kw_only=True)
class Turn:
    """An event that decides about checkpoints proposed before it."""

    fate: Fate
    """Proven up to ``number``; invalidated from ``number`` on; pruned behind ``number``."""
    number: int
    block_number: int
    log_index: int

    def decides(self, number: int) -> bool:
        """Whether it is about a checkpoint of this number.

        Source: RollupCore ``L2ProofVerified``, ``PrunedPending``, ``CheckpointInvalidated``; STFLib ``prune``,
        InvalidateLib ``_invalidateCheckpoint``.
        """
        if self.fate is Fate.PROVEN:
            return number <= self.number
        return number >= self.number if self.fate is Fate.INVALIDATED else number > self.number


@attrs.frozen(kw_only=True)
class Checkpoint:
    """A proposed checkpoint, with its proposer and its fate."""

    rollup_version: int
    number: int
    epoch: int
    slot: int
    proposed_at: int = unit("s")
    proposer: str | None
    """None on a rollup that draws no committees."""
    provider_id: int | None
    """The provider that runs the proposer; None when it was staked directly."""
    fate: Fate
    block_number: int
    settled_block: int | None
    """The block that proved, pruned or invalidated it; None while it waits."""
    transaction_hash: str
    archive: str


def settle_fates(proposals: Sequence[Proposal], turns: Iterable[Turn]) -> tuple[tuple[Fate, int | None], ...]:
    """What became of each checkpoint, and in which block.

    Args:
        proposals: in the order of the chain; those before and behind a range may be missing.
        turns: in the order of the chain, all from the first proposal's block on.
    """
    fates: list[tuple[Fate, int | None]] = [(Fate.PENDING, None)] * len(proposals)
    waiting: dict[int, int] = {}
    places = iter(enumerate(proposals))
    upcoming = next(places, None)

    def take_until(turn: Turn | None) -> None:
        nonlocal upcoming
        while upcoming is not None:
            place, proposal = upcoming
            if turn is not None and _place(proposal) > _place(turn):
                return
            waiting[proposal.number] = place
            upcoming = next(places, None)

    for turn in turns:
        take_until(turn)
        for number in [number for number in waiting if turn.decides(number)]:
            fates[waiting.pop(number)] = (turn.fate, turn.block_number)
    return tuple(fates)


def _place(event: Proposal | Turn) -> tuple[int, int]:
    return event.block_number, event.log_index


def attribute(
    proposals: Sequence[Proposal],
    turns: Iterable[Turn],
    committees: Mapping[int, Committee],
    clock: EpochClock,
    *,
    rollup_version: int,
    providers: Mapping[str, int],
    draws_committees: bool = True,
) -> tuple[Checkpoint, ...]:
    """Checkpoints with their proposers and fates, in the order of the chain.

    Args:
        proposals: in the order of the chain.
        turns: in the order of the chain, all from the first proposal's block on.
        committees: by epoch, of every epoch in which something was proposed.
        clock: of the rollup.
        rollup_version: of the rollup.
        providers: by attester, as far as it has one.
        draws_committees: False for a rollup whose target committee size is 0, where anybody may propose.

    Raises:
        NodeRefused: a checkpoint of an epoch without a committee, which cannot be.
    """
    drawn = {epoch: committee_proposers(each, clock.epoch_slots) for epoch, each in committees.items()}
    found: list[Checkpoint] = []
    for proposal, (fate, settled_block) in zip(proposals, settle_fates(proposals, turns), strict=True):
        epoch = clock.epoch_of_slot(proposal.slot)
        hatch = committees[epoch].hatch_proposer
        proposer = hatch
        if hatch is None and draws_committees:
            if not drawn[epoch]:
                raise missing_logs(
                    "a checkpoint in an epoch without a committee", checkpoint=proposal.number, epoch=epoch
                )
            proposer = drawn[epoch][proposal.slot % clock.epoch_slots]
        found.append(
            Checkpoint(
                rollup_version=rollup_version,
                number=proposal.number,
                epoch=epoch,
                slot=proposal.slot,
                proposed_at=proposal.proposed_at,
                proposer=proposer,
                provider_id=None if hatch is not None or proposer is None else providers.get(proposer),
                fate=fate,
                block_number=proposal.block_number,
                settled_block=settled_block,
                transaction_hash=proposal.transaction_hash,
                archive=proposal.archive,
            )
        )
    return tuple(found)
