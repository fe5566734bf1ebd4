"""What needs the signatures of a Safe's owners: build it, examine it, hand it out once, follow it to its effect.

The process holds no key that could do any of it. It builds the calls, looks whether their keys are known anywhere,
simulates them as the Safe, and hands them to the owners; whether they sign is up to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from aztec_butler.clients.simulation import simulate
from aztec_butler.clients.stopping import StopSign
from aztec_butler.core.calls import Call
from aztec_butler.core.decoding_calls import explain
from aztec_butler.core.errors import ButlerError, CheckFailed
from aztec_butler.core.intents import ActionKind, Intent
from aztec_butler.core.simulation import Simulation, Verdict, roles_of
from aztec_butler.watcher.executor import Attempt, Look, Plan, Standing
from aztec_butler.watcher.executors.chain import Chain, Heads
from aztec_butler.watcher.executors.delivery import Delivered, Delivery, Fate
from aztec_butler.watcher.executors.effects import Built, Effect, Effected, Presence
from aztec_butler.watcher.executors.keys_effect import KeysEffect
from aztec_butler.watcher.executors.provider_effect import ProviderEffect
from aztec_butler.watcher.executors.told import told_shortly
from aztec_butler.watcher.executors.top_up_effect import TopUpEffect

_SIGNING_SECONDS: Final = 300.0
"""Owners take hours; the chain is asked now and then."""
_SETTLING_SECONDS: Final = 60.0


class SafeExecutor:
    """Carries out ``create-provider``, ``add-keys`` and ``top-up``.

    Args:
        delivery: the way to the owners of the Safe.
        chain: what is read.
    """

    kinds = frozenset({ActionKind.CREATE_PROVIDER, ActionKind.ADD_KEYS, ActionKind.TOP_UP})

    def __init__(self, delivery: Delivery, chain: Chain) -> None:
        self._delivery = delivery
        self._chain = chain
        self._effects: Mapping[ActionKind, Effect] = {
            ActionKind.CREATE_PROVIDER: ProviderEffect(chain),
            ActionKind.ADD_KEYS: KeysEffect(chain, delivery.safe, delivery.waiting),
            ActionKind.TOP_UP: TopUpEffect(chain, delivery.safe),
        }
        self._sign = StopSign()

    def look(self, intent: Intent, attempt: Attempt) -> Look:
        """Whether the chain shows the effect, and otherwise whether the owners have been asked."""
        with self._sign:
            delivered = self._delivery.find(intent, attempt.past())
            heads = self._chain.heads()
            out = None if delivered is None else delivered.calls
            return _look_of(self._effects[intent.kind].look(intent, heads, out), delivered)

    def plan(self, intent: Intent) -> Plan:
        """The calls in words, what they would do now, and how they would be handed out."""
        lines: list[str] = []
        problems: list[str] = []
        with self._sign:
            try:
                heads = self._chain.heads()
                built = self._effects[intent.kind].build(intent, heads)
                roles = roles_of(heads.deployment)
                for call in built.calls:
                    lines += [call.summary, *str(explain(call, roles=roles)).splitlines()]
                lines += built.lines
                simulation = self._simulate(built, heads)
                lines += str(simulation).splitlines()
                problems += _why_not(simulation)
                lines += self._delivery.plan(intent, built.calls)
            except ButlerError as error:
                problems.append(told_shortly(error))
        return Plan(summary=intent.summary, lines=tuple(lines), problems=tuple(problems))

    def act(self, intent: Intent, attempt: Attempt) -> None:
        """Build, examine, simulate, hand out.

        Raises:
            CheckFailed: the calls would not succeed.
            ButlerError: as the effect and the delivery.
        """
        with self._sign:
            heads = self._chain.heads()
            built = self._effects[intent.kind].build(intent, heads)
            why_not = _why_not(self._simulate(built, heads))
            if why_not:
                raise CheckFailed("the calls would not succeed", reasons="; ".join(why_not))
            self._sign.check()
            attempt.step(
                "built",
                block=heads.head.number,
                calls=[call.summary for call in built.calls],
                digest=_digest(built.calls),
                remarks=list(built.lines),
            )
            self._delivery.deliver(intent, built.calls, attempt)

    def _simulate(self, built: Built, heads: Heads) -> Simulation:
        return simulate(
            self._chain.rpc,
            built.calls,
            sender=self._delivery.safe,
            block=heads.head,
            roles=roles_of(heads.deployment),
        )

    def stop(self) -> None:
        """End what is waited for: a proposal that is under way is recognised afterwards."""
        self._sign.show()


def _look_of(effected: Effected, delivered: Delivered | None) -> Look:
    whole = effected.evidence if delivered is None else f"{effected.evidence}; {delivered.evidence}"
    if effected.presence is Presence.SETTLED:
        return Look(standing=Standing.DONE, evidence=effected.evidence)
    if effected.presence is Presence.SEEN:
        return Look(
            standing=Standing.UNDER_WAY,
            evidence=f"{effected.evidence}; that block is not final yet",
            again_in_seconds=_SETTLING_SECONDS,
        )
    if effected.presence is Presence.CONFLICT:
        return Look(standing=Standing.IMPOSSIBLE, evidence=whole)
    if delivered is None:
        return Look(standing=Standing.NEEDED, evidence=whole)
    if delivered.fate is Fate.ENDED:
        return Look(standing=Standing.IMPOSSIBLE, evidence=whole)
    seconds = _SETTLING_SECONDS if delivered.fate is Fate.EXECUTED else _SIGNING_SECONDS
    return Look(standing=Standing.UNDER_WAY, evidence=whole, again_in_seconds=seconds)


def _why_not(simulation: Simulation) -> list[str]:
    """Why calls must not be signed. What stays undecided, because a node runs calls one by one only, is no reason."""
    reasons = []
    for position, each in enumerate(simulation.calls, 1):
        if each.verdict in (Verdict.REVERTS, Verdict.NO_CONTRACT):
            why = each.revert.sentence if each.revert is not None else each.verdict.value
            reasons.append(f"call {position} of {len(simulation.calls)}: {why}")
    return reasons


def _digest(calls: tuple[Call, ...]) -> str:
    """Of what is about to be signed, for the audit."""
    parts = [f"{call.to} {call.value_wei} {call.data.hex()}" for call in calls]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
