"""From what a node says to an error of ours. Pure.

What a contract says goes before everything else: a revert may quote any word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aztec_butler.clients.jsonrpc import NodeMessage
from aztec_butler.clients.troubles import Trouble
from aztec_butler.clients.wordings import REVERTED, is_contract_failure, trouble_in
from aztec_butler.core.errors import InputError, NodeBusy, NodeError, NodeRefused, RevertError
from aztec_butler.core.json_depth import check_depth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aztec_butler.clients.endpoints import Endpoint
    from aztec_butler.clients.http import Response

_REVERT_DATA: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_RETRYABLE: Final = frozenset(
    (Trouble.RATE_LIMITED, Trouble.BLOCK_UNKNOWN, Trouble.TIMED_OUT, Trouble.MALFORMED, Trouble.BATCH_REFUSED)
)
_RETRYABLE_CODES: Final = frozenset((-32603, -32002))  # internal error; resource unavailable

_SENTENCES: Final[dict[Trouble | None, tuple[str, str | None]]] = {
    Trouble.RATE_LIMITED: (
        "the node limits the rate of requests",
        "set a requests-per-second limit below the plan's, or add an endpoint",
    ),
    Trouble.TIMED_OUT: ("the node ran out of time", None),
    Trouble.TOO_LARGE: ("the node finds the request or its answer too large", None),
    Trouble.BATCH_REFUSED: ("the node refuses batches of this size", None),
    Trouble.OUT_OF_GAS: ("the call needs more gas than the node grants", None),
    Trouble.BLOCK_UNKNOWN: (
        "the node does not know the block",
        "the node may lag behind, or the block was reorganized away",
    ),
    Trouble.STATE_MISSING: (
        "the node does not have the state of that block any more",
        "use an archive node, or a later block",
    ),
    Trouble.HISTORY_MISSING: (
        "the node does not have blocks of that age any more",
        "use a node that keeps the whole history",
    ),
    Trouble.METHOD_MISSING: ("the node does not offer the method", None),
    Trouble.UNAUTHORIZED: ("the node does not let us in", "check the key in the endpoint's URL or headers"),
    None: ("the node refused the request", None),
}


def node_error(message: NodeMessage, *, endpoint: Endpoint, method: str) -> NodeError | RevertError:
    """The error a node's message stands for.

    Args:
        message: the error member of a JSON-RPC reply.
        endpoint: who said it; its secrets are removed from the text.
        method: what was asked.

    Returns:
        A ``RevertError`` when the contract is to blame, else ``NodeBusy`` or ``NodeRefused`` with the reason.
    """
    text = message.message
    if is_contract_failure(message.code, text) or _is_parity_revert(message.data):
        return _revert(message, endpoint, method)
    details = "" if message.data is None else _flat(message.data)
    trouble = trouble_in(message.code, f"{text} {details}".strip(), method)
    sentence, hint = _SENTENCES[trouble]
    facts: dict[str, Any] = {"endpoint": endpoint.name, "method": method}
    if message.code is not None:
        facts["json_rpc_code"] = message.code
    if text:
        facts["message"] = endpoint.redact(text)
    if details and details not in text:
        facts["details"] = endpoint.redact(details)
    if trouble is not None:
        facts["reason"] = trouble
    if trouble is Trouble.RATE_LIMITED:
        return NodeBusy(sentence, hint=hint, retry_after_seconds=_asked_wait(message.data), **facts)
    retryable = trouble in _RETRYABLE or (trouble is None and message.code in _RETRYABLE_CODES)
    return NodeRefused(sentence, hint=hint, retryable=retryable, code=message.code, **facts)


def _is_parity_revert(data: object) -> bool:
    return isinstance(data, str) and data.startswith("Reverted")


def _revert(message: NodeMessage, endpoint: Endpoint, method: str) -> RevertError:
    data = revert_data(message.data)
    if data is None:
        # Some gateways leave the data out and quote it: "reverted with custom error 0x...".
        quoted = re.search(r"0x[0-9a-fA-F]{8,}", message.message)
        data = revert_data(quoted[0]) if quoted else None
    facts: dict[str, Any] = {
        "endpoint": endpoint.name,
        "method": method,
        "message": endpoint.redact(message.message),
    }
    if not data and not REVERTED.is_in(message.message):
        return RevertError("the call failed inside the contract", **facts)
    # Reading the contracts' lines takes time that only reverts should cost.
    from aztec_butler.core.contracts import decode_error

    return decode_error(data or b"").to_error(**facts)


def status_error(
    response: Response, *, endpoint: Endpoint, method: str, wall_time: float
) -> NodeError | RevertError | None:
    """The error an HTTP status stands for; None for 200, where the body alone tells.

    Args:
        response: the whole answer.
        endpoint: who answered; its secrets are removed from the text.
        method: what was asked.
        wall_time: now, in Unix seconds: ``Retry-After`` may be a date.
    """
    if response.status == 200:
        return None
    facts: dict[str, Any] = {"endpoint": endpoint.name, "method": method, "status": response.status}
    message = _message_in(response)
    wait = retry_after_seconds(response.headers, wall_time)
    if response.status == 429 or (response.status == 503 and wait is not None):
        wait = _asked_wait(message.data) if wait is None and message is not None else wait
        sentence, hint = _SENTENCES[Trouble.RATE_LIMITED]
        return NodeBusy(sentence, hint=hint, retry_after_seconds=wait, reason=Trouble.RATE_LIMITED, **facts)
    if message is not None:
        error = node_error(message, endpoint=endpoint, method=method)
        error.facts["status"] = response.status
        if isinstance(error, RevertError) or error.facts.get("reason") is not None:
            return error
        facts = error.facts
    if response.status in (401, 403):
        sentence, hint = _SENTENCES[Trouble.UNAUTHORIZED]
        return NodeRefused(sentence, hint=hint, reason=Trouble.UNAUTHORIZED, **facts)
    if response.status == 413:
        sentence, hint = _SENTENCES[Trouble.TOO_LARGE]
        return NodeRefused(sentence, hint=hint, reason=Trouble.TOO_LARGE, **facts)
    if 300 <= response.status < 400:
        hint = "redirects are not followed, because the URL may hold a key: give the URL it leads to"
        return NodeRefused("the endpoint redirects", hint=hint, **facts)
    if response.status in (404, 405):
        return NodeRefused(
            "the endpoint's URL is not that of a node", hint="check host, port and path", **facts
        )
    if response.status in (408, 504):
        return NodeRefused("a gateway ran out of time", retryable=True, reason=Trouble.TIMED_OUT, **facts)
    return NodeRefused("the endpoint answered with an HTTP error", retryable=response.status >= 500, **facts)


def malformed_error(sentence: str, *, endpoint: Endpoint, method: str, response: Response) -> NodeRefused:
    """The error for an answer that is none. A passing gateway may have sent it, so asking again makes sense.

    Args:
        sentence: what is wrong with it.
        endpoint: who answered.
        method: what was asked.
        response: the answer, of which only type and size are told.
    """
    return NodeRefused(
        sentence,
        retryable=True,
        reason=Trouble.MALFORMED,
        endpoint=endpoint.name,
        method=method,
        status=response.status,
        content_type=endpoint.redact(response.headers.get("content-type", "not told")),
        size_bytes=len(response.body),
    )


def retry_after_seconds(headers: Mapping[str, str], wall_time: float) -> float | None:
    """How long a ``Retry-After`` header asks to wait; None without one that can be read.

    Args:
        headers: names in lower case.
        wall_time: now, in Unix seconds. The reply's own ``Date`` is preferred, because clocks differ.

    >>> retry_after_seconds({"retry-after": "7"}, 0.0)
    7.0
    >>> retry_after_seconds({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, 30.0)
    30.0

    Source: RFC 9110, section 10.2.3.
    """
    asked = headers.get("retry-after", "").strip()
    if not asked:
        return None
    seconds = _seconds(asked)
    if seconds is not None:
        return seconds
    until = _unix_time(asked)
    now = _unix_time(headers.get("date", ""))
    return None if until is None else max(0.0, until - (wall_time if now is None else now))


def _unix_time(text: str) -> float | None:
    from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(text)
    return None if parsed is None else float(mktime_tz(parsed))


def _message_in(response: Response) -> NodeMessage | None:
    """The JSON-RPC error in the body of an HTTP error; None when there is none."""
    try:
        check_depth(response.body)
        content = msgspec.json.decode(response.body)
    except (InputError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    error = content.get("error", content) if isinstance(content, dict) else None
    return None if error is None else NodeMessage.parse(error)


def revert_data(data: object) -> bytes | None:
    """The bytes a contract reverted with, out of the shapes in which nodes wrap them; None when there are none.

    >>> revert_data("Reverted 0x4e487b71"), revert_data({"data": {"result": "0x4e487b71"}})
    (b'NH{q', b'NH{q')
    """
    if isinstance(data, str):
        text = data.removeprefix("Reverted").strip()
        return bytes.fromhex(text[2:]) if _REVERT_DATA.fullmatch(text) else None
    if isinstance(data, dict):
        # A transaction hash or a program counter may stand beside it, so the known names go first.
        for name in ("data", "result", "return", "output", "originalError"):
            if name in data and (found := revert_data(data[name])) is not None:
                return found
        for value in data.values():
            if isinstance(value, dict) and (found := revert_data(value)) is not None:
                return found
    return None


def _flat(data: object) -> str:
    """What a node added to its error, as one line."""
    if isinstance(data, str):
        return data
    if isinstance(data, dict):
        return ", ".join(f"{key}: {_flat(value)}" for key, value in data.items())
    return str(data)


def _asked_wait(data: object) -> float | None:
    """Seconds to wait, where nodes put them into the error's data."""
    if not isinstance(data, dict):
        return None
    for key, value in data.items():
        if key in ("backoff_seconds", "retry_after", "retryAfter", "retry_after_seconds", "try_again_in"):
            return _seconds(value)
        if isinstance(value, dict) and (seconds := _asked_wait(value)) is not None:
            return seconds
    return None


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
        return float(value)
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?(ms|s)?", value) if isinstance(value, str) else None
    return None if match is None else float(match[1]) / (1000 if match[2] == "ms" else 1)
