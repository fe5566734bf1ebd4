"""What operators plug in, taken apart: command lines of ours and systemd units."""

from __future__ import annotations

import configparser
from pathlib import Path

from aztec_butler.cli.table_of_commands import COMMANDS, load
from aztec_butler.cli.words import prepare_words, take_apart


def arguments_of(words):
    """The options of a command line of ours, checked as when it runs: by name."""
    start = next(
        number for number, word in enumerate(words) if Path(word).name in {"aztec-butler", "aztec_butler"}
    )
    line = take_apart(words[start + 1 :], COMMANDS)
    prepared = prepare_words(load(line.target), line.path, line.rest)
    return dict(word.removeprefix("--").split("=", 1) for word in prepared)


def unit_of(path):
    """A unit's settings by section, those that repeat as lists."""
    parser = configparser.RawConfigParser(
        strict=False, dict_type=_Repeating, delimiters=("=",), interpolation=None
    )
    parser.optionxform = str
    parser.read_string(path.read_text())
    return {section: dict(parser.items(section)) for section in parser.sections()}


class _Repeating(dict):
    """Joins the values of a key that is there again."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and key in self and isinstance(self[key], list):
            value = [*self[key], *value]
        super().__setitem__(key, value)
