"""HTTP with Safe's Transaction Service: retries of what may be asked twice, and its refusals in our words.

The API key travels in a header and is shown nowhere; whatever the service says passes through ``Endpoint.redact``.
"""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aztec_butler.clients.policy import RetryPolicy
from aztec_butler.clients.refusals import retry_after_seconds
from aztec_butler.clients.troubles import Trouble
from aztec_butler.core.errors import (
    ButlerError,
    InputError,
    NodeBusy,
    NodeError,
    NodeRefused,
    SettingsError,
)
from aztec_butler.core.json_depth import check_depth

if TYPE_CHECKING:
    from collections.abc import Callable

    from aztec_butler.clients.http import HttpTransport, Response

DEFAULT_POLICY: Final = RetryPolicy(rounds=4)
_SHOWN_CHARACTERS: Final = 500


class SafeDoor:
    """The way to one Transaction Service.

    Args:
        transport: to its base URL, e.g. ``https://api.safe.global/tx-service/eth``, with the key among the headers.
        policy: how patient to be.
        sleep: waits for a number of seconds.
        clock: seconds of a monotonic clock.
        wall_clock: Unix seconds, for a ``Retry-After`` that is a date.
    """

    def __init__(
        self,
        transport: HttpTransport,
        *,
        policy: RetryPolicy = DEFAULT_POLICY,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._endpoint = transport.endpoint
        self._sleep = sleep
        self._clock = clock
        self._wall_clock = wall_clock
        self.policy = policy

    @property
    def name(self) -> str:
        """The service as messages call it."""
        return self._endpoint.name

    def get(self, path: str) -> Any:
        """The JSON at a path; None where the service says that there is none (404).

        Args:
            path: below the base URL, query included.

        Raises:
            SettingsError: the service wants an API key, or another one.
            NodeError: the service failed, in spite of retries.
        """
        started = self._clock()
        for round_number in range(1, self.policy.rounds + 1):
            answer = self._try_get(path)
            if not isinstance(answer, NodeError) or not answer.retryable:
                break
            if not self.pause(round_number, answer, started):
                break
        if isinstance(answer, ButlerError):
            raise answer
        return answer

    def _try_get(self, path: str) -> Any:
        try:
            response = self._transport.get(path)
        except NodeError as error:
            return error
        if response.status == 404:
            return None
        if response.status != 200:
            return self.error_of(response)
        try:
            check_depth(response.body)
            return msgspec.json.decode(response.body)
        except (InputError, msgspec.DecodeError, UnicodeDecodeError):
            return NodeRefused(
                "the Transaction Service answered with something that is no JSON",
                hint="is this its base URL? the one for mainnet is https://api.safe.global/tx-service/eth",
                retryable=True,
                reason=Trouble.MALFORMED,
                endpoint=self.name,
                content_type=self._endpoint.redact(response.headers.get("content-type", "not told")),
            )

    def post_once(self, path: str, document: dict[str, Any]) -> Response:
        """Send something once, and return whatever the service answered.

        Args:
            path: below the base URL.
            document: the JSON.

        Raises:
            NodeError: no whole answer arrived; it may have been carried out all the same.
        """
        return self._transport.post(json.dumps(document).encode(), path=path, repeatable=False)

    def pause(self, round_number: int, error: NodeError, started: float) -> bool:
        """Wait before the next try; False when there is none, or waiting would take too long.

        Args:
            round_number: of the try that failed, 1 for the first.
            error: what it ended in.
            started: when the first try began.
        """
        if round_number >= self.policy.rounds:
            return False
        seconds = self.policy.wait_seconds(round_number, random.random())
        if isinstance(error, NodeBusy) and error.retry_after_seconds is not None:
            if error.retry_after_seconds > self.policy.longest_retry_after_seconds:
                return False
            seconds = max(seconds, error.retry_after_seconds)
        if self._clock() + seconds - started > self.policy.total_seconds:
            return False
        self._sleep(seconds)
        return True

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return self._clock()

    def error_of(self, response: Response) -> ButlerError:
        """The error that an answer's status stands for.

        Args:
            response: of a status that is no success.
        """
        facts: dict[str, Any] = {"endpoint": self.name, "status": response.status}
        if response.status in (401, 403):
            return SettingsError(
                "the Transaction Service wants an API key"
                if "authorization" not in {name.lower() for name, _ in self._endpoint.headers}
                else "the Transaction Service does not take the API key",
                hint="keys come from https://developer.safe.global; put one into a file of mode 0600",
                reason=Trouble.UNAUTHORIZED,
                **facts,
            )
        if response.status == 429:
            return NodeBusy(
                "the Transaction Service limits the rate of requests",
                retry_after_seconds=retry_after_seconds(response.headers, self._wall_clock()),
                reason=Trouble.RATE_LIMITED,
                **facts,
            )
        if words := self.words_of(response):
            facts["message"] = words
        if response.status >= 500:
            return NodeRefused("the Transaction Service failed", retryable=True, **facts)
        if 300 <= response.status < 400:
            return NodeRefused(
                "the Transaction Service redirects",
                hint="redirects are not followed: give the base URL it leads to",
                **facts,
            )
        return NodeRefused("the Transaction Service refused the request", **facts)

    def words_of(self, response: Response) -> str:
        """What the service says about a refusal, in one line without secrets; empty where it says nothing."""
        try:
            check_depth(response.body)
            content = msgspec.json.decode(response.body)
        except (InputError, msgspec.DecodeError, UnicodeDecodeError):
            return ""
        return self._endpoint.redact("; ".join(_sentences(content)), limit=_SHOWN_CHARACTERS)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __repr__(self) -> str:
        return f"<SafeDoor {self.name}>"


def _sentences(content: object) -> list[str]:
    """The texts in an error of the service: ``{"nonFieldErrors": ["..."]}``, ``{"message": ...}``, ``["..."]``."""
    if isinstance(content, str):
        return [content]
    if isinstance(content, list):
        return [sentence for item in content for sentence in _sentences(item)]
    if isinstance(content, dict):
        named = []
        for name, item in content.items():
            found = _sentences(item)
            is_plain = name in ("nonFieldErrors", "detail", "message", "code", "arguments")
            named += found if is_plain else [f"{name}: {sentence}" for sentence in found]
        return named
    return []
