"""JSON-RPC with an Aztec node: one name for a method across the node's versions, and its errors in our words.

Version 5 renamed the public namespace from ``node_`` to ``aztec_``, the admin one from ``nodeAdmin_`` to
``aztecAdmin_``, and some methods besides. It still serves the old namespaces as aliases, and some gateways
pass on nothing else. So a method is a tuple of names, the preferred first; the ones the node does not know
are passed over, and what it knew is remembered and tried first the next time.

The node answers its errors with HTTP 400 and a JSON body. Its words may quote the URL of its own L1 endpoint,
so they pass through ``Endpoint.redact`` like everything that comes from outside.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

from aztec_butler.clients.jsonrpc import Call, MalformedReply, decode_reply, encode_call
from aztec_butler.clients.policy import RetryPolicy
from aztec_butler.clients.refusals import malformed_error, status_error
from aztec_butler.clients.request_details import RequestDetails, outcome_word
from aztec_butler.clients.troubles import Trouble
from aztec_butler.core.errors import ButlerError, InputError, NodeBusy, NodeError, NodeRefused, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aztec_butler.clients.http import HttpTransport, Response
    from aztec_butler.clients.jsonrpc import NodeMessage, Request

METHOD_NOT_FOUND = -32601
INVALID_VALUES = -32701
"""The node's schema does not accept the parameters."""
THROWN = frozenset((-32702, -32603))
"""The method itself failed: the first code up to version 5.1, the second from 5.2 on."""

DEFAULT_POLICY = RetryPolicy(rounds=3)

Names = tuple[str, ...]
_Value = TypeVar("_Value")


