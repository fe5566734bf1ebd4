"""The ABI's types: each encodes and decodes itself, strictly.

What the Solidity compiler would refuse is refused here as well: an address with dirty upper bytes, a ``uint8`` of 300,
an offset that points outside. A value that does not fit is an InputError when encoding (the caller's) and a
DecodeError when decoding (the bytes').

Python values: integers are ``int``, addresses checksummed ``str``, ``bytesN`` and ``bytes`` are ``bytes``,
arrays and tuples are ``tuple``.

Source: the Contract ABI Specification of Solidity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import attrs

from aztec_butler.core.errors import ButlerError, DecodeError, InputError
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


def _word(content: bytes, start: int, of: str) -> bytes:
    word = content[start : start + WORD]
    if len(word) != WORD or start < 0:
        raise DecodeError(
            "the data ends before the value does", type=of, needed_bytes=start + WORD, bytes=len(content)
        )
    return word


def _misfit(of: str, value: object, why: str) -> InputError:
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
            raise _misfit(self.name, value, "an integer is needed")
        if not 0 <= value < 1 << self.bits:
            raise _misfit(self.name, value, f"0 to 2^{self.bits}-1 are possible")
        return value.to_bytes(WORD, "big")

    def decode(self, content: bytes, start: int) -> int:
        value = int.from_bytes(_word(content, start, self.name), "big")
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
            raise _misfit(self.name, value, "an integer is needed")
        if not -(1 << self.bits - 1) <= value < 1 << self.bits - 1:
            raise _misfit(self.name, value, f"-2^{self.bits - 1} to 2^{self.bits - 1}-1 are possible")
        return value.to_bytes(WORD, "big", signed=True)

    def decode(self, content: bytes, start: int) -> int:
        value = int.from_bytes(_word(content, start, self.name), "big", signed=True)
        if not -(1 << self.bits - 1) <= value < 1 << self.bits - 1:
            raise DecodeError("a word is too large for its type", type=self.name, value=value)
        return value


@lru_cache(maxsize=1 << 16)
def _address_word(text: str) -> bytes:
    return bytes(12) + bytes.fromhex(parse_address(text)[2:])


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
        raise _misfit(self.name, value, "an address is needed")

    def decode(self, content: bytes, start: int) -> str:
        word = _word(content, start, self.name)
        if any(word[:12]):
            raise DecodeError("a word holds more than an address", word="0x" + word.hex())
        return checksum_address(word[12:])


@attrs.frozen
class Bool:
    """``bool``."""

    name = "bool"
    is_dynamic = False
    words = 1

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, bool):
            raise _misfit(self.name, value, "True or False is needed")
        return int(value).to_bytes(WORD, "big")

    def decode(self, content: bytes, start: int) -> bool:
        value = int.from_bytes(_word(content, start, self.name), "big")
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
            raise _misfit(self.name, value, f"{self.size} bytes are needed")
        return content.ljust(WORD, b"\0")

    def decode(self, content: bytes, start: int) -> bytes:
        word = _word(content, start, self.name)
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
                raise _misfit(self.name, value, "text is needed")
            content = value.encode()
        else:
            content = parse_bytes(value) if isinstance(value, str) else value
            if not isinstance(content, bytes):
                raise _misfit(self.name, value, "bytes are needed")
        return len(content).to_bytes(WORD, "big") + content + bytes(-len(content) % WORD)

    def decode(self, content: bytes, start: int) -> bytes | str:
        size = int.from_bytes(_word(content, start, self.name), "big")
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


@attrs.frozen
class Tuple:
    """A struct, or a list of parameters: the places of its components, then what they point to."""

    components: tuple[Type, ...]
    labels: tuple[str, ...] = ()
    name: str = attrs.field(init=False)
    is_dynamic: bool = attrs.field(init=False)
    words: int = attrs.field(init=False)
    _places: tuple[tuple[Type, int], ...] = attrs.field(init=False)
    _head_bytes: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        dynamic = any(component.is_dynamic for component in self.components)
        places, head = [], 0
        for component in self.components:
            places.append((component, head * WORD))
            head += 1 if component.is_dynamic else component.words
        set_field = object.__setattr__
        set_field(self, "name", "(" + ",".join(component.name for component in self.components) + ")")
        set_field(self, "is_dynamic", dynamic)
        set_field(self, "words", 1 if dynamic else head)
        set_field(self, "_places", tuple(places))
        set_field(self, "_head_bytes", head * WORD)

    def encode(self, value: Any) -> bytes:
        if isinstance(value, Mapping):
            unknown = sorted(set(value) ^ set(self.labels))
            if unknown:
                raise _misfit(self.name, value, f"missing or unknown fields {', '.join(unknown)}")
            value = [value[label] for label in self.labels]
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise _misfit(self.name, value, "a sequence of fields is needed")
        if len(value) != len(self.components):
            raise _misfit(
                self.name, value, f"{len(self.components)} fields are needed, {len(value)} were given"
            )
        head, tail, offset = [], [], self._head_bytes
        for position, (component, item) in enumerate(zip(self.components, value, strict=True)):
            try:
                encoded = component.encode(item)
            except ButlerError as error:
                if self.labels and self.labels[position]:
                    error.facts.setdefault("parameter", self.labels[position])
                raise
            if component.is_dynamic:
                head.append(offset.to_bytes(WORD, "big"))
                tail.append(encoded)
                offset += len(encoded)
            else:
                head.append(encoded)
        return b"".join(head + tail)

    def decode(self, content: bytes, start: int) -> tuple[Any, ...]:
        if not self.is_dynamic:
            return tuple([component.decode(content, start + place) for component, place in self._places])
        return tuple(
            [
                component.decode(
                    content, _follow(content, start, start + place) if component.is_dynamic else start + place
                )
                for component, place in self._places
            ]
        )


@attrs.frozen
class Array:
    """``T[]`` and ``T[k]``."""

    item: Type
    size: int | None
    name: str = attrs.field(init=False)
    is_dynamic: bool = attrs.field(init=False)
    words: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        set_field = object.__setattr__
        dynamic = self.size is None or self.item.is_dynamic
        set_field(self, "name", f"{self.item.name}[{'' if self.size is None else self.size}]")
        set_field(self, "is_dynamic", dynamic)
        set_field(self, "words", 1 if dynamic else (self.size or 0) * self.item.words)

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise _misfit(self.name, value, "a sequence is needed")
        if self.size is not None and len(value) != self.size:
            raise _misfit(self.name, value, f"{self.size} items are needed, {len(value)} were given")
        encoded = [self.item.encode(item) for item in value]
        if self.item.is_dynamic:
            offset, places = len(encoded) * WORD, []
            for item in encoded:
                places.append(offset.to_bytes(WORD, "big"))
                offset += len(item)
            encoded = places + encoded
        prefix = len(value).to_bytes(WORD, "big") if self.size is None else b""
        return prefix + b"".join(encoded)

    def decode(self, content: bytes, start: int) -> tuple[Any, ...]:
        count = self.size
        if count is None:
            count = int.from_bytes(_word(content, start, self.name), "big")
            start += WORD
        stride = WORD if self.item.is_dynamic else self.item.words * WORD
        if count * max(stride, 1) > len(content) - start:
            raise DecodeError(
                "an array reaches beyond the data", type=self.name, items=count, bytes=len(content)
            )
        item = self.item
        if item.is_dynamic:
            return tuple(
                [item.decode(content, _follow(content, start, start + i * WORD)) for i in range(count)]
            )
        return tuple([item.decode(content, start + i * stride) for i in range(count)])


def _follow(content: bytes, base: int, place: int) -> int:
    """Where the dynamic value lies whose offset, counted from ``base``, stands at ``place``."""
    offset = int.from_bytes(_word(content, place, "offset"), "big")
    if offset > len(content) - base:
        raise DecodeError("an offset points outside the data", offset=offset, bytes=len(content))
    return base + offset
