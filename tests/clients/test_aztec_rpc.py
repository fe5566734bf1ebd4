"""The client against servers of our own: faults, and what versions newer than the recorded one do."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import (
    InputError,
    NodeBusy,
    NodeRefused,
    NodeUnreachable,
    NotFoundError,
    SettingsError,
)
from aztec_butler.core.node_readiness import ReadinessLimits

pytestmark = pytest.mark.loopback

NOW = 1_800_000_000


@contextmanager
def serving(answer):
    """A server that answers ``(status, headers, body)``; yields its URL and the methods it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one piece, else they wait for each other

        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            request["api_key"] = self.headers["x-api-key"]
            asked.append(request["method"])
            status, headers, body = answer(request)
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply(request, *, status=200, headers=None, **members):
    body = json.dumps({"jsonrpc": "2.0", "id": request["id"], **members}).encode()
    return status, {"content-type": "application/json", **(headers or {})}, body


def error(request, code, message, *, status=400):
    return reply(request, status=status, error={"code": code, "message": message})


def node_with(methods):
    """Answers as a node that knows these methods; a value that is an exception's arguments is its error."""

    def answer(request):
        method = request["method"]
        if method not in methods:
            return error(request, -32601, f"Method not found: {method}")
        result = methods[method]
        return reply(request, result=result(*request["params"]) if callable(result) else result)

    return answer


def in_turn(answers):
    """Each request gets the next answer."""
    waiting = list(answers)

    def answer(request):
        return waiting.pop(0)(request)

    return answer


def web_page(status):
    return lambda _: (status, {"content-type": "text/html"}, b"<html><h1>Bad gateway</h1></html>")


def tips(number):
    both = {
        "block": {"number": number, "hash": f"0x{number:064x}"},
        "checkpoint": {"number": number, "hash": f"0x{number:064x}"},
    }
    return {"proposed": both["block"], "checkpointed": both, "proven": both, "finalized": both}


def header(number, slot, at):
    return {
        "globalVariables": {
            "chainId": "0x01",
            "version": "0x07",
            "blockNumber": number,
            "slotNumber": f"0x{slot:064x}",
            "timestamp": str(at),
            "coinbase": "0x" + "11" * 20,
            "feeRecipient": "0x" + "00" * 32,
            "gasFees": {"feePerDaGas": "0", "feePerL2Gas": "5"},
        }
    }


def version_5(prefix="aztec", **changes):
    """The methods of a node of version 5 on a chain of 72 s slots, in one namespace."""
    methods = {
        "getChainTips": tips(500),
        "getBlockData": lambda block: (
            None
            if block == 9999
            else {"header": header(500, 998, NOW - 90), "blockHash": "0x01", "checkpointNumber": 500}
        ),
        "getWorldStateSyncStatus": {
            "latestBlockNumber": 500,
            "latestBlockHash": "0x01",
            "finalizedBlockNumber": 400,
            "oldestHistoricBlockNumber": 1,
            "treesAreSynched": True,
        },
        "isReady": True,
        "getEncodedEnr": "enr:-x",
        "getPeers": lambda include_pending: [{"status": "connected", "score": 0.5, "id": "16Uiu2HA"}],
        "getCurrentMinFees": {"feePerDaGas": "0", "feePerL2Gas": "5"},
        "getSyncedL1Timestamp": str(NOW - 20),
        "getL1Constants": {
            "l1StartBlock": "1",
            "l1GenesisTime": str(NOW - 1000 * 72),
            "slotDuration": 72,
            "epochDuration": 32,
            "proofSubmissionEpochs": 1,
        },
    }
    return {f"{prefix}_{name}": result for name, result in (methods | changes).items()}


# --------------------------------------------------------------------------- versions


def test_version_5__every_method_by_its_new_name__at_the_first_try():
    with serving(node_with(version_5())) as (url, asked), AztecNode(url, clock=lambda: NOW) as node:
        verdict = node.fetch_readiness()
    assert verdict.ready, verdict.reasons
    assert all(method.startswith("aztec_") for method in asked)
    assert len(asked) == len(set(asked)) == 9
    assert (verdict.tip_age_seconds, verdict.slot_lag, verdict.l1_age_seconds) == (90, 2, 20)
    assert (verdict.connected_peers, verdict.tip_block) == (1, 500)


