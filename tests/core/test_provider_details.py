"""One provider: who rules it, what is left, and which of its next keys are no good."""

from __future__ import annotations

import pytest
from staking_states import delegate, state_of
from staking_story import ALICE, BOB, CAROL, OWNER, STAKER, Story, account

from aztec_butler import NotFoundError
from aztec_butler.core.known_keys import KeyPlace, KnownBy, KnownKey
from aztec_butler.core.provider_details import next_keys, provider_details, providers_of_admin
from aztec_butler.core.records import ProviderConfiguration

DAY = 86_400
NOW = 400 * DAY


def story() -> Story:
    told = Story().registered().registered(provider_id=2).listed(ALICE, BOB, CAROL)
    return delegate(told, ALICE, account(50))


def details(*, registered_at=NOW - 100 * DAY, delegated_at=(NOW - 3 * DAY,), pending_admin=None, keys=()):
    state = state_of(story(), take_rates_bps=(500, 1000), now_at=NOW)
    return provider_details(
        state,
        1,
        pending_admin=pending_admin,
        registered_at=registered_at,
        delegated_at=list(delegated_at),
        keys=keys,
    )


def test_details__of_a_provider__are_its_row_and_its_runway():
    found = details(pending_admin=STAKER)
    assert (found.admin, found.pending_admin, found.take_rate_bps) == (OWNER, STAKER, 500)
    assert (found.keys_queued, found.keys_listed, found.delegations, found.entry_queued) == (2, 3, 1, 1)
    assert (found.recent_delegations, found.runway_seconds) == (1, 2 * 28 * DAY)


def test_details__nobody_staked_lately__the_runway_is_unknown():
    found = details(delegated_at=[NOW - 60 * DAY])
    assert (found.recent_delegations, found.runway_seconds) == (0, None)


def test_details__young_provider__counts_its_own_time():
    assert details(registered_at=NOW - 7 * DAY).runway_seconds == 2 * 7 * DAY
    assert details(registered_at=NOW, delegated_at=[NOW]).runway_seconds is None


def test_details__of_an_unknown_id__is_not_found():
    with pytest.raises(NotFoundError):
        provider_details(
            state_of(story(), take_rates_bps=(500, 1000), now_at=NOW),
            3,
            pending_admin=None,
            registered_at=1,
            delegated_at=[],
            keys=[],
        )


def test_admin__of_several__has_all_their_ids():
    def provider(number, admin):
        return ProviderConfiguration(
            provider_id=number,
            admin=admin,
            take_rate_bps=500,
            rewards_recipient=BOB,
            queue_first_index=2,
            queue_last_index=5,
        )

    found = providers_of_admin([provider(1, ALICE), provider(2, BOB), provider(3, ALICE)], ALICE)
    assert [(each.provider_id, each.keys_queued) for each in found] == [(1, 3), (3, 3)]
    assert providers_of_admin([provider(1, ALICE)], CAROL) == ()


def known(position, place=KeyPlace.PROVIDER_QUEUE, *, provider_id=1, at=None, finding="elsewhere"):
    return KnownKey(
        position=position,
        attester=ALICE,
        known_by=KnownBy.ATTESTER,
        place=place,
        provider_id=provider_id,
        rollup_version=None,
        place_position=at,
        other_attester=None,
        finding=finding,
    )


@pytest.mark.parametrize(
    ("places", "troubles"),
    [
        ([known(0, at=0), known(1, at=1)], [None, None]),
        ([known(0, at=0), known(0, at=1), known(1, at=0), known(1, at=1)], [None, "elsewhere"]),  # twice in its queue
        ([known(0, at=0), known(0, at=0, provider_id=2)], ["elsewhere", None]),
        ([known(1, KeyPlace.PAST, provider_id=None), known(1, KeyPlace.GSE, finding="here")], [None, "elsewhere; here"]),
        ([known(1, KeyPlace.LIST, provider_id=None, at=0)], [None, None]),
    ],
    ids=["its own places", "twice", "another provider", "used", "list"],
)  # fmt: skip
def test_next_keys__known_elsewhere_or_further_ahead__are_trouble(places, troubles):
    found = next_keys(1, [ALICE, BOB], places)
    assert [(each.position, each.attester) for each in found] == [(0, ALICE), (1, BOB)]
    assert [each.trouble for each in found] == troubles
