"""Facts, settings and events of a watcher, made from stories: what tests of handlers and conditions begin with."""

from __future__ import annotations

from staking_states import state_of
from staking_story import NEW, ROLES, Story

from aztec_butler.core import events
from aztec_butler.core.events import EventRecord, Position, decode_logs
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.intents import ActionKind, Condition, Intent
from aztec_butler.watcher.facts import (
    Facts,
    OwnProvider,
    own_addresses,
    own_attesters,
    own_ejections,
    own_provider_ids,
    standing_split,
)
from aztec_butler.watcher.settings import WatcherSettings

HEAD = 500


def settings_of(**changes) -> WatcherSettings:
    """Settings of provider 1, whose coinbases are set in keystores."""
    return WatcherSettings(**{"connection": None, "provider_ids": (1,), "keystores": ("/keys",)} | changes)


def facts_of(
    story: Story,
    *,
    provider_ids=(1,),
    named=(),
    admin=None,
    owner: str | None = ZERO_ADDRESS,
    state=None,
    runways=None,
    **changes,
) -> Facts:
    """What is known after a story.

    Args:
        story: what happened.
        provider_ids: ours.
        named: attesters of ours besides.
        admin: of the provider that is wanted.
        owner: of every split.
        state: options of ``state_of``.
        runways: how long the keys of each provider last.
        changes: fields of the facts.
    """
    found = state_of(story, **(state or {}))
    ids = tuple(each for each in own_provider_ids(found, provider_ids, admin) if each <= len(found.providers))
    addresses = own_addresses(found, ids, named)
    splits = filter(None, (standing_split(found, each, ids) for each in addresses))
    providers = {
        each.provider_id: OwnProvider(
            provider_id=each.provider_id,
            admin=each.admin,
            take_rate_bps=each.take_rate_bps,
            rewards_recipient=each.rewards_recipient,
            keys_queued=each.keys_queued,
            runway_seconds=(runways or {}).get(each.provider_id),
        )
        for each in found.providers
        if each.provider_id in ids
    }
    return Facts(
        **{
            "block": found.block,
            "deployment": found.deployment,
            "canonical": found.by_address[NEW].rollup,
            "provider_ids": ids,
            "providers": providers,
            "attesters": own_attesters(found, addresses, ids, dict.fromkeys(splits, owner)),
            "ejections": own_ejections(found, addresses),
        }
        | changes
    )


def events_of(story: Story) -> list[EventRecord]:
    """A story's logs as the follower hands them out."""
    return decode_logs(story.logs, ROLES)


def happened(
    name: str, *, at: str = NEW, block: int = 400, index: int = 0, when: int = 1_700_000_000, **values
):
    """One event by its record's name."""
    return getattr(events, name)(
        position=Position(
            address=at,
            block_number=block,
            block_hash=f"0x{block:064x}",
            transaction_hash=f"0x{block:062x}{index:02x}",
            transaction_index=0,
            log_index=index,
            block_timestamp=when,
        ),
        **values,
    )


def only(found: tuple[Intent | Condition, ...], kind: ActionKind) -> list[Intent | Condition]:
    """Those of one kind."""
    return [each for each in found if each.kind is kind]


def notices(found: tuple[Intent | Condition, ...]) -> list[tuple[str, str]]:
    """Severity and title of every notice."""
    return [
        (str(each.parameters["severity"]), str(each.parameters["title"]))
        for each in only(found, ActionKind.NOTIFY)
    ]