def test_version_5__node_lost_its_l1__told_by_the_age_of_what_it_saw():
    methods = version_5(getSyncedL1Timestamp=str(NOW - 4000))
    with serving(node_with(methods)) as (url, _), AztecNode(url, clock=lambda: NOW) as node:
        assert [reason.code for reason in node.fetch_readiness().reasons] == ["l1-old"]


def test_version_5__undefined_is_null__none_where_absence_is_a_fact():
    methods = version_5(getEncodedEnr=None, getSyncedL1Timestamp=None, getValidatorStats=lambda *_: None)
    with serving(node_with(methods)) as (url, _), AztecNode(url) as node:
        assert node.get_enr() is None
        assert node.get_synced_l1_at() is None
        assert node.get_validator_stats("0x" + "11" * 20) is None
        with pytest.raises(NotFoundError):
            node.get_block_header(9999)


def test_gateway_with_old_names_only__before_a_node_of_version_5__reached_under_them():
    with serving(node_with(version_5("node"))) as (url, asked), AztecNode(url, clock=lambda: NOW) as node:
        assert node.get_tips().proposed.number == 500
        assert node.get_block_header().slot == 998
        assert node.fetch_readiness().connected_peers is None  # neither aztec_getPeers nor p2p_getPeers
        assert asked[:3] == ["aztec_getChainTips", "node_getL2Tips", "node_getChainTips"]
        asked.clear()
        node.get_tips()
    assert asked == ["node_getChainTips"]


def test_node_replaced_by_a_newer_one__names_are_found_out_anew():
    methods = {"node_getL2Tips": tips(1), "node_isReady": True}
    with serving(node_with(methods)) as (url, asked), AztecNode(url) as node:
        assert node.get_tips().proposed.number == 1
        assert node.get_is_ready() is True
        methods.clear()
        methods.update(version_5())
        assert node.get_tips().proposed.number == 500
        asked.clear()
        assert node.get_is_ready() is True
        assert node.get_tips().proposed.number == 500
    assert asked == ["aztec_isReady", "aztec_getChainTips"]


@pytest.mark.parametrize("status", [200, 400, 404, 405])
def test_method_unknown__told_with_any_http_status__the_next_name_is_tried(status):
    def answer(request):
        if request["method"] == "node_getL2Tips":
            return reply(request, result=tips(3))
        return error(request, -32601, "the method does not exist", status=status)

    with serving(answer) as (url, asked), AztecNode(url) as node:
        assert node.get_tips().proposed.number == 3
    assert asked == ["aztec_getChainTips", "node_getL2Tips"]


def test_method_unknown_by_every_name__refused_with_all_of_them():
    with serving(node_with({})) as (url, asked), AztecNode(url) as node, pytest.raises(NodeRefused) as caught:
        node.get_tips()
    assert asked == ["aztec_getChainTips", "node_getL2Tips", "node_getChainTips"]
    assert caught.value.code == -32601
    assert trouble_of(caught.value) is Trouble.METHOD_MISSING


def test_admin__both_namespaces_are_tried_and_the_key_goes_to_the_admin_port_only():
    seen = []

    def answer(request):
        seen.append((request["method"], request["api_key"]))
        return node_with({"nodeAdmin_reloadKeystore": None, "aztec_isReady": True})(request)

    with serving(answer) as (url, _), AztecNode(url, admin_url=url, admin_key="k" * 20) as node:
        node.reload_keystore()
        node.reload_keystore()
        node.get_is_ready()
    assert seen == [
        ("aztecAdmin_reloadKeystore", "k" * 20),
        ("nodeAdmin_reloadKeystore", "k" * 20),
        ("nodeAdmin_reloadKeystore", "k" * 20),
        ("aztec_isReady", None),
    ]


# --------------------------------------------------------------------------- faults


@pytest.fixture
def waits():
    return []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (web_page(200), "web page"),
        (lambda request: (200, {}, reply(request, result=tips(1))[2][:-20]), "cut short"),
        (lambda _: (200, {}, b""), "empty"),
        (lambda request: reply({"id": request["id"] + 1}, result=tips(1)), "another request"),
        (lambda _: (200, {}, b"[]"), "JSON"),
    ],
    ids=["web_page", "truncated", "empty", "wrong_id", "list"],
)
def test_answer_is_no_reply__asked_again_then_refused(answer, sentence, waits):
    with (
        serving(answer) as (url, asked),
        AztecNode(url, sleep=waits.append) as node,
        pytest.raises(NodeRefused) as caught,
    ):
        node.get_tips()
    assert trouble_of(caught.value) is Trouble.MALFORMED
    assert sentence in caught.value.sentence
    assert asked == ["aztec_getChainTips"] * 3
    assert len(waits) == 2


