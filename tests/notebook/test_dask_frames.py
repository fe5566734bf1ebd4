"""Event stores as lazy tables: exact, whole, and of the same dtypes in every part."""

from __future__ import annotations

from decimal import Decimal

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from event_logs import GSE, OTHER_ROLLUP, ROLLUP, TOKEN, block_hash, log, slashed, tables

import aztec_butler as ab
from aztec_butler import DecodeError, InputError
from aztec_butler.archive.union import union_table
from aztec_butler.core.event_kinds import select_events
from aztec_butler.notebook.event_frames import to_event_frame
from aztec_butler.store.events import EventStore

CONTRACTS = {ROLLUP: "rollup", GSE: "gse"}
EVENTS = ["RollupSlashed", "RollupDeposit", "GseDeposit"]
HUGE = 2**255 + 1


@pytest.fixture(autouse=True)
def _in_this_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def store(tmp_path):
    return EventStore(tmp_path, chain_id=1, genesis_hash=block_hash(0))


def put(store, logs, first, last, contracts=CONTRACTS, events=EVENTS):
    store.commit(
        tables(logs, contracts),
        contracts=contracts,
        events=events,
        first_block=first,
        last_block=last,
        last_block_hash=block_hash(last),
    )


def story(first, last):
    found = [slashed(block, 0, 10**28 + block) for block in range(first + 2, last + 1, 3)]
    found += [log("GseDeposit", block, 1, address=GSE) for block in range(first + 1, last + 1, 4)]
    return sorted(found, key=lambda each: (each.address, each.block_number))


@pytest.fixture
def filled(store):
    for first in range(0, 100, 25):
        put(store, story(first, first + 24), first, first + 24)
    return store


def eager(store, names, first=0, last=99):
    """The same rows as ``Network.events`` has them."""
    kinds = select_events(names, roles={"rollup", "gse"})
    found = {
        kind.record: store.read(
            kind.record,
            addresses=[address for address, role in CONTRACTS.items() if role == kind.role],
            first_block=first,
            last_block=last,
        )
        for kind in kinds
    }
    return to_event_frame(union_table(kinds, found))


def test_dask_events__one_event__the_rows_of_net_events_in_parts(filled, tmp_path):
    ddf = ab.dask_events(tmp_path, "Slashed")
    assert isinstance(ddf, dd.DataFrame)
    assert ddf.npartitions == 4
    assert ddf.divisions == (0, 27, 52, 77, 99)
    frame, expected = ddf.compute(), eager(filled, "Slashed")
    assert frame.index.tolist() == expected.block_number.tolist()
    assert [name for name in expected.columns if name != "block_number"] == list(frame.columns)
    assert frame.amount_wei.map(int).tolist() == expected.amount_wei.tolist()
    assert frame.amount_aztec.tolist() == expected.amount_aztec.tolist()
    for name in ("event", "address", "attester", "transaction_hash", "block_time", "log_index"):
        assert frame[name].tolist() == expected[name].tolist(), name


def test_dask_events__dtypes__are_those_of_every_part_and_never_objects(filled, tmp_path):
    ddf = ab.dask_events(tmp_path, EVENTS)
    dtypes = ddf.dtypes.to_dict()
    assert all(part.compute().dtypes.to_dict() == dtypes for part in ddf.partitions)
    assert ddf.compute().dtypes.to_dict() == dtypes
    assert np.dtype(object) not in dtypes.values()
    assert dtypes["amount_wei"] == pd.ArrowDtype(pa.decimal256(38, 0))
    assert dtypes["amount_aztec"] == np.float64
    assert dtypes["log_index"] == pd.Int64Dtype()
    assert dtypes["attester"] == pd.StringDtype("pyarrow")
    assert str(dtypes["block_time"]) == "datetime64[ns, UTC]"
    assert dtypes["event"] == "category"
    assert ddf.event.cat.known


