"""Several endpoints: the first that works serves, and a pinned read is right wherever it is answered."""

import pytest
from fault_proxy import FaultyNode, hang, healthy, html, http_status, on_chain, reset, rpc_error, truncated

from aztec_butler.clients.policy import NO_RETRIES, RetryPolicy
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import NodeError, NodeRefused, NodeUnreachable, RevertError, SettingsError

pytestmark = pytest.mark.loopback

CALL = ("eth_call", {"to": "0x" + "11" * 20, "data": "0x"}, "0x10")
FIRST, SECOND = "0xaa", "0xbb"


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def nodes():
    with FaultyNode({"eth_call": FIRST}) as first, FaultyNode({"eth_call": SECOND}) as second:
        yield first, second


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def connect(nodes, time):
    opened = []

    def connect(**options):
        options = {"timeout_seconds": 2.0, "random_fraction": lambda: 1.0} | options
        opened.append(Rpc([node.url for node in nodes], clock=time.clock, sleep=time.sleep, **options))
        return opened[-1]

    yield connect
    for rpc in opened:
        rpc.close()


def test_call__both_healthy__the_first_serves(nodes, connect):
    rpc = connect()

    assert [rpc.call(*CALL) for _ in range(5)] == [FIRST] * 5
    assert nodes[1].request_count == 0


@pytest.mark.parametrize(
    "fault",
    [
        http_status(429),
        http_status(429, retry_after="30"),
        http_status(500),
        html(503),
        http_status(401),
        http_status(404),
        html(),
        truncated(),
        reset(),
        rpc_error(-32005, "limit exceeded"),
        rpc_error(-32000, "header not found"),
        rpc_error(-32000, "missing trie node"),
        rpc_error(-32601, "method not found"),
        rpc_error(-32603, "Internal error"),
        rpc_error(-32000, "something odd"),
    ],
)
def test_call__first_fails__the_second_answers_without_a_wait(nodes, connect, time, fault):
    nodes[0].always(fault)

    assert connect().call(*CALL) == SECOND
    assert time.slept == []


def test_call__first_hangs__the_second_answers_after_the_time_out(nodes, connect):
    nodes[0].always(hang())
    rpc = connect(timeout_seconds=0.1)

    assert [rpc.call(*CALL) for _ in range(3)] == [SECOND] * 3
    assert nodes[0].request_count == 1  # then it is spared


def test_call__first_hangs_and_the_caller_watches_time_outs__the_second_is_asked_first(nodes, connect):
    nodes[0].always(hang())

    assert connect(timeout_seconds=0.1).call(*CALL, raise_at_once=[Trouble.TIMED_OUT]) == SECOND


def test_call__both_time_out__is_told_to_the_caller_after_one_round(nodes, connect, time):
    for node in nodes:
        node.always(rpc_error(-32002, "request timed out"))

    with pytest.raises(NodeRefused) as caught:
        connect().call(*CALL, raise_at_once=[Trouble.TIMED_OUT])

    assert trouble_of(caught.value) is Trouble.TIMED_OUT
    assert [node.request_count for node in nodes] == [1, 1]
    assert time.slept == []


def test_call__first_failed__is_spared_and_comes_back(nodes, connect, time):
    nodes[0].always(http_status(500))
    rpc = connect(policy=RetryPolicy(cool_down_seconds=10))
    assert rpc.call(*CALL) == SECOND
    nodes[0].always(healthy())

    time.now += 9
    assert rpc.call(*CALL) == SECOND
    time.now += 2
    assert rpc.call(*CALL) == FIRST


def test_call__first_keeps_failing__is_spared_longer_each_time(nodes, connect, time):
    nodes[0].always(http_status(500))
    rpc = connect(policy=RetryPolicy(cool_down_seconds=10))

    asked_at = []
    for _ in range(100):
        before = nodes[0].request_count
        assert rpc.call(*CALL) == SECOND
        if nodes[0].request_count > before:
            asked_at.append(time.now - 1000)
        time.now += 1

    assert asked_at == [0, 10, 30, 70]


def test_call__first_failed_works_and_fails_again__is_spared_briefly_again(nodes, connect, time):
    rpc = connect(policy=RetryPolicy(cool_down_seconds=10))
    for _ in range(3):
        nodes[0].script(http_status(500))
        assert rpc.call(*CALL) == SECOND
        time.now += 11
        assert rpc.call(*CALL) == FIRST


def test_call_each__first_fails_for_many_at_once__is_spared_as_for_one(nodes, connect, time):
    nodes[0].always(http_status(500))
    rpc = connect(policy=RetryPolicy(cool_down_seconds=10), workers=8)
    assert rpc.call_each([("eth_call", list(CALL[1:]))] * 8) == [SECOND] * 8

    nodes[0].always(healthy())
    time.now += 11
    assert rpc.call(*CALL) == FIRST


def test_call__first_lacks_archived_state__is_not_spared_for_it(nodes, connect):
    nodes[0].script(rpc_error(-32000, "missing trie node"))
    rpc = connect()

    assert [rpc.call(*CALL) for _ in range(2)] == [SECOND, FIRST]


def test_call__first_lags_behind__the_second_answers(nodes, connect):
    nodes[0].answers["eth_blockNumber"] = "0xf"

    assert connect().call(*CALL, known_block=16) == SECOND


