"""Changes to a JSON document that leave every other character of it as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import attrs

from aztec_butler.core.keystores.text import SPACE, Node


@attrs.frozen
class Splice:
    """A piece of text that takes the place of another."""

    start: int
    end: int
    replacement: str = attrs.field(repr=False)


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """The text with all splices made; they do not overlap.

    >>> spliced("abcdef", [Splice(1, 2, "X"), Splice(4, 4, "Y")])
    'aXcdYef'
    """
    parts: list[str] = []
    position = 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        assert splice.start >= position, "splices overlap"
        parts += [text[position : splice.start], splice.replacement]
        position = splice.end
    return "".join([*parts, text[position:]])


def render(value: object, *, indent: str | None, margin: str = "") -> str:
    """A value as JSON in the style of a document.

    Args:
        value: what ``json.dumps`` takes.
        indent: what a deeper level adds; None to stay on one line.
        margin: the white space before the line that it begins on.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return text if indent is None else text.replace("\n", "\n" + margin)


def indent_of(text: str) -> str | None:
    r"""What a deeper level of this document adds; None when it stands on one line.

    >>> indent_of('{\n  "a": 1\n}')
    '  '
    """
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else ("  " if "\n" in text.strip() else None)


def margin_of(text: str, position: int) -> str:
    """The white space that begins the line of a character."""
    start = text.rfind("\n", 0, position) + 1
    found = re.compile(r"[ \t]*").match(text, start)
    assert found is not None, "the expression matches nothing at all, too"
    return found[0]


def add_member(text: str, target: Node, key: str, value: object, *, after: Iterable[str] = ()) -> Splice:
    """Give an object a further member, laid out as its others.

    Args:
        text: the document.
        target: an object in it.
        key: a key it does not have.
        value: what ``json.dumps`` takes.
        after: keys behind the last of which it shall stand; at the end when it has none of them.
    """
    wanted = set(after)
    anchors = [node for name, node in target.members if name in wanted] or [
        node for _, node in target.members[-1:]
    ]
    label = json.dumps(key, ensure_ascii=False)
    if not anchors:
        return Splice(target.start, target.end, "{" + f"{label}: {render(value, indent=None)}" + "}")
    anchor = anchors[-1]
    gap = _gap(text, target)
    margin = gap.rpartition("\n")[2] if "\n" in gap else ""
    rendered = render(value, indent=indent_of(text) if "\n" in gap else None, margin=margin)
    return Splice(anchor.end, anchor.end, f",{gap}{label}: {rendered}")


def add_items(text: str, target: Node, values: Iterable[object]) -> Splice | None:
    """Give an array further items, laid out as its others; None when there are none.

    Args:
        text: the document.
        target: an array in it.
        values: what ``json.dumps`` takes.
    """
    added = list(values)
    if not added:
        return None
    indent = indent_of(text)
    if not target.items:
        return Splice(
            target.start, target.end, render(added, indent=indent, margin=margin_of(text, target.start))
        )
    gap = _gap(text, target)
    margin = gap.rpartition("\n")[2] if "\n" in gap else ""
    style = indent if "\n" in gap else None
    end = target.items[-1].end
    return Splice(end, end, "".join(f",{gap}{render(value, indent=style, margin=margin)}" for value in added))


def remove_member(text: str, target: Node, key: str) -> Splice | None:
    """Take a member out of an object, with its comma; None when there is none.

    >>> text = '{"a": 1, "b": 2}'
    >>> from aztec_butler.core.keystores.text import parse_text
    >>> spliced(text, [remove_member(text, parse_text(text), "b")])
    '{"a": 1}'
    """
    ends = [target.start + 1, *(node.end for _, node in target.members)]
    place = next((index for index, (name, _) in enumerate(target.members) if name == key), None)
    if place is None:
        return None
    if place > 0:
        return Splice(ends[place], ends[place + 1], "")
    if len(target.members) == 1:
        return Splice(target.start, target.end, "{}")
    # The first one goes with the comma behind it, and leaves the gap before it to the next.
    comma = text.index(",", ends[1])
    found = SPACE.match(text, comma + 1)
    assert found is not None, "the expression matches nothing at all, too"
    gap = SPACE.match(text, target.start + 1)
    assert gap is not None, "the expression matches nothing at all, too"
    return Splice(gap.end(), found.end(), "")


def _gap(text: str, target: Node) -> str:
    """The white space between the opening bracket of an object or array and the first thing in it.

    Where everything stands on one line, what usually stands behind a comma.
    """
    found = SPACE.match(text, target.start + 1)
    assert found is not None, "the expression matches nothing at all, too"
    return found[0] if "\n" in found[0] else " "
