"""The reader between disk and node, on a chain of which every block is known."""

from __future__ import annotations

import attrs
import pytest
from event_logs import GSE, OTHER_ROLLUP, ROLLUP, TOKEN, block_hash, log, slashed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aztec_butler.archive import gap_reader
from aztec_butler.archive.reader import EventReader, Span
from aztec_butler.clients.log_piece import LogPiece
from aztec_butler.core.columns import python_values
from aztec_butler.core.columns_batch import batches_of
from aztec_butler.core.errors import CheckFailed, NodeRefused, NodeUnreachable
from aztec_butler.core.event_kinds import select_events
from aztec_butler.core.records import BlockStamp
from aztec_butler.store.events import EventStore

CONTRACTS = {ROLLUP: "rollup", GSE: "gse"}
KINDS = select_events(["Slashed", "GseDeposit"])


class Chain:
    """A node with a chain, the answers it gave, and what happens to it."""

    chain_id = 1

    def __init__(self, logs=(), *, head=100, number=0):
        self.logs = sorted(logs, key=lambda each: (each.block_number, each.log_index))
        self.head = head
        self.number = number
        self.asked: list[tuple[int, int]] = []
        self.headers = 0
        self.fails_at: tuple[int, BaseException] | None = None
        self.width = 10

    def batch(self, calls):
        self.headers += len(calls)
        return [self.header(int(parameters[0], 16)) for _, parameters in calls]

    def header(self, number):
        if number > self.head:
            return None
        return {
            "hash": block_hash(number, self.number),
            "timestamp": hex(1_000 + number),
            "number": hex(number),
        }

    def stream(self, rpc, *, addresses, topics, first_block, last_block, anchor=None, canary=None):
        assert rpc is self
        self.asked.append((first_block, last_block))
        for first in range(first_block, last_block + 1, self.width):
            last = min(first + self.width - 1, last_block)
            if self.fails_at is not None and first >= self.fails_at[0]:
                raise self.fails_at[1]
            logs = [
                each
                for each in self.logs
                if first <= each.block_number <= last
                and each.address in addresses
                and each.topics[0] in topics[0]
            ]
            if last == last_block and anchor not in (None, (last, self.header(last)["hash"])):
                raise NodeRefused("two nodes tell of different chains", retryable=True)
            yield LogPiece(
                first_block=first,
                last_block=last,
                batches=tuple(batches_of(logs)),
                parent_hash=block_hash(first - 1, self.number),
                last_hash=self.header(last)["hash"],
            )

    def stamp(self, number=None):
        number = self.head if number is None else number
        return BlockStamp(number=number, hash=self.header(number)["hash"], timestamp=0, is_finalized=False)


@pytest.fixture
def store(tmp_path):
    return EventStore(tmp_path, chain_id=1, genesis_hash=block_hash(0))


@pytest.fixture(autouse=True)
def _streamed(monkeypatch):
    monkeypatch.setattr(gap_reader, "stream_logs", lambda rpc, **options: rpc.stream(rpc, **options))


def read(chain, store, first=0, last=None, *, finalized=80, kinds=KINDS, contracts=CONTRACTS, **options):
    last = chain.head if last is None else last
    made = EventReader(chain, store, **options)
    span = Span(first_block=first, last_block=last, block=chain.stamp(), finalized_number=finalized)
    return made.read(kinds, contracts, span)


def places(table):
    return list(
        zip(table.column("block_number").to_pylist(), table.column("log_index").to_pylist(), strict=True)
    )


def story(chain=0):
    logs = [slashed(block, 0, block, chain=chain) for block in range(3, 100, 7)]
    logs += [slashed(block, 1, block, chain=chain) for block in range(3, 100, 14)]
    return logs + [log("GseDeposit", block, 2, address=GSE, chain=chain) for block in range(5, 100, 10)]


def test_read__cold_and_warm__the_same_rows_and_only_the_tail_is_asked_for(store):
    chain = Chain(story())
    cold = read(chain, store)
    assert chain.asked == [(0, 80), (81, 100)]
    chain.asked.clear()
    warm = read(chain, store)
    assert chain.asked == [(81, 100)]
    plain = read(Chain(story()), None)
    for record in ("RollupSlashed", "GseDeposit"):
        assert cold[record].equals(warm[record])
        assert cold[record].equals(plain[record])
    assert len(warm["RollupSlashed"]) == 21
    assert places(warm["RollupSlashed"]) == sorted(places(warm["RollupSlashed"]))


def test_read__all_final__the_node_is_asked_for_no_log(store):
    chain = Chain(story())
    read(chain, store, last=80)
    chain.asked.clear()
    assert len(read(chain, store, 10, 70)["GseDeposit"]) == 6
    assert chain.asked == []


def test_read__without_finality_or_store__nothing_is_kept(store):
    chain = Chain(story())
    read(chain, store, finalized=-1)
    read(chain, None)
    assert store.coverage() == []


