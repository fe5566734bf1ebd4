"""The event store gives back exactly the logs it was given, whatever way they came in."""

from __future__ import annotations

import os
import pickle
import threading

import attrs
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soak import made_logs
from soak.made_logs import CHAIN_ID, CONTRACTS, EVENTS, GENESIS_HASH, OLD_ROLLUP, ROLLUP, TOKEN, block_hash

from aztec_butler.core import columns
from aztec_butler.core.errors import CheckFailed, InputError
from aztec_butler.store.events import BlocksMissing, EventStore, PreparedCommit
from aztec_butler.store.events_schema import narrowest


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_disks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def opened(root, **changes):
    return EventStore(root, **{"chain_id": CHAIN_ID, "genesis_hash": GENESIS_HASH} | changes)


def put(store, first, last, contracts=CONTRACTS, events=EVENTS, **changes):
    given = {
        "contracts": contracts,
        "events": events,
        "first_block": first,
        "last_block": last,
        "last_block_hash": block_hash(last),
    } | changes
    given.setdefault("tables", None)
    if given["tables"] is None:
        given["tables"] = made_logs.tables(first, last, contracts, events)
    store.commit(**given)


def plain(table):
    """A table's types and values, whatever its chunks and dictionaries."""
    return [(field.name, field.type, field.metadata) for field in table.schema], table.to_pylist()


def expected(event, addresses, first, last):
    contracts = {address: role for address, role in CONTRACTS.items() if address in addresses}
    return made_logs.tables(first, last, contracts, [event]).get(event)


def same(store, event, first, last, addresses=None):
    """Whether a read gives what a decoder of the range's logs gives."""
    addresses = made_logs.addresses(event) if addresses is None else addresses
    got = store.read(event, addresses=addresses, first_block=first, last_block=last)
    wanted = expected(event, addresses, first, last)
    if wanted is None:
        return len(got) == 0 and got.schema.equals(narrowest(event), check_metadata=True)
    return plain(got) == plain(wanted)


def test_read__what_was_committed__is_what_a_decoder_of_the_range_gives(tmp_path):
    store = opened(tmp_path)
    put(store, 0, 3999)
    for event in EVENTS:
        for first, last in [(0, 3999), (97, 97), (96, 300), (98, 193), (3999, 3999), (1, 1)]:
            assert same(store, event, first, last), (event, first, last)


RANGES = st.tuples(st.integers(0, 120), st.integers(0, 60)).map(lambda pair: (pair[0], pair[0] + pair[1]))
SUBSETS = st.sets(st.sampled_from(sorted(CONTRACTS)), min_size=1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), RANGES, SUBSETS, st.sets(st.sampled_from(EVENTS), min_size=1)),
        st.tuples(st.just("compact")),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, asked=RANGES, addresses=SUBSETS, event=st.sampled_from(EVENTS))
def test_read__after_any_commits__is_exact_and_what_is_missing_is_told(
    tmp_path_factory, steps, asked, addresses, event
):
    store = opened(tmp_path_factory.mktemp("store"))
    known = set()
    for step in steps:
        if step[0] == "compact":
            store.compact()
            continue
        _, (first, last), chosen, events = step
        contracts = {address: CONTRACTS[address] for address in chosen}
        put(store, first, last, contracts, events)
        known |= {
            (address, name, block)
            for name in events
            for address in made_logs.addresses(name, contracts)
            for block in range(first, last + 1)
        }
    emitters = [address for address in made_logs.addresses(event) if address in addresses]
    lacking = [
        block
        for block in range(asked[0], asked[1] + 1)
        if any((address, event, block) not in known for address in emitters)
    ]
    missing = store.missing({address: CONTRACTS[address] for address in addresses}, [event], *asked)
    assert [block for first, last in missing for block in range(first, last + 1)] == lacking
    if lacking:
        with pytest.raises(BlocksMissing) as caught:
            store.read(event, addresses=emitters, first_block=asked[0], last_block=asked[1])
        assert caught.value.ranges == missing
    else:
        assert same(store, event, *asked, emitters)
    assert store.verify() == []


