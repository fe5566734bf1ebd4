from __future__ import annotations

import pytest
from staking_states import OPEN_QUEUE, delegate, state_of
from staking_story import ALICE, BOB, CAROL, NEW, OWNER, Story, account

from aztec_butler.exporter.checkpoint_coinbases import ProposedCoinbase
from aztec_butler.exporter.collectors import coinbases
from aztec_butler.exporter.collectors.coinbases import activations_of, attesters_on_duty, missing_coinbases
from aztec_butler.exporter.ours import Ours

EPOCH = 2304
SPLIT, OTHER = account(50), account(51)


def delegated() -> Story:
    """ALICE validates and BOB waits, both through provider 1; CAROL validates and was staked directly."""
    story = Story().registered().listed(ALICE, BOB)
    delegate(story, ALICE, SPLIT)
    story.queued(CAROL, NEW).activated(ALICE, NEW).activated(CAROL, NEW)
    return delegate(story, BOB, OTHER)


def found(ours, story=None, proposed=None, **changes):
    state = state_of(story or delegated(), **changes)
    own = ours.find(state)
    on_duty = attesters_on_duty(state, own)
    return coinbases.samples(
        state,
        ours,
        own,
        on_duty=on_duty,
        activations=activations_of(state, missing_coinbases(ours, on_duty), Times()),
        proposed=proposed or {},
    )


class Times:
    def of(self, places):
        return [place.block_number * 10 for place in places]


def test_missing__keystores_without_a_coinbase__and_when_it_matters():
    samples = found(Ours(coinbases={ALICE: None, BOB: None, CAROL: OWNER}))
    assert samples[coinbases.MISSING] == {(ALICE,): 1, (BOB,): 1, (CAROL,): 0}
    assert samples[coinbases.MISSING_COUNT] == {(): 2}
    # ALICE was activated by the seventh log; BOB is next, at once.
    assert samples[coinbases.MISSING_ACTIVATION_AT] == {(ALICE,): 70, (BOB,): 1000 * EPOCH}


def test_missing__an_attester_in_no_keystore__is_not_known_and_counted_so():
    samples = found(Ours(provider_ids=(1,), coinbases={ALICE: SPLIT}))
    assert samples[coinbases.MISSING] == {(ALICE,): 0}
    assert samples[coinbases.UNKNOWN_COUNT] == {(): 1}
    assert samples[coinbases.MISSING_COUNT] == {(): 0}


def test_missing__nobody_has_staked_on_the_key__is_nothing_to_miss():
    story = Story().registered().listed(ALICE)
    samples = found(Ours(coinbases={ALICE: None, BOB: None}), story)
    assert samples[coinbases.MISSING] == {}
    assert samples[coinbases.MISSING_COUNT] == samples[coinbases.UNKNOWN_COUNT] == {(): 0}


def test_missing__a_deposit_that_will_fail__is_nothing_to_miss():
    samples = found(Ours(coinbases={BOB: None}), key_of={BOB: (int(ALICE, 16), 2)})
    assert samples[coinbases.MISSING] == {}


def test_missing__a_closed_queue__is_told_without_a_time():
    samples = found(Ours(coinbases={BOB: None}), queue=OPEN_QUEUE | {"least": 0})
    assert samples[coinbases.MISSING] == {(BOB,): 1}
    assert samples[coinbases.MISSING_ACTIVATION_AT] == {}


@pytest.mark.parametrize(("configured", "drift"), [(SPLIT, 0), (SPLIT.lower(), 0), (OTHER, 1), (ALICE, 1)])
def test_drift__configured_against_the_split__is_told(configured, drift):
    samples = found(Ours(coinbases={ALICE: configured}))
    assert samples[coinbases.DRIFT] == {(ALICE,): drift}
    assert samples[coinbases.DRIFTING_COUNT] == {(): drift}


def test_drift__no_coinbase_or_no_split__is_not_told():
    samples = found(Ours(coinbases={ALICE: None, CAROL: OWNER}))
    assert samples[coinbases.DRIFT] == {}
    assert samples[coinbases.DRIFTING_COUNT] == {(): 0}


@pytest.mark.parametrize(
    ("attester", "configured", "proposed", "expected"),
    [
        (ALICE, SPLIT, SPLIT, 0),
        (ALICE, OTHER, SPLIT, 0),  # the node was not told yet of a wrong coinbase
        (ALICE, SPLIT, ALICE, 1),
        (ALICE, None, ALICE, 1),
        (CAROL, OWNER, OWNER, 0),
        (CAROL, OWNER, CAROL, 1),
        (CAROL, None, CAROL, None),  # nothing is expected
        (ALICE, SPLIT, None, None),  # the transaction cannot be read
    ],
)
def test_checkpoint_drift__expected_against_proposed__is_told(attester, configured, proposed, expected):
    last = {attester: ProposedCoinbase(coinbase=proposed, proposed_at=77)}
    samples = found(Ours(coinbases={attester: configured}), proposed=last)
    assert samples[coinbases.CHECKPOINT_DRIFT] == ({} if expected is None else {(attester,): expected})
    assert samples[coinbases.CHECKPOINT_AT] == ({} if expected is None else {(attester,): 77})


def test_checkpoint_drift__no_keystore_but_a_split__is_told():
    last = {ALICE: ProposedCoinbase(coinbase=OTHER, proposed_at=77)}
    assert found(Ours(provider_ids=(1,)), proposed=last)[coinbases.CHECKPOINT_DRIFT] == {(ALICE,): 1}


def test_counts__beyond_the_cap__are_of_all():
    samples = found(Ours(coinbases={ALICE: None, BOB: None}, cap=1))
    assert len(samples[coinbases.MISSING]) == 1
    assert samples[coinbases.MISSING_COUNT] == {(): 2}
