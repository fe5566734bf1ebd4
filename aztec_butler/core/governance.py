"""Governance: the states of a proposal, and the rounds in which proposers signal for one."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ProposalState(StrEnum):
    """How a proposal stands."""

    PENDING = "pending"
    """Made, and not open for votes yet."""
    ACTIVE = "active"
    """Open for votes."""
    QUEUED = "queued"
    """Accepted, and not executable yet."""
    EXECUTABLE = "executable"
    """Anybody can execute it."""
    REJECTED = "rejected"
    EXECUTED = "executed"
    DROPPABLE = "droppable"
    """Made by a proposer that has been replaced since; anybody can drop it."""
    DROPPED = "dropped"
    EXPIRED = "expired"
    """Accepted, and not executed in time."""


PROPOSAL_STATES: Final = tuple(ProposalState)
"""By the number the contract uses. Source: IGovernance.sol, ``enum ProposalState``."""


def signal_round(slot: int, round_size: int) -> int:
    """The round in which the proposer of a slot signals.

    Args:
        slot: of the canonical rollup.
        round_size: slots of a round.

    >>> signal_round(1999, 1000)
    1

    Source: EmpireBase.sol ``computeRound``.
    """
    return slot // round_size
