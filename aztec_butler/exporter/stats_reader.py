"""Conduct of our attesters, asked of an Aztec node one by one, and of each once an epoch.

The node works long for the whole set's statistics, and little for a single attester's. So a few are asked for in each
collection, those whose answer is the oldest first, until all are of this epoch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

import attrs

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.aztec_rpc import THROWN
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.node_records import SingleValidatorStats

CALLS_AT_ONCE: Final = 25


class Silence(StrEnum):
    """Why there is no answer about an attester."""

    NOT_ASKED = "not-asked"
    """Its turn has not come, or its answer has become too old."""
    UNKNOWN = "unknown"
    """The node has not seen it on duty, or keeps no statistics."""
    REFUSED = "refused"
    """The node fails when it is asked about this one."""


@attrs.frozen(kw_only=True)
class Told:
    """What the node told of one attester.

    Args:
        epoch: in which it was asked.
        at: when it was asked, in Unix seconds.
        stats: its conduct, or why there is none.
    """

    epoch: int
    at: float
    stats: SingleValidatorStats | Silence


class StatsReader:
    """Asks a node about attesters, gently.

    Args:
        node: its public port is asked.
        calls: how many requests one collection makes at most.
        clock: Unix seconds.
    """

    def __init__(
        self, node: AztecNode, *, calls: int = CALLS_AT_ONCE, clock: Callable[[], float] = time.time
    ) -> None:
        self._node = node
        self._calls = calls
        self._clock = clock
        self._told: dict[str, Told] = {}

    def read(self, attesters: Iterable[str], *, epoch: int, max_age_seconds: float) -> dict[str, Told]:
        """What is known of each attester now.

        Args:
            attesters: who is asked about; whoever is not among them any more is forgotten.
            epoch: the present one.
            max_age_seconds: older answers are no answers.

        Returns:
            An entry for every attester about whom there is an answer that is not too old.

        Raises:
            NodeError: the node failed. What it has told in this collection is not lost.
        """
        wanted = dict.fromkeys(attesters)
        self._told = {each: told for each, told in self._told.items() if each in wanted}
        due = [each for each in wanted if each not in self._told or self._told[each].epoch != epoch]
        # Sorting is stable: those never asked come first, in their own order.
        due.sort(key=lambda each: self._told[each].at if each in self._told else 0.0)
        for attester in due[: self._calls]:
            self._told[attester] = Told(epoch=epoch, at=self._clock(), stats=self._ask(attester))
        oldest = self._clock() - max_age_seconds
        return {each: told for each, told in self._told.items() if told.at >= oldest}

    def _ask(self, attester: str) -> SingleValidatorStats | Silence:
        try:
            stats = self._node.get_validator_stats(attester)
        except NodeRefused as refused:
            # Some versions choke on the record of a single attester. That must not hide all the others.
            if refused.code not in THROWN:
                raise
            return Silence.REFUSED
        return Silence.UNKNOWN if stats is None else stats

    def longest_round_seconds(self, count: int, interval_seconds: float) -> float:
        """How long it takes until everybody's turn has come.

        Args:
            count: of attesters.
            interval_seconds: from one collection to the next.
        """
        return -(-count // self._calls) * interval_seconds
