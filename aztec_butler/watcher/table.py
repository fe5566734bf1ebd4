"""The watcher's tables of the documentation: ``python -m aztec_butler.watcher.table scripts/README.md``.

With a file it puts each table between its two marks there, without one it prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import CodeType
from typing import Any, Final

from aztec_butler.core.intent_parameters import AddKeys, CreateProvider, TopUp, UpdateCoinbase
from aztec_butler.core.intents import ActionKind
from aztec_butler.core.setting_layers import Setting
from aztec_butler.core.units import render_exact
from aztec_butler.serving import table
from aztec_butler.watcher.conditions import CONDITION_NAMES, CONDITIONS
from aztec_butler.watcher.handlers import HANDLERS
from aztec_butler.watcher.metrics import METRICS
from aztec_butler.watcher.setting_values import (
    FIRST_MODES,
    CoinbaseRule,
    read_ether,
    read_seconds,
    read_several_seconds,
)
from aztec_butler.watcher.settings import WATCHER_SETTINGS

_ACTIONS: Final = (UpdateCoinbase, AddKeys, CreateProvider, TopUp)
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60))
MAKER: Final = "aztec_butler.watcher.table"


def events_table() -> str:
    """What is told, or done, about which event; generated from ``HANDLERS``."""
    rows = [
        [f"`{line.record}`", _meaning(line.handler), " and ".join(["a notice", *_actions(line.handler)])]
        for line in HANDLERS
    ]
    return table.table(["Event", "What happened", "What comes of it"], rows)


def conditions_table() -> str:
    """What is told, or done, while something holds; generated from ``CONDITIONS``."""
    rows = [
        [table.codes(names_of(finder)), _meaning(finder), " or ".join([*_actions(finder), "a notice"])]
        for finder in CONDITIONS
    ]
    return table.table(["Condition", "What holds", "What comes of it"], rows)


def metrics_table() -> str:
    """Metrics of the watcher."""
    return table.metrics_table(METRICS, old_names=False)


def settings_table() -> str:
    """Settings of the watcher."""
    return table.table(
        ["Setting", "Meaning", "By default"],
        [[table.codes(each.names), each.meaning, _default(each)] for each in WATCHER_SETTINGS],
    )


def names_of(finder: Callable[..., Any]) -> list[str]:
    """The names of the conditions that a function of ``CONDITIONS`` finds."""
    texts = [each for each in _constants(finder.__code__) if isinstance(each, str)]
    return [
        name
        for name in CONDITION_NAMES
        if any(name == text or (text.endswith("-") and name.startswith(text)) for text in texts)
    ]


def actions_of(function: Callable[..., Any]) -> list[ActionKind]:
    """The actions that a handler, or a finder of conditions, may ask for besides notices."""
    return [made.kind for made in _ACTIONS if made.__name__ in function.__code__.co_names]


def _actions(function: Callable[..., Any]) -> list[str]:
    return [f"`{kind.value}`" for kind in actions_of(function)]


def _constants(code: CodeType) -> Iterator[object]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _constants(each)
        else:
            yield each


def _meaning(function: Callable[..., Any]) -> str:
    return (function.__doc__ or "").partition("\n")[0]


def _default(setting: Setting) -> str:
    value: Any = setting.default
    if value is None or value in ((), {}):
        return ""
    if value is FIRST_MODES:
        return "`dry-run`, notices apart"
    if isinstance(value, CoinbaseRule):
        return f"`{value.source.value}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if setting.parse is read_seconds:
        return f"`{_duration(value)}`"
    if setting.parse is read_several_seconds:
        return table.codes([_duration(each) for each in value])
    if setting.parse is read_ether:
        return f"`{render_exact(value)}`"
    return f"`{value}`"


def _duration(seconds: int) -> str:
    return next(f"{seconds // size}{unit}" for unit, size in _UNITS if seconds % size == 0)


TABLES: Final = {
    "watcher events": events_table,
    "watcher conditions": conditions_table,
    "watcher metrics": metrics_table,
    "watcher settings": settings_table,
}


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
