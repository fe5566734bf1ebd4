from __future__ import annotations

import inspect

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from staking_states import delegate
from staking_story import ALICE, BOB, CAROL, NEW, OWNER, SPLIT, STAKE, TOKEN, Story, account
from watcher_facts import facts_of, notices, only, settings_of

from aztec_butler.core.governance import ProposalState
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.intent_parameters import AddKeys, CreateProvider, TopUp, read_parameters
from aztec_butler.core.intents import ActionKind
from aztec_butler.core.node_records import SlashOffense
from aztec_butler.watcher.conditions import CONDITION_NAMES, CONDITIONS, conditions_of
from aztec_butler.watcher.facts import PreparedKeys, RoundAgainst
from aztec_butler.watcher.setting_values import read_coinbase_rule

SAFE, PAYER, WALLET = (account(number) for number in range(51, 54))
ETHER, DAY = 10**18, 86_400
NOW = 2304 * 1000
KEYS = tuple(account(number) for number in range(100, 300))
FILE = "/etc/registrations.json"


def found(facts, **changes):
    """What holds, with settings that nothing else violates."""
    return conditions_of(facts, settings_of(**({"keys_low": 0, "runway_low": 0} | changes)))


def keys(count):
    """Provider 1 with so many keys left."""
    story = Story().registered()
    return story.listed(*KEYS[-count:]) if count else story


def staked(activates=None, **changes):
    """An attester of ours with a delegation: in the set, or waiting."""
    story = delegate(Story().registered().listed(ALICE, KEYS[0]), ALICE, SPLIT)
    if activates is None:
        story.activated(ALICE, NEW)
    facts = facts_of(story, **({"coinbases": {ALICE: SPLIT}} | changes))
    if activates is not None:
        own = attrs.evolve(facts.attesters[ALICE], activation_at=NOW + activates)
        facts = attrs.evolve(facts, attesters={ALICE: own})
    return facts


def test_nothing__when_all_is_well():
    facts = attrs.evolve(
        staked(), publishers={PAYER: ETHER}, prepared=PreparedKeys(path=FILE, fresh=KEYS), offenses=()
    )
    assert found(facts, registration_file=FILE) == ()


# --------------------------------------------------------------------------- keys

PREPARED = PreparedKeys(path=FILE, fresh=KEYS[:50], known=3)


def low(count, runway=None, *, prepared=PREPARED, **changes):
    facts = facts_of(keys(count), runways={1: runway}, prepared=prepared)
    settings = {"keys_low": 5, "runway_low": 7 * DAY, "keys_target": 20, "registration_file": FILE}
    return found(facts, **(settings | changes))


def test_keys_low__fewer_than_that__adds_up_to_the_target():
    conditions = low(4)

    (add,) = only(conditions, ActionKind.ADD_KEYS)
    assert AddKeys.from_json(add.parameters) == AddKeys(
        provider_id=1, registration_file=FILE, attesters=KEYS[:16]
    )
    assert add.target == f"provider:1#{KEYS[0]}"
    assert add.summary == f"List 16 more keys from {FILE} with provider 1, which has 4 keys left."
    assert notices(conditions) == [("warning", "Keys run low")]


def test_keys_low__just_enough__nothing():
    assert low(5) == ()


def test_keys_low__none_left__is_critical_as_well():
    conditions = low(0, 0)
    assert notices(conditions) == [("warning", "Keys run low"), ("critical", "No key is left")]
    assert len(AddKeys.from_json(only(conditions, ActionKind.ADD_KEYS)[0].parameters).attesters) == 20


def test_keys_low__by_runway__adds_what_lasts_twice_as_long():
    (add,) = only(low(30, 6 * DAY), ActionKind.ADD_KEYS)
    assert AddKeys.from_json(add.parameters).count == 40  # 70 keys at 5 a day: two weeks
    assert "enough for 6d at the pace of the last four weeks" in add.summary
    assert low(30, 7 * DAY) == ()


def test_keys_low__nobody_stakes__the_runway_is_not_known_and_not_low():
    assert low(30, None) == ()


@given(st.integers(0, 60), st.none() | st.integers(0, 400 * DAY))
def test_keys_low__any__adds_at_least_one_and_at_most_a_call_and_no_more_than_there_are(count, runway):
    facts = facts_of(keys(count), runways={1: runway}, prepared=PreparedKeys(path=FILE, fresh=KEYS))
    settings = settings_of(keys_low=5, runway_low=7 * DAY, registration_file=FILE)
    added = only(conditions_of(facts, settings), ActionKind.ADD_KEYS)
    is_low = count < 5 or (runway is not None and runway < 7 * DAY)
    assert len(added) == is_low
    for each in added:
        parameters = AddKeys.from_json(each.parameters)
        assert 1 <= parameters.count <= 100
        assert parameters.attesters == KEYS[: parameters.count]


