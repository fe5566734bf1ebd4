"""The terms of slashing on each rollup, asked for once: they never change, slashers are replaced as a whole."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from aztec_butler.clients.slashing_rounds import fetch_proposers, fetch_slashing_rules
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import BlockStamp, RollupState
from aztec_butler.core.slashing_rounds import SlashingTerms
from aztec_butler.exporter.source import Source


class Slashers:
    """Slashers that go by votes. Safe to use from many threads.

    Args:
        source: the network.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._known: dict[str, SlashingTerms | None] = {}

    def of(self, snapshot: Snapshot) -> list[tuple[RollupState, SlashingTerms]]:
        """Every rollup with such a slasher.

        Those without a slasher, or with one of the model that signals for whole payloads, are left out.

        Args:
            snapshot: that names the slashers.

        Raises:
            ButlerError: they cannot be read.
        """
        with self._lock:
            named = [state for state in snapshot.rollups if state.slasher != ZERO_ADDRESS]
            self._learn([state for state in named if state.slasher not in self._known], snapshot.block)
            found = [(state, self._known[state.slasher]) for state in named]
        return [(state, terms) for state, terms in found if terms is not None]

    def _learn(self, states: Sequence[RollupState], block: BlockStamp) -> None:
        if not states:
            return
        multicall = self._source.multicall
        slashers = {state.rollup.address: state.slasher for state in states}
        proposers = fetch_proposers(multicall, slashers, block)
        rollups = [state.rollup for state in states]
        rules = fetch_slashing_rules(multicall, tuple(dict.fromkeys(proposers.values())), rollups, block)
        terms = {each.terms.proposer: each.terms for each in rules}
        for rollup, slasher in slashers.items():
            self._known[slasher] = terms.get(proposers.get(rollup, ""))
