"""Every event as a frozen record, named by its contract's role: ``RollupDeposit``, ``GovernanceDeposit``.

::

    record = events.decode(log)  # or a list of logs; the role of the contract, where the topic does not tell it
    record.attester, record.amount_wei, record.position.block_number

The records are made from the contracts' ABI lines when one is first asked for; ``dir(events)`` shows all. Amounts end
in ``_wei``: the token's smallest unit. Addresses are checksummed, words and hashes ``bytes``, arrays tuples and structs
named tuples. Many logs decode faster as ``core.columns``.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, Final

import attrs

from aztec_butler.core.abi import Event
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.abi_types import Type
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.events_fields import (
    Field,
    event_fields,
    record_name,
    record_names,
    roles_by_topic0,
    struct_fields,
    struct_of,
)
from aztec_butler.core.events_input import parse_log
from aztec_butler.core.hexes import parse_address, to_hex
from aztec_butler.core.logs import RawLog
from aztec_butler.core.spelling import did_you_mean

_KINDS: Final[dict[str, type]] = {"address": str, "bool": bool, "string": str}


@attrs.frozen(kw_only=True)
class Position:
    """Where on the chain a log is.

    Args:
        address: the contract that emitted it, checksummed.
        block_number: of the block it is in.
        block_hash: 0x, lower case.
        transaction_hash: 0x, lower case.
        transaction_index: place of the transaction in its block.
        log_index: place of the log in its block.
        block_timestamp: Unix seconds of the block; None where the node does not tell it with the log.
    """

    address: str
    block_number: int
    block_hash: str
    transaction_hash: str
    transaction_index: int
    log_index: int
    block_timestamp: int | None = None


@attrs.frozen(kw_only=True, repr=False)
class EventRecord:
    """What the records of all events have in common."""

    role: ClassVar[str]
    event: ClassVar[Event]

    position: Position

    def values(self) -> dict[str, Any]:
        """The event's values by field name, without the position."""
        return {field.name: getattr(self, field.name) for field in event_fields(self.event)}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_shown(value)}" for name, value in self.values().items())
        at = f"block {self.position.block_number} log {self.position.log_index}"
        return f"<{type(self).__name__} {at}{': ' if shown else ''}{shown}>"


@attrs.frozen(kw_only=True)
class UndecodedLog:
    """A log that does not fit its event's line, or is of no known event.

    Args:
        log: as it came.
        reason: the sentence of the error that ``strict=True`` raises.
    """

    log: RawLog
    reason: str


def decode(logs: Any, role: str | Mapping[str, str] | None = None, *, strict: bool = True) -> Any:
    """Raw logs from any source as records: one log as one record, several as a list in their order.

    Args:
        logs: one as ``decode_log`` takes it, or several.
        role: of the contract that emitted them, or the roles by address; None to tell it from each log's topic, which
            works for all events that contracts of one role only have.
        strict: whether a log that cannot be decoded is an error; else an ``UndecodedLog`` stands in its place.

    Raises:
        InputError: no such role.
        DecodeError: as ``decode_log``; or contracts of several roles emit the event, and none was named.
    """
    if isinstance(logs, RawLog | Mapping):
        return decode_log(logs, role, strict=strict)
    return decode_logs(logs, role, strict=strict)


def decode_log(
    log: Any, role: str | Mapping[str, str] | None, *, strict: bool = True
) -> EventRecord | UndecodedLog:
    """One raw log as the record of its event.

    Args:
        log: a ``RawLog``, or what JSON-RPC and web3 give (a mapping with ``topics``, ``data``, ``blockNumber``, ...;
            hex text, bytes and integers alike).
        role: of the contract that emitted it, or the roles by address where logs of several contracts come together;
            None to tell it from the topic.
        strict: whether a log that cannot be decoded is an error; else it is returned as an ``UndecodedLog``.

    Raises:
        InputError: no such role.
        DecodeError: an unknown topic, a wrong number of topics, data that does not fit, or an address without a role;
            the log is named. Without ``strict`` only for what is no mined log at all.
    """
    raw = parse_log(log)
    try:
        return _decode(raw, _role_of(raw, role))
    except DecodeError as error:
        if not strict:
            return UndecodedLog(log=raw, reason=error.sentence)
        raise _named(error, raw) from None


def decode_logs(
    logs: Iterable[Any], role: str | Mapping[str, str] | None, *, strict: bool = True
) -> list[EventRecord | UndecodedLog]:
    """Raw logs as records, in their order; see ``decode_log``."""
    return [decode_log(log, role, strict=strict) for log in logs]


def encode(record: EventRecord) -> RawLog:
    """The raw log of a record: the inverse of ``decode_log``; for tests and stand-ins.

    Raises:
        InputError: a value does not fit its type.
    """
    fields = event_fields(record.event)
    topics, data = record.event.encode(**{field.label: getattr(record, field.name) for field in fields})
    return RawLog(topics=topics, data=data, **attrs.asdict(record.position))


def record_type(role: str, name: str, generation: int | None = None) -> type[EventRecord]:
    """The record of one event.

    Args:
        role: of the contract.
        name: of the event in Solidity, or its signature where the name is overloaded.
        generation: of the rollup; needed only where generations differ.

    >>> record_type("rollup", "Slashed").__name__
    'RollupSlashed'

    Raises:
        InputError: no such role or event.
    """
    check_role(role)
    return record_of(role, CONTRACTS[role].event(name, generation))


