"""When blocks were made, asked for once: a block of a given hash never changes its time."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from aztec_butler.clients.blocks import fetch_timestamps
from aztec_butler.core.history import Place
from aztec_butler.exporter.source import Source

_REMEMBERED: Final = 50_000
"""Blocks, at two hundred bytes each; a process may run for years."""


class BlockTimes:
    """Times of the blocks of logs. Safe to use from many threads.

    Args:
        source: the network.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._known: dict[str, int] = {}

    def of(self, places: Iterable[Place]) -> list[int]:
        """Unix seconds of the block of each place, in their order.

        Args:
            places: logs of the chain as it is; the node is asked only where they do not tell the time themselves.

        Raises:
            NodeError: the node failed.
        """
        wanted = list(places)
        with self._lock:
            unknown = {
                place.block_number
                for place in wanted
                if place.block_timestamp is None and place.block_hash not in self._known
            }
            fetched = fetch_timestamps(self._source.rpc, unknown) if unknown else {}
            for place in wanted:
                if place.block_timestamp is None and place.block_number in fetched:
                    self._known[place.block_hash] = fetched[place.block_number]
            times = [
                self._known[place.block_hash] if place.block_timestamp is None else place.block_timestamp
                for place in wanted
            ]
            for oldest in list(self._known)[: max(0, len(self._known) - _REMEMBERED)]:
                del self._known[oldest]
            return times
