"""Compiled contracts: read from the compiler's output, linked, and spoken to through ``core.abi``."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import msgspec

from aztec_butler.core.abi import CustomError, Event, Function, parse_line
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.devnet import contracts

_ADDRESS_BYTES = 20


class _Reference(msgspec.Struct):
    start: int
    length: int


class _Code(msgspec.Struct):
    object: str
    # source file -> library -> places
    references: dict[str, dict[str, list[_Reference]]] = msgspec.field(
        name="linkReferences", default_factory=dict
    )


class _Output(msgspec.Struct):
    """The members of a compiler output file that are used; the others, most of the file, are skipped."""

    abi: list[dict[str, Any]]
    bytecode: _Code
    runtime: _Code = msgspec.field(name="deployedBytecode")


@attrs.frozen(kw_only=True)
class CompiledContract:
    """One contract as a compiler left it.

    Args:
        name: of the contract.
        abi: items of the official JSON ABI.
        bytecode: creation code as hex without 0x, with placeholders where library addresses go.
        places: of library addresses, by library name, as byte offsets into the creation code.
        runtime: the deployed code as 0x hex; empty when it has placeholders or is unknown.
    """

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: str = attrs.field(repr=False)
    places: dict[str, tuple[int, ...]] = attrs.field(factory=dict)
    runtime: str = attrs.field(default="", repr=False)
    _items: dict[str, Any] = attrs.field(factory=dict, init=False, repr=False, eq=False)

    def creation_code(self, *arguments: Any, libraries: dict[str, str] | None = None) -> bytes:
        """What a deploying transaction carries.

        Args:
            arguments: of the constructor; a struct is a tuple or a mapping by field name.
            libraries: address by library name; more than needed are welcome.

        Raises:
            InputError: an argument does not fit, or a library is missing.
        """
        digits = self.bytecode
        for library, places in self.places.items():
            if libraries is None or library not in libraries:
                raise InputError(
                    "a contract is to be deployed before its library", contract=self.name, library=library
                )
            address = parse_address(libraries[library])[2:].lower()
            for place in places:
                digits = digits[: 2 * place] + address + digits[2 * (place + _ADDRESS_BYTES) :]
        return bytes.fromhex(digits) + self._constructor.encode_call(*arguments)[4:]

    @cached_property
    def _constructor(self) -> Function:
        inputs: list[Any] = next((item["inputs"] for item in self.abi if item["type"] == "constructor"), [])
        item = parse_line(render_abi_item({"type": "function", "name": "constructor", "inputs": inputs}))
        assert isinstance(item, Function)
        return item

    def function(self, name: str) -> Function:
        """The function of this name, or of this signature where the name is overloaded.

        Raises:
            InputError: there is none, or several.
        """
        item = self._find("function", name)
        assert isinstance(item, Function)
        return item

    def event(self, name: str) -> Event:
        """The event of this name, or of this signature where the name is overloaded.

        Raises:
            InputError: there is none, or several.
        """
        item = self._find("event", name)
        assert isinstance(item, Event)
        return item

    @cached_property
    def errors(self) -> tuple[CustomError, ...]:
        """Custom errors that the compiler saw this contract raise."""
        found = [parse_line(render_abi_item(item)) for item in self.abi if item["type"] == "error"]
        return tuple(item for item in found if isinstance(item, CustomError))

    def _find(self, kind: str, name: str) -> Function | Event | CustomError:
        """One item; parsed when it is first asked for, because an ABI has hundreds."""
        key = f"{kind} {name}"
        if key not in self._items:
            plain = name.partition("(")[0]
            found = [
                parse_line(render_abi_item(item))
                for item in self.abi
                if item["type"] == kind and item["name"] == plain
            ]
            if plain != name:
                found = [item for item in found if item.signature == name]
            if len(found) != 1:
                raise InputError(
                    f"a contract has no such {kind}, or several",
                    contract=self.name,
                    name=name,
                    found=", ".join(item.signature for item in found) or "none",
                )
            self._items[key] = found[0]
        item: Function | Event | CustomError = self._items[key]
        return item


class Artifacts:
    """The compiled contracts of the npm package, and our own beside them.

    Args:
        folder: compiler output, ``<source file>.sol/<contract>.json``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, CompiledContract] = {}

    def load(self, name: str, source: str | None = None) -> CompiledContract:
        """One contract; the file is read once.

        Args:
            name: of the contract.
            source: name of its source file without ``.sol``, where it differs.

        Raises:
            InputError: there is no such contract.
        """
        if name not in self._loaded:
            self._loaded[name] = (
                _load_own(name) if name in contracts.NAMES else self._read(name, source or name)
            )
        return self._loaded[name]

    def _read(self, name: str, source: str) -> CompiledContract:
        path = self._folder / f"{source}.sol" / f"{name}.json"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise InputError(
                "there is no such compiled contract", name=name, source=f"{source}.sol"
            ) from None
        output = msgspec.json.decode(content, type=_Output)
        return CompiledContract(
            name=name,
            abi=tuple(output.abi),
            bytecode=output.bytecode.object.removeprefix("0x"),
            places={
                library: tuple(reference.start for reference in references)
                for by_library in output.bytecode.references.values()
                for library, references in by_library.items()
            },
            runtime="" if output.runtime.references else output.runtime.object,
        )


def _load_own(name: str) -> CompiledContract:
    artifact = contracts.artifact(name)
    return CompiledContract(name=name, abi=artifact.abi, bytecode=artifact.bytecode.removeprefix("0x"))


def render_abi_item(item: dict[str, Any]) -> str:
    """An item of a JSON ABI as a line for ``core.abi.parse_line``.

    >>> render_abi_item({"type": "error", "name": "Paused", "inputs": [{"name": "by", "type": "address"}]})
    'error Paused(address by)'
    """
    line = f"{item['type']} {item['name']}({_render_parameters(item['inputs'])})"
    if item.get("stateMutability", "nonpayable") != "nonpayable":
        line += f" {item['stateMutability']}"
    if item.get("outputs"):
        line += f" returns ({_render_parameters(item['outputs'])})"
    return line


def _render_parameters(parameters: list[dict[str, Any]]) -> str:
    return ", ".join(_render_parameter(parameter) for parameter in parameters)


def _render_parameter(parameter: dict[str, Any]) -> str:
    kind: str = parameter["type"]
    if kind.startswith("tuple"):
        kind = f"({_render_parameters(parameter['components'])}){kind.removeprefix('tuple')}"
    indexed = " indexed" if parameter.get("indexed") else ""
    return f"{kind}{indexed} {parameter.get('name', '')}".rstrip()
