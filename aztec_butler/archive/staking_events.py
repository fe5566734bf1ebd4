"""The events that the staking history is replayed from: the final ones from the disk, once for each connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from aztec_butler.archive.contracts import canary_of, fixed_contracts
from aztec_butler.archive.reader import EventReader, Span
from aztec_butler.core.columns_records import to_records
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.event_kinds import EventKind, select_events
from aztec_butler.core.events_fields import record_name
from aztec_butler.core.history_events import replayed

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.events import EventRecord
    from aztec_butler.core.records import BlockStamp, Deployment
    from aztec_butler.store.events import EventStore

Progress = Callable[[int, int], None]


class StakingEvents:
    """Every event that ``core.history_replay`` needs, from the deployment's first block on; see ``StakingLogs``.

    Args:
        rpc: the door to the node.
        store: where final events are kept; called when it is first needed.
    """

    def __init__(self, rpc: Rpc, store: Callable[[], EventStore | None]) -> None:
        self._rpc = rpc
        self._store = store
        self._lock = threading.Lock()
        self._kept: list[EventRecord] = []
        self._kept_to: int | None = None
        self._kept_of: frozenset[str] = frozenset()

    def fetch(
        self,
        deployment: Deployment,
        block: BlockStamp,
        *,
        finalized_number: int,
        progress: Progress | None = None,
    ) -> list[EventRecord]:
        """The events up to and including a block, in chain order.

        Args:
            deployment: the contracts whose events these are.
            block: the last block.
            finalized_number: up to where events may be kept; -1 when nothing is known to be final.
            progress: told how many blocks are done, and of how many.

        Raises:
            NodeRefused: the block is not the one it was: the chain was reorganised meanwhile.
            CheckFailed: the disk holds events of another chain.
            NodeError: the node failed.
        """
        contracts = fixed_contracts(deployment)
        with self._lock:
            if self._kept_of != frozenset(contracts):
                self._kept, self._kept_to, self._kept_of = [], None, frozenset(contracts)
            kept, kept_to = self._kept, self._kept_to
        if kept_to is not None and block.number <= kept_to:
            return [event for event in kept if event.position.block_number <= block.number]
        first_block = deployment.first_block if kept_to is None else kept_to + 1
        if first_block > block.number:
            return list(kept)
        span = Span(
            first_block=first_block, last_block=block.number, block=block, finalized_number=finalized_number
        )
        reader = EventReader(self._rpc, self._store(), canary=canary_of(deployment))
        tables = reader.read(_kinds(), contracts, span, progress=progress)
        events = [event for record, table in tables.items() for event in to_records(table, record)]
        events.sort(key=lambda event: (event.position.block_number, event.position.log_index))
        self._keep(frozenset(contracts), kept_to, events, min(finalized_number, block.number))
        return kept + events

    def _keep(
        self, addresses: frozenset[str], after: int | None, events: list[EventRecord], last_block: int
    ) -> None:
        with self._lock:
            # Another thread may have kept the same or more in the meantime; then there is nothing to add.
            is_next = self._kept_of == addresses and self._kept_to == after
            if is_next and last_block > (after if after is not None else -1):
                final = [event for event in events if event.position.block_number <= last_block]
                self._kept, self._kept_to = self._kept + final, last_block


def _kinds() -> tuple[EventKind, ...]:
    return select_events([record_name(role, CONTRACTS[role].event(name)) for role, name in replayed()])
