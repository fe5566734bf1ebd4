"""Where rewards go, against where they should: every verdict, and who comes first."""

from __future__ import annotations

import json

import pytest
from staking_states import delegate, state_of
from staking_story import ALICE, BOB, CAROL, NEW, OWNER, Story, account

from aztec_butler import CheckFailed, InputError, NotFoundError
from aztec_butler.core.coinbase_check import (
    PROBLEMS,
    CoinbaseVerdict,
    check_coinbases,
    check_question,
    configured_coinbases,
    parse_policy,
    read_coinbases,
    standing_splits,
)
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.keystores.checks import CheckedSet
from aztec_butler.core.keystores.coinbase_policy import CoinbasePolicy
from aztec_butler.core.keystores.faults import Fault, found
from aztec_butler.core.keystores.public import CoinbaseFrom, PublicAttester, PublicSet
from aztec_butler.core.lifecycle import Lifecycle

EPOCH = 2304
NOW = 1000 * EPOCH
DAVE, ERIN, WALLET = (parse_address(account(number)) for number in (31, 32, 33))
SPLITS = {each: account(50 + place) for place, each in enumerate((ALICE, BOB, CAROL))}


def story() -> Story:
    """Alice validates for provider 1, Bob waits for it; Carol is listed; Dave staked himself; Erin left."""
    told = Story().registered().registered(provider_id=2).listed(ALICE, BOB, CAROL)
    for attester in (ALICE, BOB):
        delegate(told, attester, SPLITS[attester])
        if attester == ALICE:
            told.activated(ALICE, NEW)
    return told.queued(DAVE, NEW)


def check(configured, *arguments, told=None, **options):
    """Findings by attester: of provider 1, and of those alone that are configured, unless a provider is named."""
    state = state_of(told or story(), take_rates_bps=(500, 500), now_at=NOW)
    found = check_coinbases(state, configured, *arguments, **{"provider_id": 1} | options)
    wanted = None if "provider_id" in options else {parse_address(each) for each in configured}
    return {each.attester: each for each in found if wanted is None or each.attester in wanted}


def verdicts(configured, *arguments, **options):
    return {
        attester: each.verdict.value for attester, each in check(configured, *arguments, **options).items()
    }


@pytest.mark.parametrize(
    ("attester", "configured", "verdict"),
    [
        (ALICE, None, "missing"),
        (ALICE, ALICE, "missing"),
        (ALICE, WALLET, "wrong"),
        (ALICE, ZERO_ADDRESS, "wrong"),
        (ALICE, SPLITS[ALICE], "right"),
        (ALICE, SPLITS[ALICE].lower(), "right"),
        (ALICE, SPLITS[BOB], "wrong"),
        (BOB, None, "missing"),
        (BOB, SPLITS[BOB], "right"),
        (CAROL, None, "idle"),  # nobody has staked on it, so there is no split
        (CAROL, WALLET, "idle"),
        (DAVE, None, "missing"),
        (DAVE, WALLET, "no-rule"),
        (DAVE, ZERO_ADDRESS, "wrong"),
        (ERIN, None, "idle"),
    ],
)
def test_split__each_case__has_its_verdict(attester, configured, verdict):
    assert verdicts({attester: configured}) == {attester: verdict}


def test_standing_splits__a_stranger_stakes_on_somebody_elses_attester__changes_nothing():
    told = story().listed(ALICE, BOB, provider_id=2)
    delegate(told, ALICE, WALLET, provider_id=2)  # waits, to be refunded: Alice is in the set
    delegate(told, BOB, WALLET, provider_id=2)  # behind Bob's own deposit, so it will be refunded too
    state = state_of(told, take_rates_bps=(500, 10_000), now_at=NOW)
    own = {ALICE: SPLITS[ALICE], BOB: SPLITS[BOB]}
    assert standing_splits(state, [ALICE, BOB, CAROL, DAVE]) == own
    assert standing_splits(state, [ALICE, BOB], provider_id=1) == own
    assert standing_splits(state, [ALICE, BOB], provider_id=2) == {}