def test_keys_low__these_are_listed_and_it_is_low_still__the_next_ones_are_another_effect():
    one = PreparedKeys(path=FILE, fresh=KEYS[:1])
    other = PreparedKeys(path=FILE, fresh=KEYS[1:2], known=1)
    first, second = (only(low(2, prepared=each), ActionKind.ADD_KEYS)[0] for each in (one, other))
    again = only(low(3, prepared=one), ActionKind.ADD_KEYS)[0]
    assert first.key == again.key  # the count of keys is no part of what it is known by
    assert first.key != second.key


def test_keys_low__nothing_prepared__is_told_alone():
    conditions = low(2, prepared=PreparedKeys(path=FILE, fresh=(), known=8))
    assert notices(conditions) == [("warning", "Keys run low"), ("warning", "Few keys are prepared")]
    assert only(conditions, ActionKind.ADD_KEYS) == []


def test_prepared__cannot_be_read__says_why():
    facts = facts_of(keys(30), troubles={"registration_file": "it is not JSON"})
    (condition,) = found(facts, registration_file=FILE)
    assert (condition.name, condition.target) == ("prepared-unreadable", f"file:{FILE}")
    assert "it is not JSON" in condition.summary


# --------------------------------------------------------------------------- providers

WANTED = {
    "provider_ids": (),
    "provider_admin": OWNER,
    "provider_take_rate": 500,
    "provider_rewards_recipient": WALLET,
}


def test_provider_absent__is_created():
    facts = facts_of(Story(), provider_ids=(), created_ids=())
    (condition,) = found(facts, **WANTED)
    assert CreateProvider.from_json(condition.parameters) == CreateProvider(
        admin=OWNER, take_rate_bps=500, rewards_recipient=WALLET
    )
    assert (condition.name, condition.target) == ("provider-absent", f"provider:{OWNER}")
    assert "5.00%" in condition.summary


@pytest.mark.parametrize("created", [None, (1,)], ids=["not-known", "handed-on"])
def test_provider_absent__not_known_or_handed_on__is_not_created_again(created):
    assert found(facts_of(Story(), provider_ids=(), created_ids=created), **WANTED) == ()


def test_provider__there_with_other_terms__is_told_and_not_created():
    facts = facts_of(keys(3), provider_ids=(), admin=OWNER, created_ids=(1,))
    (condition,) = found(facts, **WANTED)
    assert condition.name == "provider-differs"
    assert (OWNER in condition.summary, WALLET in condition.summary) == (
        True,
        True,
    )  # the story pays the owner


def test_provider__as_wanted__nothing():
    facts = facts_of(keys(3), provider_ids=(), admin=OWNER, created_ids=(1,))
    assert found(facts, **(WANTED | {"provider_rewards_recipient": OWNER})) == ()


def test_provider__not_the_safes__is_told():
    facts = facts_of(keys(1))
    (condition,) = found(facts, safe=SAFE)
    assert condition.name == "provider-not-the-safes"
    offered = attrs.evolve(facts, providers={1: attrs.evolve(facts.providers[1], pending_admin=SAFE)})
    assert "only has to accept" in found(offered, safe=SAFE)[0].summary
    assert found(facts, safe=OWNER) == ()


# --------------------------------------------------------------------------- publishers


def paying(balance_wei, **changes):
    return found(facts_of(Story(), provider_ids=(), publishers={PAYER: balance_wei}), **changes)


