"""Lines of the audit as sentences."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from aztec_butler.store.journal_rows import AuditLine


def told(line: "AuditLine") -> str:
    """What a line says, in a sentence; as it is when it is of a kind, or of a shape, that is not known."""
    try:
        body = json.loads(line.body)
        return _TELLERS[line.kind](body)
    except (LookupError, TypeError, ValueError, AttributeError):
        return line.body


def facts_told(facts: Mapping[str, Any]) -> str:
    """Facts on one line."""
    return ", ".join(
        f"{name}: {fact if isinstance(fact, str) else json.dumps(fact)}" for name, fact in facts.items()
    )


def _with_facts(text: str, facts: Mapping[str, Any]) -> str:
    return f"{text} ({facts_told(facts)})" if facts else text


def _created(body: dict[str, Any]) -> str:
    return f"a new journal of chain {body['chain_id']}, genesis {body['genesis_hash']}"


def _commit(body: dict[str, Any]) -> str:
    parts = [
        _counted(body[name]["count"], one, many)
        for name, one, many in (
            ("final", "final event", "final events"),
            ("noticed", "event noticed", "events noticed"),
            ("confirmed", "noticed event is final", "noticed events are final"),
            ("vanished", "event vanished", "events vanished"),
        )
        if name in body
    ]
    if "retracted_above" in body:
        depth = (
            ""
            if body["reorg_depth"] is None
            else f", {_counted(body['reorg_depth'], 'block', 'blocks')} left"
        )
        parts.insert(0, f"another chain behind block {body['retracted_above']}{depth}")
    first, last = body["first_block"], body["last_block"]
    blocks = "" if first is None else f"block {first}: " if first == last else f"blocks {first} to {last}: "
    return blocks + "; ".join(parts)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _intent(body: dict[str, Any]) -> str:
    return f"{body['kind']} of {body['target']} is {body['state']}: {body['summary']}"


def _change(body: dict[str, Any]) -> str:
    return f"{body['from']} -> {body['state']}: {body['reason']}"


def _step(body: dict[str, Any]) -> str:
    return _with_facts(f"attempt {body['number']}: {body['name']}", body["facts"])


def _ended(body: dict[str, Any]) -> str:
    return f"attempt {body['number']} ended, {body['state']}: {body['reason']}"


def _plan(body: dict[str, Any]) -> str:
    problems = f"; it would be refused: {'; '.join(body['problems'])}" if body["problems"] else ""
    return f"plan: {body['summary']}{problems}"


def _condition(words: str) -> Callable[[dict[str, Any]], str]:
    return lambda body: f"{body['name']} of {body['target']} {words}, since block {body['block']}"


_TELLERS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "created": _created,
    "migrated": lambda body: f"tables brought from version {body['from']} to {body['to']}",
    "commit": _commit,
    "intent": _intent,
    "revived": _change,
    "retracted": _change,
    "decided": _change,
    "moved": _change,
    "expired": _change,
    "begun": lambda body: f"attempt {body['number']} began",
    "step": _step,
    "ended": _ended,
    "plan": _plan,
    "condition-began": _condition("holds"),
    "condition-ended": _condition("holds no more"),
    "note": lambda body: _with_facts(body["note"], body["facts"]),
}
