"""How duties are read: which rollup and epochs are meant, and what reads them at one block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from aztec_butler.archive.checkpoints import CheckpointReader
from aztec_butler.archive.contracts import canary_of
from aztec_butler.archive.reader import EventReader
from aztec_butler.clients.committees import CommitteeReader, check_epochs
from aztec_butler.clients.duty import fetch_outlooks
from aztec_butler.core.committees import CommitteeSeat, ProposerSlot, committee_seats, proposer_slots
from aztec_butler.core.duty import DutyForecast, duty_forecast
from aztec_butler.core.duty_spans import EpochSpan, Reign, canonical_epochs
from aztec_butler.core.epochs import EpochClock, parse_epoch
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.performance import AttesterPerformance, attester_performance
from aztec_butler.core.time_steps import render_time
from aztec_butler.network.events import EventQuestion, read_events

if TYPE_CHECKING:
    from aztec_butler.clients.aztec_node import AztecNode
    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.core.committees import Committee
    from aztec_butler.core.node_records import ValidatorsStats
    from aztec_butler.core.records import Rollup
    from aztec_butler.network.connection import Connection

USUAL_EPOCHS = 24
"""As far back as an Aztec node remembers by default."""


class Duties:
    """Reads duties at the block of a snapshot.

    Args:
        connection: to the network.
        snapshot: of the block.
        finalized_number: up to where blocks are final; -1 where none is.
    """

    def __init__(self, connection: Connection, snapshot: Snapshot, finalized_number: int) -> None:
        self._connection, self.snapshot, self.finalized_number = connection, snapshot, finalized_number

    # -- which rollup, which epochs

    def rollup(self, version: int | None = None) -> Rollup:
        """A rollup by its version; the canonical one for None.

        Raises:
            NotFoundError: there is none of this version, with those that there are.
        """
        states = self.snapshot.rollups
        if version is None:
            return next(state.rollup for state in states if state.is_canonical)
        for state in states:
            if state.rollup.version == version:
                return state.rollup
        raise NotFoundError(
            "there is no rollup of this version",
            rollup_version=version,
            known=", ".join(str(state.rollup.version) for state in states),
        )

    def drawn_epochs(
        self, reader: CommitteeReader, first_epoch: int | None, last_epoch: int | None
    ) -> tuple[int, int]:
        """A range of epochs; from the present one, to the last whose committee is known, where nothing is said.

        Raises:
            InputError: no range.
            NotFoundError: the rollup has not begun.
        """
        now_at, clock = self.snapshot.block.timestamp, reader.clock
        if now_at < clock.genesis_at:
            raise NotFoundError(
                "the rollup has not begun",
                begins=render_time(clock.genesis_at),
                block_time=render_time(now_at),
            )
        first = clock.epoch_at(now_at) if first_epoch is None else parse_epoch(first_epoch)
        if last_epoch is None:
            last = reader.last_epoch() if first_epoch is None else first
        else:
            last = parse_epoch(last_epoch)
        check_epochs(first, last)
        return first, last

    def spans(
        self,
        first_epoch: int | None,
        last_epoch: int | None,
        *,
        window_seconds: int | None,
        rollup_version: int | None,
    ) -> tuple[EpochSpan, ...]:
        """The epochs that a question about the past is about.

        Raises:
            InputError: no range, one that has not begun, or epochs and a window at once.
            NotFoundError: there is no rollup of this version.
        """
        now_at = self.snapshot.block.timestamp
        if window_seconds is not None:
            if (first_epoch, last_epoch, rollup_version) != (None, None, None):
                raise InputError("either a window or epochs, which are those of one rollup")
            return canonical_epochs(self._reigns(), first_at=now_at - window_seconds, last_at=now_at)
        rollup = self.rollup(rollup_version)
        clock = EpochClock.of(rollup)
        if now_at < clock.genesis_at:
            raise NotFoundError(
                "the rollup has not begun",
                begins=render_time(clock.genesis_at),
                block_time=render_time(now_at),
            )
        present = clock.epoch_at(now_at)
        last = present if last_epoch is None else parse_epoch(last_epoch)
        first = max(0, last - USUAL_EPOCHS + 1) if first_epoch is None else parse_epoch(first_epoch)
        for epoch in (first, last):
            if epoch > present:
                raise InputError("this epoch has not begun", epoch=epoch, present_epoch=present)
        check_epochs(first, last)
        return (EpochSpan(rollup=rollup, first_epoch=first, last_epoch=last),)

    def _reigns(self) -> list[Reign]:
        """Which rollup was canonical from when on."""
        question = EventQuestion.of("CanonicalRollupUpdated", None, None, None)
        table = read_events(self._connection, self.snapshot, self.finalized_number, question).table
        by_address = {state.rollup.address: state.rollup for state in self.snapshot.rollups}
        return [
            Reign(rollup=by_address[row["instance"]], since=int(row["block_time"].timestamp()))
            for row in table.select(["instance", "block_time"]).to_pylist()
            if row["instance"] in by_address
        ]

    # -- what reads

    @cached_property
    def providers(self) -> dict[str, int]:
        """The provider of each attester that has one."""
        return {
            row.attester: row.provider_id for row in self.snapshot.attesters() if row.provider_id is not None
        }

    @cached_property
    def _events(self) -> EventReader:
        deployment = self.snapshot.deployment
        return EventReader(self._connection.rpc, self._connection.event_store(), canary=canary_of(deployment))

    def committees(self, rollup: Rollup) -> CommitteeReader:
        """What reads the committees of a rollup."""
        return CommitteeReader(
            self._connection.rpc,
            self._connection.multicall,
            rollup,
            self.snapshot.deployment.gse,
            block=self.snapshot.block,
        )

    def checkpoints(self, rollup: Rollup) -> CheckpointReader:
        """What reads the checkpoints of a rollup."""
        return CheckpointReader(
            self._connection.rpc,
            self._events,
            self.committees(rollup),
            rollup,
            registry=self.snapshot.deployment.registry,
            block=self.snapshot.block,
            finalized_number=self.finalized_number,
        )

    # -- answers

    def seats(
        self, first_epoch: int | None, last_epoch: int | None, rollup_version: int | None
    ) -> tuple[tuple[CommitteeSeat, ...], tuple[int, ...]]:
        """Who sits in the committees, and the epochs without one; see ``Network.committees``."""
        reader, found = self._drawn(first_epoch, last_epoch, rollup_version)
        empty = tuple(each.epoch for each in found if not each.members)
        return committee_seats(found, reader.clock, self.providers), empty

    def slots(
        self, first_epoch: int | None, last_epoch: int | None, rollup_version: int | None
    ) -> tuple[ProposerSlot, ...]:
        """Who is to propose in each slot; see ``Network.proposers``."""
        reader, found = self._drawn(first_epoch, last_epoch, rollup_version)
        return proposer_slots(found, reader.clock, self.providers)

    def _drawn(
        self, first_epoch: int | None, last_epoch: int | None, rollup_version: int | None
    ) -> tuple[CommitteeReader, tuple[Committee, ...]]:
        reader = self.committees(self.rollup(rollup_version))
        epochs = self.drawn_epochs(reader, first_epoch, last_epoch)
        return reader, reader.committees(*epochs, progress=self._about("committees"))

    def performance(
        self, spans: Sequence[EpochSpan], node: AztecNode | None
    ) -> tuple[AttesterPerformance, ...]:
        """How attesters did in these epochs, one rollup after the other.

        Args:
            spans: of ``spans``.
            node: what it has watched stands beside what the chain tells; None without one.

        Raises:
            NodeError: a node failed.
        """
        rows: list[AttesterPerformance] = []
        for span in spans:
            reader = self.checkpoints(span.rollup)
            found = reader.read(
                span.first_epoch,
                span.last_epoch,
                providers=self.providers,
                progress=self._connection.progress,
            )
            rows += attester_performance(
                found.committees.values(),
                found.checkpoints,
                reader.clock,
                now_at=self.snapshot.block.timestamp,
                providers=self.providers,
                stats=None if node is None else _stats(node, span.rollup),
            )
        return tuple(rows)

    def forecast(self, attesters: Sequence[str] | None, provider_id: int | None) -> tuple[DutyForecast, ...]:
        """Duties of the present epoch and of those after it; see ``Network.duty_forecast``.

        Raises:
            InputError: attesters and a provider at once.
            NotFoundError: the provider has no attesters, or the staking contracts do not know one of the attesters.
        """
        if attesters is not None and provider_id is not None:
            raise InputError("either attesters or a provider")
        wanted = None if attesters is None else list(dict.fromkeys(attesters))
        if wanted is not None:
            known = {row.attester for row in self.snapshot.attesters()}
            for attester in wanted:
                if attester not in known:
                    raise NotFoundError(
                        "the staking contracts do not know this attester",
                        hint="an attester is named by the address it signs with, not by that of its withdrawer or coinbase",
                        attester=attester,
                    )
        if provider_id is not None:
            wanted = [attester for attester, of in self.providers.items() if of == provider_id]
            if not wanted:
                raise NotFoundError("no attester belongs to this provider", provider_id=provider_id)
        rollup, block = self.rollup(), self.snapshot.block
        reader = self.committees(rollup)
        outlooks = fetch_outlooks(
            self._connection.multicall, reader, rollup, block=block, progress=self._about("epochs")
        )
        return duty_forecast(
            outlooks,
            reader.clock,
            committee_size=reader.rules().committee_size,
            now_at=block.timestamp,
            rollup_version=rollup.version,
            providers=self.providers,
            attesters=wanted,
        )

    def _about(self, what: str) -> Callable[[int, int], None] | None:
        tell = self._connection.progress
        return None if tell is None else lambda done, total: tell(done, total, what)


def _stats(node: AztecNode, rollup: Rollup) -> ValidatorsStats | None:
    """What a node has watched on this rollup; None where it watches another one, or nobody."""
    if node.get_rollup_version() != rollup.version:
        return None
    stats = node.get_validators_stats()
    return stats if stats.is_watching else None
