"""What a private key looks like: our processes refuse to start where somebody has given them one.

Pure. No setting takes a hash, so 32 bytes of hex are a key wherever they stand by themselves. In the
path of a URL they are that provider's key and stay; what files hold that settings name as secret is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

_NAME: Final = re.compile(
    r"(^|_)("
    r"priv(ate)?_?keys?|secret_?keys?|sign(ing|er)_?keys?|safe(_[a-z]+)*_?keys?|proposer_?keys?|owner_?keys?"
    r"|attester_?keys?|publisher_?keys?|eth_?keys?|bls_?keys?|mnemonics?|seed(_?phrase|_?words)?|xprv"
    r")$"
)
_HEX: Final = re.compile(r"(0x)?[0-9a-f]{64}", re.IGNORECASE)
_WORD: Final = re.compile(r"[a-z]{3,8}")
_WORD_COUNTS: Final = (12, 15, 18, 21, 24)
_EXTENDED: Final = re.compile(r"[xyztuv]prv[1-9A-HJ-NP-Za-km-z]{90,}")
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_BETWEEN: Final = re.compile(r"[\s,;]+")
_INSIDE: Final = re.compile(r"[=\"'`\[\](){}]+")
_FEWEST_BITS: Final = 200
"""Of a number that is too large for anything but a key; addresses have 160."""


def find_keys(name: str, value: object, *, is_known: bool = False) -> Iterator[tuple[str, str]]:
    """Every place in a value where something stands that looks like a private key.

    Args:
        name: of the setting, with dots between nested ones; the last part is what is looked at.
        value: as a source gives it: text, a number, a list, a table.
        is_known: whether there is a setting of this name, whatever it reminds of.

    Returns:
        Names of settings, each with why; never a value.

    >>> list(find_keys("safe_key", "whatever"))
    [('safe_key', 'its name says that it is a private key')]
    >>> list(find_keys("attesters", "0x" + "ab" * 20 + ",0x" + "ab" * 32))
    [('attesters', 'there is something in it that looks like a private key')]
    >>> list(find_keys("l1", "https://node.example/" + "ab" * 32))
    []
    """
    last = name.rpartition(".")[2].lower().replace("-", "_")
    if not is_known and _NAME.search(last) and not isinstance(value, Mapping):
        yield name, "its name says that it is a private key"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from find_keys(f"{name}.{_shown(str(key))}", inner)
            if _is_key(str(key)):
                yield name, "there is something in it that looks like a private key"
    elif any(_is_key(each) for each in _pieces(value)):
        yield name, "there is something in it that looks like a private key"


def _pieces(value: object) -> Iterator[str | int]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _pieces(each)
        if all(isinstance(each, str) for each in value):
            yield " ".join(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _pieces(inner)
    elif isinstance(value, str | int):
        yield value


def _is_key(piece: str | int) -> bool:
    if isinstance(piece, int):
        return abs(piece).bit_length() >= _FEWEST_BITS
    words = piece.split()
    if len(words) in _WORD_COUNTS and all(_WORD.fullmatch(word) for word in words):
        return True
    if _PEM.search(piece):
        return True
    texts = [text for text in _BETWEEN.split(piece) if "://" not in text]
    return any(
        _HEX.fullmatch(each) or _EXTENDED.fullmatch(each) for text in texts for each in _INSIDE.split(text)
    )


def _shown(key: str) -> str:
    """A name of a table's entry, unless that is the secret."""
    return "..." if _is_key(key) else key
