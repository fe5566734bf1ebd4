"""The story of every stake: which came when, through whom, and how it left. What a replay of the events tells.

The contracts keep no list of everyone who ever staked, and no view says which provider an attester belongs to or
which slash took it out of the set. ``core.history_replay`` finds it out from events; here are the words it tells it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

import attrs

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.events import Position
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import unit

Place: TypeAlias = RawLog | Position
"""Where on the chain something happened: the log itself, or its place alone."""

MISSING_LOGS_HINT: Final = (
    "the node may have pruned old logs: use another endpoint, and try `doctor`;"
    " on a network of your own, `first_block` may be too late"
)
"""What to do when logs do not add up."""


def missing_logs(sentence: str, **facts: object) -> NodeRefused:
    """The error of a history that cannot be whole: a shorter one must never look like it."""
    error = NodeRefused(f"logs are missing: {sentence}", hint=MISSING_LOGS_HINT)
    error.facts.update(facts)
    return error


class Outcome(StrEnum):
    """What became of a queued deposit."""

    WAITING = "waiting"
    ACTIVATED = "activated"
    REFUNDED = "refunded"


@attrs.frozen(kw_only=True)
class Delegated:
    """The provider's side of a deposit: ``StakedWithProvider``."""

    provider_id: int
    attester: str
    split: str
    staker: str
    rollup: str
    log: Place


@attrs.define(kw_only=True)
class Stake:
    """One funded deposit, from the entry queue to its end."""

    rollup: str
    attester: str
    withdrawer: str
    queued: Place
    delegated: Delegated | None = None
    """None: it was staked directly."""
    outcome: Outcome = Outcome.WAITING
    settled: Place | None = None
    """The log of the outcome; None while it waits."""
    instance: str | None = None
    """The GSE's bucket that holds it: a rollup, or the bonus instance for movers; None before activation."""
    activated_wei: int = unit("wei", default=0)
    """What it brought into the set; 0 before activation."""


@attrs.define(kw_only=True)
class Departure:
    """How an attester left the set of a rollup."""

    attester: str
    rollup: str
    is_ejection: bool
    initiated: Place
    recipient: str | None
    """None: ejected, and no recipient named yet."""
    left_wei: int = unit("wei")
    """What went from the set into the exit."""
    amount_wei: int = unit("wei")
    """What of it is or was paid: less than left where a slash took from the exit."""
    finalized: Place | None = None
    """None until it is paid."""
    burned: Place | None = None
    """The slash that took the last of it; None while something is left, or was paid."""


@attrs.frozen(kw_only=True)
class Slash:
    """One slash, with what it did."""

    attester: str
    rollup: str
    amount_wei: int = unit("wei")
    lost_stake_wei: int = unit("wei")
    """What the set has less by it: the whole stake for an ejection, whose rest is in an exit; 0 when it took from an
    exit."""
    is_ejection: bool
    log: Place


@attrs.frozen(kw_only=True)
class Listing:
    """Keys that a provider put at the end of its queue: ``AttestersAddedToProvider``."""

    provider_id: int
    attesters: tuple[str, ...]
    log: Place


@attrs.frozen(kw_only=True)
class Drip:
    """A key that a provider took from the head of its queue again: ``ProviderQueueDripped``."""

    provider_id: int
    attester: str
    log: Place


@attrs.frozen(kw_only=True)
class StakingHistory:
    """The replayed events of one network up to one block."""

    stakes: tuple[Stake, ...]
    """In the order of queueing."""
    delegations: tuple[Delegated, ...]
    departures: tuple[Departure, ...]
    slashes: tuple[Slash, ...]
    balances_wei: Mapping[str, int]
    """What the replay holds for every attester in the set."""
    registrations: Mapping[int, Place]
    """When each provider registered, by id."""
    listings: tuple[Listing, ...]
    drips: tuple[Drip, ...]
    provider_queues: Mapping[int, tuple[str, ...]]
    """Attesters whose keys wait with each provider, the next one first."""

    def waiting(self, rollup: str) -> tuple[Stake, ...]:
        """Stakes in a rollup's entry queue, the next one first."""
        return tuple(s for s in self.stakes if s.rollup == rollup and s.outcome is Outcome.WAITING)
