"""Addresses, hashes and other bytes as text: parsed strictly, shown in one form.

Addresses are EIP-55 checksummed ``str``, every other byte string is 0x-prefixed lower-case ``str``.
"""

from __future__ import annotations

from functools import lru_cache

from Crypto.Hash import keccak as _keccak

from aztec_butler.core.errors import InputError

ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"


def keccak256(content: bytes) -> bytes:
    """Keccak-256, the hash of Ethereum (not SHA3-256, which pads differently).

    >>> keccak256(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    return _keccak.new(digest_bits=256, data=content).digest()


def to_hex(content: bytes) -> str:
    r"""Bytes as 0x-prefixed lower-case hex.

    >>> to_hex(b"\x00\xff")
    '0x00ff'
    """
    return "0x" + content.hex()


@lru_cache(maxsize=1 << 16)
def checksum_address(content: bytes) -> str:
    """A 20-byte address as EIP-55 checksummed text.

    Args:
        content: 20 bytes.

    >>> checksum_address(bytes.fromhex("a27ec0006e59f245217ff08cd52a7e8b169e62d2"))
    '0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2'

    Raises:
        InputError: not 20 bytes.

    Source: EIP-55.
    """
    if len(content) != 20:
        raise InputError("an address has 20 bytes", value=to_hex(content), bytes=len(content))
    digits = content.hex()
    digest = keccak256(digits.encode()).hex()
    # A list, not a generator: whole validator sets go through here.
    letters = zip(digits, digits.upper(), digest, strict=False)
    return "0x" + "".join([upper if nibble > "7" else lower for lower, upper, nibble in letters])


def parse_bytes(text: object, *, size: int | None = None) -> bytes:
    """0x-prefixed hex of any case to bytes.

    Args:
        text: ``0x`` and an even number of hex digits.
        size: the number of bytes it must have; None for any.

    Raises:
        InputError: anything else.
    """
    if not isinstance(text, str) or not text.startswith(("0x", "0X")):
        raise InputError("expected hex text that begins with 0x", value=_shown(text))
    try:
        content = bytes.fromhex(text[2:])
    except ValueError:
        raise InputError(
            "expected an even number of hex digits after 0x", value=_shown(text), digits=len(text) - 2
        ) from None
    if len(content) * 2 != len(text) - 2:  # bytes.fromhex forgives white space
        raise InputError("hex text holds white space", value=_shown(text))
    if size is not None and len(content) != size:
        raise InputError(
            "hex text of another size was expected", value=_shown(text), bytes=len(content), expected=size
        )
    return content


def parse_address(text: object) -> str:
    """Address text of any case to its checksummed form; mixed case must carry the right checksum.

    Args:
        text: ``0x`` and 40 hex digits: all lower case, all upper case, or EIP-55.

    >>> parse_address("0xa27ec0006e59f245217ff08cd52a7e8b169e62d2")
    '0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2'

    Raises:
        InputError: not an address, or its checksum is wrong (a typing error in most cases).
    """
    if isinstance(text, str) and text.startswith(("0x", "0X")) and len(text) != 42:
        raise InputError("an address has 40 hex digits after 0x", value=_shown(text), digits=len(text) - 2)
    address = checksum_address(parse_bytes(text, size=20))
    digits = str(text)[2:]
    if digits not in (digits.lower(), digits.upper()) and digits != address[2:]:
        raise InputError(
            "the checksum of this address is wrong",
            hint="a digit was probably mistyped; if you are sure of the digits, write them in lower case",
            value=text,
        )
    return address


def parse_hash(text: object) -> str:
    """A 32-byte hash or word as 0x-prefixed lower-case text.

    Raises:
        InputError: not 0x and 64 hex digits.
    """
    return to_hex(parse_bytes(text, size=32))


def _shown(value: object) -> str:
    """The value as an error shows it: whole when short, its ends when long."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 90 else f"{text[:60]}...{text[-16:]} ({len(text)} characters)"