def test_standing_splits__a_stranger_was_first__counts_for_his_provider_only():
    told = story().listed(CAROL, provider_id=2)
    delegate(told, CAROL, WALLET, provider_id=2)  # with Carol's public registration, and his own money
    state = state_of(told, take_rates_bps=(500, 10_000), now_at=NOW)
    assert standing_splits(state, [CAROL], provider_id=1) == {}
    assert standing_splits(state, [CAROL], provider_id=2) == {CAROL: WALLET}


def test_findings__tell_times_and_reasons():
    found = check({ALICE: None, BOB: None, DAVE: WALLET, CAROL: None})
    assert (found[ALICE].activates_in_seconds, found[ALICE].activation_at) == (0, None)
    assert found[BOB].activation_at == NOW
    assert found[BOB].expected == SPLITS[BOB]
    assert (found[DAVE].lifecycle, found[DAVE].expected) == (Lifecycle.ENTRY_QUEUED, None)
    assert found[CAROL].activates_in_seconds is None
    assert [found[each].reason for each in (ALICE, DAVE, CAROL)] == [
        "split of its delegation",
        "no rule: staked directly",
        "nobody has staked on it",
    ]


def test_findings__order__missing_soonest_first_then_wrong_then_unknown_then_the_rest():
    told = story()
    late = [account(600 + number) for number in range(4)]
    for attester in late:
        told.queued(attester, NEW)
    # Two are let in each epoch: Bob and Dave now, the others in the next two epochs.
    configured = {late[3]: None, late[0]: None, DAVE: ZERO_ADDRESS, ALICE: None, CAROL: None, late[1]: WALLET}
    found = list(check(configured, told=told, provider_id=1).values())
    assert [(each.attester, each.verdict.value, each.activates_in_seconds) for each in found] == [
        (ALICE, "missing", 0),
        (late[0], "missing", EPOCH),
        (late[3], "missing", 2 * EPOCH),
        (DAVE, "wrong", 0),
        (BOB, "unknown", 0),
        (late[1], "no-rule", EPOCH),
        (CAROL, "idle", None),
    ]


def test_provider__its_attesters_that_are_nowhere__are_unknown():
    assert verdicts({}, provider_id=1) == {ALICE: "unknown", BOB: "unknown"}
    assert verdicts({ALICE: None}, provider_id=2) == {ALICE: "missing"}  # its delegation does not count
    assert check({ALICE: WALLET}, provider_id=2)[ALICE].reason == "no rule for provider 1"
    for number in (0, 3):
        with pytest.raises(NotFoundError):
            check({}, provider_id=number)


def test_wallet__one_address_for_all__those_that_nobody_staked_on_included():
    found = verdicts(
        {ALICE: WALLET, BOB: None, CAROL: SPLITS[ALICE], DAVE: WALLET}, CoinbasePolicy.WALLET, wallet=WALLET
    )
    assert found == {BOB: "missing", CAROL: "wrong", ALICE: "right", DAVE: "right"}


def test_overrides__win__and_may_name_the_attester_itself():
    rules = {"overrides": {ALICE: WALLET, DAVE: DAVE}}
    assert verdicts({ALICE: WALLET, BOB: None, DAVE: None}, **rules) == {
        ALICE: "right",
        BOB: "missing",
        DAVE: "right",
    }
    kept = verdicts({ALICE: SPLITS[ALICE], BOB: WALLET}, CoinbasePolicy.KEEP, overrides={ALICE: WALLET})
    assert kept == {ALICE: "wrong", BOB: "no-rule"}


def test_split__of_a_stake_that_will_be_refunded__is_not_expected():
    told = story().listed(ALICE)
    delegate(told, CAROL, SPLITS[CAROL])
    delegate(told, ALICE, account(70))  # her key was listed twice, and somebody stakes on it in vain
    assert check({ALICE: SPLITS[ALICE]}, told=told)[ALICE].verdict is CoinbaseVerdict.RIGHT


def test_gone__whatever_is_configured__is_idle():
    told = story().leaves(ALICE, at=NEW)
    assert check({ALICE: WALLET}, told=told)[ALICE].verdict is CoinbaseVerdict.IDLE
    assert verdicts({}, told=told, provider_id=1) == {BOB: "unknown"}


