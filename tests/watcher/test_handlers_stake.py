from __future__ import annotations

import pytest
from staking_states import delegate
from staking_story import (
    ALICE,
    BOB,
    CAROL,
    LOCAL,
    NEW,
    OLD,
    OWNER,
    SPLIT,
    STAKE,
    STAKING_REGISTRY,
    TOKEN,
    Story,
    account,
)
from watcher_facts import events_of, facts_of, happened, notices, only, settings_of

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.intent_parameters import Notice, UpdateCoinbase
from aztec_butler.core.intents import ActionKind
from aztec_butler.watcher.handlers import intents_of
from aztec_butler.watcher.setting_values import read_coinbase_rule

OTHER_SPLIT, WALLET = account(31), account(32)


def told(story, name, *, settings=None, **options):
    """What the last event of a name of a story asks for."""
    record = [each for each in events_of(story) if type(each).__name__ == name][-1]
    return intents_of(record, facts_of(story, **options), settings or settings_of())


def staked(**options):
    story = delegate(Story().registered().listed(ALICE, BOB), ALICE, SPLIT)
    return told(story, "StakingRegistryStakedWithProvider", **options)


# --------------------------------------------------------------------------- coinbases


def test_staked_with_provider__ours__sets_the_split_and_tells():
    found = staked()

    (update,) = only(found, ActionKind.UPDATE_COINBASE)
    assert UpdateCoinbase.from_json(update.parameters) == UpdateCoinbase(
        attester=ALICE, coinbase=SPLIT, source="split"
    )
    assert update.target == f"attester:{ALICE}"
    assert update.summary == f"Send the rewards of attester {ALICE} to {SPLIT}, the split of its delegation."
    (notice,) = only(found, ActionKind.NOTIFY)
    text = Notice.from_json(notice.parameters).text
    assert ALICE in text
    assert SPLIT in text
    assert "It can be activated from 1970-01-27 16:00:00 UTC on." in text


@pytest.mark.parametrize(
    ("changes", "coinbase", "source"),
    [
        ({"coinbase": read_coinbase_rule(WALLET)}, WALLET, "fixed"),
        ({"coinbases": {ALICE: BOB}}, BOB, "map"),
        ({"coinbase": read_coinbase_rule(WALLET), "coinbases": {ALICE: BOB}}, BOB, "map"),
        ({"coinbase": read_coinbase_rule("map"), "coinbases": {ALICE: BOB}}, BOB, "map"),
    ],
    ids=["fixed", "map-over-split", "map-over-fixed", "map"],
)
def test_staked_with_provider__another_rule__decides(changes, coinbase, source):
    (update,) = only(staked(settings=settings_of(**changes)), ActionKind.UPDATE_COINBASE)
    assert (update.parameters["coinbase"], update.parameters["source"]) == (coinbase, source)


@pytest.mark.parametrize(
    "changes",
    [{"coinbase": read_coinbase_rule("map"), "coinbases": {BOB: WALLET}}, {"keystores": ()}],
    ids=["no-rule", "no-keystores"],
)
def test_staked_with_provider__nothing_to_set__is_told_alone(changes):
    found = staked(settings=settings_of(**changes))
    assert notices(found) == [("info", "New delegation")]
    assert only(found, ActionKind.UPDATE_COINBASE) == []


@pytest.mark.parametrize(
    ("owner", "part"),
    [(CAROL, f"has an owner, {CAROL}"), (None, "does not answer as a split does")],
    ids=["owned", "no-split"],
)
def test_staked_with_provider__split_that_can_change__is_critical_and_nothing_is_done(owner, part):
    (notice,) = staked(owner=owner)
    assert (notice.kind, notice.parameters["severity"]) == (ActionKind.NOTIFY, "critical")
    assert part in notice.summary


def test_staked_with_provider__split_that_can_change__does_not_matter_to_another_rule():
    settings = settings_of(coinbase=read_coinbase_rule(WALLET))
    assert only(staked(owner=CAROL, settings=settings), ActionKind.UPDATE_COINBASE)


def test_staked_with_provider__zero_split__is_critical_and_nothing_is_done():
    story = delegate(Story().registered().listed(ALICE), ALICE, ZERO_ADDRESS)
    (notice,) = told(story, "StakingRegistryStakedWithProvider")
    assert (notice.kind, notice.parameters["severity"]) == (ActionKind.NOTIFY, "critical")
    assert "zero address" in notice.summary


def test_staked_with_provider__of_a_stranger_on_a_stranger__asks_for_nothing():
    story = delegate(
        Story().registered().registered(2).listed(ALICE, provider_id=2), ALICE, SPLIT, provider_id=2
    )
    found = told(story, "StakingRegistryStakedWithProvider", state={"take_rates_bps": (500, 500)})
    assert found == ()


