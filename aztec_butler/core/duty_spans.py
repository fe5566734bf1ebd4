"""Which epochs of which rollup a stretch of time is made of: rollups come and go, and each counts its own."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.records import Rollup, unit


@attrs.frozen(kw_only=True)
class Reign:
    """From when on a rollup was canonical."""

    rollup: Rollup
    since: int = unit("s")


@attrs.frozen(kw_only=True)
class EpochSpan:
    """Epochs of one rollup."""

    rollup: Rollup
    first_epoch: int
    last_epoch: int


def canonical_epochs(reigns: Sequence[Reign], *, first_at: int, last_at: int) -> tuple[EpochSpan, ...]:
    """The epochs that began in a stretch of time, each of the rollup that was canonical when it began.

    Args:
        reigns: in the order in which the rollups became canonical.
        first_at: Unix seconds; the epoch that began at this very second is in it.
        last_at: Unix seconds; likewise.
    """
    spans: list[EpochSpan] = []
    for place, reign in enumerate(reigns):
        clock = EpochClock.of(reign.rollup)
        begins_at = max(first_at, reign.since, clock.genesis_at)
        ends_at = last_at
        if place + 1 < len(reigns):
            ends_at = min(ends_at, reigns[place + 1].since - 1)
        if ends_at < begins_at:
            continue
        first = -((clock.genesis_at - begins_at) // clock.epoch_seconds)
        last = clock.epoch_at(ends_at)
        if first <= last:
            spans.append(EpochSpan(rollup=reign.rollup, first_epoch=first, last_epoch=last))
    return tuple(spans)
