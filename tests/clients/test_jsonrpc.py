"""JSON-RPC as bytes."""

import json
import sys

import pytest

from aztec_butler.clients.jsonrpc import (
    Call,
    MalformedReply,
    NodeMessage,
    decode_batch,
    decode_reply,
    encode_batch,
    encode_call,
)

CALLS = [Call("eth_getBalance", [f"0x{number:040x}", "0x1"]) for number in range(5)]


def replies_to(request):
    return [
        {"jsonrpc": "2.0", "id": call["id"], "result": call["params"][0]} for call in json.loads(request.body)
    ]


def test_encode_call__any_call__is_a_request_object():
    request = json.loads(encode_call(CALLS[1]).body)

    assert request.pop("id") >= 0
    assert request == {"jsonrpc": "2.0", "method": "eth_getBalance", "params": ["0x" + "0" * 39 + "1", "0x1"]}


def test_encode_call__method_with_quotes__is_escaped():
    assert json.loads(encode_call(Call('a"b\\', [])).body)["method"] == 'a"b\\'


def test_encode_call__same_content__same_id__other_content__other_id():
    assert encode_call(CALLS[0]).first_id == encode_call(CALLS[0]).first_id
    assert len({encode_call(call).first_id for call in CALLS}) == len(CALLS)


def test_encode_batch__ids__are_consecutive_and_fit_into_32_bits():
    request = encode_batch(CALLS)

    ids = [call["id"] for call in json.loads(request.body)]
    assert ids == list(range(request.first_id, request.first_id + 5))
    assert max(ids) < 2**31


def test_decode_batch__replies_in_any_order__are_put_in_order():
    request = encode_batch(CALLS)
    replies = replies_to(request)

    decoded = decode_batch(json.dumps(replies[::-1]).encode(), request)

    assert [reply.value() for reply in decoded] == [call.parameters[0] for call in CALLS]


@pytest.mark.parametrize(
    "change",
    [
        lambda replies: replies[:-1],
        lambda replies: [*replies[:-1], replies[0]],
        lambda replies: [*replies, replies[0]],
        lambda replies: [*replies[:-1], replies[-1] | {"id": 1}],
        lambda replies: [*replies[:-1], replies[-1] | {"id": None}],
        lambda replies: [*replies[:-1], replies[-1] | {"id": str(replies[-1]["id"])}],
        lambda replies: [],
        lambda replies: replies[0],
        lambda replies: replies[:1],
        lambda replies: "text",
        lambda replies: None,
        lambda replies: [1, 2, 3, 4, 5],
    ],
    ids=[
        "short",
        "double",
        "too-many",
        "foreign",
        "no-id",
        "id-as-text",
        "empty",
        "one-object",
        "one-item",
        "text",
        "null",
        "numbers",
    ],
)
def test_decode_batch__replies_that_do_not_fit__are_refused(change):
    request = encode_batch(CALLS)

    with pytest.raises(MalformedReply):
        decode_batch(json.dumps(change(replies_to(request))).encode(), request)


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: [error]], ids=["bare", "in-array"])
@pytest.mark.parametrize("place", [None, 0], ids=["no-id", "first-id"])
def test_decode_batch__refused_as_a_whole__is_one_error(wrap, place):
    request = encode_batch(CALLS)
    number = None if place is None else request.first_id
    error = {"jsonrpc": "2.0", "id": number, "error": {"code": -32600, "message": "batch too large"}}

    reply = decode_batch(json.dumps(wrap(error)).encode(), request)

    assert reply.error == NodeMessage(-32600, "batch too large")


def test_decode_batch__batch_of_one__is_a_list_of_one():
    request = encode_batch(CALLS[:1])

    assert [reply.value() for reply in decode_batch(json.dumps(replies_to(request)).encode(), request)] == [
        CALLS[0].parameters[0]
    ]


def test_decode_reply__result_absent__is_undefined_and_no_error():
    request = encode_call(CALLS[0])

    reply = decode_reply(json.dumps({"jsonrpc": "2.0", "id": request.first_id}).encode(), request)

    assert reply.error is None
    assert reply.value() is None


def test_decode_reply__result_of_somebody_else__is_refused():
    request = encode_call(CALLS[0])
    foreign = encode_call(CALLS[1])

    with pytest.raises(MalformedReply):
        decode_reply(json.dumps({"id": foreign.first_id, "result": "0x1"}).encode(), request)


def test_decode_reply__error_without_id__is_believed():
    reply = decode_reply(
        b'{"id": null, "error": {"code": -32700, "message": "parse error"}}', encode_call(CALLS[0])
    )

    assert reply.error.code == -32700


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"<html>", "web page"),
        (b'{"jsonrpc":"2.0","id":1,"resu', "cut short"),
        (b"[]", "cut short"),
        (b"upstream connect error", "not JSON-RPC"),
        (b'\xff\xfe{"', "not JSON-RPC"),
        (b'{"id": 1, "result": 1}', "id of another"),
    ],
)
def test_decode_reply__no_json_rpc__says_what_it_is(content, told):
    with pytest.raises(MalformedReply, match=told):
        decode_reply(content, encode_call(CALLS[0])).value()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 3, "message": "x", "data": "0x"}, NodeMessage(3, "x", "0x")),
        ({"code": "-32000", "message": "x"}, NodeMessage(-32000, "x")),
        ({"code": None, "message": None}, NodeMessage(None, "")),
        ({"code": 1.5, "message": {"a": 1}}, NodeMessage(None, "{'a': 1}")),
        ("just words", NodeMessage(None, "just words")),
        (["odd"], NodeMessage(None, "['odd']")),
    ],
)
def test_node_message__errors_of_any_shape__are_understood_as_far_as_possible(error, expected):
    assert NodeMessage.parse(error) == expected


@pytest.mark.parametrize("member", [b"result", b"error"])
@pytest.mark.parametrize("depth", [100, 300_000])
def test_decode_reply__brackets_without_end__end_neither_the_process_nor_the_patience(member, depth):
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)  # as libraries do that web3 brings along
    try:
        request = encode_call(CALLS[0])
        content = b'{"id":%d,"%b":%b%b}' % (request.first_id, member, b"[" * depth, b"]" * depth)
        with pytest.raises(MalformedReply):
            decode_reply(content, request).value()
        request = encode_batch(CALLS[:1])
        with pytest.raises(MalformedReply):
            decode_batch(b"[" + content + b"]", request)[0].value()
    finally:
        sys.setrecursionlimit(limit)
