"""From what a node says to an error of ours."""

import pytest
from eth_abi import encode

from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.clients.http import Response
from aztec_butler.clients.jsonrpc import NodeMessage
from aztec_butler.clients.refusals import node_error, retry_after_seconds, revert_data, status_error
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import NodeBusy, NodeRefused, RevertError
from aztec_butler.core.hexes import keccak256

KEY = "0123456789abcdef0123456789abcdef"
ENDPOINT = Endpoint.parse(f"https://node.example/v3/{KEY}")
REASON = "0x08c379a0" + encode(["string"], ["no such thing"]).hex()


def said(code, message, data=None, method="eth_call"):
    return node_error(NodeMessage(code, message, data), endpoint=ENDPOINT, method=method)


def answered(status, body=b"", headers=None):
    return status_error(
        Response(status, headers or {}, body), endpoint=ENDPOINT, method="eth_call", wall_time=0.0
    )


REVERT_SHAPES = {
    "geth": (3, "execution reverted: no such thing", REASON),
    "besu": (-32000, "Execution reverted", REASON),
    "parity": (-32015, "VM execution error.", f"Reverted {REASON}"),
    "nethermind": (-32015, "VM execution error.", f"Reverted {REASON.upper().replace('0X', '0x')}"),
    "anvil": (3, "execution reverted: no such thing", REASON),
    "dictionary": (-32000, "execution reverted", {"data": REASON}),
    "hardhat": (
        -32603,
        "Error: VM Exception while processing transaction: reverted with reason string 'no such thing'",
        {"message": "Error: VM Exception", "txHash": "0x" + "ab" * 32, "data": REASON},
    ),
    "ganache": (
        -32000,
        "VM Exception while processing transaction: revert no such thing",
        {
            "hash": "0x" + "cd" * 32,
            "programCounter": 12,
            "result": REASON,
            "reason": "no such thing",
            "message": "revert",
        },
    ),
    "ganache-by-transaction": (
        -32000,
        "VM Exception while processing transaction: revert",
        {
            "0x" + "ef" * 32: {"error": "revert", "program_counter": 12, "return": REASON, "reason": "x"},
            "stack": "y",
        },
    ),
    "wrapped": (-32000, "execution reverted", {"originalError": {"code": 3, "data": REASON}}),
    "quoted": (-32000, f"execution reverted with data {REASON}", None),
}


@pytest.mark.parametrize("shape", REVERT_SHAPES.values(), ids=REVERT_SHAPES)
def test_node_error__revert_in_any_shape__carries_its_data_and_reason(shape):
    error = said(*shape)

    assert isinstance(error, RevertError)
    assert error.data == bytes.fromhex(REASON[2:])
    assert "no such thing" in error.arguments.values()


def test_node_error__custom_error_of_our_contracts__is_decoded():
    selector = keccak256(b"Staking__NotWithdrawer(address,address)")[:4].hex()
    arguments = encode(["address", "address"], ["0x" + "11" * 20, "0x" + "22" * 20]).hex()

    error = said(3, "execution reverted", "0x" + selector + arguments)

    assert error.error == "Staking__NotWithdrawer(address,address)"
    assert list(error.arguments.values()) == ["0x" + "11" * 20, "0x" + "22" * 20]


@pytest.mark.parametrize("data", [None, "0x", "", {}, {"message": "x"}])
def test_node_error__revert_without_data__is_a_revert(data):
    error = said(-32000, "execution reverted", data)

    assert isinstance(error, RevertError)
    assert error.data == b""


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("0x", b""),
        ("Reverted 0x", b""),
        ("0xabc", None),
        ("0x zz", None),
        ("Reverted", None),
        (12, None),
        (["0x00"], None),
        ({"txHash": "0x" + "00" * 32}, None),
    ],
)
def test_revert_data__odd_shapes__give_bytes_or_nothing(data, expected):
    assert revert_data(data) == expected