def test_read_many__several_events__are_those_of_single_reads(tmp_path):
    store = opened(tmp_path)
    put(store, 0, 999)
    wanted = {event: made_logs.addresses(event) for event in EVENTS}
    tables = store.read_many(wanted, first_block=10, last_block=900, columns={"TokenTransfer": ["value_wei"]})
    assert list(tables) == list(EVENTS)
    for event, addresses in wanted.items():
        single = store.read(event, addresses=addresses, first_block=10, last_block=900)
        assert plain(tables[event]) == plain(
            single.select(["value_wei"]) if event == "TokenTransfer" else single
        )
    with pytest.raises(BlocksMissing):
        store.read_many(wanted, first_block=10, last_block=1000)


def test_missing__nothing_stored__is_the_range_and_writes_nothing(tmp_path):
    assert opened(tmp_path).missing(CONTRACTS, EVENTS, 5, 9) == [(5, 9)]
    assert list(tmp_path.iterdir()) == []


def test_missing__events_of_no_contract__count_as_held(tmp_path):
    assert opened(tmp_path).missing({TOKEN: "token"}, ["RollupDeposit"], 5, 9) == []


def test_missing__one_contract_or_event_more__is_missing(tmp_path):
    store = opened(tmp_path)
    put(store, 0, 99, {ROLLUP: "rollup"}, ["RollupDeposit"])
    assert store.missing({ROLLUP: "rollup"}, ["RollupDeposit"], 0, 99) == []
    assert store.missing({OLD_ROLLUP: "rollup", ROLLUP: "rollup"}, ["RollupDeposit"], 0, 99) == [(0, 99)]
    assert store.missing({ROLLUP: "rollup"}, ["RollupDeposit", "RollupSlashed"], 0, 99) == [(0, 99)]


def test_chain__same_id_but_started_anew__shares_nothing(tmp_path):
    put(opened(tmp_path), 0, 99)
    other = opened(tmp_path, genesis_hash="0x" + "77" * 32)
    assert other.missing(CONTRACTS, EVENTS, 0, 99) == [(0, 99)]
    assert opened(tmp_path, chain_id=1).missing(CONTRACTS, EVENTS, 0, 99) == [(0, 99)]


def test_columns__some__come_in_the_order_asked(tmp_path):
    store = opened(tmp_path)
    put(store, 0, 999)
    whole = store.read("TokenTransfer", addresses=[TOKEN], first_block=10, last_block=900)
    part = store.read(
        "TokenTransfer", addresses=[TOKEN], first_block=10, last_block=900, columns=["value_wei", "log_index"]
    )
    assert plain(part) == plain(whole.select(["value_wei", "log_index"]))


def test_schema__unified__holds_the_rows_of_every_part(tmp_path):
    store = opened(tmp_path)
    for first in range(0, 400, 100):
        put(store, first, first + 99)
    event = "RollupCheckpointProposed"
    asked = {"addresses": made_logs.addresses(event), "first_block": 0, "last_block": 399}
    schema = store.unified_schema(event, **asked)
    parts = [
        store.read(event, **asked | {"first_block": first, "last_block": last}, schema=schema)
        for first, last in store.partitions(event, **asked)
    ]
    assert len(parts) == 4
    assert all(part.schema.equals(schema, check_metadata=True) for part in parts)
    whole = store.read(event, **asked)
    numbers = columns.python_values(whole["checkpoint_number"], whole.schema.field("checkpoint_number"))
    joined = pa.concat_tables(parts)
    assert columns.python_values(joined["checkpoint_number"], schema.field("checkpoint_number")) == numbers
    assert max(numbers) >= 2**64
    with pytest.raises(InputError, match="schema"):
        store.read(event, **asked, schema=made_logs.tables(1, 90)[event].schema)