def test_publisher_low__is_topped_up_to_the_wei():
    conditions = paying(ETHER // 2 - 1, safe=SAFE)

    (top_up,) = only(conditions, ActionKind.TOP_UP)
    assert TopUp.from_json(top_up.parameters) == TopUp(
        publisher=PAYER,
        amount_wei=500_000_000_000_000_001,
        balance_wei=499_999_999_999_999_999,
        low_wei=ETHER // 2,
        from_safe=SAFE,
    )
    assert "0.500000000000000001 ETH" in top_up.summary
    assert notices(conditions) == [("warning", "Publisher is low")]


def test_publisher__just_enough__nothing():
    assert paying(ETHER // 2, safe=SAFE) == ()


def test_publisher_low__no_safe__is_told_alone():
    assert notices(paying(ETHER // 4)) == [("warning", "Publisher is low")]


@given(st.integers(0, 2 * ETHER))
def test_publisher__any_balance__has_the_target_afterwards(balance_wei):
    for each in only(paying(balance_wei, safe=SAFE), ActionKind.TOP_UP):
        parameters = TopUp.from_json(each.parameters)
        assert balance_wei + parameters.amount_wei == ETHER
        assert parameters.balance_wei == balance_wei < parameters.low_wei


def test_publisher__empty__is_critical_as_well():
    assert notices(paying(0)) == [
        ("warning", "Publisher is low"),
        ("critical", "Publisher may fail to publish"),
    ]
    assert paying(0)[0].key == paying(1)[0].key


# --------------------------------------------------------------------------- coinbases


@pytest.mark.parametrize(
    ("activates", "word"),
    [
        (25 * 3600, None),
        (24 * 3600, "1d"),
        (6 * 3600 + 1, "1d"),
        (6 * 3600, "6h"),
        (-5, "6h"),
        (None, "active"),
    ],
    ids=["early", "a-day", "before-6h", "6h", "overdue", "active"],
)
def test_coinbase_missing__reminds_at_each_of_the_times(activates, word):
    conditions = found(staked(activates, coinbases={ALICE: None}))
    targets = [] if word is None else [f"attester:{ALICE}#{word}"]
    assert [each.target for each in conditions] == targets
    if word == "active":
        assert notices(conditions) == [("critical", "Coinbase missing")]
    elif word is not None:
        assert notices(conditions) == [("warning", "Coinbase missing")]
        assert f"It should be {SPLIT}, the split of its delegation." in conditions[0].summary


@pytest.mark.parametrize("coinbases", [{ALICE: SPLIT}, None], ids=["set", "no-keystores"])
@pytest.mark.parametrize("activates", [3600, None], ids=["waiting", "active"])
def test_coinbase_missing__set_or_not_ours_to_set__ends_the_reminder(coinbases, activates):
    assert found(staked(activates, coinbases=coinbases)) == ()


@pytest.mark.parametrize("activates", [3600, None], ids=["waiting", "active"])
def test_keystore__unknown__is_told_and_no_coinbase_is_missed(activates):
    (condition,) = found(staked(activates, coinbases={BOB: SPLIT}))
    assert (condition.name, condition.target) == ("keystore-unknown", f"attester:{ALICE}")


def test_coinbase_missing__deposit_will_be_refunded_or_stalls__nothing():
    facts = staked(3600, coinbases={ALICE: None})
    fails = attrs.evolve(facts.attesters[ALICE], fails_because="its key is taken", activation_at=None)
    stalls = attrs.evolve(facts.attesters[ALICE], activation_at=None)
    for own in (fails, stalls):
        assert found(attrs.evolve(facts, attesters={ALICE: own})) == ()


def test_coinbase_missing__has_left__nothing():
    story = delegate(Story().registered().listed(ALICE, KEYS[0]), ALICE, SPLIT)
    story.activated(ALICE, NEW).leaves(ALICE, STAKE, NEW)
    assert found(facts_of(story, coinbases={ALICE: None})) == ()


def test_coinbase_wrong__another_than_the_rule__is_told():
    (condition,) = found(staked(coinbases={ALICE: CAROL}))
    assert (condition.name, condition.target) == ("coinbase-wrong", f"attester:{ALICE}")
    assert f"to {CAROL}; by the rule they should go to {SPLIT}" in condition.summary
    assert found(staked(coinbases={ALICE: CAROL}), coinbase=read_coinbase_rule(CAROL)) == ()
    assert (
        found(staked(coinbases={ALICE: CAROL}), coinbase=read_coinbase_rule("map"), coinbases={BOB: CAROL})
        == ()
    )


def test_coinbase_zero__is_critical__and_no_drift_besides():
    (condition,) = found(staked(coinbases={ALICE: ZERO_ADDRESS}))
    assert notices((condition,)) == [("critical", "Coinbase is the zero address")]
    assert condition.name == "coinbase-zero"


@pytest.mark.parametrize("owner", [CAROL, None], ids=["owned", "no-split"])
def test_split__somebody_can_change_it__is_critical(owner):
    (condition,) = found(staked(owner=owner))
    assert (condition.name, condition.parameters["severity"]) == ("split-owned", "critical")


# --------------------------------------------------------------------------- the rules of all


def against(**changes):
    return RoundAgainst(
        **{
            "rollup_version": 1,
            "proposer": PAYER,
            "round": 7,
            "attester": ALICE,
            "votes": 0,
            "quorum": 65,
            "amount_wei": 0,
            "executable_at": 1_700_000_000,
            "expires_at": 1_700_086_400,
        }
        | changes
    )


@pytest.mark.parametrize(("votes", "count"), [(32, 0), (33, 1), (65, 1)], ids=str)
def test_votes__half_of_a_quorum__warns(votes, count):
    conditions = found(staked(rounds=(against(votes=votes),)))
    assert len(conditions) == count
    for each in conditions:
        assert f"{votes} votes of slashing round 7" in each.summary
        assert each.target == f"attester:{ALICE}#{PAYER}/7"


def test_slash__decided__is_critical_with_all_that_it_takes():
    rounds = (against(amount_wei=2_000 * TOKEN), against(amount_wei=5_000 * TOKEN))
    (condition,) = found(staked(rounds=rounds))
    assert (condition.name, condition.parameters["severity"]) == ("slash-decided", "critical")
    assert f"takes 7,000 AZTEC from attester {ALICE} of provider 1" in condition.summary
    assert "from 2023-11-14 22:13:20 UTC until 2023-11-15 22:13:20 UTC" in condition.summary


def test_offense__seen_by_our_node__is_told_once_for_each_attester():
    offenses = tuple(
        SlashOffense(attester=ALICE, amount_wei=2_000 * TOKEN, offense_type=3, epoch_or_slot=epoch)
        for epoch in (5, 6)
    )
    (condition,) = found(staked(offenses=offenses))
    assert condition.name == "offense-seen"
    assert "4,000 AZTEC in all" in condition.summary


@pytest.mark.parametrize("state", ProposalState)
def test_proposal__that_waits_for_somebody__is_told(state):
    conditions = found(staked(proposals={4: state}))
    waits = state in (ProposalState.ACTIVE, ProposalState.QUEUED, ProposalState.EXECUTABLE)
    assert [(each.name, each.target) for each in conditions] == (
        [(f"proposal-{state.value}", "proposal:4")] if waits else []
    )


# --------------------------------------------------------------------------- the table


def everything():
    """Facts in which every condition holds at one place or another."""
    waiting = staked(3600, coinbases={ALICE: None}, owner=CAROL)
    own = attrs.evolve(waiting.attesters[ALICE], attester=BOB)
    return attrs.evolve(
        waiting,
        attesters={
            ALICE: waiting.attesters[ALICE],
            BOB: attrs.evolve(own, split_owner=ZERO_ADDRESS),
            SAFE: attrs.evolve(own, attester=SAFE, split=None),
        },
        coinbases={ALICE: None, BOB: WALLET, CAROL: ZERO_ADDRESS},
        publishers={PAYER: 0},
        prepared=PreparedKeys(path=FILE, fresh=KEYS[:1]),
        providers={1: attrs.evolve(waiting.providers[1], keys_queued=0)},
        rounds=(against(votes=60), against(amount_wei=TOKEN, round=6)),
        offenses=(SlashOffense(attester=ALICE, amount_wei=1, offense_type=3, epoch_or_slot=1),),
        proposals=dict(enumerate(ProposalState)),
    )


def settings_of_everything(**changes):
    return settings_of(
        safe=SAFE,
        registration_file=FILE,
        provider_admin=OWNER,
        provider_take_rate=1,
        provider_rewards_recipient=WALLET,
        **changes,
    )


def test_names__are_all_there_are():
    broken = attrs.evolve(everything(), prepared=None, troubles={"registration_file": "gone"})
    absent = facts_of(Story(), provider_ids=(), created_ids=())
    names = {
        each.name
        for facts in (everything(), broken, absent)
        for each in conditions_of(facts, settings_of_everything())
    }
    assert names == set(CONDITION_NAMES)


def test_conditions__each_once_and_readable():
    conditions = conditions_of(everything(), settings_of_everything())
    assert len({each.key for each in conditions}) == len(conditions) > 15
    for each in conditions:
        assert read_parameters(each.kind, each.parameters).to_json() == each.parameters
        assert each.summary.endswith(".")


def test_conditions__what_they_are_known_by__does_not_change_with_the_block():
    facts = everything()
    later = attrs.evolve(
        facts, block=attrs.evolve(facts.block, number=501, hash="0x" + "cd" * 32, timestamp=NOW + 1)
    )
    keys_now, keys_later = (
        [each.key for each in conditions_of(each_of, settings_of_everything())] for each_of in (facts, later)
    )
    assert keys_now == keys_later


def test_quiet__silences_the_notice_and_not_the_action():
    conditions = conditions_of(everything(), settings_of_everything(quiet=("publisher-low",)))
    assert [each.kind for each in conditions if each.name == "publisher-low"] == [ActionKind.TOP_UP]


def test_table__says_what_each_line_is_about():
    assert len(set(CONDITIONS)) == len(CONDITIONS)
    for finder in CONDITIONS:
        assert inspect.getdoc(finder)
