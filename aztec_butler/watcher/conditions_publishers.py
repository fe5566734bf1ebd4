"""Conditions of our publishers: whether they can pay for transactions on L1."""

from __future__ import annotations

from collections.abc import Iterator

from aztec_butler.core.intent_parameters import TopUp
from aztec_butler.core.intents import Condition, Severity
from aztec_butler.watcher.conditions_words import tells
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.notices import ether
from aztec_butler.watcher.settings import WatcherSettings


def publisher_low(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:
    """A publisher has less than it should: it is topped up to the wei, if a Safe is there to pay."""
    for publisher, balance_wei in facts.publishers.items():
        if balance_wei >= settings.publisher_low:
            continue
        yield tells(
            "publisher-low",
            f"publisher:{publisher}",
            "Publisher is low",
            f"Publisher {publisher} has {ether(balance_wei)}, less than {ether(settings.publisher_low)}.",
            publisher=publisher,
            balance_wei=balance_wei,
        )
        if settings.safe is not None:
            amount_wei = settings.publisher_target - balance_wei
            yield Condition(
                name="publisher-low",
                kind=TopUp.kind,
                target=f"publisher:{publisher}",
                parameters=TopUp(
                    publisher=publisher,
                    amount_wei=amount_wei,
                    balance_wei=balance_wei,
                    low_wei=settings.publisher_low,
                    from_safe=settings.safe,
                ).to_json(),
                summary=f"Pay {ether(amount_wei)} from the Safe {settings.safe} to publisher {publisher}, which has"
                f" {ether(balance_wei)}.",
            )


def publisher_critical(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:
    """A publisher may not be able to pay for the next transaction."""
    for publisher, balance_wei in facts.publishers.items():
        if balance_wei < settings.publisher_critical:
            yield tells(
                "publisher-critical",
                f"publisher:{publisher}",
                "Publisher may fail to publish",
                f"Publisher {publisher} has {ether(balance_wei)}: publishing stops when that does not cover a transaction.",
                Severity.CRITICAL,
                publisher=publisher,
                balance_wei=balance_wei,
            )