def test_connection_ends_before_the_whole_answer__unreachable(waits):
    def answer(request):
        status, headers, body = reply(request, result=tips(1))
        return status, {**headers, "content-length": str(len(body) + 10), "connection": "close"}, body

    with (
        serving(answer) as (url, _),
        AztecNode(url, sleep=waits.append, timeout_seconds=2) as node,
        pytest.raises(NodeUnreachable) as caught,
    ):
        node.get_tips()
    assert caught.value.facts["method"] == "aztec_getChainTips"


def test_nobody_listens__unreachable_after_the_policys_rounds(waits):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with (
            AztecNode(f"http://127.0.0.1:{port}", sleep=waits.append) as node,
            pytest.raises(NodeUnreachable),
        ):
            node.get_is_ready()
        assert len(waits) == 2
        with (
            AztecNode(f"http://127.0.0.1:{port}", sleep=waits.append, policy=NO_RETRIES) as node,
            pytest.raises(NodeUnreachable),
        ):
            node.get_is_ready()
        assert len(waits) == 2


@pytest.mark.parametrize("members", [{}, {"result": None}], ids=["left_out", "null"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda node: node.get_node_info(),
        lambda node: node.get_tips(),
        lambda node: node.get_block_number(),
        lambda node: node.get_is_ready(),
        lambda node: node.get_peers(),
        lambda node: node.get_validators_stats(),
        lambda node: node.get_pending_tx_count(),
        lambda node: node.get_slash_offenses(),
        lambda node: node.get_config(),
    ],
)
def test_result_is_missing_where_one_is_needed__refused_and_never_empty(ask, members):
    with (
        serving(lambda request: reply(request, **members)) as (url, asked),
        AztecNode(url, admin_url=url) as node,
        pytest.raises(NodeRefused) as caught,
    ):
        ask(node)
    assert caught.value.facts["field"] == "result"
    assert caught.value.facts["got"] == "nothing"
    assert caught.value.facts["method"] == asked[0]
    assert caught.value.facts["endpoint"].startswith("127.0.0.1")


@pytest.mark.parametrize("code", [-32702, -32603], ids=["v4", "v5_2"])
def test_method_throws__its_sentence_without_the_url_of_its_l1(code):
    sentence = "HTTP request failed. URL: https://l1.example/v3/0123456789abcdef0123"
    with (
        serving(lambda request: error(request, code, sentence)) as (url, asked),
        AztecNode(url) as node,
        pytest.raises(NodeRefused) as caught,
    ):
        node.get_current_min_fees()
    assert caught.value.code == code
    assert caught.value.facts["message"] == "HTTP request failed. URL: https://l1.example/***"
    assert "0123456789abcdef" not in str(caught.value)
    assert len(asked) == 1  # the node has decided: asking again would be of no use


@pytest.mark.parametrize("code", [-32702, -32603], ids=["v4", "v5_2"])
def test_fetch_readiness__fees_cannot_be_told__l1_unreachable(code):
    def answer(request):
        if request["method"] == "aztec_getCurrentMinFees":
            return error(request, code, "HTTP request failed")
        return node_with(version_5())(request)

    with serving(answer) as (url, _), AztecNode(url, clock=lambda: NOW) as node:
        assert [reason.code for reason in node.fetch_readiness().reasons] == ["l1-unreachable"]


def test_fetch_readiness__another_failure__raised_and_no_judgment():
    with (
        serving(node_with(version_5(getWorldStateSyncStatus=None))) as (url, _),
        AztecNode(url, clock=lambda: NOW) as node,
        pytest.raises(NodeRefused),
    ):
        node.fetch_readiness(limits=ReadinessLimits())


def test_schema_error__with_values_the_callers_fault_and_without_the_nodes():
    with (
        serving(lambda request: error(request, -32701, "Invalid input (0)")) as (url, _),
        AztecNode(url) as node,
    ):
        with pytest.raises(InputError) as caught:
            node.get_block_header("soon")
        assert caught.value.facts["message"] == "Invalid input (0)"
        with pytest.raises(NodeRefused):
            node.get_tips()


