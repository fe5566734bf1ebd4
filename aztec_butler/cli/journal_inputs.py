"""Which journal is meant, and how its times and sentences are shown."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from aztec_butler.cli.columns import render_text
from aztec_butler.core.errors import InputError

if TYPE_CHECKING:
    from aztec_butler.store.journal import Journal
    from aztec_butler.store.journal_reading import JournalReader

SHORT = 8
"""Digits of an action's id that are shown, and enough to name it."""
_NARROWEST = 40
_INDENT = 4


class Place(NamedTuple):
    """Where a journal lies."""

    path: Path

    def read(self) -> "JournalReader":
        """The journal, to ask it.

        Raises:
            InputError: there is none.
            SettingsError: it is none, or of another version of this program.
        """
        from aztec_butler.store.journal_reading import JournalReader

        return JournalReader.read_only(self.path)

    def attach(self) -> "Journal":
        """The journal, to decide in it.

        Raises:
            InputError: there is none.
            SettingsError: it is none, of another version of this program, or cannot be written.
        """
        from aztec_butler.store.journal import Journal

        return Journal.attach(self.path)

    @property
    def watcher(self) -> str | None:
        """The process of the watcher that uses it now; None when none does."""
        from aztec_butler.store.journal_lock import lock_holder

        return lock_holder(self.path)


def journal_place(
    *,
    network: Annotated[str, str, "NAME"] | None = None,
    config: Annotated[str, str, "PATH"] | None = None,
    journal: Annotated[str, str, "PATH"] | None = None,
) -> Place:
    """Journal.

    Args:
        network: whose watcher: mainnet, testnet or devnet; mainnet unless the environment or the settings file says
            otherwise.
        config: the settings file to read.
        journal: the file, in place of the one in the network's state directory.

    Raises:
        InputError: both a network and a file are named.
        SettingsError: the settings are wrong.
    """
    if journal is not None:
        if network is not None:
            raise InputError("a journal is named twice: by its network and by its file", journal=journal)
        return Place(Path(journal).expanduser())
    from aztec_butler.store.journal import journal_file
    from aztec_butler.store.settings_files import read_settings

    settings = read_settings({"network": network}, config=config)
    assert settings.state_dir is not None, "it has a default"
    return Place(journal_file(settings.state_dir))


def now() -> int:
    """Unix seconds."""
    return int(time.time())


def width() -> int | None:
    """Characters in a line of the terminal; None where there is none."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    from shutil import get_terminal_size

    return max(_NARROWEST, get_terminal_size().columns)


def hanging(first: str, text: str, across: int | None) -> Iterator[str]:
    """A text behind what stands before it, on as many lines as it takes; below it where there is little room.

    Args:
        first: stands before the text's first line; the others begin below its end.
        text: whatever it holds, it cannot steer a terminal.
        across: characters in a line; None for one line.
    """
    text = render_text(text)
    if across is None:
        yield (first + text).rstrip()
        return
    import textwrap

    indent = len(first)
    if across - indent < _NARROWEST // 2:
        yield first.rstrip()
        first, indent = " " * _INDENT, _INDENT
    for part in textwrap.wrap(text, across - indent, break_on_hyphens=False) or [""]:
        yield (first + part).rstrip()
        first = " " * indent
