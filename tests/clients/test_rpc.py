"""One endpoint that misbehaves: a correct answer or a named error, never a shorter answer."""

import pytest
from fault_proxy import (
    FaultyNode,
    NodeSays,
    altered,
    body,
    chunked,
    close,
    close_in_the_middle,
    delay,
    hang,
    healthy,
    html,
    http_status,
    no_http,
    no_result,
    null_result,
    on_chain,
    reset,
    reset_in_the_middle,
    rpc_error,
    truncated,
    whole_error,
    wrong_id,
    zipped,
)

from aztec_butler.clients.policy import NO_RETRIES, RetryPolicy
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import (
    ButlerError,
    DecodeError,
    InputError,
    NodeBusy,
    NodeRefused,
    NodeUnreachable,
    RevertError,
    SettingsError,
)

pytestmark = pytest.mark.loopback

KEY = "0123456789abcdef0123456789abcdef"
CALL = ("eth_call", {"to": "0x" + "11" * 20, "data": "0x"}, "0x10")


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
def node():
    with FaultyNode({"eth_call": "0xc0ffee"}) as node:
        yield node


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def connect(node, time):
    """A factory of doors to the node, with no real waits."""
    opened = []

    def connect(*endpoints, **options):
        urls = endpoints or (node.url + f"/v3/{KEY}?apikey={KEY}",)
        options = {"timeout_seconds": 2.0, "random_fraction": lambda: 1.0} | options
        opened.append(Rpc(urls, clock=time.clock, sleep=time.sleep, **options))
        return opened[-1]

    yield connect
    for rpc in opened:
        rpc.close()


PASSING = {
    "delay": delay(0.05),
    "gzip": zipped(),
    "chunked": chunked(),
    "429": http_status(429),
    "429-with-json": http_status(
        429, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"slow down"}}'
    ),
    "500": http_status(500),
    "500-json": rpc_error(-32603, "Internal error", status=500),
    "502-html": html(502),
    "503": http_status(503, b"Service Unavailable"),
    "504": http_status(504),
    "reset": reset(),
    "close": close(),
    "reset-in-the-middle": reset_in_the_middle(),
    "close-in-the-middle": close_in_the_middle(),
    "html-200": html(),
    "empty-200": body(b""),
    "truncated": truncated(),
    "no-http": no_http(),
    "no-json": body(b"upstream connect error"),
    "rate-limit-in-200": rpc_error(-32005, "limit exceeded"),
    "rate-limit-for-all": whole_error(-32005, "rate limited"),
    "internal-error": rpc_error(-32603, "Internal error"),
    "header-not-found": rpc_error(-32000, "header not found"),
    "timed-out": rpc_error(-32002, "request timed out"),
    "null": null_result(),
    "no-result": no_result(),
    "wrong-id": wrong_id(),
    "number-for-text": altered(lambda reply, call: reply | {"result": 5}),
    "text-for-list": body(b'"0x10"'),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_call__fault_that_passes__ends_in_the_right_answer(node, connect, fault):
    node.script(fault)

    assert connect().call(*CALL) == "0xc0ffee"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (http_status(429), NodeBusy),
        (rpc_error(-32016, "over rate limit"), NodeBusy),
        (http_status(500), NodeRefused),
        (html(503), NodeRefused),
        (html(), NodeRefused),
        (truncated(), NodeRefused),
        (null_result(), NodeRefused),
        (wrong_id(), NodeRefused),
        (no_result(), NodeRefused),
        (reset(), NodeUnreachable),
        (close_in_the_middle(), NodeUnreachable),
        (rpc_error(-32000, "header not found"), NodeRefused),
    ],
)
def test_call__fault_that_stays__is_a_named_error_after_the_rounds(node, connect, time, fault, kind):
    node.always(fault)

    with pytest.raises(kind) as caught:
        connect(policy=RetryPolicy(rounds=3)).call(*CALL)

    assert caught.value.retryable
    assert caught.value.facts["attempts"] == 3
    assert len(time.slept) == 2
    assert KEY not in str(caught.value)


def test_call__node_that_hangs__is_a_time_out(node, connect):
    node.always(hang())

    with pytest.raises(NodeUnreachable) as caught:
        connect(policy=NO_RETRIES, timeout_seconds=0.2).call(*CALL)

    assert trouble_of(caught.value) is Trouble.TIMED_OUT


