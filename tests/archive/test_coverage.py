"""What is not on the disk yet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.archive.coverage import Gap, gaps
from aztec_butler.store.events import Covered

OLD, NEW, GSE = ("0x" + f"{number:040x}" for number in (1, 2, 3))
CONTRACTS = {OLD: "rollup", NEW: "rollup", GSE: "gse"}
EVENTS = ("RollupSlashed", "RollupDeposit", "GseDeposit")
PAIRS = [(address, event) for address in (OLD, NEW) for event in EVENTS[:2]] + [(GSE, "GseDeposit")]


def held(address, event, first, last):
    return Covered(
        address=address, event=event, first_block=first, last_block=last, anchor_block=last, anchor_hash="0x"
    )


def whole(**changes):
    return Gap(**{"contracts": CONTRACTS, "events": EVENTS, "first_block": 10, "last_block": 99} | changes)


def pairs(gap):
    return {(address, event) for event in gap.events for address in gap.emitters(event)}


def test_gaps__nothing_is_held__everything_in_one_stream():
    assert gaps(whole(), []) == [whole()]


def test_gaps__everything_is_held__none():
    assert gaps(whole(), [held(*pair, 0, 1_000) for pair in PAIRS]) == []


def test_gaps__the_range_grew__its_end_alone():
    (gap,) = gaps(whole(), [held(*pair, 10, 79) for pair in PAIRS])
    assert gap == whole(first_block=80)


def test_gaps__a_contract_joined__it_alone_from_the_beginning():
    known = [held(*pair, 0, 79) for pair in PAIRS if pair[0] != NEW]
    first, second = gaps(whole(), known)
    assert pairs(first) == {(NEW, "RollupSlashed"), (NEW, "RollupDeposit")}
    assert (first.first_block, first.last_block) == (10, 99)
    assert pairs(second) == set(PAIRS) - pairs(first)
    assert (second.first_block, second.last_block) == (80, 99)


def test_gaps__an_event_is_new__it_alone():
    (gap,) = gaps(whole(), [held(*pair, 0, 99) for pair in PAIRS if pair[1] != "RollupDeposit"])
    assert pairs(gap) == {(OLD, "RollupDeposit"), (NEW, "RollupDeposit")}
    assert gap.contracts == {OLD: "rollup", NEW: "rollup"}


RANGES = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted)


@given(st.lists(st.tuples(st.sampled_from(PAIRS), RANGES), max_size=12))
def test_gaps__any_holdings__exactly_what_is_missing_and_once(holdings):
    known = {(pair, block) for pair, (first, last) in holdings for block in range(first, last + 1)}
    asked = whole(first_block=5, last_block=25)
    found = [
        (pair, block)
        for gap in gaps(asked, [held(*pair, *blocks) for pair, blocks in holdings])
        for pair in pairs(gap)
        for block in range(gap.first_block, gap.last_block + 1)
    ]
    assert len(found) == len(set(found))
    assert set(found) == {(pair, block) for pair in PAIRS for block in range(5, 26)} - known
