"""Many calls at once: batches in any condition, and requests side by side."""

import threading

import pytest
from fault_proxy import (
    FaultyNode,
    NodeSays,
    altered,
    body,
    doubled,
    http_status,
    null_result,
    out_of_order,
    rearranged,
    reset,
    rpc_error,
    short,
    whole_error,
)

from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import NodeBusy, NodeError, NodeRefused, RevertError

pytestmark = pytest.mark.loopback

ADDRESSES = [f"0x{number:040x}" for number in range(250)]
CALLS = [("eth_getBalance", [address, "0x10"]) for address in ADDRESSES]


@pytest.fixture
def node():
    with FaultyNode({"eth_getBalance": lambda address, _: address}) as node:
        yield node


@pytest.fixture
def connect(node):
    opened = []

    def connect(**options):
        options = {"timeout_seconds": 3.0, "sleep": lambda _: None} | options
        opened.append(Rpc(node.url, **options))
        return opened[-1]

    yield connect
    for rpc in opened:
        rpc.close()


def sizes(node):
    return sorted(len(calls) for calls in node.requests)


def test_batch__many_calls__are_split_and_come_back_in_order(node, connect):
    rpc = connect(batch_size=100)

    assert rpc.batch(CALLS) == ADDRESSES
    assert sizes(node) == [50, 100, 100]
    assert rpc.request_count == 3


def test_batch__none_or_one__needs_none_or_a_plain_request(node, connect):
    assert connect().batch([]) == []
    assert node.request_count == 0
    assert connect().batch(CALLS[:1]) == ADDRESSES[:1]


@pytest.mark.parametrize(
    "fault",
    [
        out_of_order(),
        short(),
        doubled(),
        rearranged(lambda replies: []),
        rearranged(lambda replies: [*replies, replies[0]]),
        rearranged(lambda replies: [reply | {"id": None} for reply in replies]),
        rearranged(lambda replies: [reply | {"id": index} for index, reply in enumerate(replies)]),
        reset(),
        http_status(429),
        whole_error(-32005, "rate limit exceeded"),
        null_result(),
        body(b"[]"),
        body(b"null"),
    ],
    ids=[
        "out-of-order",
        "short",
        "doubled",
        "empty",
        "longer",
        "no-ids",
        "other-ids",
        "reset",
        "429",
        "busy",
        "null",
        "[]",
        "none",
    ],
)
def test_batch__fault_that_passes__ends_in_all_the_right_answers(node, connect, fault):
    node.script(fault)

    assert connect().batch(CALLS[:20]) == ADDRESSES[:20]


@pytest.mark.parametrize("fault", [short(), doubled()], ids=["short", "doubled"])
def test_batch__replies_missing_or_doubled_for_good__is_refused(node, connect, fault):
    node.always(fault)

    with pytest.raises(NodeRefused, match="repl"):
        connect().batch(CALLS[:20])


def test_batch__single_items_fail_for_now__only_they_are_asked_again(node, connect):
    flaky = set(ADDRESSES[3:6])

    def balance(address, _):
        if address in flaky:
            flaky.remove(address)
            raise NodeSays(-32005, "rate limit exceeded")
        return address

    node.answers["eth_getBalance"] = balance

    assert connect().batch(CALLS[:20]) == ADDRESSES[:20]
    assert sizes(node) == [3, 20]


def test_batch__one_item_reverts__raises_its_decoded_error(node, connect):
    node.always(altered(lambda reply, call: _reverted(reply) if call["params"][0] == ADDRESSES[7] else reply))

    with pytest.raises(RevertError) as caught:
        connect().batch(CALLS[:20])
    assert caught.value.error == "Panic(uint256)"
    assert node.request_count == 1


def test_try_batch__one_item_reverts__stands_in_its_place(node, connect):
    node.always(altered(lambda reply, call: _reverted(reply) if call["params"][0] == ADDRESSES[7] else reply))

    values = connect().try_batch(CALLS[:20])

    assert isinstance(values.pop(7), RevertError)
    assert values == [*ADDRESSES[:7], *ADDRESSES[8:20]]


def test_try_batch__endpoint_dead__every_item_has_its_own_error(node, connect):
    node.always(http_status(500))

    errors = connect(policy=NO_RETRIES).try_batch(
        [("eth_getBalance", [ADDRESSES[0], "0x10"]), ("eth_blockNumber", [])]
    )

    assert [error.facts["method"] for error in errors] == ["eth_getBalance", "eth_blockNumber"]
    assert errors[0].facts is not errors[1].facts