def test_read__event_of_no_contract__an_empty_table(store):
    kinds = select_events(["Slashed", "VetoedPayload"])
    found = read(Chain(story()), store, kinds=kinds, contracts={ROLLUP: "rollup"})
    assert len(found["SlasherVetoedPayload"]) == 0
    assert "payload" in found["SlasherVetoedPayload"].column_names
    assert len(found["RollupSlashed"]) == 21


def test_read__a_rollup_joins__only_its_own_past_is_fetched(store):
    logs = [*story(), slashed(40, 7, address=OTHER_ROLLUP)]
    chain = Chain(logs)
    read(chain, store)
    chain.asked.clear()
    both = CONTRACTS | {OTHER_ROLLUP: "rollup"}
    assert len(read(chain, store, contracts=both)["RollupSlashed"]) == 22
    assert chain.asked == [(0, 80), (81, 100)]
    covered = {(each.address, each.event) for each in store.coverage()}
    assert (OTHER_ROLLUP, "RollupSlashed") in covered


def test_read__events_of_others_that_the_filter_lets_through__are_left_out(store):
    """Every contract is asked for every topic; one may emit what it is not known to, or was not asked for."""
    owner = log("RollupOwnershipTransferred", 20, 5)
    strange = attrs.evolve(owner, address=TOKEN, block_number=21)
    chain = Chain([*story(), owner, strange, log("GseOwnershipTransferred", 22, 5, address=GSE)])
    kinds = select_events(["TokenTransfer", "GseOwnershipTransferred", "Slashed"])
    found = read(chain, store, kinds=kinds, contracts=CONTRACTS | {TOKEN: "token"})
    assert {record: len(table) for record, table in found.items()} == {
        "RollupSlashed": 21,
        "GseOwnershipTransferred": 1,
        "TokenTransfer": 0,
    }


def test_read__several_contracts_in_one_block__in_the_order_of_the_chain(store):
    logs = [slashed(7, index, address=(ROLLUP, OTHER_ROLLUP)[index % 2]) for index in (0, 1, 2, 3)] + [
        slashed(90, index, address=(OTHER_ROLLUP, ROLLUP)[index % 2]) for index in (0, 1, 2)
    ]
    chain = Chain(logs)
    for _ in range(2):
        found = read(chain, store, contracts={OTHER_ROLLUP: "rollup", ROLLUP: "rollup"})["RollupSlashed"]
        assert places(found) == [(7, 0), (7, 1), (7, 2), (7, 3), (90, 0), (90, 1), (90, 2)]


def test_read__columns__those_alone_from_disk_and_node(store):
    wanted = ["block_number", "amount_wei"]
    found = EventReader(Chain(story()), store).read(
        KINDS,
        CONTRACTS,
        Span(first_block=0, last_block=100, block=Chain().stamp(), finalized_number=80),
        columns={"RollupSlashed": wanted},
    )
    assert found["RollupSlashed"].column_names == wanted
    assert found["RollupSlashed"].column("block_number").to_pylist()[-1] == 94
    assert "instance" in found["GseDeposit"].column_names


def test_read__numbers_that_need_more_room_in_the_tail__one_exact_column(store):
    huge = 2**200
    chain = Chain([slashed(3, 0, 5), slashed(90, 0, huge)])
    table = read(chain, store)["RollupSlashed"]
    assert python_values(table.column("amount_wei"), table.schema.field("amount_wei")) == [5, huge]


def test_read__node_that_tells_no_times__they_are_asked_for_once(store):
    untimed = [
        slashed(3, 0, timed=False),
        slashed(3, 1, timed=False),
        slashed(90, 0, timed=False),
        slashed(91),
    ]
    chain = Chain(untimed)
    times = read(chain, store)["RollupSlashed"].column("block_timestamp").to_pylist()
    assert times == [1_003, 1_003, 1_090, untimed[3].block_timestamp]
    asked = chain.headers
    assert read(chain, store)["RollupSlashed"].column("block_timestamp").to_pylist() == times
    assert chain.headers - asked == 1 + 1  # what the disk ends with, and the block of the tail


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted), min_size=1, max_size=6),
    st.data(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_read__ranges_in_any_order__the_same_rows_as_from_the_node(tmp_path_factory, ranges, data):
    store = EventStore(tmp_path_factory.mktemp("kept"), chain_id=1, genesis_hash=block_hash(0))
    chain = Chain(story())
    for first, last in ranges:
        chain.width = data.draw(st.integers(1, 60))
        finalized = data.draw(st.integers(-1, 100))
        found = read(chain, store, first, last, finalized=finalized)
        expected = [
            place for place in places(read(chain, None)["RollupSlashed"]) if first <= place[0] <= last
        ]
        assert places(found["RollupSlashed"]) == expected


# --------------------------------------------------------------------------- interruptions


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), NodeUnreachable("gone")], ids=["Ctrl-C", "node"])
def test_read__stopped__what_arrived_is_kept(store, stop):
    chain = Chain(story())
    chain.fails_at = 50, stop
    with pytest.raises(type(stop)):
        read(chain, store)
    assert store.missing(CONTRACTS, ["RollupSlashed", "GseDeposit"], 0, 80) == [(50, 80)]
    chain.fails_at = None
    chain.asked.clear()
    assert len(read(chain, store)["RollupSlashed"]) == 21
    assert chain.asked == [(50, 80), (81, 100)]


