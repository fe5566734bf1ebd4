"""The replay of staking events: who is who, and how missing events show."""

from __future__ import annotations

import pytest
from staking_story import (
    ALICE,
    BOB,
    BONUS,
    CAROL,
    DEPLOYMENT,
    LOCAL,
    NEW,
    OLD,
    OWNER,
    POINTS,
    ROLES,
    SPLIT,
    STAKE,
    TOKEN,
    Story,
)

from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.events import decode_log
from aztec_butler.core.history import Outcome
from aztec_butler.core.history_replay import replay
from aztec_butler.core.whereabouts import Whereabouts


def test_replay__deposits__are_settled_in_the_order_of_the_queue():
    story = Story().queued(ALICE).queued(BOB).queued(CAROL).activated(ALICE).refunded(BOB)
    outcomes = [(stake.attester, stake.outcome) for stake in story.history().stakes]
    assert outcomes == [(ALICE, Outcome.ACTIVATED), (BOB, Outcome.REFUNDED), (CAROL, Outcome.WAITING)]
    assert [stake.attester for stake in story.history().waiting(OLD)] == [CAROL]
    assert story.history().balances_wei == {ALICE: STAKE}


def test_replay__queues_of_two_rollups__do_not_mix():
    story = Story().queued(ALICE, OLD).queued(BOB, NEW).activated(BOB, NEW)
    assert [stake.attester for stake in story.history().waiting(OLD)] == [ALICE]
    assert story.history().waiting(NEW) == ()


@pytest.mark.parametrize(
    "story",
    [
        Story().queued(ALICE).queued(BOB).activated(BOB),
        Story().activated(ALICE),
        Story().queued(ALICE).refunded(BOB),
        Story().slashed(ALICE, TOKEN),
        Story().leaves(ALICE),
        Story().paid(ALICE),
        Story().queued(ALICE).activated(ALICE).leaves(ALICE, STAKE - 1),
        Story().queued(ALICE).activated(ALICE).leaves(ALICE).paid(ALICE, STAKE - 1),
        Story().registered().listed(ALICE).delegated(ALICE),
        Story().registered().listed(ALICE).queued(ALICE).delegated(ALICE),
        Story().registered().listed(BOB).queued(ALICE).delegated(BOB, same_transaction=True),
        Story().queued(ALICE).tell(OLD, "Deposit", attester=ALICE, withdrawer=OWNER, **POINTS, amount=STAKE),
        # The second slash and the update of the threshold between them are not there.
        Story().threshold(1, 2).threshold(3, LOCAL),
        Story().threshold(LOCAL, LOCAL + 1),
    ],
    ids=[
        "out-of-order",
        "nobody-queued",
        "other-refund",
        "slash",
        "exit",
        "payment",
        "exit-of-less",
        "payment-of-less",
        "no-deposit",
        "other-tx",
        "other-attester",
        "no-gse",
        "threshold-skipped",
        "threshold-since",
    ],
)
def test_replay__an_event_does_not_follow__is_an_error_about_missing_logs(story):
    with pytest.raises(NodeRefused, match="logs are missing"):
        story.history()


def test_replay__delegation_before_or_after_its_deposit__belongs_to_it():
    before, after = (Story().registered().listed(ALICE) for _ in range(2))
    before.delegated(ALICE).queued(ALICE, same_transaction=True).queued(BOB)
    after.queued(ALICE).delegated(ALICE, same_transaction=True).queued(BOB)
    for story in (before, after):
        alice, bob = story.history().stakes
        assert alice.delegated is not None
        assert (alice.delegated.provider_id, alice.delegated.split) == (1, SPLIT)
        assert bob.delegated is None


def test_replay__same_attester_staked_twice__each_delegation_finds_its_own_deposit():
    story = Story().registered(1).registered(2).listed(ALICE).listed(ALICE, provider_id=2)
    story.queued(ALICE).delegated(ALICE, 1, same_transaction=True)
    story.queued(ALICE).delegated(ALICE, 2, same_transaction=True).activated(ALICE).refunded(ALICE)
    history = story.history()
    assert [(s.delegated.provider_id, s.outcome) for s in history.stakes] == [
        (1, Outcome.ACTIVATED),
        (2, Outcome.REFUNDED),
    ]


def test_replay__slashes_above_the_threshold__reduce_the_stake():
    story = Story().queued(ALICE).activated(ALICE).slashed(ALICE, 4_000 * TOKEN).slashed(ALICE, 6_000 * TOKEN)
    history = story.history()
    assert [slash.is_ejection for slash in history.slashes] == [False, False]
    assert history.balances_wei[ALICE] == 190_000 * TOKEN
    assert history.departures == ()


def test_replay__slash_below_the_threshold__ejects_and_the_rest_waits():
    story = Story().queued(ALICE).activated(ALICE).slashed(ALICE, 10_000 * TOKEN).slashed(ALICE, 1)
    history = story.history()
    assert [slash.is_ejection for slash in history.slashes] == [False, True]
    (departure,) = history.departures
    assert (departure.is_ejection, departure.recipient) == (True, None)
    assert departure.amount_wei == 190_000 * TOKEN - 1