def test_call__one_spared_the_other_fails__the_spared_one_is_asked_after_all(nodes, connect):
    nodes[0].script(http_status(500))
    rpc = connect()
    assert rpc.call(*CALL) == SECOND
    nodes[1].always(http_status(500))

    assert rpc.call(*CALL) == FIRST


def test_call__both_fail__tells_of_both(nodes, connect):
    nodes[0].always(http_status(404))
    nodes[1].always(reset())

    with pytest.raises(NodeError) as caught:
        connect().call(*CALL)

    assert caught.value.facts["status"] == 404
    assert "broke off" in caught.value.facts[f"at 127.0.0.1:{nodes[1].port}"]
    assert caught.value.retryable  # the second may be back later
    assert nodes[0].request_count == 1
    assert nodes[1].request_count == 5


def test_call__both_refuse_for_good__ends_after_one_round(nodes, connect, time):
    nodes[0].always(rpc_error(-32000, "missing trie node"))
    nodes[1].always(rpc_error(-32601, "method not found"))

    with pytest.raises(NodeRefused) as caught:
        connect().call(*CALL)

    assert trouble_of(caught.value) is Trouble.STATE_MISSING
    assert not caught.value.retryable
    assert time.slept == []


def test_call__one_asks_for_a_pause__it_is_kept_while_the_other_serves(nodes, connect, time):
    nodes[0].script(http_status(429, retry_after="30"))
    rpc = connect(policy=RetryPolicy(cool_down_seconds=1))
    assert rpc.call(*CALL) == SECOND

    nodes[1].script(http_status(500))
    time.now += 20
    assert rpc.call(*CALL) == SECOND  # after a wait: the first is not asked before its time
    assert nodes[0].request_count == 1
    time.now += 20
    assert rpc.call(*CALL) == FIRST


def test_call__revert__is_the_chains_word_and_not_asked_elsewhere(nodes, connect):
    nodes[0].always(rpc_error(3, "execution reverted", "0x", only="eth_call"))

    with pytest.raises(RevertError):
        connect().call(*CALL)
    assert nodes[1].request_count == 0


@pytest.mark.parametrize(
    "fault",
    [
        rpc_error(-32602, "invalid argument 0"),
        rpc_error(-32005, "query returned more than 10000 results"),
        rpc_error(-32000, "out of gas"),
    ],
)
def test_call__question_itself_is_at_fault__is_not_asked_elsewhere(nodes, connect, fault):
    nodes[0].always(fault)

    with pytest.raises(NodeRefused):
        connect().call(*CALL)
    assert nodes[1].request_count == 0


def test_call__write_lost_at_the_first__is_not_sent_to_the_second(nodes, connect):
    for node in nodes:
        node.answers["eth_sendRawTransaction"] = "0x1"
    nodes[0].decide(lambda calls: reset() if calls[-1][0] == "eth_sendRawTransaction" else None)

    with pytest.raises(NodeUnreachable) as caught:
        connect().call("eth_sendRawTransaction", "0x")

    assert not caught.value.retryable
    assert "eth_sendRawTransaction" not in nodes[1].methods


def test_call__write_and_the_first_is_down__goes_to_the_second(nodes, connect):
    nodes[1].answers["eth_sendRawTransaction"] = "0x1"
    nodes[0].__exit__()

    assert connect().call("eth_sendRawTransaction", "0x") == "0x1"


def test_call__write_and_the_first_is_on_another_chain__goes_to_the_second(nodes, connect):
    for node in nodes:
        node.answers["anvil_mine"] = None
    nodes[0].always(on_chain(1))

    connect(chain_id=31337).call("anvil_mine")

    assert "anvil_mine" not in nodes[0].methods
    assert "anvil_mine" in nodes[1].methods


def test_call__second_on_another_chain__is_never_used(nodes, connect):
    nodes[1].always(on_chain(1))
    rpc = connect()
    assert rpc.call(*CALL) == FIRST
    assert rpc.chain_id == 31337

    nodes[0].always(http_status(500))
    with pytest.raises(NodeRefused) as caught:
        rpc.call(*CALL)
    assert caught.value.facts["status"] == 500
    assert "another chain" in caught.value.facts[f"at 127.0.0.1:{nodes[1].port}"]
    assert nodes[1].request_count == 1

    nodes[0].always(healthy())
    assert rpc.call(*CALL) == FIRST


def test_call__first_on_another_chain__the_second_serves(nodes, connect):
    nodes[0].always(on_chain(1))
    rpc = connect(chain_id=31337)

    assert [rpc.call(*CALL) for _ in range(2)] == [SECOND] * 2
    assert nodes[0].request_count == 1


def test_call__both_on_another_chain__is_a_settings_error(nodes, connect):
    nodes[0].always(on_chain(5))
    rpc = connect(chain_id=1)

    with pytest.raises(SettingsError) as caught:
        rpc.call(*CALL)

    assert {1, 5, 31337} <= set(caught.value.facts.values())


def test_batch__some_items_fail_at_the_first__only_they_go_to_the_second(nodes, connect):
    nodes[0].always(rpc_error(-32000, "missing trie node", only="eth_call"))

    assert connect().batch([("eth_blockNumber", []), ("eth_call", list(CALL[1:]))]) == ["0x10", SECOND]
    assert nodes[1].methods == [("eth_chainId", "eth_call")]


def test_call__no_retries__still_asks_each_endpoint_once(nodes, connect):
    nodes[0].always(http_status(500))

    assert connect(policy=NO_RETRIES).call(*CALL) == SECOND
