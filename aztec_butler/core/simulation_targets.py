"""Calls that only succeed because nobody is there: the EVM lets any call of an address without code succeed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import attrs

from aztec_butler.core.calls import Call
from aztec_butler.core.decoding_calls import explain
from aztec_butler.core.simulation import SimulatedCall, Verdict


def targets_of(calls: Iterable[Call]) -> tuple[str, ...]:
    """Whom data is sent to, by calls or by calls inside them, each once.

    Args:
        calls: in order.
    """
    return tuple(dict.fromkeys(target for call in calls for target in _targets(call)))


def judge_targets(
    simulated: Sequence[SimulatedCall], without_code: Collection[str]
) -> tuple[tuple[SimulatedCall, ...], tuple[str, ...]]:
    """The calls, of which those that nobody reads do not succeed any more; and notes about them.

    A call that returned something or left an event ran code, which a call before it created. Of a call inside another
    that is not told.

    Args:
        simulated: in order.
        without_code: the targets that had no code before the first call.
    """
    judged: list[SimulatedCall] = []
    notes: dict[str, None] = {}  # each once, in order
    for each in simulated:
        verdict = each.verdict
        missing = [target for target in _targets(each.call) if target in without_code]
        if missing and verdict is not Verdict.REVERTS and each.revert is None:
            if each.call.to not in missing:
                verdict = Verdict.UNDECIDED
                unless = ", unless something before creates it"
            elif each.returned or each.events:
                missing = []
            elif any(before.verdict in (Verdict.SUCCEEDS, Verdict.UNDECIDED) for before in judged):
                # Only a contract creates another one, and what reverts creates nothing.
                verdict = Verdict.UNDECIDED
                unless = ", unless an earlier call creates it"
            else:
                verdict = Verdict.NO_CONTRACT
                unless = ""
            for target in missing:
                notes[
                    f"there is no contract at {target}{unless}: a call to it succeeds, and does nothing"
                ] = None
        judged.append(attrs.evolve(each, verdict=verdict))
    return tuple(judged), tuple(notes)


def _targets(call: Call) -> list[str]:
    return [part.to for part in explain(call).walk() if part.to is not None and part.data]
