"""Tables of raw logs, as other extractors make them: the same columns as from a node's own answer."""

import json
import random
from datetime import UTC, datetime

import attrs
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hexbytes import HexBytes
from web3.datastructures import AttributeDict

from aztec_butler.core import columns, events
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.hexes import checksum_address
from aztec_butler.core.logs import UNKNOWN_HASH

ROLLUP = "0x603bb2c05D474794ea97805e8De69bCcFb3bCA12"


def some_logs(count=40):
    """Logs with two, three and four topics; some without data, some with an array."""
    rng = random.Random(7)

    def address():
        return checksum_address(rng.randbytes(20))

    def made(kind, row, **values):
        position = events.Position(
            address=ROLLUP,
            block_number=24_000_000 + row,
            block_hash="0x" + rng.randbytes(32).hex(),
            transaction_hash="0x" + rng.randbytes(32).hex(),
            transaction_index=row % 7,
            log_index=row,
            block_timestamp=1_760_000_000 + 12 * row,
        )
        return events.encode(kind(position=position, **values))

    kinds = [
        lambda row: made(events.RollupSlashed, row, attester=address(), amount_wei=rng.getrandbits(80)),
        lambda row: made(
            events.RollupOwnershipTransferred, row, previous_owner=address(), new_owner=address()
        ),
        lambda row: made(events.RollupRewardsClaimableUpdated, row, is_rewards_claimable=bool(row % 2)),
        lambda row: made(events.RollupValidatorQueued, row, attester=address(), withdrawer=address()),
    ]
    return [kinds[row % len(kinds)](row) for row in range(count)]


LOGS = some_logs()


def json_log(log):
    return {
        "address": log.address.lower(),
        "topics": ["0x" + topic.hex() for topic in log.topics],
        "data": "0x" + log.data.hex(),
        "blockNumber": hex(log.block_number),
        "transactionHash": log.transaction_hash,
        "transactionIndex": hex(log.transaction_index),
        "blockHash": log.block_hash,
        "blockTimestamp": hex(log.block_timestamp),
        "logIndex": hex(log.log_index),
        "removed": False,
    }


def answer(logs):
    return json.dumps([json_log(log) for log in logs]).encode()


def octets(text):
    return bytes.fromhex(text[2:])


def topic_columns(logs, shown):
    return {
        f"topic{place}": [shown(log.topics[place]) if place < len(log.topics) else None for log in logs]
        for place in range(4)
    }


def cryo(logs, *, shown=bytes):
    """cryo 0.3: bytes, or hex text with ``--hex``; neither the block's hash nor its time."""
    return {
        "block_number": pa.array([log.block_number for log in logs], pa.uint32()),
        "transaction_index": pa.array([log.transaction_index for log in logs], pa.uint32()),
        "log_index": pa.array([log.log_index for log in logs], pa.uint32()),
        "transaction_hash": [shown(octets(log.transaction_hash)) for log in logs],
        "address": [shown(octets(log.address)) for log in logs],
        **topic_columns(logs, shown),
        "data": [shown(log.data) for log in logs],
        "n_data_bytes": pa.array([len(log.data) for log in logs], pa.uint32()),
        "chain_id": pa.array([1] * len(logs), pa.uint64()),
    }


def hexed(content):
    return "0x" + content.hex()


def ethereum_etl(logs, *, listed=False):
    """ethereum-etl 2.4: hex text; topics with commas between them, or a list."""
    topics = [[hexed(topic) for topic in log.topics] for log in logs]
    return {
        "log_index": [log.log_index for log in logs],
        "transaction_hash": [log.transaction_hash for log in logs],
        "transaction_index": [log.transaction_index for log in logs],
        "block_hash": [log.block_hash for log in logs],
        "block_number": [log.block_number for log in logs],
        "address": [log.address.lower() for log in logs],
        "data": [hexed(log.data) for log in logs],
        "topics": topics if listed else [",".join(each) for each in topics],
    }