def test_call__node_that_keeps_hanging__is_given_up_after_two_time_outs(node, connect):
    node.always(hang())

    with pytest.raises(NodeUnreachable) as caught:
        connect(timeout_seconds=0.1).call(*CALL)

    assert caught.value.facts["attempts"] == node.request_count == 2
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (http_status(401), Trouble.UNAUTHORIZED),
        (http_status(404), None),
        (http_status(307, b"", location="http://elsewhere"), None),
        (rpc_error(-32601, "the method does not exist"), Trouble.METHOD_MISSING),
        (rpc_error(-32601, "Method not found", status=400), Trouble.METHOD_MISSING),
        (rpc_error(-32000, "missing trie node"), Trouble.STATE_MISSING),
        (rpc_error(-32602, "invalid argument 0"), None),
        (rpc_error(-32000, "out of gas"), Trouble.OUT_OF_GAS),
        (rpc_error(-32005, "query returned more than 10000 results"), Trouble.TOO_LARGE),
    ],
)
def test_call__fault_that_time_does_not_mend__is_not_retried(node, connect, time, fault, trouble):
    node.always(fault)

    with pytest.raises(NodeRefused) as caught:
        connect().call(*CALL)

    assert trouble_of(caught.value) is trouble
    assert not caught.value.retryable
    assert node.request_count == 1
    assert time.slept == []


def test_call__revert__is_final_and_decoded(node, connect):
    node.always(rpc_error(3, "execution reverted", "0x4e487b71" + "00" * 31 + "11"))

    with pytest.raises(RevertError) as caught:
        connect().call(*CALL)

    assert caught.value.data[-1] == 0x11
    assert caught.value.error == "Panic(uint256)"
    assert node.request_count == 1


def test_call__null_where_null_is_an_answer__is_none(node, connect):
    node.answers["eth_getTransactionReceipt"] = None

    assert connect().call("eth_getTransactionReceipt", "0x" + "00" * 32) is None


def test_call__empty_bytes__are_for_the_caller_to_judge(node, connect):
    node.answers["eth_call"] = "0x"

    assert connect().call(*CALL) == "0x"


# ---------------------------------------------------------------------- patience


