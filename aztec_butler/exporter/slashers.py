"""The terms of slashing on each rollup, asked for once: they never change, slashers are replaced as a whole."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.contracts import SLASHER, SLASHING_PROPOSER
from aztec_butler.core.errors import DecodeError, RevertError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import BlockStamp, RollupState
from aztec_butler.core.slashing_rounds import SlashingTerms
from aztec_butler.exporter.source import Source

_TERMS: Final = (
    "QUORUM",
    "ROUND_SIZE",
    "LIFETIME_IN_ROUNDS",
    "SLASH_OFFSET_IN_ROUNDS",
    "COMMITTEE_SIZE",
    "SLASH_AMOUNT_SMALL",
    "SLASH_AMOUNT_MEDIUM",
    "SLASH_AMOUNT_LARGE",
)


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
            slashers = {state.slasher: state for state in snapshot.rollups if state.slasher != ZERO_ADDRESS}
            self._learn([each for each in slashers if each not in self._known], snapshot.block)
            terms = {slasher: self._known[slasher] for slasher in slashers}
        found = []
        for state in snapshot.rollups:
            known = terms.get(state.slasher)
            if known is not None:
                found.append((state, known))
        return found

    def _learn(self, slashers: Sequence[str], block: BlockStamp) -> None:
        if not slashers:
            return
        multicall = self._source.multicall
        asked = [Read(slasher, SLASHER.function("PROPOSER")) for slasher in slashers]
        proposers = [_present(answer) for answer in multicall.try_read(asked, block)]
        named = [proposer or ZERO_ADDRESS for proposer in proposers]
        reads = [Read(each, SLASHING_PROPOSER.function(name)) for each in named for name in _TERMS]
        answers = iter([_present(answer) for answer in multicall.try_read(reads, block)])
        for slasher, proposer in zip(slashers, named, strict=True):
            self._known[slasher] = _terms(proposer, [next(answers) for _ in _TERMS])


def _present(answer: Any) -> Any:
    """An answer; None from a contract that does not have the function, or is none."""
    return None if isinstance(answer, DecodeError | RevertError) else answer


def _terms(proposer: str, values: Sequence[Any]) -> SlashingTerms | None:
    if None in values:
        return None
    quorum, size, lifetime, offset, committee_size, small, medium, large = values
    return SlashingTerms(
        proposer=proposer,
        quorum=quorum,
        round_size=size,
        lifetime_in_rounds=lifetime,
        offset_in_rounds=offset,
        committee_size=committee_size,
        amounts_wei=(small, medium, large),
    )
