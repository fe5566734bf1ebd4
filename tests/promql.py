"""Which metrics an expression of PromQL asks for, and with which labels: enough of its grammar for that, no more."""

from __future__ import annotations

import re

import attrs

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<range>\[[^\]]*\])
    | (?P<number>\d[\w.]*)
    | (?P<name>[A-Za-z_:][\w:]*)
    | (?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},])""",
    re.VERBOSE,
)
_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


@attrs.frozen
class Series:
    """A metric that is asked for: its name, and each matcher as (label, operator, text)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...] = ()

    @property
    def labels(self):
        return {label for label, _, _ in self.matchers}


def series_of(expression):
    """Every metric of an expression, in order."""
    return _parse(expression)[0]


def grouping_labels(expression):
    """Every label that an expression groups or joins by."""
    return _parse(expression)[1]


def _tokens(expression):
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        assert match is not None, f"not PromQL: {expression[position:]}"
        position = match.end()
        if match.lastgroup != "space":
            yield match.lastgroup, match[0]
    yield "end", ""


def _parse(expression):
    tokens = list(_tokens(expression))
    found, grouping = [], set()
    position = 0
    while position < len(tokens):
        kind, text = tokens[position]
        position += 1
        if kind != "name" or text in _WORDS:
            continue
        following = tokens[position][1]
        if text in _LISTS:
            if following == "(":
                position += 1
                while tokens[position][1] != ")":
                    grouping |= {tokens[position][1]} - {","}
                    position += 1
        elif following == "{":
            position += 1
            matchers = []
            while tokens[position][1] != "}":
                (_, label), (_, operator), (_, value) = tokens[position : position + 3]
                matchers.append((label, operator, value[1:-1]))
                position += 3
                if tokens[position][1] == ",":
                    position += 1
            found.append(Series(text, tuple(matchers)))
        elif following not in {"(", "by", "without"}:  # no function, no aggregation
            found.append(Series(text))
    return found, grouping
