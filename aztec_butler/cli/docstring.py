"""Google docstrings taken apart: a command's help is its docstring, and nothing is written twice."""

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

_SECTION = re.compile(r"(Args|Returns|Raises|Examples|Source):\s*$")
_ARGUMENT = re.compile(r"(\w+):\s+(.*)$")


class Docstring(NamedTuple):
    """A docstring's parts, as plain lines."""

    summary: str
    text: str
    """Paragraphs between the summary and the first section."""
    arguments: dict[str, str]
    examples: tuple[str, ...]


def read_docstring(function: Callable[..., Any]) -> Docstring:
    """The docstring of a command or of a group of options."""
    lines = inspect.cleandoc(function.__doc__ or "").splitlines()
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for line in lines:
        found = _SECTION.match(line)
        if found:
            current = found[1]
        sections.setdefault(current, []).append("" if found else line)
    head = sections[""]
    blank = head.index("") if "" in head else len(head)
    return Docstring(
        summary=" ".join(head[:blank]),
        text="\n".join(head[blank:]).strip(),
        arguments=_arguments(sections.get("Args", [])),
        examples=tuple(line.strip() for line in sections.get("Examples", []) if line.strip()),
    )


def _arguments(lines: list[str]) -> dict[str, str]:
    """Texts by name; deeper lines continue the one above."""
    texts: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc("\n".join(lines)).splitlines():
        found = _ARGUMENT.match(line)
        if found:
            name = found[1]
            texts[name] = found[2]
        elif name and line.strip():
            texts[name] += " " + line.strip()
    return texts
