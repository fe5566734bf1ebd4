"""The logs of a whole season on the real contracts, streamed in any way, against plain web3's answer for all of it."""

import random

import pytest
import requests
from fault_proxy import FaultyNode, altered, http_status, reset, rpc_error
from web3 import HTTPProvider, Web3

from aztec_butler.clients.log_stream import Canary, stream_logs
from aztec_butler.clients.logs import fetch_logs
from aztec_butler.clients.policy import RetryPolicy
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core import columns, events
from aztec_butler.core.contracts import CONTRACTS

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]


@pytest.fixture(scope="module")
def season(played_season):
    return played_season[0]


@pytest.fixture(scope="module")
def plain_logs(season):
    """Every log there is, as web3 gives them in one answer, and the last block."""
    with requests.Session() as session:
        w3 = Web3(HTTPProvider(season.url, session=session))
        last = w3.eth.get_block("latest")
        return w3.eth.get_logs({"fromBlock": 0, "toBlock": last["number"]}), last


@pytest.fixture(scope="module")
def contracts(season):
    """The role of each rollup's contract and of the shared ones, by address."""
    roles = {
        season.contract(name).address: name for name in ("registry", "staking_registry", "gse", "governance")
    }
    for each in season.rollups:
        roles[each.rollup.address] = "rollup"
    return roles


def rows(logs):
    return [
        (
            log["blockNumber"],
            log["logIndex"],
            log["transactionIndex"],
            log["transactionHash"].to_0x_hex(),
            log["blockHash"].to_0x_hex(),
            log["address"],
            tuple(bytes(topic) for topic in log["topics"]),
            bytes(log["data"]),
        )
        for log in logs
    ]


def rows_of(pieces):
    logs = [log for piece in pieces for batch in piece.batches for log in batch.raw_logs()]
    logs.sort(key=lambda log: (log.block_number, log.log_index))
    return [
        (
            log.block_number,
            log.log_index,
            log.transaction_index,
            log.transaction_hash,
            log.block_hash,
            log.address,
            log.topics,
            log.data,
        )
        for log in logs
    ]


def width(calls):
    return max(
        int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
        for method, params in calls
        if method == "eth_getLogs"
    )


def everything(rpc, last, **options):
    return stream_logs(
        rpc,
        addresses=None,
        first_block=0,
        last_block=last["number"],
        last_hash=last["hash"].to_0x_hex(),
        **options,
    )


@pytest.mark.parametrize("in_flight", [1, 16])
@pytest.mark.parametrize("limit", [10_000, 40, 7, 1])
def test_stream_logs__any_width_and_number_of_requests__are_web3s_logs(season, plain_logs, in_flight, limit):
    expected, last = plain_logs
    with FaultyNode(upstream=season.url) as node:
        node.decide(
            lambda calls: (
                rpc_error(-32005, "range too large", only="eth_getLogs") if width(calls) > limit else None
            )
        )
        with Rpc(node.url) as rpc:
            pieces = list(everything(rpc, last, in_flight=in_flight))
    assert rows_of(pieces) == rows(expected)
    assert len(pieces) >= last["number"] // limit
    assert pieces[-1].last_hash == last["hash"].to_0x_hex()


@pytest.mark.parametrize("limit", [40, 6])
def test_stream_logs__limited_and_unreliable_node__are_web3s_logs(season, plain_logs, limit):
    expected, last = plain_logs
    rng = random.Random(limit)

    def lie(reply, call):
        if call["method"] != "eth_getLogs" or not reply["result"]:
            return reply
        logs = reply["result"]
        return reply | {
            "result": rng.choice(
                [
                    [*logs, logs[0]],
                    [logs[0] | {"removed": True}, *logs[1:]],
                    [logs[0] | {"blockNumber": hex(last["number"] + 1)}, *logs[1:]],
                    [*logs, logs[0] | {"blockHash": "0x" + "dd" * 32, "logIndex": "0xfff"}],
                    rng.sample(logs, len(logs)),  # no lie
                ]
            )
        }

    def decide(calls):
        if width(calls) > limit:
            return rpc_error(-32005, "query returned more than 10000 results")
        return rng.choice([None, None, None, reset(), http_status(503), altered(lie)])

    with FaultyNode(upstream=season.url) as node:
        node.decide(decide)
        with Rpc(node.url, policy=RetryPolicy(rounds=20), sleep=lambda _: None) as rpc:
            assert rows_of(everything(rpc, last)) == rows(expected)


def test_stream_logs__contracts_of_the_network__decode_to_the_records_of_single_logs(
    season, plain_logs, contracts
):
    _, last = plain_logs
    topics = {
        event.topic0
        for role in set(contracts.values())
        for event in CONTRACTS[role].events_by_topic0.values()
    }
    asked = {
        "addresses": list(contracts),
        "topics": [sorted(topics)],
        "first_block": 0,
        "last_block": last["number"],
    }
    decoder = columns.Decoder(contracts)
    with Rpc(season.url) as rpc:
        singly = fetch_logs(rpc, **asked)
        canary = Canary(address=singly[0].address, block=singly[0].block_number)
        for piece in stream_logs(rpc, **asked, canary=canary):
            decoder.add_batches(piece.batches)
    tables = decoder.finish().tables
    assert sum(map(len, tables.values())) == len(singly) > 100
    places = {}
    for name, table in tables.items():
        for block, index in zip(
            *(table.column(each).to_pylist() for each in ("block_number", "log_index")), strict=True
        ):
            places[block, index] = name
    expected = events.decode_logs(singly, contracts)
    assert places == {
        (each.position.block_number, each.position.log_index): type(each).__name__ for each in expected
    }
