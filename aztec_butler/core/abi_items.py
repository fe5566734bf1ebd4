"""Functions, events and errors of a contract: how calls, results, logs and revert data are written.

``abi.parse_line`` makes them from their lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import attrs

from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.abi_types import WORD, FixedBytes, Type
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.hexes import keccak256, to_hex


@attrs.frozen
class Parameter:
    """One input or output: its name ("" when it has none), its type, and whether an event indexes it."""

    name: str
    type: Type
    indexed: bool = False


@attrs.frozen
class Function:
    """A function: its selector, and how calls and results are written."""

    name: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]
    mutability: str = "nonpayable"

    @cached_property
    def signature(self) -> str:
        """Name and canonical input types: ``deposit(address,uint256)``."""
        return self.name + self.arguments.name

    @cached_property
    def selector(self) -> bytes:
        """First four bytes of the signature's hash."""
        return keccak256(self.signature.encode())[:4]

    @cached_property
    def arguments(self) -> Tuple:
        """The inputs as one tuple type."""
        return tuple_of(self.inputs)

    @cached_property
    def result(self) -> Tuple:
        """The outputs as one tuple type."""
        return tuple_of(self.outputs)

    def encode_call(self, *arguments: Any) -> bytes:
        """Calldata: the selector and the arguments.

        Raises:
            InputError: an argument does not fit its type.
        """
        return self.selector + self.arguments.encode(arguments)

    def decode_call(self, calldata: bytes) -> tuple[Any, ...]:
        """Arguments of calldata that begins with this selector.

        Raises:
            DecodeError: another selector, or bytes that do not fit.
        """
        if calldata[:4] != self.selector:
            raise DecodeError(
                "calldata of another function", function=self.signature, selector=to_hex(calldata[:4])
            )
        return _decode(self.arguments, calldata[4:], self.signature)

    def encode_result(self, *values: Any) -> bytes:
        """What a contract would return; for tests and stand-ins."""
        return self.result.encode(values)

    def decode_result(self, returned: bytes) -> tuple[Any, ...]:
        """One value per output.

        Raises:
            DecodeError: nothing was returned (no contract there, or it has no such function), or the bytes do not fit.
        """
        if not returned and self.outputs:
            raise DecodeError(
                "the call returned nothing",
                hint="there is no contract at this address at this block, or it has no such function",
                function=self.signature,
            )
        return _decode(self.result, returned, self.signature)

    def decode_single(self, returned: bytes) -> Any:
        """The value of the only output, or the tuple of several."""
        values = self.decode_result(returned)
        return values[0] if len(values) == 1 else values

    def to_json_abi(self) -> dict[str, Any]:
        """The item of a JSON ABI."""
        return {
            "type": "function",
            "name": self.name,
            "inputs": [_to_json(parameter) for parameter in self.inputs],
            "outputs": [_to_json(parameter) for parameter in self.outputs],
            "stateMutability": self.mutability,
        }

    def render(self) -> str:
        """The line that parses to this function."""
        mutability = "" if self.mutability == "nonpayable" else f" {self.mutability}"
        returns = f" returns ({_render(self.outputs)})" if self.outputs else ""
        return f"function {self.name}({_render(self.inputs)}){mutability}{returns}"


