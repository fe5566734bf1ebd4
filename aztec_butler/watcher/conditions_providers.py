"""Conditions of our providers: whether they exist, as they should be, and how many keys they have left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aztec_butler.core.intent_parameters import AddKeys, CreateProvider
from aztec_butler.core.intents import Condition, Severity
from aztec_butler.core.units import render_duration
from aztec_butler.watcher.conditions_words import tells
from aztec_butler.watcher.facts import Facts, OwnProvider
from aztec_butler.watcher.notices import bps
from aztec_butler.watcher.settings import WatcherSettings

MOST_KEYS: Final = 100
"""In one call: so many fit into a block with room to spare, by Aztec's documentation."""


def provider_absent(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:
    """The provider of the settings was never registered. One that was handed on is not made again."""
    admin, recipient = settings.provider_admin, settings.provider_rewards_recipient
    take_rate = settings.provider_take_rate
    if admin is None or recipient is None or take_rate is None:
        return
    if facts.created_ids is None or facts.created_ids or facts.provider_ids:
        return
    yield Condition(
        name="provider-absent",
        kind=CreateProvider.kind,
        target=f"provider:{admin}",
        parameters=CreateProvider(
            admin=admin, take_rate_bps=take_rate, rewards_recipient=recipient
        ).to_json(),
        summary=f"Register a provider with {admin} as its admin, a take rate of {bps(take_rate)}, and {recipient} for its"
        " part of rewards.",
    )


def provider_differs(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:
    """A provider of the wanted admin has other terms than the settings."""
    for provider in facts.providers.values():
        if provider.admin != settings.provider_admin:
            continue
        found = (provider.take_rate_bps, provider.rewards_recipient)
        if found != (settings.provider_take_rate, settings.provider_rewards_recipient):
            yield tells(
                "provider-differs",
                f"provider:{provider.provider_id}",
                "Provider has other terms than the settings",
                f"Provider {provider.provider_id} takes {bps(provider.take_rate_bps)} and is paid at"
                f" {provider.rewards_recipient}; the settings say {bps(settings.provider_take_rate or 0)} and"
                f" {settings.provider_rewards_recipient}.",
                provider_id=provider.provider_id,
            )


def provider_not_the_safes(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:
    """The Safe of the settings does not rule a provider of ours, and so cannot add keys to it."""
    if settings.safe is None:
        return
    for provider in facts.providers.values():
        if provider.admin != settings.safe:
            yield tells(
                "provider-not-the-safes",
                f"provider:{provider.provider_id}",
                "The Safe does not rule the provider",
                f"The admin of provider {provider.provider_id} is {provider.admin}, and not the Safe of the settings,"
                f" {settings.safe}: it cannot add keys"
                + (
                    "; it is offered to it, and it only has to accept."
                    if provider.pending_admin == settings.safe
                    else "."
                ),
                provider_id=provider.provider_id,
                admin=provider.admin,
            )


def keys_low(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:
    """A provider runs out of keys: too few, or for too short a time. Some are added, if there are prepared ones."""
    for provider in facts.providers.values():
        if not _is_low(provider, settings):
            continue
        left = _left(provider)
        target = f"provider:{provider.provider_id}"
        yield tells(
            "keys-low",
            target,
            "Keys run low",
            f"Provider {provider.provider_id} {left}. When none is left, nobody can stake with it.",
            provider_id=provider.provider_id,
            keys_queued=provider.keys_queued,
            runway_seconds=provider.runway_seconds,
        )
        attesters = _next_keys(provider, facts, settings)
        if attesters and settings.registration_file is not None:
            yield Condition(
                name="keys-low",
                kind=AddKeys.kind,
                # Once these are listed and keys are low still, the next ones are another effect.
                target=f"{target}#{attesters[0]}",
                parameters=AddKeys(
                    provider_id=provider.provider_id,
                    registration_file=settings.registration_file,
                    attesters=attesters,
                ).to_json(),
                summary=f"List {len(attesters)} more {'key' if len(attesters) == 1 else 'keys'} from"
                f" {settings.registration_file} with provider {provider.provider_id}, which {left}.",
            )


def keys_out(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:  # noqa: ARG001 - as all of them
    """A provider has no key left."""
    for provider in facts.providers.values():
        if not provider.keys_queued:
            yield tells(
                "keys-out",
                f"provider:{provider.provider_id}",
                "No key is left",
                f"Provider {provider.provider_id} has no key left: nobody can stake with it.",
                Severity.CRITICAL,
                provider_id=provider.provider_id,
            )


def prepared_short(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:
    """Keys should be added, or soon will have to be, and too few are prepared; or their file cannot be read."""
    name = settings.registration_file
    if name is None:
        return
    trouble = facts.troubles.get("registration_file")
    if trouble is not None:
        yield tells(
            "prepared-unreadable",
            f"file:{name}",
            "Prepared keys cannot be read",
            f"No keys can be added from {name}: {trouble}.",
        )
    elif facts.prepared is not None and len(facts.prepared.fresh) < settings.keys_low:
        yield tells(
            "prepared-short",
            f"file:{name}",
            "Few keys are prepared",
            f"{name} has {len(facts.prepared.fresh)} keys that were never listed, and {facts.prepared.known} that the"
            f" contracts know; fewer than {settings.keys_low} are few. Make new ones with `aztec-butler keys`.",
            fresh=len(facts.prepared.fresh),
        )


def _is_low(provider: OwnProvider, settings: WatcherSettings) -> bool:
    if provider.keys_queued < settings.keys_low:
        return True
    return provider.runway_seconds is not None and provider.runway_seconds < settings.runway_low


def _left(provider: OwnProvider) -> str:
    count = provider.keys_queued
    left = f"has {count} {'key' if count == 1 else 'keys'} left"
    if provider.runway_seconds:
        left += f", enough for {render_duration(provider.runway_seconds)} at the pace of the last four weeks"
    return left


def _next_keys(provider: OwnProvider, facts: Facts, settings: WatcherSettings) -> tuple[str, ...]:
    """The prepared keys that it would get: as many as it takes to have the target, and to last twice as long as is low.

    Twice, so that they are not low again the next day.
    """
    if facts.prepared is None or provider.provider_id != min(facts.provider_ids):
        return ()
    keys, runway = provider.keys_queued, provider.runway_seconds
    lasting = -(-keys * 2 * settings.runway_low // runway) if runway else 0
    wanted = max(1, settings.keys_target - keys, lasting - keys)
    return facts.prepared.fresh[: min(wanted, MOST_KEYS)]
