"""The checksum of a Transaction Builder file, as Safe's web app computes it on import. Pure.

The app removes the checksum itself and blanks the name before it hashes, so a batch may be renamed but not changed.
What is hashed is the app's own writing of the JSON: sorted keys in front of their values, JavaScript's text for leaves.

Source: safe-global/safe-wallet-monorepo, apps/tx-builder/src/lib/checksum.ts, ``validateChecksum``.
"""

from __future__ import annotations

import json
import re
from typing import Any

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import keccak256, to_hex

_LARGEST_EXACT = (1 << 53) - 1
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_DEEPEST = 64


def batch_checksum(document: dict[str, Any]) -> str:
    """The checksum that the web app expects in ``meta.checksum``.

    Args:
        document: the file's JSON; a checksum in it is passed over.

    Raises:
        InputError: a number in it that JavaScript would round, or nesting without end.
    """
    meta = {name: value for name, value in document["meta"].items() if name != "checksum"} | {"name": None}
    return to_hex(keccak256(serialize({**document, "meta": meta}).encode()))


def serialize(value: Any, depth: int = 0) -> str:
    """JSON as the web app writes it before hashing.

    >>> serialize({"b": [1, "x"], "a": None})
    '{["a","b"]null,[1,"x"],}'

    Raises:
        InputError: a number that JavaScript would round, or nesting without end.
    """
    if depth > _DEEPEST:
        raise InputError("a batch file is nested too deeply", deepest=_DEEPEST)
    if isinstance(value, list):
        return "[" + ",".join([serialize(item, depth + 1) for item in value]) + "]"
    if isinstance(value, dict):
        # JavaScript sorts by UTF-16 code units.
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        head = "[" + ",".join([_text(name) for name in names]) + "]"
        return "{" + head + "".join([serialize(value[name], depth + 1) + "," for name in names]) + "}"
    if isinstance(value, str):
        return _text(value)
    return _leaf(value)


def _text(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def _leaf(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) <= _LARGEST_EXACT:
        return str(value)
    raise InputError(
        "a batch file holds a number that JavaScript would not keep",
        hint="amounts and arguments are strings in such a file",
        value=value,
    )
