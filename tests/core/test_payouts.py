"""Payouts: two settlements of a mainnet provider to the byte, and the rule's properties."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.calldata.tokens import approve
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.networks import MULTICALL3_ADDRESS
from aztec_butler.core.payouts import (
    PayoutCheckpoint,
    PayoutDelegation,
    PayoutTerms,
    payout_calls,
    settle,
)

DATA = Path(__file__).parent / "data"
SETTLEMENTS = sorted(path.name for path in DATA.glob("settlement_*.json"))
WALLET, OTHER, TOKEN = (f"0x{digit * 40}" for digit in "123")
TERMS = PayoutTerms(checkpoint_reward_wei=500 * 10**18, sequencer_bps=7_000)


def address(number: int) -> str:
    return f"0x{number:040d}"


def checkpoint(number: int, attester: int, coinbase: str = WALLET) -> PayoutCheckpoint:
    return PayoutCheckpoint(
        number=number,
        slot=number,
        block_number=number,
        transaction_hash=f"0x{number:064x}",
        attester=address(attester),
        coinbase=coinbase,
    )


def delegation(attester: int, delegator: int, commission_bps: int = 0) -> PayoutDelegation:
    return PayoutDelegation(
        attester=address(attester), delegator=address(delegator), commission_bps=commission_bps
    )


# --------------------------------------------------------------------------- mainnet


@pytest.fixture(params=SETTLEMENTS)
def facts(request):
    return json.loads((DATA / request.param).read_text())


def settled(facts):
    delegations = [
        PayoutDelegation(attester=attester, delegator=delegator, commission_bps=facts["commission_bps"])
        for attester, delegator in facts["delegations"]
    ]
    checkpoints = [
        attrs.evolve(
            checkpoint(number, 0, facts["wallet"]), block_number=block, attester=delegations[place].attester
        )
        for number, block, place in facts["checkpoints"]
    ]
    terms = PayoutTerms(
        checkpoint_reward_wei=int(facts["checkpoint_reward_wei"]), sequencer_bps=facts["sequencer_bps"]
    )
    assert terms.sequencer_reward_wei == int(facts["sequencer_reward_wei"])
    return settle(checkpoints, delegations, terms, wallet=facts["wallet"])


def test_settlements__there_are_two():
    assert len(SETTLEMENTS) == 2


def test_settle__mainnet__every_amount_to_the_wei(facts):
    found = settled(facts)
    assert [
        [each.delegator, each.checkpoints, str(each.reward_wei), str(each.amount_wei)]
        for each in found.transfers
    ] == facts["transfers"]
    assert found.checkpoints == len(facts["checkpoints"])
    assert (found.reward_wei, found.forwarded_wei, found.commission_wei) == tuple(
        int(facts[name]) for name in ("reward_wei", "forwarded_wei", "commission_wei")
    )


def test_payout_calls__mainnet__every_byte(facts):
    calls = payout_calls(settled(facts).transfers, token=facts["token"])
    assert [[call.to, str(call.value_wei), to_hex(call.data)] for call in calls] == facts["calls"]


# --------------------------------------------------------------------------- the rule


@st.composite
def windows(draw):
    """Checkpoints, delegations with commissions of their own, and a reward that divides badly."""
    count = draw(st.integers(1, 12))
    delegations = [
        delegation(1_000 + place, draw(st.integers(1, 5)), draw(st.integers(0, 10_000)))
        for place in range(count)
    ]
    proposers = draw(st.lists(st.integers(0, count - 1), max_size=60))
    coinbases = draw(
        st.lists(st.sampled_from([WALLET, OTHER]), min_size=len(proposers), max_size=len(proposers))
    )
    checkpoints = [
        checkpoint(number, 1_000 + place, coinbase)
        for number, (place, coinbase) in enumerate(zip(proposers, coinbases, strict=True), 1)
    ]
    terms = PayoutTerms(
        checkpoint_reward_wei=draw(st.integers(0, 10**24)), sequencer_bps=draw(st.integers(0, 10_000))
    )
    return checkpoints, delegations, terms


@given(windows())
def test_settle__any_window__transfers_and_commission_are_the_reward(window):
    checkpoints, delegations, terms = window
    found = settle(checkpoints, delegations, terms, wallet=WALLET)
    assert sum(each.amount_wei for each in found.transfers) == found.forwarded_wei
    assert found.forwarded_wei + found.commission_wei == found.reward_wei
    assert found.reward_wei == terms.sequencer_reward_wei * found.checkpoints
    assert found.checkpoints + found.passed_over == len(checkpoints)
    for each in found.transfers:
        assert each.amount_wei + each.commission_wei == each.reward_wei
        assert 0 <= each.amount_wei <= each.reward_wei


@given(windows())
def test_settle__any_window__less_than_a_wei_is_lost_for_each_commission(window):
    checkpoints, delegations, terms = window
    found = settle(checkpoints, delegations, terms, wallet=WALLET)
    of = {each.attester: each for each in delegations}
    for each in found.transfers:
        mine = [
            of[c.attester].commission_bps
            for c in checkpoints
            if c.coinbase == WALLET and of[c.attester].delegator == each.delegator
        ]
        exact = sum(terms.sequencer_reward_wei * (10_000 - bps) for bps in mine)
        assert 0 <= exact - 10_000 * each.amount_wei < 10_000 * len(set(mine))


@given(windows(), st.randoms())
def test_settle__checkpoints_in_another_order__the_same(window, dice):
    checkpoints, delegations, terms = window
    found = settle(checkpoints, delegations, terms, wallet=WALLET)
    dice.shuffle(checkpoints)
    assert settle(checkpoints, delegations, terms, wallet=WALLET) == found


def test_settle__dust__is_rounded_once_for_a_delegator_and_kept():
    terms = PayoutTerms(checkpoint_reward_wei=101, sequencer_bps=10_000)
    found = settle(
        [checkpoint(1, 1), checkpoint(2, 2), checkpoint(3, 1)],
        [delegation(1, 7, 500), delegation(2, 7, 500)],
        terms,
        wallet=WALLET,
    )
    (only,) = found.transfers
    assert (only.checkpoints, only.attesters, only.reward_wei) == (3, 2, 303)
    assert (only.amount_wei, only.commission_wei) == (287, 16)  # 303 * 0.95 = 287.85; 3 * 95 would be 285


def test_settle__terms_of_each_delegation__are_kept_apart():
    found = settle(
        [checkpoint(1, 1), checkpoint(2, 2)],
        [delegation(1, 7, 500), delegation(2, 7, 2_500)],
        TERMS,
        wallet=WALLET,
    )
    assert found.transfers[0].amount_wei == (332_500 + 262_500) * 10**15


def test_settle__other_coinbase__does_not_count():
    found = settle([checkpoint(1, 1), checkpoint(2, 1, OTHER)], [delegation(1, 7)], TERMS, wallet=WALLET)
    assert (found.checkpoints, found.passed_over, found.reward_wei) == (1, 1, 350 * 10**18)


def test_settle__order__is_that_of_the_delegations():
    found = settle(
        [checkpoint(1, 3), checkpoint(2, 1), checkpoint(3, 2)],
        [delegation(1, 9), delegation(2, 8), delegation(3, 9), delegation(4, 7)],
        TERMS,
        wallet=WALLET,
    )
    assert [each.delegator for each in found.transfers] == [address(9), address(8)]


@pytest.mark.parametrize(
    ("checkpoints", "delegations", "told"),
    [
        ([checkpoint(1, 1), checkpoint(1, 1)], [delegation(1, 7)], "twice"),
        ([checkpoint(1, 2)], [delegation(1, 7)], "without a delegation"),
        ([], [delegation(1, 7), delegation(1, 8)], "two delegations"),
        ([], [delegation(1, 7, 10_001)], "more than the whole"),
        ([], [delegation(1, 0)], "nobody"),
    ],
    ids=["twice", "stranger", "two", "commission", "nobody"],
)
def test_settle__input_that_cannot_be__is_refused(checkpoints, delegations, told):
    with pytest.raises(InputError, match=told):
        settle(checkpoints, delegations, TERMS, wallet=WALLET)


def test_payout_calls__whole_commission__nothing_is_sent():
    found = settle([checkpoint(1, 1)], [delegation(1, 7, 10_000)], TERMS, wallet=WALLET)
    assert found.commission_wei == found.reward_wei
    assert payout_calls(found.transfers, token=TOKEN) == ()


def test_approve__multicall3__is_refused():
    """Payouts were drained this way: approve(Multicall3), then anybody's aggregate3(transferFrom)."""
    with pytest.raises(InputError, match="everybody can take"):
        approve(MULTICALL3_ADDRESS, 1, token=TOKEN)
