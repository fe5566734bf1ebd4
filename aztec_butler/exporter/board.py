"""What the last collections found, ready to be sent.

Collections post what they found; the board joins it to whole pages, plain and compressed, and swaps them in one piece.
A scrape takes the finished page, whatever goes on behind. What a collection found is shown until the next one of the
same collector fails or is overdue; then it is gone, and only the freshness series say when it was last seen.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from aztec_butler.serving.exposition import Lines, Samples, page, sample_lines
from aztec_butler.serving.metric import Metric

SCRAPE_SUCCESS: Final = Metric(
    name="scrape_success",
    help="Whether the last collection succeeded and is not overdue.",
    labels=("collector",),
)
SCRAPE_DURATION: Final = Metric(
    name="scrape_duration_seconds",
    help="How long the last finished collection took.",
    labels=("collector",),
)
LAST_SUCCESS: Final = Metric(
    name="last_success_timestamp_seconds",
    help="When the last successful collection began, in Unix seconds; what a collector shows is of that moment.",
    labels=("collector",),
)
FRESHNESS: Final = (SCRAPE_SUCCESS, SCRAPE_DURATION, LAST_SUCCESS)
# 8 % larger than at the default level, at a fifth of the work.
_LEVEL: Final = 1


@attrs.frozen(kw_only=True)
class Pages:
    """One state of the board in every form in which it is asked for. OpenMetrics lacks the mark of its end."""

    plain: bytes
    plain_gzip: bytes
    openmetrics: bytes
    openmetrics_gzip: bytes

    @classmethod
    def of(cls, lines: list[Lines]) -> Pages:
        """Lines in all forms."""
        plain, openmetrics = page(lines, openmetrics=False), page(lines, openmetrics=True)
        return cls(
            plain=plain,
            plain_gzip=gzip.compress(plain, _LEVEL, mtime=0),
            openmetrics=openmetrics,
            openmetrics_gzip=gzip.compress(openmetrics, _LEVEL, mtime=0),
        )


@attrs.define(kw_only=True)
class _Place:
    """What one collector of one network posted last."""

    max_age_seconds: float
    lines: Lines = attrs.field(factory=dict)
    succeeded: bool = False
    reason: str | None = None
    began: float | None = None
    ended: float | None = None
    last_success: float | None = None

    def is_fresh(self, now: float) -> bool:
        return self.succeeded and self.began is not None and now - self.began <= self.max_age_seconds


class Board:
    """The last findings of all collectors of all networks. Safe to use from many threads.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._places: dict[tuple[str, str], _Place] = {}
        self._shown: tuple[object, ...] | None = None
        self._pages = Pages.of([])

    @property
    def pages(self) -> Pages:
        """The finished pages. Never waits for anything."""
        return self._pages

    def reserve(self, network: str, collector: str, *, max_age_seconds: float) -> None:
        """A place for a collector: until it has posted, its freshness says that it did not succeed.

        One that has a place keeps what it found last.

        Args:
            network: name of the network it reads.
            collector: its name.
            max_age_seconds: how old what it found may be and still be shown.
        """
        with self._lock:
            place = self._places.setdefault((network, collector), _Place(max_age_seconds=max_age_seconds))
            place.max_age_seconds = max_age_seconds

    def release(self, network: str, collector: str) -> None:
        """Forget a collector and what it found."""
        with self._lock:
            self._places.pop((network, collector), None)

    def post(self, network: str, collector: str, samples: Samples, *, began: float) -> None:
        """What a collection found; shown from the next ``refresh`` on.

        Args:
            network: name of the network.
            collector: the collector's name.
            samples: everything it found; takes the place of what it found before.
            began: when it started to read, in Unix seconds.

        Raises:
            ValueError: samples that cannot be shown; the place is as it was.
        """
        lines = sample_lines(samples, network=network)
        with self._lock:
            place = self._places[network, collector]
            place.lines, place.succeeded, place.reason = lines, True, None
            place.began = place.last_success = began
            place.ended = self._clock()

    def fail(self, network: str, collector: str, *, began: float, reason: str) -> None:
        """A collection failed: what the collector found before is no longer shown.

        Args:
            network: name of the network.
            collector: the collector's name.
            began: when it started, in Unix seconds.
            reason: why, without secrets.
        """
        with self._lock:
            place = self._places[network, collector]
            place.lines, place.succeeded, place.reason = {}, False, reason
            place.began, place.ended = began, self._clock()

    def refresh(self) -> None:
        """Make the pages anew if anything has changed or has become too old."""
        with self._lock:
            now = self._clock()
            fresh = {key: place.is_fresh(now) for key, place in self._places.items()}
            shown = tuple(
                (key, fresh[key], place.began, place.ended, place.last_success)
                for key, place in self._places.items()
            )
            if shown == self._shown:
                return
            lines: list[Lines] = []
            for (network, collector), place in self._places.items():
                if fresh[network, collector]:
                    lines.append(place.lines)
            lines += [
                sample_lines(
                    _freshness(collector, place, is_fresh=fresh[network, collector]), network=network
                )
                for (network, collector), place in self._places.items()
            ]
            self._pages, self._shown = Pages.of(lines), shown

    def states(self) -> Mapping[tuple[str, str], CollectorState]:
        """How every collector stands, by network and name: for health checks."""
        with self._lock:
            now = self._clock()
            return {
                key: CollectorState(
                    is_fresh=place.is_fresh(now), last_success=place.last_success, reason=place.reason
                )
                for key, place in self._places.items()
            }


@attrs.frozen(kw_only=True)
class CollectorState:
    """How one collector stands.

    Args:
        is_fresh: whether what it found is being shown.
        last_success: when its last successful collection began, in Unix seconds; None when there was none.
        reason: why its last collection failed; None when it did not.
    """

    is_fresh: bool
    last_success: float | None
    reason: str | None = None


def _freshness(collector: str, place: _Place, *, is_fresh: bool) -> Samples:
    samples: dict[Metric, dict[tuple[str, ...], float]] = {SCRAPE_SUCCESS: {(collector,): int(is_fresh)}}
    if place.began is not None and place.ended is not None:
        # The clock may have been set back in between.
        samples[SCRAPE_DURATION] = {(collector,): max(0.0, place.ended - place.began)}
    if place.last_success is not None:
        samples[LAST_SUCCESS] = {(collector,): place.last_success}
    return samples
