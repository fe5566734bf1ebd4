"""Carries calls to one endpoint and brings back an outcome for each, in as few HTTP requests as the node allows.

A messenger never raises what a node did wrong: every call gets its result or its error. It finds out how large a batch
the node takes, and whether it takes any.
"""

from __future__ import annotations

import copy
import threading
import time
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from aztec_butler.clients.jsonrpc import (
    MalformedReply,
    NodeMessage,
    decode_batch,
    decode_reply,
    encode_batch,
    encode_call,
)
from aztec_butler.clients.methods import is_plausible, is_repeatable
from aztec_butler.clients.refusals import malformed_error, node_error, status_error
from aztec_butler.clients.request_details import RequestDetails, outcome_word
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import NodeBusy, NodeError, NodeRefused, RevertError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aztec_butler.clients.http import HttpTransport, Response
    from aztec_butler.clients.jsonrpc import Call, Reply, Request
    from aztec_butler.clients.policy import RateLimit

Outcome: TypeAlias = "msgspec.Raw | NodeError | RevertError"
"""A result as JSON text, or why there is none."""

_TOO_MUCH = (Trouble.BATCH_REFUSED, Trouble.TOO_LARGE)


class Messenger:
    """The way of calls to one endpoint. Safe to use from many threads.

    Args:
        transport: the way to the endpoint.
        limit: its rate limit.
        batch_size: items of a batch, at first; it shrinks when the node refuses.
        observe: told of every HTTP request.
        note: told after every HTTP request what speaks against asking this endpoint next; None when nothing does.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        transport: HttpTransport,
        *,
        limit: RateLimit,
        batch_size: int,
        observe: Callable[[RequestDetails], None],
        note: Callable[[NodeError | None], None],
        clock: Callable[[], float],
    ) -> None:
        self.endpoint = transport.endpoint
        self._transport = transport
        self._limit = limit
        self._largest_batch = batch_size
        self._observe = observe
        self._note = note
        self._clock = clock
        self._lock = threading.Lock()

    def send(
        self,
        calls: Sequence[Call],
        timeout_seconds: float | None,
        *,
        guard_count: int = 0,
        max_body_bytes: int | None = None,
    ) -> list[Outcome]:
        """An outcome for each call, in their order.

        Args:
            calls: what to ask, at least one.
            timeout_seconds: for each HTTP request; None for the transport's own.
            guard_count: how many of the first calls only vouch for the others.
            max_body_bytes: a larger answer is refused; None for the transport's own limit.
        """
        outcomes: list[Outcome] = []
        while len(outcomes) < len(calls):
            chunk = calls[len(outcomes) : len(outcomes) + self._largest_batch]
            answer = self._exchange(chunk, timeout_seconds, max_body_bytes)
            if isinstance(answer, list):
                outcomes += answer
            elif len(chunk) > 1 and _concerns_batch(answer, len(calls) - guard_count):
                self._shrink_batches(len(chunk))
            else:
                # The node is in no state to answer; asking it for the rest would only take longer.
                outcomes += for_each(answer, calls[len(outcomes) :])
        if len(calls) - guard_count > 1:
            # Some nodes answer a part of a batch and find the rest too much, one by one.
            for index, outcome in enumerate(outcomes):
                if isinstance(outcome, NodeRefused) and trouble_of(outcome) in _TOO_MUCH:
                    if trouble_of(outcome) is Trouble.BATCH_REFUSED:
                        self._shrink_batches(len(calls))
                    [outcomes[index]] = self.send(
                        [calls[index]], timeout_seconds, max_body_bytes=max_body_bytes
                    )
        return outcomes

    def _shrink_batches(self, refused_size: int) -> None:
        with self._lock:
            self._largest_batch = max(1, min(self._largest_batch, refused_size // 2))

    def _exchange(
        self, calls: Sequence[Call], timeout_seconds: float | None, max_body_bytes: int | None
    ) -> list[Outcome] | NodeError:
        """One HTTP request: outcomes in order, or the failure of the whole."""
        self._limit.wait(len(calls))
        methods = {call.method for call in calls}
        method = methods.pop() if len(methods) == 1 else "batch"
        repeatable = all(is_repeatable(call.method) for call in calls)
        request = encode_call(calls[0]) if len(calls) == 1 else encode_batch(calls)
        answer: list[Outcome] | NodeError
        started = self._clock()
        try:
            response = self._transport.post(
                request.body,
                timeout_seconds=timeout_seconds,
                repeatable=repeatable,
                max_body_bytes=max_body_bytes,
            )
        except NodeError as error:
            error.facts["method"] = method
            answer = error.with_traceback(None)
        else:
            answer = self._read(response, request, calls, method)
            if isinstance(answer, NodeRefused) and not repeatable:
                answer.retryable = False
        self._observe(
            RequestDetails(
                endpoint=self.endpoint.name,
                method=method,
                calls=len(calls),
                outcome=outcome_word(*(answer if isinstance(answer, list) else [answer])),
                seconds=self._clock() - started,
            )
        )
        self._note(_blames_endpoint(answer))
        return answer

    def _read(
        self, response: Response, request: Request, calls: Sequence[Call], method: str
    ) -> list[Outcome] | NodeError:
        failure = status_error(response, endpoint=self.endpoint, method=method, wall_time=time.time())
        if failure is None or (len(calls) > 1 and not isinstance(failure, NodeBusy)):
            # A batch with an error in it may come with an HTTP error; its items are the answer all the same.
            try:
                replies = _decode(response.body, request)
            except MalformedReply as error:
                failure = failure or malformed_error(
                    str(error), endpoint=self.endpoint, method=method, response=response
                )
            else:
                if not isinstance(replies, NodeMessage):
                    return [
                        self._outcome(call, reply, response)
                        for call, reply in zip(calls, replies, strict=True)
                    ]
                failure = failure or node_error(replies, endpoint=self.endpoint, method=method)
        if len(calls) == 1 and (
            isinstance(failure, RevertError) or failure.facts.get("json_rpc_code") is not None
        ):
            return [failure]  # the answer to this call, with an HTTP status of its own
        if isinstance(failure, RevertError):
            return malformed_error(
                "a batch was answered by one revert", endpoint=self.endpoint, method=method, response=response
            )
        return failure

    def _outcome(self, call: Call, reply: Reply, response: Response) -> Outcome:
        if reply.error is not None:
            return node_error(reply.error, endpoint=self.endpoint, method=call.method)
        if reply.result is msgspec.UNSET:
            sentence = "the reply has neither a result nor an error"
        elif not is_plausible(call.method, memoryview(reply.result)):
            sentence = "the node answered a value of the wrong kind"
        else:
            return reply.result
        return malformed_error(sentence, endpoint=self.endpoint, method=call.method, response=response)


def _decode(content: bytes, request: Request) -> list[Reply] | NodeMessage:
    if request.count == 1:
        return [decode_reply(content, request)]
    replies = decode_batch(content, request)
    if isinstance(replies, list):
        return replies
    assert replies.error is not None
    return replies.error


def for_each(error: NodeError, calls: Sequence[Call]) -> list[Outcome]:
    """The failure of a whole request, told for each of its calls."""
    outcomes: list[Outcome] = []
    for call in calls:
        own = copy.copy(error)
        own.facts = error.facts | {"method": call.method}
        outcomes.append(own)
    return outcomes


def _concerns_batch(refusal: NodeError, real_count: int) -> bool:
    """Whether a smaller batch, or none, may be answered where this one was refused as a whole.

    Args:
        refusal: what the node said.
        real_count: calls in the batch that are not guards. If there is one, what is too large is that one.
    """
    if trouble_of(refusal) in _TOO_MUCH:
        return real_count > 1 or trouble_of(refusal) is Trouble.BATCH_REFUSED
    if not isinstance(refusal, NodeRefused) or trouble_of(refusal) in (
        Trouble.UNAUTHORIZED,
        Trouble.MALFORMED,
    ):
        return False
    return refusal.facts.get("json_rpc_code") is not None or refusal.facts.get("status") in (
        400,
        405,
        415,
        422,
        501,
    )


def _blames_endpoint(answer: list[Outcome] | NodeError) -> NodeError | None:
    """What speaks against asking this endpoint next; None when it did its job, even if that was to refuse."""
    if isinstance(answer, list):
        return next((outcome for outcome in answer if isinstance(outcome, NodeBusy)), None)
    return None if isinstance(answer, NodeRefused) and trouble_of(answer) in _TOO_MUCH else answer
