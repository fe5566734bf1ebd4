from __future__ import annotations

import pytest
from staking_states import delegate, state_of
from staking_story import ALICE, BOB, CAROL, NEW, OWNER, Story, account

from aztec_butler.core.errors import InputError
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.exporter.ours import Ours

MIXED = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"


def test_ours__addresses_of_any_case__become_checksummed_and_single():
    ours = Ours(
        attesters=(MIXED.lower(), MIXED),
        publishers=(MIXED.lower(),),
        coinbases={MIXED.lower(): MIXED.lower()},
    )
    assert ours.attesters == ours.publishers == (MIXED,)
    assert ours.coinbases == {MIXED: MIXED}


@pytest.mark.parametrize(
    "wrong", [{"attesters": ("0x12",)}, {"publishers": ("x",)}, {"coinbases": {MIXED: "0x"}}]
)
def test_ours__what_is_no_address__is_refused(wrong):
    with pytest.raises(InputError):
        Ours(**wrong)


def test_find__named_in_keystores_and_of_our_providers__each_once():
    story = Story().registered(1).registered(2).listed(ALICE, OWNER).listed(BOB, provider_id=2)
    delegate(story, ALICE, account(50))
    delegate(story, BOB, account(51), provider_id=2)
    story.queued(CAROL, NEW)
    ours = Ours(provider_ids=(1,), attesters=(CAROL, ALICE), coinbases={CAROL: None})
    own = ours.find(state_of(story, take_rates_bps=(500, 500)))
    assert own.lifecycles == {
        CAROL: Lifecycle.ENTRY_QUEUED,
        ALICE: Lifecycle.ENTRY_QUEUED,
        OWNER: Lifecycle.PROVIDER_QUEUED,
    }
    assert own.shown == (CAROL, ALICE, OWNER)
    assert own.capped == 0


def test_find__nobody_of_ours__is_nobody():
    own = Ours().find(state_of(Story().queued(CAROL, NEW)))
    assert (own.lifecycles, own.shown, own.capped, own.followed) == ({}, (), 0, {})


def test_find__everybody__has_series_and_only_ours_are_ours():
    state = state_of(Story().queued(CAROL, NEW).queued(ALICE, NEW))
    own = Ours(attesters=(ALICE, BOB), cap=1, everybody=True).find(state)
    assert own.shown == (ALICE,)
    assert set(own.lifecycles) == {ALICE, BOB}
    assert own.followed == {
        ALICE: Lifecycle.ENTRY_QUEUED,
        BOB: Lifecycle.NEVER_REGISTERED,
        CAROL: Lifecycle.ENTRY_QUEUED,
    }
    assert own.capped == 0


def test_shown_publishers__beyond_the_cap__are_the_first():
    publishers = tuple(account(100 + number) for number in range(5))
    assert Ours(publishers=publishers, cap=2).shown_publishers == publishers[:2]
