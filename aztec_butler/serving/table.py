"""Tables of the documentation, made from the code and put between their marks: what exporter and watcher share of that."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from aztec_butler.core.setting_layers import Setting
from aztec_butler.serving.metric import PREFIX, Metric

Tables = Mapping[str, Callable[[], str]]
"""What makes each table, by the name in its marks."""
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


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "&#124;") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def metrics_table(metrics: Sequence[Metric], *, old_names: bool) -> str:
    """Metrics, with those of every process behind them.

    Args:
        metrics: of the process.
        old_names: whether to show what comparable tools called them.
    """
    rows = [
        (metric.full_name, metric.kind.value, metric.labels, metric.help, metric.old_names)
        for metric in metrics
    ]
    rows += [(PREFIX + name, kind, labels, text, ()) for name, kind, labels, text in OWN_METRICS]
    titles = [
        "Metric",
        "Kind",
        "Labels",
        "Meaning",
        *(["Old names of comparable tools"] if old_names else []),
    ]
    return table(
        titles,
        [
            [f"`{name}`", kind, codes(labels), text, codes(olds)][: len(titles)]
            for name, kind, labels, text, olds in rows
        ],
    )


def setting_cells(setting: Setting) -> list[str]:
    """Names, meaning and default of a setting."""
    default = setting.default
    shown = "" if default is None or default in ((), {}) else f"`{default}`"
    return [codes(setting.names), setting.meaning, shown]


def codes(names: Sequence[str]) -> str:
    """Names as code."""
    return " ".join(f"`{name}`" for name in names)


def with_tables(text: str, tables: Tables, maker: str) -> str:
    """A document with the tables of now between their marks.

    Args:
        text: of the document.
        tables: that stand in it.
        maker: the module that makes them, as its marks name it.

    Raises:
        ValueError: the marks of one are not there.
    """
    for name, make in tables.items():
        begin, end = f"<!-- {name}: made by {maker} -->", f"<!-- end of {name} -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the document has no marks for the table of {name}")
        text = f"{head}{begin}\n\n{make()}\n{end}{tail}"
    return text


def print_or_put(arguments: Sequence[str], tables: Tables, maker: str) -> None:
    """Print the tables, or put them into the file that is named."""
    if not arguments:
        sys.stdout.write("\n".join(make() for make in tables.values()))
        return
    path = Path(arguments[0])
    path.write_text(with_tables(path.read_text(encoding="utf-8"), tables, maker), encoding="utf-8")
