"""Calldata inside calldata: which functions carry calls, and how each packs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from aztec_butler.core.decoding import Operation
from aztec_butler.core.errors import DecodeError
from aztec_butler.core.hexes import checksum_address


class Carried(NamedTuple):
    """A call that another one makes."""

    to: str | None
    value_wei: int
    data: bytes
    operation: Operation = Operation.CALL
    may_fail: bool = False


_Carrier = Callable[..., Iterator[Carried]]

_PACKED_HEAD: Final = 1 + 20 + 32 + 32
_OPERATIONS: Final = (Operation.CALL, Operation.DELEGATE_CALL)


def _aggregate3(calls: Any) -> Iterator[Carried]:
    return (Carried(to, 0, data, may_fail=may_fail) for to, may_fail, data in calls)


def _aggregate3_value(calls: Any) -> Iterator[Carried]:
    return (Carried(to, value, data, may_fail=may_fail) for to, may_fail, value, data in calls)


def _aggregate(calls: Any) -> Iterator[Carried]:
    return (Carried(to, 0, data) for to, data in calls)


def _try_aggregate(require_success: bool, calls: Any) -> Iterator[Carried]:
    return (Carried(to, 0, data, may_fail=not require_success) for to, data in calls)


def _exec_transaction(to: str, value: int, data: bytes, operation: int, *_: Any) -> Iterator[Carried]:
    yield Carried(to, value, data, _operation(operation))


def _exec_calls(calls: Any) -> Iterator[Carried]:
    return (Carried(to, value, data) for to, value, data in calls)


def _multi_send(packed: bytes) -> Iterator[Carried]:
    """Operation, address, value, length and data, without padding. Source: MultiSend.sol of safe-smart-account."""
    start = 0
    while start < len(packed):
        head = packed[start : start + _PACKED_HEAD]
        end = start + _PACKED_HEAD + int.from_bytes(head[53:85], "big")
        if len(head) < _PACKED_HEAD or end > len(packed):
            raise DecodeError("packed calls end in the middle of one", bytes=len(packed), start=start)
        yield Carried(
            checksum_address(head[1:21]),
            int.from_bytes(head[21:53], "big"),
            packed[start + _PACKED_HEAD : end],
            _operation(head[0]),
        )
        start = end


def _relay(target: str, data: bytes) -> Iterator[Carried]:
    yield Carried(target, 0, data)


def _upgrade_to_and_call(implementation: str, data: bytes) -> Iterator[Carried]:
    if data:
        yield Carried(implementation, 0, data, Operation.DELEGATE_CALL)


def _approve_and_call(*arguments: Any) -> Iterator[Carried]:
    target, data = arguments[4:6]
    yield Carried(target, 0, data)


def _approve_and_call_by_signature(*arguments: Any) -> Iterator[Carried]:
    target, data = arguments[5:7]
    yield Carried(target, 0, data)


def _operation(number: int) -> Operation:
    if number >= len(_OPERATIONS):
        raise DecodeError("neither a call nor a delegate call", operation=number)
    return _OPERATIONS[number]


CARRIERS: Final[dict[str, _Carrier]] = {
    "aggregate3((address,bool,bytes)[])": _aggregate3,
    "aggregate3Value((address,bool,uint256,bytes)[])": _aggregate3_value,
    "aggregate((address,bytes)[])": _aggregate,
    "blockAndAggregate((address,bytes)[])": _aggregate,
    "tryAggregate(bool,(address,bytes)[])": _try_aggregate,
    "tryBlockAndAggregate(bool,(address,bytes)[])": _try_aggregate,
    "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)": _exec_transaction,
    "multiSend(bytes)": _multi_send,
    "execCalls((address,uint256,bytes)[])": _exec_calls,
    "relay(address,bytes)": _relay,
    "upgradeToAndCall(address,bytes)": _upgrade_to_and_call,
    "temporaryApproveAndCall(address,bool,uint256,uint256,address,bytes)": _approve_and_call,
    "temporaryApproveAndCallBySig(address,address,bool,uint256,uint256,address,bytes,uint256,uint48,bytes)": (
        _approve_and_call_by_signature
    ),
}
"""What reads the calls out of the arguments of each function that carries some, by signature."""
