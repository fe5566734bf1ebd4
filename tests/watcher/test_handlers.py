from __future__ import annotations

import inspect
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from staking_states import delegate
from staking_story import (
    ALICE,
    BOB,
    CAROL,
    NEW,
    OLD,
    OWNER,
    REGISTRY,
    SPLIT,
    STAKE,
    STAKING_REGISTRY,
    TOKEN,
    Story,
    account,
)
from watcher_facts import events_of, facts_of, happened, notices, only, settings_of

from aztec_butler.core import events
from aztec_butler.core.event_kinds import event_kinds
from aztec_butler.core.intent_parameters import read_parameters
from aztec_butler.core.intents import ActionKind
from aztec_butler.watcher.handlers import ALWAYS, HANDLERS, intents_of, own_words, watched_kinds

SAFE, GOVERNANCE, SLASHER, PROPOSER = (account(number) for number in range(41, 45))
STORY = delegate(Story().registered().listed(ALICE, BOB), ALICE, SPLIT).activated(ALICE, NEW)
FACTS = facts_of(STORY)
SETTINGS = settings_of()


def told(name, *, facts=FACTS, settings=SETTINGS, at=STAKING_REGISTRY, **values):
    return intents_of(happened(name, at=at, **values), facts, settings)


# --------------------------------------------------------------------------- providers

PROVIDER_EVENTS = {
    "ProviderRegistered": (
        {"provider_admin": CAROL, "take_rate_bps": 550},
        ("info", "Provider registered"),
        ("5.50%", CAROL),
    ),
    "ProviderAdminUpdateInitiated": (
        {"new_admin": CAROL},
        ("critical", "Provider offered to a new admin"),
        (CAROL, "as soon as it accepts"),
    ),
    "ProviderAdminUpdated": ({"new_admin": CAROL}, ("critical", "Provider has a new admin"), (CAROL,)),
    "ProviderTakeRateUpdated": (
        {"new_take_rate_bps": 900},
        ("warning", "Take rate changed"),
        ("9.00%", "keep the rate of their time"),
    ),
    "ProviderRewardsRecipientUpdated": (
        {"new_rewards_recipient": CAROL},
        ("critical", "Rewards recipient changed"),
        (CAROL,),
    ),
    "AttestersAddedToProvider": (
        {"attesters": (BOB, CAROL)},
        ("info", "Keys listed"),
        (f"2 more keys: {BOB}, {CAROL}.", "has 1 key left"),
    ),
    "ProviderQueueDripped": (
        {"attester": BOB},
        ("warning", "Key taken off the list"),
        (BOB, "has 1 key left"),
    ),
}


@pytest.mark.parametrize("name", PROVIDER_EVENTS)
def test_provider__ours__is_told(name):
    values, notice, parts = PROVIDER_EVENTS[name]
    (intent,) = told(f"StakingRegistry{name}", provider_id=1, **values)
    assert notices((intent,)) == [notice]
    assert intent.target == "provider:1"
    assert "rovider 1" in intent.summary
    for part in parts:
        assert part in intent.summary


@pytest.mark.parametrize("name", PROVIDER_EVENTS)
def test_provider__of_somebody_else__asks_for_nothing(name):
    values, _, _ = PROVIDER_EVENTS[name]
    assert told(f"StakingRegistry{name}", provider_id=2, settings=settings_of(safe=SAFE), **values) == ()


def test_provider_registered__of_the_wanted_admin__says_what_to_put_into_the_settings():
    settings = settings_of(provider_ids=(), provider_admin=OWNER)
    facts = facts_of(STORY, provider_ids=(), admin=OWNER)
    assert facts.provider_ids == (1,)
    (intent,) = told(
        "StakingRegistryProviderRegistered",
        provider_id=1,
        provider_admin=OWNER,
        take_rate_bps=500,
        facts=facts,
        settings=settings,
    )
    assert "provider_ids = [1]" in intent.summary


def test_admin_offered__of_a_strange_provider_to_our_safe__is_told():
    (intent,) = told(
        "StakingRegistryProviderAdminUpdateInitiated",
        provider_id=9,
        new_admin=SAFE,
        settings=settings_of(safe=SAFE),
    )
    assert notices((intent,)) == [("info", "Provider offered to a new admin")]


