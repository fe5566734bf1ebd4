"""How long the accounts that pay for transactions on L1 will last. Pure, integers throughout.

What an account spends is read off its balance at several blocks. Between two of them it can only be told as long as
nobody paid something in: an interval in which the balance rose counts neither with its time nor with its amount. What
was paid in and spent again within one interval cannot be seen; the shorter the intervals, the less that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import attrs

from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import InputError
from aztec_butler.core.records import unit

DAY_SECONDS: Final = 86_400
_ETHER: Final = 10**18


@attrs.frozen(kw_only=True)
class PublisherSample:
    """An account at one block."""

    timestamp: int = unit("s")
    balance_wei: int = unit("ether")
    """Ether."""
    nonce: int
    """Transactions it had sent."""


@attrs.frozen(kw_only=True)
class PublisherLimits:
    """When a publisher's balance is too low.

    Args:
        critical_wei: below it the node stops publishing at the next expensive block. Aztec's documentation asks for
            0.1 ETH.
        low_wei: below it somebody should be told. The documentation alerts at 0.5 ETH.
        critical_seconds: a shorter runway is critical.
        low_seconds: a shorter runway is low.
        target_seconds: a top-up is to last so long.

    Raises:
        InputError: limits that contradict each other.

    Source: aztec-packages, docs on staking providers; 0.1 and 0.5 ETH.
    """

    critical_wei: int = _ETHER // 10
    low_wei: int = _ETHER // 2
    critical_seconds: int = DAY_SECONDS
    low_seconds: int = 7 * DAY_SECONDS
    target_seconds: int = 30 * DAY_SECONDS

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.critical_wei <= self.low_wei:
            raise InputError(
                "the critical balance lies above the low one",
                critical_wei=self.critical_wei,
                low_wei=self.low_wei,
            )
        if not 0 <= self.critical_seconds <= self.low_seconds <= self.target_seconds:
            raise InputError(
                "runways grow from critical over low to what a top-up is to last",
                critical_seconds=self.critical_seconds,
                low_seconds=self.low_seconds,
                target_seconds=self.target_seconds,
            )


@attrs.frozen(kw_only=True)
class Publisher:
    """An account that pays for transactions on L1, and how long it will last."""

    address: str
    outcome: Outcome
    balance_wei: int = unit("ether")
    """Ether."""
    spent_per_day_wei: int | None = unit("ether")
    """Ether, rounded up; None when no interval tells."""
    runway_seconds: int | None = unit("s")
    """Until the balance is used up at that rate, rounded down; None without a rate, or when nothing is spent."""
    top_up_wei: int = unit("ether")
    """Ether that is missing for the time a top-up is to last, and for the lower limit; 0 when nothing is."""
    transactions: int
    """Sent within the window."""
    window_seconds: int = unit("s")
    """From the first sample to the last."""
    counted_seconds: int = unit("s")
    """Of them, those in which nothing was paid in."""
    top_ups: int
    """Intervals in which the balance rose."""
    finding: str
    """What is to be said about it, in a sentence."""


def judge_publisher(
    address: str, samples: Sequence[PublisherSample], limits: PublisherLimits | None = None
) -> Publisher:
    """One account.

    Args:
        address: of the account.
        samples: by rising time; the last one is now. One alone tells the balance and no rate.
        limits: when it is too low; the documented ones by default.

    Raises:
        InputError: no sample, or times that do not rise.
    """
    if not samples:
        raise InputError("a publisher is judged by one sample at least", address=address)
    if any(earlier.timestamp >= later.timestamp for earlier, later in pairwise(samples)):
        raise InputError("samples are taken at rising times", address=address)
    limits = limits or PublisherLimits()
    spent = seconds = top_ups = 0
    for earlier, later in pairwise(samples):
        if later.balance_wei > earlier.balance_wei:
            top_ups += 1
            continue
        spent += earlier.balance_wei - later.balance_wei
        seconds += later.timestamp - earlier.timestamp
    balance = samples[-1].balance_wei
    runway = balance * seconds // spent if spent else None
    outcome, finding = _verdict(balance, runway, limits)
    needed = max(limits.low_wei, -(-spent * limits.target_seconds // seconds) if seconds else 0)
    return Publisher(
        address=address,
        outcome=outcome,
        balance_wei=balance,
        spent_per_day_wei=-(-spent * DAY_SECONDS // seconds) if seconds else None,
        runway_seconds=runway,
        top_up_wei=max(0, needed - balance),
        transactions=samples[-1].nonce - samples[0].nonce,
        window_seconds=samples[-1].timestamp - samples[0].timestamp,
        counted_seconds=seconds,
        top_ups=top_ups,
        finding=finding,
    )


def judge_publishers(
    samples: Mapping[str, Sequence[PublisherSample]], limits: PublisherLimits | None = None
) -> tuple[Publisher, ...]:
    """Several accounts, those that run out first in front.

    Args:
        samples: by address, as ``judge_publisher`` takes them.
        limits: when one is too low.
    """
    order = list(Outcome)
    judged = [judge_publisher(address, taken, limits) for address, taken in samples.items()]
    return tuple(
        sorted(
            judged,
            key=lambda each: (
                -order.index(each.outcome),
                each.runway_seconds is None,
                each.runway_seconds or 0,
                each.balance_wei,
            ),
        )
    )


def _verdict(balance: int, runway: int | None, limits: PublisherLimits) -> tuple[Outcome, str]:
    if balance < limits.critical_wei:
        return Outcome.FAIL, "the balance is critical: publishing stops when it does not cover a transaction"
    if runway is not None and runway < limits.critical_seconds:
        return Outcome.FAIL, "at this rate it is used up within the critical time"
    if balance < limits.low_wei:
        return Outcome.WARN, "the balance is low"
    if runway is not None and runway < limits.low_seconds:
        return Outcome.WARN, "at this rate it is used up soon"
    return Outcome.OK, "enough" if runway is not None else "enough; no spending was seen"
