"""Calls and simulations as cards for a notebook. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aztec_butler.core.cards import card, escaped, mono, preformatted, shown
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.units import render_exact

if TYPE_CHECKING:
    from aztec_butler.core.calls import Call
    from aztec_butler.core.simulation import Simulation


def call_card(call: Call) -> str:
    """What a call does, to whom, with which arguments, and its calldata to copy.

    Args:
        call: the call.
    """
    from aztec_butler.core.decoding_calls import explain
    from aztec_butler.core.decoding_text import lines_of

    decoded = explain(call)
    rows = [("to", mono(call.to))]
    if decoded.roles:
        rows.append(("contract", escaped(", ".join(decoded.roles))))
    if call.value_wei:
        rows.append(("sends along", f"{escaped(render_exact(call.value_wei))} ETH"))
    rows.append(("says", preformatted("\n".join(lines_of(decoded)))))
    rows.append(("calldata", _folded(f"{len(call.data):,} bytes, {call.selector}", to_hex(call.data))))
    heading = call.summary or decoded.signature or "Call without a known function"
    return card(heading, rows, badges=[("not sent", "plain")])


def simulation_card(simulation: Simulation) -> str:
    """What calls would do, call by call.

    Args:
        simulation: what was run.
    """
    from aztec_butler.core.simulation import Verdict

    count = len(simulation.calls)
    reverts = any(each.verdict in (Verdict.REVERTS, Verdict.NO_CONTRACT) for each in simulation.calls)
    if simulation.succeeds:
        verdict = ("would succeed", "good")
    elif reverts:
        verdict = ("would revert", "bad") if _reverts(simulation) else ("would do nothing", "bad")
    else:
        verdict = ("undecided", "plain")
    rows = [("sent by", mono(simulation.sender)), ("gas", shown(simulation.gas, None, "gas"))]
    rows.append(("what happens", preformatted(str(simulation))))
    heading = "Simulation of the call" if count == 1 else f"Simulation of {count} calls"
    return card(heading, rows, badges=[verdict], notes=tuple(_notes(simulation)))


def _reverts(simulation: Simulation) -> bool:
    from aztec_butler.core.simulation import Verdict

    return any(each.verdict is Verdict.REVERTS for each in simulation.calls)


def _notes(simulation: Simulation) -> Iterator[str]:
    if not simulation.is_sequence:
        yield "Each call was run alone: this node cannot run them one after the other."


def _folded(summary: str, text: str) -> str:
    return f'<details><summary style="cursor:pointer">{escaped(summary)}</summary>{mono(text)}</details>'
