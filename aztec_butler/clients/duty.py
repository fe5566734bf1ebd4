"""Duties of the next epochs, read from the rollup and the GSE at one block."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aztec_butler.core.committees import Committee
from aztec_butler.core.duty import DutyStage, EpochOutlook, is_final_draw, randomness_slots

if TYPE_CHECKING:
    from aztec_butler.clients.committees import CommitteeReader
    from aztec_butler.clients.multicall import Multicall
    from aztec_butler.core.records import BlockStamp, Rollup

Progress = Callable[[int, int], None]


def fetch_outlooks(
    multicall: Multicall,
    reader: CommitteeReader,
    rollup: Rollup,
    *,
    block: BlockStamp,
    progress: Progress | None = None,
) -> tuple[EpochOutlook, ...]:
    """What is fixed of the present epoch and of those after it; none before genesis.

    Args:
        multicall: reads of contracts.
        reader: of the rollup's committees, at the same block.
        rollup: whose duties.
        block: that everything is read at.
        progress: told how many epochs are done, and of how many.

    Raises:
        NodeError: the node failed.
    """
    clock = reader.clock
    if block.timestamp < clock.genesis_at:
        return ()
    present, last_told = clock.epoch_at(block.timestamp), reader.last_epoch()
    last_sampled = max(last_told, present + clock.lag_in_epochs)
    sizes = reader.set_sizes(range(present, last_sampled + 1))
    outlooks: list[EpochOutlook] = []
    for committee in reader.committees(present, last_told):
        stage = DutyStage.FINAL
        if committee.epoch == last_told and not _is_final(multicall, reader, rollup, committee, block):
            stage = DutyStage.DRAWN
        outlooks.append(_outlook(reader, committee, stage, sizes))
        _tell(progress, outlooks, sizes)
    for epoch in range(last_told + 1, last_sampled + 1):
        nobody = Committee(
            rollup_version=rollup.version, epoch=epoch, seed=None, set_size=sizes[epoch], members=()
        )
        outlooks.append(_outlook(reader, nobody, DutyStage.SAMPLED, sizes))
        _tell(progress, outlooks, sizes)
    return tuple(outlooks)


def _outlook(
    reader: CommitteeReader, committee: Committee, stage: DutyStage, sizes: dict[int, int]
) -> EpochOutlook:
    epoch = committee.epoch
    needed = reader.rules().committee_size
    candidates: tuple[str, ...] = ()
    if stage is not DutyStage.FINAL and 0 < needed <= sizes[epoch]:
        candidates = reader.set_at(max(0, reader.clock.sampled_at(epoch)), size=sizes[epoch])
    return EpochOutlook(epoch=epoch, stage=stage, committee=committee, candidates=candidates)


def _is_final(
    multicall: Multicall, reader: CommitteeReader, rollup: Rollup, committee: Committee, block: BlockStamp
) -> bool:
    if not committee.members or committee.seed is None:
        return True  # the set is fixed, and too small
    count_slot, first_slot = randomness_slots()
    (count,) = multicall.read_storage([(rollup.address, count_slot)], block)
    if not 0 < count < 1 << 32:
        return False  # a rollup that keeps it elsewhere
    (entry,) = multicall.read_storage([(rollup.address, first_slot + count - 1)], block)
    lag = reader.rules().randao_lag_in_epochs
    return is_final_draw(
        entry,
        epoch=committee.epoch,
        seed=committee.seed,
        sampled_at=reader.clock.epoch_start_at(committee.epoch - lag),
    )


def _tell(progress: Progress | None, outlooks: list[EpochOutlook], sizes: dict[int, int]) -> None:
    if progress is not None:
        progress(len(outlooks), len(sizes))