def test_dask_events__sums__are_exact(filled, tmp_path):
    ddf = ab.dask_events(tmp_path, "Slashed")
    truth = eager(filled, "Slashed").amount_wei.sum()
    assert truth > 10**29
    assert int(ddf[["amount_wei"]].sum().compute().iloc[0]) == truth
    assert int(ddf.groupby("attester").amount_wei.sum().compute().iloc[0]) == truth
    assert sum(map(int, (ddf.amount_wei + ddf.amount_wei).compute())) == 2 * truth
    assert sum(map(int, (ddf.amount_wei * 3).compute())) == 3 * truth
    with pytest.raises(Exception, match="deterministically"):  # it would be rounded to 28 digits
        ddf.amount_wei.sum().compute()


def test_dask_events__several_events__side_by_side_in_the_order_of_the_chain(filled, tmp_path):
    frame = ab.dask_events(tmp_path, ["Slashed", "GseDeposit"]).compute()
    expected = eager(filled, ["Slashed", "GseDeposit"])
    assert frame.index.tolist() == expected.block_number.tolist()
    assert frame.event.astype(str).tolist() == expected.event.astype(str).tolist()
    assert frame.attester.tolist() == expected.attester.tolist()
    assert frame.amount_wei.isna().tolist() == expected.amount_wei.isna().tolist()


def test_dask_events__range__reads_no_other_blocks(filled, tmp_path):
    ddf = ab.dask_events(tmp_path, "Slashed", 20, 60)
    assert ddf.compute().index.tolist() == eager(filled, "Slashed", 20, 60).block_number.tolist()
    assert ddf.divisions == (20, 27, 52, 60)
    assert ddf.loc[52:60].npartitions == 1


def test_dask_events__some_columns__only_those_are_read(filled, tmp_path, monkeypatch):
    read, asked = EventStore.read, []

    def noted(self, event, **options):
        asked.append(options["columns"])
        return read(self, event, **options)

    with monkeypatch.context() as patch:
        patch.setattr(EventStore, "read", noted)
        ddf = ab.dask_events(tmp_path, "Slashed")
        assert asked == []
        frame = ddf[["amount_aztec", "block_time"]].compute()
    assert list(frame.columns) == ["amount_aztec", "block_time"]
    assert asked == [["block_number", "log_index", "block_timestamp", "address", "amount_wei"]] * 4
    expected = eager(filled, "Slashed")
    assert frame.amount_aztec.tolist() == expected.amount_aztec.tolist()
    assert frame.block_time.tolist() == expected.block_time.tolist()


def test_dask_events__arrays_words_and_bytes__as_they_are(store, tmp_path):
    contracts, events = {TOKEN: "pull_split_factory", ROLLUP: "rollup"}, ["PullSplitFactorySplitCreated"]
    params = ((ROLLUP, GSE), (2**70, 5), 2**70 + 5, 9)
    logs = [
        log("PullSplitFactorySplitCreated", 3, address=TOKEN, split_params=params, split=ROLLUP),
        log("PullSplitFactorySplitCreated", 4, address=TOKEN),
    ]
    put(store, logs[:1], 0, 3, contracts, events)
    put(store, logs[1:], 4, 9, contracts, events)
    ddf = ab.dask_events(tmp_path, events)
    frame = ddf.compute()
    assert frame.dtypes.to_dict() == ddf.dtypes.to_dict()
    assert all(part.compute().dtypes.to_dict() == ddf.dtypes.to_dict() for part in ddf.partitions)
    assert np.dtype(object) not in set(frame.dtypes)
    assert [list(each) for each in frame.split_params_recipients] == [[ROLLUP, GSE], []]
    assert [list(map(int, each)) for each in frame.split_params_allocations] == [[2**70, 5], []]
    assert list(map(int, frame.split_params_total_allocation)) == [2**70 + 5, 0]
    assert frame.split_params_distribution_incentive.tolist() == [9, 0]


def test_dask_events__numbers_of_any_size__stay_exact_in_every_part(store, tmp_path):
    put(store, [slashed(1, 0, 5)], 0, 9)
    put(store, [slashed(11, 0, HUGE)], 10, 19)
    frame = ab.dask_events(tmp_path, "Slashed").compute()
    assert frame.amount_wei.tolist() == ["5", str(HUGE)]


