"""Publishers: the accounts that pay for our transactions on L1, and how long they will last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aztec_butler.core.publishers import Publisher, judge_publishers
from aztec_butler.exporter.amounts import whole_tokens
from aztec_butler.exporter.balance_book import BalanceBook
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import Pace
from aztec_butler.exporter.ours import SERIES_CAPPED, Who
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

PUBLISHERS_PACE: Final = Pace(interval_seconds=60.0, timeout_seconds=60.0)

BALANCE: Final = Metric(
    name="publisher_balance_eth",
    help="What one of our publishers has, in whole ETH (a float, for display).",
    labels=("publisher",),
    old_names=("aztec_butler_publisher_eth_balance", "aztec_butler_publisher_balance_wei"),
)
DAILY_BURN: Final = Metric(
    name="publisher_daily_burn_eth",
    help="What it spends in a day, by the time within the last day in which nothing was paid in; absent until two"
    " blocks have been seen.",
    labels=("publisher",),
)
RUNWAY: Final = Metric(
    name="publisher_runway_seconds",
    help="How long its balance lasts at that rate; absent without a rate, or when nothing was spent.",
    labels=("publisher",),
)
COUNTED: Final = Metric(
    name="publisher_burn_window_seconds",
    help="How much time that rate is of: a rate of a few minutes says little.",
    labels=("publisher",),
)
METRICS: Final = (BALANCE, DAILY_BURN, RUNWAY, COUNTED, SERIES_CAPPED)


def samples(publishers: Iterable[Publisher], *, capped: int) -> Samples:
    """The metrics of one block.

    Args:
        publishers: judged.
        capped: how many of ours are not among them.
    """
    found: dict[Metric, dict[tuple[str, ...], float]] = {metric: {} for metric in METRICS}
    for each in publishers:
        key = (each.address,)
        found[BALANCE][key] = whole_tokens(each.balance_wei)
        found[COUNTED][key] = each.counted_seconds
        if each.spent_per_day_wei is not None:
            found[DAILY_BURN][key] = whole_tokens(each.spent_per_day_wei)
        if each.runway_seconds is not None:
            found[RUNWAY][key] = each.runway_seconds
    found[SERIES_CAPPED]["publisher",] = capped
    return found


def collector(book: BalanceBook, who: Who, pace: Pace = PUBLISHERS_PACE) -> Collector:
    """The collector.

    Args:
        book: balances of the network's accounts. It outlives the collector, whose settings may change.
        who: we are.
        pace: how often.
    """

    def collect() -> Samples:
        ours = who()
        shown = ours.shown_publishers
        return samples(judge_publishers(book.read(shown)), capped=len(ours.publishers) - len(shown))

    return Collector(
        name="publishers",
        network=book.source.name,
        metrics=METRICS,
        interval_seconds=pace.interval_seconds,
        timeout_seconds=pace.timeout_seconds,
        collect=collect,
    )
