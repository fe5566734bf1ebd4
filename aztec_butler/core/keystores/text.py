"""JSON that remembers where everything stands, so that a change touches nothing else.

Strict as the node's ``JSON.parse``, and stricter in one thing: a key that stands twice in an object is told, where
``JSON.parse`` lets the last one win without a word. No message holds content, which may be a private key.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from json.decoder import scanstring  # type: ignore[attr-defined]  # the C scanner behind json.loads

import attrs

SPACE = re.compile(r"[ \t\r\n]*")
"""White space between the parts of a document."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_DEEPEST = 64
_BYTE_ORDER_MARK = "\ufeff"

Scalar = str | int | float | bool | None


class Kind(StrEnum):
    """The kinds of JSON values."""

    OBJECT = "an object"
    ARRAY = "a list"
    TEXT = "text"
    NUMBER = "a number"
    FLAG = "true or false"
    NULL = "null"


class BrokenText(Exception):
    """The text is not JSON.

    Args:
        reason: what is wrong, without content.
        line: from 1; 0 for the whole text.
    """

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class MarkedText(BrokenText):
    """The text begins with a byte order mark, which ``JSON.parse`` refuses."""


class EmptyText(BrokenText):
    """There is nothing but white space."""


@attrs.frozen(kw_only=True, repr=False)
class Node:
    """One value of a document, and where it stands."""

    kind: Kind
    start: int
    end: int
    """One behind its last character."""
    scalar: Scalar = None
    members: tuple[tuple[str, Node], ...] = ()
    """Of an object, in order; a repeated key occurs as often as it stands there."""
    items: tuple[Node, ...] = ()
    """Of an array."""

    def get(self, key: str) -> Node | None:
        """The member of that name; None when there is none, or it is null."""
        found = None
        for name, node in self.members:
            if name == key:
                found = node
        return None if found is None or found.kind is Kind.NULL else found

    def has(self, key: str) -> bool:
        """Whether there is such a member that is not null."""
        return self.get(key) is not None

    def repeated(self) -> list[str]:
        """Keys that stand there more than once."""
        return [name for name, count in Counter(name for name, _ in self.members).items() if count > 1]

    def plain(self) -> object:
        """The value as ``json.loads`` gives it."""
        if self.kind is Kind.OBJECT:
            return {name: node.plain() for name, node in self.members}
        if self.kind is Kind.ARRAY:
            return [node.plain() for node in self.items]
        return self.scalar

    def walk(self, path: str = "") -> Iterator[tuple[str, Node]]:
        """Every value below and this one, with its path, from the outside in."""
        yield path, self
        for name, node in self.members:
            yield from node.walk(join(path, name))
        for index, node in enumerate(self.items):
            yield from node.walk(f"{path}[{index}]")


def join(path: str, name: str) -> str:
    """The path of a member.

    >>> join("validators[2]", "attester")
    'validators[2].attester'
    """
    return f"{path}.{name}" if path else name


def line_of(text: str, position: int) -> int:
    """The line on which a character stands, from 1."""
    return text.count("\n", 0, position) + 1


def parse_text(text: str) -> Node:
    """A JSON document.

    >>> parse_text('{"a": [1]}').plain()
    {'a': [1]}

    Raises:
        BrokenText: it is none.
    """
    if text.startswith(_BYTE_ORDER_MARK):
        raise MarkedText("it begins with a byte order mark", 1)
    reader = _Reader(text)
    start = reader.skip(0)
    if start == len(text):
        raise EmptyText("it is empty")
    root = reader.value(start, 0)
    end = reader.skip(root.end)
    if end != len(text):
        raise reader.broken("something stands behind the end of the document", end)
    return root


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text

    def broken(self, reason: str, position: int) -> BrokenText:
        return BrokenText(reason, line_of(self.text, min(position, len(self.text))))

    def skip(self, position: int) -> int:
        found = SPACE.match(self.text, position)
        assert found is not None, "the expression matches nothing at all, too"
        return found.end()

    def peek(self, position: int) -> str:
        return self.text[position : position + 1]

    def value(self, position: int, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self.broken("it is nested too deeply", position)
        first = self.peek(position)
        if first == "{":
            return self.object(position, depth)
        if first == "[":
            return self.array(position, depth)
        if first == '"':
            text, end = self.string(position)
            return Node(kind=Kind.TEXT, start=position, end=end, scalar=text)
        for word, meaning in _WORDS.items():
            if self.text.startswith(word, position):
                kind = Kind.NULL if meaning is None else Kind.FLAG
                return Node(kind=kind, start=position, end=position + len(word), scalar=meaning)
        number = _NUMBER.match(self.text, position)
        if number is None:
            reason = "a value is missing" if first else "it ends in the middle"
            raise self.broken(reason, position)
        digits = number[0]
        try:
            scalar: Scalar = int(digits) if digits.lstrip("-").isdigit() else float(digits)
        except ValueError:  # more digits than Python turns into an integer
            raise self.broken("a number is too long", position) from None
        return Node(kind=Kind.NUMBER, start=position, end=number.end(), scalar=scalar)

    def string(self, position: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, position + 1, True)
        except json.JSONDecodeError:
            raise self.broken(
                "text in quotation marks is not ended, or holds what must be escaped", position
            ) from None
        return text, end

    def object(self, start: int, depth: int) -> Node:
        members: list[tuple[str, Node]] = []
        position = self.skip(start + 1)
        if self.peek(position) == "}":
            return Node(kind=Kind.OBJECT, start=start, end=position + 1)
        while True:
            if self.peek(position) != '"':
                raise self.broken("a key in quotation marks is missing", position)
            key, position = self.string(position)
            position = self.skip(position)
            if self.peek(position) != ":":
                raise self.broken("a colon is missing behind a key", position)
            node = self.value(self.skip(position + 1), depth + 1)
            members.append((key, node))
            position = self.skip(node.end)
            if self.peek(position) == "}":
                return Node(kind=Kind.OBJECT, start=start, end=position + 1, members=tuple(members))
            if self.peek(position) != ",":
                raise self.broken("a comma or the end of an object is missing", position)
            position = self.skip(position + 1)

    def array(self, start: int, depth: int) -> Node:
        items: list[Node] = []
        position = self.skip(start + 1)
        if self.peek(position) == "]":
            return Node(kind=Kind.ARRAY, start=start, end=position + 1)
        while True:
            items.append(self.value(position, depth + 1))
            position = self.skip(items[-1].end)
            if self.peek(position) == "]":
                return Node(kind=Kind.ARRAY, start=start, end=position + 1, items=tuple(items))
            if self.peek(position) != ",":
                raise self.broken("a comma or the end of a list is missing", position)
            position = self.skip(position + 1)
