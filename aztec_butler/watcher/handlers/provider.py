"""What is told when something happens to our providers: who rules them, what they take, which keys they list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aztec_butler.core.intents import Intent, Severity
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.notices import bps, listed, notice
from aztec_butler.watcher.settings import WatcherSettings


def registered(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A provider of ours was registered."""
    if record.provider_id not in facts.provider_ids and record.provider_admin != settings.provider_admin:
        return
    named = record.provider_id in settings.provider_ids
    yield notice(
        record,
        facts,
        settings,
        target=f"provider:{record.provider_id}",
        title="Provider registered",
        text=f"Provider {record.provider_id} is registered, with {record.provider_admin} as its admin and a take rate of"
        f" {bps(record.take_rate_bps)}."
        + ("" if named else f" Put provider_ids = [{record.provider_id}] into the settings."),
        provider_id=record.provider_id,
        admin=record.provider_admin,
        take_rate_bps=record.take_rate_bps,
    )


def admin_offered(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """Somebody may become the admin of a provider of ours, or ours of another one."""
    if record.provider_id in facts.provider_ids:
        severity = Severity.CRITICAL
    elif record.new_admin in (settings.safe, settings.provider_admin):
        severity = Severity.INFO
    else:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"provider:{record.provider_id}",
        severity=severity,
        title="Provider offered to a new admin",
        text=f"{record.new_admin} may become the admin of provider {record.provider_id}, and rules it as soon as it accepts."
        " Until then the admin of now can name somebody else.",
        provider_id=record.provider_id,
        new_admin=record.new_admin,
    )


def admin_changed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A provider of ours has another admin."""
    if record.provider_id not in facts.provider_ids:
        return
    text = f"{record.new_admin} is the admin of provider {record.provider_id} now."
    if settings.safe is not None and record.new_admin != settings.safe:
        text += f" The Safe of the settings, {settings.safe}, can no longer add keys to it."
    yield notice(
        record,
        facts,
        settings,
        target=f"provider:{record.provider_id}",
        severity=Severity.CRITICAL,
        title="Provider has a new admin",
        text=text,
        provider_id=record.provider_id,
        new_admin=record.new_admin,
    )


def take_rate_changed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A provider of ours takes another part of rewards, of delegations from now on."""
    if record.provider_id not in facts.provider_ids:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"provider:{record.provider_id}",
        severity=Severity.WARNING,
        title="Take rate changed",
        text=f"Provider {record.provider_id} takes {bps(record.new_take_rate_bps)} of the rewards of new delegations."
        " Delegations made before keep the rate of their time: their splits cannot change.",
        provider_id=record.provider_id,
        take_rate_bps=record.new_take_rate_bps,
    )


def recipient_changed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A provider of ours is paid elsewhere, for delegations from now on."""
    if record.provider_id not in facts.provider_ids:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"provider:{record.provider_id}",
        severity=Severity.CRITICAL,
        title="Rewards recipient changed",
        text=f"The part of provider {record.provider_id} in new delegations goes to {record.new_rewards_recipient}."
        " Delegations made before go on paying the recipient of their time.",
        provider_id=record.provider_id,
        rewards_recipient=record.new_rewards_recipient,
    )


def keys_listed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A provider of ours lists more keys."""
    if record.provider_id not in facts.provider_ids:
        return
    count = len(record.attesters)
    yield notice(
        record,
        facts,
        settings,
        target=f"provider:{record.provider_id}",
        title="Keys listed",
        text=f"Provider {record.provider_id} lists {count} more {'key' if count == 1 else 'keys'}:"
        f" {listed(record.attesters)}.{_left(record.provider_id, facts)}",
        provider_id=record.provider_id,
        keys=count,
    )


def dripped(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A provider of ours took a key from the head of its list."""
    if record.provider_id not in facts.provider_ids:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"provider:{record.provider_id}",
        severity=Severity.WARNING,
        title="Key taken off the list",
        text=f"Provider {record.provider_id} took the key of attester {record.attester} off its list; nobody can stake on it"
        f" any more until it is listed again.{_left(record.provider_id, facts)}",
        provider_id=record.provider_id,
        attester=record.attester,
    )


def _left(provider_id: int, facts: Facts) -> str:
    provider = facts.providers.get(provider_id)
    if provider is None:
        return ""
    return f" It has {provider.keys_queued} {'key' if provider.keys_queued == 1 else 'keys'} left."
