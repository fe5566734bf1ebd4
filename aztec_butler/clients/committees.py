"""Committees of many epochs, with few calls: their members as the rollup draws them, and the seed of their proposers.

Nothing here needs an archive node: rollup and GSE remember by time, and are asked at one block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rollup import lag_function
from aztec_butler.core.committees import Committee
from aztec_butler.core.contracts import CONTRACTS, GSE, ROLLUP
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.records import BlockStamp, Rollup

COMMITTEES_AT_ONCE: Final = 60
"""A committee of 48 costs some 600k gas to draw, and nodes give a call 50M."""

Progress = Callable[[int, int], None]


@attrs.frozen(kw_only=True)
class CommitteeRules:
    """What a rollup draws its committees by; fixed for its life."""

    committee_size: int
    randao_lag_in_epochs: int
    """Epochs between the randomness that is used and the committee drawn with it."""


class CommitteeReader:
    """Reads the committees of one rollup at one block.

    Args:
        rpc: the door to the node.
        multicall: many reads through the same door.
        rollup: whose committees.
        gse: that holds its set.
        block: that every answer is of.
    """

    def __init__(
        self, rpc: Rpc, multicall: Multicall, rollup: Rollup, gse: str, *, block: BlockStamp
    ) -> None:
        self._multicall, self._rollup, self._gse, self._block = multicall, rollup, gse, block
        # So costly a read would teach the shared one to ask for little at once.
        self._costly = Multicall(rpc, chunk_reads=min(COMMITTEES_AT_ONCE, multicall.chunk_reads))
        self._clock = EpochClock.of(rollup)
        self._rules: CommitteeRules | None = None

    @property
    def clock(self) -> EpochClock:
        """Of the rollup."""
        return self._clock

    def rules(self) -> CommitteeRules:
        """What the rollup draws its committees by.

        Raises:
            NodeError: the node failed.
        """
        if self._rules is None:
            generation = self._rollup.generation
            lag = lag_function(2) if generation == 2 else "getLagInEpochsForRandao"
            size, randao_lag = self._multicall.read(
                [self._of_rollup("getTargetCommitteeSize"), self._of_rollup(lag)], self._block
            )
            self._rules = CommitteeRules(committee_size=size, randao_lag_in_epochs=randao_lag)
        return self._rules

    def last_epoch(self) -> int:
        """The last epoch whose committee the rollup tells; -1 before genesis.

        Raises:
            NodeError: the node failed.
        """
        at = self._block.timestamp
        if at < self._clock.genesis_at:
            return -1
        lag = self.rules().randao_lag_in_epochs
        return self._clock.last_known_committee_epoch(at, randao_lag_in_epochs=lag)

    def committees(
        self, first_epoch: int, last_epoch: int, *, progress: Progress | None = None
    ) -> tuple[Committee, ...]:
        """The committees of a range of epochs, in order, those that are empty included.

        The one of the last epoch that is known may still change, see ``EpochClock.last_known_committee_epoch``.

        Args:
            first_epoch: of the rollup, 0 or later.
            last_epoch: the last one, at most ``last_epoch()``.
            progress: told how many committees have been read, and of how many.

        Raises:
            InputError: no such range, or an epoch whose committee nobody knows yet; names the last one that is known.
            NodeError: the node failed.
        """
        check_epochs(first_epoch, last_epoch)
        known = self.last_epoch()
        if last_epoch > known:
            raise InputError(
                "the committee of this epoch is not drawn yet",
                hint="`duty-forecast` tells as much as is fixed of the epochs behind it",
                epoch=last_epoch,
                last_known_epoch=known,
                block=self._block.number,
            )
        epochs = range(first_epoch, last_epoch + 1)
        sizes = self.set_sizes(epochs)
        wanted = self.rules().committee_size
        drawn = [epoch for epoch in epochs if 0 < wanted <= sizes[epoch]]
        seeds = self.seeds(drawn)
        hatches = self._hatch_proposers(epochs)
        reads = [self._of_rollup("getEpochCommittee", epoch) for epoch in drawn]
        members = dict(
            zip(drawn, self._costly.read(reads, self._block, progress=progress) if reads else (), strict=True)
        )
        return tuple(
            Committee(
                rollup_version=self._rollup.version,
                epoch=epoch,
                seed=seeds.get(epoch),
                set_size=sizes[epoch],
                members=tuple(members.get(epoch, ())),
                hatch_proposer=hatches.get(epoch),
            )
            for epoch in epochs
        )

    def set_sizes(self, epochs: Sequence[int]) -> dict[int, int]:
        """How many attesters the committee of each epoch is drawn from.

        Args:
            epochs: whose sample lies at or before the block.

        Raises:
            NodeError: the node failed.
        """
        # Asked of the GSE, as the rollup does: the oldest rollups have no function that tells.
        function = GSE.function("getAttesterCountAtTime")
        reads = [
            Read(self._gse, function, (self._rollup.address, max(0, self._clock.sampled_at(epoch))))
            for epoch in epochs
        ]
        return dict(zip(epochs, self._multicall.read(reads, self._block) if reads else (), strict=True))

    def set_at(self, at: int, *, size: int) -> tuple[str, ...]:
        """The rollup's set as it stood at a time, in the order that committees are drawn from.

        Args:
            at: Unix seconds, at or before the block's.
            size: of the set at that time.

        Raises:
            NodeError: the node failed.
        """
        function = GSE.function("getAttestersFromIndicesAtTime")
        reads = [
            Read(
                self._gse,
                function,
                (self._rollup.address, at, tuple(range(first, min(first + _MEMBERS_AT_ONCE, size)))),
            )
            for first in range(0, size, _MEMBERS_AT_ONCE)
        ]
        parts = self._costly.read(reads, self._block) if reads else ()
        return tuple(attester for part in parts for attester in part)

    def seeds(self, epochs: Sequence[int]) -> dict[int, int]:
        """The seed of each epoch.

        Raises:
            NodeError: the node failed.
        """
        reads = [self._of_rollup("getSampleSeedAt", self._clock.epoch_start_at(epoch)) for epoch in epochs]
        return dict(zip(epochs, self._multicall.read(reads, self._block) if reads else (), strict=True))

    def _hatch_proposers(self, epochs: Sequence[int]) -> dict[int, str]:
        """Who proposes instead of the committee, in the epochs in which the escape hatch is open."""
        if self._rollup.generation == 2:
            return {}
        reads = [self._of_rollup("getEscapeHatchForEpoch", epoch) for epoch in epochs]
        hatches = zip(epochs, self._multicall.read(reads, self._block), strict=True)
        there = [(epoch, hatch) for epoch, hatch in hatches if hatch != ZERO_ADDRESS]
        function = CONTRACTS["escape_hatch"].function("isHatchOpen")
        asked = [Read(hatch, function, (epoch,)) for epoch, hatch in there]
        answers = self._multicall.read(asked, self._block) if asked else []
        return {
            epoch: proposer for (epoch, _), (is_open, proposer) in zip(there, answers, strict=True) if is_open
        }

    def _of_rollup(self, name: str, *arguments: int) -> Read:
        return Read(self._rollup.address, ROLLUP.function(name, self._rollup.generation), arguments)


_MEMBERS_AT_ONCE: Final = 500


def check_epochs(first_epoch: int, last_epoch: int) -> None:
    """Refuse what is no range of epochs.

    Raises:
        InputError: an epoch before the first, or a range that ends before it begins.
    """
    if first_epoch < 0:
        raise InputError("epochs are counted from 0", first_epoch=first_epoch)
    if last_epoch < first_epoch:
        raise InputError(
            "a range of epochs begins before it ends", first_epoch=first_epoch, last_epoch=last_epoch
        )
