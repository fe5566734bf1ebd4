"""Gaps closed by hands that fail, stop early and do things twice."""

from __future__ import annotations

from collections import Counter, deque

import attrs
import pytest
from event_logs import block_hash
from hypothesis import given
from hypothesis import strategies as st
from served_chain import CANARY, CHAIN_ID, CONTRACTS, EVENTS, LAST, ROWS, WHOLE, ServedChain

from aztec_butler.archive import extraction
from aztec_butler.archive.extraction import OwnHands, Source, Tally, close_gaps, cut, read_stretch
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import InputError, NodeError, NodeRefused, NodeUnreachable, SettingsError
from aztec_butler.store.events import EventStore

loopback = pytest.mark.loopback


def source_of(url, place):
    rpc = Rpc(url, chain_id=CHAIN_ID, policy=NO_RETRIES)
    return Source(
        rpc=rpc.settings,
        store=EventStore(place, chain_id=CHAIN_ID, genesis_hash=block_hash(0)),
        canary=CANARY,
        anchor=(LAST, block_hash(LAST)),
    )


def rows(store):
    return {
        event: store.read(
            event,
            addresses=[address for address in CONTRACTS if WHOLE.contracts[address] in event.lower()],
            first_block=0,
            last_block=LAST,
        ).to_pylist()
        for event in EVENTS
    }


@pytest.fixture(scope="module")
def served():
    chain = ServedChain()
    with chain.node() as node:
        yield chain, node


@pytest.fixture
def source(served, tmp_path):
    chain, node = served
    chain.asked.clear()
    chain.broken_from = None
    return source_of(node.url, tmp_path)


class Clumsy(OwnHands):
    """Hands that do something to what they read; several stretches are under way at once, and end in any order."""

    at_once = 4
    attempts = 2

    def __init__(self, source, spoil=lambda stretch: stretch):
        super().__init__(source, lambda _: None)
        self.spoil = spoil
        self.closed = []

    def next_done(self):
        return self.spoil(super().next_done())

    def close(self):
        return self.closed


@loopback
def test_close_gaps__own_hands__every_log_once_and_nothing_is_asked_again(served, source):
    chain, _ = served
    tally, blocks = Tally(source.store), []
    close_gaps([WHOLE], OwnHands(source, blocks.append), tally)
    assert dict(tally.rows) == ROWS
    assert tally.ranges == [(0, LAST)]
    assert sum(blocks) == LAST + 1
    asked = [pair for pair in chain.asked if pair != (0, 0)]  # but for the canary
    assert sum(last - first + 1 for first, last in asked) == LAST + 1
    found = rows(source.store)
    assert {event: len(table) for event, table in found.items()} == ROWS
    places = [(row["block_number"], row["log_index"]) for table in found.values() for row in table]
    assert len(places) == len(set(places))
    assert source.store.missing(CONTRACTS, EVENTS, 0, LAST) == []


@loopback
def test_read_stretch__its_time_is_up__tells_how_far_it_came_and_the_rest_follows(source, monkeypatch):
    monkeypatch.setattr(extraction, "_STRETCH_SECONDS", 0.0)
    stretch = read_stretch(source, WHOLE)
    assert stretch.error is None
    assert 0 < stretch.last_block < LAST
    assert stretch.rest == attrs.evolve(WHOLE, first_block=stretch.last_block + 1)
    assert source.store.coverage() == []  # nothing is visible before it is published
    tally = Tally(source.store)
    close_gaps([attrs.evolve(WHOLE, last_block=399)], OwnHands(source, lambda _: None), tally)
    assert dict(tally.rows) == {"RollupSlashed": 114, "GseDeposit": 40}
    assert tally.ranges == [(0, 399)]


@loopback
def test_close_gaps__many_portions_in_a_stretch__all_of_them_are_published_at_once(source, monkeypatch):
    monkeypatch.setattr(extraction, "COMMIT_ROWS", 60)
    stretch = read_stretch(source, WHOLE)
    assert len(stretch.prepared) > 5
    tally = Tally(source.store)
    tally.publish(stretch)
    assert dict(tally.rows) == ROWS
    assert {event: len(table) for event, table in rows(source.store).items()} == ROWS
    assert source.store.missing(CONTRACTS, EVENTS, 0, LAST) == []


@loopback
def test_close_gaps__node_fails_on_the_way__what_came_is_kept_and_a_second_run_does_the_rest(served, source):
    chain, _ = served
    chain.broken_from = 1_300
    with pytest.raises(NodeRefused, match=r"refused|error|node"):
        close_gaps([WHOLE], OwnHands(source, lambda _: None), Tally(source.store))
    [(first, last)] = source.store.missing(CONTRACTS, EVENTS, 0, LAST)
    assert 0 < first <= 1_300
    assert last == LAST
    chain.broken_from = None
    chain.asked.clear()
    tally = Tally(source.store)
    close_gaps([attrs.evolve(WHOLE, first_block=first)], OwnHands(source, lambda _: None), tally)
    assert min(begin for begin, end in chain.asked if (begin, end) != (0, 0)) == first
    assert {event: len(table) for event, table in rows(source.store).items()} == ROWS


