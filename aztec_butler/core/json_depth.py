"""How deeply JSON of strangers is nested, found out before a parser goes down into it.

Parsers written in C stop at Python's recursion limit. Libraries raise that limit (py_ecc, which comes with web3's
family, to 100 000), and then a file of brackets ends the whole process.
"""

from __future__ import annotations

import re
from typing import Final

from aztec_butler.core.errors import InputError

DEEPEST: Final = 64
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|$)', re.DOTALL)
_PLAIN: Final = bytes(code for code in range(256) if code not in b'[]{}"')
_BRACKET: Final = re.compile(rb"[\[{\]}]")


def check_depth(content: bytes | bytearray, *, deepest: int = DEEPEST) -> None:
    """Refuse JSON that is nested too deeply; whether it is JSON at all, the parser tells.

    Args:
        content: UTF-8 text.
        deepest: brackets that may be open at once.

    Raises:
        InputError: more are.
    """
    if content.count(b"[") + content.count(b"{") <= deepest:
        return
    if b"\\" not in content:
        # Most of it is text that does not matter. Two quotes side by side are then an empty string, or the end of one and
        # the beginning of the next, which is to be left out as well.
        content = content.translate(None, _PLAIN).replace(b'""', b"")
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", content)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > deepest:
            raise InputError("JSON is nested too deeply", deepest=deepest)