@pytest.mark.parametrize(("new_admin", "is_ours"), [(SAFE, True), (CAROL, False)], ids=["safe", "other"])
def test_admin_changed__to_somebody_else_than_the_safe__says_what_it_means(new_admin, is_ours):
    (intent,) = told(
        "StakingRegistryProviderAdminUpdated",
        provider_id=1,
        new_admin=new_admin,
        settings=settings_of(safe=SAFE),
    )
    assert ("can no longer add keys" in intent.summary) is not is_ours


# --------------------------------------------------------------------------- the rules of all


def test_canonical_rollup__changed__is_critical():
    (intent,) = told("RegistryCanonicalRollupUpdated", at=REGISTRY, instance=NEW, version=1)
    assert notices((intent,)) == [("critical", "The canonical rollup changed")]
    assert f"Rollup version 1 ({NEW})" in intent.summary
    assert "1 of our attesters" in intent.summary
    assert intent.target == f"rollup:{NEW}"


def test_queue_configuration__changed__says_the_pace():
    struct = events.RollupStakingQueueConfigUpdatedConfig
    (intent,) = told("RollupStakingQueueConfigUpdated", at=NEW, config=struct(0, 0, 1, 400, 4))
    assert notices((intent,)) == [("warning", "The entry queue has another pace")]
    assert "for every 400 in the set, at least 1 and at most 4." in intent.summary
    assert intent.parameters["fields"]["normal_flush_size_quotient"] == "400"
    (bootstrap,) = told("RollupStakingQueueConfigUpdated", at=NEW, config=struct(500, 50, 1, 400, 4))
    assert "until 500 are in the set, 50 an epoch" in bootstrap.summary


