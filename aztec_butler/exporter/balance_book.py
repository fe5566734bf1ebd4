"""Balances of publishers over the last day, gathered as time goes by.

What a node still remembers is asked for once; most forget all but the last minutes. From then on every collection adds
what it sees, so that a rate is known after a while without an archive node.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from aztec_butler.clients.blocks import fetch_block
from aztec_butler.clients.publishers import fetch_present, fetch_publishers
from aztec_butler.core.publishers import DAY_SECONDS, PublisherSample
from aztec_butler.exporter.source import Source

_SAMPLES: Final = 96
"""A window is divided so: a top-up hides what was spent in its own part, a quarter of an hour of a day."""


class BalanceBook:
    """Samples of accounts within a window that ends now. Safe to use from many threads.

    Args:
        source: the network, whose Ethereum node tells balances.
        window_seconds: how far back is looked.

    Attributes:
        source: the network.
    """

    def __init__(self, source: Source, *, window_seconds: int = DAY_SECONDS) -> None:
        self.source = source
        self._window_seconds = window_seconds
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[PublisherSample, ...]] = {}

    def read(self, addresses: Sequence[str]) -> dict[str, tuple[PublisherSample, ...]]:
        """Samples of each account, by rising time; the last one is of the newest block.

        Args:
            addresses: of the accounts, each once; what is kept of others is forgotten.

        Raises:
            NodeError: the node failed.
        """
        if not addresses:
            return {}
        rpc = self.source.rpc
        with self._lock:
            kept = {address: self._kept[address] for address in addresses if address in self._kept}
            new = [address for address in addresses if address not in kept]
            if new:
                history = fetch_publishers(rpc, new, window_seconds=self._window_seconds)
                stamp = history.block
                kept |= history.samples
            else:
                stamp, _ = fetch_block(rpc, "latest")
            old = [address for address in addresses if address not in new]
            present = fetch_present(rpc, old, stamp) if old else {}
            for address, sample in present.items():
                kept[address] = extended(kept[address], sample, self._window_seconds)
            self._kept = {address: kept[address] for address in addresses}
            return dict(self._kept)


def extended(
    kept: Sequence[PublisherSample], now: PublisherSample, window_seconds: int
) -> tuple[PublisherSample, ...]:
    """The samples with one more at their end, not more of them than are needed.

    The last sample is always of now. It stays when the one before it is long enough ago, and else makes room for the
    next. Where the chain has gone back behind a sample, that one is of a block that is gone.

    Args:
        kept: by rising time.
        now: the newest.
        window_seconds: samples from before it are dropped.
    """
    first = now.timestamp - window_seconds
    within = [each for each in kept if first <= each.timestamp < now.timestamp]
    if len(within) > 1 and within[-1].timestamp - within[-2].timestamp < window_seconds // _SAMPLES:
        within.pop()
    return (*within, now)