@attrs.frozen(cache_hash=True)  # asked for with every log that is decoded
class Event:
    """An event: its topic, and how its logs are written."""

    name: str
    inputs: tuple[Parameter, ...]

    @cached_property
    def signature(self) -> str:
        """Name and canonical types: ``Slashed(address,uint256)``."""
        return self.name + tuple_of(self.inputs).name

    @cached_property
    def topic0(self) -> bytes:
        """Hash of the signature, the first topic of every log of this event."""
        return keccak256(self.signature.encode())

    @cached_property
    def indexed(self) -> tuple[Parameter, ...]:
        """Parameters that travel in topics."""
        return tuple(parameter for parameter in self.inputs if parameter.indexed)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """A name for every parameter; ``arg0`` and so on where the line has none."""
        return tuple(parameter.name or f"arg{position}" for position, parameter in enumerate(self.inputs))

    @cached_property
    def _body(self) -> Tuple:
        return tuple_of([parameter for parameter in self.inputs if not parameter.indexed])

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Values by parameter name, in the line's order.

        An indexed value of a dynamic type is on the chain as its hash only, and is returned as those 32 bytes.

        Raises:
            DecodeError: another event, another number of topics (the same signature with other indexed
                parameters), or data that does not fit.
        """
        if not topics or topics[0] != self.topic0:
            raise DecodeError(
                "the log of another event",
                event=self.signature,
                topic0=to_hex(topics[0]) if topics else "none",
            )
        if len(topics) != len(self.indexed) + 1:
            raise DecodeError(
                "a log with another number of topics",
                event=self.signature,
                topics=len(topics),
                expected=len(self.indexed) + 1,
            )
        body = iter(_decode(self._body, data, self.signature))
        words = iter(topics[1:])
        return {
            label: _decode_topic(parameter.type, next(words)) if parameter.indexed else next(body)
            for label, parameter in zip(self.labels, self.inputs, strict=True)
        }

    def encode(self, **values: Any) -> tuple[tuple[bytes, ...], bytes]:
        """Topics and data of a log with these values: the inverse of ``decode``; for tests and stand-ins."""
        missing = sorted(set(values) ^ set(self.labels))
        if missing:
            raise InputError(
                "missing or unknown event parameters", event=self.signature, names=", ".join(missing)
            )
        topics, body = [self.topic0], []
        for label, parameter in zip(self.labels, self.inputs, strict=True):
            if not parameter.indexed:
                body.append(values[label])
            elif _is_hashed(parameter.type):
                topics.append(FixedBytes(WORD).encode(values[label]))
            else:
                topics.append(parameter.type.encode(values[label]))
        return tuple(topics), self._body.encode(body)

    def to_json_abi(self) -> dict[str, Any]:
        """The item of a JSON ABI."""
        return {
            "type": "event",
            "name": self.name,
            "inputs": [_to_json(parameter) | {"indexed": parameter.indexed} for parameter in self.inputs],
            "anonymous": False,
        }

    def render(self) -> str:
        """The line that parses to this event."""
        return f"event {self.name}({_render(self.inputs)})"


@attrs.frozen
class CustomError:
    """A custom error: its selector, and how revert data is read."""

    name: str
    inputs: tuple[Parameter, ...]

    @cached_property
    def signature(self) -> str:
        """Name and canonical types."""
        return self.name + tuple_of(self.inputs).name

    @cached_property
    def selector(self) -> bytes:
        """First four bytes of the signature's hash."""
        return keccak256(self.signature.encode())[:4]

    def decode(self, revert_data: bytes) -> dict[str, Any]:
        """Arguments by name.

        Raises:
            DecodeError: another error, or bytes that do not fit.
        """
        if revert_data[:4] != self.selector:
            raise DecodeError("another error", error=self.signature, selector=to_hex(revert_data[:4]))
        values = _decode(tuple_of(self.inputs), revert_data[4:], self.signature)
        labels = [parameter.name or f"arg{position}" for position, parameter in enumerate(self.inputs)]
        return dict(zip(labels, values, strict=True))

    def encode(self, *arguments: Any) -> bytes:
        """Revert data; for tests and stand-ins."""
        return self.selector + tuple_of(self.inputs).encode(arguments)

    def to_json_abi(self) -> dict[str, Any]:
        """The item of a JSON ABI."""
        return {
            "type": "error",
            "name": self.name,
            "inputs": [_to_json(parameter) for parameter in self.inputs],
        }

    def render(self) -> str:
        """The line that parses to this error."""
        return f"error {self.name}({_render(self.inputs)})"


Item = Function | Event | CustomError
"""What one line of an ABI describes."""


def tuple_of(parameters: Sequence[Parameter]) -> Tuple:
    """Parameters as one tuple type."""
    return Tuple(
        tuple(parameter.type for parameter in parameters), tuple(parameter.name for parameter in parameters)
    )


def _decode(layout: Tuple, content: bytes, signature: str) -> tuple[Any, ...]:
    """Decode, name the signature in every error, and refuse a static layout of another length.

    A longer static answer comes from a contract with more fields than the line knows: reading it would put values
    under the wrong names sooner or later.
    """
    if not layout.is_dynamic and len(content) != layout.words * WORD:
        raise DecodeError(
            "the data has another length than the ABI line",
            signature=signature,
            bytes=len(content),
            expected=layout.words * WORD,
        )
    try:
        return layout.decode(content, 0)
    except DecodeError as error:
        error.facts.setdefault("signature", signature)
        raise


def _is_hashed(of: Type) -> bool:
    return of.is_dynamic or isinstance(of, Array | Tuple)


def _decode_topic(of: Type, word: bytes) -> Any:
    if _is_hashed(of):
        return word
    if len(word) != WORD:
        raise DecodeError("a topic has another length than a word", type=of.name, bytes=len(word))
    return of.decode(word, 0)


def _shape(of: Type) -> tuple[str, Tuple | None]:
    """Type name as JSON ABIs write it, and the struct inside, if any."""
    if isinstance(of, Tuple):
        return "tuple", of
    if isinstance(of, Array):
        inner, struct = _shape(of.item)
        return f"{inner}[{'' if of.size is None else of.size}]", struct
    return of.name, None


def _to_json(parameter: Parameter) -> dict[str, Any]:
    name, struct = _shape(parameter.type)
    item: dict[str, Any] = {"name": parameter.name, "type": name}
    if struct is not None:
        item["components"] = [_to_json(component) for component in _components(struct)]
    return item


def _components(struct: Tuple) -> list[Parameter]:
    return [Parameter(label, of) for label, of in zip(struct.labels, struct.components, strict=True)]


def _render(parameters: Sequence[Parameter]) -> str:
    return ", ".join(
        " ".join(filter(None, (_render_type(p.type), "indexed" if p.indexed else "", p.name)))
        for p in parameters
    )


def _render_type(of: Type) -> str:
    if isinstance(of, Tuple):
        return f"({_render(_components(of))})"
    if isinstance(of, Array):
        return f"{_render_type(of.item)}[{'' if of.size is None else of.size}]"
    return of.name
