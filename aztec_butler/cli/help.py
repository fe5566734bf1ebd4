"""Help texts, made from docstrings and signatures. They go to stdout and through no pager."""

import inspect
import re
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from aztec_butler.cli.command import Command, flag_of
from aztec_butler.cli.docstring import read_docstring

PROGRAM = "aztec-butler"
_NARROWEST, _WIDEST = 60, 110

EXIT_CODES = (
    (0, "done"),
    (1, "a bug of this program, with its traceback"),
    (2, "an argument, option or setting is wrong; nothing was done"),
    (3, "a node or service did not answer properly; later it may"),
    (4, "the chain says no: reverted, not found, not decodable"),
    (5, "a check ran to its end and found problems"),
    (6, "an action waits for an approval"),
    (7, "another instance holds the lock"),
    (130, "interrupted"),
    (141, "whoever read the output has gone, as head does"),
)
_EXAMPLES = (
    "aztec-butler demo",
    "aztec-butler attesters --network mainnet --l1 https://node.example/KEY",
    "aztec-butler providers --format csv --output providers.csv",
    "aztec-butler doctor",
)
_MORE = (
    f"`{PROGRAM} COMMAND --help` tells a command's arguments and options, `{PROGRAM} commands` lists every"
    f" command there is, `{PROGRAM} --version` tells the version, `{PROGRAM} -- --completion` prints a completion script for bash."
)
_SETTINGS = (
    "Options are stronger than environment variables (AZTEC_BUTLER_NETWORK, AZTEC_BUTLER_L1, ...), those stronger than"
    " a settings file (<network>.toml in the user's configuration folder, or --config PATH), that stronger than what is"
    " known of the network. `aztec-butler config show` tells which value holds, and why."
)


def program_help(commands: Mapping[str, Any], groups: Mapping[str, str], load: Any) -> str:
    """The help of the program: a line for each command, and for each group of them.

    Args:
        commands: by their words.
        groups: what the groups are about.
        load: finds a command by its reference.
    """
    alone = {
        word: read_docstring(load(target).function).summary
        for word, target in commands.items()
        if not isinstance(target, Mapping)
    }
    grouped = {
        f"{word} ({sum(1 for _ in walk(target))})": groups[word]
        for word, target in commands.items()
        if isinstance(target, Mapping)
    }
    column = max(map(len, [*alone, *grouped])) + 4
    return _text(
        [
            ["Read, understand and operate stake on the Aztec network."],
            [f"Usage: {PROGRAM} COMMAND [ARGUMENTS] [OPTIONS]"],
            ["Commands:", *_lines(alone, column)],
            [
                f"Groups of commands, and how many there are (see `{PROGRAM} GROUP --help`):",
                *_lines(grouped, column),
            ],
            _filled(_MORE),
            ["Settings:", *_indented(_SETTINGS)],
            ["Examples:", *(f"  {example}" for example in _EXAMPLES)],
            _exit_codes(),
        ]
    )


def group_help(path: Sequence[str], commands: Mapping[str, Any], load: Any) -> str:
    """The help of a group of commands."""
    rows = [
        (" ".join([*path, *deeper]), read_docstring(load(target).function).summary)
        for deeper, target in walk(commands)
    ]
    return _text(
        [
            [f"Usage: {PROGRAM} {' '.join(path)} COMMAND [ARGUMENTS] [OPTIONS]"],
            ["Commands:", *_definitions(rows)],
        ]
    )


def command_help(path: Sequence[str], command: Command) -> str:
    """The help of one command."""
    doc = read_docstring(command.function)
    positional = [p for p in command.own.values() if p.kind is not p.KEYWORD_ONLY]
    own = {name: p for name, p in command.own.items() if p.kind is p.KEYWORD_ONLY}
    usage = " ".join([PROGRAM, *path, *(_usage(p) for p in positional), "[OPTIONS]"])
    blocks = [_filled(doc.summary), [f"Usage: {usage}"]]
    if doc.text:
        blocks.append(_filled(doc.text))
    if positional:
        rows = [(_metavar(p), doc.arguments[p.name]) for p in positional]
        blocks.append(["Arguments:", *_definitions(rows)])
    if own:
        blocks.append(["Options:", *_definitions([_option(p, doc.arguments) for p in own.values()])])
    shown: set[str] = set()
    groups = []
    for group in reversed(command.option_groups):  # an option of two groups is told in the last one
        texts = read_docstring(group)
        parameters = [p for name, p in command.shared[group].items() if name not in shown]
        shown.update(p.name for p in parameters)
        title = texts.summary.rstrip(".") + ":"
        groups.append([title, *_definitions([_option(p, texts.arguments) for p in parameters])])
    blocks += reversed(groups)
    blocks.append(["Examples:", *(f"  {example}" for example in doc.examples)])
    blocks.append(_exit_codes())
    return _text(blocks)