def test_waiting__deposit_that_fails__is_idle():
    told = story().queued(ALICE, NEW)
    assert check({ALICE: SPLITS[ALICE]}, told=told)[ALICE].verdict is CoinbaseVerdict.RIGHT
    bob_again = {"key_of": {BOB: (int(ALICE, 16), 2)}}
    state = state_of(story(), take_rates_bps=(500, 500), now_at=NOW, **bob_again)
    found = next(each for each in check_coinbases(state, {BOB: None}, provider_id=1) if each.attester == BOB)
    assert (found.verdict, found.reason) == (CoinbaseVerdict.IDLE, "its deposit will be refunded")


def test_problems__are_the_first_verdicts():
    assert tuple(CoinbaseVerdict)[: len(PROBLEMS)] == PROBLEMS


@pytest.mark.parametrize(
    ("policy", "options"),
    [
        ("wallet", {}),
        ("split", {"wallet": WALLET}),
        ("wallet", {"wallet": ZERO_ADDRESS}),
        ("split", {"overrides": {ALICE: ZERO_ADDRESS}}),
        ("split", {"overrides": {"0x12": WALLET}}),
    ],
)
def test_policy__that_contradicts_itself__is_refused_before_a_chain_is_asked(policy, options):
    with pytest.raises(InputError):
        check_question({ALICE: None}, parse_policy(policy), **{"provider_id": 1} | options)


def test_policy__unknown_word__is_refused_with_the_words():
    with pytest.raises(InputError) as caught:
        parse_policy("both")
    assert "split, wallet, keep" in str(caught.value)


# --------------------------------------------------------------------------- what is configured


def test_read__addresses_and_null__are_taken():
    text = json.dumps({ALICE.lower(): WALLET.lower(), BOB: None, CAROL: ZERO_ADDRESS})
    assert read_coinbases(text) == {ALICE: WALLET, BOB: None, CAROL: ZERO_ADDRESS}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"0x12": null}',
        json.dumps({ALICE: 5}),
        json.dumps({ALICE: "0x" + "11" * 32}),
        f'{{"{ALICE}": null, "{ALICE.lower()}": null}}',
    ],
)
def test_read__anything_else__is_refused_and_not_quoted(text):
    with pytest.raises(InputError) as caught:
        read_coinbases(text)
    assert "11" * 32 not in str(caught.value)


def public(attester, coinbase, source):
    return PublicAttester(
        attester=attester,
        coinbase=coinbase,
        coinbase_from=source,
        fee_recipient=None,
        publishers=(),
        pays_itself=True,
        has_bls=True,
        bls_mark=None,
        registration=None,
        file="a.json",
        path="validators[0]",
    )


def checked(attesters, *faults):
    return CheckedSet(
        readings=(),
        means=None,
        public=PublicSet(attesters=attesters, findings=()),
        findings=tuple(found(fault, file="a.json") for fault in faults),
    )


def test_configured__of_keystores__the_attester_itself_is_none():
    keystores = checked(
        (
            public(ALICE, ALICE, CoinbaseFrom.ATTESTER),
            public(BOB, WALLET, CoinbaseFrom.DEFAULT),
            public(CAROL, OWNER, CoinbaseFrom.VALIDATOR),
        ),
        Fault.ZERO_COINBASE,
    )
    assert configured_coinbases(keystores) == {ALICE: None, BOB: WALLET, CAROL: OWNER}
    with pytest.raises(InputError, match="not known"):
        configured_coinbases(checked((public(None, None, CoinbaseFrom.ATTESTER),)))


def test_configured__of_keystores_with_other_problems__is_refused():
    for fault in (Fault.UNREADABLE, Fault.DUPLICATE_ATTESTER):
        with pytest.raises(CheckFailed):
            configured_coinbases(checked((), fault))


def test_question__about_nobody__is_refused():
    with pytest.raises(InputError, match="no attester"):
        check({}, CoinbasePolicy.KEEP, provider_id=None)


def test_question__of_splits_without_a_provider__is_refused():
    with pytest.raises(InputError, match="needs the provider"):
        check({ALICE: None}, provider_id=None)


def test_split__of_a_stranger_who_staked_on_our_attester__is_never_expected():
    told = story().listed(ERIN, provider_id=2)
    delegate(told, ERIN, account(80), provider_id=2)  # somebody's own provider, and our key
    found = check({ERIN: account(80)}, told=told)[ERIN]
    assert (found.expected, found.verdict) == (None, CoinbaseVerdict.UNRULED)
    assert found.reason == "no rule for provider 2"
