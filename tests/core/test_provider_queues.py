"""Queues of listed keys: first listed, first gone."""

from __future__ import annotations

import pytest
from staking_story import ALICE, BOB, CAROL, OWNER, Story

from aztec_butler.core.errors import NodeRefused


def test_provider_queues__listings_stakes_and_drips__leave_what_waits():
    story = Story().registered(1).registered(2).listed(ALICE, BOB).listed(CAROL, provider_id=2)
    story.queued(ALICE).delegated(ALICE, same_transaction=True).listed(OWNER, CAROL).dripped(BOB)
    history = story.history()
    assert history.provider_queues == {1: (OWNER, CAROL), 2: (CAROL,)}
    assert [(drip.provider_id, drip.attester) for drip in history.drips] == [(1, BOB)]
    assert [(listing.provider_id, listing.attesters) for listing in history.listings] == [
        (1, (ALICE, BOB)),
        (2, (CAROL,)),
        (1, (OWNER, CAROL)),
    ]
    assert [place.block_number for place in history.registrations.values()] == [1, 2]


def test_provider_queues__one_attester_listed_twice__leaves_one_place_at_a_time():
    story = Story().registered().listed(ALICE, BOB, ALICE).dripped(ALICE)
    assert story.history().provider_queues == {1: (BOB, ALICE)}


@pytest.mark.parametrize(
    "story",
    [
        Story().registered(2),
        Story().listed(ALICE),
        Story().registered().listed(ALICE, BOB).dripped(BOB),
        Story().registered().dripped(ALICE),
        Story().registered().listed(BOB).queued(ALICE).delegated(ALICE, same_transaction=True),
    ],
    ids=["first-provider", "registration", "first-key", "listing", "other-key"],
)
def test_provider_queues__something_is_missing__is_an_error_about_missing_logs(story):
    with pytest.raises(NodeRefused, match="logs are missing") as caught:
        story.history()
    assert "doctor" in caught.value.hint
