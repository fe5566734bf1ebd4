"""Several calls, one endpoint, one value: what vouches for an answer comes from whoever gave it."""

import msgspec
import pytest
from fault_proxy import FaultyNode, http_status, reset, rpc_error

from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import DecodeError, NodeRefused

pytestmark = pytest.mark.loopback

CALLS = [("eth_getBlockByNumber", ("0x1", False)), ("eth_getLogs", ({},))]


def told(results, endpoint):
    return [msgspec.json.decode(result) for result in results], endpoint


@pytest.fixture
def nodes():
    with (
        FaultyNode({"eth_getBlockByNumber": "one", "eth_getLogs": ["first"]}) as first,
        FaultyNode({"eth_getBlockByNumber": "two", "eth_getLogs": ["second"]}) as second,
    ):
        yield first, second


@pytest.fixture
def rpc(nodes):
    with Rpc([node.url for node in nodes], sleep=lambda _: None, chain_id=31337) as rpc:
        yield rpc


def name(node):
    return f"127.0.0.1:{node.port}"


def test_call_together__healthy__is_one_request(nodes, rpc):
    assert rpc.call_together(CALLS, decode=told) == (["one", ["first"]], name(nodes[0]))
    assert nodes[0].methods == [("eth_chainId", "eth_getBlockByNumber", "eth_getLogs")]


@pytest.mark.parametrize("which", ["eth_getBlockByNumber", "eth_getLogs"])
def test_call_together__one_call_fails__the_other_endpoint_answers_all(nodes, rpc, which):
    nodes[0].always(rpc_error(-32000, "header not found", only=which))
    assert rpc.call_together(CALLS, decode=told) == (["two", ["second"]], name(nodes[1]))


def test_call_together__no_batches__one_endpoint_all_the_same(nodes, rpc):
    nodes[0].batches = False
    assert rpc.call_together(CALLS, decode=told) == (["one", ["first"]], name(nodes[0]))
    nodes[0].decide(lambda calls: reset() if calls[0][0] == "eth_getLogs" else None)
    assert rpc.call_together(CALLS, decode=told) == (["two", ["second"]], name(nodes[1]))


def test_call_together__answer_too_large__is_the_callers_and_no_matter_of_batches(nodes, rpc):
    nodes[0].script(http_status(413))
    with pytest.raises(NodeRefused) as caught:
        rpc.call_together(CALLS, decode=told)
    assert trouble_of(caught.value) is Trouble.TOO_LARGE
    rpc.call_together(CALLS, decode=told)
    assert {len(calls) for calls in nodes[0].requests} == {3}


def test_call_together__endpoint_shows_itself_unreliable__others_are_asked_from_then_on(nodes, rpc):
    def decode(results, endpoint):
        if endpoint == name(nodes[0]):
            raise NodeRefused("the node forgets", reason=Trouble.HISTORY_MISSING, endpoint=endpoint)
        return told(results, endpoint)

    for _ in range(3):
        assert rpc.call_together(CALLS, decode=decode)[1] == name(nodes[1])
    assert nodes[0].request_count == 1


def test_call_together__every_endpoint_unreliable__is_their_error(nodes, rpc):
    def decode(results, endpoint):
        raise NodeRefused("the node forgets", reason=Trouble.HISTORY_MISSING, endpoint=endpoint)

    with pytest.raises(NodeRefused, match="forgets") as caught:
        rpc.call_together(CALLS, decode=decode)
    assert trouble_of(caught.value) is Trouble.HISTORY_MISSING
    assert [node.request_count for node in nodes] == [1, 1]


def test_call_together__answers_do_not_fit__are_asked_for_again(nodes):
    results = iter([DecodeError("no fit"), DecodeError("no fit"), None])

    def decode(*answer):
        error = next(results)
        if error:
            raise error
        return told(*answer)

    with Rpc([node.url for node in nodes], sleep=lambda _: None) as rpc:
        assert rpc.call_together(CALLS, decode=decode)[1] == name(nodes[0])
    with Rpc(nodes[0].url, policy=NO_RETRIES) as rpc, pytest.raises(NodeRefused) as caught:
        rpc.call_together(CALLS, decode=lambda *_: (_ for _ in ()).throw(DecodeError("no fit")))
    assert trouble_of(caught.value) is Trouble.MALFORMED
    assert caught.value.facts["method"] == "batch"
