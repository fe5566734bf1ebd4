"""Checkpoints of a range of epochs from events, with their proposers and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from aztec_butler.archive.reader import EventReader, Span
from aztec_butler.clients.block_range import fetch_range
from aztec_butler.core.columns_frame import python_values
from aztec_butler.core.committees import Committee
from aztec_butler.core.duty_checkpoints import Checkpoint, Fate, Proposal, Turn, attribute
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import NodeRefused, NotFoundError
from aztec_butler.core.event_kinds import select_events
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.moments import AtTime

if TYPE_CHECKING:
    import pyarrow as pa

    from aztec_butler.clients.committees import CommitteeReader
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.records import BlockStamp, Rollup

Progress = Callable[[int, int, str], None]

_COLUMNS: Final = ("block_number", "block_timestamp", "log_index", "transaction_hash", "archive")
# record -> (fate, column of the number), before and after the renaming of blocks to checkpoints
_TURNS: Final[Mapping[int, Mapping[str, tuple[Fate, str]]]] = {
    2: {"RollupBlockInvalidated": (Fate.INVALIDATED, "l2_block_number")},
    4: {"RollupCheckpointInvalidated": (Fate.INVALIDATED, "checkpoint_number")},
}
_ALWAYS: Final[Mapping[str, tuple[Fate, str]]] = {
    "RollupL2ProofVerified": (Fate.PROVEN, "checkpoint_number"),
    "RollupPrunedPending": (Fate.PRUNED, "proven_checkpoint_number"),
}
_REWARD_CHANGES: Final = ("RollupRewardConfigUpdated", "RollupRewardConfigUpdatedGen4")
_PROPOSED: Final[Mapping[int, tuple[str, str]]] = {
    2: ("RollupL2BlockProposed", "l2_block_number"),
    4: ("RollupCheckpointProposed", "checkpoint_number"),
}


@attrs.frozen(kw_only=True)
class EpochRange:
    """Epochs of a rollup, and the blocks that lie in them.

    Args:
        first_epoch: of the rollup.
        last_epoch: of the rollup.
        first_block: the first block in them.
        last_block: the last block in them; one less than the first where no block is.
    """

    first_epoch: int
    last_epoch: int
    first_block: int
    last_block: int


@attrs.frozen(kw_only=True)
class FoundCheckpoints:
    """The checkpoints of a range of epochs.

    Args:
        range: where was looked.
        committees: of every epoch of the range, by epoch.
        checkpoints: in the order of the chain.
    """

    range: EpochRange
    committees: Mapping[int, Committee]
    checkpoints: tuple[Checkpoint, ...]


def fetch_epoch_range(
    rpc: Rpc, clock: EpochClock, first_epoch: int, last_epoch: int, *, earliest: int, head: BlockStamp
) -> EpochRange:
    """The blocks of a range of epochs. Ranges of epochs that follow each other have blocks that do, too.

    Args:
        rpc: the door to the node.
        clock: of the rollup.
        first_epoch: of the rollup; begun at the head.
        last_epoch: of the rollup; may end behind the head, then so do the blocks.
        earliest: a block from which to look; the one that made the rollup will do.
        head: the last block there is to ask about.

    Raises:
        NotFoundError: the first epoch has not begun.
        NodeError: the node failed.
    """
    begins_at, ends_at = clock.epoch_start_at(first_epoch), clock.epoch_start_at(last_epoch + 1)
    first_block, _ = fetch_range(rpc, AtTime(begins_at), None, earliest=earliest, head=head)
    try:
        behind, _ = fetch_range(rpc, AtTime(ends_at), None, earliest=earliest, head=head)
    except NotFoundError:
        behind = head.number + 1
    return EpochRange(
        first_epoch=first_epoch, last_epoch=last_epoch, first_block=first_block, last_block=behind - 1
    )


class CheckpointReader:
    """Reads the checkpoints of one rollup.

    Args:
        rpc: the door to the node.
        events: reads events, from the disk as far as they are there.
        committees: reads the committees of the same rollup, at the block that everything is pinned to.
        rollup: whose checkpoints.
        registry: that says which rollup is canonical.
        block: that everything is pinned to.
        finalized_number: up to where blocks are final; -1 where none is.
    """

    def __init__(
        self,
        rpc: Rpc,
        events: EventReader,
        committees: CommitteeReader,
        rollup: Rollup,
        *,
        registry: str,
        block: BlockStamp,
        finalized_number: int,
    ) -> None:
        self._rpc, self._events, self._committees, self._rollup = rpc, events, committees, rollup
        self._registry = registry
        self._block, self._finalized_number = block, finalized_number

    @property
    def clock(self) -> EpochClock:
        """Of the rollup."""
        return self._committees.clock

    def read(
        self,
        first_epoch: int,
        last_epoch: int,
        *,
        providers: Mapping[str, int],
        progress: Progress | None = None,
    ) -> FoundCheckpoints:
        """The checkpoints proposed in a range of epochs, and what had become of them at the block.

        Args:
            first_epoch: of the rollup.
            last_epoch: of the rollup, begun at the block.
            providers: by attester, as far as it has one.
            progress: told about long reads.

        Raises:
            InputError: no such range, or an epoch whose committee nobody knows yet.
            NotFoundError: the first epoch has not begun.
            NodeError: the node failed.
        """
        drawn = self._committees.committees(first_epoch, last_epoch, progress=_about(progress, "committees"))
        committees = {each.epoch: each for each in drawn}
        found = fetch_epoch_range(
            self._rpc,
            self.clock,
            first_epoch,
            last_epoch,
            earliest=self._rollup.genesis_block,
            head=self._block,
        )
        generation = 2 if self._rollup.generation == 2 else 4
        proposals: list[Proposal] = []
        turns: list[Turn] = []
        if found.first_block <= found.last_block:
            proposals = self._proposals(generation, found, progress)
            turns = self._turns(generation, found.first_block, progress)
        return FoundCheckpoints(
            range=found,
            committees=committees,
            checkpoints=attribute(
                proposals,
                turns,
                committees,
                self.clock,
                rollup_version=self._rollup.version,
                providers=providers,
                draws_committees=self._committees.rules().committee_size > 0,
            ),
        )

    def reward_changes(self, first_block: int) -> list[int]:
        """The blocks in which it was changed what a checkpoint earns.

        Args:
            first_block: from which on.

        Raises:
            NodeError: the node failed.
        """
        columns = dict.fromkeys(_REWARD_CHANGES, ("block_number",))
        tables = self._tables(columns, first_block, self._block.number, None)
        return sorted(number for table in tables.values() for number in _values(table, "block_number"))

    def check_canonical(self, settled_block: int) -> None:
        """Refuse checkpoints that earned nothing, because another rollup was canonical when they were proven.

        Args:
            settled_block: that proved the last of them.

        Raises:
            NotFoundError: it was.
            NodeError: the node failed.

        Source: RewardLib ``handleRewardsAndFees``.
        """
        columns = ("block_number", "instance")
        record = "RegistryCanonicalRollupUpdated"
        table = self._tables({record: columns}, self._rollup.genesis_block, self._block.number, None)[record]
        is_canonical = False
        for number, instance in zip(*(_values(table, name) for name in columns), strict=True):
            if is_canonical and instance != self._rollup.address and number <= settled_block:
                raise NotFoundError(
                    "another rollup was canonical when the window was proven, and it earned nothing",
                    hint="end the window with the last epoch that was proven before",
                    canonical_since_block=number,
                    proven_block=settled_block,
                )
            is_canonical = instance == self._rollup.address

    def _proposals(self, generation: int, found: EpochRange, progress: Progress | None) -> list[Proposal]:
        record, number = _PROPOSED[generation]
        columns = (*_COLUMNS, number)
        table = self._tables(
            {record: columns}, found.first_block, found.last_block, _about(progress, "blocks of checkpoints")
        )[record]
        rows = zip(*(_values(table, name) for name in columns), strict=True)
        return [
            Proposal(
                number=value,
                # The contract takes a checkpoint in its own slot only.
                slot=self.clock.slot_at(at),
                proposed_at=at,
                block_number=block,
                log_index=log_index,
                transaction_hash=_hex(transaction),
                archive=_hex(archive),
            )
            for block, at, log_index, transaction, archive, value in rows
        ]

    def _turns(self, generation: int, first_block: int, progress: Progress | None) -> list[Turn]:
        wanted = {**_ALWAYS, **_TURNS[generation]}
        tables = self._tables(
            {record: ("block_number", "log_index", number) for record, (_, number) in wanted.items()},
            first_block,
            self._block.number,
            _about(progress, "blocks of proofs"),
        )
        turns = [
            Turn(fate=fate, number=value, block_number=block, log_index=log_index)
            for record, (fate, number) in wanted.items()
            for block, log_index, value in zip(
                *(_values(tables[record], name) for name in ("block_number", "log_index", number)),
                strict=True,
            )
        ]
        return sorted(turns, key=lambda turn: (turn.block_number, turn.log_index))

    def _tables(
        self,
        columns: Mapping[str, tuple[str, ...]],
        first_block: int,
        last_block: int,
        tell: Callable[[int, int], None] | None,
    ) -> dict[str, pa.Table]:
        first_block = max(first_block, min(self._rollup.genesis_block, last_block))
        span = Span(
            first_block=first_block,
            last_block=last_block,
            block=self._block,
            finalized_number=self._finalized_number,
        )
        contracts = {self._rollup.address: "rollup", self._registry: "registry"}
        return self._events.read(
            select_events(list(columns)), contracts, span, columns=columns, progress=tell
        )


def _about(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(done, total, what)


def _values(table: pa.Table, name: str) -> list[Any]:
    return python_values(table.column(name), table.schema.field(name))


def _hex(value: Any) -> str:
    if isinstance(value, bytes):
        return to_hex(value)
    if not isinstance(value, str):
        raise NodeRefused("a hash that is none", value=repr(value))
    return value