def test_replay__ejected_then_recipient_named_then_slashed_then_paid__is_one_departure():
    story = Story().queued(ALICE).activated(ALICE).slashed(ALICE, 20_000 * TOKEN)
    story.leaves(ALICE, 180_000 * TOKEN).slashed(ALICE, 5_000 * TOKEN).paid(ALICE, 175_000 * TOKEN)
    history = story.history()
    (departure,) = history.departures
    assert departure.recipient == BOB
    assert (departure.left_wei, departure.amount_wei) == (180_000 * TOKEN, 175_000 * TOKEN)
    assert departure.finalized == story.logs[-1]
    assert [slash.is_ejection for slash in history.slashes] == [True, False]
    assert [slash.lost_stake_wei for slash in history.slashes] == [STAKE, 0]


def test_replay__slashed_to_nothing__leaves_nothing_to_pay():
    history = Story().queued(ALICE).activated(ALICE).slashed(ALICE, STAKE).history()
    (departure,) = history.departures
    assert (departure.left_wei, departure.amount_wei, departure.is_ejection) == (0, 0, True)
    assert history.slashes[0].lost_stake_wei == STAKE
    assert history.balances_wei == {}


def test_replay__exit_slashed_to_nothing__frees_the_attester_of_it():
    story = Story().queued(ALICE).activated(ALICE).leaves(ALICE).slashed(ALICE, STAKE)
    (departure,) = story.history().departures
    assert (departure.left_wei, departure.amount_wei, departure.finalized) == (STAKE, 0, None)


def test_replay__threshold_changed_since__old_slashes_are_judged_by_the_old_one():
    story = Story().queued(ALICE).queued(BOB).activated(ALICE).activated(BOB).slashed(ALICE, 5_000 * TOKEN)
    story.threshold(LOCAL, 199_000 * TOKEN).slashed(BOB, 5_000 * TOKEN)
    assert [slash.is_ejection for slash in story.history(local=199_000 * TOKEN).slashes] == [False, True]


def test_home__movers_stand_on_the_latest_rollup_and_others_where_they_are():
    story = Story().queued(ALICE).queued(BOB).queued(CAROL)
    story.activated(ALICE, instance=BONUS).activated(BOB).queued(OWNER, NEW)
    where = Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=story.history())
    assert [where.home(attester) for attester in (ALICE, BOB, CAROL, OWNER)] == [NEW, OLD, OLD, NEW]


def test_home__a_mover_that_left_on_the_old_rollup__is_looked_for_there():
    story = Story().queued(ALICE).activated(ALICE, instance=BONUS)
    story.leaves(ALICE)
    where = Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=story.history())
    assert where.home(ALICE) == OLD


def test_stakes__of_several_deposits__the_one_that_counts():
    story = Story().queued(ALICE).refunded(ALICE).queued(ALICE).activated(ALICE).queued(ALICE)
    where = Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=story.history())
    assert where.stakes[ALICE].outcome is Outcome.ACTIVATED
    again = Story().queued(BOB).refunded(BOB).queued(BOB)
    where = Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=again.history())
    assert where.stakes[BOB].outcome is Outcome.WAITING


def a_whole_season() -> Story:
    """Every event that the replay knows."""
    story = Story().registered(1).registered(2).listed(ALICE, BOB, CAROL).dripped(ALICE).threshold(0, LOCAL)
    story.queued(BOB).delegated(BOB, same_transaction=True).queued(ALICE).queued(ALICE)
    story.activated(BOB, instance=BONUS).activated(ALICE).refunded(ALICE).queued(OWNER, NEW)
    story.slashed(ALICE, TOKEN).slashed(BOB, STAKE // 2).leaves(BOB, STAKE // 2).slashed(BOB, TOKEN)
    return story.leaves(ALICE, STAKE - TOKEN).paid(ALICE, STAKE - TOKEN).slashed(BOB, STAKE // 2 - TOKEN)


def plain(history):
    """What a history says, without the places, which are logs or positions."""
    return (
        [
            (s.attester, s.rollup, s.outcome, s.instance, s.activated_wei, s.delegated is None)
            for s in history.stakes
        ],
        [
            (d.attester, d.finalized is None, d.left_wei, d.amount_wei, d.recipient, d.is_ejection)
            for d in history.departures
        ],
        [(s.attester, s.amount_wei, s.lost_stake_wei, s.is_ejection) for s in history.slashes],
        [(listing.provider_id, listing.attesters) for listing in history.listings],
        [drip.attester for drip in history.drips],
        history.balances_wei,
        history.provider_queues,
    )


def test_replay__records_instead_of_logs__tell_the_same():
    story = a_whole_season()
    records = [decode_log(log, ROLES) for log in story.logs]
    told = replay(records, DEPLOYMENT, {OLD: LOCAL, NEW: LOCAL})
    assert plain(told) == plain(story.history())
    assert told.stakes[0].queued == records[5].position
    assert {type(record).__name__ for record in records} >= {
        "RollupSlashed",
        "StakingRegistryProviderQueueDripped",
    }


def test_replay__an_iterator__is_as_good_as_a_list():
    story = a_whole_season()
    assert plain(replay(iter(story.logs), DEPLOYMENT, {OLD: LOCAL, NEW: LOCAL})) == plain(story.history())


def test_replay__any_one_log_is_missing__is_an_error_or_shows_in_what_is_told():
    # What no later log contradicts, the contracts' views do: their counts are compared.
    whole = plain(a_whole_season().history())
    refused = 0
    for gone in range(len(a_whole_season().logs)):
        story = a_whole_season()
        if (
            story.logs.pop(gone).topics[0]
            == CONTRACTS["rollup"].event("LocalEjectionThresholdUpdated").topic0
        ):
            continue  # nobody was slashed under the one before
        try:
            told = plain(story.history())
        except NodeRefused:
            refused += 1
            continue
        assert told != whole, gone
    assert refused > 10
