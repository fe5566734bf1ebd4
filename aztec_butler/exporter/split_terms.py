"""How the splits of delegations divide, asked for once: they never change."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.clients.splits import fetch_split_parameters
from aztec_butler.core.history import Delegated
from aztec_butler.core.records import SplitParameters
from aztec_butler.exporter.source import Source


class SplitTerms:
    """Parameters of splits. Safe to use from many threads.

    Args:
        source: the network.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], SplitParameters] = {}

    def of(self, snapshot: Snapshot, delegations: Iterable[Delegated]) -> dict[str, SplitParameters]:
        """How the splits of some delegations divide, by their address.

        Args:
            snapshot: that knows the delegations.
            delegations: whose splits are wanted.

        Raises:
            NodeError: the node failed.
        """
        # The transaction belongs to the key: after a reorganisation another one may have made the split.
        wanted = {(each.split, each.log.transaction_hash): each for each in delegations}
        with self._lock:
            missing = [each for key, each in wanted.items() if key not in self._known]
            found = fetch_split_parameters(self._source.rpc, snapshot.deployment, missing, snapshot.block)
            for each in missing:
                self._known[each.split, each.log.transaction_hash] = found[each.split]
            return {split: self._known[split, transaction] for split, transaction in wanted}