OTHERS = {
    "RollupLocalEjectionThresholdUpdated": (
        NEW,
        {
            "old_local_ejection_threshold_wei": 190_000 * TOKEN,
            "new_local_ejection_threshold_wei": 199_000 * TOKEN,
        },
        ("warning", "The ejection threshold changed"),
        "199,000 AZTEC; before it was 190,000 AZTEC",
    ),
    "RollupSlasherUpdated": (
        OLD,
        {"old_slasher": ALICE, "new_slasher": SLASHER},
        ("warning", "The slasher changed"),
        SLASHER,
    ),
    "RollupPendingSlasherQueued": (
        NEW,
        {"slasher": SLASHER, "ready_at": 1_700_000_000},
        ("warning", "The slasher will change"),
        "from 2023-11-14 22:13:20 UTC on",
    ),
    "SlashingProposerRoundExecuted": (
        PROPOSER,
        {"round": 7, "slash_count": 1},
        ("info", "Slashing round carried out"),
        "with 1 slash.",
    ),
    "SlasherVetoedPayload": (SLASHER, {"payload": CAROL}, ("info", "Slashes vetoed"), CAROL),
    "SlasherSlashingDisabled": (
        SLASHER,
        {"disabled_until": 1_800_000_000},
        ("warning", "Slashing paused"),
        "until 2027-01-15",
    ),
    "GovernanceProposed": (
        GOVERNANCE,
        {"proposal_id": 3, "proposal": CAROL},
        ("warning", "Governance proposal made"),
        f"Proposal 3 of Governance asks to carry out the payload {CAROL}",
    ),
    "GovernanceProposalExecuted": (
        GOVERNANCE,
        {"proposal_id": 3},
        ("warning", "Governance proposal carried out"),
        "Proposal 3",
    ),
    "GovernanceProposalDropped": (
        GOVERNANCE,
        {"proposal_id": 3},
        ("info", "Governance proposal dropped"),
        "Proposal 3",
    ),
    "GovernanceConfigurationUpdated": (
        GOVERNANCE,
        {"time": 1},
        ("warning", "Governance has other rules"),
        "delays",
    ),
    "GovernanceGovernanceProposerUpdated": (
        GOVERNANCE,
        {"governance_proposer": CAROL},
        ("warning", "Governance has another proposer"),
        CAROL,
    ),
    "GovernanceProposerPayloadSubmittable": (
        PROPOSER,
        {"payload": CAROL, "round": 12},
        ("info", "A payload has enough signals"),
        "round 12",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_rules_of_all__changed__are_told(name):
    at, values, notice, part = OTHERS[name]
    (intent,) = told(name, at=at, **values)
    assert notices((intent,)) == [notice]
    assert part in intent.summary


def test_round_without_slashes__is_no_news():
    assert told("SlashingProposerRoundExecuted", at=PROPOSER, round=7, slash_count=0) == ()


def test_slashing__goes_on():
    (intent,) = told("SlasherSlashingDisabled", at=SLASHER, disabled_until=0)
    assert notices((intent,)) == [("warning", "Slashing goes on")]


# --------------------------------------------------------------------------- the table


def test_table__every_line__is_of_an_event_that_there_is_and_is_tested():
    known = {kind.record for kind in event_kinds()}
    names = [line.record for line in HANDLERS]
    assert set(names) <= known
    assert len(set(names)) == len(names)
    tested = {f"StakingRegistry{name}" for name in PROVIDER_EVENTS} | set(OTHERS)
    assert {line.record for line in HANDLERS if not line.of_ours} == ALWAYS
    assert set(names) - tested == {
        "StakingRegistryStakedWithProvider",
        "RollupValidatorQueued",
        "RollupDeposit",
        "RollupFailedDeposit",
        "RollupWithdrawInitiated",
        "RollupWithdrawFinalized",
        "RollupSlashed",
        "RegistryCanonicalRollupUpdated",
        "RollupStakingQueueConfigUpdated",
    }


def test_table__handlers__say_what_they_are_about():
    for line in HANDLERS:
        assert inspect.getdoc(line.handler)
        assert line.handler.__module__.startswith("aztec_butler.watcher.handlers.")


def test_watched_kinds__follow_from_the_table():
    assert {kind.record for kind in watched_kinds()} == {line.record for line in HANDLERS}


def test_event_that_nobody_handles__asks_for_nothing():
    record = happened("GovernanceVoteCast", proposal_id=1, voter=ALICE, support=True, amount_wei=1)
    assert intents_of(record, FACTS, SETTINGS) == ()


def test_own_words__stand_in_every_event_of_ours_that_asks_for_something():
    """Else the sieve in front of the handlers would let it fall."""
    settings = settings_of(safe=SAFE, provider_admin=OWNER)
    words = own_words(FACTS, settings)
    story = STORY
    for record in (*events_of(story), *map(_provider_event, PROVIDER_EVENTS)):
        if intents_of(record, FACTS, settings) and type(record).__name__ not in ALWAYS:
            log = events.encode(record)
            pieces = {*log.topics, *(log.data[at : at + 32] for at in range(0, len(log.data), 32))}
            assert pieces & words, record


def _provider_event(name):
    place = list(PROVIDER_EVENTS).index(name)
    return happened(f"StakingRegistry{name}", index=place, provider_id=1, **PROVIDER_EVENTS[name][0])


# --------------------------------------------------------------------------- order and repetition

MANY = (
    *events_of(STORY),
    *map(_provider_event, PROVIDER_EVENTS),
    *(
        happened(name, at=at, block=300, index=index, **values)
        for index, (name, (at, values, _, _)) in enumerate(OTHERS.items())
    ),
    happened("RollupSlashed", attester=ALICE, amount_wei=STAKE, block=301),
    happened("RollupSlashed", attester=ALICE, amount_wei=STAKE, block=302),
)


@given(st.lists(st.sampled_from(range(len(MANY))), max_size=3 * len(MANY)), st.randoms(use_true_random=False))
def test_any_order_and_repetition__make_the_same_intents(extra: list[int], chance: random.Random):
    shuffled = [*range(len(MANY)), *extra]
    chance.shuffle(shuffled)
    once = {intent.id: intent for record in MANY for intent in intents_of(record, FACTS, SETTINGS)}
    again = {intent.id: intent for number in shuffled for intent in intents_of(MANY[number], FACTS, SETTINGS)}
    assert again == once


def test_intents__of_everything__are_all_different_and_readable():
    intents = [intent for record in MANY for intent in intents_of(record, FACTS, SETTINGS)]
    assert len({intent.id for intent in intents}) == len(intents) > 20
    for intent in intents:
        record = read_parameters(intent.kind, intent.parameters)
        assert record.to_json() == intent.parameters
        assert intent.summary.endswith((".", "]."))
    assert only(tuple(intents), ActionKind.UPDATE_COINBASE)
