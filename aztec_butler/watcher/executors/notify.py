"""Tells people: the log always, and each target once, as far as that can be known.

A message that may have arrived already, because a process ended in the middle, is sent again and says so: a notice too
many is better than one too few. A target that failed is asked again, and those that did not are left alone. What a
target would get too much of is held back and goes as one message.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

import attrs
from structlog.typing import FilteringBoundLogger

from aztec_butler.clients.stopping import StopSign
from aztec_butler.core.errors import NodeError
from aztec_butler.core.intent_parameters import Notice
from aztec_butler.core.intents import ActionKind, Intent, Severity
from aztec_butler.watcher.executor import Attempt, Look, Plan, Standing
from aztec_butler.watcher.executors.notice_limits import MessageLimit
from aztec_butler.watcher.executors.notice_text import HeldNotice, Message, digest_of, message_of
from aztec_butler.watcher.executors.targets import Target

_SEVERITIES: Final = tuple(Severity)


@attrs.define
class _Outlet:
    """A target, and what waits for it."""

    target: Target
    limit: MessageLimit
    held: dict[str, HeldNotice] = attrs.field(factory=dict)

    @property
    def name(self) -> str:
        return self.target.name


class NotifyExecutor:
    """Carries out ``notify``.

    Args:
        log: gets every notice.
        targets: get those that are severe enough.
        network: name of the network, in every message.
        from_severity: the least severe notice that goes to targets.
        per_hour: notices that go to a target singly within an hour.
        digest_seconds: how long what is more waits to go together.
        clock: seconds of a monotonic clock.
    """

    kinds = frozenset({ActionKind.NOTIFY})

    def __init__(
        self,
        log: FilteringBoundLogger,
        targets: Sequence[Target] = (),
        *,
        network: str,
        from_severity: Severity = Severity.INFO,
        per_hour: int = 30,
        digest_seconds: float = 900.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._network = network
        self._from_severity = from_severity
        self._outlets = tuple(
            _Outlet(target, MessageLimit(per_hour=per_hour, digest_seconds=digest_seconds, clock=clock))
            for target in targets
        )
        self._digested: dict[str, dict[str, str]] = {}
        """Notices that went in the digest of another's attempt: target to digest, by notice."""
        self._sign = StopSign()

    def look(self, intent: Intent, attempt: Attempt) -> Look:
        """Whether it was logged, and every target has it."""
        notice = Notice.from_json(intent.parameters)
        for target, digest in self._digested.pop(intent.id, {}).items():
            attempt.step("sent", target=target, digest=digest)
        steps = _Steps.of(attempt.past())
        wanted = self._outlets_for(notice)
        outstanding = [outlet for outlet in wanted if outlet.name not in steps.sent]
        if not steps.logged:
            return Look(standing=Standing.NEEDED, evidence="nobody has been told yet")
        if not outstanding:
            names = ", ".join(["the log", *(outlet.name for outlet in wanted)])
            return Look(standing=Standing.DONE, evidence=f"told to {names}")
        for outlet in outstanding:
            if outlet.name in steps.held and intent.id not in outlet.held:  # from before a restart
                # It may have gone in a digest whose end nobody has seen.
                self._hold(outlet, intent, notice, is_repeated=True)
        named = ", ".join(outlet.name for outlet in outstanding)
        if all(intent.id in outlet.held and not outlet.limit.digest_is_due for outlet in outstanding):
            return Look(
                standing=Standing.UNDER_WAY,
                evidence=f"held back for {named}, to go together with others",
                again_in_seconds=max(outlet.limit.seconds_to_digest() for outlet in outstanding),
            )
        return Look(standing=Standing.NEEDED, evidence=f"still to be told: {named}")

    def plan(self, intent: Intent) -> Plan:
        """The message, and who would get it."""
        notice = Notice.from_json(intent.parameters)
        message = message_of(intent, notice, network=self._network)
        names = ", ".join(["the log", *(outlet.name for outlet in self._outlets_for(notice))])
        return Plan(summary=f"Tell {names}", lines=(message.title, *message.body.splitlines()))

    def act(self, intent: Intent, attempt: Attempt) -> None:
        """Tell whoever was not told.

        Raises:
            NodeError: a target failed, after all others were told.
        """
        notice = Notice.from_json(intent.parameters)
        steps = _Steps.of(attempt.past())
        with self._sign:
            if not steps.logged:
                self._write(intent, notice)
                attempt.step("logged")
            failed: dict[str, NodeError] = {}
            for outlet in self._outlets_for(notice):
                if outlet.name in steps.sent:
                    continue
                self._sign.check()
                try:
                    self._tell(outlet, intent, notice, steps, attempt)
                except NodeError as error:
                    failed[outlet.name] = error
        if failed:
            first = next(iter(failed.values()))
            first.facts["targets"] = ", ".join(failed)
            raise first

    def _tell(self, outlet: _Outlet, intent: Intent, notice: Notice, steps: _Steps, attempt: Attempt) -> None:
        if intent.id in outlet.held:
            if outlet.limit.digest_is_due:
                self._send_digest(outlet, intent, attempt)
            return
        if not outlet.limit.lets_through(notice.severity):
            attempt.step("held", target=outlet.name)
            self._hold(outlet, intent, notice, is_repeated=outlet.name in steps.uncertain)
            return
        message = message_of(
            intent, notice, network=self._network, is_repeated=outlet.name in steps.uncertain
        )
        self._send(outlet, message, attempt)
        outlet.limit.sent()

    def _send_digest(self, outlet: _Outlet, intent: Intent, attempt: Attempt) -> None:
        held = dict(outlet.held)
        message = digest_of(tuple(held.values()), network=self._network)
        try:
            self._send(outlet, message, attempt, digest=list(held))
        except NodeError:
            outlet.limit.put_off()
            raise
        outlet.limit.digest_sent()
        outlet.held.clear()
        for other in held:
            if other != intent.id:
                self._digested.setdefault(other, {})[outlet.name] = intent.id

    def _send(self, outlet: _Outlet, message: Message, attempt: Attempt, **facts: object) -> None:
        attempt.step("sending", target=outlet.name, **facts)
        try:
            outlet.target.send(message)
        except NodeError as error:
            attempt.step("failed", target=outlet.name, reason=error.sentence)
            raise
        attempt.step("sent", target=outlet.name)

    def _hold(self, outlet: _Outlet, intent: Intent, notice: Notice, *, is_repeated: bool) -> None:
        outlet.held[intent.id] = HeldNotice(intent=intent, notice=notice, is_repeated=is_repeated)
        outlet.limit.hold()

    def _write(self, intent: Intent, notice: Notice) -> None:
        write = {
            Severity.INFO: self._log.info,
            Severity.WARNING: self._log.warning,
            Severity.CRITICAL: self._log.critical,
        }[notice.severity]
        write(
            "notice",
            id=intent.id,
            severity=notice.severity.value,
            title=notice.title,
            text=notice.text,
            target=intent.target,
            cause=intent.cause.name,
            block=intent.cause.block_number,
            fields=dict(notice.fields) or None,
            retracts=notice.retracts,
        )

    def _outlets_for(self, notice: Notice) -> list[_Outlet]:
        is_wanted = _SEVERITIES.index(notice.severity) >= _SEVERITIES.index(self._from_severity)
        return list(self._outlets) if is_wanted else []

    def stop(self) -> None:
        """Begin with no other target; a message that is under way ends within seconds."""
        self._sign.show()


@attrs.frozen(kw_only=True)
class _Steps:
    """What earlier steps tell of a notice.

    Args:
        logged: whether it is in the log.
        sent: targets that have it.
        held: targets for which it was held back.
        uncertain: targets of which nobody knows whether they have it.
    """

    logged: bool
    sent: frozenset[str]
    held: frozenset[str]
    uncertain: frozenset[str]

    @classmethod
    def of(cls, past: Collection[tuple[str, dict[str, object]]]) -> _Steps:
        last: dict[str, str] = {}
        held: set[str] = set()
        for name, facts in past:
            target = str(facts.get("target"))
            if name in ("sending", "sent", "failed"):
                last[target] = "sent" if last.get(target) == "sent" else name
            elif name == "held":
                held.add(target)
        return cls(
            logged=any(name == "logged" for name, _ in past),
            sent=frozenset(target for target, step in last.items() if step == "sent"),
            held=frozenset(held),
            uncertain=frozenset(target for target, step in last.items() if step == "sending"),
        )
