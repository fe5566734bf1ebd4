"""Records of payouts as they are read: strictly, and worked out again from their inputs. Pure."""

from __future__ import annotations

import json
import typing
from typing import Any, Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.json_depth import check_depth
from aztec_butler.core.payouts import PayoutCheckpoint, PayoutDelegation, PayoutTerms
from aztec_butler.core.payouts_record import FORMAT, PayoutBlock, PayoutRecord, PayoutWindow, encode_record

_DERIVED: Final = ("totals", "transfers", "calls")
_INPUTS: Final = ("network", "chain_id", "provider_id", "wallet", "token", "previous")


@attrs.frozen(kw_only=True)
class ReadRecord:
    """A record that was read, and worked out again.

    Args:
        record: what its inputs make.
        differences: parts of the file that say something else than its inputs make; none in a true record.
    """

    record: PayoutRecord
    differences: tuple[str, ...]


def read_record(content: bytes) -> ReadRecord:
    """What a record says, and whether it follows from what it gives as its inputs.

    Args:
        content: the file's bytes.

    Raises:
        InputError: not such a file, or inputs that contradict each other; the message tells where.
    """
    document = _document(content)
    if document.get("format") != FORMAT:
        raise InputError("not a payout record of a format that is known here", format=document.get("format"))
    values = {name: _field(document, name) for name in _INPUTS}
    record = PayoutRecord(
        **values,
        window=_record(PayoutWindow, document, "window"),
        settled_at=None
        if _field(document, "settled_at") is None
        else _record(PayoutBlock, document, "settled_at"),
        terms=_terms(document),
        delegations=_records(PayoutDelegation, document, "delegations"),
        checkpoints=_records(PayoutCheckpoint, document, "checkpoints"),
    )
    _check_types(record)
    if content == encode_record(record):
        return ReadRecord(record=record, differences=())
    made = json.loads(encode_record(record))
    names = [*made, *(name for name in document if name not in made)]
    different = tuple(name for name in names if document.get(name) != made.get(name))
    return ReadRecord(
        record=record, differences=tuple(_where(name, document, made) for name in different) or ("layout",)
    )


def true_record(content: bytes) -> PayoutRecord:
    """A record on which another is built: it must at least be true to itself.

    Args:
        content: the file's bytes.

    Raises:
        InputError: no record, or one that does not follow from its inputs.
    """
    read = read_record(content)
    if read.differences:
        raise InputError(
            "the record is not what its inputs make",
            hint="`payouts verify` tells more",
            differences="; ".join(read.differences),
        )
    return read.record


def _where(name: str, document: dict[str, Any], made: dict[str, Any]) -> str:
    """Which part differs, and at which place of a list."""
    told, wanted = document.get(name), made.get(name)
    if name not in _DERIVED or not isinstance(told, list) or not isinstance(wanted, list):
        return name
    if len(told) != len(wanted):
        return f"{name}: {len(told)}, the inputs make {len(wanted)}"
    place = next(place for place, pair in enumerate(zip(told, wanted, strict=True), 1) if pair[0] != pair[1])
    return f"{name}, number {place}"


def _document(content: bytes) -> dict[str, Any]:
    check_depth(content)
    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=_object)
    except UnicodeDecodeError:
        raise InputError("a payout record is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise InputError(
            "a payout record is not JSON", reason=error.msg, line=error.lineno, column=error.colno
        ) from None
    except InputError:  # which is a ValueError, too
        raise
    except ValueError:
        raise InputError("a payout record holds a number with too many digits") from None
    if not isinstance(document, dict):
        raise InputError("a payout record is a JSON object")
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise InputError(
            "a payout record has a name twice in one object",
            name=next(name for name in names if names.count(name) > 1),
        )
    return found


def _field(document: Any, name: str) -> Any:
    if not isinstance(document, dict) or name not in document:
        raise InputError("a payout record lacks a field", field=name)
    return document[name]


def _records(kind: type, document: dict[str, Any], name: str) -> tuple[Any, ...]:
    entries = _field(document, name)
    if not isinstance(entries, list):
        raise InputError("a field of a payout record is a list", field=name)
    return tuple(_made(kind, entry, f"{name}, number {place}") for place, entry in enumerate(entries, 1))


def _record(kind: type, document: dict[str, Any], name: str) -> Any:
    return _made(kind, _field(document, name), name)


def _terms(document: dict[str, Any]) -> PayoutTerms:
    told = dict(_field(document, "terms")) if isinstance(_field(document, "terms"), dict) else {}
    for derived in ("sequencer_reward_wei", "rounding"):
        told.pop(derived, None)
    made: PayoutTerms = _made(PayoutTerms, told, "terms")
    return made


def _made(kind: type, entry: Any, place: str) -> Any:
    """A record of a JSON object that has exactly its fields."""
    fields = attrs.fields(kind)
    if not isinstance(entry, dict) or set(entry) != {field.name for field in fields}:
        raise InputError(
            "an entry of a payout record does not have the fields that it should",
            place=place,
            fields=", ".join(field.name for field in fields),
        )
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in fields:
        value, hint = entry[field.name], hints[field.name]
        if attrs.has(hint):
            values[field.name] = _made(hint, value, f"{place}.{field.name}")
            continue
        if field.metadata.get("unit") == "wei":
            value = _wei(value, f"{place}.{field.name}")
        if type(value) is not hint:
            raise InputError(
                "a field of a payout record is of another type", field=f"{place}.{field.name}", value=value
            )
        values[field.name] = value
    try:
        return kind(**values)
    except InputError as error:
        error.facts = {"place": place, **error.facts}
        raise


def _wei(value: Any, place: str) -> int:
    if not isinstance(value, str) or not value.isdecimal() or not value.isascii() or len(value) > 78:
        raise InputError("an amount in a payout record is a decimal string, in wei", field=place, value=value)
    return int(value)


def _check_types(record: PayoutRecord) -> None:
    for name, kind in (("network", str), ("chain_id", int), ("provider_id", int)):
        if type(getattr(record, name)) is not kind:
            raise InputError(
                "a field of a payout record is of another type", field=name, value=getattr(record, name)
            )
    if record.previous is not None and not isinstance(record.previous, str):
        raise InputError("a field of a payout record is of another type", field="previous")
