"""What a check found: the record that ``doctor`` is made of."""

from __future__ import annotations

from enum import StrEnum

import attrs

from aztec_butler.core.errors import ButlerError


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    """It works, and something will be slower or missing."""
    FAIL = "fail"


@attrs.frozen(kw_only=True)
class Check:
    """One thing that was looked at."""

    outcome: Outcome
    subject: str
    """What was examined: an endpoint's name, never its URL."""
    check: str
    finding: str
    remedy: str | None = None
    """What to do about it; None when there is nothing to do."""


def failed_by(error: ButlerError, *, subject: str, check: str, remedy: str | None = None) -> Check:
    """The check that ended in an error, told on one line.

    >>> failed_by(ButlerError("no answer", host="a"), subject="L1 a", check="reachable").finding
    'no answer (host: a)'
    """
    facts = ", ".join(f"{name}: {value}" for name, value in error.facts.items())
    return Check(
        outcome=Outcome.FAIL,
        subject=subject,
        check=check,
        finding=f"{error.sentence} ({facts})" if facts else error.sentence,
        remedy=error.hint or remedy,
    )
