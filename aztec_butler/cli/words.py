"""The words of a command line before Fire sees them.

Fire guesses: an option without a value is true, an option before an address swallows it, a repeated option counts
once, an unknown word is tried as a member of whatever is at hand. Here the command is found by its exact words, every
option is checked against its signature and joined with its value (``--l1 URL`` becomes ``--l1=URL``), and a mistake
names what was probably meant.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aztec_butler.cli.command import Command, flag_of
from aztec_butler.core.errors import InputError
from aztec_butler.core.spelling import did_you_mean

HELP_WORDS = ("--help", "-h")


class Line(NamedTuple):
    """A command line taken apart."""

    path: tuple[str, ...]
    """The command or group named."""
    target: Any
    """The reference of the command, or the mapping of a group."""
    rest: tuple[str, ...]
    """The words behind it."""
    fire_flags: tuple[str, ...]
    """What stands behind ``--``: for Fire itself."""
    wants_help: bool


def take_apart(words: Sequence[str], commands: Mapping[str, Any]) -> Line:
    """Find the command that the first words name.

    Raises:
        InputError: no such command.
    """
    before, fire_flags = _split_at_dashes(words)
    wants_help = any(word in HELP_WORDS for word in [*before, *fire_flags])
    rest = [word for word in before if word not in HELP_WORDS]
    path: list[str] = []
    target: Any = commands
    while isinstance(target, Mapping) and rest and not rest[0].startswith("-"):
        word = rest[0].replace("_", "-")
        if word not in target:
            group = " ".join(path)
            raise InputError(
                "no such command",
                hint=did_you_mean(word, target) or f"aztec-butler {group + ' ' if group else ''}--help",
                command=" ".join([*path, rest[0]]),
            )
        path.append(word)
        target = target[word]
        rest.pop(0)
    if isinstance(target, Mapping) and rest and not wants_help:
        raise InputError(
            "options stand behind the command",
            hint="aztec-butler COMMAND [ARGUMENTS] [OPTIONS]; aztec-butler --help lists the commands",
            option=_name(rest[0]),
        )
    return Line(tuple(path), target, tuple(rest), tuple(fire_flags), wants_help)


def _split_at_dashes(words: Sequence[str]) -> tuple[list[str], list[str]]:
    if "--" not in words:
        return list(words), []
    position = list(words).index("--")
    return list(words[:position]), list(words[position + 1 :])


def prepare_words(command: Command, path: Sequence[str], words: Sequence[str]) -> list[str]:
    """The words of a command as Fire cannot misread them.

    Raises:
        InputError: an unknown option, one without its value, or one given twice.
    """
    hint = f"aztec-butler {' '.join(path)} --help"
    options = {
        flag_of(name): name
        for name, parameter in command.parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    prepared: list[str] = []
    seen: set[str] = set()
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not _is_option(word):
            if word == "-":
                raise InputError("a lone - stands for nothing here", hint=hint)
            prepared.append(word)
            continue
        flag, given, value = word.partition("=")
        shown = "--" + flag.lstrip("-").replace("_", "-")
        if not flag.startswith("--") or shown not in options:
            raise InputError("no such option", hint=did_you_mean(shown, options) or hint, option=_name(word))
        name = options[shown]
        if name in seen:
            raise InputError(
                "an option is given twice", hint="several values are separated by commas", option=_name(word)
            )
        seen.add(name)
        if not given:
            value = _value(command, name, waiting, hint)
        prepared.append(f"--{name}={value}")
    return prepared


def _value(command: Command, name: str, waiting: list[str], hint: str) -> str:
    """The value of an option that is not joined to it."""
    if command.is_switch(name):
        return "true"
    if not waiting or _is_option(waiting[0]):
        raise InputError("an option has no value", hint=hint, option=flag_of(name))
    return waiting.pop(0)


def _is_option(word: str) -> bool:
    """Whether a word names an option; a negative number and a lone dash do not."""
    return len(word) > 1 and word[0] == "-" and (word[1] == "-" or word[1].isalpha())


def _name(word: str) -> str:
    """An option without its value, which may be secret."""
    return word.partition("=")[0]