def test_coverage__after_commits_that_touch__is_one_range_with_the_last_hash(tmp_path):
    store = opened(tmp_path)
    contracts = {TOKEN: "token"}
    for first, last in [(0, 49), (50, 99), (200, 249)]:
        put(store, first, last, contracts, ["TokenTransfer"])
    for _ in range(2):
        found = [
            (each.event, each.address, each.first_block, each.last_block, each.anchor_block, each.anchor_hash)
            for each in store.coverage()
        ]
        assert found == [
            ("TokenTransfer", TOKEN, 0, 99, 99, block_hash(99)),
            ("TokenTransfer", TOKEN, 200, 249, 249, block_hash(249)),
        ]
        store.compact()
    assert store.anchors(contracts, ["TokenTransfer"], 10, 60) == {99: block_hash(99)}


def test_compact__many_commits__few_files_and_the_same_rows(tmp_path):
    store = opened(tmp_path)
    for first in range(0, 600, 20):
        put(store, first, first + 29)  # they overlap
    store.compact()
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock")
    assert len(files) == 5  # one for each event that was emitted, and a commit
    assert all(same(store, event, 0, 609) for event in EVENTS)
    assert store.missing(CONTRACTS, EVENTS, 0, 609) == []


def test_compact__files_large_enough__are_left_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr("aztec_butler.store.events_compaction.FULL_ROWS", 60)
    store = opened(tmp_path)
    for first, last in [(0, 299), (300, 310), (311, 320), (321, 500), (450, 699), (700, 710)]:
        put(store, first, last)
    before = {path.name for path in tmp_path.rglob("0-299*.parquet")}
    store.compact()
    files = [path.name for path in tmp_path.rglob("*.parquet")]
    assert len(before) == 4
    assert before < set(files)
    assert len(files) == 8  # the large ones, and all that came after them
    assert all(same(store, event, 0, 710) for event in EVENTS)
    assert store.verify(leftover_after_seconds=0) == []


def test_compact__more_rows_than_a_file_should_have__are_several_files(tmp_path, monkeypatch):
    monkeypatch.setattr("aztec_butler.store.events_compaction.ROWS_OF_FILE", 50)
    store = opened(tmp_path)
    for first in range(0, 1200, 300):
        put(store, first, first + 310)
    store.compact()
    assert len(list(tmp_path.rglob("*.parquet"))) > 8
    assert all(same(store, event, 0, 1210) for event in EVENTS)


def test_commit__many_times__tidies_up_by_itself(tmp_path):
    store = opened(tmp_path)
    for first in range(0, 500, 10):
        put(store, first, first + 9)
    assert len(list(tmp_path.rglob("*.json"))) < 40
    assert all(same(store, event, 0, 499) for event in EVENTS)


def test_publish__files_of_several_workers__appear_together(tmp_path):
    store = opened(tmp_path)
    prepared = [
        pickle.loads(pickle.dumps(store)).write_files(
            made_logs.tables(first, first + 99),
            contracts=CONTRACTS,
            events=EVENTS,
            first_block=first,
            last_block=first + 99,
            last_block_hash=block_hash(first + 99),
        )
        for first in (0, 100, 200)
    ]
    assert store.missing(CONTRACTS, EVENTS, 0, 299) == [(0, 299)]
    store.publish(*(PreparedCommit.from_json(each.to_json()) for each in prepared))
    assert store.missing(CONTRACTS, EVENTS, 0, 299) == []
    assert same(store, "TokenTransfer", 0, 299)
    # Told twice, as after a lost reply.
    store.publish(prepared[0])
    assert same(store, "TokenTransfer", 0, 299)
    with pytest.raises(InputError, match="another chain"):
        opened(tmp_path, chain_id=1).publish(prepared[0])


