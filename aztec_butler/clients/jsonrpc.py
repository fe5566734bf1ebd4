"""JSON-RPC 2.0 as bytes: requests are built, replies are taken apart. No I/O.

Used for the L1 node (``clients.rpc``) and for the Aztec node (``clients.aztec_node``)::

    request = encode_call(Call("eth_chainId"))
    response = transport.post(request.body)
    reply = decode_reply(response.body, request)   # Reply(result=Raw | UNSET, error=None | NodeMessage)
    if reply.error is not None: ...                # a code, a message and data, whatever the node sent
    value = reply.value()                          # the result as Python values

The id of a request is computed from its content: a reply that some cache or proxy mixed up shows by its id, and a
recorded conversation can be replayed in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import attrs
import msgspec

from aztec_butler.core.errors import InputError
from aztec_butler.core.json_depth import check_depth

if TYPE_CHECKING:
    from collections.abc import Sequence


class MalformedReply(ValueError):
    """What arrived is no reply to what was asked; a client turns this into ``NodeRefused``, naming its endpoint."""


@attrs.frozen
class Call:
    """A method and its positional parameters.

    Args:
        method: e.g. ``eth_call``.
        parameters: anything msgspec can write as JSON.
    """

    method: str
    parameters: Sequence[Any] = ()


@attrs.frozen
class Request:
    """What is posted, and the ids that its replies must carry: ``count`` consecutive ones."""

    body: bytes
    first_id: int
    count: int = 1


@attrs.frozen
class NodeMessage:
    """The error member of a reply, as far as it could be understood.

    Args:
        code: the JSON-RPC code; None when it was missing or no integer.
        message: the node's words; they may hold secrets, see ``Endpoint.redact``.
        data: whatever the node added, often revert data.
    """

    code: int | None
    message: str
    data: Any = None

    @classmethod
    def parse(cls, error: object) -> NodeMessage:
        """What can be understood of an error member, which some nodes make a bare text."""
        if not isinstance(error, dict):
            return cls(None, error if isinstance(error, str) else repr(error))
        code, message = error.get("code"), error.get("message")
        if isinstance(code, str) and code.lstrip("-").isdigit():
            code = int(code)
        return cls(
            code if isinstance(code, int) and not isinstance(code, bool) else None,
            message if isinstance(message, str) else "" if message is None else repr(message),
            error.get("data"),
        )


@attrs.frozen
class Reply:
    """One reply: an error, a result, or neither.

    Args:
        result: the result as JSON text; ``msgspec.UNSET`` when the member is absent (JavaScript's undefined).
        error: what the node said instead.
    """

    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: NodeMessage | None = None

    def value(self) -> Any:
        """The result as Python values; None also when it is absent.

        Raises:
            MalformedReply: the result is not JSON after all.
        """
        if self.result is msgspec.UNSET:
            return None
        try:
            return _untyped(self.result)
        except msgspec.DecodeError:
            raise MalformedReply("the result is not JSON") from None


class _Wire(msgspec.Struct):
    id: int | float | str | None = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_error(self) -> bool:
        """Whether it says that something went wrong; some nodes add ``"error": null`` to what went well."""
        return self.error is not msgspec.UNSET and bytes(self.error) != b"null"


# Brackets without end are skipped down to Python's recursion limit.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_encode = msgspec.json.Encoder().encode
_decode_one = msgspec.json.Decoder(_Wire).decode
_decode_many = msgspec.json.Decoder(list[_Wire]).decode


def encode_call(call: Call) -> Request:
    """One request object.

    >>> encode_call(Call("eth_chainId")).body
    b'{"jsonrpc":"2.0","id":273451323,"method":"eth_chainId","params":[]}'
    """
    members = _members(call)
    first_id = _first_id(members)
    return Request(_object(first_id, members), first_id)


def encode_batch(calls: Sequence[Call]) -> Request:
    """A batch of request objects, in order, with consecutive ids."""
    each = [_members(call) for call in calls]
    first_id = _first_id(b",".join(each))
    body = b"[" + b",".join(_object(first_id + index, members) for index, members in enumerate(each)) + b"]"
    return Request(body, first_id, len(each))


def decode_reply(content: bytes, request: Request) -> Reply:
    """The reply to one request.

    Args:
        content: the body of the HTTP response.
        request: what was posted, made by ``encode_call``.

    Raises:
        MalformedReply: not a JSON object, or it answers another request.
    """
    wire = _decode(content)
    # A node that could not read the request does not know its id; an error is believed without.
    if wire.id != request.first_id and (not wire.is_error or wire.id is not None):
        raise MalformedReply("the reply carries the id of another request")
    return _reply(wire)


def decode_batch(content: bytes, request: Request) -> list[Reply] | Reply:
    """The replies to a batch, in the order of the calls, whatever order they came in.

    Args:
        content: the body of the HTTP response.
        request: what was posted, made by ``encode_batch``.

    Returns:
        One reply a call; or a single one, always an error, when the node refused the batch as a whole.

    Raises:
        MalformedReply: not JSON, or replies are missing, double, or answer something else.
    """
    try:
        wires = _decode_many(content)
    except _UNREADABLE:
        return _whole_refusal(_decode(content))
    # Some nodes wrap the refusal of the whole into an array, without an id or with that of the first call.
    if len(wires) == 1 and (request.count > 1 or wires[0].id is None):
        return _whole_refusal(wires[0])
    replies: dict[int, Reply] = {}
    for wire in wires:
        if not isinstance(wire.id, int) or not 0 <= wire.id - request.first_id < request.count:
            raise MalformedReply("a reply in the batch answers none of its calls")
        if wire.id in replies:
            raise MalformedReply("two replies in the batch answer the same call")
        replies[wire.id] = _reply(wire)
    if len(replies) < request.count:
        raise MalformedReply("the batch has fewer replies than calls")
    return [replies[request.first_id + index] for index in range(request.count)]


def _whole_refusal(wire: _Wire) -> Reply:
    if not wire.is_error:
        raise MalformedReply("a batch was answered by a single result")
    return _reply(wire)


def _decode(content: bytes) -> _Wire:
    try:
        return _decode_one(content)
    except _UNREADABLE:
        raise MalformedReply(_no_json(content)) from None


def _untyped(content: bytes | msgspec.Raw) -> Any:
    """JSON as Python values, once it is known not to lead the parser down without end."""
    try:
        check_depth(bytes(content))
    except InputError:
        raise MalformedReply("the reply is nested too deeply") from None
    return msgspec.json.decode(content)


def _members(call: Call) -> bytes:
    return b'"method":%b,"params":%b' % (_encode(call.method), _encode(list(call.parameters)))


def _object(number: int, members: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%d,%b}' % (number, members)


def _first_id(members: bytes) -> int:
    return crc32(members) & 0x3FFFFFFF  # stays a 32-bit integer with the place in a batch added


def _reply(wire: _Wire) -> Reply:
    if wire.error is msgspec.UNSET or not wire.is_error:
        return Reply(result=wire.result)
    try:
        return Reply(error=NodeMessage.parse(_untyped(wire.error)))
    except msgspec.DecodeError:
        raise MalformedReply("the error is not JSON") from None


def _no_json(content: bytes) -> str:
    start = content[:64].lstrip().lower()
    if not start:
        return "the reply is empty"
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return "the reply is a web page, not JSON-RPC"
    if start.startswith((b"{", b"[")):
        return "the reply is JSON cut short, or no JSON-RPC"
    return "the reply is not JSON-RPC"
