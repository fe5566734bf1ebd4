"""Rows of time steps: sums, closings and openings, and that a contract which says otherwise is an error."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from staking_story import ALICE, BOB, BONUS, CAROL, DEPLOYMENT, LOCAL, NEW, OLD, STAKE, TOKEN, Story, account

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.history import Outcome
from aztec_butler.core.rows import HistoryStep
from aztec_butler.core.staking_series import Reading, history_steps, places

STOCKS = {  # closing = opening + what is added - what is taken
    "attesters": ("activations", "-exits_initiated", "-ejections"),
    "stake_wei": ("activated_wei", "-left_wei", "-slashed_wei", "slashed_exiting_wei"),
    "entry_queued": ("deposits", "-activations", "-failed_deposits"),
    "exiting": ("exits_initiated", "ejections", "-exits_finalized", "-exits_burned"),
    "exiting_wei": ("left_wei", "-slashed_exiting_wei", "-paid_wei"),
    "keys_queued": ("keys_listed", "-keys_dripped", "-delegations"),
}
FLOWS = sorted({name.removeprefix("-") for names in STOCKS.values() for name in names} | {"slashes"})


class Contracts:
    """What the contracts would say at any block of a story: the same rules, told by another walk through the events."""

    def __init__(self, story: Story, latest: dict[int, str]) -> None:
        self.history, self.latest = story.history(), latest

    def reading(self, at: int) -> Reading:
        # Block numbers are times here.
        inside: dict[str, dict[str, int]] = {OLD: {}, NEW: {}, BONUS: {}}
        for stake in self.history.stakes:
            if stake.outcome is Outcome.ACTIVATED and stake.settled.block_number <= at:
                inside[stake.instance][stake.attester] = stake.activated_wei
        for slash in self.history.slashes:
            for bucket in inside.values():
                if slash.attester in bucket and slash.log.block_number <= at:
                    bucket[slash.attester] -= slash.lost_stake_wei
        for departure in self.history.departures:
            if departure.initiated.block_number <= at:
                for bucket in inside.values():
                    bucket.pop(departure.attester, None)
        latest = next(
            (who for since, who in sorted(self.latest.items(), reverse=True) if since <= at), ZERO_ADDRESS
        )
        counts = {rollup: len(inside[rollup]) for rollup in (OLD, NEW)}
        if latest in counts:
            counts[latest] += len(inside[BONUS])
        return Reading(
            at=at,
            latest_rollup=latest,
            attesters=counts,
            movers=len(inside[BONUS]),
            stake_wei=sum(sum(bucket.values()) for bucket in inside.values()),
        )


def rows_of(story: Story, times, latest=None):
    readings = [Contracts(story, latest or {0: OLD}).reading(at) for at in times]
    return history_steps(story.history(), DEPLOYMENT, readings, times)


def full_story() -> Story:
    story = Story().registered().listed(ALICE, BOB, CAROL).dripped(ALICE)  # 1 to 3
    story.queued(BOB).delegated(BOB, same_transaction=True).queued(ALICE).queued(CAROL)  # 4 to 7
    story.activated(BOB, instance=BONUS).activated(ALICE).refunded(CAROL)  # 9, 11, 12
    story.slashed(ALICE, TOKEN).slashed(BOB, STAKE // 2)  # 13, 14: BOB is put out
    story.leaves(ALICE, STAKE - TOKEN).slashed(ALICE, TOKEN)  # 15, 16
    return story.paid(ALICE, STAKE - 2 * TOKEN).slashed(BOB, STAKE // 2)  # 17, 18: nothing is left of BOB's


def test_history_steps__one_event_a_step__each_is_counted_where_it_happened():
    rows = rows_of(full_story(), list(range(19)))
    happened = {
        name: [(row.ends_at, getattr(row, name)) for row in rows if getattr(row, name)] for name in FLOWS
    }
    assert happened == {
        "keys_listed": [(2, 3)],
        "keys_dripped": [(3, 1)],
        "deposits": [(4, 1), (6, 1), (7, 1)],
        "delegations": [(5, 1)],
        "activations": [(9, 1), (11, 1)],
        "activated_wei": [(9, STAKE), (11, STAKE)],
        "failed_deposits": [(12, 1)],
        "slashes": [(13, 1), (14, 1), (16, 1), (18, 1)],
        "slashed_wei": [(13, TOKEN), (14, STAKE // 2), (16, TOKEN), (18, STAKE // 2)],
        "slashed_exiting_wei": [(16, TOKEN), (18, STAKE // 2)],
        "ejections": [(14, 1)],
        "exits_initiated": [(15, 1)],
        "left_wei": [(14, STAKE // 2), (15, STAKE - TOKEN)],
        "exits_finalized": [(17, 1)],
        "paid_wei": [(17, STAKE - 2 * TOKEN)],
        "exits_burned": [(18, 1)],
    }
    assert [row.attesters for row in rows[8:15]] == [1, 1, 2, 2, 2, 1, 0]
    assert [row.entry_queued for row in rows[3:12]] == [1, 1, 2, 3, 3, 2, 2, 1, 0]
    assert [row.exiting for row in rows[13:]] == [1, 2, 2, 1, 0]
    assert [row.keys_queued for row in rows[:6]] == [0, 3, 2, 2, 1, 1]
    assert [(row.begins_at, row.ends_at) for row in rows] == [(at, at + 1) for at in range(18)]


def test_history_steps__a_rollup_replaced__movers_count_for_the_new_one_and_nobody_twice():
    story = (
        Story().queued(ALICE).queued(BOB).activated(ALICE, instance=BONUS).activated(BOB).queued(CAROL, NEW)
    )
    rows = rows_of(story, [0, 2, 4, 6, 7, 8], {3: OLD, 7: NEW})
    shown = [
        (row.canonical_version, row.canonical_attesters, row.canonical_entry_queued, row.attesters)
        for row in rows
    ]
    assert shown == [
        (None, None, None, 0),
        (0, 1, 1, 1),
        (0, 2, 0, 2),
        (1, 1, 1, 2),
        (1, 1, 1, 2),
    ]
    assert [row.canonical_stake_wei for row in rows] == [None, STAKE, 2 * STAKE, STAKE, STAKE]
    assert [row.stake_wei for row in rows] == [0, STAKE, 2 * STAKE, 2 * STAKE, 2 * STAKE]


@st.composite
def stories(draw) -> tuple[Story, dict[int, str]]:
    """Anything that the contracts allow, in any order."""
    people = [account(100 + number) for number in range(6)]
    story, latest = Story().registered(), {0: OLD}
    queues: dict[str, list[str]] = {OLD: [], NEW: []}
    keys: list[str] = []
    stakes: dict[str, tuple[str, int]] = {}
    exits: dict[str, list] = {}
    for _ in range(draw(st.integers(0, 40))):
        move = draw(
            st.sampled_from(
                [
                    "queue",
                    "queue",
                    "settle",
                    "settle",
                    "slash",
                    "leave",
                    "pay",
                    "list",
                    "drip",
                    "stake",
                    "upgrade",
                ]
            )
        )
        who = draw(st.sampled_from(people))
        rollup = draw(st.sampled_from([OLD, NEW]))
        home = stakes.get(who, exits.get(who, [OLD]))[0]
        if move == "queue":
            story.queued(who, rollup)
            queues[rollup].append(who)
        elif move == "settle" and queues[rollup]:
            head = queues[rollup].pop(0)
            if head in stakes or head in exits or draw(st.booleans()):
                story.refunded(head, rollup)
            else:
                moves = draw(st.booleans())
                story.activated(head, rollup, instance=BONUS if moves else rollup)
                stakes[head] = rollup, STAKE
        elif move == "slash" and who in stakes:
            stake = stakes[who][1]
            amount = min(draw(st.sampled_from([1, TOKEN, 9_000 * TOKEN, STAKE])), stake)
            story.slashed(who, amount, home)
            stakes[who] = home, stake - amount
            if stake - amount < LOCAL:
                del stakes[who]
                exits[who] = [home, stake - amount]
        elif move == "slash" and exits.get(who, [0, 0])[1]:
            amount = min(draw(st.sampled_from([1, STAKE])), exits[who][1])
            story.slashed(who, amount, home)
            exits[who][1] -= amount
        elif move == "leave" and who in stakes:
            story.leaves(who, stakes[who][1], home)
            exits[who] = [home, stakes.pop(who)[1]]
        elif move == "pay" and exits.get(who, [0, 0])[1]:
            story.paid(who, exits[who][1], home)
            exits[who][1] = 0
        elif move == "list":
            story.listed(who, *people[:2])
            keys += [who, *people[:2]]
        elif move == "drip" and keys:
            story.dripped(keys.pop(0))
        elif move == "stake" and keys:
            head = keys.pop(0)
            story.queued(head, rollup).delegated(head, at=rollup, same_transaction=True)
            queues[rollup].append(head)
        elif move == "upgrade":
            latest[len(story.logs) + 1] = NEW
    return story, latest


@given(stories(), st.data())
def test_history_steps__any_story_and_steps__closings_are_openings_and_changes(told, data):
    story, latest = told
    end = len(story.logs) + 1
    times = sorted({0, end, *data.draw(st.sets(st.integers(0, end), max_size=8))})
    rows = rows_of(story, times, latest)
    (total,) = rows_of(story, [0, end], latest)
    assert len(rows) == len(times) - 1
    opening = dict.fromkeys(STOCKS, 0)
    for row in rows:
        for stock, changes in STOCKS.items():
            change = sum(
                -getattr(row, name[1:]) if name.startswith("-") else getattr(row, name) for name in changes
            )
            assert getattr(row, stock) == opening[stock] + change
            assert getattr(row, stock) >= 0
            opening[stock] = getattr(row, stock)
    for name in FLOWS:
        assert sum(getattr(row, name) for row in rows) == getattr(total, name)
    assert opening == {stock: getattr(total, stock) for stock in STOCKS}
    assert rows[-1].entry_queued == len(story.history().waiting(OLD)) + len(story.history().waiting(NEW))
    assert rows[-1].stake_wei == sum(story.history().balances_wei.values())


@pytest.mark.parametrize(
    "change",
    [
        lambda reading: {"attesters": {**reading.attesters, OLD: reading.attesters[OLD] + 1}},
        lambda reading: {"movers": reading.movers + 1},
        lambda reading: {"stake_wei": reading.stake_wei - 1},
        lambda reading: {"latest_rollup": NEW},
    ],
    ids=["attesters", "movers", "stake", "latest"],
)
def test_history_steps__a_contract_says_otherwise_at_one_boundary__is_an_error_that_names_it(change):
    story = full_story()
    readings = [Contracts(story, {0: OLD}).reading(at) for at in (0, 5, 10, 18)]
    assert history_steps(story.history(), DEPLOYMENT, readings, [0, 5, 10, 18])
    readings[2] = attrs.evolve(readings[2], **change(readings[2]))
    with pytest.raises(NodeRefused, match="do not agree") as caught:
        history_steps(story.history(), DEPLOYMENT, readings, [0, 5, 10, 18])
    assert caught.value.facts["time"] == "1970-01-01T00:00:10Z"
    assert "by the contract" in str(caught.value)


def test_places__every_event_that_counts():
    story = full_story()
    others = {1, 8, 10}  # a registration and the GSE's own deposits change nothing
    assert {place.block_number for place in places(story.history())} == set(range(1, 19)) - others


def test_history_step__every_column__is_told_by_a_story():
    rows = rows_of(full_story(), list(range(19)))
    idle = {
        field.name for field in attrs.fields(HistoryStep) if not any(getattr(row, field.name) for row in rows)
    }
    assert idle <= {"canonical_version"}  # which is 0
