"""Streams of logs: many requests at once, and in the end the same rows, or an error with a name."""

import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, nullcontext, suppress
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from fault_proxy import (
    FaultyNode,
    NodeSays,
    altered,
    delay,
    hang,
    http_status,
    reset,
    rpc_error,
    truncated,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aztec_butler.clients.log_stream import Canary, LogPiece, stream_logs
from aztec_butler.clients.policy import NO_RETRIES, RetryPolicy
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import InputError, NodeError, NodeRefused, NodeUnreachable

loopback = pytest.mark.loopback
LAST = 9_999
ONE, TWO = "0x" + "11" * 20, "0x" + "22" * 20
RED, BLUE = "0x" + "aa" * 32, "0x" + "bb" * 32
CANARY = Canary(address=ONE, topics=((RED,),), block=0)


def make_hash(block, fork):
    return f"0x{(block + 1) * 2 + (block >= fork):064x}"


def make_log(block, index, fork=LAST + 2):
    return {
        "address": (ONE, TWO)[index % 2],
        "topics": [(RED, BLUE)[index // 2 % 2], *([RED] if index % 2 else [])],
        "data": "0x" + f"{block:064x}" * (index % 3),
        "blockNumber": hex(block),
        "blockHash": make_hash(block, fork),
        "transactionHash": f"0x{block * 1000 + index:064x}",
        "transactionIndex": hex(index),
        "logIndex": hex(index),
        "removed": False,
    }


@cache
def made_logs(fork):
    logs = [make_log(block, index, fork) for block in range(0, LAST + 1, 21) for index in range(4)]
    logs += [make_log(5_000, index, fork) for index in range(4, 200)]
    return sorted(logs, key=lambda log: (int(log["blockNumber"], 16), int(log["logIndex"], 16)))


class Chain:
    """Logs in every 21st block, many in one; ``fork`` is the block from which its hashes are of its own."""

    def __init__(
        self, *, max_blocks=None, max_logs=None, says="too many results", head=LAST, fork=None, pruned=0
    ):
        self.fork = LAST + 1 if fork is None else fork
        self.max_blocks, self.max_logs, self.says, self.head, self.pruned = (
            max_blocks,
            max_logs,
            says,
            head,
            pruned,
        )
        self.asked = []
        self.logs = made_logs(self.fork)

    def block_hash(self, block):
        return make_hash(block, self.fork)

    def header(self, name, _=False):
        block = int(name, 16)
        if block > self.head:
            return None
        return {
            "number": name,
            "hash": self.block_hash(block),
            "parentHash": self.block_hash(block - 1) if block else "0x" + "00" * 32,
            "timestamp": hex(block * 12),
        }

    def get_logs(self, asked):
        first, last = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
        self.asked.append((first, last))
        if self.max_blocks is not None and last - first + 1 > self.max_blocks:
            raise NodeSays(-32005, self.says.format(first=hex(first), last=hex(first + self.max_blocks - 1)))
        found = self.matching(
            max(first, self.pruned), min(last, self.head), asked.get("address"), asked.get("topics")
        )
        if self.max_logs is not None and len(found) > self.max_logs:
            raise NodeSays(-32005, self.says.format(first=hex(first), last=hex(first)))
        return found

    def matching(self, first, last, addresses=None, topics=None):
        return [
            log
            for log in self.logs
            if first <= int(log["blockNumber"], 16) <= last
            and (addresses is None or log["address"] in addresses)
            and (not topics or topics[0] is None or log["topics"][0] in topics[0])
        ]

    def answers(self):
        return {
            "eth_getLogs": self.get_logs,
            "eth_getBlockByNumber": self.header,
            "eth_blockNumber": hex(self.head),
        }


TRUTH = Chain()


def rows(logs):
    return [
        (
            int(log["blockNumber"], 16),
            int(log["logIndex"], 16),
            log["blockHash"],
            log["address"],
            bytes.fromhex(log["data"][2:]),
        )
        for log in logs
    ]


def rows_of(pieces):
    """What came, in the order of the chain."""
    found = []
    for batch in (batch for piece in pieces for batch in piece.batches):
        numbers = zip(
            batch.block_number.tolist(), batch.log_index.tolist(), batch.sizes.tolist(), strict=True
        )
        data, place = batch.data.tobytes(), 0
        for row, (block, index, size) in enumerate(numbers):
            told = (batch.block_hash[row], batch.address[row])
            found.append(
                (block, index, *("0x" + each.tobytes().hex() for each in told), data[place : place + size])
            )
            place += size
    return sorted(found)


def expected(first=0, last=LAST, **options):
    return rows(TRUTH.matching(first, last, **options))


@pytest.fixture
def serve():
    """A factory of doors to nodes with these chains."""
    with ExitStack() as stack:

        def serve(*chains, **options):
            nodes = [stack.enter_context(FaultyNode(chain.answers())) for chain in chains]
            options = {"timeout_seconds": 5.0, "sleep": lambda _: time.sleep(0.001)} | options
            rpc = stack.enter_context(Rpc([node.url for node in nodes], **options))
            return rpc, *nodes

        yield serve


def stream(rpc, **options):
    return stream_logs(rpc, **({"addresses": None, "first_block": 0, "last_block": LAST} | options))


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "aztec-butler-logs"]


def width(calls):
    for method, params in calls:
        if method == "eth_getLogs" and params[0]["fromBlock"] != params[0]["toBlock"]:
            return int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
    return 1


# ---------------------------------------------------------------------- the right logs


@loopback
def test_stream_logs__node_without_limits__takes_one_round_trip(serve):
    rpc, node = serve(Chain())
    pieces = list(stream(rpc))

    assert rows_of(pieces) == expected()
    assert [(piece.first_block, piece.last_block) for piece in pieces] == [(0, LAST)]
    assert (pieces[0].parent_hash, pieces[0].last_hash) == ("0x" + "00" * 32, TRUTH.block_hash(LAST))
    assert len(pieces[0]) == len(TRUTH.logs)
    assert node.methods == [("eth_getBlockByNumber", "eth_getBlockByNumber", "eth_getLogs")]


@loopback
@pytest.mark.parametrize("in_flight", [1, 2, 16])
@pytest.mark.parametrize(
    "limit", [{"max_blocks": 130}, {"max_logs": 250}, {"max_blocks": 800, "max_logs": 300}]
)
def test_stream_logs__pieces__adjoin_and_hold_all_logs(serve, in_flight, limit):
    rpc, _ = serve(Chain(**limit))
    told = []
    pieces = list(stream(rpc, first_block=3, in_flight=in_flight, progress=lambda *done: told.append(done)))

    assert rows_of(pieces) == expected(3)
    assert pieces[0].first_block == 3
    assert pieces[-1].last_block == LAST
    assert all(before.last_block + 1 == after.first_block for before, after in pairwise(pieces))
    assert all(before.last_hash == after.parent_hash for before, after in pairwise(pieces))
    assert told == [(piece.last_block - 2, LAST - 2) for piece in pieces]
    assert not threads()


@loopback
def test_stream_logs__addresses_and_topics__are_sent_and_hold(serve):
    rpc, _ = serve(Chain(max_blocks=500))
    pieces = stream(rpc, addresses=[TWO], topics=[[RED]], first_block=14, last_block=5_000)

    assert rows_of(pieces) == expected(14, 5_000, addresses=[TWO], topics=[[RED]])


@loopback
def test_stream_logs__answers_in_any_order__pieces_come_in_that_of_the_chain(serve):
    rpc, node = serve(Chain(max_blocks=200, says="limited to a 200 block range"))
    rng = random.Random(1)
    node.decide(lambda calls: delay(rng.random() / 50))
    pieces = list(stream(rpc))

    assert len(pieces) == 50
    assert rows_of(pieces) == expected()
    assert node.connection_count > 8


@loopback
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.integers(0, LAST),
    size=st.integers(1, LAST),
    limit=st.integers(1, 3000),
    in_flight=st.integers(1, 16),
    logs_each=st.integers(1, 500),
)
def test_stream_logs__any_split__gives_the_same_rows(serve, first, size, limit, in_flight, logs_each):
    last = min(first + size - 1, LAST)
    rpc, _ = serve(Chain(max_blocks=max(limit, size // 50)))
    pieces = stream(rpc, first_block=first, last_block=last, in_flight=in_flight, logs_each=logs_each)
    assert rows_of(pieces) == expected(first, last)


WORDINGS = [
    (-32005, "query returned more than 10000 results"),
    (-32602, "query returned more than 10000 results. Try with this block range [{first}, {last}]."),
    (
        -32600,
        "You can make eth_getLogs requests with up to a 800 block range. Based on your parameters, this block range should work: [{first}, {last}]",
    ),
    (-32614, "eth_getLogs is limited to a 800 range"),
    (-32000, "block range is too wide"),
    (-32012, "range 9999 exceeds limit of 800"),
    (-32000, "requested too many blocks from 0 to 9999, maximum is set to 800"),
    (-32005, "exceed maximum block range: 800"),
    (-32005, "limit exceeded"),
    (-32008, "response is too big"),
    (-32000, "Response size is larger than 150MB limit."),
    (-32000, "query timeout exceeded"),
    (
        -32701,
        "Please specify an address in your request or, to remove restrictions, order a dedicated full node",
    ),
    (-32602, "block range extends beyond limit"),
    (-32062, "Block range is too large, ranges over 800 blocks are not supported on freetier"),
]


@loopback
@pytest.mark.parametrize(("code", "wording"), WORDINGS, ids=range(len(WORDINGS)))
@pytest.mark.parametrize("limit", [{"max_blocks": 800}, {"max_logs": 250}], ids=["blocks", "logs"])
def test_stream_logs__limit_in_any_wording__all_logs_all_the_same(serve, limit, code, wording):
    chain = Chain(**limit)

    def get_logs(asked):
        try:
            return chain.get_logs(asked)
        except NodeSays:
            first, last = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
            raise NodeSays(code, wording.format(first=hex(first), last=hex((first + last) // 2))) from None

    rpc, node = serve(chain, policy=RetryPolicy(rounds=3))
    node.answers["eth_getLogs"] = get_logs
    assert rows_of(stream(rpc)) == expected()


@loopback
def test_stream_logs__down_to_one_block__and_up_again(serve):
    rpc, node = serve(Chain())

    def decide(calls):
        first, last = (int(calls[-1][1][0][name], 16) for name in ("fromBlock", "toBlock"))
        return rpc_error(-32005, "too many results") if first <= 4_990 <= last and first < last else None

    node.decide(decide)
    pieces = list(stream(rpc))
    assert rows_of(pieces) == expected()
    sizes = [piece.last_block - piece.first_block + 1 for piece in pieces]
    assert 1 in sizes
    assert max(sizes) >= 1_250
    assert node.request_count < 100


@loopback
@pytest.mark.parametrize("status", [400, 413, 500])
def test_stream_logs__refusal_with_an_http_status__is_understood(serve, status):
    rpc, node = serve(Chain())
    fault = rpc_error(-32614, "eth_getLogs is limited to a 2,500 range", status=status)
    node.decide(lambda calls: fault if width(calls) > 2_500 else None)

    assert rows_of(stream(rpc)) == expected()
    assert all(len(calls) > 1 for calls in node.requests)  # it was the range, not the batch


@loopback
def test_stream_logs__no_batches__all_logs_all_the_same(serve):
    rpc, node = serve(Chain(max_blocks=1_000))
    node.batches = False

    assert rows_of(stream(rpc, canary=CANARY)) == expected()


@loopback
def test_stream_logs__crowded_blocks__pieces_stay_small(serve):
    rpc, _ = serve(Chain(max_blocks=2_000))
    pieces = list(stream(rpc, logs_each=100, in_flight=2))

    assert rows_of(pieces) == expected()
    assert sorted(map(len, pieces))[-4] <= 200


@loopback
def test_stream_logs__answers_too_large_for_memory__are_asked_for_in_parts(serve, monkeypatch):
    rpc, _ = serve(Chain())
    monkeypatch.setattr("aztec_butler.clients.log_answers._MOST_BYTES", 150_000)
    pieces = list(stream(rpc))

    assert rows_of(pieces) == expected()
    assert max(map(len, pieces)) < 500
    assert max(map(len, pieces)) > 190  # a single block has no limit


# ---------------------------------------------------------------------- answers that cannot be right


def changed_logs(change):
    """A fault that changes the logs of the range, and not those of a canary."""
    return altered(
        lambda reply, call: (
            reply | {"result": change(reply["result"])}
            if call["method"] == "eth_getLogs"
            and call["params"][0]["fromBlock"] != call["params"][0]["toBlock"]
            else reply
        )
    )


def moved(block):
    return make_log(block, 0)


LIES = {
    "removed": lambda logs: [*logs[:-1], logs[-1] | {"removed": True}],
    "all removed": lambda logs: [log | {"removed": True} for log in logs],
    "twice": lambda logs: [*logs, logs[-1]],
    "twice apart": lambda logs: [*logs, logs[0]],
    "outside": lambda logs: [*logs, moved(LAST + 1)],
    "address": lambda logs: [logs[0] | {"address": "0x" + "33" * 20}, *logs[1:]],
    "topic": lambda logs: [logs[0] | {"topics": ["0x" + "cc" * 32]}, *logs[1:]],
    "no topics": lambda logs: [logs[0] | {"topics": []}, *logs[1:]],
    "fork": lambda logs: [logs[0] | {"blockHash": "0x" + "dd" * 32}, *logs[1:]],
    "pending": lambda logs: [logs[0] | {"blockNumber": None}, *logs[1:]],
    "half a word": lambda logs: [logs[0] | {"data": "0x1"}, *logs[1:]],
    "five topics": lambda logs: [logs[0] | {"topics": [RED] * 5}, *logs[1:]],
    "object": lambda logs: {"logs": logs},
    "null": lambda logs: None,
}


@loopback
@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("lasting", [False, True])
def test_stream_logs__answer_that_cannot_be_right__is_asked_again_or_refused(serve, lie, lasting):
    rpc, node = serve(Chain(max_blocks=3_000, says="limited to a 3,000 block range"))
    fault = changed_logs(LIES[lie])
    wrong = [0]

    def decide(calls):
        if width(calls) > 3_000 or (wrong[0] > 1 and not lasting):
            return None
        wrong[0] += 1
        return fault

    node.decide(decide)
    pieces = stream(rpc, addresses=[ONE, TWO], topics=[[RED, BLUE]])
    if lasting:
        with pytest.raises(NodeRefused) as caught:
            list(pieces)
        assert trouble_of(caught.value) is Trouble.MALFORMED
        assert not threads()
    else:
        assert rows_of(pieces) == expected()


@loopback
def test_stream_logs__logs_out_of_order__are_put_in_order(serve):
    chain = Chain(max_blocks=1_000)
    rpc, node = serve(chain)
    rng = random.Random(1)

    def shuffled(asked):
        logs = chain.get_logs(asked)
        rng.shuffle(logs)
        return logs

    node.answers["eth_getLogs"] = shuffled
    pieces = list(stream(rpc))
    assert rows_of(pieces) == expected()
    for piece in pieces:
        for batch in piece.batches:
            places = [(log.block_number, log.log_index) for log in batch.raw_logs()]
            assert places == sorted(places)


@loopback
def test_stream_logs__node_cuts_off_at_a_round_number__is_noticed(serve):
    chain = Chain()
    rpc, node = serve(chain)
    node.answers["eth_getLogs"] = lambda asked: chain.get_logs(asked)[:1_000]

    assert rows_of(stream(rpc)) == expected()


@loopback
@pytest.mark.parametrize(
    "change",
    [
        lambda header: header | {"number": "0x1"},
        lambda header: header | {"hash": "0x12"},
        lambda header: header | {"parentHash": None},
        lambda header: {},
        lambda header: [],
    ],
)
def test_stream_logs__header_that_cannot_be_right__is_refused(serve, change):
    rpc, node = serve(Chain(), policy=NO_RETRIES)
    node.answers["eth_getBlockByNumber"] = lambda *asked: change(TRUTH.header(*asked))

    with pytest.raises(NodeRefused) as caught:
        list(stream(rpc))
    assert trouble_of(caught.value) is Trouble.MALFORMED


@loopback
def test_stream_logs__one_block_is_too_much__is_refused_after_the_logs_before_it(serve):
    rpc, _ = serve(Chain(max_logs=100))
    pieces = []

    with pytest.raises(NodeRefused) as caught:
        pieces.extend(stream(rpc))  # what came before the error is kept
    assert caught.value.facts["block"] == 5_000
    assert "single block" in caught.value.hint
    assert rows_of(pieces) == expected(0, pieces[-1].last_block)
    assert pieces[-1].last_block > 4_000


# ---------------------------------------------------------------------- nodes that lag, forget, or disagree


@loopback
def test_stream_logs__node_lags_behind_the_range__is_not_believed(serve):
    rpc, _ = serve(Chain(head=LAST - 1), policy=NO_RETRIES)

    with pytest.raises(NodeRefused) as caught:
        list(stream(rpc))
    assert trouble_of(caught.value) is Trouble.BLOCK_UNKNOWN


@loopback
def test_stream_logs__first_endpoint_lags_behind__the_second_answers(serve):
    rpc, behind, _ = serve(Chain(head=6_000), Chain(max_blocks=1_000))

    assert rows_of(stream(rpc)) == expected()
    assert behind.request_count >= 1


@loopback
def test_stream_logs__head_goes_backwards_between_requests__never_changes_a_row(serve):
    chain = Chain(max_blocks=400)
    rpc, node = serve(chain, policy=RetryPolicy(rounds=20))
    rng = random.Random(2)

    def decide(calls):
        chain.head = LAST if rng.random() < 0.7 else rng.randrange(LAST)

    node.decide(decide)
    assert rows_of(stream(rpc, in_flight=4)) == expected()


@loopback
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("pruned", [1, 4_700, LAST + 1], ids=["a block", "half", "all"])
def test_stream_logs__pruned_node_in_a_list__does_not_spoil_a_row(serve, order, pruned):
    chains = [Chain(max_blocks=1_000), Chain(max_blocks=1_000, pruned=pruned)]
    rpc, *nodes = serve(*chains[:: (1, -1)[order]])
    calls = [0]

    def decide(_):
        calls[0] += 1
        return reset() if calls[0] % 4 == 0 else None  # so that both are asked

    nodes[0].decide(decide)
    assert rows_of(stream(rpc, canary=CANARY)) == expected()


@loopback
def test_stream_logs__only_pruned_nodes__is_an_error_with_a_name(serve):
    rpc, first, second = serve(Chain(pruned=9_000), Chain(pruned=100))

    with pytest.raises(NodeRefused) as caught:
        list(stream(rpc, canary=CANARY))
    assert trouble_of(caught.value) is Trouble.HISTORY_MISSING
    assert caught.value.facts["endpoint"] == f"127.0.0.1:{first.port}"
    assert f"at 127.0.0.1:{second.port}" in caught.value.facts
    assert "keeps all receipts" in caught.value.hint


@loopback
def test_stream_logs__pruned_nodes_behind_one_endpoint__every_empty_answer_is_vouched_for(serve):
    chain, forgetful = Chain(max_blocks=15), Chain(max_blocks=15, pruned=LAST)
    rpc, node = serve(chain)
    rng = random.Random(3)

    def decide(calls):
        now = forgetful if rng.random() < 0.3 else chain
        return lambda exchange: exchange.send(
            [
                {"jsonrpc": "2.0", "id": call["id"]}
                | {"result": {"eth_getLogs": now.get_logs}.get(call["method"], chain.header)(*call["params"])}
                for call in exchange.calls
            ]
        )

    rpc_, node = serve(chain, policy=RetryPolicy(rounds=20))
    limited = "eth_getLogs is limited to a 15 range"
    node.decide(lambda calls: rpc_error(-32614, limited) if width(calls) > 15 else decide(calls))
    del rpc
    with pytest.raises(NodeRefused) as caught:  # nobody else is there to ask
        list(stream(rpc_, canary=CANARY, last_block=2_000))
    assert trouble_of(caught.value) is Trouble.HISTORY_MISSING


@loopback
def test_stream_logs__pruned_node_answers_a_part__is_not_believed(serve):
    """Its logs look like any others; those before are missing."""
    rpc, good, pruned = serve(
        Chain(max_blocks=1_000, says="limited to a 1,000 block range"), Chain(pruned=4_500)
    )
    good.decide(lambda calls: http_status(503) if good.request_count == 6 else None)

    assert rows_of(stream(rpc, in_flight=1, canary=CANARY)) == expected()
    assert pruned.request_count == 2  # the logs, and once more with the canary


@loopback
def test_stream_logs__node_forgets_meanwhile__empty_answers_are_not_believed(serve):
    chain = Chain(max_blocks=20, says="limited to a 20 block range")
    rpc, _ = serve(chain)
    pieces = stream(rpc, in_flight=1, canary=CANARY)
    taken = [next(pieces) for _ in range(3)]
    chain.pruned = LAST + 1
    with pytest.raises(NodeRefused) as caught:
        taken.extend(pieces)
    assert trouble_of(caught.value) is Trouble.HISTORY_MISSING
    assert rows_of(taken) == expected(0, taken[-1].last_block)


@loopback
def test_stream_logs__every_answer_has_logs__canary_is_asked_for_once(serve):
    chain = Chain(max_blocks=1_000, says="limited to a 1,000 block range")
    rpc, _ = serve(chain)

    assert rows_of(stream(rpc, in_flight=1, canary=CANARY)) == expected()
    assert chain.asked.count((0, 0)) == 2  # with the first request, which was refused, and the next


@loopback
def test_stream_logs__no_canary_given__the_first_log_found_serves(serve):
    rpc, good, pruned = serve(Chain(max_blocks=1_000), Chain(max_blocks=1_000, pruned=LAST + 1))
    good.decide(lambda calls: http_status(503) if good.request_count == 6 else None)

    assert rows_of(stream(rpc, in_flight=1)) == expected()
    assert pruned.request_count >= 1


@loopback
def test_stream_logs__empty_range__costs_the_canary_and_no_more(serve):
    rpc, node = serve(Chain())

    (piece,) = stream(rpc, first_block=22, last_block=30, canary=CANARY)
    assert (len(piece), piece.batches) == (0, ())
    assert node.methods == [("eth_getBlockByNumber",) * 2 + ("eth_getLogs",) * 2]


@loopback
@pytest.mark.parametrize("fork", [1, 2_500, 5_000, 5_001, 9_999])
@pytest.mark.parametrize(
    ("known", "order"),
    [("last_hash", 0), ("last_hash", 1), ("anchor", 0), ("anchor", 1), ("nothing", 0)],
)
def test_stream_logs__two_nodes_disagree__never_changes_a_row(serve, fork, known, order):
    chains = [Chain(max_blocks=500, says="limited to a 500 block range", fork=each) for each in (None, fork)]
    rpc, first, second = serve(*chains[:: (1, -1)[order]])
    calls = [0]

    def decide(_):
        calls[0] += 1
        return http_status(503) if calls[0] % 5 == 0 else None

    first.decide(decide)
    options = {
        "last_hash": {"last_hash": TRUTH.block_hash(9_990)},
        "anchor": {"anchor": (LAST, TRUTH.block_hash(LAST))},
        "nothing": {},
    }[known]
    pieces = []
    with suppress(NodeRefused) if fork > 9_990 else nullcontext():
        pieces.extend(stream(rpc, in_flight=4, last_block=9_990, **options))
    assert rows_of(pieces) == expected(0, 9_990)
    assert second.request_count


@loopback
def test_stream_logs__every_node_is_on_another_chain__is_an_error_with_a_name(serve):
    rpc, first, second = serve(Chain(fork=9_000), Chain(fork=1))

    with pytest.raises(NodeRefused, match="another chain") as caught:
        list(stream(rpc, last_hash=TRUTH.block_hash(LAST)))
    assert caught.value.retryable
    assert caught.value.facts["block"] == LAST
    assert caught.value.facts["endpoint"] == f"127.0.0.1:{first.port}"
    assert f"at 127.0.0.1:{second.port}" in caught.value.facts


@loopback
def test_stream_logs__chain_is_reorganised_meanwhile__ends_in_an_error(serve):
    chain = Chain(max_blocks=1_000)
    rpc, _ = serve(chain)
    pieces = stream(rpc, in_flight=1)
    taken = [next(pieces), next(pieces)]
    chain.fork = 8_000
    with pytest.raises(NodeRefused, match="another chain"):
        taken.extend(pieces)
    assert rows_of(taken) == expected(0, taken[-1].last_block)


@loopback
def test_stream_logs__logs_of_another_chain_than_the_header__are_refused(serve):
    rpc, node = serve(Chain(), policy=NO_RETRIES)
    node.answers["eth_getLogs"] = Chain(fork=9_900).get_logs

    with pytest.raises(NodeRefused, match="another chain than the header"):
        list(stream(rpc, last_block=9_996))  # which is 476 * 21


@loopback
@pytest.mark.parametrize("end", ["parent_hash", "last_hash", "anchor"])
def test_stream_logs__known_hash_does_not_fit__is_an_error_with_a_name(serve, end):
    rpc, _ = serve(Chain(max_blocks=1_000))
    right = {
        "parent_hash": TRUTH.block_hash(99),
        "last_hash": TRUTH.block_hash(9_000).upper().replace("X", "x"),
        "anchor": (9_500, TRUTH.block_hash(9_500)),
    }
    wrong = {
        "parent_hash": "0x" + "ff" * 32,
        "last_hash": "0x" + "ff" * 32,
        "anchor": (9_500, "0x" + "ff" * 32),
    }

    assert rows_of(stream(rpc, first_block=100, last_block=9_000, **{end: right[end]})) == expected(
        100, 9_000
    )
    with pytest.raises(NodeRefused, match="another chain") as caught:
        list(stream(rpc, first_block=100, last_block=9_000, **{end: wrong[end]}))
    assert caught.value.facts["block"] == {"parent_hash": 99, "last_hash": 9_000, "anchor": 9_500}[end]


# ---------------------------------------------------------------------- troubles on the way


@loopback
@pytest.mark.parametrize(
    "fault", [http_status(429), http_status(502), reset(), truncated(), rpc_error(-32005, "rate limit")]
)
def test_stream_logs__every_third_request_fails__all_logs_all_the_same(serve, fault):
    rpc, node = serve(Chain(max_blocks=500), policy=RetryPolicy(rounds=12))
    node.decide(lambda calls: fault if node.request_count % 3 == 0 else None)

    assert rows_of(stream(rpc)) == expected()


@loopback
@pytest.mark.parametrize(
    "fault",
    [rpc_error(-32001, "Unable to complete request"), rpc_error(-32603, "Internal error"), http_status(500)],
)
def test_stream_logs__wide_range_fails_without_a_reason__is_tried_smaller(serve, fault):
    rpc, node = serve(Chain())
    node.decide(lambda calls: fault if width(calls) > 800 else None)

    assert rows_of(stream(rpc)) == expected()


@loopback
def test_stream_logs__only_endpoint_hangs__ends_in_an_error(serve):
    rpc, node = serve(Chain(), timeout_seconds=0.05, policy=NO_RETRIES)
    node.always(hang())

    with pytest.raises(NodeUnreachable) as caught:
        list(stream(rpc))
    assert trouble_of(caught.value) is Trouble.TIMED_OUT
    assert node.request_count <= 5


@loopback
@pytest.mark.parametrize("fault", [http_status(401), truncated(), rpc_error(-32601, "no"), http_status(404)])
def test_stream_logs__node_of_no_use__is_an_error_soon(serve, fault):
    rpc, node = serve(Chain(), policy=NO_RETRIES)
    node.always(fault)

    with pytest.raises(NodeError):
        list(stream(rpc))
    assert node.request_count <= 12


@loopback
def test_stream_logs__first_endpoint_dies_on_the_way__the_second_goes_on(serve):
    rpc, first, _ = serve(Chain(max_blocks=1_000), Chain(max_blocks=1_000))
    first.decide(lambda calls: reset() if first.request_count > 6 else None)

    assert rows_of(stream(rpc)) == expected()


@loopback
def test_stream_logs__something_unforeseen_in_a_thread__reaches_the_caller(serve, monkeypatch):
    rpc, _ = serve(Chain(max_blocks=1_000))

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("aztec_butler.clients.log_answers.read_answer", broken)
    with pytest.raises(ZeroDivisionError):
        list(stream(rpc))
    assert not threads()


# ---------------------------------------------------------------------- within bounds


@loopback
def test_stream_logs__requests_per_second__are_not_exceeded(serve):
    """Every request takes no time; only waiting for its turn moves the clock."""
    lock, now, seen, items = threading.Lock(), [0.0], threading.local(), []

    def clock():
        seen.now = now[0]
        return seen.now

    def sleep(seconds):
        with lock:
            now[0] = max(now[0], seen.now + seconds)

    chain = Chain(max_blocks=100, says="limited to a 100 block range")
    rpc, node = serve(chain, requests_per_second=20, clock=clock, sleep=sleep)
    node.decide(lambda calls: items.extend([now[0]] * len(calls)))

    assert rows_of(stream(rpc)) == expected()
    assert len(items) >= 300
    for place, moment in enumerate(items):  # a second's worth may come at once
        assert moment >= (place + 1 - 20) / 20 - 1e-6
    assert now[0] <= len(items) / 20  # and nobody waits for longer than that


@loopback
def test_stream_logs__consumer_is_slow__few_pieces_wait(serve):
    chain = Chain(max_blocks=100, says="limited to a 100 block range")
    rpc, _ = serve(chain)
    pieces = stream(rpc, in_flight=3)
    taken = [next(pieces) for _ in range(5)]
    before = -1
    while len(chain.asked) != before:
        before = len(chain.asked)
        time.sleep(0.1)
    assert len(chain.asked) <= 1 + 5 + 2 * 3  # refused, taken, waiting and under way
    assert rows_of([*taken, *pieces]) == expected()


@loopback
def test_stream_logs__requests_under_way__are_as_many_as_allowed_and_no_more(serve):
    rpc, node = serve(Chain(max_blocks=100, says="limited to a 100 block range"))
    lock, under_way, most = threading.Lock(), [0], [0]

    def counted(exchange):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        exchange.pause(0.01)
        with lock:
            under_way[0] -= 1
        exchange.send(exchange.replies())

    node.always(counted)
    assert rows_of(stream(rpc, in_flight=5)) == expected()
    assert most[0] == 5


# ---------------------------------------------------------------------- ended early


def is_open(server_side):
    """Whether the client has its end of a connection open."""
    try:
        return server_side.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


@loopback
def test_stream_logs__closed_early__leaves_no_thread_and_no_connection(serve):
    rpc, node = serve(Chain(max_blocks=100, says="limited to a 100 block range"), timeout_seconds=60.0)
    pieces = stream(rpc)
    taken = [next(pieces) for _ in range(3)]
    node.always(hang())
    deadline = time.monotonic() + 5
    while sum(thread.is_alive() for thread in threads()) < 16 and time.monotonic() < deadline:
        time.sleep(0.01)
    pieces.close()

    assert not threads()
    assert rows_of(taken) == expected(0, taken[-1].last_block)
    rpc.close()
    deadline = time.monotonic() + 5  # what was sent at last may not be read yet
    while any(is_open(each) for each in list(node._sockets)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(is_open(each) for each in list(node._sockets))
    assert list(pieces) == []


@loopback
def test_stream_logs__door_after_an_early_end__still_works(serve):
    rpc, node = serve(Chain(max_blocks=100, says="limited to a 100 block range"))
    node.decide(lambda calls: delay(0.05))
    pieces = stream(rpc)
    next(pieces)
    pieces.close()
    node.decide(None)

    assert rows_of(stream(rpc)) == expected()


INTERRUPTED = """
import os, signal, sys, threading, time
from aztec_butler.clients.log_stream import stream_logs
from aztec_butler.clients.rpc import Rpc
began, kept = None, []
with Rpc(sys.argv[1], timeout_seconds=60) as rpc:
    try:
        for piece in stream_logs(rpc, addresses=None, first_block=0, last_block=9_999):
            kept.append((piece.first_block, piece.last_block))
            print(*kept[-1], flush=True)
            began = time.monotonic()
    except KeyboardInterrupt:
        left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
        print("interrupted", len(kept), left, flush=True)
"""


@loopback
def test_stream_logs__interrupt_from_the_keyboard__keeps_what_came(serve):
    _, node = serve(Chain(max_blocks=1_000, says="limited to a 1,000 block range"))
    node.decide(lambda calls: hang() if any(params[0] == hex(7_999) for _, params in calls) else None)
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, node.url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with process:
        shown = [process.stdout.readline() for _ in range(7)]
        os.kill(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert shown[-1].split() == ["6000", "6999"]
    assert rest.splitlines()[-1] == "interrupted 7 []"
    assert process.returncode == 0


# ---------------------------------------------------------------------- what is given


@pytest.mark.parametrize(
    "options",
    [
        {"first_block": 5, "last_block": 4},
        {"first_block": -1},
        {"addresses": []},
        {"addresses": ["0x12"]},
        {"topics": [[]]},
        {"in_flight": 0},
        {"logs_each": 0},
        {"canary": Canary(address="0x12", block=1)},
        {"canary": Canary(address=ONE, block=-1)},
        {"parent_hash": "0x12"},
        {"last_hash": "nothing"},
        {"anchor": (LAST - 1, TRUTH.block_hash(LAST - 1))},
        {"anchor": (LAST, TRUTH.block_hash(LAST)), "last_hash": TRUTH.block_hash(LAST)},
    ],
)
def test_stream_logs__bad_input__is_refused_before_anything_happens(options):
    with pytest.raises(InputError):
        stream(Rpc("http://127.0.0.1:1"), **options)


@loopback
def test_log_piece_and_canary__pickle(serve):
    rpc, _ = serve(Chain())
    pieces = list(stream(rpc))

    copies = pickle.loads(pickle.dumps(pieces))
    assert isinstance(copies[0], LogPiece)
    assert rows_of(copies) == rows_of(pieces)
    assert pickle.loads(pickle.dumps(CANARY)) == CANARY