@pytest.mark.parametrize("in_array", [False, True])
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32600, "batch too large"),
        (-32600, "Invalid Request"),
        (-32005, "Batched requests are not supported by this server"),
    ],
)
def test_batch__node_takes_only_small_ones__finds_the_size_and_remembers(
    node, connect, code, message, status, in_array
):
    refusal = whole_error(code, message, status=status, in_array=in_array)
    node.decide(lambda calls: refusal if len(calls) > 7 else None)
    rpc = connect(batch_size=20, workers=1)

    assert rpc.batch(CALLS[:20]) == ADDRESSES[:20]
    assert rpc.batch(CALLS[:20]) == ADDRESSES[:20]
    assert sum(len(calls) > 7 for calls in node.requests) == 2  # 20 and 10, then 5 fits


def test_batch__items_refused_one_by_one__are_asked_alone(node, connect):
    def limited(exchange):
        replies = exchange.replies()
        if exchange.is_batch:
            error = {"code": 31, "message": "Batch of more than 3 requests are not allowed on free tier"}
            replies = [*replies[:3], *({"id": reply["id"], "error": error} for reply in replies[3:])]
        exchange.send(replies)

    node.always(limited)

    assert connect().batch(CALLS[:20]) == ADDRESSES[:20]


def test_batch__node_without_batches__gets_single_requests(node, connect):
    node.batches = False
    rpc = connect(workers=1)

    assert rpc.batch(CALLS[:10]) == ADDRESSES[:10]
    node.requests.clear()
    assert rpc.batch(CALLS[:10]) == ADDRESSES[:10]
    assert sizes(node) == [1] * 10


@pytest.mark.parametrize("status", [400, 405, 413, 501])
def test_batch__refused_by_status_alone__gets_single_requests(node, connect, status):
    node.decide(lambda calls: http_status(status, b"no") if len(calls) > 1 else None)

    assert connect(workers=1).batch(CALLS[:10]) == ADDRESSES[:10]


def test_batch__node_refuses_everything__is_an_error_and_not_a_hundred_requests(node, connect):
    node.always(http_status(401))

    with pytest.raises(NodeRefused):
        connect().batch(CALLS[:100])
    assert node.request_count == 1


def test_batch__response_too_large_in_parts__is_completed(node, connect):
    """As geth does it: what does not fit any more is refused item by item."""

    def limited(exchange):
        replies = exchange.replies()
        if exchange.is_batch:
            error = {"code": -32003, "message": "response too large"}
            replies = [*replies[:10], *({"id": reply["id"], "error": error} for reply in replies[10:])]
        exchange.send(replies)

    node.always(limited)

    assert connect().batch(CALLS[:20]) == ADDRESSES[:20]


def test_call_each__many_calls__come_back_in_order_each_by_itself(node, connect):
    assert connect(workers=4).call_each(CALLS[:60]) == ADDRESSES[:60]
    assert sizes(node) == [1] * 60
    assert node.connection_count <= 4


def test_call_each__workers__bound_what_is_under_way(node, connect):
    lock, under_way, most = threading.Lock(), 0, 0

    def counted(exchange):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        exchange.pause(0.005)
        with lock:
            under_way -= 1
        exchange.send(exchange.replies())

    node.always(counted)
    connect(workers=3).call_each(CALLS[:30])

    assert most == 3


def test_call_each__every_call_meets_two_faults__all_the_right_answers(node, connect):
    faults = [reset(), http_status(429), http_status(502), null_result(), rpc_error(-32603, "Internal error")]
    lock, asked = threading.Lock(), {}

    def first_two_times(calls):
        address = calls[0][1][0]
        with lock:
            asked[address] = asked.get(address, 0) + 1
            return faults[(ADDRESSES.index(address) + asked[address]) % 5] if asked[address] <= 2 else None

    node.decide(first_two_times)

    assert connect(workers=4).call_each(CALLS[:60]) == ADDRESSES[:60]
    assert set(asked.values()) == {3}


def test_call_each__one_fails__raises_it(node, connect):
    node.always(altered(lambda reply, call: _refused(reply) if call["params"][0] == ADDRESSES[30] else reply))

    with pytest.raises(NodeRefused) as caught:
        connect(workers=4).call_each(CALLS[:60])
    assert caught.value.facts["message"] == "odd"


def test_try_call_each__one_fails__stands_in_its_place(node, connect):
    node.always(rpc_error(-32000, "odd", only="eth_blockNumber"))

    values = connect().try_call_each([*CALLS[:3], ("eth_blockNumber", []), *CALLS[3:5]])

    assert isinstance(values.pop(3), NodeError)
    assert values == ADDRESSES[:5]


def test_call_each__rate_limited_all_along__is_busy(node, connect):
    node.always(http_status(429))

    with pytest.raises(NodeBusy):
        connect(workers=4).call_each(CALLS[:8])


def _reverted(reply):
    return {
        "id": reply["id"],
        "error": {"code": 3, "message": "execution reverted", "data": "0x4e487b71" + "00" * 31 + "01"},
    }


def _refused(reply):
    return {"id": reply["id"], "error": {"code": -32000, "message": "odd"}}
