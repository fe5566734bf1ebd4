"""What a node says calls would do, in records: gas, events, balances, or why they fail. Pure; ``clients.simulation`` asks.

Source: the execution APIs, ``eth_simulateV1``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import attrs

from aztec_butler.core.calls import Call
from aztec_butler.core.contracts import CONTRACTS, RevertReason, decode_error
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.events import EventRecord, UndecodedLog, decode_log
from aztec_butler.core.events_input import parse_log
from aztec_butler.core.hexes import ZERO_ADDRESS, checksum_address, parse_bytes, to_hex
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import BlockStamp, Deployment, unit
from aztec_butler.core.token_amounts import ETHER

_TRANSFER: Final = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
"""``Transfer(address,address,uint256)``"""
_WAREHOUSE_TRANSFER: Final = bytes.fromhex("1b3d7edb2e9c0b0e7c525b20aaaef0f5940d2ed71663c7d39266ecafac728859")
"""``Transfer(address,address,address,uint256,uint256)`` of a SplitsWarehouse, whose ids are tokens."""


class Verdict(StrEnum):
    """Whether a call would do what it should."""

    SUCCEEDS = "succeeds"
    REVERTS = "reverts"
    UNDECIDED = "undecided"
    """It depends on a call before it: this node cannot run it after that one, or that one may create its contract."""
    NO_CONTRACT = "no contract"
    """It reaches an address without code: the EVM lets it succeed, and its data does nothing."""


@attrs.frozen(kw_only=True)
class BalanceChange:
    """How much of an asset somebody would gain or lose."""

    holder: str
    asset: str
    """The token; ``ETHER`` for ether."""
    held_in: str | None
    """The SplitsWarehouse that holds it for somebody; None where the holder has it itself."""
    change_wei: int = unit("wei")


@attrs.frozen(kw_only=True)
class SimulatedCall:
    """One call, as far as the node could run it."""

    call: Call
    verdict: Verdict
    gas: int | None
    """What it would use; where calls were run alone, what it would need. None where it reverts or nobody knows."""
    returned: bytes
    events: tuple[EventRecord | UndecodedLog, ...]
    """In order; a log of an unknown event stands as it is. Empty where calls were run alone."""
    balance_changes: tuple[BalanceChange, ...]
    revert: RevertReason | None
    """Why it reverts, run alone where the verdict is undecided; None where it does not."""
    depends_on: tuple[int, ...] = ()
    """Positions, from 0, of calls before it that may change what it does; told only where calls were run alone."""


@attrs.frozen(kw_only=True)
class Simulation:
    """Calls, run in order on the state of a block. Nothing was sent."""

    block: BlockStamp
    sender: str
    at: int = unit("s")
    """Time of the block that the calls were run in."""
    is_sequence: bool
    """Whether each call saw what those before it did."""
    calls: tuple[SimulatedCall, ...]
    notes: tuple[str, ...] = ()
    roles: Mapping[str, str] = attrs.field(factory=dict, hash=False, repr=False)
    """Of the contracts that are known, by address: of other tokens nobody knows how many decimals they have."""

    @property
    def succeeds(self) -> bool:
        """Whether it is certain that every call would succeed."""
        return all(each.verdict is Verdict.SUCCEEDS for each in self.calls)

    @property
    def gas(self) -> int | None:
        """Of all calls; None where it is not known of each."""
        known = [each.gas for each in self.calls if each.gas is not None]
        return sum(known) if len(known) == len(self.calls) else None

    @property
    def balance_changes(self) -> tuple[BalanceChange, ...]:
        """Of all calls together."""
        return add_up(change for each in self.calls for change in each.balance_changes)

    def __str__(self) -> str:
        from aztec_butler.core.simulation_text import lines_of_simulation

        return "\n".join(lines_of_simulation(self))

    def _repr_html_(self) -> str:
        from aztec_butler.core.call_cards import simulation_card

        return simulation_card(self)


def check_calls(calls: Sequence[Call]) -> tuple[Call, ...]:
    """The calls to simulate.

    Raises:
        InputError: none.
    """
    found = tuple(calls)
    if not found:
        raise InputError("there is nothing to simulate: no calls were given")
    return found


def roles_of(deployment: Deployment) -> dict[str, str]:
    """Roles of the contracts of a deployment, by address, to read their logs with."""
    found: dict[str | None, str] = {
        deployment.registry: "registry",
        deployment.gse: "gse",
        deployment.governance: "governance",
        deployment.staking_asset: "token",
        deployment.staking_registry: "staking_registry",
        deployment.pull_split_factory: "pull_split_factory",
        **{rollup.address: "rollup" for rollup in deployment.rollups},
    }
    return {address: role for address, role in found.items() if address is not None}


# --------------------------------------------------------------------------- one reply


def decode_simulated(call: Call, reply: Any, roles: Mapping[str, str]) -> SimulatedCall:
    """One entry of ``calls`` in an answer to ``eth_simulateV1``.

    Args:
        call: what was run.
        reply: the entry.
        roles: of contracts by address.

    Raises:
        DecodeError: it is no such entry.
    """
    try:
        succeeded = int(reply["status"], 16) == 1
        returned = parse_bytes(reply.get("returnData") or "0x")
        gas = int(reply["gasUsed"], 16)
        logs = [_raw_log(log) for log in reply.get("logs") or ()] if succeeded else []
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DecodeError("an answer of eth_simulateV1 is not well formed", why=repr(error)[:200]) from None
    if not succeeded:
        return SimulatedCall(
            call=call,
            verdict=Verdict.REVERTS,
            gas=None,
            returned=b"",
            events=(),
            balance_changes=(),
            revert=_reason(reply.get("error"), returned),
        )
    return SimulatedCall(
        call=call,
        verdict=Verdict.SUCCEEDS,
        gas=gas,
        returned=returned,
        events=tuple(read_event(log, roles) for log in logs if log.address != ETHER),
        balance_changes=balance_changes(logs),
        revert=None,
    )


def _raw_log(log: Mapping[str, Any]) -> RawLog:
    """A log of a block that does not exist: nodes invent its hashes, or leave them out."""
    nowhere: dict[str, Any] = {
        "blockNumber": "0x0",
        "blockHash": "0x" + "00" * 32,
        "transactionHash": "0x" + "00" * 32,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
    }
    return parse_log({**nowhere, **{name: value for name, value in log.items() if value is not None}})


def _reason(error: Any, returned: bytes) -> RevertReason:
    """Why a call failed: geth puts the revert data into the error, anvil returns it."""
    told = error if isinstance(error, Mapping) else {}
    data = returned
    if isinstance(told.get("data"), str) and told["data"].startswith("0x"):
        data = parse_bytes(told["data"]) or returned
    message = str(told.get("message", ""))
    if not data and message and "revert" not in message and message != "execution failed":
        shown = "".join(letter for letter in message[:200] if letter.isprintable())
        return RevertReason(sentence=f"the call fails inside the contract: {shown}")
    return decode_error(data)


# --------------------------------------------------------------------------- logs


def read_event(log: RawLog, roles: Mapping[str, str]) -> EventRecord | UndecodedLog:
    """A log as the record of its event; a contract that nobody named is recognized by what it says.

    Args:
        log: as it came.
        roles: of contracts by address.
    """
    role = roles.get(log.address)
    candidates = [role] if role is not None else _roles_with(log)
    for candidate in candidates:
        read = decode_log(log, candidate, strict=False)
        if isinstance(read, EventRecord):
            return read
    return UndecodedLog(log=log, reason="no known contract has this event")


def _roles_with(log: RawLog) -> list[str]:
    from aztec_butler.core.decoding import roles_with_event

    return [role for role in roles_with_event(log.topics[0]) if role in CONTRACTS] if log.topics else []


def balance_changes(logs: Sequence[RawLog]) -> tuple[BalanceChange, ...]:
    """Who gains and who loses by the transfers among these logs; minting and burning has one side only.

    Args:
        logs: those that tell of ether included.
    """
    changes: list[BalanceChange] = []
    for log in logs:
        if len(log.topics) == 3 and log.topics[0] == _TRANSFER and len(log.data) == 32:
            asset, held_in = log.address, None
            source, target = log.topics[1:]
            amount = int.from_bytes(log.data)
        elif len(log.topics) == 4 and log.topics[0] == _WAREHOUSE_TRANSFER and len(log.data) == 64:
            source, target, token = log.topics[1:]
            asset, held_in = checksum_address(token[12:]), log.address
            amount = int.from_bytes(log.data[32:])
        else:
            continue
        for word, sign in ((source, -1), (target, 1)):
            holder = checksum_address(word[12:])
            if holder != ZERO_ADDRESS:
                changes.append(
                    BalanceChange(holder=holder, asset=asset, held_in=held_in, change_wei=sign * amount)
                )
    return add_up(changes)


def add_up(changes: Iterable[BalanceChange]) -> tuple[BalanceChange, ...]:
    """One change for each holder and asset, in the order in which they first moved; what comes to nothing is left out."""
    sums: dict[tuple[str, str, str | None], int] = {}
    for change in changes:
        key = (change.holder, change.asset, change.held_in)
        sums[key] = sums.get(key, 0) + change.change_wei
    return tuple(
        BalanceChange(holder=holder, asset=asset, held_in=held_in, change_wei=amount)
        for (holder, asset, held_in), amount in sums.items()
        if amount
    )


def describe_log(log: RawLog) -> str:
    """A log that nobody can read, in a few words."""
    topic = to_hex(log.topics[0]) if log.topics else "no topic"
    return f"{topic} and {len(log.data)} bytes"
