"""Logs of any range through nodes of any limit: all of them, once, in order."""

from itertools import pairwise

import pytest
from fault_proxy import (
    FaultyNode,
    NodeSays,
    altered,
    hang,
    http_status,
    reset,
    rpc_error,
    truncated,
)

from aztec_butler.clients.logs import fetch_logs, iter_logs
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import InputError, NodeError, NodeRefused, NodeUnreachable

loopback = pytest.mark.loopback
LAST = 9_999
ONE, TWO = "0x" + "11" * 20, "0x" + "22" * 20
RED, BLUE = "0x" + "aa" * 32, "0x" + "bb" * 32


def make_log(block, index):
    return {
        "address": (ONE, TWO)[index % 2],
        "topics": [(RED, BLUE)[index // 2 % 2]],
        "data": "0x" + f"{block:064x}",
        "blockNumber": hex(block),
        "blockHash": f"0x{block:064x}",
        "transactionHash": f"0x{block * 1000 + index:064x}",
        "transactionIndex": hex(index),
        "logIndex": hex(index),
        "removed": False,
    }


class Chain:
    """Logs in every 21st block, many in a few, and a limit in one of the wordings of real nodes."""

    def __init__(
        self, *, max_blocks=None, max_logs=None, says="query returned more than 100 results", head=LAST
    ):
        self.logs = [make_log(block, index) for block in range(0, LAST + 1, 21) for index in range(4)]
        self.logs += [make_log(5_000, index) for index in range(4, 200)]
        self.logs.sort(key=lambda log: (int(log["blockNumber"], 16), int(log["logIndex"], 16)))
        self.max_blocks, self.max_logs, self.says, self.head = max_blocks, max_logs, says, head
        self.asked = []

    def get_logs(self, asked):
        first, last = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
        self.asked.append((first, last))
        if self.max_blocks is not None and last - first + 1 > self.max_blocks:
            raise NodeSays(-32005, self.says.format(first=hex(first), last=hex(first + self.max_blocks - 1)))
        found = self.matching(first, min(last, self.head), asked.get("address"), asked.get("topics"))
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
        return {"eth_getLogs": self.get_logs, "eth_blockNumber": hex(self.head)}


def places(logs):
    return [(log.block_number, log.log_index) for log in logs]


def expected(chain, first=0, last=LAST, **options):
    return [
        (int(log["blockNumber"], 16), int(log["logIndex"], 16))
        for log in chain.matching(first, last, **options)
    ]


@pytest.fixture
def serve():
    """A factory of doors to nodes with these chains."""
    opened = []

    def serve(*chains, **options):
        nodes = [FaultyNode(chain.answers()).__enter__() for chain in chains]
        options = {"timeout_seconds": 3.0, "sleep": lambda _: None} | options
        rpc = Rpc([node.url for node in nodes], **options)
        opened.append((rpc, nodes))
        return rpc, *nodes

    yield serve
    for rpc, nodes in opened:
        rpc.close()
        for node in nodes:
            node.__exit__()


def fetch(rpc, **options):
    return fetch_logs(rpc, **({"addresses": None, "first_block": 0, "last_block": LAST} | options))


# ---------------------------------------------------------------------- the right logs


@loopback
def test_fetch_logs__node_without_limits__takes_one_round_trip(serve):
    chain = Chain()
    rpc, node = serve(chain)

    assert places(fetch(rpc)) == expected(chain)
    assert rpc.request_count == 1
    assert node.methods == [("eth_blockNumber", "eth_getLogs")]


@loopback
def test_fetch_logs__addresses_and_topics__are_sent_and_hold(serve):
    chain = Chain()
    rpc, _ = serve(chain)

    logs = fetch(rpc, addresses=[TWO], topics=[[RED]], first_block=14, last_block=5_000)

    assert places(logs) == expected(chain, 14, 5_000, addresses=[TWO], topics=[[RED]])
    assert {(log.address, log.topics[0].hex()) for log in logs} == {(TWO, "aa" * 32)}


@loopback
@pytest.mark.parametrize(
    "wording",
    [
        "query returned more than 10000 results",
        "query returned more than 10000 results. Try with this block range [{first}, {last}].",
        "You can make eth_getLogs requests with up to a 800 block range. Based on your parameters, this block range should work: [{first}, {last}]",
        "eth_getLogs is limited to a 800 range",
        "block range is too wide",
        "range 9999 exceeds limit of 800",
        "requested too many blocks from 0 to 9999, maximum is set to 800",
        "exceed maximum block range: 800",
        "limit exceeded: block range",
        "response too large",
    ],
)
@pytest.mark.parametrize(
    "limit", [{"max_blocks": 800}, {"max_blocks": 1}, {"max_logs": 250}], ids=["blocks", "one", "logs"]
)
def test_fetch_logs__limit_in_any_wording__all_logs_all_the_same(serve, limit, wording):
    if "max_blocks" in limit and limit["max_blocks"] == 1:
        wording = wording.replace("800", "1")
    chain = Chain(says=wording, **limit)
    rpc, _ = serve(chain)

    last = 60 if limit.get("max_blocks") == 1 else LAST
    assert places(fetch(rpc, last_block=last)) == expected(chain, last=last)


@loopback
@pytest.mark.parametrize("status", [400, 413, 500])
def test_fetch_logs__refusal_with_an_http_status__is_understood(serve, status):
    chain = Chain()
    rpc, node = serve(chain)
    node.decide(
        lambda calls: (
            rpc_error(-32614, "eth_getLogs is limited to a 2,500 range", status=status)
            if _width(calls) > 2_500
            else None
        )
    )

    assert places(fetch(rpc)) == expected(chain)
    assert node.request_count == 5


@loopback
def test_fetch_logs__413_without_words__asks_for_less(serve):
    chain = Chain()
    rpc, node = serve(chain)
    node.decide(lambda calls: http_status(413) if _width(calls) > 2_500 else None)

    assert places(fetch(rpc)) == expected(chain)
    assert {len(calls) for calls in node.requests} == {2}  # it was the range, not the batch


@loopback
def test_fetch_logs__wide_ranges_time_out__asks_for_less(serve):
    chain = Chain()
    rpc, node = serve(chain)
    node.decide(lambda calls: rpc_error(-32000, "query timeout exceeded") if _width(calls) > 2_500 else None)

    assert places(fetch(rpc)) == expected(chain)


@loopback
def test_fetch_logs__answers_larger_than_we_allow__asks_for_less(serve, monkeypatch):
    chain = Chain()
    rpc, _ = serve(chain)
    monkeypatch.setattr(rpc._backends[0].transport, "_max_body_bytes", 300_000)

    assert places(fetch(rpc)) == expected(chain)


@loopback
def test_fetch_logs__progress__ends_at_the_whole_range(serve):
    rpc, _ = serve(Chain(max_blocks=3_000))
    told = []

    fetch(rpc, first_block=1_000, progress=lambda done, total: told.append((done, total)))

    assert told[-1] == (9_000, 9_000)
    assert told == sorted(told)
    assert {total for _, total in told} == {9_000}


@loopback
def test_iter_logs__pieces__adjoin_and_cover_the_range(serve):
    chain = Chain(max_logs=250)
    rpc, _ = serve(chain)

    chunks = list(iter_logs(rpc, addresses=None, first_block=3, last_block=LAST))

    edges = [(chunk.first_block, chunk.last_block) for chunk in chunks]
    assert edges[0][0] == 3
    assert edges[-1][1] == LAST
    assert all(before[1] + 1 == after[0] for before, after in pairwise(edges))
    assert places([log for chunk in chunks for log in chunk.logs]) == expected(chain, 3)


# ---------------------------------------------------------------------- never fewer


@loopback
def test_fetch_logs__node_cuts_off_at_a_round_number__is_noticed(serve):
    chain = Chain()
    rpc, node = serve(chain)
    node.answers["eth_getLogs"] = lambda asked: chain.get_logs(asked)[:1_000]

    assert places(fetch(rpc)) == expected(chain)


@loopback
def test_fetch_logs__node_lags_behind_the_range__is_not_believed(serve):
    rpc, _ = serve(Chain(head=LAST - 1), policy=NO_RETRIES)

    with pytest.raises(NodeRefused) as caught:
        fetch(rpc)
    assert trouble_of(caught.value) is Trouble.BLOCK_UNKNOWN


@loopback
def test_fetch_logs__first_endpoint_lags_behind__the_second_answers(serve):
    chain = Chain()
    rpc, behind, _ = serve(Chain(head=6_000), chain)

    assert places(fetch(rpc)) == expected(chain)
    assert behind.request_count >= 1


@loopback
@pytest.mark.parametrize("method", ["batches", "no-batches"])
def test_fetch_logs__first_endpoint_dies_on_the_way__the_second_goes_on(serve, method):
    chain = Chain(max_blocks=1_000)
    rpc, first, second = serve(chain, chain)
    first.batches = second.batches = method == "batches"
    first.decide(lambda calls: reset() if first.request_count > 6 else None)

    assert places(fetch(rpc)) == expected(chain)


@loopback
def test_fetch_logs__dead_endpoint_hangs__the_range_stays_wide(serve):
    chain = Chain()
    rpc, first, second = serve(chain, chain, timeout_seconds=0.8)
    first.always(hang())

    assert places(fetch(rpc)) == expected(chain)
    assert second.request_count == 1


@loopback
def test_fetch_logs__only_endpoint_hangs__ends_in_an_error(serve):
    rpc, node = serve(Chain(), timeout_seconds=0.05, policy=NO_RETRIES)
    node.always(hang())

    with pytest.raises(NodeUnreachable) as caught:
        fetch(rpc)
    assert trouble_of(caught.value) is Trouble.TIMED_OUT
    assert node.request_count <= 5


@loopback
@pytest.mark.parametrize(
    "change",
    [
        lambda logs: [*logs[:5], logs[5] | {"removed": True}, *logs[6:]],
        lambda logs: [*logs, logs[-1]],
        lambda logs: [*logs, make_log(LAST + 1, 0)],
        lambda logs: [logs[0] | {"address": "0x" + "33" * 20}, *logs[1:]],
        lambda logs: [logs[0] | {"topics": ["0x" + "cc" * 32]}, *logs[1:]],
        lambda logs: [logs[0] | {"blockHash": "0x" + "dd" * 32}, *logs[1:]],
        lambda logs: [logs[0] | {"blockNumber": None}, *logs[1:]],
        lambda logs: {"logs": logs},
        lambda logs: None,
    ],
    ids=["removed", "twice", "outside", "address", "topic", "fork", "pending", "object", "null"],
)
@pytest.mark.parametrize("lasting", [False, True])
def test_fetch_logs__answer_that_cannot_be_right__is_asked_again_or_refused(serve, change, lasting):
    chain = Chain()
    rpc, node = serve(chain)
    fault = altered(
        lambda reply, call: (
            reply | {"result": change(reply["result"])} if call["method"] == "eth_getLogs" else reply
        )
    )
    node.always(fault) if lasting else node.script(fault)

    def ask():
        return fetch(rpc, addresses=[ONE, TWO], topics=[[RED, BLUE]])

    if lasting:
        with pytest.raises(NodeRefused) as caught:
            ask()
        assert trouble_of(caught.value) is Trouble.MALFORMED
    else:
        assert places(ask()) == expected(chain)


@loopback
def test_fetch_logs__logs_out_of_order__are_put_in_order(serve):
    chain = Chain()
    rpc, node = serve(chain)
    node.answers["eth_getLogs"] = lambda asked: chain.get_logs(asked)[::-1]

    assert places(fetch(rpc)) == expected(chain)


@loopback
def test_fetch_logs__one_block_is_too_much__is_refused_with_the_block(serve):
    rpc, _ = serve(Chain(max_logs=100, says="query returned more than 100 results"))

    with pytest.raises(NodeRefused) as caught:
        fetch(rpc)
    assert caught.value.facts["block"] == 5_000
    assert "single block" in caught.value.hint


@loopback
@pytest.mark.parametrize("fault", [http_status(401), truncated(), rpc_error(-32601, "no"), http_status(404)])
def test_fetch_logs__node_of_no_use__is_an_error_soon(serve, fault):
    rpc, node = serve(Chain(), policy=NO_RETRIES)
    node.always(fault)

    with pytest.raises(NodeError):
        fetch(rpc)
    assert node.request_count <= 8


@loopback
@pytest.mark.parametrize(
    "fault",
    [rpc_error(-32001, "Unable to complete request"), rpc_error(-32603, "Internal error"), http_status(500)],
)
def test_fetch_logs__wide_range_fails_without_a_reason__is_tried_smaller(serve, fault):
    chain = Chain()
    rpc, node = serve(chain)
    node.decide(lambda calls: fault if _width(calls) > 800 else None)

    assert places(fetch(rpc)) == expected(chain)


@loopback
@pytest.mark.parametrize(
    "fault", [http_status(429), http_status(502), reset(), truncated(), rpc_error(-32005, "rate limit")]
)
def test_fetch_logs__every_third_request_fails__all_logs_all_the_same(serve, fault):
    chain = Chain(max_blocks=500)
    rpc, node = serve(chain)
    node.decide(lambda calls: fault if node.request_count % 3 == 0 else None)

    assert places(fetch(rpc)) == expected(chain)


@pytest.mark.parametrize(("first", "last"), [(5, 4), (-1, 3)])
def test_fetch_logs__no_range__is_refused(first, last):
    with pytest.raises(InputError):
        fetch_logs(Rpc("http://127.0.0.1:1"), addresses=None, first_block=first, last_block=last)


@pytest.mark.parametrize("options", [{"addresses": []}, {"topics": [[]]}])
def test_fetch_logs__empty_list_that_would_mean_all__is_refused(options):
    with pytest.raises(InputError):
        fetch(Rpc("http://127.0.0.1:1"), **options)


def _width(calls):
    for method, params in calls:
        if method == "eth_getLogs":
            return int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
    return 0