def hypersync(logs):
    """What hypersync's client collects: hex text, with a flag for removed ones."""
    return {
        "removed": [None] * len(logs),
        "log_index": pa.array([log.log_index for log in logs], pa.uint64()),
        "transaction_index": pa.array([log.transaction_index for log in logs], pa.uint64()),
        "transaction_hash": [octets(log.transaction_hash) for log in logs],
        "block_hash": [octets(log.block_hash) for log in logs],
        "block_number": pa.array([log.block_number for log in logs], pa.uint64()),
        "address": [octets(log.address) for log in logs],
        "data": [log.data for log in logs],
        **topic_columns(logs, bytes),
    }


def service(logs):
    """As SQL services name things, with times as times."""
    return {
        "block_time": [datetime.fromtimestamp(log.block_timestamp, UTC) for log in logs],
        "block_number": [log.block_number for log in logs],
        "block_hash": [octets(log.block_hash) for log in logs],
        "contract_address": [octets(log.address) for log in logs],
        **topic_columns(logs, bytes),
        "data": [log.data for log in logs],
        "tx_hash": [octets(log.transaction_hash) for log in logs],
        "index": [log.log_index for log in logs],
        "tx_index": [log.transaction_index for log in logs],
    }


def attribute_dicts(logs):
    return [
        AttributeDict(
            {
                "address": log.address,
                "topics": [HexBytes(topic) for topic in log.topics],
                "data": HexBytes(log.data),
                "blockNumber": log.block_number,
                "transactionHash": HexBytes(log.transaction_hash),
                "transactionIndex": log.transaction_index,
                "blockHash": HexBytes(log.block_hash),
                "blockTimestamp": hex(log.block_timestamp),
                "logIndex": log.log_index,
                "removed": False,
            }
        )
        for log in logs
    ]


# What each tells of block_hash and block_timestamp.
LAYOUTS = {
    "cryo": (lambda logs: pa.table(cryo(logs)), False, False),
    "cryo hex": (lambda logs: pa.table(cryo(logs, shown=hexed)), False, False),
    "cryo frame": (lambda logs: pa.table(cryo(logs, shown=hexed)).to_pandas(), False, False),
    "cryo fixed": (
        lambda logs: pa.table(cryo(logs))
        .set_column(4, "address", pa.array([octets(log.address) for log in logs], pa.binary(20)))
        .set_column(3, "transaction_hash", pa.array([octets(log.transaction_hash) for log in logs], pa.binary(32))),
        False,
        False,
    ),
    "etl": (lambda logs: pa.table(ethereum_etl(logs)), True, False),
    "etl list": (lambda logs: pa.table(ethereum_etl(logs, listed=True)), True, False),
    "etl frame": (lambda logs: pd.DataFrame(ethereum_etl(logs)), True, False),
    "etl categories": (
        lambda logs: pd.DataFrame(ethereum_etl(logs)).astype({"address": "category", "topics": "category"}),
        True,
        False,
    ),
    "hypersync": (lambda logs: pa.table(hypersync(logs)), True, False),
    "service": (lambda logs: pa.table(service(logs)), True, True),
    "service frame": (lambda logs: pd.DataFrame(service(logs)), True, True),
    "json frame": (lambda logs: pd.DataFrame([json_log(log) for log in logs]), True, True),
    "web3 frame": (lambda logs: pd.DataFrame(attribute_dicts(logs)), True, True),
    "dictionaries": (
        lambda logs: pa.table(
            {name: pa.array(values).dictionary_encode() if name == "address" else values
             for name, values in ethereum_etl(logs).items()}
        ),
        True,
        False,
    ),
    "large": (
        lambda logs: pa.table(
            {name: pa.array(values, pa.large_string()) if name in ("data", "topics") else values
             for name, values in ethereum_etl(logs).items()}
        ),
        True,
        False,
    ),
    "views": (
        lambda logs: pa.table(
            {name: pa.array(values, pa.string_view()) if name in ("data", "address") else values
             for name, values in ethereum_etl(logs).items()}
        ),
        True,
        False,
    ),
    "cut": (lambda logs: pa.concat_tables([pa.table(cryo(logs))] * 2).slice(len(logs) - 3, len(logs)), False, False),
    "chunks": (
        lambda logs: pa.concat_tables([pa.table(cryo(logs[:7])), pa.table(cryo(logs[7:]))]),
        False,
        False,
    ),
    "batch": (lambda logs: pa.table(cryo(logs)).combine_chunks().to_batches()[0], False, False),
    "reader": (lambda logs: pa.table(cryo(logs)).to_reader(7), False, False),
}  # fmt: skip