def test_dask_events__number_beyond_int64__is_an_error_with_a_way_out(store, tmp_path):
    name, column = "RollupStakingQueueConfigUpdated", "config_bootstrap_flush_size"
    kept = [
        log(name, 1, config=(1, 2**63 - 1, 3, 4, 5)),
        log(name, 2, config=(1, 2**63, 3, 4, 5)),
    ]
    put(store, kept[:1], 0, 1, {ROLLUP: "rollup"}, [name])
    assert ab.dask_events(tmp_path, name).compute()[column].tolist() == [2**63 - 1]
    put(store, kept[1:], 2, 9, {ROLLUP: "rollup"}, [name])
    with pytest.raises(DecodeError, match="does not fit") as caught:
        ab.dask_events(tmp_path, name).compute()
    assert column in caught.value.hint
    frame = ab.dask_events(tmp_path, name, decimals=[column]).compute()
    assert frame[column].tolist() == [Decimal(2**63 - 1), Decimal(2**63)]
    with pytest.raises(InputError, match="no such column"):
        ab.dask_events(tmp_path, name, decimals=["flush_size"])


# --------------------------------------------------------------------------- what is not there


def test_dask_events__empty_range__all_columns_and_no_row(store, tmp_path):
    put(store, [], 0, 99)
    ddf = ab.dask_events(tmp_path, "Slashed")
    assert len(ddf) == 0
    assert "amount_wei" in ddf.compute().columns


def test_dask_events__blocks_that_are_not_held__are_an_error(store, tmp_path):
    put(store, story(0, 24), 0, 24)
    put(store, story(50, 74), 50, 74)
    with pytest.raises(InputError, match="does not hold all") as caught:
        ab.dask_events(tmp_path, "Slashed")
    assert caught.value.facts["RollupSlashed"] == "lacks 25-49"
    assert len(ab.dask_events(tmp_path, "Slashed", 50, 74)) == 8


def test_dask_events__event_that_was_not_extracted__is_an_error_that_names_what_is_there(filled, tmp_path):
    with pytest.raises(InputError, match="none of these") as caught:
        ab.dask_events(tmp_path, "ValidatorQueued")
    assert "RollupSlashed" in caught.value.hint


def test_dask_events__an_event_of_known_contracts_is_missing__staking_is_not_whole(filled, tmp_path):
    with pytest.raises(InputError, match="does not hold all") as caught:
        ab.dask_events(tmp_path, "staking")
    assert caught.value.facts["RollupWithdrawInitiated"] == "lacks 0-99"


def test_dask_events__another_contract_joined__its_past_is_missed(filled, tmp_path):
    put(filled, [], 90, 120, {OTHER_ROLLUP: "rollup"}, EVENTS[:2])
    with pytest.raises(InputError, match="does not hold all"):
        ab.dask_events(tmp_path, "Slashed")


def test_dask_events__no_store_and_several__are_errors(store, tmp_path):
    with pytest.raises(InputError, match="holds no events"):
        ab.dask_events(tmp_path)
    put(store, [], 0, 9)
    other = EventStore(tmp_path, chain_id=11_155_111, genesis_hash=block_hash(0, 1))
    put(other, [], 0, 9)
    with pytest.raises(InputError, match="several chains"):
        ab.dask_events(tmp_path, "Slashed")
    assert len(ab.dask_events(tmp_path, "Slashed", chain_id=1)) == 0


def test_dask_events__unknown_event__is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such event"):
        ab.dask_events(tmp_path, "Slahsed")


def test_dask_events__in_memory_place__reads_through_fsspec():
    place = "memory://dask-events-test"
    store = EventStore(place, chain_id=1, genesis_hash=block_hash(0))
    put(store, story(0, 24), 0, 24)
    assert len(ab.dask_events(place, "Slashed")) == 8