def test_rate_limit__retry_after_is_kept_to(waits):
    answers = [
        lambda request: (429, {"retry-after": "7"}, b"slow down"),
        lambda request: reply(request, result=12),
    ]
    with (
        serving(in_turn(answers)) as (url, _),
        AztecNode(url, sleep=waits.append) as node,
    ):
        assert node.get_block_number() == 12
    assert waits == [7.0]


def test_rate_limit__longer_than_patience__busy_at_once(waits):
    with (
        serving(lambda _: (429, {"retry-after": "3600"}, b"")) as (url, asked),
        AztecNode(url, sleep=waits.append) as node,
        pytest.raises(NodeBusy) as caught,
    ):
        node.get_block_number()
    assert caught.value.retry_after_seconds == 3600
    assert (waits, len(asked)) == ([], 1)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_gateway_fails_in_passing__asked_again(status, waits):
    answers = [web_page(status), lambda request: reply(request, result=12)]
    with (
        serving(in_turn(answers)) as (url, _),
        AztecNode(url, sleep=waits.append) as node,
    ):
        assert node.get_block_number() == 12
    assert len(waits) == 1


@pytest.mark.parametrize("status", [400, 404, 405])
def test_another_service_answers__refused_at_once(status, waits):
    with (
        serving(web_page(status)) as (url, asked),
        AztecNode(url, sleep=waits.append) as node,
        pytest.raises(NodeRefused) as caught,
    ):
        node.get_block_number()
    assert caught.value.facts["status"] == status
    assert (waits, len(asked)) == ([], 1)


@pytest.mark.parametrize("status", [401, 403])
def test_key_refused__settings_error_that_shows_no_key(status):
    def refuse(_):
        return status, {}, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Unauthorized"}}'

    with serving(refuse) as (url, asked):
        with (
            AztecNode(url + "/0123456789abcdef", admin_url=url, admin_key="secret-admin-key") as node,
            pytest.raises(SettingsError) as caught,
        ):
            node.reload_keystore()
        assert "secret-admin-key" not in str(caught.value)
        assert "AZTEC_ADMIN_API_KEY_HASH" in caught.value.hint
        with AztecNode(url + "/0123456789abcdef") as node, pytest.raises(SettingsError) as caught:
            node.get_tips()
        assert "0123456789abcdef" not in str(caught.value)
    assert len(asked) == 2


# --------------------------------------------------------------------------- what is told of requests


def test_on_request__every_http_request_to_either_port__is_told(waits):
    told = []
    public = in_turn(
        [
            web_page(429),
            lambda request: reply(request, result=True),
            lambda request: error(request, -32701, "Expected string"),
            lambda request: error(request, -32601, "Method not found"),
            lambda request: reply(request, result=7),
        ]
    )

    def guarded(request):
        return (401, {}, b"") if request["api_key"] is None else reply(request, result=[])

    with serving(public) as (url, asked), serving(guarded) as (admin_url, admin_asked):
        options = {"sleep": waits.append, "on_request": told.append}
        with AztecNode(url, admin_url=admin_url, admin_key="k" * 20, **options) as node:
            node.get_is_ready()
            with pytest.raises(InputError):
                node.get_block_header(-1)
            assert node.get_block_number() == 7
            node.get_slash_offenses()
        with AztecNode(url, admin_url=admin_url, **options) as node, pytest.raises(SettingsError):
            node.reload_keystore()
    assert [(each.method, each.outcome) for each in told] == [
        ("aztec_isReady", "busy"),
        ("aztec_isReady", "ok"),
        ("aztec_getBlockData", "refused"),
        ("aztec_getBlockNumber", "refused"),
        ("node_getBlockNumber", "ok"),
        ("aztecAdmin_getSlashOffenses", "ok"),
        ("aztecAdmin_reloadKeystore", "refused"),
    ]
    assert [each.method for each in told] == asked + admin_asked
    names = [url.removeprefix("http://")] * 5 + [admin_url.removeprefix("http://")] * 2
    assert [each.endpoint for each in told] == names
    assert all(each.calls == 1 and 0 <= each.seconds < 60 for each in told)


def test_on_request__nobody_answers__is_told_as_unreachable(waits):
    told = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            AztecNode(url, sleep=waits.append, on_request=told.append) as node,
            pytest.raises(NodeUnreachable),
        ):
            node.get_block_number()
    assert [each.outcome for each in told] == ["unreachable"] * 3