class AztecRpc:
    """The door to one port of an Aztec node.

    Everything that is asked here may be asked twice without harm, so that what failed in passing is asked
    again.

    Args:
        transport: the way to it.
        is_admin: whether it is the admin port; words the hints.
        policy: how patient to be; by default two more tries within a second.
        on_request: told of every HTTP request, as ``Rpc`` tells it. It must not raise.
        sleep: waits for a number of seconds.
        clock: seconds of a monotonic clock.
        wall_clock: Unix seconds, for a ``Retry-After`` that is a date.
    """

    def __init__(
        self,
        transport: HttpTransport,
        *,
        is_admin: bool = False,
        policy: RetryPolicy = DEFAULT_POLICY,
        on_request: Callable[[RequestDetails], None] | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._endpoint = transport.endpoint
        self._is_admin = is_admin
        self._policy = policy
        self._on_request = on_request
        self._sleep = sleep
        self._clock = clock
        self._wall_clock = wall_clock
        self._known: dict[Names, str] = {}
        self._namespace: str | None = None

    @property
    def namespace(self) -> str | None:
        """The namespace the node last answered in, e.g. ``aztec``; None before the first answer."""
        return self._namespace

    def read(self, decode: Callable[[object], _Value], names: Names, *parameters: Any) -> _Value:
        """What ``decode`` makes of a method's result.

        Args:
            decode: from the JSON to a value; given None where the node leaves the result undefined.
            names: what the method is called, by preference.
            parameters: positional; None for an optional one left out in the middle.

        Raises:
            NodeRefused: also when the result does not fit.
            ButlerError: as ``call``.
        """
        result = self.call(names, *parameters)
        try:
            return decode(result)
        except NodeRefused as misfit:
            misfit.facts.update(endpoint=self._endpoint.name, method=self._known[names])
            raise

    def call(self, names: Names, *parameters: Any) -> Any:
        """The result of a method, None where the node leaves it undefined.

        Args:
            names: what the method is called, by preference.
            parameters: positional; None for an optional one left out in the middle.

        Raises:
            InputError: the node does not accept the parameters.
            SettingsError: the node wants an API key, or another one.
            NodeUnreachable: no whole answer arrived.
            NodeBusy: a gateway asks for patience.
            NodeRefused: the node answered with an error or with nonsense; ``code`` tells which error.
        """
        for name in self._by_preference(names):
            result = self._ask(name, parameters)
            if isinstance(result, NodeRefused) and result.code == METHOD_NOT_FOUND:
                if self._known.get(names) == name:
                    # The node has become another one since: whatever else was learnt about it is void too.
                    self._known.clear()
                    self._namespace = None
                continue
            if isinstance(result, ButlerError):
                raise result
            self._known[names] = name
            self._namespace = name.partition("_")[0]
            return result
        raise NodeRefused(
            "the Aztec node does not know this method",
            hint=self._hint_for_missing_method(),
            code=METHOD_NOT_FOUND,
            reason=Trouble.METHOD_MISSING,
            endpoint=self._endpoint.name,
            method=" or ".join(names),
        )

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __repr__(self) -> str:
        return f"<AztecRpc {self._endpoint.name}>"

    def _by_preference(self, names: Names) -> list[str]:
        known = self._known.get(names)
        return sorted(names, key=lambda name: (name != known, name.partition("_")[0] != self._namespace))

    def _ask(self, name: str, parameters: tuple[Any, ...]) -> Any:
        """The result under one name, or the error; what failed in passing has been asked again."""
        last_start = self._clock() + self._policy.total_seconds
        for round_number in range(1, self._policy.rounds + 1):
            started = self._clock()
            result = self._try(name, parameters)
            self._tell(name, result, self._clock() - started)
            if (
                not isinstance(result, NodeError)
                or not result.retryable
                or round_number == self._policy.rounds
            ):
                break
            wait = self._policy.wait_seconds(round_number, random.random())
            if isinstance(result, NodeBusy) and result.retry_after_seconds is not None:
                if result.retry_after_seconds > self._policy.longest_retry_after_seconds:
                    break
                wait = max(wait, result.retry_after_seconds)
            if self._clock() + wait > last_start:
                break
            self._sleep(wait)
        return result

    def _tell(self, name: str, result: Any, seconds: float) -> None:
        if self._on_request is not None:
            details = RequestDetails(
                endpoint=self._endpoint.name,
                method=name,
                calls=1,
                outcome=outcome_word(result),
                seconds=seconds,
            )
            self._on_request(details)

    def _try(self, name: str, parameters: tuple[Any, ...]) -> Any:
        request = encode_call(Call(name, parameters))
        try:
            response = self._transport.post(request.body)
        except NodeError as error:
            error.facts["method"] = name
            return error
        if response.status in (401, 403):
            return self._key_error(name)
        if response.status not in (200, 400):
            return self._status_error(name, response)
        return self._result(name, parameters, request, response)

    def _result(self, name: str, parameters: tuple[Any, ...], request: Request, response: Response) -> Any:
        try:
            reply = decode_reply(response.body, request)
            if reply.error is None and response.status == 200:
                return reply.value()
        except MalformedReply as malformed:
            if response.status == 200:
                return malformed_error(
                    str(malformed), endpoint=self._endpoint, method=name, response=response
                )
            return self._status_error(name, response)
        if reply.error is None:
            return self._status_error(name, response)
        return self._refusal(name, parameters, reply.error)

    def _status_error(self, name: str, response: Response) -> ButlerError | None:
        return status_error(response, endpoint=self._endpoint, method=name, wall_time=self._wall_clock())

    def _refusal(self, name: str, parameters: tuple[Any, ...], message: NodeMessage) -> ButlerError:
        facts: dict[str, Any] = {
            "endpoint": self._endpoint.name,
            "method": name,
            "json_rpc_code": message.code,
            "message": self._endpoint.redact(message.message),
        }
        if message.code == INVALID_VALUES and parameters:
            return InputError("the Aztec node does not accept these values", values=list(parameters), **facts)
        return NodeRefused("the Aztec node refused the request", code=message.code, **facts)

    def _key_error(self, name: str) -> SettingsError:
        return SettingsError(
            "the Aztec node wants another API key than the one it was given"
            if self._endpoint.headers
            else "the Aztec node wants an API key",
            hint="the key was printed once, when the node first started; a new one is set by its hash in"
            " AZTEC_ADMIN_API_KEY_HASH"
            if self._is_admin
            else "a gateway stands before the node: give the key where its provider says, mostly in the URL",
            reason=Trouble.UNAUTHORIZED,
            endpoint=self._endpoint.name,
            method=name,
        )

    def _hint_for_missing_method(self) -> str:
        if self._is_admin:
            return "is this the node's admin port, 8880 by default? the public one has no admin methods"
        return "is this the node's public port, 8080 by default, and is its version 4 or later?"
