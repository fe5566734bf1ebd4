"""Calldata from a function and its arguments as the Transaction Builder keeps them: a piece of ABI, and texts. Pure.

A person who fills in the web app's form gets such entries; the app encodes them when the file is imported.

Source: safe-global/safe-wallet-monorepo, apps/tx-builder/src/utils, ``encodeToHexData`` and ``parseInputValue``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aztec_butler.core.abi import Function, parse_line
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.abi_types import Address, Bool, Bytes, FixedBytes, Int, Type, Uint
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address, parse_bytes
from aztec_butler.core.json_depth import check_depth

_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_INTEGER = re.compile(r"-?(?:[0-9]{1,78}|0x[0-9a-fA-F]{1,64})")
_LONGEST_TYPE = 100
_WITHOUT_DATA = ("receive", "fallback")
_LARGEST_EXACT = (1 << 53) - 1


def encode_method(method: Any, values: Any) -> bytes:
    """The calldata that the web app makes of an entry without ``data``.

    Args:
        method: ``contractMethod``; None for a plain transfer of ether.
        values: ``contractInputsValues``: a text for each argument, by its name.

    Raises:
        InputError: no such function, or an argument that does not fit its type.
    """
    if method is None:
        return b""
    if not isinstance(method, Mapping) or not isinstance(method.get("inputs", []), list):
        raise InputError("a contractMethod is an object with a list of inputs")
    name = method.get("name")
    if name in _WITHOUT_DATA:
        return b""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError("a contractMethod has no name that could be a function's", name=name)
    inputs = method.get("inputs", [])
    function = parse_line(f"function {name}({', '.join(_render(item) for item in inputs)})")
    assert isinstance(function, Function)
    given = {} if values is None else values
    if not isinstance(given, Mapping):
        raise InputError("contractInputsValues is an object", function=function.signature)
    arguments = []
    for position, (item, parameter) in enumerate(zip(inputs, function.inputs, strict=True)):
        label = item.get("name") or str(position)
        if label not in given:
            raise InputError("an argument has no value", function=function.signature, argument=label)
        try:
            arguments.append(_value(given[label], parameter.type))
        except InputError as error:
            error.facts = {"function": function.signature, "argument": label, **error.facts}
            raise
    return function.encode_call(*arguments)


def _render(item: Any) -> str:
    """A parameter of a JSON ABI as an ABI line has it, without its name."""
    kind = item.get("type") if isinstance(item, Mapping) else None
    if not isinstance(kind, str):
        raise InputError("an input of a contractMethod has no type")
    if len(kind) > _LONGEST_TYPE:
        raise InputError("an input of a contractMethod has a type that is none", type=f"{kind[:20]}...")
    if kind.startswith("tuple"):
        components = item.get("components")
        if not isinstance(components, list):
            raise InputError("a tuple of a contractMethod has no components", type=kind)
        return f"({', '.join(_render(component) for component in components)}){kind.removeprefix('tuple')}"
    if not re.fullmatch(r"[\w\[\]]+", kind, re.ASCII):
        raise InputError("an input of a contractMethod has a type that is none", type=kind)
    return kind


def _value(value: Any, of: Type) -> Any:
    """What the codec takes, from a text of the form or from JSON inside one."""
    if isinstance(of, Array | Tuple):
        return _several(value, of)
    if isinstance(of, Uint | Int):
        return _integer(value, of)
    if isinstance(of, Bool):
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise InputError("expected true or false", value=value)
    if not isinstance(value, str):
        raise InputError("expected text", type=of.name, value=value)
    if isinstance(of, Address):
        return parse_address(value)
    if isinstance(of, FixedBytes) or (isinstance(of, Bytes) and of.name == "bytes"):
        return parse_bytes(value)
    return value


def _several(value: Any, of: Array | Tuple) -> list[Any]:
    if isinstance(value, str):
        check_depth(value.encode("utf-8", "replace"))
        try:
            value = json.loads(value)
        except ValueError:
            raise InputError("expected a JSON list", type=of.name, value=value) from None
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InputError("expected a JSON list", type=of.name, value=value)
    kinds = of.components if isinstance(of, Tuple) else [of.item] * len(value)
    if len(kinds) != len(value):
        raise InputError("a struct has another number of fields", type=of.name, fields=len(value))
    return [_value(item, kind) for item, kind in zip(value, kinds, strict=True)]


def _integer(value: Any, of: Type) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value, 16 if "0x" in value else 10)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_EXACT:
        return value
    raise InputError(
        "expected a whole number",
        type=of.name,
        value=value,
        hint="large numbers need quotation marks in a list",
    )
