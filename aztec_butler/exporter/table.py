"""The tables of the documentation, made from the code: ``python -m aztec_butler.exporter.table scripts/README.md``.

With a file it puts each table between its two marks there, without one it prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aztec_butler.exporter.catalogue import METRICS
from aztec_butler.exporter.settings import OWN_SETTINGS, PROCESS_SETTINGS
from aztec_butler.serving.metric import PREFIX, Metric

METRICS_MARK: Final = "metrics"
SETTINGS_MARK: Final = "settings"
OWN_METRICS: Final = (
    ("build_info", "info", ("version", "python_version"), "What is running."),
    (
        "rpc_requests_total",
        "counter",
        ("network", "endpoint", "method", "outcome"),
        "HTTP requests to nodes, by how they ended.",
    ),
    (
        "rpc_request_duration_seconds",
        "histogram",
        ("network", "endpoint"),
        "How long requests to nodes took.",
    ),
    ("settings_reloads_total", "counter", ("outcome",), "Reloads of the settings, by outcome."),
)
"""Those of ``self_metrics``; a test compares."""


def metrics_table(metrics: Sequence[Metric] = METRICS) -> str:
    """The table in Markdown.

    Args:
        metrics: of collectors; the exporter's own stand behind them.
    """
    rows = [
        (metric.full_name, metric.kind.value, metric.labels, metric.help, metric.old_names)
        for metric in metrics
    ]
    rows += [(PREFIX + name, kind, labels, text, ()) for name, kind, labels, text in OWN_METRICS]
    lines = [
        "| Metric | Kind | Labels | Meaning | Old names of comparable tools |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{name}` | {kind} | {_codes(labels)} | {text.replace('|', '&#124;')} | {_codes(old_names)} |"
        for name, kind, labels, text, old_names in rows
    ]
    return "\n".join(lines) + "\n"


def settings_table() -> str:
    """The table of settings in Markdown."""
    lines = ["| Setting | Of | Meaning | By default |", "| --- | --- | --- | --- |"]
    for table, whose in ((PROCESS_SETTINGS, "process"), (OWN_SETTINGS, "network")):
        for setting in table:
            default = setting.default
            shown = "" if default is None or default in ((), {}) else f"`{default}`"
            lines.append(f"| {_codes(setting.names)} | {whose} | {setting.meaning} | {shown} |")
    return "\n".join(lines) + "\n"


TABLES: Final = {METRICS_MARK: metrics_table, SETTINGS_MARK: settings_table}


def with_tables(text: str) -> str:
    """A document with the tables of now between their marks.

    Raises:
        ValueError: the marks of one are not there.
    """
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: made by aztec_butler.exporter.table -->", f"<!-- end of {name} -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the document has no marks for the table of {name}")
        text = f"{head}{begin}\n\n{make()}\n{end}{tail}"
    return text


def _codes(names: Sequence[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def main(arguments: Sequence[str]) -> None:
    """Print the tables, or put them into the file that is named."""
    if not arguments:
        sys.stdout.write("\n".join(make() for make in TABLES.values()))
        return
    path = Path(arguments[0])
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