@loopback
def test_close_gaps__failures_that_may_pass__are_tried_again_and_then_told(source):
    failed = Counter()

    def spoil(stretch):
        failed[stretch.gap.last_block] += 1
        if failed[stretch.gap.last_block] == 1:
            error = NodeUnreachable("gone for a moment")
            return attrs.evolve(stretch, prepared=(), last_block=stretch.gap.first_block - 1, error=error)
        return stretch

    tally = Tally(source.store)
    close_gaps([WHOLE], Clumsy(source, spoil), tally)
    assert dict(tally.rows) == ROWS

    def always(stretch):
        error = NodeUnreachable("gone")
        return attrs.evolve(stretch, prepared=(), last_block=stretch.gap.first_block - 1, error=error)

    with pytest.raises(NodeUnreachable, match="gone"):
        close_gaps([WHOLE], Clumsy(source, always), Tally(source.store))


@loopback
def test_close_gaps__stopped_from_the_keyboard__keeps_what_is_done(source):
    hands = Clumsy(source)
    done = deque(read_stretch(source, gap) for gap in list(cut([WHOLE], 8))[:2])
    hands.closed = [done[1]]
    first = done[0]

    def spoil(stretch):
        return attrs.evolve(first, error=KeyboardInterrupt())

    hands.spoil = spoil
    with pytest.raises(KeyboardInterrupt):
        close_gaps([WHOLE], hands, Tally(source.store))
    assert source.store.missing(CONTRACTS, EVENTS, 0, LAST) == [(done[1].last_block + 1, LAST)]


@loopback
def test_close_gaps__interrupted_while_it_publishes__publishes_it_after_all(source, monkeypatch):
    store, tally = source.store, Tally(source.store)
    publish, interrupted = store.publish, []

    def once(*prepared):
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        publish(*prepared)

    monkeypatch.setattr(store, "publish", once)
    with pytest.raises(KeyboardInterrupt):
        close_gaps([WHOLE], OwnHands(source, lambda _: None), tally)
    assert tally.ranges == [(0, 499)]
    assert store.missing(CONTRACTS, EVENTS, 0, LAST) == [(500, LAST)]


@loopback
def test_publish__the_same_stretch_read_twice__is_there_once(source):
    twice = [read_stretch(source, WHOLE) for _ in range(2)]
    tally = Tally(source.store)
    for stretch in twice:
        tally.publish(stretch)
    assert {event: len(table) for event, table in rows(source.store).items()} == ROWS


@loopback
def test_publish__files_on_another_disk__says_that_the_path_must_be_shared(source, tmp_path):
    stretch = read_stretch(source, WHOLE)
    for path in tmp_path.rglob("*.parquet"):
        path.unlink()
    with pytest.raises(InputError, match="is not there") as caught:
        Tally(source.store).publish(stretch)
    assert "share" in caught.value.hint
    assert source.store.coverage() == []


def test_read_stretch__worker_of_another_version__is_an_error_that_names_both(tmp_path):
    source = attrs.evolve(source_of("http://127.0.0.1:1", tmp_path), version="0.0.0")
    stretch = read_stretch(source, WHOLE)
    assert isinstance(stretch.error, SettingsError)
    assert stretch.error.facts["caller"] == "0.0.0"
    assert stretch.rest == WHOLE


def test_source__shown__tells_no_secret(tmp_path):
    source = source_of("https://node.example/v3/0123456789abcdef", tmp_path)
    assert "0123" not in f"{source!r}{source}{source.rpc!r}"


def test_may_pass__only_errors_of_nodes_that_may():
    assert not extraction._may_pass(_failed(InputError("no space")), Clumsy, Counter())
    assert not extraction._may_pass(_failed(NodeError("never")), Clumsy, Counter())
    assert extraction._may_pass(_failed(NodeUnreachable("later")), Clumsy, Counter())


def _failed(error):
    return extraction.Stretch(gap=WHOLE, prepared=(), last_block=-1, error=error)


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 5_000)).map(sorted), max_size=4),
    st.integers(1, 50),
)
def test_cut__any_gaps__the_same_blocks_and_not_many_more_parts(ranges, parts):
    gaps = [attrs.evolve(WHOLE, first_block=first, last_block=last) for first, last in ranges]
    found = list(cut(gaps, parts))
    assert Counter(block for gap in found for block in range(gap.first_block, gap.last_block + 1)) == Counter(
        block for gap in gaps for block in range(gap.first_block, gap.last_block + 1)
    )
    assert len(found) <= parts + len(gaps)
