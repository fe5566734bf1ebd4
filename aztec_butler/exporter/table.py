"""The exporter's tables of the documentation: ``python -m aztec_butler.exporter.table scripts/README.md``.

With a file it puts each table between its two marks there, without one it prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from aztec_butler.exporter.catalogue import METRICS
from aztec_butler.exporter.settings import OWN_SETTINGS, PROCESS_SETTINGS
from aztec_butler.serving import table

MAKER: Final = "aztec_butler.exporter.table"


def metrics_table() -> str:
    """Metrics of collectors; the exporter's own stand behind them."""
    return table.metrics_table(METRICS, old_names=True)


def settings_table() -> str:
    """Settings of the process and of each network."""
    rows = []
    for settings, whose in ((PROCESS_SETTINGS, "process"), (OWN_SETTINGS, "network")):
        for setting in settings:
            names, meaning, default = table.setting_cells(setting)
            rows.append([names, whose, meaning, default])
    return table.table(["Setting", "Of", "Meaning", "By default"], rows)


TABLES: Final = {"metrics": metrics_table, "settings": settings_table}


def with_tables(text: str) -> str:
    """A document with the tables of now between their marks.

    Raises:
        ValueError: the marks of one are not there.
    """
    return table.with_tables(text, TABLES, MAKER)


def main(arguments: Sequence[str]) -> None:
    """Print the tables, or put them into the file that is named."""
    table.print_or_put(arguments, TABLES, MAKER)


if __name__ == "__main__":
    main(sys.argv[1:])
