"""What was noticed in blocks that are not final yet: what is final has to hold all of it where the blocks are the same.

A node whose index of logs lags behind its headers answers with fewer logs than there are, and nothing in the answer shows
it. But a log that was noticed in a block is in that block for ever.
"""

from __future__ import annotations

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.intents import Checkpoint
from aztec_butler.watcher import chain_window
from aztec_butler.watcher.steps import Step

_Place = tuple[bytes, int]
"""Address and index of a log."""


class NoticedLogs:
    """Remembers them while the process lives; a few for each block."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, str], set[_Place]] = {}

    def remember(self, step: Step) -> None:
        """Take the events of a step that was noticed."""
        for block, places in _places(step).items():
            self._places.setdefault(block, set()).update(places)

    def check(self, checkpoint: Checkpoint, step: Step) -> None:
        """Make sure that a step of final events holds what was noticed in its blocks; forget these.

        Args:
            checkpoint: before the step, with the blocks that are on the chain.
            step: what was read.

        Raises:
            NodeRefused: a log is missing.
        """
        if not self._places:
            return
        told = _places(step)
        contracts = {bytes.fromhex(address[2:]) for address in step.checkpoint.watched}
        for (number, block_hash), places in self._places.items():
            known = chain_window.at(checkpoint.window, number)
            if not step.first_block <= number <= step.last_block or known is None or known.hash != block_hash:
                continue
            missing = places - told.get((number, block_hash), set())
            if any(address in contracts for address, _ in missing):
                raise NodeRefused(
                    "the node left out logs that were noticed before",
                    hint="its index of logs may lag behind; nothing is taken as final until it tells of them",
                    retryable=True,
                    block=number,
                    block_hash=block_hash,
                    log_indices=", ".join(str(index) for _, index in sorted(missing)),
                )
        self._places = {block: places for block, places in self._places.items() if block[0] > step.last_block}


def _places(step: Step) -> dict[tuple[int, str], set[_Place]]:
    if not len(step.events):
        return {}
    seen = step.events.seen()
    found: dict[tuple[int, str], set[_Place]] = {}
    for number, block_hash, address, index in zip(
        seen.block_numbers, seen.block_hashes, seen.addresses, seen.log_indices, strict=True
    ):
        found.setdefault((number, to_hex(block_hash)), set()).add((address, index))
    return found