def test_call__retries__wait_exponentially_with_full_jitter(node, connect, time):
    node.always(http_status(500))
    fractions = iter([1.0, 0.5, 0.25, 1.0])
    policy = RetryPolicy(rounds=5, first_wait_seconds=1.0, longest_wait_seconds=4.0)

    with pytest.raises(NodeRefused):
        connect(policy=policy, random_fraction=lambda: next(fractions)).call(*CALL)

    assert time.slept == [1.0, 1.0, 1.0, 4.0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "Mon, 23 Nov 2026 10:00:09 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}, 9.0),
    ],
    ids=["seconds", "date"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_call__retry_after__is_waited_for(node, connect, time, headers, seconds, status):
    node.script(http_status(status, **headers))

    assert connect(random_fraction=lambda: 0.0).call(*CALL) == "0xc0ffee"
    assert time.slept == [seconds]


def test_call__wait_asked_in_the_error__is_waited_for(node, connect, time):
    node.script(rpc_error(-32005, "request rate exceeded", {"rate": {"backoff_seconds": 3}}))

    connect(random_fraction=lambda: 0.0).call(*CALL)

    assert time.slept == [3.0]


def test_call__asked_to_wait_too_long__says_so_at_once(node, connect, time):
    node.always(http_status(429, retry_after="3600"))
    rpc = connect()

    with pytest.raises(NodeBusy) as caught:
        rpc.call(*CALL)
    assert caught.value.retry_after_seconds == 3600
    assert time.slept == []

    with pytest.raises(NodeBusy):  # and does not ask before the time
        rpc.call(*CALL)
    assert node.request_count == 1

    time.now += 3601
    node.always(healthy())
    assert rpc.call(*CALL) == "0xc0ffee"


def test_call__asked_to_wait_longer_than_the_policy_allows__is_not_waited_for(node, connect, time):
    node.always(http_status(429, retry_after="30"))
    policy = RetryPolicy(longest_retry_after_seconds=29, total_seconds=1_000)

    with pytest.raises(NodeBusy):
        connect(policy=policy).call(*CALL)
    assert time.slept == []


def test_call__total_time__ends_the_rounds(node, connect, time):
    node.always(http_status(429, retry_after="50"))

    with pytest.raises(NodeBusy):
        connect(policy=RetryPolicy(rounds=100, total_seconds=120)).call(*CALL)

    assert sum(time.slept) <= 120
    assert node.request_count == 3


@pytest.mark.parametrize("method", ["eth_sendRawTransaction", "anvil_mine", "evm_revert", "eth_whatever"])
@pytest.mark.parametrize("fault", [reset(), close(), html(502), truncated(), null_result()])
def test_call__write_whose_fate_is_unknown__is_never_sent_twice(node, connect, method, fault):
    node.answers[method] = "0x1"
    node.always(fault)

    try:
        connect().call(method)
    except ButlerError as error:
        assert not error.retryable  # noqa: PT017

    assert node.request_count == 1


@pytest.mark.parametrize("fault", [http_status(429), rpc_error(-32005, "limit exceeded")])
def test_call__write_that_was_not_carried_out__is_sent_again(node, connect, fault):
    node.answers["eth_sendRawTransaction"] = "0x1"
    node.script(fault)

    assert connect().call("eth_sendRawTransaction", "0x") == "0x1"


def test_call__raise_at_once__leaves_the_trouble_to_the_caller(node, connect):
    node.always(rpc_error(-32002, "request timed out"))

    with pytest.raises(NodeRefused):
        connect().call(*CALL, raise_at_once=[Trouble.TIMED_OUT])

    assert node.request_count == 1


def test_call__answer_that_the_decoder_disbelieves__is_asked_again(node, connect):
    node.script(altered(lambda reply, call: reply | {"result": "0xbad0"}))

    def decode(raw):
        if b"bad" in bytes(raw):
            raise DecodeError("this cannot be right", word="bad")
        return bytes(raw)

    assert connect().call(*CALL, decode=decode) == b'"0xc0ffee"'
    assert node.request_count == 2

    node.always(altered(lambda reply, call: reply | {"result": "0xbad0"}))
    with pytest.raises(NodeRefused, match="cannot be right") as caught:
        connect().call(*CALL, decode=decode)
    assert caught.value.facts["word"] == "bad"


# ---------------------------------------------------------------------- chain id and known blocks


def test_call__chain_id__is_checked_in_the_same_request_and_only_once(node, connect):
    rpc = connect(chain_id=31337)

    assert [rpc.call(*CALL) for _ in range(3)] == ["0xc0ffee"] * 3
    assert node.methods == [("eth_chainId", "eth_call"), "eth_call", "eth_call"]
    assert rpc.request_count == 3


def test_call__no_chain_id_and_one_endpoint__is_not_checked(node, connect):
    connect().call(*CALL)

    assert node.methods == ["eth_call"]


def test_call__node_without_batches__is_checked_in_a_request_before(node, connect):
    node.batches = False
    rpc = connect(chain_id=31337)

    assert [rpc.call(*CALL), rpc.call(*CALL)] == ["0xc0ffee"] * 2
    assert node.methods == [("eth_chainId", "eth_call"), "eth_chainId", "eth_call", "eth_call"]


def test_call__wrong_chain__is_a_settings_error_naming_both_ids(node, connect):
    rpc = connect(chain_id=1)

    for _ in range(2):
        with pytest.raises(SettingsError) as caught:
            rpc.call(*CALL)
    assert caught.value.facts["expected_chain_id"] == 1
    assert 31337 in caught.value.facts.values()
    assert node.request_count == 1  # it is never asked again


def test_call__write_to_a_wrong_chain__is_not_sent(node, connect):
    node.answers["anvil_mine"] = None

    with pytest.raises(SettingsError):
        connect(chain_id=1).call("anvil_mine")

    assert node.methods == ["eth_chainId"]


def test_call__write_to_the_right_chain__follows_the_check(node, connect):
    node.answers["anvil_mine"] = None

    connect(chain_id=31337).call("anvil_mine")

    assert node.methods == ["eth_chainId", "anvil_mine"]


@pytest.mark.parametrize(
    "fault",
    [
        rpc_error(-32000, "busy right now", only="eth_chainId"),
        null_result("eth_chainId"),
        altered(lambda reply, call: reply | ({"result": "0xzz"} if call["method"] == "eth_chainId" else {})),
    ],
)
def test_call__chain_id_not_shown__does_not_count(node, connect, fault):
    node.always(fault)

    with pytest.raises(NodeRefused):
        connect(chain_id=31337).call(*CALL)


def test_call__chain_id_shown_at_the_second_try__counts(node, connect):
    node.script(null_result("eth_chainId"))

    assert connect(chain_id=31337).call(*CALL) == "0xc0ffee"


def test_call__known_block__is_demanded_in_the_same_request(node, connect):
    rpc = connect()

    assert rpc.call(*CALL, known_block=16) == "0xc0ffee"
    assert node.methods == [("eth_blockNumber", "eth_call")]


def test_call__node_lags_behind__is_asked_until_it_knows_the_block(node, connect):
    heads = iter(["0xe", "0xf", "0x10"])
    node.answers["eth_blockNumber"] = lambda: next(heads)

    assert connect().call(*CALL, known_block=16) == "0xc0ffee"
    assert node.request_count == 3


def test_call__node_stays_behind__is_refused_with_both_blocks(node, connect):
    with pytest.raises(NodeRefused) as caught:
        connect().call(*CALL, known_block=17)

    assert trouble_of(caught.value) is Trouble.BLOCK_UNKNOWN
    assert (caught.value.facts["latest_block"], caught.value.facts["wanted_block"]) == (16, 17)


# ---------------------------------------------------------------------- settings and observation


@pytest.mark.parametrize("endpoints", [[], "ws://x", ["http://a", ""]])
def test_rpc__unusable_endpoints__are_refused(endpoints):
    with pytest.raises(SettingsError):
        Rpc(endpoints)


@pytest.mark.parametrize("options", [{"workers": 0}, {"batch_size": 0}, {"requests_per_second": 0}])
def test_rpc__unusable_numbers__are_refused(options):
    with pytest.raises(InputError):
        Rpc("http://127.0.0.1:1", **options)


def test_rpc__shown__tells_names_only(connect, node):
    rpc = connect(f"http://u:s3cret@127.0.0.1:{node.port}/v3/{KEY}", f"http://b.example/{KEY}")

    assert repr(rpc) == f"<Rpc 127.0.0.1:{node.port}, b.example>"


def test_on_request__every_http_request__is_told(node, connect):
    told = []
    node.answers["eth_getCode"] = lambda *_: (_ for _ in ()).throw(NodeSays(3, "execution reverted"))
    node.script(reset(), http_status(429), http_status(500))
    rpc = connect(on_request=told.append)

    rpc.call(*CALL)
    rpc.batch([("eth_call", []), ("eth_blockNumber", [])])
    with pytest.raises(RevertError):
        rpc.call("eth_getCode")

    assert [(each.method, each.calls, each.outcome) for each in told] == [
        ("eth_call", 1, "unreachable"),
        ("eth_call", 1, "busy"),
        ("eth_call", 1, "refused"),
        ("eth_call", 1, "ok"),
        ("batch", 2, "ok"),
        ("eth_getCode", 1, "reverted"),
    ]
    assert {each.endpoint for each in told} == {f"127.0.0.1:{node.port}"}
    assert rpc.request_count == node.request_count == 6


def test_requests_per_second__every_item_of_a_batch__counts(node, connect, time):
    rpc = connect(requests_per_second=10)

    rpc.batch([("eth_blockNumber", [])] * 10)
    assert time.slept == []
    rpc.batch([("eth_blockNumber", [])] * 5)

    assert time.slept == [pytest.approx(0.5)]


@pytest.mark.parametrize(
    "fault",
    [
        rpc_error(
            -32000, f"denied: https://u:s3cret@node/v3/{KEY}?apikey={KEY}", {"url": f"/v3/{KEY}?apikey={KEY}"}
        ),
        http_status(500, f'{{"error":"project {KEY} s3cret"}}'.encode(), content_type=f"text/{KEY}"),
        html(502),
        http_status(302, b"", location=f"https://x/{KEY}"),
        rpc_error(3, f"execution reverted {KEY}", "0x"),
        whole_error(-32600, KEY),
        on_chain(7),
    ],
)
def test_call__error_of_any_kind__shows_no_secret(node, connect, fault):
    node.always(fault)
    rpc = connect(
        f"http://user:s3cret@127.0.0.1:{node.port}/v3/{KEY}?apikey={KEY}", policy=NO_RETRIES, chain_id=31337
    )

    with pytest.raises(ButlerError) as caught:
        rpc.call(*CALL)

    error = caught.value
    told = "".join([str(error), repr(error), repr(error.facts), repr(error.args)])
    assert KEY not in told
    assert "s3cret" not in told
    assert error.__cause__ is None
    assert error.__context__ is None
