"""How handlers make intents of an event: notices in sentences, and actions. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from aztec_butler.core.events import EventRecord
from aztec_butler.core.intent_parameters import Notice, Parameters
from aztec_butler.core.intents import Cause, Intent, Severity
from aztec_butler.core.units import render_bps, render_exact
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.settings import WatcherSettings


def cause_of(record: EventRecord) -> Cause:
    """An event as what an intent comes from."""
    position = record.position
    return Cause(
        block_number=position.block_number,
        block_hash=position.block_hash,
        transaction_hash=position.transaction_hash,
        log_index=position.log_index,
        name=type(record).__name__,
    )


def action(record: EventRecord, facts: Facts, parameters: Parameters, *, target: str, summary: str) -> Intent:
    """What an event asks for.

    Args:
        record: the event.
        facts: of the chain.
        parameters: what the executor has to know.
        target: of the effect.
        summary: a sentence.
    """
    return Intent(
        chain_id=facts.chain_id,
        cause=cause_of(record),
        kind=parameters.kind,
        target=target,
        parameters=parameters.to_json(),
        summary=summary,
    )


def notice(
    record: EventRecord,
    facts: Facts,
    settings: WatcherSettings,
    *,
    target: str,
    title: str,
    text: str,
    severity: Severity = Severity.INFO,
    **fields: object,
) -> Intent:
    """What an event is worth telling.

    Args:
        record: the event.
        facts: of the chain.
        settings: after how long it is no news.
        target: whom it is about; with a word behind ``#`` where one event makes several notices.
        title: a few words.
        text: sentences.
        severity: how soon it should be read; what is critical is news for ever.
        fields: facts for machines; None is left out.
    """
    parameters = told(title, text, severity, **fields)
    at = record.position.block_timestamp
    expires_at = None if severity is Severity.CRITICAL or not at else at + settings.notices_expire
    return Intent(
        chain_id=facts.chain_id,
        cause=cause_of(record),
        kind=parameters.kind,
        target=target,
        parameters=parameters.to_json(),
        summary=text,
        expires_at=expires_at,
    )


def told(title: str, text: str, severity: Severity, **fields: object) -> Notice:
    """A notice's parameters.

    Args:
        title: a few words.
        text: sentences.
        severity: how soon it should be read.
        fields: facts for machines; None is left out.
    """
    known = {name: str(value) for name, value in fields.items() if value is not None}
    return Notice(severity=severity, title=title, text=text, fields=known)


# --------------------------------------------------------------------------- words


def who(attester: str, facts: Facts) -> str:
    """An attester, with the provider of ours that has it."""
    own = facts.attesters.get(attester)
    provider = None if own is None else own.provider_id
    return f"attester {attester}" + ("" if provider is None else f" of provider {provider}")


def rollup_name(address: str, facts: Facts) -> str:
    """A rollup by its version, as far as it is known."""
    rollup = facts.rollup_at(address)
    return f"rollup {address}" if rollup is None else f"rollup version {rollup.version} ({address})"


def aztec(amount_wei: int) -> str:
    """An amount of the staking asset, every decimal of it."""
    return f"{render_exact(amount_wei)} AZTEC"


def ether(amount_wei: int) -> str:
    """An amount of ether, every decimal of it."""
    return f"{render_exact(amount_wei)} ETH"


def bps(rate: int) -> str:
    """A take rate."""
    return render_bps(rate)


def moment(at: int) -> str:
    """A time, as people read it.

    >>> moment(1_700_000_000)
    '2023-11-14 22:13:20 UTC'
    """
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def listed(names: Iterable[object], *, most: int = 10) -> str:
    """Several things, the first ones by name."""
    all_of_them = list(names)
    shown = ", ".join(map(str, all_of_them[:most]))
    return shown if len(all_of_them) <= most else f"{shown} and {len(all_of_them) - most} more"