@cache
def record_of(role: str, event: Event) -> type[EventRecord]:
    """The record of an event of a role's contract."""
    name = record_name(role, event)
    fields = {
        field.name: attrs.field(type=_kind(field.type), metadata={"unit": field.unit})
        for field in event_fields(event)
    }
    made: type[EventRecord] = attrs.make_class(
        name, fields, bases=(EventRecord,), frozen=True, kw_only=True, slots=True, repr=False
    )
    made.role, made.event = role, event
    made.__module__ = __name__  # where pickle and readers find it
    made.__doc__ = f"``{event.render()}`` of the {role}."
    return made


def _decode(raw: RawLog, role: str) -> EventRecord:
    event = CONTRACTS[role].events_by_topic0.get(raw.topics[0]) if raw.topics else None
    if event is None:
        raise DecodeError(
            "the log of an unknown event",
            role=role,
            topic0=to_hex(raw.topics[0]) if raw.topics else "none",
        )
    decoded = event.decode(raw.topics, raw.data)
    fields = event_fields(event)
    record = record_of(role, event)
    hashed = {label for label, value in zip(event.labels, event.inputs, strict=True) if value.indexed}
    return record(
        position=position_of(raw),
        **{
            field.name: decoded[field.label]
            if field.label in hashed
            else named_structs(decoded[field.label], field.type, record.__name__, field)
            for field in fields
        },
    )


def position_of(raw: RawLog) -> Position:
    """Where a raw log is."""
    return Position(
        address=raw.address,
        block_number=raw.block_number,
        block_hash=raw.block_hash,
        transaction_hash=raw.transaction_hash,
        transaction_index=raw.transaction_index,
        log_index=raw.log_index,
        block_timestamp=raw.block_timestamp,
    )


def _role_of(raw: RawLog, role: str | Mapping[str, str] | None) -> str:
    if isinstance(role, str):
        check_role(role)
        return role
    if role is None:
        return _role_by_topic(raw)
    found = role.get(raw.address) or role.get(raw.address.lower()) or _checksummed(role).get(raw.address)
    if found is None:
        raise DecodeError("the log of a contract whose role is unknown", address=raw.address)
    check_role(found)
    return found


def _role_by_topic(raw: RawLog) -> str:
    topic0 = raw.topics[0] if raw.topics else b""
    roles = roles_by_topic0().get(topic0, ())
    if len(roles) != 1:
        sentence = "contracts of several roles emit this event" if roles else "the log of an unknown event"
        raise DecodeError(
            sentence,
            hint="name the role of the contract" if roles else None,
            topic0=to_hex(topic0) if topic0 else "none",
            **({"roles": ", ".join(roles)} if roles else {}),
        )
    return roles[0]


def _checksummed(roles: Mapping[str, str]) -> dict[str, str]:
    return {parse_address(address): role for address, role in roles.items()}


def check_role(role: str) -> None:
    """Refuse what is no role of a contract, with the nearest one as a hint."""
    if role not in CONTRACTS:
        raise InputError("there is no such role of a contract", hint=did_you_mean(role, CONTRACTS), role=role)


def _named(error: DecodeError, raw: RawLog) -> DecodeError:
    """The error with the log it is about."""
    return DecodeError(
        error.sentence,
        hint=error.hint,
        **{
            **error.facts,
            "block_number": raw.block_number,
            "log_index": raw.log_index,
            "transaction_hash": raw.transaction_hash,
        },
    )


def _kind(of: Type) -> type:
    if isinstance(of, Array | Tuple):
        return tuple
    return _KINDS.get(of.name, bytes if of.name.startswith("bytes") else int)


@cache
def _struct(of: Tuple, record: str, label: str) -> Any:
    """The named tuple of a struct, named after the record and the parameter, so that pickle finds it."""
    plain = label.lstrip("_")
    name = record + plain[:1].upper() + plain[1:]
    made: Any = namedtuple(name, [field.name for field in struct_fields(of, label)])  # type: ignore[misc]  # noqa: PYI024
    made.__module__ = __name__
    return made


def named_structs(value: Any, of: Type, record: str, field: Field) -> Any:
    """A decoded value, its structs as named tuples; they equal plain ones."""
    if struct_of(of) is None:
        return value
    if isinstance(of, Array):
        return tuple([named_structs(item, of.item, record, field) for item in value])
    assert isinstance(of, Tuple)
    return _struct(of, record, field.label)(*value)


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return to_hex(value)
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        items = [_shown(item) for item in value]
        if names:
            items = [f"{name}={item}" for name, item in zip(names, items, strict=True)]
        return "(" + ", ".join(items) + ")"
    return str(value)


def __getattr__(name: str) -> Any:
    names = record_names()
    if name in names:
        return record_of(*names[name])
    for record, (_, event) in names.items():
        if name.startswith(record):
            for field in event_fields(event):
                struct = struct_of(field.type)
                if struct is not None and _struct(struct, record, field.label).__name__ == name:
                    return _struct(struct, record, field.label)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *record_names()})
