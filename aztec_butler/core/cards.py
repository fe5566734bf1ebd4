"""Single records as cards for a notebook: HTML made of their fields, with everything in it escaped. Pure.

A record that is a ``Card`` shows itself so wherever Jupyter displays it. Names and reasons come from the chain, where
anybody writes what they like: nothing of a value ever becomes markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

import attrs

from aztec_butler.core.units import render_bps, render_duration, render_exact

NOTHING: Final = "—"
"""In the place of what there is not."""
_FONT: Final = "font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.5"
_INK: Final = "color:var(--jp-ui-font-color1,#222)"
_FAINT: Final = "color:var(--jp-ui-font-color2,#5f5f5f)"
_LINE: Final = "1px solid var(--jp-border-color2,#d0d0d0)"
_MONO: Final = "font-family:var(--jp-code-font-family,monospace);font-size:12px"
_BADGES: Final = {
    # Dark on light, so that they can be read on any background: at least 7 to 1.
    "good": "background:#d7eefa;color:#00395c",
    "bad": "background:#fbe0d3;color:#6b1d00",
    "plain": "background:#e8e8e8;color:#2b2b2b",
}
_BIG: Final = 10_000
_UNNUMBERED: Final = ("_id", "_version", "_epoch", "position")
"""Ends of the names of integers that are no quantities."""


class Card:
    """A record that Jupyter shows as a card; for attrs classes to inherit from."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return record_card(self)


def record_card(record: Any) -> str:
    """A record's fields with names and units, one to a line.

    Args:
        record: of an attrs class; the first field names it.
    """
    first, *fields = attrs.fields(type(record))
    kind = type(record).__name__.removesuffix("Details").removesuffix("Answer")
    heading = f"{_words(kind)} {getattr(record, first.name)}"
    badge = getattr(record, "lifecycle", None)
    rows = [
        (_label(field.name, field.metadata.get("unit")), _field(record, field))
        for field in fields
        if field.name != "lifecycle"
    ]
    badges = [] if badge is None else [(str(badge.value), "good" if badge.value == "validating" else "plain")]
    return card(heading, rows, badges=badges)


def card(
    heading: str,
    rows: Iterable[tuple[str, str]],
    *,
    badges: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
) -> str:
    """A card.

    Args:
        heading: text.
        rows: names as text, and values as HTML, of ``shown`` and its like.
        badges: text and kind: ``good``, ``bad``, ``plain``.
        notes: paragraphs of text below.
    """
    lines = "".join(
        f'<tr style="background:transparent"><th scope="row" style="text-align:left;font-weight:normal;'
        f'vertical-align:top;white-space:nowrap;padding:1px 18px 1px 0;{_FAINT}">{escaped(name)}</th>'
        f'<td style="text-align:left;padding:1px 0;overflow-wrap:anywhere">{value}</td></tr>'
        for name, value in rows
    )
    table = (
        f'<table style="border-collapse:collapse;border:none;margin:4px 0 0;font-size:inherit;color:inherit">{lines}</table>'
        if lines
        else ""
    )
    pills = "".join(f" {badge(text, kind)}" for text, kind in badges)
    below = "".join(f'<div style="margin-top:4px;{_FAINT}">{escaped(note)}</div>' for note in notes)
    return (
        f'<div style="{_FONT};{_INK};border:{_LINE};border-radius:6px;padding:10px 14px;margin:4px 0;'
        f'max-width:860px;overflow-x:auto"><div style="font-weight:600;overflow-wrap:anywhere">'
        f"{escaped(heading)}{pills}</div>{table}{below}</div>"
    )


def badge(text: str, kind: str = "plain") -> str:
    """A word that stands out.

    Args:
        text: the word.
        kind: ``good``, ``bad`` or ``plain``.
    """
    return (
        f'<span style="{_BADGES[kind]};border-radius:9px;padding:1px 9px;font-size:12px;font-weight:600;'
        f'white-space:nowrap">{escaped(text)}</span>'
    )


def preformatted(text: str) -> str:
    """Lines as they are, in letters of one width.

    Args:
        text: anything.
    """
    return f'<pre style="{_MONO};{_INK};white-space:pre-wrap;overflow-wrap:anywhere;margin:4px 0">{_letters(text, keep_lines=True)}</pre>'


def mono(text: str) -> str:
    """An address, hash or piece of code."""
    return f'<code style="{_MONO};{_INK};background:transparent;padding:0">{escaped(text)}</code>'


def escaped(text: object) -> str:
    """Text as HTML that shows it and does nothing else; what is not printable is spelt out."""
    return _letters(str(text), keep_lines=False)


def _letters(text: str, *, keep_lines: bool) -> str:
    from html import escape

    # Marks that turn the direction of text could make an address look like another one.
    kept = "".join(
        letter if letter.isprintable() or (keep_lines and letter == "\n") else ascii(letter)[1:-1]
        for letter in text
    )
    return escape(kept, quote=True)


def shown(value: Any, unit: str | None = None, name: str = "") -> str:
    """A value as HTML.

    Args:
        value: of a record's field.
        unit: of it, as the field's metadata has it.
        name: of the field: times end with ``_at``.
    """
    if value is None:
        return NOTHING
    if unit == "wei":
        return f'{escaped(render_exact(value))} AZTEC <span style="{_FAINT}">({escaped(value)} wei)</span>'
    if unit == "bps":
        return f'{escaped(render_bps(value))} <span style="{_FAINT}">({escaped(value)} basis points)</span>'
    if unit == "ratio":
        return f"{value * 100:.2f}%"
    if unit == "s":
        return moment(value) if name.endswith("_at") else escaped(render_duration(value))
    if isinstance(value, Enum):
        return escaped(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return escaped(f"{value:,}" if value >= _BIG and not name.endswith(_UNNUMBERED) else value)
    if isinstance(value, bytes):
        return mono("0x" + value.hex())
    if isinstance(value, str) and value.startswith("0x"):
        return mono(value)
    return escaped(value)


def moment(at: int) -> str:
    """A time in UTC, as HTML."""
    return f"{datetime.fromtimestamp(at, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def _field(record: Any, field: Any) -> str:
    value = getattr(record, field.name)
    if isinstance(value, tuple):
        return "<br>".join(_item(each) for each in value) or NOTHING
    return shown(value, field.metadata.get("unit"), field.name)


def _item(value: Any) -> str:
    """One of several, on a line."""
    if not attrs.has(type(value)):
        return shown(value)
    parts = []
    for field in attrs.fields(type(value)):
        part = getattr(value, field.name)
        if part is not None:
            parts.append(
                f"{escaped(_label(field.name, None))} {shown(part, field.metadata.get('unit'), field.name)}"
            )
    return ", ".join(parts)


def _label(name: str, unit: str | None) -> str:
    """A field's name in words, without the unit that its value shows."""
    for end in {"wei": ("_wei",), "bps": ("_bps",), "s": ("_seconds",)}.get(unit or "", ()):
        name = name.removesuffix(end)
    return name.replace("_", " ")


def _words(name: str) -> str:
    """``QueueEntry`` as ``Queue entry``."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return spaced[:1].upper() + spaced[1:]
