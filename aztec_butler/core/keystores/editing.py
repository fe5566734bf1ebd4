"""What an edit would change, shown without a secret.

A text is shown by a list of what may be shown, not by a list of what is secret: a value nobody thought of is hidden.
"""

from __future__ import annotations

import difflib

import attrs

from aztec_butler.core.keystores.splicing import Splice, spliced
from aztec_butler.core.keystores.text import Kind, Node, parse_text
from aztec_butler.core.keystores.values import is_address, is_url
from aztec_butler.core.setting_values import redact_url

_PUBLIC_TEXT = frozenset({"path", "certPath", "feeRecipient"})


@attrs.frozen(kw_only=True)
class FileEdit:
    """A file as it is and as it shall be."""

    file: str
    before: str | None = attrs.field(repr=False)
    """None: it is new."""
    after: str = attrs.field(repr=False)

    @property
    def is_change(self) -> bool:
        """Whether anything would be another."""
        return self.before != self.after

    def diff(self) -> tuple[str, ...]:
        """A unified diff; secrets are numbered, so that equal ones are seen to be equal."""
        shown = Redaction()
        before = [] if self.before is None else shown.lines(self.before)
        after = shown.lines(self.after)
        names = ("/dev/null" if self.before is None else self.file, self.file)
        return tuple(difflib.unified_diff(before, after, *names, lineterm=""))


class Redaction:
    """Hides the secrets of several documents, each under one number everywhere."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def lines(self, text: str) -> list[str]:
        """The lines of a document as they may be shown."""
        root = parse_text(text)
        return spliced(text, self._splices(root, None)).splitlines()

    def _splices(self, node: Node, key: str | None) -> list[Splice]:
        if node.kind is Kind.TEXT:
            shown = self._shown(str(node.scalar), key)
            return [] if shown is None else [Splice(node.start, node.end, f'"{shown}"')]
        parts = [*node.members, *((key, item) for item in node.items)]
        return [splice for name, part in parts for splice in self._splices(part, name)]

    def _shown(self, text: str, key: str | None) -> str | None:
        """What stands there instead; None for the text itself."""
        if is_address(text) or (key in _PUBLIC_TEXT and text.isprintable()):
            return None
        if key in ("remoteSigner", "remoteSignerUrl") and is_url(text):
            return redact_url(text)
        return f"<secret {self._numbers.setdefault(text, len(self._numbers) + 1)}>"
