from __future__ import annotations

from types import SimpleNamespace

import attrs
from staking_states import state_of
from staking_story import ALICE, BOB, CAROL, LOCAL, NEW, OWNER, STAKE, TOKEN, Story, account

from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.exporter.collectors import rollup
from aztec_butler.exporter.ours import SERIES_CAPPED, Ours
from aztec_butler.serving.exposition import page, sample_lines

NOBODY = Ours()


def found(story, ours=NOBODY, **tips):
    state = state_of(story)
    return rollup.samples(state, ours.find(state), **({"pending": 9, "proven": 7, "can_prune": False} | tips))


STORY = (
    Story()
    .queued(ALICE, NEW)
    .queued(BOB, NEW)
    .queued(CAROL, NEW)
    .activated(ALICE, NEW)
    .activated(BOB, NEW)
    .slashed(ALICE, TOKEN, NEW)
    .leaves(BOB, at=NEW)
)


def test_attesters__any_story__have_every_state():
    for story in (Story(), STORY):
        samples = found(story, Ours(attesters=(ALICE,)))
        states = {(each.value,) for each in Lifecycle}
        assert set(samples[rollup.ATTESTERS]) == set(samples[rollup.OWN_ATTESTERS]) == states
        assert sum(samples[rollup.OWN_ATTESTERS].values()) == 1
    assert {key[0]: count for key, count in samples[rollup.ATTESTERS].items() if count} == {
        "validating": 1,
        "entry-queued": 1,
        "exiting": 1,
    }


def test_amounts__of_the_set__are_whole_tokens():
    samples = found(STORY)
    assert samples[rollup.STAKE] == {(): 199_999.0}
    assert samples[rollup.EXITING] == {(): 200_000.0}
    assert samples[rollup.LOCAL_EJECTION_THRESHOLD] == {(): LOCAL / TOKEN}
    assert samples[rollup.ACTIVATION_THRESHOLD] == {(): STAKE / TOKEN}


def test_clock__of_the_canonical_rollup__is_that_of_the_block():
    samples = found(STORY)
    assert (samples[rollup.EPOCH], samples[rollup.SLOT]) == ({(): 1000}, {(): 32_000})
    assert samples[rollup.CANONICAL_INFO] == {("1", NEW): 1}
    assert samples[rollup.PRUNE_POSSIBLE] == {(): 0}
    assert found(STORY, can_prune=True)[rollup.PRUNE_POSSIBLE] == {(): 1}


def test_own_attesters__one_that_no_contract_knows__was_never_registered():
    samples = found(STORY, Ours(attesters=(OWNER, BOB)))
    assert samples[rollup.ATTESTER_STATE][OWNER, "never-registered"] == 1
    assert samples[rollup.ATTESTER_STATE][BOB, "exiting"] == 1
    assert samples[rollup.ATTESTER_STATE][BOB, "validating"] == 0
    assert samples[rollup.ATTESTER_STAKE] == {(OWNER,): 0.0, (BOB,): 0.0}


def test_own_attesters__more_than_the_cap__those_with_duties_are_shown_and_all_are_counted():
    ours = Ours(attesters=(OWNER, BOB, CAROL, ALICE), cap=2)
    samples = found(STORY, ours)
    assert set(samples[rollup.ATTESTER_STAKE]) == {(ALICE,), (CAROL,)}
    assert sum(samples[rollup.OWN_ATTESTERS].values()) == 4
    assert samples[SERIES_CAPPED] == {("attester",): 2}
    assert found(STORY, Ours(attesters=(ALICE,), cap=1))[SERIES_CAPPED] == {("attester",): 0}


def test_everybody__20_000_attesters__none_is_lost():
    attesters = [account(10_000 + number) for number in range(20_000)]
    row = state_of(Story().queued(ALICE, NEW).activated(ALICE, NEW)).by_attester[ALICE]
    state = SimpleNamespace(by_attester={each: attrs.evolve(row, attester=each) for each in attesters})
    own = Ours(attesters=tuple(attesters[:600]), everybody=True).find(state)
    samples = rollup._own_samples(state, own)
    text = page([sample_lines(samples, network="mainnet")], openmetrics=False).decode()
    stakes = [line for line in text.splitlines() if line.startswith("aztec_butler_attester_stake_aztec{")]
    assert {line.split('"')[3] for line in stakes} == set(attesters)
    assert len(stakes) == 20_000
    assert text.count('state="validating"} 1\n') == 20_000
    assert 'own_attesters{network="mainnet",state="validating"} 600\n' in text
