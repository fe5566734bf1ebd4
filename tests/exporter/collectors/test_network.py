from __future__ import annotations

import pytest
from staking_states import delegate, state_of
from staking_story import ALICE, BOB, CAROL, NEW, STAKING_REGISTRY, Story, account

from aztec_butler.core.concentration import HHI_SCALE
from aztec_butler.core.concentration_figures import LARGEST, ConcentrationTerms, Figures, figure_rows
from aztec_butler.core.concentration_holders import By, holdings_of
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.exporter.collectors import network


def found(story):
    return network.samples(state_of(story).by_attester.values(), ConcentrationTerms(committee_size=48))


def test_samples__two_of_a_provider_and_one_without__by_every_kind_of_holder():
    story = Story().registered().listed(ALICE, BOB).queued(CAROL, NEW)
    delegate(story, ALICE, account(50))
    delegate(story, BOB, account(51))
    for attester in (CAROL, ALICE, BOB):
        story.activated(attester, NEW)
    samples = found(story)
    # All three have one withdrawer; CAROL has neither staker nor provider and counts by it, who staked the others.
    assert samples[network.ENTITIES] == {
        ("attester",): 3,
        ("withdrawer",): 1,
        ("staker",): 1,
        ("provider",): 2,
    }
    told = {
        labels: count
        for labels, count in samples[network.NAKAMOTO].items()
        if labels[1] in ("half", "committee_quorum")
    }
    assert told == {
        ("attester", "half"): 2,
        ("attester", "committee_quorum"): 3,
        ("withdrawer", "half"): 1,
        ("withdrawer", "committee_quorum"): 1,
        ("staker", "half"): 1,
        ("staker", "committee_quorum"): 1,
        ("provider", "half"): 1,
        ("provider", "committee_quorum"): 2,
    }
    assert samples[network.HHI] == {
        ("attester",): 1 / 3,
        ("withdrawer",): 1.0,
        ("staker",): 1.0,
        ("provider",): 5 / 9,
    }
    assert samples[network.EFFECTIVE]["provider",] == 9 / 5
    assert samples[network.GINI] == {
        ("attester",): 0.0,
        ("withdrawer",): 0.0,
        ("staker",): 0.0,
        ("provider",): 1 / 6,
    }
    assert samples[network.TOP_SHARE]["provider", "1"] == 2 / 3
    assert samples[network.TOP_SHARE]["attester", "10"] == 1.0


def test_samples__staked_by_others_than_who_withdraws__count_by_who_staked():
    story = Story().registered().listed(ALICE, BOB)
    for attester, staker in [(ALICE, account(70)), (BOB, account(71))]:
        story.queued(attester, NEW).tell(
            STAKING_REGISTRY,
            "StakedWithProvider",
            same_transaction=True,
            providerIdentifier=1,
            rollupAddress=NEW,
            attester=attester,
            coinbaseSplitContractAddress=account(50),
            stakerImplementation=staker,
        )
        story.activated(attester, NEW)
    samples = found(story)
    assert samples[network.ENTITIES] == {
        ("attester",): 2,
        ("withdrawer",): 1,
        ("staker",): 2,
        ("provider",): 1,
    }


@pytest.mark.parametrize("by", By)
def test_samples__are_the_figures_that_the_command_tells(by):
    story = Story().registered().listed(ALICE, BOB).queued(CAROL, NEW).queued(account(80), NEW)
    delegate(story, ALICE, account(50))
    for attester in (CAROL, account(80), ALICE):
        story.activated(attester, NEW)
    terms = ConcentrationTerms(committee_size=48, slashing_quorum=65, slashing_round_size=128)
    rows = state_of(story).by_attester.values()
    samples = network.samples(rows, terms)
    validating = [row for row in rows if row.lifecycle is Lifecycle.VALIDATING]
    exact = Figures.of(holdings_of(validating, by), terms.thresholds, LARGEST)
    told = [row.value for row in figure_rows(by, exact, terms)]
    assert told == [
        samples[network.ENTITIES][by.value,],
        *(samples[network.NAKAMOTO][by.value, threshold.name] for threshold in terms.thresholds),
        samples[network.HHI][by.value,],
        samples[network.HHI][by.value,] * HHI_SCALE,
        samples[network.EFFECTIVE][by.value,],
        samples[network.GINI][by.value,],
        *(samples[network.TOP_SHARE][by.value, str(size)] for size in LARGEST),
    ]


def test_samples__those_who_wait_or_left__do_not_count():
    story = Story().queued(ALICE, NEW).queued(BOB, NEW).queued(CAROL, NEW).activated(ALICE, NEW)
    story.activated(BOB, NEW).leaves(BOB, at=NEW)
    assert found(story)[network.ENTITIES]["attester",] == 1


def test_samples__nobody_validates__there_is_no_concentration():
    samples = found(Story().queued(ALICE, NEW))
    assert samples[network.ENTITIES] == {(by.value,): 0 for by in By}
    assert not any(values for metric, values in samples.items() if metric is not network.ENTITIES)
