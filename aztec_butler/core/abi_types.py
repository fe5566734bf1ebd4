"""The ABI's elementary types: each encodes and decodes itself, strictly.

What the Solidity compiler would refuse is refused here as well: an address with dirty upper bytes, a ``uint8`` of 300,
an offset that points outside. A value that does not fit is an InputError when encoding (the caller's) and a
DecodeError when decoding (the bytes').

Python values: integers are ``int``, addresses checksummed ``str``, ``bytesN`` and ``bytes`` are ``bytes``,
arrays and tuples are ``tuple``.

Source: the Contract ABI Specification of Solidity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

import attrs

from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.hexes import checksum_address, parse_address, parse_bytes

WORD = 32


class Type(Protocol):
    """What every ABI type can do."""

    @property
    def name(self) -> str:
        """Canonical name, as in signatures: ``(address,uint256)[]``."""

    @property
    def is_dynamic(self) -> bool:
        """Whether its place in a tuple holds an offset instead of the value."""

    @property
    def words(self) -> int:
        """Words it takes in the head of a tuple: 1 for every dynamic type."""

    def encode(self, value: Any) -> bytes:
        """The value's own encoding, without an offset.

        Raises:
            InputError: the value does not fit the type.
        """

    def decode(self, content: bytes, start: int) -> Any:
        """The value whose encoding begins at byte ``start``.

        Raises:
            DecodeError: the bytes are too few, or no value of this type has them.
        """


class WordType(Type, Protocol):
    """A type that fills just a word."""

    def decode_word(self, word: bytes) -> Any:
        """The value that one word holds.

        Raises:
            DecodeError: no value of this type has this word.
        """


def word_at(content: bytes, start: int, of: str) -> bytes:
    """The word at a byte, for a value of the named type; a DecodeError if the content ends before it does."""
    word = content[start : start + WORD]
    if len(word) != WORD or start < 0:
        raise DecodeError(
            "the data ends before the value does", type=of, needed_bytes=start + WORD, bytes=len(content)
        )
    return word


def misfit(of: str, value: object, why: str) -> InputError:
    """The error of a value that the named type cannot hold."""
    return InputError(f"a value does not fit its ABI type: {why}", type=of, value=_brief(value))


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:100] + "..."


@attrs.frozen
class Uint:
    """``uintN``."""

    bits: int
    name: str = attrs.field(
        init=False, default=attrs.Factory(lambda self: f"uint{self.bits}", takes_self=True)
    )
    is_dynamic = False
    words = 1

    def encode(self, value: Any) -> bytes:
        if isinstance(value, bool) or not isinstance(value, int):
            raise misfit(self.name, value, "an integer is needed")
        if not 0 <= value < 1 << self.bits:
            raise misfit(self.name, value, f"0 to 2^{self.bits}-1 are possible")
        return value.to_bytes(WORD, "big")

    def decode(self, content: bytes, start: int) -> int:
        return self.decode_word(word_at(content, start, self.name))

    def decode_word(self, word: bytes) -> int:
        value = int.from_bytes(word)
        if value >> self.bits:
            raise DecodeError("a word is too large for its type", type=self.name, value=value)
        return value


@attrs.frozen
class Int:
    """``intN``, two's complement."""

    bits: int
    name: str = attrs.field(
        init=False, default=attrs.Factory(lambda self: f"int{self.bits}", takes_self=True)
    )
    is_dynamic = False
    words = 1

    def encode(self, value: Any) -> bytes:
        if isinstance(value, bool) or not isinstance(value, int):
            raise misfit(self.name, value, "an integer is needed")
        if not -(1 << self.bits - 1) <= value < 1 << self.bits - 1:
            raise misfit(self.name, value, f"-2^{self.bits - 1} to 2^{self.bits - 1}-1 are possible")
        return value.to_bytes(WORD, "big", signed=True)

    def decode(self, content: bytes, start: int) -> int:
        return self.decode_word(word_at(content, start, self.name))

    def decode_word(self, word: bytes) -> int:
        value = int.from_bytes(word, signed=True)
        if not -(1 << self.bits - 1) <= value < 1 << self.bits - 1:
            raise DecodeError("a word is too large for its type", type=self.name, value=value)
        return value


@lru_cache(maxsize=1 << 16)
def _address_word(text: str) -> bytes:
    return bytes(12) + bytes.fromhex(parse_address(text)[2:])


@lru_cache(maxsize=1 << 16)
def _address_of_word(word: bytes) -> str:
    if any(word[:12]):
        raise DecodeError("a word holds more than an address", word="0x" + word.hex())
    return checksum_address(word[12:])


@attrs.frozen
class Address:
    """``address``."""

    name = "address"
    is_dynamic = False
    words = 1

    def encode(self, value: Any) -> bytes:
        if isinstance(value, str):
            return _address_word(value)
        if isinstance(value, bytes) and len(value) == 20:
            return bytes(12) + value
        raise misfit(self.name, value, "an address is needed")

    def decode(self, content: bytes, start: int) -> str:
        return _address_of_word(word_at(content, start, self.name))

    def decode_word(self, word: bytes) -> str:
        return _address_of_word(word)


@attrs.frozen
class Bool:
    """``bool``."""

    name = "bool"
    is_dynamic = False
    words = 1

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, bool):
            raise misfit(self.name, value, "True or False is needed")
        return int(value).to_bytes(WORD, "big")

    def decode(self, content: bytes, start: int) -> bool:
        return self.decode_word(word_at(content, start, self.name))

    def decode_word(self, word: bytes) -> bool:
        value = int.from_bytes(word)
        if value > 1:
            raise DecodeError("a word is neither true nor false", value=value)
        return value == 1


@attrs.frozen
class FixedBytes:
    """``bytes1`` to ``bytes32``, left-aligned in their word."""

    size: int
    name: str = attrs.field(
        init=False, default=attrs.Factory(lambda self: f"bytes{self.size}", takes_self=True)
    )
    is_dynamic = False
    words = 1

    def encode(self, value: Any) -> bytes:
        content = parse_bytes(value) if isinstance(value, str) else value
        if not isinstance(content, bytes) or len(content) != self.size:
            raise misfit(self.name, value, f"{self.size} bytes are needed")
        return content.ljust(WORD, b"\0")

    def decode(self, content: bytes, start: int) -> bytes:
        return self.decode_word(word_at(content, start, self.name))

    def decode_word(self, word: bytes) -> bytes:
        if any(word[self.size :]):
            raise DecodeError("a word holds more bytes than its type", type=self.name, word="0x" + word.hex())
        return word[: self.size]


@attrs.frozen
class Bytes:
    """``bytes`` and ``string``: a length, then the content padded to whole words."""

    name: str = "bytes"
    is_dynamic = True
    words = 1

    def encode(self, value: Any) -> bytes:
        if self.name == "string":
            if not isinstance(value, str):
                raise misfit(self.name, value, "text is needed")
            content = value.encode()
        else:
            content = parse_bytes(value) if isinstance(value, str) else value
            if not isinstance(content, bytes):
                raise misfit(self.name, value, "bytes are needed")
        return len(content).to_bytes(WORD, "big") + content + bytes(-len(content) % WORD)

    def decode(self, content: bytes, start: int) -> bytes | str:
        size = int.from_bytes(word_at(content, start, self.name), "big")
        begin = start + WORD
        if size > len(content) - begin:
            raise DecodeError(
                "a length reaches beyond the data", type=self.name, length=size, bytes=len(content)
            )
        value = content[begin : begin + size]
        if self.name != "string":
            return value
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise DecodeError("a string is not UTF-8", content="0x" + value.hex()) from None
