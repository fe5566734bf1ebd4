"""Where an attester stands, from what several contracts say of it.

``getStatus`` answers for one rollup. It says NONE of an address nobody ever saw, of one whose stake waits in a queue, of
one that follows a newer rollup, and of one that left years ago. So NONE alone decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import AttesterView, Status


class Lifecycle(StrEnum):
    """Where an attester stands, in the order of a life."""

    NEVER_REGISTERED = "never-registered"
    """No contract holds it; deposits for it, if any, were refunded."""
    PROVIDER_QUEUED = "provider-queued"
    """A provider has listed its key, and nobody has staked on it."""
    ENTRY_QUEUED = "entry-queued"
    """Its stake waits in a rollup's entry queue."""
    VALIDATING = "validating"
    """It is in the set."""
    ZOMBIE = "zombie"
    """A slash took it out of the set, and its withdrawer has not said where the rest of the stake goes."""
    EXITING = "exiting"
    """It left the set, and its stake waits for the recipient."""
    EXITED = "exited"
    """It was in the set, and nothing of it is left there or in an exit: paid, or slashed to nothing."""


_BY_STATUS = {
    Status.VALIDATING: Lifecycle.VALIDATING,
    Status.ZOMBIE: Lifecycle.ZOMBIE,
    Status.EXITING: Lifecycle.EXITING,
}


def lifecycle(views: Iterable[AttesterView], *, is_entry_queued: bool, is_provider_queued: bool) -> Lifecycle:
    """Where an attester stands.

    An address enters the set once in its life, whatever the number of rollups: the GSE keeps its withdrawer and key for
    ever and refuses it from then on. That leaves one answer, found in this order:

    1. A rollup where its status is not NONE decides: validating, zombie or exiting. At most one says so, for a mover the
       present one, however its old rollup answers.
    2. With NONE everywhere, an address whose withdrawer the GSE knows has exited. It stays so even if it stands in a
       queue again, for that deposit will be refunded.
    3. Else the entry queue goes before a provider's queue, because there is money in it: a key may be staked on while a
       second listing of it still waits.
    4. Else nobody has it.

    Args:
        views: what each rollup of the Registry says of it, in any order; at least one.
        is_entry_queued: whether it stands in the entry queue of any rollup.
        is_provider_queued: whether it stands in the queue of any provider.

    Raises:
        InputError: no view, so nothing is known.

    Source: StakingLib ``getStatus``; GSE ``deposit``, ``withdraw``.
    """
    seen = tuple(views)
    if not seen:
        raise InputError("the lifecycle of an attester needs what at least one rollup says of it")
    for view in seen:
        if view.status is not Status.NONE:
            return _BY_STATUS[view.status]
    if any(view.withdrawer != ZERO_ADDRESS for view in seen):
        return Lifecycle.EXITED
    if is_entry_queued:
        return Lifecycle.ENTRY_QUEUED
    return Lifecycle.PROVIDER_QUEUED if is_provider_queued else Lifecycle.NEVER_REGISTERED
