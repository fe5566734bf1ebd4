"""The single values of a keystore: keys, addresses, URLs. Each reader gives the value, or reports what is wrong with it.

What is reported tells the length and the kind of what stands there, never the text: a private key is easily pasted
into the wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urlsplit

from aztec_butler.core import secp256k1
from aztec_butler.core.bls import GROUP_ORDER
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.keystores.faults import Fault

WORD_COUNTS = (12, 15, 18, 21, 24)
LARGEST_INDEX = (1 << 31) - 1
"""Of a path's step. Source: BIP-32."""
LARGEST_COUNT = 10_000
"""More accounts than anybody runs from one mnemonic; the node would derive keys for minutes."""

Report = Callable[..., None]
"""``report(fault, detail=..., remedy=...)``"""

_KEY = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"(0x)?[0-9a-fA-F]{40}")
_FIELD = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")


def shape_of(text: str) -> str:
    """How a text may be described that may be a secret.

    >>> shape_of("0x" + "ab" * 31)
    '0x and 62 hex digits'
    >>> shape_of("hunter2")
    '7 characters'
    """
    digits = text.removeprefix("0x")
    if not digits:
        return "no characters" if not text else "0x alone"
    if re.fullmatch(r"[0-9a-fA-F]+", digits):
        count = f"{len(digits)} hex digit{'' if len(digits) == 1 else 's'}"
        return f"0x and {count}" if text.startswith("0x") else f"{count} without 0x"
    return f"{len(text)} character{'' if len(text) == 1 else 's'}"


def is_private_key(text: str) -> bool:
    """Whether it has the form of one."""
    return _KEY.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Whether it has the form of an address, which is no secret."""
    return _ADDRESS.fullmatch(text) is not None


def read_private_key(text: str, report: Report) -> str | None:
    """A key of secp256k1: 1 and more, below the order."""
    if not is_private_key(text):
        report(Fault.BAD_PRIVATE_KEY, detail=shape_of(text))
    elif not 0 < int(text, 16) < secp256k1.GROUP_ORDER:
        report(Fault.PRIVATE_KEY_RANGE, detail="zero" if int(text, 16) == 0 else "not below the order")
    else:
        return text
    return None


def read_bls_key(text: str, report: Report) -> str | None:
    """A key of BN254: 1 and more, below the order."""
    if not is_private_key(text):
        if is_address(text):
            report(Fault.REMOTE_BLS)
        else:
            report(Fault.BAD_BLS_KEY, detail=shape_of(text))
    elif int(text, 16) == 0:
        report(Fault.BLS_ZERO)
    elif int(text, 16) >= GROUP_ORDER:
        report(Fault.BLS_RANGE)
    else:
        return text
    return None


def read_address(text: str, report: Report, *, zero: Fault = Fault.ZERO_ADDRESS) -> str | None:
    """An L1 address, checksummed. What the node takes without 0x is taken, too.

    A coinbase of zero is reported and given all the same: it is where rewards go.
    """
    if not is_address(text):
        report(Fault.BAD_ADDRESS, detail=shape_of(text))
        return None
    if not text.startswith("0x"):
        report(Fault.UNPREFIXED_ADDRESS)
    try:
        address = parse_address("0x" + text.removeprefix("0x"))
    except InputError:
        report(
            Fault.BAD_CHECKSUM,
            detail=text,
            remedy="a digit was probably mistyped; if you are sure of the digits, write them in lower case",
        )
        return None
    if address == ZERO_ADDRESS:
        report(zero)
        return address if zero is Fault.ZERO_COINBASE else None
    return address


def read_fee_recipient(text: str, report: Report) -> str | None:
    """An Aztec address, 0x and lower case."""
    if _FIELD.fullmatch(text) is None:
        report(Fault.BAD_FEE_RECIPIENT, detail=shape_of(text))
        return None
    number = int(text.removeprefix("0x"), 16)
    if number >= GROUP_ORDER:
        report(Fault.FEE_RECIPIENT_RANGE)
        return None
    if number == 0:
        report(Fault.ZERO_FEE_RECIPIENT)
    elif not _is_grumpkin_x(number):
        report(Fault.LOST_FEES)
    return f"0x{number:064x}"


def _is_grumpkin_x(x: int) -> bool:
    """Whether ``x^3 - 17`` has a root: Grumpkin is y^2 = x^3 - 17 over the scalar field of BN254.

    Source: stdlib ``AztecAddress``, "the x coordinate of a point in the Grumpkin curve".
    """
    square = (pow(x, 3, GROUP_ORDER) - 17) % GROUP_ORDER
    return square == 0 or pow(square, (GROUP_ORDER - 1) // 2, GROUP_ORDER) == 1


def read_url(text: str, report: Report) -> str | None:
    """The URL of a remote signer, as it stands there."""
    if is_url(text):
        return text
    report(Fault.BAD_URL, detail=shape_of(text))
    return None


def is_url(text: str) -> bool:
    """Whether it is an HTTP URL to every parser of URLs."""
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or "//" not in text or port == 0:
        return False
    return _is_host(parts.netloc.rpartition("@")[2])


def _is_host(authority: str) -> bool:
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        try:
            IPv6Address(host)
        except AddressValueError:
            return False
        return rest == "" or rest.startswith(":")
    host = authority.partition(":")[0]
    if _HOST.fullmatch(host) is None or "xn--" in host.lower():
        return False
    # A last label that begins like a number makes it an IPv4 address, or nothing.
    last = host.rstrip(".").rpartition(".")[2]
    if not last[:1].isdigit():
        return True
    try:
        IPv4Address(host)
    except AddressValueError:
        # A label such as 3com is a name; 256 or 0x7f is neither name nor a number that people write.
        return not re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", last)
    return True


def read_words(text: str, report: Report) -> str | None:
    """A mnemonic's words, without the white space around them.

    Only the number of words is judged, as the node does it: neither looks them up in a word list.
    """
    words = text.strip(" \t\r\n")
    if not words:
        report(Fault.BAD_MNEMONIC, detail="it is empty")
    elif not words.isprintable():  # half a surrogate pair, a tab between two words, an invisible mark
        report(Fault.BAD_MNEMONIC, detail="it holds something that is neither a letter nor a space")
    elif words.split() != words.split(" ") or len(words.split()) not in WORD_COUNTS:
        report(Fault.BAD_MNEMONIC, detail=f"{len(words.split())} words")
    else:
        return words
    return None