def test_staked_with_provider__of_a_stranger_on_ours__warns_and_sets_nothing():
    story = Story().registered().registered(2).listed(ALICE).listed(ALICE, provider_id=2)
    found = told(
        delegate(story, ALICE, OTHER_SPLIT, provider_id=2),
        "StakingRegistryStakedWithProvider",
        state={"take_rates_bps": (500, 500)},
    )
    assert notices(found) == [("warning", "Our attester was staked on through another provider")]
    assert len(found) == 1


def test_staked_with_provider__second_stake_on_one_attester__only_the_one_that_counts_is_followed():
    """The key was listed twice: the second deposit will be refunded, and its split is nobody's."""
    story = Story().registered().listed(ALICE, ALICE)
    delegate(delegate(story, ALICE, SPLIT), ALICE, OTHER_SPLIT)
    facts = facts_of(story)
    first, second = (
        intents_of(record, facts, settings_of())
        for record in events_of(story)
        if type(record).__name__ == "StakingRegistryStakedWithProvider"
    )

    (update,) = only(first, ActionKind.UPDATE_COINBASE)
    assert update.parameters["coinbase"] == SPLIT
    assert notices(second) == [("warning", "A delegation that does not count")]
    assert len(second) == 1


def test_staked_with_provider__again_after_a_refund__the_later_split_is_set():
    story = delegate(Story().registered().listed(ALICE, ALICE), ALICE, SPLIT).refunded(ALICE, NEW)
    early = facts_of(story)
    delegate(story, ALICE, OTHER_SPLIT)
    late = facts_of(story)
    first, second = (
        record for record in events_of(story) if type(record).__name__ == "StakingRegistryStakedWithProvider"
    )

    before = only(intents_of(first, early, settings_of()), ActionKind.UPDATE_COINBASE)
    after = [
        only(intents_of(each, late, settings_of()), ActionKind.UPDATE_COINBASE) for each in (first, second)
    ]
    assert [each.parameters["coinbase"] for each in before] == [SPLIT]
    assert [[each.parameters["coinbase"] for each in some] for some in after] == [[], [OTHER_SPLIT]]
    assert before[0].target == after[1][0].target
    assert before[0].id != after[1][0].id


def test_staked_with_provider__has_left_since__sets_nothing():
    story = delegate(Story().registered().listed(ALICE), ALICE, SPLIT)
    story.activated(ALICE, NEW).leaves(ALICE, at=NEW)
    found = told(story, "StakingRegistryStakedWithProvider")
    assert "it leaves or has left since" in found[0].summary
    assert len(found) == 1


def test_staked_with_provider__take_rate_changed_after__the_split_stays():
    story = delegate(Story().registered().listed(ALICE), ALICE, SPLIT)
    story.tell(STAKING_REGISTRY, "ProviderTakeRateUpdated", providerIdentifier=1, newTakeRate=900)
    found = told(story, "StakingRegistryStakedWithProvider", state={"take_rates_bps": (900,)})
    assert only(found, ActionKind.UPDATE_COINBASE)[0].parameters["coinbase"] == SPLIT


# --------------------------------------------------------------------------- the life of a stake


def lived():
    story = Story().registered().listed(ALICE, BOB)
    delegate(story, ALICE, SPLIT).activated(ALICE, NEW)
    story.slashed(ALICE, 4_000 * TOKEN, NEW)
    return story


def test_queued__ours__says_when():
    story = delegate(Story().registered().listed(BOB), BOB, SPLIT)
    (notice,) = told(story, "RollupValidatorQueued")
    assert notices((notice,)) == [("info", "Attester in the entry queue")]
    assert f"attester {BOB} of provider 1" in notice.summary
    assert OWNER in notice.summary


def test_activated__ours__with_the_amount():
    (notice,) = told(lived(), "RollupDeposit")
    assert notices((notice,)) == [("info", "Attester activated")]
    assert "200,000 AZTEC" in notice.summary
    assert notice.parameters["fields"]["amount_wei"] == str(STAKE)
    assert f"rollup version 1 ({NEW})" in notice.summary


def test_refunded__ours__warns():
    story = delegate(Story().registered().listed(ALICE), ALICE, SPLIT).refunded(ALICE, NEW)
    assert notices(told(story, "RollupFailedDeposit")) == [("warning", "Deposit refunded")]


def test_leaves_and_paid__ours__with_amount_and_recipient():
    story = lived().leaves(ALICE, STAKE - 4_000 * TOKEN, NEW)
    (leaving,) = told(story, "RollupWithdrawInitiated")
    assert notices((leaving,)) == [("warning", "Attester leaves")]
    assert "196,000 AZTEC" in leaving.summary
    assert BOB in leaving.summary
    (paid,) = told(story.paid(ALICE, STAKE - 4_000 * TOKEN, NEW), "RollupWithdrawFinalized")
    assert notices((paid,)) == [("info", "Stake paid out")]


