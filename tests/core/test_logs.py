"""Raw logs: what an answer must look like to be believed."""

import json

import pytest

from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.logs import LogFilter, check_logs, parse_logs

# A Transfer of USDC on mainnet, as any explorer shows it; block and transaction hashes shortened to one digit.
WIRE = {
    "address": "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
    "blockHash": "0x" + "b" * 64,
    "blockNumber": "0x10",
    "data": "0x000000000000000000000000000000000000000000000000000000003b9aca00",
    "logIndex": "0x2",
    "removed": False,
    "topics": [
        "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
        "0x000000000000000000000000" + "1" * 40,
        "0x000000000000000000000000" + "2" * 40,
    ],
    "transactionHash": "0x" + "C" * 64,
    "transactionIndex": "0x1",
}
TRANSFER = WIRE["topics"][0]
ANY = LogFilter.of(None)


def parse(*wires):
    return parse_logs(json.dumps(wires).encode())


def log(block=16, index=2, **changes):
    return parse(WIRE | {"blockNumber": hex(block), "logIndex": hex(index)} | changes)[0]


def test_parse_logs__log_of_a_node__is_a_record():
    record = log()

    assert record.address == "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
    assert record.topics == tuple(bytes.fromhex(topic[2:]) for topic in WIRE["topics"])
    assert int.from_bytes(record.data, "big") == 1_000_000_000
    assert (record.block_number, record.transaction_index, record.log_index) == (16, 1, 2)
    assert record.block_hash == "0x" + "b" * 64
    assert record.transaction_hash == "0x" + "c" * 64


def test_parse_logs__none__is_empty():
    assert parse_logs(b"[]") == []


def test_parse_logs__unknown_members_and_no_removed__are_no_matter():
    wire = {name: value for name, value in WIRE.items() if name != "removed"} | {"extra": {"a": 1}}

    assert parse(wire) == [log()]


@pytest.mark.parametrize(
    "changes",
    [
        {"removed": True},
        {"blockNumber": None},
        {"blockNumber": "latest"},
        {"blockHash": None},
        {"blockHash": "0x12"},
        {"logIndex": 2},
        {"address": "0x12"},
        {"address": None},
        {"data": "0x123"},
        {"data": "zz"},
        {"topics": ["0x12"]},
        {"topics": None},
        {"topics": ["0x" + "0" * 64] * 5},
        {"transactionHash": None},
    ],
)
def test_parse_logs__log_that_cannot_be__is_refused(changes):
    with pytest.raises(DecodeError):
        parse(WIRE | changes)


@pytest.mark.parametrize("content", [b"null", b"{}", b'"0x"', b"[1]", b"[{}]", b"[", b'[{"address":"\xff"}]'])
def test_parse_logs__no_list_of_logs__is_refused(content):
    with pytest.raises(DecodeError):
        parse_logs(content)


def test_log_filter__json__has_a_closed_range_and_sorted_values():
    asked = LogFilter.of(["0x" + "BB" * 20, "0x" + "aa" * 20], [[TRANSFER], None, [b"\2" * 32, b"\1" * 32]])

    assert asked.to_json(1, 255) == {
        "fromBlock": "0x1",
        "toBlock": "0xff",
        "address": ["0x" + "aa" * 20, "0x" + "bb" * 20],
        "topics": [[TRANSFER], None, ["0x" + "01" * 32, "0x" + "02" * 32]],
    }


def test_log_filter__everything__leaves_addresses_and_topics_out():
    assert ANY.to_json(0, 0) == {"fromBlock": "0x0", "toBlock": "0x0"}


@pytest.mark.parametrize(
    ("addresses", "topics"),
    [
        ([], ()),
        (None, [[]]),
        (["0x12"], ()),
        (None, [["0x12"]]),
        (None, [[b"\1"]]),
        (None, [None] * 5),
    ],
)
def test_log_filter__what_a_node_would_misread__is_refused(addresses, topics):
    with pytest.raises(InputError):
        LogFilter.of(addresses, topics)


@pytest.mark.parametrize(
    ("addresses", "topics", "matches"),
    [
        (None, (), True),
        ([WIRE["address"]], (), True),
        (["0x" + "aa" * 20], (), False),
        (["0x" + "aa" * 20, WIRE["address"]], [[TRANSFER]], True),
        (None, [[b"\1" * 32, TRANSFER]], True),
        (None, [[b"\1" * 32]], False),
        (None, [None, [WIRE["topics"][1]]], True),
        (None, [None, [WIRE["topics"][2]]], False),
        (None, [None, None, None], True),
        (None, [None, None, None, None], False),
        (None, [None, None, None, [TRANSFER]], False),
    ],
)
def test_log_filter__matches__as_the_json_rpc_specification_says(addresses, topics, matches):
    assert LogFilter.of(addresses, topics).matches(log()) is matches


def test_check_logs__in_any_order__are_put_into_that_of_the_chain():
    logs = [log(17, 0), log(16, 3), log(16, 2), log(18, 1)]

    assert check_logs(logs, ANY, 16, 18) == [log(16, 2), log(16, 3), log(17, 0), log(18, 1)]


@pytest.mark.parametrize(
    "logs",
    [
        [log(15)],
        [log(19)],
        [log(16, 2), log(16, 2)],
        [log(16, 2), log(17, 2), log(16, 2)],
        [log(16, 2), log(16, 3, blockHash="0x" + "d" * 64)],
        [log(16, 2, address="0x" + "aa" * 20)],
        [log(16, 2, topics=["0x" + "00" * 32])],
        [log(16, 2, topics=[])],
    ],
    ids=["before", "after", "double", "double-apart", "two-chains", "address", "topic", "anonymous"],
)
def test_check_logs__logs_that_do_not_fit__are_refused(logs):
    with pytest.raises(DecodeError):
        check_logs(logs, LogFilter.of([WIRE["address"]], [[TRANSFER]]), 16, 18)