@pytest.mark.parametrize(
    ("trouble", "kind", "retryable", "code", "text"),
    [
        (Trouble.RATE_LIMITED, NodeBusy, True, -32005, "limit exceeded"),
        (Trouble.BLOCK_UNKNOWN, NodeRefused, True, -32000, "header not found"),
        (Trouble.STATE_MISSING, NodeRefused, False, -32000, "missing trie node 0xab"),
        (Trouble.METHOD_MISSING, NodeRefused, False, -32601, "nope"),
        (Trouble.UNAUTHORIZED, NodeRefused, False, -32000, "invalid api key"),
        (Trouble.OUT_OF_GAS, NodeRefused, False, -32000, "out of gas"),
        (None, NodeRefused, True, -32603, "Internal error"),
        (None, NodeRefused, False, -32602, "invalid argument 0"),
        (None, NodeRefused, False, None, "odd"),
    ],
)
def test_node_error__trouble__decides_class_and_retries(trouble, kind, retryable, code, text):
    error = said(code, text)

    assert type(error) is kind
    assert error.retryable is retryable
    assert trouble_of(error) is trouble
    if kind is NodeRefused:
        assert error.code == code


def test_node_error__missing_state__hints_at_an_archive_node():
    assert "archive" in said(-32000, "missing trie node 0xab").hint


def test_node_error__message_that_quotes_the_url__does_not_leak():
    error = said(
        -32000, f"Post https://node.example/v3/{KEY}: EOF", {"url": f"/v3/{KEY}", "nested": {"key": KEY}}
    )

    assert KEY not in str(error)
    assert KEY not in repr(error.facts)


def test_node_error__wait_in_the_data__is_honoured():
    infura = {
        "rate": {"allowed_rps": 1, "backoff_seconds": 30, "current_rps": 1.4},
        "see": "https://infura.io/dashboard",
    }

    assert said(-32005, "project ID request rate exceeded", infura).retry_after_seconds == 30
    assert said(-32005, "rps limit", {"try_again_in": "824.5ms"}).retry_after_seconds == pytest.approx(0.8245)
    assert said(-32005, "rps limit", {"try_again_in": "soon"}).retry_after_seconds is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 09:00:00 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_seconds__both_forms__are_read(headers, seconds):
    assert retry_after_seconds(headers, 0.0) == seconds


def test_retry_after_seconds__date_without_date_of_the_reply__is_measured_from_now():
    # 1 795 428 000 is 2026-11-23 10:00:00 UTC
    assert retry_after_seconds({"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT"}, 1_795_428_000.0 - 5) == 35.0


@pytest.mark.parametrize(
    ("status", "kind", "trouble", "retryable"),
    [
        (429, NodeBusy, Trouble.RATE_LIMITED, True),
        (401, NodeRefused, Trouble.UNAUTHORIZED, False),
        (403, NodeRefused, Trouble.UNAUTHORIZED, False),
        (413, NodeRefused, Trouble.TOO_LARGE, False),
        (404, NodeRefused, None, False),
        (301, NodeRefused, None, False),
        (500, NodeRefused, None, True),
        (502, NodeRefused, None, True),
        (503, NodeRefused, None, True),
        (504, NodeRefused, Trouble.TIMED_OUT, True),
        (418, NodeRefused, None, False),
        (204, NodeRefused, None, False),
    ],
)
def test_status_error__status_alone__names_the_failure(status, kind, trouble, retryable):
    error = answered(status, b"<html>no</html>")

    assert type(error) is kind
    assert trouble_of(error) is trouble
    assert error.retryable is retryable
    assert error.facts["status"] == status


def test_status_error__200__is_none():
    assert answered(200, b"<html>") is None


def test_status_error__503_with_retry_after__is_busy():
    error = answered(503, b"", {"retry-after": "3"})

    assert isinstance(error, NodeBusy)
    assert error.retry_after_seconds == 3


@pytest.mark.parametrize("body", [b'{"jsonrpc":"2.0","id":1,"error":%b}', b'[{"error":%b}]', b"%b"])
def test_status_error__json_rpc_error_in_the_body__is_more_precise(body):
    error = answered(400, body % b'{"code":-32601,"message":"Method not found"}')

    assert trouble_of(error) is Trouble.METHOD_MISSING
    assert error.code == -32601
    assert error.facts["status"] == 400


def test_status_error__revert_with_status_500__is_a_revert():
    assert isinstance(
        answered(500, b'{"error":{"code":3,"message":"execution reverted","data":"0x"}}'), RevertError
    )


def test_status_error__500_with_unknown_json_rpc_error__stays_retryable():
    error = answered(500, b'{"error":{"code":-32099,"message":"hiccup"}}')

    assert error.retryable
    assert error.facts["message"] == "hiccup"


def test_status_error__redirect__does_not_show_where_to():
    error = answered(302, b"", {"location": f"https://evil.example/{KEY}"})

    assert KEY not in str(error)
    assert "evil" not in str(error)