def test_read__many_rows__are_written_now_and_then(store, monkeypatch):
    chain = Chain(story())
    sizes = []
    commit = store.commit
    monkeypatch.setattr(
        store,
        "commit",
        lambda tables, **options: (sizes.append(sum(map(len, tables.values()))), commit(tables, **options)),
    )
    read(chain, store, commit_rows=5)
    assert len(sizes) > 3
    assert all(5 <= size <= 9 for size in sizes[:-1])


def test_read__slow_node__is_written_after_some_time(store):
    clock = iter(range(0, 10_000, 7))
    chain = Chain(story())
    chain.fails_at = 50, SystemExit()  # as if killed: nothing is tidied up
    with pytest.raises(SystemExit):
        read(chain, store, commit_seconds=20, clock=lambda: next(clock))
    assert store.missing(CONTRACTS, ["RollupSlashed", "GseDeposit"], 0, 80) == [(30, 80)]


def test_read__a_log_that_does_not_decode__nothing_of_its_part_is_kept(store):
    bad = attrs.evolve(slashed(33), data=b"\1")
    chain = Chain([*story(), bad])
    with pytest.raises(Exception, match=r"bytes|short|fit|words"):
        read(chain, store)
    assert store.coverage() == []


# --------------------------------------------------------------------------- other chains


def test_read__disk_of_another_chain__is_an_error_on_a_public_chain(store):
    read(Chain(story()), store)
    before = store.coverage()
    with pytest.raises(CheckFailed, match="another chain") as caught:
        read(Chain(story(chain=1), number=1), store)
    assert caught.value.facts["block"] == 80
    assert "cache clear" in str(caught.value.hint)
    assert store.coverage() == before


def test_read__chain_for_development_began_anew__is_read_again(tmp_path):
    store = EventStore(tmp_path, chain_id=31_337, genesis_hash=block_hash(0))
    old, new = Chain(story()), Chain([slashed(4, 0, 3, chain=1)], number=1)
    old.chain_id = new.chain_id = 31_337
    read(old, store)
    assert places(read(new, store)["RollupSlashed"]) == [(4, 0)]
    shorter = Chain([slashed(4, 0, 3, chain=2)], head=20, number=2)
    shorter.chain_id = 31_337
    assert places(read(shorter, store, finalized=10)["RollupSlashed"]) == [(4, 0)]
    assert {each.last_block for each in store.coverage()} == {10}


def test_read__node_lags_behind_what_was_final__is_refused(store):
    read(Chain(story()), store)
    lagging = Chain(story(), head=50)
    with pytest.raises(NodeRefused, match="final before") as caught:
        read(lagging, store, finalized=40)
    assert caught.value.retryable


@pytest.mark.parametrize(("last", "match"), [(90, "reorganised"), (100, "different chains")])
def test_read__reorganised_since_it_was_pinned__is_refused(store, last, match):
    chain = Chain(story())
    span = Span(first_block=0, last_block=last, block=chain.stamp(), finalized_number=80)
    EventReader(chain, store).read(KINDS, CONTRACTS, span)
    # The same chain up to block 80, another one behind it.
    chain.header = lambda number: Chain(number=9 if number > 80 else 0).header(number)
    with pytest.raises(NodeRefused, match=match) as caught:
        EventReader(chain, store).read(KINDS, CONTRACTS, span)
    assert caught.value.retryable


# --------------------------------------------------------------------------- progress


def test_progress__grows_to_the_whole(store):
    told = []
    span = Span(first_block=0, last_block=100, block=Chain().stamp(), finalized_number=80)
    EventReader(Chain(story()), store).read(
        KINDS, CONTRACTS, span, progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (101, 101)
    assert told == sorted(told)


def test_progress__beside_what_the_disk_had__grows_to_the_whole_and_moves_for_nothing_else(store):
    span = Span(first_block=0, last_block=100, block=Chain().stamp(), finalized_number=80)
    EventReader(Chain(story()), store).read(KINDS, CONTRACTS, span)
    told = []
    EventReader(Chain(story()), store).read(
        KINDS, CONTRACTS, span, progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (101, 101), "a bar would stay on the page"
    assert told == sorted(told)
    told.clear()
    EventReader(Chain(story()), store).read(
        KINDS,
        CONTRACTS,
        attrs.evolve(span, last_block=80),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == []
