"""Safe Transaction Builder files in words: what importing one would make a Safe do, whatever its own texts say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from aztec_butler.core.decoding import Decoded, DecodedValue, Kind
from aztec_butler.core.decoding_batches import Carried
from aztec_butler.core.decoding_calls import Reader
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address, parse_bytes
from aztec_butler.core.safe_checksum import batch_checksum
from aztec_butler.core.safe_method import encode_method

_LARGEST_WORD: Final = (1 << 256) - 1
_DECIMAL: Final = re.compile(r"[0-9]{1,78}")


def decode_builder_file(document: Mapping[str, Any], known: Mapping[str, str]) -> Decoded:
    """Every transaction of a file, with warnings where the web app would give some or should.

    Args:
        document: the file's JSON.
        known: roles of contracts by address.

    Raises:
        InputError: no such file, or a transaction in it that is none.
    """
    entries = document.get("transactions")
    if not isinstance(entries, list):
        raise InputError(
            "not a Transaction Builder file: there is no list of transactions",
            hint="give calldata as 0x hex, or a file that the Transaction Builder can import",
        )
    calls = []
    for position, entry in enumerate(entries, 1):
        try:
            calls.append(_read_entry(entry))
        except InputError as error:
            error.facts = {"transaction": position, **error.facts}
            raise
    reader = Reader(known, sum(len(call.data) for call, _ in calls))
    inner = []
    for call, remarks in calls:
        decoded = reader.read(call)
        inner.append(attrs.evolve(decoded, warnings=(*remarks, *decoded.warnings)))
    return Decoded(
        kind=Kind.BATCH,
        signature=None,
        roles=(),
        values=_whose(document),
        inner=tuple(inner),
        warnings=tuple(_remarks(document)),
    )


def _read_entry(entry: Any) -> tuple[Carried, tuple[str, ...]]:
    if not isinstance(entry, Mapping):
        raise InputError("a transaction of the file is no object", got=type(entry).__name__)
    value = entry.get("value", "0")
    if not (isinstance(value, str) and _DECIMAL.fullmatch(value) and int(value) <= _LARGEST_WORD):
        raise InputError("the value of a transaction is a decimal string, in wei", value=repr(value)[:90])
    method = entry.get("contractMethod")
    written = entry.get("data")
    remarks: tuple[str, ...] = ()
    if written:
        data = parse_bytes(written)
        # As the web app: the data counts; what stands beside it is for show.
        if method is not None and _differs(method, entry.get("contractInputsValues"), data):
            remarks = ("the file describes another call beside the data; the data is what would be executed",)
    else:
        data = encode_method(method, entry.get("contractInputsValues"))
    return Carried(parse_address(entry.get("to")), int(value), data), remarks


def _whose(document: Mapping[str, Any]) -> tuple[DecodedValue, ...]:
    """The chain and the Safe that the file is for; None where it names none, or none that could be one."""
    meta = document.get("meta")
    chain = document.get("chainId")
    safe = meta.get("createdFromSafeAddress") if isinstance(meta, Mapping) else None
    try:
        safe = parse_address(safe)
    except InputError:
        safe = None
    chain_id = int(chain) if isinstance(chain, str) and _DECIMAL.fullmatch(chain) else None
    return (
        DecodedValue(name="chainId", type="uint256", value=chain_id, field="chain_id"),
        DecodedValue(name="createdFromSafeAddress", type="address", value=safe, field="safe"),
    )


def _differs(method: Any, values: Any, data: bytes) -> bool:
    try:
        return encode_method(method, values) != data
    except InputError:
        return True


def _remarks(document: Mapping[str, Any]) -> list[str]:
    meta = document.get("meta")
    stated = meta.get("checksum") if isinstance(meta, Mapping) else None
    if not isinstance(meta, Mapping) or not stated:
        return ["the file has no checksum: nobody can tell whether it was changed"]
    try:
        found = batch_checksum({**document, "meta": dict(meta)})
    except InputError as error:
        return [f"the checksum cannot be worked out: {error.sentence}"]
    if found != stated:
        return [
            f"the checksum is wrong: the file was changed since it was made (it says {stated}, not {found})"
        ]
    return []