def rows_of(decoded):
    """Every value of every table, by the log's index."""
    return {
        (name, row["log_index"]): row for name, table in decoded.tables.items() for row in table.to_pylist()
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_decode__table_of_another_extractor__gives_the_same_rows(layout):
    make, has_hash, has_time = LAYOUTS[layout]
    expected = rows_of(columns.decode(answer(LOGS), "rollup"))
    found = columns.decode(make(LOGS), "rollup")
    for table in found.tables.values():
        table.validate(full=True)
        assert table.column("block_hash").null_count == (0 if has_hash else len(table))
        assert table.column("block_timestamp").null_count == (0 if has_time else len(table))
    missing = {
        name: None for name, told in (("block_hash", has_hash), ("block_timestamp", has_time)) if not told
    }
    assert rows_of(found) == {key: row | missing for key, row in expected.items()}


@pytest.mark.parametrize("layout", ["cryo", "cryo hex", "etl", "etl list", "service"])
def test_parse_log__rows_of_such_tables__are_logs(layout):
    make, has_hash, has_time = LAYOUTS[layout]
    changes = ({} if has_hash else {"block_hash": UNKNOWN_HASH}) | (
        {} if has_time else {"block_timestamp": None}
    )
    expected = [events.decode_log(attrs.evolve(log, **changes), "rollup") for log in LOGS]
    assert events.decode_logs(make(LOGS).to_pylist(), "rollup") == expected
    assert rows_of(columns.decode(make(LOGS).to_pylist(), "rollup")) == rows_of(
        columns.decode(make(LOGS), "rollup")
    )


def test_decode__parquet_file__is_read_part_by_part(tmp_path):
    path = tmp_path / "ethereum__logs__24000000_to_24000999.parquet"
    pq.write_table(pa.table(cryo(LOGS)), path, row_group_size=6)
    expected = rows_of(columns.decode(pa.table(cryo(LOGS)), "rollup"))
    with pq.ParquetFile(path) as file:
        assert rows_of(columns.decode(file, "rollup")) == expected
    assert rows_of(columns.decode([pq.read_table(path)], "rollup")) == expected


def test_decode__tables_answers_and_logs_in_one_list__are_all_read():
    mixed = [pa.table(cryo(LOGS[:10])), answer(LOGS[10:20]), *LOGS[20:30], pa.table(ethereum_etl(LOGS[30:]))]
    decoded = columns.decode(mixed, "rollup")
    assert sorted(index for _, index in rows_of(decoded)) == list(range(len(LOGS)))
    table = decoded.tables["RollupSlashed"]
    assert table.column("block_hash").null_count == sum(
        log < 10 for log in table.column("log_index").to_pylist()
    )


def test_decode__block_hash_that_begins_with_zeros__is_there():
    log = attrs.evolve(LOGS[0], block_hash="0x" + "00" * 31 + "01")
    table = columns.decode([log], "rollup").tables["RollupSlashed"]
    assert table.column("block_hash").null_count == 0
    assert not table.schema.field("block_hash").nullable


def changed(column, row, value, layout=ethereum_etl):
    table = {name: list(values) for name, values in layout(LOGS).items()}
    table[column][row] = value
    return {
        name: pa.array([v.as_py() if isinstance(v, pa.Scalar) else v for v in values])
        for name, values in table.items()
    }


BAD = {
    "short address": ("address", "0x12", "expected 20 bytes, got 1"),
    "no address": ("address", None, "there is none"),
    "text": ("address", "0x" + "zz" * 20, "not hex digits"),
    "no 0x": ("data", "ab" * 32, "does not begin with 0x"),
    "odd": ("data", "0xabc", "pairs of hex digits"),
    "long topic": ("topics", "0x" + "ab" * 33, "expected 32 bytes, got 33"),
    "half a topic": ("topics", "0x" + "ab" * 32 + ",0x12", "expected 32 bytes, got 1"),
    "no transaction": ("transaction_hash", None, "there is none"),
    "no number": ("log_index", None, "there is none"),
    "negative": ("block_number", -1, "at least 0"),
}


@pytest.mark.parametrize("which", BAD)
def test_decode__value_that_cannot_be__names_its_log(which):
    column, value, why = BAD[which]
    with pytest.raises(DecodeError) as caught:
        columns.decode(pa.table(changed(column, 13, value)), "rollup", strict=False)
    assert why in caught.value.facts["why"]
    assert caught.value.facts["row"] == 13
    if column != "transaction_hash":
        assert caught.value.facts["transaction_hash"] == LOGS[13].transaction_hash


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("topics", ",".join(["0x" + "ab" * 32] * 5), "at most four topics"),
        ("topic1", None, None),
        ("n_data_bytes", 7, "not as long as the table says"),
        ("removed", True, "removed by a reorganization"),
    ],
)
def test_decode__log_that_cannot_be__is_refused(column, value, sentence):
    layout = {"topic1": cryo, "n_data_bytes": cryo, "removed": hypersync}.get(column, ethereum_etl)
    row = 1  # which has three topics
    table = pa.table(changed(column, row, value, layout))
    with pytest.raises(DecodeError, match=sentence or "a topic behind one that it lacks") as caught:
        columns.decode(table, "rollup", strict=False)
    assert caught.value.facts["row"] == row
    assert caught.value.facts["log_index"] == row


