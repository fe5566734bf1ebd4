"""What a metric is called, measured in and labelled with: the part of it that stands before any value is known.

Names follow Prometheus' conventions: base units, one unit and one quantity to a name, ``_total`` behind what only grows.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import attrs

PREFIX: Final = "aztec_butler_"
UNITS: Final = ("seconds", "bytes", "ratio", "aztec", "eth")
"""What a name may end in to tell its unit; a name without one counts things."""
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NOT_BASE: Final = re.compile(r"_(ms|millis|milliseconds|minutes|hours|days|percent|wei|gwei|kb|mb|gb)(_|$)")


class MetricKind(StrEnum):
    """How the values of a metric behave."""

    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"


@attrs.frozen(kw_only=True, eq=False)
class Metric:
    """One metric family. Each is made once and is equal to itself alone.

    Args:
        name: without the prefix that all names share. Ends in its unit (``_seconds``, ``_ratio``, ``_aztec``, ``_eth``),
            ``_total`` for counters and ``_info`` for facts about something.
        help: one sentence for people.
        kind: whether it may fall.
        labels: names of its labels, apart from ``network``, which all have.
        old_names: what comparable tools call it.
    """

    name: str = attrs.field()
    help: str = attrs.field()
    kind: MetricKind = MetricKind.GAUGE
    labels: tuple[str, ...] = attrs.field(default=())
    old_names: tuple[str, ...] = ()

    @name.validator
    def _check_name(self, _: object, name: str) -> None:
        if not _NAME.fullmatch(name) or name.startswith(PREFIX):
            raise ValueError(f"no name for a metric: {name}")
        if _NOT_BASE.search(name):
            raise ValueError(f"not in a base unit: {name}")

    @labels.validator
    def _check_labels(self, _: object, labels: tuple[str, ...]) -> None:
        if len(set(labels)) < len(labels) or "network" in labels:
            raise ValueError(f"a label is there twice: {labels}")
        if not all(_NAME.fullmatch(label) for label in labels):
            raise ValueError(f"no names for labels: {labels}")

    @help.validator  # noqa: A003 - Prometheus calls it so
    def _check_help(self, _: object, text: str) -> None:
        if not text.endswith(".") or "\n" in text or "\\" in text:
            raise ValueError(f"the help of a metric is one line that ends in a full stop: {text}")

    def __attrs_post_init__(self) -> None:
        if (self.kind is MetricKind.COUNTER) is not self.name.endswith("_total"):
            raise ValueError(f"counters, and only they, end in _total: {self.name}")
        if (self.kind is MetricKind.INFO) is not self.name.endswith("_info"):
            raise ValueError(f"facts, and only they, end in _info: {self.name}")

    @property
    def full_name(self) -> str:
        """As it stands in front of each value."""
        return PREFIX + self.name

    @property
    def unit(self) -> str | None:
        """Its base unit; None for what is counted."""
        last = self.name.removesuffix("_total").rpartition("_")[2]
        return last if last in UNITS else None
