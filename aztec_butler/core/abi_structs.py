"""The ABI's composed types: structs and arrays. As in ``abi_types``, what Solidity would refuse is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import attrs

from aztec_butler.core.abi_types import WORD, Type, WordType, misfit, word_at
from aztec_butler.core.errors import ButlerError, DecodeError


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
    _leaves: tuple[Callable[[bytes], Any], ...] = attrs.field(init=False, eq=False)
    """What decodes each word, where there are only words and structs of words inside; else empty."""

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
        flat = not any(component.is_dynamic or isinstance(component, Array) for component in self.components)
        leaves: list[Callable[[bytes], Any]] = []
        for component in self.components if flat else ():
            leaves += (
                component._leaves
                if isinstance(component, Tuple)
                else (cast(WordType, component).decode_word,)
            )
        set_field(self, "_leaves", tuple(leaves) if len(leaves) == head else ())

    def encode(self, value: Any) -> bytes:
        if isinstance(value, Mapping):
            unknown = sorted(set(value) ^ set(self.labels))
            if unknown:
                raise misfit(self.name, value, f"missing or unknown fields {', '.join(unknown)}")
            value = [value[label] for label in self.labels]
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise misfit(self.name, value, "a sequence of fields is needed")
        if len(value) != len(self.components):
            raise misfit(
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
        if self._leaves:
            end = start + self._head_bytes
            if end > len(content) or start < 0:
                raise DecodeError(
                    "the data ends before the value does",
                    type=self.name,
                    needed_bytes=end,
                    bytes=len(content),
                )
            places = range(start, end, WORD)
            return self._nest(
                [leaf(content[at : at + WORD]) for leaf, at in zip(self._leaves, places, strict=True)], 0
            )
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

    def _nest(self, values: list[Any], first: int) -> tuple[Any, ...]:
        """Decoded words, from ``first`` on, as the structs that they belong to."""
        return tuple(
            [
                component._nest(values, first + place // WORD)
                if isinstance(component, Tuple)
                else values[first + place // WORD]
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
            raise misfit(self.name, value, "a sequence is needed")
        if self.size is not None and len(value) != self.size:
            raise misfit(self.name, value, f"{self.size} items are needed, {len(value)} were given")
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
            count = int.from_bytes(word_at(content, start, self.name), "big")
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
    offset = int.from_bytes(word_at(content, place, "offset"), "big")
    if offset > len(content) - base:
        raise DecodeError("an offset points outside the data", offset=offset, bytes=len(content))
    return base + offset