def test_decode__row_far_down__is_counted_over_all_parts():
    table = pa.concat_tables([pa.table(ethereum_etl(LOGS)), pa.table(changed("data", 3, "0x1"))])
    with pytest.raises(DecodeError) as caught:
        columns.decode(table, "rollup")
    assert caught.value.facts["row"] == len(LOGS) + 3


@pytest.mark.parametrize(
    ("column", "value"),
    [("topics", "0x" + "ab" * 32), ("topics", ""), ("data", "0x12"), ("data", ""), ("data", None)],
    ids=["unknown", "anonymous", "short", "empty", "null"],
)
def test_decode__row_of_no_event__is_refused_or_set_apart(column, value):
    table = pa.table(changed(column, 8, value))
    with pytest.raises(DecodeError) as caught:
        columns.decode(table, "rollup")
    assert caught.value.facts["transaction_hash"] == LOGS[8].transaction_hash
    decoded = columns.decode(table, "rollup", strict=False)
    assert [apart.log.log_index for apart in decoded.undecoded] == [8]
    assert len(rows_of(decoded)) == len(LOGS) - 1


@pytest.mark.parametrize(
    "missing", ["log_index", "transaction_hash", "address", "data", "topics", "block_number"]
)
def test_decode__column_is_missing__is_told_with_those_there(missing):
    table = {name: values for name, values in ethereum_etl(LOGS).items() if name != missing}
    with pytest.raises(InputError, match="lacks a column") as caught:
        columns.decode(pa.table(table), "rollup")
    assert missing in caught.value.facts["column"]
    assert "transaction_index" in caught.value.facts["columns"]


@pytest.mark.parametrize(
    ("column", "values"),
    [("address", pa.array([1] * len(LOGS))), ("block_number", pa.array([b"x"] * len(LOGS))),
     ("data", pa.array([1.5] * len(LOGS)))],
)  # fmt: skip
def test_decode__column_of_a_wrong_type__is_an_input_error(column, values):
    table = pa.table(ethereum_etl(LOGS) | {column: values})
    with pytest.raises(InputError, match="cannot be one of logs") as caught:
        columns.decode(table, "rollup")
    assert caught.value.facts["column"] == column


def test_decode__frame_that_is_no_table__is_an_input_error():
    frame = pd.DataFrame({"address": [b"x", "y", 3]})
    with pytest.raises(InputError, match="Arrow columns"):
        columns.decode(frame, "rollup")


@pytest.mark.parametrize("shown", [hex, str, int, float])
def test_decode__times_that_are_told_of_some_blocks_only__are_null_elsewhere(shown):
    times = [shown(log.block_timestamp) if log.log_index % 3 else None for log in LOGS]
    table = pa.table(ethereum_etl(LOGS) | {"block_timestamp": times})
    found = rows_of(columns.decode(table, "rollup"))
    assert {index: row["block_timestamp"] for (_, index), row in found.items()} == {
        log.log_index: log.block_timestamp if log.log_index % 3 else None for log in LOGS
    }


def test_decode__no_rows__is_nothing():
    assert columns.decode(pa.table(cryo(LOGS)).slice(0, 0), "rollup").tables == {}
