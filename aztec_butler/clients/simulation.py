"""Proof before signing: what calls would do on the state of a block. Sends nothing.

Where the node has ``eth_simulateV1``, the calls run one after the other and each sees what those before it did. Other
nodes run each call by itself; which of them depend on each other is then found out from the storage that they touch,
and what depends on another call stays undecided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.calls import Call, check_address
from aztec_butler.core.contracts import decode_error
from aztec_butler.core.errors import ButlerError, InputError, NodeRefused, RevertError
from aztec_butler.core.hexes import parse_bytes
from aztec_butler.core.records import BlockStamp
from aztec_butler.core.simulation import (
    SimulatedCall,
    Simulation,
    Verdict,
    check_calls,
    decode_simulated,
)
from aztec_butler.core.simulation_alone import dependencies, touched_storage
from aztec_butler.core.simulation_targets import judge_targets, targets_of

BLOCK_SECONDS: Final = 12
_INVALID_PARAMETERS: Final = -32602
_NO_FUNDS: Final = (-38014, -32003)
"""Codes for a sender who cannot pay what it sends along. Source: the execution APIs; anvil."""


def simulate(
    rpc: Rpc,
    calls: Sequence[Call],
    *,
    sender: str,
    block: BlockStamp,
    at: int | None = None,
    roles: Mapping[str, str] | None = None,
) -> Simulation:
    """Run calls in order on the state of a block, as if the sender sent them; nothing is sent.

    The sender needs no ether for gas. A call that reverts changes nothing, and those after it run all the same. Data
    that reaches an address without code does nothing, and such a call is not said to succeed.

    Args:
        rpc: the door to the node.
        calls: in order.
        sender: who would send them: an account or a Safe.
        block: whose state it is.
        at: time of the block that the calls would be in, later than ``block``; one slot later by default.
        roles: of contracts by address, to read their events with.

    Raises:
        InputError: no calls, no sender, or a time before the block's.
        RevertError: the sender does not have the ether that a call sends along.
        NodeError: the node failed, or cannot simulate another time.
    """
    wanted = check_calls(calls)
    who = check_address("sender", sender)
    time = block.timestamp + BLOCK_SECONDS if at is None else at
    if time <= block.timestamp:
        raise InputError("the time is not later than the block's", at=time, block_timestamp=block.timestamp)
    try:
        replies = _ask_sequence(rpc, wanted, who, block, time)
    except NodeRefused as error:
        if trouble_of(error) is not Trouble.METHOD_MISSING:
            raise
        if at is not None:
            raise NodeRefused(
                "the node can simulate at its own time only: it does not have eth_simulateV1",
                hint="use another endpoint, or leave the time out",
                at=at,
            ) from None
        return _simulate_alone(rpc, wanted, who, block)
    if len(replies) != len(wanted):
        raise NodeRefused(
            "the node simulated another number of calls", expected=len(wanted), answered=len(replies)
        )
    simulated = [
        decode_simulated(call, reply, roles or {}) for call, reply in zip(wanted, replies, strict=True)
    ]
    judged, notes = judge_targets(simulated, _targets_without_code(rpc, wanted, block))
    return Simulation(
        block=block,
        sender=who,
        at=time,
        is_sequence=True,
        calls=judged,
        notes=notes,
        roles=dict(roles or {}),
    )


def _ask_sequence(rpc: Rpc, calls: Sequence[Call], sender: str, block: BlockStamp, time: int) -> list[Any]:
    """One entry for each call, out of an answer of ``eth_simulateV1``."""
    payload = {
        "blockStateCalls": [
            {
                "blockOverrides": {"time": hex(time)},
                "calls": [call.to_parameters(sender) for call in calls],
            }
        ],
        "traceTransfers": True,
        "validation": False,
    }
    try:
        answer = _ask_pinned(rpc, "eth_simulateV1", payload, block)
    except NodeRefused as error:
        if error.code in _NO_FUNDS and "funds" in str(error.facts.get("message", "")).lower():
            raise RevertError(
                "the sender does not have the ether that the calls send along",
                hint="send ether to it first",
                sender=sender,
                value_wei=sum(call.value_wei for call in calls),
            ) from None
        raise
    if not (isinstance(answer, list) and answer and isinstance(answer[0], dict)):
        raise NodeRefused("an answer of eth_simulateV1 is not well formed", got=type(answer).__name__)
    entries = answer[0].get("calls")
    return entries if isinstance(entries, list) else []


def _targets_without_code(rpc: Rpc, calls: Sequence[Call], block: BlockStamp) -> frozenset[str]:
    """Addresses that get data and have no code at the block."""
    targets = targets_of(calls)
    without: set[str] = set()
    for target, code in zip(targets, _ask_each(rpc, "eth_getCode", targets, block), strict=True):
        if isinstance(code, ButlerError):
            raise code
        try:
            is_empty = not parse_bytes(code)
        except InputError:
            raise NodeRefused(
                "an answer of eth_getCode is not well formed", address=target, got=type(code).__name__
            ) from None
        if is_empty:
            without.add(target)
    return frozenset(without)


def _ask_pinned(rpc: Rpc, method: str, parameters: Any, block: BlockStamp) -> Any:
    """An answer about a block by its hash; by its number from nodes that do not know hashes in calls (EIP-1898)."""
    try:
        return rpc.call(method, parameters, {"blockHash": block.hash})
    except NodeRefused as error:
        if error.code != _INVALID_PARAMETERS:
            raise
        return rpc.call(method, parameters, hex(block.number))


# --------------------------------------------------------------------------- one by one


def _simulate_alone(rpc: Rpc, calls: tuple[Call, ...], sender: str, block: BlockStamp) -> Simulation:
    parameters = [call.to_parameters(sender) for call in calls]
    ran = _ask_each(rpc, "eth_call", parameters, block)
    gas = _ask_each(rpc, "eth_estimateGas", parameters, block)
    touched = _ask_each(rpc, "eth_createAccessList", parameters, block) if len(calls) > 1 else [None]
    depends = dependencies(calls, [touched_storage(answer) for answer in touched])
    simulated = []
    for call, outcome, needed, on in zip(calls, ran, gas, depends, strict=True):
        if isinstance(outcome, ButlerError) and not isinstance(outcome, RevertError):
            raise outcome
        reverts = isinstance(outcome, RevertError)
        verdict = Verdict.REVERTS if reverts else Verdict.SUCCEEDS
        simulated.append(
            SimulatedCall(
                call=call,
                verdict=Verdict.UNDECIDED if on else verdict,
                gas=None if reverts or isinstance(needed, ButlerError) else int(needed, 16),
                returned=b"" if isinstance(outcome, RevertError) else parse_bytes(outcome),
                events=(),
                balance_changes=(),
                revert=decode_error(outcome.data) if isinstance(outcome, RevertError) else None,
                depends_on=on,
            )
        )
    notes = [
        "the node does not have eth_simulateV1: events and balances are not known, and gas is an estimate"
    ]
    judged, about_targets = judge_targets(simulated, _targets_without_code(rpc, calls, block))
    if any(depends):
        notes.append(
            "calls that depend on earlier ones were run alone, without what those do: use another endpoint, or"
            " simulate again when the earlier ones are done"
        )
    return Simulation(
        block=block,
        sender=sender,
        at=block.timestamp,
        is_sequence=False,
        calls=judged,
        notes=(*notes, *about_targets),
    )


def _ask_each(rpc: Rpc, method: str, parameters: Sequence[Any], block: BlockStamp) -> list[Any]:
    """An answer or an error for each."""
    pinned = {"blockHash": block.hash}
    outcomes = rpc.try_batch([(method, [each, pinned]) for each in parameters])
    if any(isinstance(each, NodeRefused) and each.code == _INVALID_PARAMETERS for each in outcomes):
        return rpc.try_batch([(method, [each, hex(block.number)]) for each in parameters])
    return outcomes
