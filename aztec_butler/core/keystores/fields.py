"""A JSON document read field by field: each gives its value, or a finding with its path and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TypeVar

import attrs

from aztec_butler.core.keystores.faults import Fault, Finding, found
from aztec_butler.core.keystores.text import (
    BrokenText,
    EmptyText,
    Kind,
    MarkedText,
    Node,
    join,
    line_of,
    parse_text,
)
from aztec_butler.core.keystores.values import (
    LARGEST_INDEX,
    read_address,
    read_fee_recipient,
    read_url,
)
from aztec_butler.core.spelling import did_you_mean

_Value = TypeVar("_Value")
_LARGEST_SHOWN_KEY = 32


@attrs.frozen(kw_only=True)
class Document:
    """A file's text as JSON, before anything is known of what it means."""

    file: str
    text: str = attrs.field(repr=False)
    root: Node


def read_document(text: str, file: str) -> Document | Finding:
    """A file's text as JSON, or why it is none."""
    try:
        return Document(file=file, text=text, root=parse_text(text))
    except MarkedText:
        remedy = "save it as UTF-8 without BOM"
        return found(Fault.BYTE_ORDER_MARK, file=file, line=1, remedy=remedy)
    except EmptyText:
        return found(Fault.EMPTY, file=file)
    except BrokenText as broken:
        return found(Fault.NOT_JSON, file=file, line=broken.line or None, detail=broken.reason)


class FieldReader:
    """Reads nodes of one document and collects what is wrong with them.

    Each method gives None for what it could not read, after it has reported why.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.findings: list[Finding] = []
        for path, node in document.root.walk():
            for key in node.repeated():
                self.report(node, path, Fault.DUPLICATE_KEY, detail=_shown_key(key))

    def report(
        self, node: Node, path: str, fault: Fault, *, detail: str | None = None, remedy: str | None = None
    ) -> None:
        """Note a fault of a node."""
        line = line_of(self.document.text, node.start)
        self.findings.append(
            found(fault, file=self.document.file, path=path, line=line, detail=detail, remedy=remedy)
        )

    # -- single values

    def url(self, node: Node, path: str) -> str | None:
        """A URL."""
        text = self.text(node, path)
        return None if text is None else read_url(text, self.reporter(node, path))

    def address(self, node: Node, path: str) -> str | None:
        """An L1 address that is not zero."""
        text = self.text(node, path)
        return None if text is None else read_address(text, self.reporter(node, path))

    def coinbase(self, node: Node, path: str) -> str | None:
        """An address that rewards go to."""
        text = self.text(node, path)
        report = self.reporter(node, path)
        return None if text is None else read_address(text, report, zero=Fault.ZERO_COINBASE)

    def fee_recipient(self, node: Node, path: str) -> str | None:
        """An Aztec address."""
        text = self.text(node, path)
        return None if text is None else read_fee_recipient(text, self.reporter(node, path))

    def text(self, node: Node, path: str) -> str | None:
        """Any text."""
        return str(node.scalar) if self.is_kind(node, path, Kind.TEXT) else None

    def count(self, node: Node, path: str, name: str) -> int | None:
        """An index, 0 and more, or a count, 1 and more; their defaults where they are absent."""
        smallest = 1 if name.endswith("Count") else 0
        target = next((member for key, member in reversed(node.members) if key == name), None)
        if target is None:
            return smallest
        place = join(path, name)
        if not self.is_kind(target, place, Kind.NUMBER, expected="a whole number"):
            return None
        if not isinstance(target.scalar, int):
            self.report(target, place, Fault.WRONG_TYPE, detail="a whole number was expected")
            return None
        if not smallest <= target.scalar <= LARGEST_INDEX:
            self.report(
                target, place, Fault.BAD_INDEX, detail=f"{smallest} is the smallest, 2^31 - 1 the largest"
            )
            return None
        return target.scalar

    # -- what all readers share

    def reporter(self, node: Node, path: str) -> Callable[..., None]:
        """``report`` of this place."""

        def report(fault: Fault, *, detail: str | None = None, remedy: str | None = None) -> None:
            self.report(node, path, fault, detail=detail, remedy=remedy)

        return report

    def optional(self, node: Node, path: str, key: str, read: Callable[[Node, str], _Value]) -> _Value | None:
        """What ``read`` makes of a member; None where it is absent or null."""
        target = node.get(key)
        return None if target is None else read(target, join(path, key))

    def required(
        self,
        node: Node,
        path: str,
        key: str,
        read: Callable[[Node, str], _Value],
        *,
        remedy: str | None = None,
    ) -> _Value | None:
        """What ``read`` makes of a member, whose absence is a fault."""
        if not node.has(key):
            self.report(node, join(path, key), Fault.MISSING_KEY, remedy=remedy)
            return None
        return self.optional(node, path, key, read)

    def is_kind(self, node: Node, path: str, kind: Kind, *, expected: str | None = None) -> bool:
        """Whether a node is of a kind; a fault where it is not."""
        if node.kind is kind:
            return True
        self.report(
            node,
            path,
            Fault.WRONG_TYPE,
            detail=f"{expected or kind.value} was expected, and it is {node.kind.value}",
        )
        return False

    def known_keys(self, node: Node, path: str, known: Collection[str]) -> None:
        """Report keys that have no place here."""
        for name, target in dict(node.members).items():
            if name in known:
                continue
            place = join(path, _shown_key(name))
            near = did_you_mean(name, known) if _is_harmless(name) else None
            self.report(target, place, Fault.UNKNOWN_KEY, remedy=near or f"there is {', '.join(known)}")


def _is_harmless(key: str) -> bool:
    return len(key) <= _LARGEST_SHOWN_KEY and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", key) is not None


def _shown_key(key: str) -> str:
    """A key as a message may hold it: whoever pastes a secret may paste it there."""
    return key if _is_harmless(key) else f"(a key of {len(key)} characters)"
