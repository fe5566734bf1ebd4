"""What is done about which event: the table. A new handler is a function and a line here.

Handlers are pure: an event, what is known at a block not before the event's, and the settings make intents. The same
event always makes the same ones, whatever else happened before or how often it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.event_kinds import EventKind, event_kinds
from aztec_butler.core.events import EventRecord
from aztec_butler.core.intents import ActionKind, Intent
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.handlers import governance, provider, rollup, slashing, stake
from aztec_butler.watcher.settings import WatcherSettings

Handler = Callable[[Any, Facts, WatcherSettings], Iterable[Intent]]


@attrs.frozen
class Line:
    """A line of the table.

    Args:
        record: the event, by its record's name in ``core.events``.
        handler: what is done about it.
        of_ours: whether it matters only if an attester, a provider or an account of ours stands in it.
    """

    record: str
    handler: Handler
    of_ours: bool = True


HANDLERS: Final = (
    Line("StakingRegistryStakedWithProvider", stake.staked_with_provider),
    Line("RollupValidatorQueued", stake.queued),
    Line("RollupDeposit", stake.activated),
    Line("RollupFailedDeposit", stake.refunded),
    Line("RollupWithdrawInitiated", stake.leaves),
    Line("RollupWithdrawFinalized", stake.paid_out),
    Line("RollupSlashed", stake.slashed),
    Line("StakingRegistryProviderRegistered", provider.registered),
    Line("StakingRegistryProviderAdminUpdateInitiated", provider.admin_offered),
    Line("StakingRegistryProviderAdminUpdated", provider.admin_changed),
    Line("StakingRegistryProviderTakeRateUpdated", provider.take_rate_changed),
    Line("StakingRegistryProviderRewardsRecipientUpdated", provider.recipient_changed),
    Line("StakingRegistryAttestersAddedToProvider", provider.keys_listed),
    Line("StakingRegistryProviderQueueDripped", provider.dripped),
    Line("RegistryCanonicalRollupUpdated", rollup.canonical_changed, of_ours=False),
    Line("RollupStakingQueueConfigUpdated", rollup.queue_changed, of_ours=False),
    Line("RollupLocalEjectionThresholdUpdated", rollup.ejection_changed, of_ours=False),
    Line("RollupSlasherUpdated", rollup.slasher_changed, of_ours=False),
    Line("RollupPendingSlasherQueued", rollup.slasher_queued, of_ours=False),
    Line("SlashingProposerRoundExecuted", slashing.round_executed, of_ours=False),
    Line("SlasherVetoedPayload", slashing.vetoed, of_ours=False),
    Line("SlasherSlashingDisabled", slashing.paused, of_ours=False),
    Line("GovernanceProposed", governance.proposed, of_ours=False),
    Line("GovernanceProposalExecuted", governance.executed, of_ours=False),
    Line("GovernanceProposalDropped", governance.dropped, of_ours=False),
    Line("GovernanceConfigurationUpdated", governance.configuration_changed, of_ours=False),
    Line("GovernanceGovernanceProposerUpdated", governance.proposer_changed, of_ours=False),
    Line("GovernanceProposerPayloadSubmittable", governance.submittable, of_ours=False),
)  # fmt: skip


def _by_record() -> Mapping[str, Sequence[Handler]]:
    found: dict[str, list[Handler]] = {}
    for line in HANDLERS:
        found.setdefault(line.record, []).append(line.handler)
    return found


_BY_RECORD: Final = _by_record()

ALWAYS: Final = frozenset(line.record for line in HANDLERS if not line.of_ours)
"""Events that matter whoever stands in them, by their records' names."""


def watched_kinds() -> tuple[EventKind, ...]:
    """The kinds of events that somebody handles: what the follower asks for."""
    return tuple(kind for kind in event_kinds() if kind.record in _BY_RECORD)


def own_words(facts: Facts, settings: WatcherSettings) -> frozenset[bytes]:
    """The words of 32 bytes of which one stands in every other event that matters: who and what is ours.

    Args:
        facts: of a block not before the events'.
        settings: accounts of ours.
    """
    accounts = {*facts.attesters, *filter(None, (settings.safe, settings.provider_admin))}
    words = {bytes(12) + bytes.fromhex(account[2:]) for account in accounts}
    return frozenset(words | {provider_id.to_bytes(32) for provider_id in facts.provider_ids})


def intents_of(record: EventRecord, facts: Facts, settings: WatcherSettings) -> tuple[Intent, ...]:
    """What is to be done about an event.

    Args:
        record: the event; one that nobody handles asks for nothing.
        facts: of a block not before the event's.
        settings: what is ours, and what is to be done.

    Raises:
        InputError: the facts are older than the event, so that they cannot know of it.
    """
    if facts.block.number < record.position.block_number:
        raise InputError(
            "an event is looked at with facts from before it",
            block=facts.block.number,
            event_block=record.position.block_number,
        )
    name = type(record).__name__
    is_quiet = name in settings.quiet
    return tuple(
        intent
        for handler in _BY_RECORD.get(name, ())
        for intent in handler(record, facts, settings)
        if not (is_quiet and intent.kind is ActionKind.NOTIFY)
    )