@settings(max_examples=25, deadline=None)
@given(
    pieces=st.lists(
        st.tuples(RANGES, SUBSETS, st.sets(st.sampled_from(EVENTS), min_size=1)), min_size=1, max_size=7
    )
)
def test_publish__pieces_that_overlap__give_every_row_once(tmp_path_factory, pieces):
    """As when a scheduler gave the same work to two workers."""
    store = opened(tmp_path_factory.mktemp("store"))
    prepared = []
    for (first, last), chosen, events in pieces:
        contracts = {address: CONTRACTS[address] for address in chosen}
        prepared.append(
            store.write_files(
                made_logs.tables(first, last, contracts, events),
                contracts=contracts,
                events=events,
                first_block=first,
                last_block=last,
                last_block_hash=block_hash(last),
            )
        )
    store.publish(*prepared, prepared[0])
    for _ in range(2):
        for (first, last), chosen, events in pieces:
            for event in events:
                emitters = [address for address in made_logs.addresses(event) if address in chosen]
                assert same(store, event, first, last, emitters)
        store.compact()


def test_publish__many_pieces_that_do_not_overlap__are_one_commit(tmp_path):
    store = opened(tmp_path)
    prepared = [
        store.write_files(
            made_logs.tables(first, first + 9, wanted=[event]),
            contracts=CONTRACTS,
            events=[event],
            first_block=first,
            last_block=first + 9,
            last_block_hash=block_hash(first + 9),
        )
        for first in range(0, 100, 10)
        for event in EVENTS
    ]
    store.publish(*prepared)
    assert len(list(tmp_path.rglob("*.json"))) == 1
    assert all(same(store, event, 0, 99) for event in EVENTS)


def test_publish__files_gone_meanwhile__is_refused(tmp_path):
    store = opened(tmp_path)
    prepared = store.write_files(
        made_logs.tables(0, 99),
        contracts=CONTRACTS,
        events=EVENTS,
        first_block=0,
        last_block=99,
        last_block_hash=block_hash(99),
    )
    store.repair(leftover_after_seconds=0)
    with pytest.raises(InputError, match="gone"):
        store.publish(prepared)
    assert store.missing(CONTRACTS, EVENTS, 0, 99) == [(0, 99)]


def test_clear__everything_of_this_chain__is_missing(tmp_path):
    store, other = opened(tmp_path), opened(tmp_path, chain_id=1)
    put(store, 0, 99)
    put(other, 0, 99)
    store.clear()
    assert store.missing(CONTRACTS, EVENTS, 0, 99) == [(0, 99)]
    assert other.missing(CONTRACTS, EVENTS, 0, 99) == []
    assert store.verify(leftover_after_seconds=0) == []


def edited(name, change):
    tables = made_logs.tables(0, 99)
    tables[name] = change(tables[name])
    return {"tables": tables}


