"""A simulation as lines for a reader."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aztec_butler.core.decoding_text import render_value
from aztec_butler.core.events import EventRecord, UndecodedLog
from aztec_butler.core.events_fields import event_fields
from aztec_butler.core.simulation import (
    BalanceChange,
    SimulatedCall,
    Simulation,
    Verdict,
    describe_log,
)
from aztec_butler.core.token_amounts import ETHER, has_18_decimals, tokens_in
from aztec_butler.core.units import render_exact

_VERDICTS: Final = {
    Verdict.SUCCEEDS: "would succeed",
    Verdict.REVERTS: "would revert",
    Verdict.UNDECIDED: "is undecided",
    Verdict.NO_CONTRACT: "would do nothing: there is no contract at the address that it calls",
}
_UNLIMITED: Final = (1 << 256) - 1


def lines_of_simulation(simulation: Simulation) -> tuple[str, ...]:
    """Every call with its verdict, gas, events and balances; then all of them together.

    Args:
        simulation: what was run.
    """
    return tuple(_lines(simulation))


def _lines(simulation: Simulation) -> Iterator[str]:
    tokens = tokens_in(simulation.roles)
    count = len(simulation.calls)
    for position, each in enumerate(simulation.calls, 1):
        name = f"call {position} of {count}" if count > 1 else "the call"
        yield from _lines_of_call(each, name, simulation.roles, tokens)
    if count > 1:
        if simulation.gas is not None:
            yield f"all {count} calls: {simulation.gas:,} gas"
        yield from (f"  {_change(change, tokens)}" for change in simulation.balance_changes)
    time = datetime.fromtimestamp(simulation.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    yield (
        f"simulated on the state of block {simulation.block.number} at {time}, sent by {simulation.sender};"
        " nothing was sent"
    )
    yield from (f"note: {note}" for note in simulation.notes)


def _lines_of_call(
    each: SimulatedCall, name: str, roles: Mapping[str, str], tokens: Collection[str]
) -> Iterator[str]:
    gas = "" if each.gas is None or each.verdict is Verdict.NO_CONTRACT else f" with {each.gas:,} gas"
    yield f"{name} {_VERDICTS[each.verdict]}{gas}"
    if each.call.summary:
        yield f"  {render_value(each.call.summary)}"
    if each.depends_on:
        numbers = ", ".join(str(number + 1) for number in each.depends_on)
        alone = "succeeds" if each.revert is None else "reverts"
        yield f"  it depends on call {numbers}; run alone it {alone}"
    if each.revert is not None:
        yield f"  {each.revert.sentence}"
        yield from (f"    {name}: {render_value(value)}" for name, value in each.revert.arguments.items())
        if each.revert.hint is not None:
            yield f"    meaning: {each.revert.hint}"
    yield from (f"  event {_event(event, roles, tokens)}" for event in each.events)
    yield from (f"  {_change(change, tokens)}" for change in each.balance_changes)


def _event(event: EventRecord | UndecodedLog, roles: Mapping[str, str], tokens: Collection[str]) -> str:
    if isinstance(event, UndecodedLog):
        return f"of {event.log.address} that is unknown here: {describe_log(event.log)}"
    values = event.values()
    units = {field.name: field.unit for field in event_fields(event.event)}
    address = event.position.address
    known = roles.get(address) or ("token" if address in tokens else None)
    exact = has_18_decimals(known, values, tokens)
    shown = ", ".join(f"{name}={_value(value, units[name], exact)}" for name, value in values.items())
    owner = event.role if known is not None else f"what looks like a {event.role},"
    return f"{event.event.name}({shown}) of {owner} {address}"


def _value(value: Any, unit: str | None, has_decimals: bool) -> str:
    if unit == "wei" and isinstance(value, int):
        if value == _UNLIMITED:
            return "any number"
        return f"{value} ({render_exact(value)})" if has_decimals else str(value)
    return render_value(value)


def _change(change: BalanceChange, tokens: Collection[str]) -> str:
    sign = "+" if change.change_wei > 0 else "-"
    amount, asset = f"{abs(change.change_wei):,}", f"of the smallest unit of token {change.asset}"
    if change.asset in tokens:
        amount = render_exact(abs(change.change_wei))
        asset = "ETH" if change.asset == ETHER else f"of {change.asset}"
    where = "" if change.held_in is None else f" in the warehouse {change.held_in}"
    return f"balance of {change.holder}{where}: {sign}{amount} {asset}"