def test_slashed__still_in_the_set__says_what_is_left():
    (notice,) = told(lived(), "RollupSlashed")
    assert notices((notice,)) == [("critical", "Attester slashed")]
    assert "lost 4,000 AZTEC" in notice.summary
    assert "another 6,000 AZTEC" in notice.summary
    assert notice.parameters["fields"]["ejected"] == "no"
    assert notice.expires_at is None


def test_slashed__below_the_threshold__ejection_is_recognised():
    """Two slashes of one attester: only the second puts it out."""
    story = lived().slashed(ALICE, STAKE - LOCAL, NEW)
    facts = facts_of(story)
    found = [
        intents_of(record, facts, settings_of())
        for record in events_of(story)
        if type(record).__name__ == "RollupSlashed"
    ]
    assert [notices(each) for each in found] == [
        [("critical", "Attester slashed")],
        [("critical", "Attester slashed and put out of the set")],
    ]
    assert found[1][0].parameters["fields"]["ejected"] == "yes"


def test_slashed__not_in_the_history__is_told_as_not_known():
    record = happened("RollupSlashed", attester=ALICE, amount_wei=TOKEN)
    (notice,) = intents_of(record, facts_of(lived()), settings_of())
    assert "is not known" in notice.summary
    assert "ejected" not in notice.parameters["fields"]


NAMES = {
    "RollupValidatorQueued": {"withdrawer": OWNER},
    "RollupDeposit": {"withdrawer": OWNER, "amount_wei": STAKE},
    "RollupFailedDeposit": {"withdrawer": OWNER},
    "RollupWithdrawInitiated": {"recipient": BOB, "amount_wei": STAKE},
    "RollupWithdrawFinalized": {"recipient": BOB, "amount_wei": STAKE},
    "RollupSlashed": {"amount_wei": STAKE},
}


def of(name, attester):
    points = {}
    if "Deposit" in name:
        points = {"public_key_in_g1": (1, 2), "public_key_in_g2": (1, 2, 3, 4), "proof_of_possession": (1, 2)}
    return happened(name, attester=attester, **points, **NAMES[name])


@pytest.mark.parametrize("name", NAMES)
def test_of_strangers__asks_for_nothing(name):
    assert intents_of(of(name, CAROL), facts_of(lived()), settings_of()) == ()


@pytest.mark.parametrize("name", NAMES)
def test_of_an_attester_that_settings_name__is_told_about_without_a_provider(name):
    facts = facts_of(lived(), provider_ids=(), named=(CAROL,))
    (notice,) = intents_of(of(name, CAROL), facts, settings_of(provider_ids=()))
    assert f"ttester {CAROL}" in notice.summary
    assert "of provider" not in notice.summary


@pytest.mark.parametrize("name", ["RollupDeposit", "RollupValidatorQueued"])
def test_quiet__makes_no_notice(name):
    facts, settings = facts_of(lived()), settings_of(quiet=(name,))
    assert intents_of(of(name, ALICE), facts, settings) == ()


def test_quiet__still_acts():
    settings = settings_of(quiet=("StakingRegistryStakedWithProvider",))
    assert [each.kind for each in staked(settings=settings)] == [ActionKind.UPDATE_COINBASE]


def test_facts_from_before_the_event__are_refused():
    with pytest.raises(InputError, match="before it"):
        intents_of(
            happened("RollupSlashed", attester=ALICE, amount_wei=1, block=501),
            facts_of(lived()),
            settings_of(),
        )


# --------------------------------------------------------------------------- identity


def test_identity__rollup_upgrade_between_two_looks__the_same():
    """The event was seen before the upgrade, and is read again after it."""
    story = delegate(Story().registered().listed(ALICE), ALICE, SPLIT, at=OLD)
    record = next(each for each in events_of(story) if type(each).__name__.endswith("WithProvider"))
    before = intents_of(record, facts_of(story), settings_of())
    story.activated(ALICE, OLD, instance=account(6))  # moves with the canonical rollup
    after = intents_of(record, facts_of(story), settings_of())

    assert {each.id for each in before} == {each.id for each in after}
    assert len(before) == 2
    for each in (*before, *after):
        assert OLD not in each.target
        assert NEW not in each.target


def test_identity__one_event_makes_different_intents():
    ids = [each.id for each in staked()]
    assert len(set(ids)) == len(ids) == 2


def test_expiry__of_what_is_no_news_any_more():
    record = of("RollupDeposit", ALICE)
    (notice,) = intents_of(record, facts_of(lived()), settings_of(notices_expire=100))
    assert notice.expires_at == record.position.block_timestamp + 100
