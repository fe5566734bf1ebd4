"""What a collection found, by names instead of metrics; and what of it reaches a scrape."""

from __future__ import annotations

import time

from aztec_butler.exporter.board import Board
from aztec_butler.exporter.loop import CollectionLoop


def values_of(samples):
    """``{"epoch": 7, "attesters": {"validating": 3}}``: a bare number for a metric without labels."""
    found = {}
    for metric, series in samples.items():
        plain = {key[0] if len(key) == 1 else key: value for key, value in series.items()}
        found[metric.name] = plain[()] if list(plain) == [()] else plain
    return found


class Scraped:
    """Collectors on a loop of their own, collected on demand, and the page that a scrape would get."""

    def __init__(self, *collectors):
        self.board = Board(clock=time.time)
        self._loop = CollectionLoop(self.board, on_outcome=lambda _: None)
        self._loop.replace(collectors)

    def collect(self):
        """The error of each collector by name, None where it succeeded."""
        return {outcome.collector.name: outcome.error for outcome in self._loop.run_once()}

    def names(self):
        """Names on the page, without the prefix."""
        lines = self.board.pages.plain.decode().splitlines()
        return {
            line.partition("{")[0].removeprefix("aztec_butler_") for line in lines if not line.startswith("#")
        }

    def value(self, series):
        """The value of a series, written as on the page but without prefix and network; None when it is not there."""
        for line in self.board.pages.plain.decode().splitlines():
            name, _, value = line.rpartition(" ")
            plain = name.removeprefix("aztec_butler_").replace('network="devnet",', "")
            if plain.replace('{network="devnet"}', "") == series:
                return float(value)
        return None
