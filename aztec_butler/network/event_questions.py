"""What people ask about events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, overload

from aztec_butler.network.pinned import PinnedNetwork

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class EventQuestions(PinnedNetwork):
    """The part of ``Network`` that answers with events."""

    @overload
    def events(
        self,
        names: str | Sequence[str] = "staking",
        first_block: int | str | date | timedelta | None = None,
        last_block: int | str | date | timedelta | None = None,
        *,
        arrow: Literal[False] = False,
        contracts: Mapping[str, str] | None = None,
    ) -> pd.DataFrame: ...

    @overload
    def events(
        self,
        names: str | Sequence[str] = "staking",
        first_block: int | str | date | timedelta | None = None,
        last_block: int | str | date | timedelta | None = None,
        *,
        arrow: Literal[True],
        contracts: Mapping[str, str] | None = None,
    ) -> pa.Table: ...

    def events(
        self,
        names: str | Sequence[str] = "staking",
        first_block: int | str | date | timedelta | None = None,
        last_block: int | str | date | timedelta | None = None,
        *,
        arrow: bool = False,
        contracts: Mapping[str, str] | None = None,
    ) -> pd.DataFrame | pa.Table:
        """Decoded events of every version of the contracts, from the disk as far as they are there.

        Final blocks are read from a node once and kept; see ``connect(event_store=...)``.

        >>> net.events("Slashed")  # doctest: +SKIP
        >>> net.events(["Deposit", "StakedWithProvider"], "2026-06-01", "7d")  # doctest: +SKIP

        Args:
            names: events by their name in Solidity (of every contract that has one), or by the name of their record
                (``GseDeposit``); ``staking`` for all that matter for stake, see ``core.event_kinds``.
            first_block: where to begin: a block, a time (the first block at or after it), or a distance back from the
                end, like ``7d``. None for the network's first block.
            last_block: where to end: a block, a time (the last block at or before it), or a distance from the beginning.
                None for the network's block.
            arrow: return a ``pyarrow.Table``, for large results; what a frame has in ``attrs`` is JSON in its schema's
                metadata, as ``aztec_butler``.
            contracts: contracts that nothing leads to from the Registry, as role by address.

        Returns:
            One row per event, in the order of the chain. Columns: ``event``, its place on the chain with ``block_time``,
            then the values of all kinds of events that were asked for, see ``archive.union``; amounts in wei (exact) and
            AZTEC (for plots). The same columns and dtypes when there is no row.

        Raises:
            InputError: an unknown event, or no range; nothing was asked.
            NotFoundError: the range reaches behind the network's block.
            CheckFailed: what is on the disk is of another chain.
            NodeError: the node failed.
        """
        from aztec_butler.network.events import EventQuestion, read_events

        question = EventQuestion.of(names, first_block, last_block, contracts)
        snapshot, finalized_number = self._look()
        found = read_events(self._connection, snapshot, finalized_number, question)
        facts = self._facts(snapshot) | {
            "first_block": found.first_block,
            "last_block": found.last_block,
            "events": tuple(kind.record for kind in question.kinds),
        }
        if arrow:
            return found.table.replace_schema_metadata({"aztec_butler": json.dumps(facts)})
        from aztec_butler.notebook.event_frames import to_event_frame

        return to_event_frame(found.table, facts=facts)
