"""A simulation as lines for a reader."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from aztec_butler.core.decoding_text import render_value
from aztec_butler.core.events import EventRecord, UndecodedLog
from aztec_butler.core.events_fields import event_fields
from aztec_butler.core.simulation import (
    ETHER,
    BalanceChange,
    SimulatedCall,
    Simulation,
    Verdict,
    describe_log,
)
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
    count = len(simulation.calls)
    for position, each in enumerate(simulation.calls, 1):
        yield from _lines_of_call(each, f"call {position} of {count}" if count > 1 else "the call")
    if count > 1:
        if simulation.gas is not None:
            yield f"all {count} calls: {simulation.gas:,} gas"
        yield from (f"  {_change(change)}" for change in simulation.balance_changes)
    time = datetime.fromtimestamp(simulation.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    yield (
        f"simulated on the state of block {simulation.block.number} at {time}, sent by {simulation.sender};"
        " nothing was sent"
    )
    yield from (f"note: {note}" for note in simulation.notes)


def _lines_of_call(each: SimulatedCall, name: str) -> Iterator[str]:
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
    yield from (f"  event {_event(event)}" for event in each.events)
    yield from (f"  {_change(change)}" for change in each.balance_changes)


def _event(event: EventRecord | UndecodedLog) -> str:
    if isinstance(event, UndecodedLog):
        return f"of {event.log.address} that is unknown here: {describe_log(event.log)}"
    values = event.values()
    units = {field.name: field.unit for field in event_fields(event.event)}
    shown = ", ".join(f"{name}={_value(value, units[name])}" for name, value in values.items())
    return f"{event.event.name}({shown}) of {event.role} {event.position.address}"


def _value(value: Any, unit: str | None) -> str:
    if unit == "wei" and isinstance(value, int):
        return "any number" if value == _UNLIMITED else f"{value} ({render_exact(value)})"
    return render_value(value)


def _change(change: BalanceChange) -> str:
    sign = "+" if change.change_wei > 0 else "-"
    amount = render_exact(abs(change.change_wei))
    asset = "ETH" if change.asset == ETHER else f"of {change.asset}"
    where = "" if change.held_in is None else f" in the warehouse {change.held_in}"
    return f"balance of {change.holder}{where}: {sign}{amount} {asset}"