def walk(commands: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that name it, in the table's order."""
    for word, target in commands.items():
        if isinstance(target, Mapping):
            yield from walk(target, (*path, word))
        else:
            yield (*path, word), target


def _lines(meanings: Mapping[str, str], column: int) -> list[str]:
    """A line for each term."""
    return [
        f"  {term:<{column - 2}}{_brief(meaning, _width() - column)}" for term, meaning in meanings.items()
    ]


def _brief(text: str, width: int) -> str:
    """A sentence on one line: as many of its clauses as fit, or else of its words."""
    whole = text.rstrip(".")
    if len(whole) <= width:
        return whole
    for ends in ("[:;] ", ", "):  # what follows a colon is a list, and half of that would be odd
        clauses = [whole[: match.start()] for match in re.finditer(ends, whole)]
        fitting = [clause for clause in clauses if width // 3 < len(clause) <= width]
        if fitting:
            return fitting[-1]
    return textwrap.shorten(whole, width, placeholder="...")


def _exit_codes() -> list[str]:
    return ["Exit codes:", *_definitions([(str(code), meaning) for code, meaning in EXIT_CODES])]


def _option(parameter: inspect.Parameter, texts: Mapping[str, str]) -> tuple[str, str]:
    """An option's spelling and meaning."""
    flag = flag_of(parameter.name)
    metavar = _metavar(parameter)
    default = parameter.default
    tail = "" if default in (None, False, (), parameter.empty) else f" [{_word(default, metavar)} by default]"
    return f"{flag} {metavar}".rstrip(), texts[parameter.name] + tail


def _word(default: Any, metavar: str) -> str:
    """A default as one would write it."""
    if isinstance(default, tuple):
        return ",".join(_word(each, metavar.removesuffix(",...")) for each in default)
    if metavar == "DURATION":
        seconds = int(default)
        unit, size = next(
            (u, n) for u, n in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)) if seconds % n == 0
        )
        return f"{seconds // size}{unit}"
    if metavar == "ETH":
        from aztec_butler.core.units import render_exact

        return render_exact(default).replace(",", "")
    return str(default.value if isinstance(default, Enum) else default)


def _usage(parameter: inspect.Parameter) -> str:
    name = _metavar(parameter)
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"{name}..."
    return name if parameter.default is parameter.empty else f"[{name}]"


def _metavar(parameter: inspect.Parameter) -> str:
    """The word that stands for a value: what the annotation says, else its type."""
    annotation = parameter.annotation
    if get_origin(annotation) in (UnionType, Union):
        (annotation,) = (part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Annotated:
        return str(annotation.__metadata__[1])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(member.value) for member in annotation)
    return {bool: "", int: "N"}.get(annotation, "TEXT")


def _width() -> int:
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)  # commands and options stay whole


def _definitions(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Terms and their meanings in two columns."""
    column = min(26, max(len(term) for term, _ in rows)) + 4
    lines: list[str] = []
    for term, meaning in rows:
        wrapped = _wrap(meaning, _width() - column) or [""]
        first = f"  {term}"
        if len(first) > column - 2:
            lines.append(first)
            first = ""
        lines.append(f"{first:<{column}}{wrapped[0]}")
        lines += [" " * column + line for line in wrapped[1:]]
    return lines


def _filled(text: str) -> list[str]:
    """Paragraphs, each filled to the width."""
    paragraphs = [_wrap(" ".join(part.split()), _width()) for part in text.split("\n\n")]
    lines = [line for paragraph in paragraphs for line in [*paragraph, ""]]
    return lines[:-1]


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in _wrap(text, _width() - 2)]


def _text(blocks: Sequence[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"
