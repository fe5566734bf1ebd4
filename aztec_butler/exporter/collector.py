"""What a collector is: a name, what it measures, how often, and the function that reads it."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric


@attrs.frozen(kw_only=True, eq=False)
class Collector:
    """One kind of reading of one network.

    Args:
        name: value of the label ``collector``.
        network: name of the network it reads.
        metrics: everything it may find.
        interval_seconds: from the start of one collection to the start of the next.
        timeout_seconds: how long a collection may take before it counts as failed.
        collect: reads everything anew, on a thread of its own, and returns all of it or raises.
    """

    name: str
    network: str
    metrics: tuple[Metric, ...]
    interval_seconds: float = attrs.field(validator=attrs.validators.gt(0))
    timeout_seconds: float = attrs.field(validator=attrs.validators.gt(0))
    collect: Callable[[], Samples] = attrs.field(repr=False)

    @property
    def max_age_seconds(self) -> float:
        """How old a finding may become: one collection may be missed, and its successor may need all its time."""
        return 2 * self.interval_seconds + self.timeout_seconds


@attrs.frozen(kw_only=True)
class Outcome:
    """How one collection went.

    Args:
        collector: whose it was.
        duration_seconds: how long it took, or how long it was waited for.
        error: why it failed; None when it succeeded.
    """

    collector: Collector
    duration_seconds: float
    error: BaseException | None = None
