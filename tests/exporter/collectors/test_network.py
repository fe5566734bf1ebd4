from __future__ import annotations

from staking_states import delegate, state_of
from staking_story import ALICE, BOB, CAROL, NEW, Story, account

from aztec_butler.core.concentration import HALF, committee_threshold
from aztec_butler.exporter.collectors import network


def found(story):
    return network.samples(state_of(story).by_attester.values(), [HALF, committee_threshold(48)])


def test_samples__two_of_a_provider_and_one_without__by_every_kind_of_holder():
    story = Story().registered().listed(ALICE, BOB).queued(CAROL, NEW)
    delegate(story, ALICE, account(50))
    delegate(story, BOB, account(51))
    for attester in (CAROL, ALICE, BOB):
        story.activated(attester, NEW)
    samples = found(story)
    # All three have one withdrawer; CAROL has no provider and counts by it.
    assert samples[network.ENTITIES] == {("attester",): 3, ("withdrawer",): 1, ("provider",): 2}
    assert samples[network.NAKAMOTO] == {
        ("attester", "half"): 2,
        ("attester", "committee_quorum"): 3,
        ("withdrawer", "half"): 1,
        ("withdrawer", "committee_quorum"): 1,
        ("provider", "half"): 1,
        ("provider", "committee_quorum"): 2,
    }
    assert samples[network.HHI] == {("attester",): 1 / 3, ("withdrawer",): 1.0, ("provider",): 5 / 9}
    assert samples[network.EFFECTIVE]["provider",] == 9 / 5
    assert samples[network.GINI] == {("attester",): 0.0, ("withdrawer",): 0.0, ("provider",): 1 / 6}
    assert samples[network.TOP_SHARE]["provider", "1"] == 2 / 3
    assert samples[network.TOP_SHARE]["attester", "10"] == 1.0


def test_samples__those_who_wait_or_left__do_not_count():
    story = Story().queued(ALICE, NEW).queued(BOB, NEW).queued(CAROL, NEW).activated(ALICE, NEW)
    story.activated(BOB, NEW).leaves(BOB, at=NEW)
    assert found(story)[network.ENTITIES]["attester",] == 1


def test_samples__nobody_validates__there_is_no_concentration():
    samples = found(Story().queued(ALICE, NEW))
    assert samples[network.ENTITIES] == {("attester",): 0, ("withdrawer",): 0, ("provider",): 0}
    assert not any(values for metric, values in samples.items() if metric is not network.ENTITIES)
