"""Tables and pictures as HTML: escaped, exact, and with words for those who cannot see a picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from aztec_butler.core.cards import NOTHING, escaped
from aztec_butler.core.units import render_duration, render_tokens

MOST_ROWS: Final = 200
"""Of a table in the browser; the frame in Python has them all."""
_DOTS_PER_INCH: Final = 160
_WIDTH_INCHES: Final = 8.0
_LINE: Final = "1px solid var(--jp-border-color2,#d9d9d9)"
_CELL: Final = "padding:3px 14px 3px 0;white-space:nowrap;border:none"
_NAMES: Final = ("_id", "_version", "_block", "epoch")
"""Ends of the names of integers that are no quantities."""
_NUMERIC: Final = ("_wei", "_share", "_seconds", "_bps")


def table_html(frame: pd.DataFrame, columns: Sequence[str], *, nothing: str) -> str:
    """A table of some columns, with amounts in AZTEC and times in UTC.

    Args:
        frame: as a network gives it.
        columns: which, in order.
        nothing: said in place of a table without rows.
    """
    if frame.empty:
        return f'<div style="color:var(--jp-ui-font-color2,#5f5f5f);padding:4px 0">{escaped(nothing)}</div>'
    rows = frame.head(MOST_ROWS)
    head = "".join(
        f'<th scope="col" style="{_CELL};text-align:{_side(frame, name)};position:sticky;top:0;'
        f'background:var(--jp-layout-color0,#fff);font-weight:600">{escaped(_title(name))}</th>'
        for name in columns
    )
    body = "".join(
        f'<tr style="border-top:{_LINE};background:transparent">'
        + "".join(
            f'<td style="{_CELL};text-align:{_side(frame, name)}">{cell}</td>'
            for name, cell in zip(columns, cells, strict=True)
        )
        + "</tr>"
        for cells in zip(*([_cell(value, name) for value in rows[name]] for name in columns), strict=True)
    )
    more = len(frame) - len(rows)
    below = (f"{len(frame):,} rows" if len(frame) > 1 else "1 row") + (
        f", of which the first {len(rows):,} are shown" if more else ""
    )
    return (
        '<div tabindex="0" role="region" aria-label="table" style="max-height:340px;overflow:auto">'
        '<table style="border-collapse:collapse;font-size:12px;margin:0;color:var(--jp-ui-font-color1,#222)">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f'<div style="font-size:12px;color:var(--jp-ui-font-color2,#5f5f5f);padding:2px 0">{below}</div>'
    )


def _title(name: str) -> str:
    for end, unit in (("_wei", " (AZTEC)"), ("_at", " (UTC)"), ("_bps", " (%)"), ("_seconds", "")):
        if name.endswith(end):
            return name.removesuffix(end).replace("_", " ") + unit
    return name.replace("_", " ")


def _side(frame: pd.DataFrame, name: str) -> str:
    is_number = name.endswith(_NUMERIC) or pd.api.types.is_integer_dtype(frame[name].dtype)
    return "right" if is_number and not pd.api.types.is_bool_dtype(frame[name].dtype) else "left"


def _cell(value: Any, name: str) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return NOTHING
    if name.endswith("_wei"):
        return f'<span title="{int(value)} wei">{escaped(render_tokens(int(value)))}</span>'
    if name.endswith("_at"):
        return escaped(f"{value:%Y-%m-%d %H:%M}")
    if name.endswith("_share"):
        return f"{float(value) * 100:.2f}%"
    if name.endswith("_bps"):
        return f"{int(value) / 100:.2f}%"
    if name.endswith("_seconds"):
        return escaped(render_duration(int(value)))
    if isinstance(value, str) and value.startswith("0x"):
        return f'<code style="background:transparent;font-size:11px;padding:0;color:inherit">{escaped(value)}</code>'
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer) and not name.endswith(_NAMES):
        return escaped(f"{value:,}")
    return escaped(value)


def plot_html(draw: Callable[[Axes], object], *, height: float, words: str) -> str:
    """A picture, drawn apart from pyplot so that it appears here and nowhere else.

    Args:
        draw: given axes, draws into them.
        height: in inches.
        words: what it shows, for those who cannot see it.
    """
    figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DOTS_PER_INCH)
    data = base64.b64encode(content.getvalue()).decode()
    return (
        f'<img alt="{escaped(words)}" src="data:image/png;base64,{data}" '
        'style="width:100%;max-width:840px;height:auto;padding:6px;box-sizing:border-box;background:#fff;border-radius:6px"/>'
    )


def code_html(text: str) -> str:
    """The line of Python that gives the same.

    Args:
        text: Python.
    """
    return (
        '<div style="font-size:12px;color:var(--jp-ui-font-color2,#5f5f5f)">The same in Python: '
        f'<code style="background:transparent;color:var(--jp-ui-font-color1,#222)">{escaped(text)}</code></div>'
    )