DEPOSIT = "RollupDeposit"
WRONG = {
    "rows outside the range": {"last_block": 50, "last_block_hash": block_hash(50)},
    "rows before the range": {"first_block": 50},
    "twice": edited(DEPOSIT, lambda t: pa.concat_tables([t, t.slice(len(t) - 1)])),
    "unsorted": edited(DEPOSIT, lambda t: t.take([1, 0, *range(2, len(t))])),
    "a column less": edited(DEPOSIT, lambda t: t.drop_columns(["withdrawer"])),
    "a column of another type": edited(
        DEPOSIT, lambda t: t.set_column(0, "block_number", t["block_number"].cast(pa.int64()))
    ),
    "another order of columns": edited(DEPOSIT, lambda t: t.select(t.column_names[::-1])),
    "a null": edited(
        DEPOSIT,
        lambda t: t.set_column(
            2, "log_index", pa.array([None, *t["log_index"].to_pylist()[1:]], pa.uint64())
        ),
    ),
    "of a contract not named": {"contracts": {ROLLUP: "rollup", TOKEN: "token"}},
    "of a contract with another role": {"contracts": CONTRACTS | {OLD_ROLLUP: "gse"}},
    "of an event not named": {"events": ["TokenTransfer"]},
    "of no event": {"tables": {"RollupDeposits": None}},
    "no event": {"events": ["RollupDeposit", "Deposits"]},
    "no role": {"contracts": CONTRACTS | {ROLLUP: "rolup"}},
    "no address": {"contracts": {"0x12": "rollup"}},
    "no hash": {"last_block_hash": "0x12"},
    "no range": {"first_block": 100},
    "a negative block": {"first_block": -1},
    "no block number": {"first_block": True},
    "another hash in the last log": {
        "last_block": max(made_logs.tables(0, 99)["TokenTransfer"]["block_number"].to_pylist()),
        "tables": {"TokenTransfer": made_logs.tables(0, 99)["TokenTransfer"]},
    },
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_commit__what_does_not_fit__is_refused_before_anything_is_written(tmp_path, changes):
    with pytest.raises(InputError):
        put(opened(tmp_path), 0, 99, **{"tables": made_logs.tables(0, 99)} | changes)
    assert list(tmp_path.iterdir()) == []


def test_commit__the_last_block_by_another_hash__is_another_chain(tmp_path):
    store = opened(tmp_path)
    put(store, 0, 98)
    with pytest.raises(CheckFailed, match="another hash"):
        put(store, 50, 98, tables={}, last_block_hash="0x" + "12" * 32)


@pytest.mark.parametrize(
    "asked",
    [
        {"event": "RollupDeposits"},
        {"columns": ["amount"]},
        {"addresses": ["0x12"]},
        {"first_block": 9, "last_block": 8},
        {"first_block": "9"},
    ],
    ids=str,
)
def test_read__what_there_cannot_be__is_an_input_error(tmp_path, asked):
    usual = {"event": DEPOSIT, "addresses": [ROLLUP], "first_block": 0, "last_block": 8}
    with pytest.raises(InputError) as caught:
        opened(tmp_path).read(**usual | asked)
    assert not isinstance(caught.value, BlocksMissing)


def test_read__not_held__tells_the_ranges_and_survives_pickling(tmp_path):
    store = opened(tmp_path)
    put(store, 10, 19)
    with pytest.raises(BlocksMissing) as caught:
        store.read(DEPOSIT, addresses=[ROLLUP], first_block=0, last_block=99)
    assert pickle.loads(pickle.dumps(caught.value)).ranges == [(0, 9), (20, 99)]
    assert "0-9, 20-99" in str(caught.value)


def test_version__newer__is_a_named_error_and_nothing_changes(tmp_path, monkeypatch):
    monkeypatch.setattr("aztec_butler.store.events_manifest.VERSION", 2)
    put(opened(tmp_path), 0, 99)
    monkeypatch.undo()
    before = {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    with pytest.raises(InputError, match="newer version"):
        opened(tmp_path).missing(CONTRACTS, EVENTS, 0, 99)
    assert {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()} == before


def test_threads__many_in_one_instance__see_whole_commits(tmp_path):
    store = opened(tmp_path)
    failures = []

    def work(start):
        for first in range(start, 600, 60):
            put(store, first, first + 9)
            if not same(store, "TokenTransfer", first, first + 9):
                failures.append(first)

    threads = [threading.Thread(target=work, args=(10 * number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.missing(CONTRACTS, EVENTS, 0, 599) == []
    assert all(same(store, event, 0, 599) for event in EVENTS)


def test_records__of_the_manifest__hold_no_python_but_plain_values(tmp_path):
    store = opened(tmp_path)
    prepared = store.write_files(
        {}, contracts=CONTRACTS, events=EVENTS, first_block=0, last_block=9, last_block_hash=block_hash(9)
    )
    assert PreparedCommit.from_json(prepared.to_json()) == prepared
    assert attrs.asdict(prepared)["files"] == ()
